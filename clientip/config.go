package clientip

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// maxEntries bounds how many entries of a header are looked at for one request, empty ones included. No chain of
// proxies is as long.
const maxEntries = 100

// ConfigError is one problem of a Config.
type ConfigError = conf.Error

// Config says which proxies are believed. The zero Config believes none: the peer is the client.
type Config struct {
	// TrustedProxies are the peers whose header is believed, as networks without host bits.
	TrustedProxies []netip.Prefix

	// Header is the one header that the proxies set: "X-Forwarded-For", "Forwarded" (RFC 7239), "CF-Connecting-IP",
	// "X-Real-IP" and so on; letter case does not matter. It is needed as soon as a proxy is trusted. The
	// proxies must set or append to it on every request; one that only passes it through lets clients write it.
	Header string

	// Hops is for platforms whose proxies have no known addresses, instead of TrustedProxies: how many of them append
	// to Header. The Hops-th entry from the right is the client. Only where no one can go around them.
	Hops int

	// TrustUnixSocket makes a peer on a unix socket a trusted proxy.
	TrustUnixSocket bool
}

// How a header is read.
type kind uint8

const (
	none      kind = iota
	list           // comma-separated addresses, each proxy appends
	forwarded      // RFC 7239
	single         // one address, set by the edge
)

// kinds are the headers that proxies and platforms are known to set, in canonical form.
var kinds = map[string]kind{
	"Forwarded":                 forwarded,
	"X-Forwarded-For":           list,
	"X-Vercel-Forwarded-For":    list,
	"X-Real-Ip":                 single,
	"X-Client-Ip":               single,
	"X-Cluster-Client-Ip":       single,
	"X-Envoy-External-Address":  single,
	"X-Appengine-User-Ip":       single,
	"X-Azure-Clientip":          single,
	"X-Azure-Socketip":          single,
	"X-Nf-Client-Connection-Ip": single,
	"Cf-Connecting-Ip":          single,
	"Do-Connecting-Ip":          single,
	"Fastly-Client-Ip":          single,
	"Fly-Client-Ip":             single,
	"True-Client-Ip":            single,
}

// New checks cfg and makes a Resolver. The error joins all problems, each a *ConfigError: a header without proxies or
// hops, proxies or hops without a header, both proxies and hops, a network with host bits, everybody as a proxy,
// a header that is not known.
func New(cfg Config) (*Resolver, error) {
	p := conf.For("clientip")
	r := &Resolver{
		proxies: slices.Clone(cfg.TrustedProxies),
		header:  http.CanonicalHeaderKey(strings.TrimSpace(cfg.Header)),
		hops:    cfg.Hops,
		unix:    cfg.TrustUnixSocket,
	}
	r.kind = kinds[r.header]
	told := len(cfg.TrustedProxies) > 0 || cfg.Hops > 0 || cfg.TrustUnixSocket

	switch {
	case cfg.Header == "" && told:
		p.Add("Header", nil, "trusted proxies tell the client's address in a header, and none is named",
			`write the one that they set, such as "X-Forwarded-For"`)
	case cfg.Header != "" && r.kind == none:
		p.Add("Header", cfg.Header, "is not a header that proxies tell the client's address in", "write one of "+known())
	case cfg.Header != "" && !told && cfg.Hops == 0:
		p.Add("Header", cfg.Header, "no proxy is trusted to set it, and anybody can send it",
			"list the proxies in TrustedProxies, or give Hops where their addresses are unknown, or leave Header empty")
	}
	switch {
	case cfg.Hops < 0 || cfg.Hops > maxEntries:
		p.Add("Hops", cfg.Hops, fmt.Sprintf("must be between 0 and %d", maxEntries),
			"give the number of proxies in front of this server")
	case cfg.Hops > 0 && len(cfg.TrustedProxies) > 0:
		p.Add("Hops", cfg.Hops, "TrustedProxies already say where the chain ends", "give one of the two")
	case cfg.Hops > 0 && cfg.TrustUnixSocket:
		p.Add("Hops", cfg.Hops, "believes every peer, not only those on a unix socket", "give one of the two")
	case cfg.Hops > 1 && r.kind == single:
		p.Add("Hops", cfg.Hops, cfg.Header+" holds one address", `give 1, or the header that each proxy appends to`)
	}
	for i, prefix := range cfg.TrustedProxies {
		checkPrefix(p, fmt.Sprintf("TrustedProxies[%d]", i), prefix)
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	return r, nil
}

func checkPrefix(p *conf.Problems, field string, prefix netip.Prefix) {
	addr := prefix.Addr()
	switch {
	case !prefix.IsValid():
		p.Add(field, nil, "is not a network", `make it with netip.ParsePrefix or clientip.ParsePrefixes`)
	case addr.Is4In6():
		fix := "write the IPv4 network"
		if bits := prefix.Bits() - 96; bits > 0 {
			fix = fmt.Sprintf("write %q", netip.PrefixFrom(addr.Unmap(), bits).Masked())
		}
		p.Add(field, prefix.String(), "addresses are compared as IPv4, so it never matches", fix)
	case prefix.Bits() == 0:
		p.Add(field, prefix.String(), "trusts everybody, so that everybody can say who he is",
			"list the proxies' networks; where they are unknown, give Hops")
	case addr.Is4() && prefix.Bits() < 8 || addr.Is6() && prefix.Bits() < 7: // 10.0.0.0/8 and fc00::/7 are the largest private ones
		p.Add(field, prefix.String(), "is so large that strangers are in it",
			"list the proxies' networks; where they are unknown, give Hops")
	case prefix != prefix.Masked():
		p.Add(field, prefix.String(), "has bits set beyond its length",
			fmt.Sprintf("write %q for the network or %q for the host", prefix.Masked(), netip.PrefixFrom(addr, addr.BitLen())))
	}
}

// known lists the header names for an error's fix.
func known() string {
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// ParsePrefixes reads a list of networks and addresses, separated by commas or blanks, as it stands in an
// environment variable: "10.0.0.0/8, 192.168.1.7". An empty list gives none. The error joins all entries that
// are neither. Whether a network makes sense is for New to say.
func ParsePrefixes(text string) ([]netip.Prefix, error) {
	p := conf.For("clientip")
	var prefixes []netip.Prefix
	for i, entry := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r' }) {
		if addr, err := netip.ParseAddr(entry); err == nil && addr.Zone() == "" {
			addr = addr.Unmap()
			prefixes = append(prefixes, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(entry)
		if err != nil {
			p.Add(fmt.Sprintf("entry %d", i+1), entry, "is neither a network nor an address", `write "10.0.0.0/8" or "192.168.1.7"`)
			continue
		}
		prefixes = append(prefixes, prefix)
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	return prefixes, nil
}
