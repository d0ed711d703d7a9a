package redact

import (
	"bytes"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// textual says whether the body is text or JSON as it is. Without a type it may be: net/http would guess.
func textual(h http.Header) bool {
	if enc := h.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return false
	}
	ct := h.Get("Content-Type")
	if ct == "" {
		return true
	}
	t, _, err := mime.ParseMediaType(ct)
	if err != nil {
		t, _, _ = strings.Cut(strings.ToLower(ct), ";")
		t = strings.TrimSpace(t)
	}
	switch {
	case t == "text/event-stream":
		return false
	case strings.HasPrefix(t, "text/"), t == "application/x-www-form-urlencoded", t == "application/javascript":
		return true
	}
	for _, end := range []string{"json", "xml", "yaml", "json-seq", "jsonl"} { // application/x-ndjson, application/problem+json
		if strings.HasSuffix(t, end) {
			return true
		}
	}
	return false
}

// readable says whether the search can read the body: text in a charset in which ASCII is what it is.
func readable(h http.Header, body []byte) bool {
	for _, bom := range []string{"\xff\xfe", "\xfe\xff", "\x00\x00\xfe\xff"} {
		if bytes.HasPrefix(body, []byte(bom)) {
			return false
		}
	}
	ct := strings.ToLower(h.Get("Content-Type"))
	if ct == "" || len(body) == 0 {
		return true
	}
	if _, charset, ok := strings.Cut(ct, "charset="); ok {
		charset, _, _ = strings.Cut(charset, ";")
		charset = strings.Trim(charset, "\"' \t")
		if !slices.ContainsFunc(asciiCharsets, func(start string) bool { return strings.HasPrefix(charset, start) }) {
			return false
		}
	}
	return bytes.IndexByte(body, 0) < 0
}

// asciiCharsets is how the names of charsets begin that have ASCII in them. What is not known cannot be read.
var asciiCharsets = []string{"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-", "iso8859-", "latin", "windows-", "cp125", "koi8-", "euc-", "shift_jis",
	"shift-jis", "sjis", "gb2312", "gbk", "gb18030", "big5", "tis-620", "macintosh"}

// otherBody takes out of the header what was said of the body that is not sent.
func otherBody(h http.Header) {
	for _, name := range []string{"Etag", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest", "Content-Range", "Accept-Ranges"} {
		delete(h, name)
	}
}

// cleanHeader redacts the values of an error response's header by their content. Slices are not written to: they may be
// shared.
func (r *Redactor) cleanHeader(h http.Header) {
	for name, values := range h {
		var out []string
		for i, v := range values {
			if clean := r.cleanValue(name, v); clean != v {
				if out == nil {
					out = slices.Clone(values)
				}
				out[i] = clean
			}
		}
		if out != nil {
			h[name] = out
		}
	}
}

func (r *Redactor) cleanValue(name, v string) (out string) {
	defer func() {
		if recover() != nil {
			out = r.mark()
		}
	}()
	if len(v) < shortest {
		return v
	}
	s := r.scan()
	defer r.done(s)
	s.guard = true
	s.any(v)
	if forClient(name) {
		s.spans = slices.DeleteFunc(s.spans, func(x span) bool {
			found := strings.ToLower(v[x.start:x.end])
			return !strings.Contains(found, "://") && !strings.Contains(found, "%3a%2f%2f")
		})
	}
	if len(s.spans) == 0 {
		return v
	}
	return string(s.apply(nil, v))
}

// forClient names the fields whose values are made for the client, however secret they look: cookies, challenges,
// nonces, tags, ids, times and targets. A connection string is meant for nobody.
func forClient(name string) bool {
	switch name {
	case "Set-Cookie", "Location", "Link", "Refresh", "Etag", "Authentication-Info", "Traceparent", "Tracestate", "Date", "Age", "Expires", "Last-Modified",
		"Retry-After", "Cache-Control", "Vary", "Connection", "Keep-Alive", "Transfer-Encoding", "Trailer", "Upgrade":
		return true
	}
	name = strings.ToLower(strings.TrimPrefix(name, http.TrailerPrefix))
	for _, start := range []string{"content-", "access-control-", "sec-", "ratelimit", "x-ratelimit-"} {
		if strings.HasPrefix(name, start) {
			return true
		}
	}
	for _, end := range []string{"-id", "-nonce", "-authenticate", "-digest", "-hash"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return strings.Contains(name, "csrf") || strings.Contains(name, "xsrf")
}
