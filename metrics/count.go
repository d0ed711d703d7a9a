package metrics

import (
	"context"
	"errors"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gambeson-go/gambeson/internal/respwrap"
)

// exchange is one request on its way. It stays on the stack: nothing here may keep a pointer to it.
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

// ending is how a request came out.
type ending struct {
	code     int
	aborted  bool // given up, by the client or on purpose
	panicked bool
}

// end judges a request as package logging does, so that log and metrics tell the same story:
//
//   - What was sent is what counts, whatever came after it.
//   - A client that went away before it was sent makes 499 of everything. Nobody got the 500 that a handler then writes
//     for its canceled query, and an impatient crawler must not spend the error budget.
//   - A panic is a bug, and is counted even where its client did not see it. It is none where it is the way out that
//     net/http offers, or the cancellation itself, passed on as a panic.
func (e *exchange) end() ending {
	code := e.response.Status()
	gone := e.response.Unheard() || code == 0 && respwrap.Gone(e.request)
	err, _ := e.panicked.(error)
	deliberate := err == http.ErrAbortHandler || //nolint:errorlint // as net/http compares it
		gone && errors.Is(err, context.Canceled)
	end := ending{code: code, panicked: e.panicked != nil && !deliberate}
	switch {
	case gone:
		end.code = clientGone
	case code == 0 && e.returned:
		end.code = http.StatusOK // net/http sends it by itself
	case code == 0:
		end.code = http.StatusInternalServerError
	}
	end.aborted = !end.panicked && (gone || !e.returned) // runtime.Goexit closes the connection too
	return end
}

// count writes one request into the metrics.
func (m *Middleware) count(e *exchange) {
	took := time.Since(e.start)
	end := e.end()
	pattern := e.response.Pattern()
	if pattern == "" {
		pattern = e.request.Pattern
	}
	c := m.table.find(pattern, e.method, e.methodName, end.code)
	c.requests.Inc() // every request is in exactly one set, so that their sum is right whatever was folded
	if c == m.table.overflow.Load() {
		m.table.families.overflow.Inc()
	}
	if end.aborted {
		c.route.aborted.Inc()
	}
	if end.panicked {
		c.route.panics.Inc()
	}
	if e.response.Hijacked() || end.code == http.StatusSwitchingProtocols {
		return // hours of a WebSocket are no response time, and nobody counted its bytes
	}
	m.observe(c, e, took)
	if c.route.requestSize != nil {
		c.route.requestSize.Observe(float64(e.body.size(e.request.ContentLength)))
		c.route.responseSize.Observe(float64(e.response.Bytes()))
	}
}

// observe records the duration, with an exemplar where one is due. An exemplar costs nine allocations, and the page
// shows the last one of each bucket: one a second is plenty.
func (m *Middleware) observe(c *cell, e *exchange, took time.Duration) {
	if m.cfg.TraceID != nil {
		now := int64(e.start.Sub(m.epoch)) + int64(took)
		last := c.exemplars.Load()
		if now-last >= int64(time.Second) {
			id := m.traceID(e.request.Context())
			// Two requests at once may both find it due; one of them wins. A request without a trace uses nothing up.
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
