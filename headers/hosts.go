package headers

import (
	"net/netip"
	"strings"
)

// Limits of RFC 1035 section 2.3.4, and what a port adds.
const (
	maxHost     = 253
	maxHostPort = maxHost + len(".:65535")
)

// host is the host of a request or of the Config: a lower-case name without trailing dot, or
// an address. It is comparable, so that one map holds both, and two spellings of an address
// are one key.
type host struct {
	name string     // "" for an address
	addr netip.Addr // without zone, the IPv4 form of a mapped one
}

// isAddr says whether browsers treat the host as an IP address: one, or a name that ends in a
// number, which the URL standard does not let be a name.
func (h host) isAddr() bool { return h.addr.IsValid() || endsInNumber(h.name) }

// String is the host as a URL has it.
func (h host) String() string {
	switch {
	case h.addr.Is6():
		return "[" + h.addr.String() + "]"
	case h.addr.IsValid():
		return h.addr.String()
	}
	return h.name
}

// parseHost reads the value of a Host header (RFC 9110 section 7.2). Port and trailing dot are
// checked and dropped. It allocates only to lower the case, and gives up on anything longer
// than a host can be before looking at it.
//
// Nothing but labels and addresses passes: whatever else a URL may hold, such as userinfo, a
// path or a comma with a second host, would let a suffix match be talked into a host that is
// not ours.
func parseHost(s string) (h host, ok bool) {
	if s == "" || len(s) > maxHostPort {
		return host{}, false
	}
	if s[0] == '[' { // an IPv6 address; a zone means nothing to another machine
		end := strings.IndexByte(s, ']')
		if end < 0 || !isPortSuffix(s[end+1:]) {
			return host{}, false
		}
		addr, err := netip.ParseAddr(s[1:end])
		if err != nil || !addr.Is6() || addr.Zone() != "" {
			return host{}, false
		}
		return host{addr: addr.Unmap()}, true
	}
	name := s
	if colon := strings.IndexByte(s, ':'); colon >= 0 {
		if !isPortSuffix(s[colon:]) {
			return host{}, false
		}
		name = s[:colon]
	}
	name = strings.TrimSuffix(name, ".")
	numeric, ok := checkName(name)
	if !ok {
		return host{}, false
	}
	if numeric {
		if addr, err := netip.ParseAddr(name); err == nil {
			return host{addr: addr}, true
		}
	}
	return host{name: strings.ToLower(name)}, true
}

// isPlainName says of most names that are no address that they are none, without a parse:
// their last label starts with a letter.
func isPlainName(hostport string) bool {
	last := hostport[strings.LastIndexByte(hostport, '.')+1:]
	return last != "" && ('a' <= last[0]|0x20 && last[0]|0x20 <= 'z')
}

// checkName says whether s is labels of letters, digits, hyphens and underscores, and whether
// it starts like an IPv4 address. Underscores are in no host name of RFC 1123, but in those of
// containers and development machines.
func checkName(s string) (numeric, ok bool) {
	if s == "" || len(s) > maxHost {
		return false, false
	}
	label := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', 'A' <= c && c <= 'Z', c == '-', c == '_':
			if label++; label > 63 {
				return false, false
			}
		case c == '.' && label > 0:
			label = 0
		default:
			return false, false
		}
	}
	return '0' <= s[0] && s[0] <= '9', label > 0
}

// endsInNumber is the test of the URL standard, section 3.5: such a host is an IPv4 address to
// a browser, or none at all. "127.1" and "0x7f.1" are addresses that netip does not read.
func endsInNumber(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if last == "" {
		return false
	}
	if strings.HasPrefix(last, "0x") {
		return strings.Trim(last[2:], "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}

// isPortSuffix takes what may follow a host: nothing, or a colon and a port, which RFC 3986
// lets be empty.
func isPortSuffix(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != ':' || len(s) > len(":65535") {
		return false
	}
	port := 0
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		port = port*10 + int(s[i]-'0')
	}
	return port <= 65535
}

// hostSet is AllowedHosts. Looking a host up costs the same however many there are.
type hostSet struct {
	exact    map[host]struct{}
	wildcard map[string]struct{} // "example.com" for *.example.com
}

// empty means that hosts are not checked.
func (s *hostSet) empty() bool { return len(s.exact) == 0 && len(s.wildcard) == 0 }

// has looks the host up, then every name above it: at most 126, because parseHost bounds the
// length. Cutting at dots is what makes *.example.com different from a suffix: evilexample.com
// is not below example.com.
func (s *hostSet) has(h host) bool {
	if _, ok := s.exact[h]; ok {
		return true
	}
	if len(s.wildcard) == 0 {
		return false
	}
	for name := h.name; ; {
		dot := strings.IndexByte(name, '.')
		if dot < 0 {
			return false
		}
		name = name[dot+1:]
		if _, ok := s.wildcard[name]; ok {
			return true
		}
	}
}
