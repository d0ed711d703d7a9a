package logging

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"sync/atomic"

	"github.com/gambeson-go/gambeson/internal/layer"
	"github.com/gambeson-go/gambeson/internal/memo"
	"github.com/gambeson-go/gambeson/internal/problem"
	"github.com/gambeson-go/gambeson/internal/respwrap"
	"github.com/gambeson-go/gambeson/redact"
)

// Middleware gives each request an id, recovers its panics and writes one record of it. Make it with [New].
type Middleware struct {
	cfg       Config
	red       *redact.Redactor
	handler   slog.Handler // redacting: what Logger hands out
	bare      slog.Handler // as given: for records that are redacted already
	ids       *ids
	reports   *reports
	texts     *memo.Memo // for handlers that are not of this package
	queries   *memo.Memo // apart: a query has rules that a text has not
	attrs     attrsPool
	hideIPs   bool
	takesIDs  bool         // the redactor would, by their names
	successes atomic.Int64 // for SampleEvery
}

// New checks cfg and makes a Middleware of it. All problems come at once, joined, each a [*ConfigError].
func New(cfg Config) (*Middleware, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	m := &Middleware{cfg: cfg.clone(), red: cfg.Redactor, ids: new(ids), texts: memo.New(), queries: memo.New(), reports: &reports{hook: cfg.OnError}}
	if m.red == nil {
		m.red = redact.Default()
	}
	m.hideIPs = m.red.Config().IPs
	if cfg.Logger == nil {
		m.handler = newHandler(os.Stderr, nil, m.red)
	} else {
		m.bare = cfg.Logger.Handler()
		m.handler = redacting(m.bare, m.red, cfg.Redactor != nil)
		m.takesIDs = cfg.Redactor != nil && takesIDs(m.red)
	}
	if own, ok := m.handler.(*handler); ok {
		m.bare = own
	}
	return m, nil
}

// redacting makes h redact if it does not yet. One that does keeps its own rules, unless red was chosen by the user:
// then those apply, too.
func redacting(h slog.Handler, red *redact.Redactor, chosen bool) slog.Handler {
	if own, ok := h.(*handler); ok {
		if chosen {
			return own.with(red)
		}
		return own
	}
	wrapped := red.Handler(h)
	if !chosen && reflect.TypeOf(h) == reflect.TypeOf(wrapped) {
		return h
	}
	return wrapped
}

// Config is a copy of what New was given.
func (m *Middleware) Config() Config {
	if m == nil {
		return Config{}
	}
	return m.cfg.clone()
}

// Dropped counts the events that OnError was not told of because too many waited.
func (m *Middleware) Dropped() int64 {
	if m == nil || m.reports == nil {
		return 0
	}
	return m.reports.count()
}

// Flush waits until OnError was told of all that happened so far, or ctx ends. Call it before the program exits.
func (m *Middleware) Flush(ctx context.Context) error {
	if m == nil || m.reports == nil {
		return nil
	}
	return m.reports.wait(ctx)
}

// Wrap puts the middleware around next. It belongs outside of everything whose answers should be seen, and inside of
// what must not be logged, such as probes. A request that passes the same Middleware twice is logged once.
func (m *Middleware) Wrap(next http.Handler) http.Handler {
	return layer.Wrap(m, next, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { m.serve(next, w, r) }
	})
}

// serve is the way of one request through the middleware. The context and the writer are the only things that it hands
// on; everything else happens in the deferred finish, so that a panic takes the same way out.
func (m *Middleware) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	if m == nil || m.ids == nil { // not made by New
		problem.Problem{Status: http.StatusInternalServerError}.Write(w)
		return
	}
	if outer := fromContext(r.Context()); outer != nil && outer.m == m {
		next.ServeHTTP(w, r)
		return
	}
	s := m.begin(r)
	inner := r.WithContext(s) // s is a context itself: this is the second and last allocation
	w = m.writer(s, w, r, inner)
	w.Header()[headerRequestID] = s.ids[:1:1] // now: the handler may send its header at any moment
	returned := false
	defer func() { m.finish(s, w, r, inner, recover(), returned) }()
	next.ServeHTTP(w, inner)
	returned = true
}

// writer decides which writer the handler gets. Directly inside of another layer's wrapper that one's state serves; only
// the capture of a body needs to stand between.
func (m *Middleware) writer(s *request, w http.ResponseWriter, r, inner *http.Request) http.ResponseWriter {
	if m.cfg.Body != nil {
		s.body = m.capture(r, inner)
	}
	wantsBody := s.body != nil && s.body.response != nil
	if outer, ok := respwrap.Of(w); ok && !wantsBody {
		s.res = outer
		return w
	}
	s.res = &s.own
	if wantsBody {
		s.own.SetFilter(s.body.response)
	}
	return s.own.Wrap(w, r)
}

// finish is deferred around the handler. It ends the request: it answers for a handler that panicked, writes the
// record, tells OnError, and aborts the connection where the answer was cut in the middle.
//
// A handler that neither panicked nor returned called runtime.Goexit. That goes on after this and makes net/http close
// the connection by itself; a panic would only take a test down whose t.FailNow it was.
func (m *Middleware) finish(s *request, w http.ResponseWriter, r, inner *http.Request, value any, returned bool) {
	layer.HandBack(r, inner)
	if value == nil && !returned {
		m.conclude(s, w, r, errGoexit, true)
		return
	}
	abort := value == http.ErrAbortHandler //nolint:errorlint // net/http compares it the same way
	cutOff := abort || value != nil && s.res.Written()
	if value != nil && !cutOff {
		w.Header()[headerRequestID] = s.ids[:1:1] // once more: a handler that resets its header takes it along
		problem.Problem{Status: http.StatusInternalServerError, RequestID: s.id}.Write(w)
	}
	m.conclude(s, w, r, value, cutOff)
	if cutOff { // ending the body properly would make half an answer look whole, to caches too
		panic(http.ErrAbortHandler)
	}
}

// conclude writes the record and reports the failure. Whatever goes wrong in it must not change the answer.
func (m *Middleware) conclude(s *request, w http.ResponseWriter, r *http.Request, value any, cutOff bool) {
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintln(os.Stderr, "logging: no record of request "+s.id+": "+m.panicText(v))
		}
	}()
	o := m.judge(s, w, r, value, cutOff)
	if m.keeps(s, &o) && m.bare.Enabled(s.Context, o.level) {
		m.record(s, w, r, &o)
	}
	if m.cfg.OnError != nil && (o.panicked || o.status >= 500) {
		// Not cancelled with the request, which is over before anybody looks at the event.
		m.reports.add(context.WithoutCancel(s), m.event(s, r, &o))
	}
}
