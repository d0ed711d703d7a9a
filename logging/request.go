package logging

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gambeson-go/gambeson/internal/respwrap"
	"github.com/gambeson-go/gambeson/redact"
)

const (
	inlineAttrs = 4   // held without another allocation
	maxAttrs    = 128 // kept of a request that never ends and adds forever
)

// request is all that is known of one request: its context, the state of its writer and its attributes are one
// allocation. It is never pooled: a goroutine that outlives the request may still hold its context.
type request struct {
	context.Context // the request's own, as it came

	m     *Middleware
	res   *respwrap.Response // own, or that of the layer directly outside
	own   respwrap.Response
	start time.Time
	trace trace
	id    string
	ids   [1]string // the value of X-Request-Id: a header's slice must not be shared between requests

	path, query string // as they came; handlers rewrite r.URL
	skip        bool
	body        *bodies

	mu      sync.Mutex
	logger  *slog.Logger
	attrs   []slog.Attr
	first   [inlineAttrs]slog.Attr
	dropped int
	closed  bool
}

type contextKey struct{}

// Value makes the request findable in every context derived from it.
func (s *request) Value(key any) any {
	if key == (contextKey{}) {
		return s
	}
	return s.Context.Value(key)
}

// fromContext takes a nil context, which slog hands on from callers that have none.
func fromContext(ctx context.Context) *request {
	if ctx == nil {
		return nil
	}
	s, _ := ctx.Value(contextKey{}).(*request)
	return s
}

// RequestID is the id of the request that ctx belongs to; "" outside of one.
func RequestID(ctx context.Context) string {
	if s := fromContext(ctx); s != nil {
		return s.id
	}
	return ""
}

// Add puts attributes onto the record of the request that ctx belongs to. It may be called from any goroutine; after the
// record is written, and outside of a request, it does nothing. A request keeps 128 of them and counts the rest in
// attrs_dropped.
func Add(ctx context.Context, attrs ...slog.Attr) {
	s := fromContext(ctx)
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if s.attrs == nil {
		s.attrs = s.first[:0]
	}
	if room := maxAttrs - len(s.attrs); len(attrs) > room {
		s.dropped += len(attrs) - room
		attrs = attrs[:room]
	}
	s.attrs = append(s.attrs, attrs...)
}

// seal ends Add and gives what it collected.
func (s *request) seal() (attrs []slog.Attr, dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.attrs, s.dropped
}

// Logger is the middleware's logger with request_id, trace_id and span_id of the request that ctx belongs to: lines
// carry them even where they are logged without a context. Outside of a request it is [slog.Default], redacted.
func Logger(ctx context.Context) *slog.Logger {
	s := fromContext(ctx)
	if s == nil {
		return slog.New(redacting(slog.Default().Handler(), redact.Default(), false))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.logger == nil {
		s.logger = slog.New(s.m.withIDs(s))
	}
	return s.logger
}

// withIDs binds the ids of s to the handler. This package's own handler writes them at the top level whatever groups are
// open; any other has them where its groups stand.
func (m *Middleware) withIDs(s *request) slog.Handler {
	if h, ok := m.handler.(*handler); ok {
		return h.bind(s)
	}
	ids := s.idAttrs(make([]slog.Attr, 0, 4))
	if m.takesIDs { // they go around the redactor; a new one for each request costs more
		return m.red.Handler(m.bare.WithAttrs(ids))
	}
	return m.handler.WithAttrs(ids)
}

// takesIDs says whether the user's own names make secrets of the ids.
func takesIDs(red *redact.Redactor) bool {
	plain := newRules(red).probe
	return !plain(keyRequestID) || !plain(keyTraceID) || !plain(keySpanID) || !plain(keyTraceFlags)
}

func (s *request) idAttrs(dst []slog.Attr) []slog.Attr {
	dst = append(dst, slog.String(keyRequestID, s.id))
	if s.trace != "" {
		dst = append(dst, slog.String(keyTraceID, s.trace.id()), slog.String(keySpanID, s.trace.span()),
			slog.String(keyTraceFlags, s.trace.flags()))
	}
	return dst
}

// begin makes the state of a request. The path is noted now, because handlers like http.StripPrefix rewrite it.
func (m *Middleware) begin(r *http.Request) *request {
	s := &request{Context: r.Context(), m: m, start: time.Now(), trace: parseTrace(r.Header)}
	if outer := fromContext(s.Context); outer != nil {
		s.id = outer.id // a request has one id, however many loggers it passes
	} else if m.cfg.TrustRequestID {
		// A token in this header would come back in every answer and stand in every line.
		if id := clientID(r.Header); id != "" && m.red.Text(id) == id {
			s.id = id
		}
	}
	if s.id == "" {
		s.id = m.ids.next()
	}
	s.ids[0] = s.id
	if r.URL != nil {
		s.path, s.query = r.URL.Path, r.URL.RawQuery
	}
	if m.cfg.Skip != nil {
		s.skip = m.skips(r)
	}
	return s
}

// skips contains a Skip that panics: the record stays.
func (m *Middleware) skips(r *http.Request) (skip bool) {
	defer func() { _ = recover() }()
	return m.cfg.Skip(r)
}
