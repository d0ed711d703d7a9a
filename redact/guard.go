package redact

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
	"unsafe"

	"github.com/gambeson-go/gambeson/internal/layer"
	"github.com/gambeson-go/gambeson/internal/problem"
	"github.com/gambeson-go/gambeson/internal/respwrap"
)

// maxHeld bounds what the guard holds of one error response. A longer one is replaced.
const maxHeld = 256 << 10

// Wrap is the leak guard: an error response, 500 to 599, whose body is text, JSON, XML or YAML leaves without secrets and
// without connection strings. It is held until the handler is done, with the header as it was at WriteHeader; one of more
// than 256 KiB, or in a charset that cannot be read, as UTF-16, becomes a plain problem+json. The header fields and
// trailers of every error response lose the secrets that are known by their look, whatever their names; cookies,
// challenges, tags, ids and places to go to only connection strings. Everything else passes untouched: successes,
// streams, encoded bodies, other types.
func (r *Redactor) Wrap(next http.Handler) http.Handler {
	return layer.Wrap(r, next, func(next http.Handler) http.HandlerFunc {
		self := r.self()
		return func(w http.ResponseWriter, req *http.Request) {
			g := &guard{r: self}
			g.resp.SetFilter(g)
			next.ServeHTTP(g.resp.Wrap(w, req), req)
			g.finish(w, req.Method == http.MethodHead) // not after a panic: nothing was sent yet, and who recovers can still answer
		}
	})
}

// A guard stands between one handler and its response until the status is known, and in an error response until the end.
type guard struct {
	resp respwrap.Response
	r    *Redactor
	held *held // nil: the response goes past the guard
}

// held is an error response that waits for its end.
type held struct {
	status  int
	header  http.Header // as it was at WriteHeader: net/http sends no other
	body    []byte
	length  int64 // Content-Length; -1: none
	taken   int64
	over    bool
	flushed bool
}

func failed(status int) bool { return status >= 500 && status <= 599 }

// WriteHeader decides. A response that is not held goes past the guard from here on.
func (g *guard) WriteHeader(below http.ResponseWriter, status int) {
	if failed(status) {
		h := below.Header()
		if textual(h) {
			g.held = &held{status: status, header: h.Clone(), length: -1}
			if n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
				g.held.length = n
			}
			return
		}
		g.r.cleanHeader(h)
	}
	g.resp.SetFilter(nil)
	below.WriteHeader(status)
}

func (g *guard) Write(below http.ResponseWriter, p []byte) (int, error) {
	h := g.held
	if h == nil {
		return below.Write(p)
	}
	h.taken += int64(len(p))
	if h.length >= 0 && h.taken > h.length {
		return 0, http.ErrContentLength
	}
	if len(h.body)+len(p) > maxHeld {
		h.over, h.body = true, nil
	}
	if !h.over {
		h.body = append(h.body, p...)
	}
	return len(p), nil
}

// Flush of a held response waits: it cannot be judged in parts.
func (g *guard) Flush(below http.ResponseWriter) error {
	if g.held == nil {
		return respwrap.Flush(below)
	}
	g.held.flushed = true
	return nil
}

// finish sends what was held.
func (g *guard) finish(w http.ResponseWriter, head bool) {
	h := g.held
	switch {
	case h == nil:
		if failed(g.resp.Status()) {
			g.r.cleanHeader(w.Header()) // its trailers
		}
		return
	case g.resp.Hijacked():
		return
	}
	header := w.Header()
	late := maps.Clone(header)
	clear(header)
	maps.Copy(header, h.header)
	g.r.cleanHeader(header)
	out, ok := g.redacted(unsafe.String(unsafe.SliceData(h.body), len(h.body)))
	if !ok || h.over || !readable(header, h.body) {
		otherBody(header)
		delete(header, "Trailer")
		problem.Problem{Status: h.status}.Write(w)
		return
	}
	if out != nil {
		otherBody(header)
		if h.length >= 0 {
			header.Set("Content-Length", strconv.Itoa(len(out)))
		}
	}
	if head && h.length != int64(len(h.body)) { // the body was not written: how long it would be here is not known
		delete(header, "Content-Length")
	}
	if out != nil {
		h.body = out
	}
	w.WriteHeader(h.status)
	w.Write(h.body) //nolint:errcheck // the client is gone: there is nobody to tell
	g.trailers(w, late)
}

// trailers sets those of a held response, when they can be taken for nothing else.
func (g *guard) trailers(w http.ResponseWriter, late http.Header) {
	out := http.Header{}
	for _, line := range g.held.header["Trailer"] {
		for name := range strings.SplitSeq(line, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			if v, ok := late[name]; ok {
				out[name] = v
			}
		}
	}
	for name, v := range late {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			out[name] = v
		}
	}
	if g.held.flushed { // without Content-Length, as it would have been
		respwrap.Flush(w) //nolint:errcheck // as above
	}
	g.r.cleanHeader(out)
	maps.Copy(w.Header(), out)
}

// redacted is the body without its secrets, nil where there are none. It is not ok where the search itself failed.
func (g *guard) redacted(text string) (out []byte, ok bool) {
	defer func() {
		if recover() != nil {
			out, ok = nil, false
		}
	}()
	s := g.r.scan()
	defer g.r.done(s)
	s.guard = true
	s.any(text)
	if len(s.spans) == 0 {
		return nil, true
	}
	return s.apply(nil, text), true
}
