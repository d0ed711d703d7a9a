package logging

import "net/http"

// trace is what a traceparent header says. The zero value is no trace.
type trace struct{ id, span, flags string }

// parseTrace reads the traceparent header by W3C Trace Context section 3.2. Whatever is not well formed is no trace, as
// section 3.2.2 wants it, and so are two headers. A version that is not known yet is read by its first four parts.
func parseTrace(h http.Header) trace {
	lines := h["Traceparent"]
	if len(lines) != 1 {
		return trace{}
	}
	const version, id, span, flags, end = 0, 3, 36, 53, 55
	s := lines[0]
	if len(s) < end || s[id-1] != '-' || s[span-1] != '-' || s[flags-1] != '-' {
		return trace{}
	}
	v, t := s[version:id-1], trace{s[id : span-1], s[span : flags-1], s[flags:end]}
	if !lowerHex(v) || v == "ff" || !lowerHex(t.flags) || !someHex(t.id) || !someHex(t.span) {
		return trace{}
	}
	if len(s) > end && (v == "00" || s[end] != '-') {
		return trace{}
	}
	return t
}

// someHex is lower-case hex that is not all zero, which both ids have to be.
func someHex(s string) bool {
	zero := true
	for i := range len(s) {
		zero = zero && s[i] == '0'
	}
	return !zero && lowerHex(s)
}

func lowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
