package ratelimit

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"net/netip"

	"github.com/gambeson-go/gambeson/clientip"
)

const defaultIPv6Prefix = 64

// The first byte of an address key is its class. A client whose address nobody knows is in
// a class of its own: all of them share one bucket, and none is exempt.
const (
	classIPv4    = '4'
	classIPv6    = '6'
	classUnknown = '?'
)

// maxAddrKey is the longest address key: class, prefix length and sixteen bytes.
const maxAddrKey = 18

// nat64 is the well-known prefix of RFC 6052. All of IPv4 lies behind one /64 of it.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// appendAddr appends the key of an address as a Resolver gives it: unmapped and without
// zone. An IPv4 address is itself, also through NAT64 (64:ff9b::192.0.2.1). An IPv6 address
// is its prefix, because one customer has at least all of a /64.
func appendAddr(dst []byte, a netip.Addr, prefix int) []byte {
	switch {
	case a.Is4():
		b := a.As4()
		return append(append(dst, classIPv4), b[:]...)
	case !a.IsValid():
		return append(dst, classUnknown)
	}
	b := a.As16()
	if nat64.Contains(a) {
		return append(append(dst, classIPv4), b[12:]...)
	}
	for i := range b {
		switch keep := prefix - 8*i; {
		case keep <= 0:
			b[i] = 0
		case keep < 8:
			b[i] &= 0xff << (8 - keep)
		}
	}
	return append(append(dst, classIPv6, byte(prefix)), b[:]...)
}

// ByIP keys by the client's address: IPv4 by the whole of it, IPv6 by its prefix; 0, and
// what is no prefix length, is 64. It is what a nil Key does with the ClientIP and
// IPv6Prefix of the Config, and is here for [Join] and for a second policy on a longer or
// shorter prefix: a customer with a /48 has 65,536 networks of /64. res is the resolver of
// the Config; a nil one believes the connection only, which behind a proxy is the proxy.
// The key is not made for reading.
func ByIP(res *clientip.Resolver, ipv6Prefix int) func(*http.Request) string {
	if ipv6Prefix < 1 || ipv6Prefix > 128 {
		ipv6Prefix = defaultIPv6Prefix
	}
	return func(r *http.Request) string {
		var buf [maxAddrKey]byte
		return string(appendAddr(buf[:0], res.Addr(r), ipv6Prefix))
	}
}

// ByHeader keys by the first line of a header field, such as an API key. The value is
// hashed with SHA-256 and kept nowhere. Requests without the field share one bucket. Who
// can invent values has a fresh bucket for each: put it behind the layer that knows the
// valid ones, or beside a policy by address. It compares bytes. Where one key can be spelled
// in many ways, as "Bearer", "bearer" and "BEARER" before a token, key by the identity that
// was found instead.
func ByHeader(name string) func(*http.Request) string {
	name = http.CanonicalHeaderKey(name)
	return func(r *http.Request) string {
		lines := r.Header[name]
		if len(lines) == 0 || lines[0] == "" {
			return string(classUnknown)
		}
		sum := sha256.Sum256([]byte(lines[0]))
		return string(sum[:])
	}
}

// ByRoute keys by the pattern that mux has for a request, never by its path: a client could
// make up a new path, and with it a new bucket, each time. Requests that match nothing
// share one. A nil mux reads r.Pattern, which is there only inside the mux. All clients
// share the bucket of a route unless it is joined: Join(ByIP(res, 0), ByRoute(mux)).
func ByRoute(mux *http.ServeMux) func(*http.Request) string {
	return func(r *http.Request) string {
		pattern := r.Pattern
		if mux != nil {
			_, pattern = mux.Handler(r)
		}
		if pattern == "" {
			return string(classUnknown)
		}
		return pattern
	}
}

// Join makes one key of several. Each part carries its length, so that no two different
// lists give the same key. A part that is "" exempts the request, as it would alone. A nil
// part is ByIP(nil, 0). Without parts, all requests share a bucket.
func Join(parts ...func(*http.Request) string) func(*http.Request) string {
	parts = append([]func(*http.Request) string(nil), parts...)
	for i, part := range parts {
		if part == nil {
			parts[i] = ByIP(nil, 0)
		}
	}
	return func(r *http.Request) string {
		key := make([]byte, 0, 64)
		key = append(key, byte(len(parts)))
		for _, part := range parts {
			s := part(r)
			if s == "" {
				return ""
			}
			key = binary.AppendUvarint(key, uint64(len(s)))
			key = append(key, s...)
		}
		return string(key)
	}
}
