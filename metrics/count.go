package metrics

import (
	"context"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gambeson-go/gambeson/internal/respwrap"
)

// exchange is one request on its way. It stays on the stack.
type exchange struct {
	request    *http.Request
	response   *respwrap.Response
	body       *body // nil without Config.Sizes or without a body
	start      time.Time
	method     int
	methodName string
	returned   bool // the handler came back: no panic, no runtime.Goexit
	panicked   any
}

// outcome is the status to count and whether the request was given up.
func (e *exchange) outcome() (code int, aborted bool) {
	code = e.response.Status()
	gone := code == 0 && e.request.Context().Err() == context.Canceled
	switch {
	case e.panicked != nil && e.panicked != any(http.ErrAbortHandler):
		aborted = false
	case gone:
		return clientGone, true
	case !e.returned: // ErrAbortHandler, or runtime.Goexit, after which net/http closes the connection too
		aborted = true
	}
	if code == 0 {
		code = http.StatusOK // net/http sends it by itself
		if !e.returned {
			code = http.StatusInternalServerError
		}
	}
	return code, aborted
}

// count writes one request into the metrics.
func (m *Middleware) count(e *exchange) {
	took := time.Since(e.start)
	code, aborted := e.outcome()
	pattern := e.response.Pattern()
	if pattern == "" {
		pattern = e.request.Pattern
	}
	c := m.table.find(pattern, e.method, e.methodName, code)
	c.requests.Inc()
	if c == m.table.overflow.Load() {
		m.table.families.overflow.Inc()
	}
	if aborted {
		c.route.aborted.Inc()
	} else if e.panicked != nil {
		c.route.panics.Inc()
	}
	if e.response.Hijacked() || code == http.StatusSwitchingProtocols {
		return // hours of a WebSocket are no response time, and nobody counted its bytes
	}
	m.observe(c, e, took)
	if c.route.requestSize != nil {
		c.route.requestSize.Observe(float64(e.body.size(e.request.ContentLength)))
		c.route.responseSize.Observe(float64(e.response.Bytes()))
	}
}

// observe records the duration, with an exemplar where one is due.
func (m *Middleware) observe(c *cell, e *exchange, took time.Duration) {
	if m.cfg.TraceID != nil {
		now := int64(e.start.Sub(m.epoch)) + int64(took)
		last := c.exemplars.Load()
		if now-last >= int64(time.Second) {
			id := m.traceID(e.request.Context())
			if x, ok := c.duration.(prometheus.ExemplarObserver); ok && id != "" && c.exemplars.CompareAndSwap(last, now) {
				x.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": id})
				return
			}
		}
	}
	c.duration.Observe(took.Seconds())
}

// traceID asks the app for the trace. What client_golang would panic on comes back empty, and so does a func that
// panics itself: this runs after the handler, perhaps while the handler's own panic passes.
func (m *Middleware) traceID(ctx context.Context) (id string) {
	defer func() {
		if recover() != nil {
			id = ""
		}
	}()
	id = m.cfg.TraceID(ctx)
	if len(id) > maxTraceBytes || !utf8.ValidString(id) {
		return ""
	}
	return id
}
