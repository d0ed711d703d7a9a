package logging

import "net/http"

// trace is a valid traceparent header, or "" for no trace.
type trace string

// Where the parts of a traceparent begin, and where those end that every version has.
const (
	traceID    = 3
	traceSpan  = 36
	traceFlags = 53
	traceEnd   = 55
)

func (t trace) id() string {
	if t == "" {
		return ""
	}
	return string(t[traceID : traceSpan-1])
}
func (t trace) span() string  { return string(t[traceSpan : traceFlags-1]) }
func (t trace) flags() string { return string(t[traceFlags:traceEnd]) }

// parseTrace reads the traceparent header by W3C Trace Context section 3.2. Whatever is not well formed is no trace, as
// section 3.2.2 wants it, and so are two headers. A version that is not known yet is read by its first four parts.
func parseTrace(h http.Header) trace {
	lines := h["Traceparent"]
	if len(lines) != 1 {
		return ""
	}
	s := lines[0]
	if len(s) < traceEnd || s[traceID-1] != '-' || s[traceSpan-1] != '-' || s[traceFlags-1] != '-' {
		return ""
	}
	version := s[:traceID-1]
	if len(s) > traceEnd && (version == "00" || s[traceEnd] != '-') {
		return ""
	}
	t := trace(s)
	if version == "ff" || hexKind(version) == 0 || hexKind(t.flags()) == 0 || hexKind(t.id()) != hexNotZero || hexKind(t.span()) != hexNotZero {
		return ""
	}
	return t
}

const (
	hexZero    = 1
	hexNotZero = 2
)

// hexKind says whether s is lower-case hex, and whether it is all zero, which an id must not be; 0 is for no hex.
func hexKind(s string) int {
	var seen byte
	for i := range len(s) {
		c := s[i]
		if c-'0' > 9 && c-'a' > 5 { // bytes wrap around
			return 0
		}
		seen |= c ^ '0'
	}
	if seen == 0 {
		return hexZero
	}
	return hexNotZero
}
