package clientip

import (
	"net/netip"
	"strings"
)

// maxNode is longer than any address with brackets, zone and port. What is longer is not looked at.
const maxNode = 80

// walk yields the entries of a header from right to left, over all its lines, empty entries left out. Lines are read
// only as far as they are asked for: what a client put on the left costs nothing.
type walk struct {
	lines []string
	rest  string // what is left of the line being read
	kind  kind
	done  bool
	looks int
}

// next gives the entry before the last one given. It is false at the left end, at a Forwarded element whose quotes do not
// match (where it begins cannot be told), and after maxEntries looks.
func (w *walk) next() (string, bool) {
	for ; w.looks < maxEntries; w.looks++ {
		for w.rest == "" {
			if w.done || len(w.lines) == 0 {
				return "", false
			}
			last := len(w.lines) - 1
			w.rest, w.lines = w.lines[last], w.lines[:last]
			w.done = w.kind == single // one address: the last line alone counts
			if w.rest == "" {
				break // an empty line is a look too
			}
		}
		comma, ok := -1, true
		switch w.kind {
		case list:
			comma = strings.LastIndexByte(w.rest, ',')
		case forwarded:
			comma, ok = lastElement(w.rest)
		}
		if !ok {
			return "", false
		}
		entry := trim(w.rest[comma+1:])
		w.rest = w.rest[:max(comma, 0)]
		if entry != "" {
			return entry, true
		}
	}
	return "", false
}

// lastElement finds the last comma of a Forwarded line that is outside quotes, -1 where there is none. It reads from the
// right, over quoted strings as a whole, so that what a client wrote on the left, such as a quote that never closes,
// changes nothing. It is false for a quote on the right that nothing opens.
func lastElement(line string) (comma int, ok bool) {
	for i := len(line) - 1; i >= 0; i-- {
		switch line[i] {
		case ',':
			return i, true
		case '"':
			if i = opening(line[:i]); i < 0 {
				return -1, false
			}
		}
	}
	return -1, true
}

// opening finds the quote that opens the quoted string which s ends in: the last one that no backslash escapes.
func opening(s string) int {
	for {
		i := strings.LastIndexByte(s, '"')
		if i < 0 {
			return -1
		}
		backslashes := 0
		for backslashes < i && s[i-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return i
		}
		s = s[:i]
	}
}

// param finds a parameter of a Forwarded element, RFC 7239 section 4: name=token or name="text", separated by
// semicolons, the name in any letter case. It is false for a malformed element, also behind the parameter, and where
// the parameter is missing or stands twice.
func param(element, name string) (value string, ok bool) {
	for element != "" {
		eq := strings.IndexByte(element, '=')
		if eq < 1 {
			return "", false
		}
		key, rest := trim(element[:eq]), element[eq+1:]
		if len(key) < eq && (element[eq-1] == ' ' || element[eq-1] == '\t') {
			return "", false // no blank before the equals sign
		}
		var v string
		if strings.HasPrefix(rest, `"`) {
			var closed bool
			if v, rest, closed = quotedString(rest[1:]); !closed {
				return "", false
			}
			rest = trim(rest)
			if rest != "" && rest[0] != ';' {
				return "", false
			}
			rest = strings.TrimPrefix(rest, ";")
		} else {
			v, rest, _ = strings.Cut(rest, ";")
			if v = strings.TrimRight(v, " \t"); v == "" || strings.ContainsAny(v, " \t\"") {
				return "", false
			}
		}
		if strings.EqualFold(key, name) {
			if ok {
				return "", false
			}
			value, ok = v, true
		}
		element = rest
	}
	return value, ok
}

// quotedString reads up to the closing quote, RFC 9110 section 5.6.4.
func quotedString(s string) (value, rest string, closed bool) {
	escaped := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			value = s[:i]
			if escaped {
				value = unescape(value)
			}
			return value, s[i+1:], true
		}
	}
	return "", "", false
}

func unescape(s string) string {
	if len(s) > 2*maxNode {
		return "" // no parameter that is read here is as long
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// parseNode reads an address with or without a port, IPv6 with or without brackets. It is false for everything that
// identifies nobody.
func parseNode(s string) (netip.Addr, bool) {
	if len(s) == 0 || len(s) > maxNode {
		return netip.Addr{}, false
	}
	host, port := s, ""
	if s[0] == '[' {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return netip.Addr{}, false
		}
		host, port = s[1:end], s[end+1:]
		if strings.IndexByte(host, ':') < 0 || port != "" && port[0] != ':' {
			return netip.Addr{}, false
		}
	} else if colon := strings.IndexByte(s, ':'); colon >= 0 && strings.IndexByte(s[colon+1:], ':') < 0 {
		host, port = s[:colon], s[colon:]
	}
	if port != "" && !isPort(port[1:]) || !couldBeAddr(host) {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}, false
	}
	addr = clean(addr)
	return addr, !addr.IsUnspecified()
}

// couldBeAddr spares garbage the error that netip would allocate for it.
func couldBeAddr(s string) bool {
	c := byte('x')
	if s != "" {
		c = s[0]
	}
	hex := '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' || c == ':'
	return hex && strings.ContainsAny(s, ".:")
}

// isPort takes a number, or an obfuscated port of RFC 7239 section 6.
func isPort(s string) bool {
	if len(s) > 1 && s[0] == '_' {
		return true
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 5
}

func trim(s string) string { return strings.Trim(s, " \t") }
