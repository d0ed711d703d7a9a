package logging

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/gambeson-go/gambeson/internal/respwrap"
	"github.com/gambeson-go/gambeson/redact"
)

// kind is how a body is redacted.
type kind uint8

const (
	kindNone kind = iota // not captured
	kindJSON
	kindForm
	kindText
)

// bodies are the captures of one request; either may be nil.
type bodies struct {
	request  *capture
	response *responseFilter
}

// capture keeps the beginning of a body as it passes by. It has a lock because a handler may leave a goroutine reading.
type capture struct {
	mu    sync.Mutex
	kind  kind
	limit int
	kept  []byte
	size  int64
}

// keep copies what there is room for and counts all of it.
func (c *capture) keep(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size += int64(len(p))
	if room := c.limit - len(c.kept); room > 0 {
		c.kept = append(c.kept, p[:min(room, len(p))]...)
	}
}

// text is the redacted text of what is there so far, at most n bytes. The redaction comes first and sees a margin beyond
// n, so that no half of a secret stays.
func (c *capture) text(red *redact.Redactor, n int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) == 0 {
		return ""
	}
	text := whole(string(c.kept))
	switch c.kind {
	case kindJSON:
		text = string(red.AppendJSON(nil, []byte(text)))
	case kindForm:
		text = red.Query(text)
	default:
		text = red.Text(text)
	}
	if len(text) <= n && c.size > int64(len(c.kept)) {
		return text + "…" // redaction made what was kept shorter than the bound
	}
	return clip(text, n)
}

// capture sets up what is to be captured of a request; nil where nothing is. inner is the request that the handler gets.
func (m *Middleware) capture(r, inner *http.Request) *bodies {
	cfg := m.cfg.Body
	if !m.matches(r) {
		return nil
	}
	limit := cfg.MaxBytes + margin
	b := new(bodies)
	if k := bodyKind(r.Header); cfg.Request && k != kindNone && r.Body != nil && r.Body != http.NoBody {
		b.request = &capture{kind: k, limit: limit}
		inner.Body = &bodyReader{r.Body, b.request}
	}
	// What follows an upgrade is another protocol, and may go on for days.
	if cfg.Response && r.Header.Get("Upgrade") == "" {
		b.response = &responseFilter{capture: capture{limit: limit}}
	}
	return b
}

// matches contains a Match that panics: nothing is captured.
func (m *Middleware) matches(r *http.Request) (ok bool) {
	if m.cfg.Body.Match == nil {
		return true
	}
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return m.cfg.Body.Match(r)
}

// fields puts what was captured onto the record.
func (b *bodies) fields(to sink, red *redact.Redactor, n int) {
	if b.request != nil {
		if text := b.request.text(red, n); text != "" {
			to.word(fieldRequestBody, text)
		}
	}
	if b.response != nil {
		if text := b.response.text(red, n); text != "" {
			to.word(fieldResponseBody, text)
		}
	}
}

// requestSize is what the client announced, or what the handler read of it where that is known; -1 where neither is.
func (s *request) requestSize(r *http.Request) int64 {
	if r.ContentLength >= 0 || s.body == nil || s.body.request == nil {
		return r.ContentLength
	}
	c := s.body.request
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}

// bodyReader notes what the handler reads. It reads nothing by itself: the rest of a body stays where it is.
type bodyReader struct {
	io.ReadCloser
	to *capture
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.to.keep(p[:n])
	}
	return n, err
}

// responseFilter notes what the handler writes. What to make of it is decided with the status, when the header stands.
type responseFilter struct {
	capture
	sniff bool
}

func (f *responseFilter) WriteHeader(below http.ResponseWriter, status int) {
	h := below.Header()
	f.sniff = h.Get("Content-Type") == "" && h.Get("Content-Encoding") == ""
	f.kind = bodyKind(h)
	below.WriteHeader(status)
}

// Write keeps only what the writer below took: what did not go out was not said.
func (f *responseFilter) Write(below http.ResponseWriter, p []byte) (int, error) {
	if f.sniff && len(p) > 0 { // as net/http does for a handler that names no type
		f.sniff = false
		f.kind = mediaKind(http.DetectContentType(p))
	}
	n, err := below.Write(p)
	if f.kind != kindNone && n > 0 {
		f.keep(p[:min(n, len(p))])
	}
	return n, err
}

// Flush holds nothing back: a stream is not delayed by being looked at.
func (f *responseFilter) Flush(below http.ResponseWriter) error { return respwrap.Flush(below) }

// bodyKind is how the body under header h is redacted. An encoded body is not looked into.
func bodyKind(h http.Header) kind {
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return kindNone
	}
	return mediaKind(h.Get("Content-Type"))
}

// mediaKind sorts a media type: JSON, forms and text are captured, streams and everything else are not.
func mediaKind(contentType string) kind {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	switch {
	case media == "text/event-stream":
		return kindNone
	case media == "application/json", media == "text/json", strings.HasSuffix(media, "+json"):
		return kindJSON
	case media == "application/x-www-form-urlencoded":
		return kindForm
	case strings.HasPrefix(media, "text/"):
		return kindText
	}
	return kindNone
}
