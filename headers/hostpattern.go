package headers

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// checkHosts reads AllowedHosts. What could never match a Host header, or would match more
// than it seems to, is refused: the first locks everybody out, the second lets strangers in.
func checkHosts(p *conf.Problems, patterns []string) hostSet {
	set := hostSet{exact: map[host]struct{}{}, wildcard: map[string]struct{}{}}
	for i, pattern := range patterns {
		field := fmt.Sprintf("AllowedHosts[%d]", i)
		base, wild := strings.CutPrefix(pattern, "*.")
		h, reason, fix := checkHost(base, true)
		switch {
		case reason != "":
			p.Add(field, pattern, reason, fix)
		case !wild:
			set.exact[h] = struct{}{}
		case h.isAddr():
			p.Add(field, pattern, "an address has no names below it", fmt.Sprintf("write %q", h))
		case isPublicSuffix(h.name):
			p.Add(field, pattern, "anybody can have a name below a public suffix", "name your own domain, as in \"*.example.com\"")
		default:
			set.wildcard[h.name] = struct{}{}
		}
	}
	return set
}

// checkHost reads a host of the Config, as it stands in a request. An empty reason means that
// it is one. People write URLs, regular expressions and globs where a host is expected
// (unrolled/secure#66 took a URL and answered 500 to everybody), so each of them is told
// apart. many is where several hosts and wildcards may stand, and shapes the fixes alone.
func checkHost(s string, many bool) (h host, reason, fix string) {
	name, names := "write a name, as in \"app.example.com\"", "write one name, as in \"app.example.com\""
	if many {
		names = "write \"*.example.com\" and \"example.com\""
	}
	if addr, err := netip.ParseAddr(s); err == nil && addr.Is6() {
		return h, "a host has an IPv6 address in brackets", fmt.Sprintf("write \"[%s]\"", addr.WithZone(""))
	}
	switch scheme := strings.Index(s, "://"); {
	case s == "":
		return h, "an empty host", name
	case strings.ContainsFunc(s, isControl):
		return h, "a control character", "take it out"
	case s == "*" && many:
		return h, "a catch-all checks nothing", "name the hosts, or leave the field empty"
	case scheme >= 0:
		return h, "a URL where a host is expected", suggestHost(s[scheme+3:], many)
	case strings.ContainsAny(s, "/?#@"):
		return h, "a host has no path, query or userinfo", suggestHost(s, many)
	case strings.ContainsAny(s, "^$\\()|+{}"):
		return h, "a regular expression where a host is expected", names
	case strings.Contains(s, "*") && !many:
		return h, "a wildcard stands for many hosts", names
	case strings.Contains(s, "*"):
		return h, "a wildcard stands for whole labels, at the start", names
	case !isASCII(s):
		return h, "requests carry a name in punycode", "write its \"xn--\" form"
	}
	h, ok := parseHost(s)
	switch {
	case strings.Count(s, ":") == 1 && !isPort(s[strings.IndexByte(s, ':')+1:]):
		return h, "not a port of 1 to 65535", name
	case !ok || strings.HasPrefix(h.name, "-") || strings.Contains(h.name, ".-") || strings.Contains(h.name+".", "-."):
		return h, "not a host", name
	case h.name != "" && endsInNumber(h.name):
		return h, "a name that ends in a number is no name, and this is no IPv4 address", name
	}
	return h, "", ""
}

// isPort is stricter than a request: an empty port and port 0 are slips in a configuration.
func isPort(s string) bool { return isPortSuffix(":"+s) && strings.Trim(s, "0") != "" }

// suggestHost is the fix for what looks like a URL without its scheme: the host in it, if that
// is one, else what is wrong with that.
func suggestHost(s string, many bool) string {
	s = strings.TrimLeft(s, "/")
	if end := strings.IndexAny(s, "/?#"); end >= 0 {
		s = s[:end]
	}
	s = s[strings.LastIndexByte(s, '@')+1:]
	base, wild := s, false
	if many {
		base, wild = strings.CutPrefix(s, "*.")
	}
	h, reason, fix := checkHost(base, many)
	switch {
	case reason != "":
		return fix
	case wild && (h.isAddr() || isPublicSuffix(h.name)):
		return "name your own hosts"
	case wild:
		return fmt.Sprintf("write %q", "*."+h.name)
	case many:
		return fmt.Sprintf("write %q", h)
	}
	return fmt.Sprintf("write %q", h.String()+portOf(s)) // in a redirect the port is meant
}

// portOf is the port of an accepted host, with its colon, or "".
func portOf(s string) string {
	if colon := strings.LastIndexByte(s, ':'); colon > strings.IndexByte(s, ']') {
		return s[colon:]
	}
	return ""
}

// isPublicSuffix says whether strangers register names below name. A single label is one, but
// localhost, whose names are the machine itself (RFC 6761 section 6.3). Private suffixes such
// as github.io count: their names are strangers' too. So does a name with a wildcard rule, as
// run.app: what lies directly below it is a suffix, or a stranger's.
func isPublicSuffix(name string) bool {
	if name == "localhost" {
		return false
	}
	suffix, _ := publicsuffix.PublicSuffix(name)
	return suffix == name || hasWildcardRule(name)
}

// isRegistry says whether anybody can buy a name below name: "com", "co.uk". Private suffixes do not count: the policies that
// Google, Amazon and others tell their users to write name theirs.
func isRegistry(name string) bool {
	_, icann := publicsuffix.PublicSuffix("0-0." + name) // below it: a rule such as *.ck does not speak of ck
	return icann && isPublicSuffix(name)
}

// hasWildcardRule asks for a name below that no exception of the list has.
func hasWildcardRule(name string) bool {
	below := "0-0." + name
	suffix, _ := publicsuffix.PublicSuffix(below)
	return suffix == below
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f })
}
