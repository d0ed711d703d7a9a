package verify

import "strings"

func errorChecks() []Check { return nil }

// tooLarge is the declared call with one byte more than the limit.
func (b *Body) tooLarge(chunked bool) Request {
	r := b.Call.request("")
	if r.Method == "GET" {
		r.Method = "POST"
	}
	r.Chunked = chunked
	// White space in front keeps JSON valid, so that a decoder must read on until it meets the limit.
	fill := "x"
	if t := strings.TrimSpace(r.Body); strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[") {
		fill = " "
	}
	r.Body = strings.Repeat(fill, max(0, int(b.Limit)+1-len(r.Body))) + r.Body
	return r
}
