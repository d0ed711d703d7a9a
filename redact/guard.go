package redact

import (
	"mime"
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

// Wrap is the leak guard: an error response, 500 to 599, whose body is text or JSON leaves without secrets and without
// connection strings. It is held until the handler is done; one of more than 256 KiB becomes a plain problem+json.
// Everything else passes untouched: successes, streams, encoded bodies, other types.
func (r *Redactor) Wrap(next http.Handler) http.Handler {
	return layer.Wrap(r, next, func(next http.Handler) http.HandlerFunc {
		self := r.self()
		return func(w http.ResponseWriter, req *http.Request) {
			g := &guard{r: self}
			if req.Method == http.MethodHead { // has no body
				next.ServeHTTP(w, req)
				return
			}
			g.resp.SetFilter(g)
			next.ServeHTTP(g.resp.Wrap(w, req), req)
			g.finish(w) // not after a panic: nothing was sent yet, and who recovers can still answer
		}
	})
}

// A guard stands between one handler and its response until the status is known, and in an error response until the end.
type guard struct {
	resp   respwrap.Response
	r      *Redactor
	body   []byte
	status int // of the response held; 0: none is
	over   bool
}

// WriteHeader decides. A response that is not held goes past the guard from here on.
func (g *guard) WriteHeader(below http.ResponseWriter, status int) {
	if status >= 500 && status <= 599 && textual(below.Header()) {
		g.status = status
		return
	}
	g.resp.SetFilter(nil)
	below.WriteHeader(status)
}

func (g *guard) Write(below http.ResponseWriter, p []byte) (int, error) {
	if g.status == 0 {
		return below.Write(p)
	}
	if len(g.body)+len(p) > maxHeld {
		g.over, g.body = true, nil
	}
	if !g.over {
		g.body = append(g.body, p...)
	}
	return len(p), nil
}

// Flush of a held response does nothing: it cannot be judged in parts.
func (g *guard) Flush(below http.ResponseWriter) error {
	if g.status == 0 {
		return respwrap.Flush(below)
	}
	return nil
}

// finish sends what was held.
func (g *guard) finish(w http.ResponseWriter) {
	if g.status == 0 {
		return
	}
	if g.over {
		g.refuse(w)
		return
	}
	text := unsafe.String(unsafe.SliceData(g.body), len(g.body))
	out, ok := g.redacted(text)
	if !ok {
		g.refuse(w)
		return
	}
	if out != nil {
		h := w.Header()
		for _, name := range []string{"Etag", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest", "Content-Range", "Accept-Ranges"} {
			h.Del(name)
		}
		if h.Get("Content-Length") != "" {
			h.Set("Content-Length", strconv.Itoa(len(out)))
		}
		g.body = out
	}
	w.WriteHeader(g.status)
	w.Write(g.body) //nolint:errcheck // the client is gone: there is nobody to tell
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

func (g *guard) refuse(w http.ResponseWriter) {
	problem.Problem{Status: g.status}.Write(w)
}

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
	case strings.HasPrefix(t, "text/"), strings.HasSuffix(t, "json"), strings.HasSuffix(t, "xml"), t == "application/x-ndjson",
		t == "application/x-www-form-urlencoded", t == "application/javascript", t == "application/graphql-response+json":
		return true
	}
	return false
}
