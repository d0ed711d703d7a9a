package verify

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxBody is how much of an answer's body is kept.
const maxBody = 1 << 20

// Request is one request of a check. The zero Request is GET of Config.Public.
type Request struct {
	Method string            // "": GET
	Path   string            // as it goes over the wire, with the query; "": Config.Public
	Host   string            // another Host than the service's
	Header map[string]string // one value each
	Body   string
	// Chunked sends the body without its length.
	Chunked bool
	// Plain sends it over http where the service is on https.
	Plain bool
	// From is the client's address, in process only. "": a fresh one for each request, so that a limiter does not disturb
	// what another check looks at.
	From string
	// Admin sends it to App.Admin, Inner to a handler of verify's own behind App.Wrap.
	Admin, Inner bool
	// May429 keeps the answer 429 as it is. Otherwise a check against a URL waits and tries once more.
	May429 bool
	// burst requests are not slowed down; see Limits.Burst.
	burst bool
}

func (r *Request) defaultHeader(name, value string) {
	for k := range r.Header {
		if strings.EqualFold(k, name) {
			return
		}
	}
	r.Header[name] = value
}

// with is r with one more header.
func (r Request) with(kv ...string) Request {
	h := make(map[string]string, len(r.Header)+1)
	for k, v := range r.Header {
		h[k] = v
	}
	for i := 0; i+1 < len(kv); i += 2 {
		for k := range h {
			if strings.EqualFold(k, kv[i]) {
				delete(h, k)
			}
		}
		h[kv[i]] = kv[i+1]
	}
	r.Header = h
	return r
}

func (r Request) String() string {
	s := r.Method + " " + clip(r.Path, 80)
	if r.Host != "" {
		s += " (Host: " + r.Host + ")"
	}
	return s
}

// httpRequest makes it ready to be written. The path is not touched: hostile ones must arrive as they are.
func (r Request) httpRequest(scheme, host, userAgent string) *http.Request {
	path, query, _ := strings.Cut(r.Path, "?")
	u := &url.URL{Scheme: scheme, Host: host, Opaque: path, RawQuery: query}
	if strings.HasPrefix(path, "//") { // Opaque would turn it into an absolute URL
		u.Opaque, u.Path = "", path
	}
	req := &http.Request{Method: r.Method, URL: u, Host: host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}}
	req.Header.Set("User-Agent", userAgent)
	for k, v := range r.Header {
		req.Header.Set(k, v)
	}
	if r.Host != "" {
		req.Host = r.Host
	}
	if r.Body != "" {
		req.Body = io.NopCloser(strings.NewReader(r.Body))
		req.ContentLength = int64(len(r.Body))
		if r.Chunked {
			req.ContentLength = -1
		}
	}
	return req
}

// Response is what came back.
type Response struct {
	Status  int
	Header  http.Header
	Body    []byte // the first MiB
	Close   bool   // the server closes the connection after it
	Proto   string
	TLS     *tls.ConnectionState
	BodyErr error // the body broke off
	request Request
}

func (r *Response) String() string { return fmt.Sprintf("%s: %d", r.request, r.Status) }

// Contains tells whether the body has s in it.
func (r *Response) Contains(s string) bool { return strings.Contains(string(r.Body), s) }

// ok tells whether the status is 2xx.
func (r *Response) ok() bool { return r.Status/100 == 2 }

// one is the value of a header that must be there once; n is how often it is.
func (r *Response) one(name string) (value string, n int) {
	v := r.Header.Values(name)
	if len(v) == 0 {
		return "", 0
	}
	return v[0], len(v)
}

func newResponse(req Request, res *http.Response) *Response {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	return &Response{Status: res.StatusCode, Header: res.Header, Body: body, BodyErr: err, Proto: res.Proto, TLS: res.TLS,
		Close: res.Close, request: req}
}

// readFinal reads a response and passes over the informational ones before it.
func readFinal(br *bufio.Reader, req *http.Request) (res *http.Response, informational []int, err error) {
	for {
		res, err = http.ReadResponse(br, req)
		if err != nil || res.StatusCode/100 != 1 || res.StatusCode == http.StatusSwitchingProtocols {
			return res, informational, err
		}
		informational = append(informational, res.StatusCode)
	}
}

// clip shortens what goes into a finding, and makes control characters visible.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n] + "…"
	}
	q := fmt.Sprintf("%+q", s)
	return strings.ReplaceAll(q[1:len(q)-1], `\u2026`, "…")
}

// withAll is r with a map of headers more.
func (r Request) withAll(h map[string]string) Request {
	for k, v := range h {
		r = r.with(k, v)
	}
	return r
}
