package cors

import (
	"fmt"
	"net/netip"
	"strings"
)

// Bounds of DNS, RFC 1035 section 2.3.4, in text.
const (
	maxHost  = 253
	maxLabel = 63
)

// checkHost refuses a host in any form but the one that the URL standard serializes, section 3.5.
func (p pattern) checkHost() *flaw {
	with := func(host string) string { q := p; q.host = host; return q.String() }
	if p.scheme != "http" && p.scheme != "https" {
		return checkOpaque(p.host) // an extension or an app: its host is a name of its own, case kept
	}
	// A bracket anywhere means an IPv6 address, or something that would be none.
	if strings.ContainsAny(p.host, "[]") {
		return p.checkIPv6()
	}
	if lower := strings.ToLower(p.host); lower != p.host {
		return &flaw{reason: "browsers send the host in lower case", write: with(lower)}
	}
	if strings.Contains(p.host, "%") {
		return &flaw{reason: "a host is never percent-encoded", advice: exampleOrigin}
	}
	name := p.host
	if !p.wild {
		name = strings.TrimSuffix(name, ".") // browsers keep the dot of a fully qualified name: another origin
	}
	longest := maxHost
	if p.wild {
		longest -= len("a.") // there must be room for a subdomain
	}
	if len(name) > longest {
		return &flaw{reason: fmt.Sprintf("the host is longer than %d bytes", longest), advice: exampleOrigin}
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if f := checkLabel(label); f != nil {
			return f
		}
	}
	// The URL standard parses such a host as an IPv4 address or fails; no domain can end so.
	if endsInNumber(labels[len(labels)-1]) {
		ip, err := netip.ParseAddr(p.host)
		switch {
		case p.wild:
			return &flaw{reason: "an IP address has no subdomains", write: pattern{scheme: p.scheme, host: p.host, port: p.port}.String()}
		case err != nil || !ip.Is4():
			return &flaw{reason: "a host that ends in a number is an IPv4 address, and this is none", advice: `write all four numbers, like "http://127.0.0.1"`}
		}
	}
	return nil
}

// checkLabel is stricter than browsers in one point: they would send a label with a hyphen at its end, but no registry
// hands one out, so in a configuration it is a slip.
func checkLabel(label string) *flaw {
	switch {
	case label == "":
		return &flaw{reason: "a part of the host between two dots is empty", advice: exampleOrigin}
	case len(label) > maxLabel:
		return &flaw{reason: fmt.Sprintf("a part of the host is longer than %d bytes", maxLabel), advice: exampleOrigin}
	case strings.HasPrefix(label, "xn--") && !isPunycode(label[len("xn--"):]):
		return &flaw{reason: "a part of the host begins with xn-- and is not punycode", advice: exampleOrigin}
	case label[0] == '-' || label[len(label)-1] == '-':
		return &flaw{reason: "a part of the host begins or ends with a hyphen", advice: exampleOrigin}
	}
	for i := range len(label) {
		if !isHostByte(label[i]) {
			return &flaw{reason: fmt.Sprintf("a host cannot hold %q", label[i]), advice: exampleOrigin}
		}
	}
	return nil
}

// checkIPv6 wants brackets around the one form that the URL standard writes, section 3.5: hexadecimal, lower case,
// the first longest run of zeros compressed. That is RFC 5952 but for IPv4-mapped addresses.
func (p pattern) checkIPv6() *flaw {
	if p.wild {
		return &flaw{reason: "an IP address has no subdomains", advice: `write it like "http://[::1]:3000"`}
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(p.host, "["), "]")
	ip, err := netip.ParseAddr(inner)
	if err != nil || !ip.Is6() || ip.Zone() != "" || len(inner) != len(p.host)-2 {
		return &flaw{reason: "it is not an IPv6 address in brackets", advice: `write it like "http://[::1]:3000"`}
	}
	form := ip.String() // RFC 5952, which is the URL standard's form but for mapped addresses
	if ip.Is4In6() {
		b := ip.As16()
		form = fmt.Sprintf("::ffff:%x:%x", uint16(b[12])<<8|uint16(b[13]), uint16(b[14])<<8|uint16(b[15]))
	}
	if form != inner {
		q := p
		q.host = "[" + form + "]"
		return &flaw{reason: "browsers send IPv6 addresses in their shortest form", write: q.String()}
	}
	return nil
}

// checkOpaque is for schemes that the URL standard does not know as special: it leaves their hosts as they are, and so
// extension ids may be in upper case (Safari).
func checkOpaque(host string) *flaw {
	if len(host) > maxHost {
		return &flaw{reason: fmt.Sprintf("the host is longer than %d bytes", maxHost), advice: exampleOrigin}
	}
	for i := range len(host) {
		if c := host[i]; !isHostByte(c) && c != '.' && (c < 'A' || c > 'Z') {
			return &flaw{reason: fmt.Sprintf("a host cannot hold %q", c), advice: `write it like "chrome-extension://aapocclcgogkmnckokdopfmhonfmgoek"`}
		}
	}
	return nil
}

// endsInNumber is the URL standard's test, section 3.5, that makes a host an IPv4 address: digits, or hexadecimal ones.
func endsInNumber(last string) bool {
	hex, found := strings.CutPrefix(last, "0x")
	// An empty hexadecimal part is 0 there.
	return found && strings.Trim(hex, "0123456789abcdef") == "" || strings.Trim(last, "0123456789") == ""
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isHostByte knows what stands in the labels of a host that a browser sends: letters, digits, hyphen, and the underscore that DNS labels may have.
func isHostByte(c byte) bool { return isLower(c) || isDigit(c) || c == '-' || c == '_' }
