package metrics

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gambeson-go/gambeson/internal/conf"
	"github.com/gambeson-go/gambeson/internal/layer"
	"github.com/gambeson-go/gambeson/internal/problem"
	"github.com/gambeson-go/gambeson/internal/respwrap"
)

// Middleware counts and times requests. Make it with [New]; one that was not answers 500. It may wrap any number of
// handlers, which then share the metrics, and is safe for concurrent use.
type Middleware struct {
	cfg      Config
	registry *prometheus.Registry
	table    *table
	page     http.Handler
	epoch    time.Time
	inFlight atomic.Int64
}

// New checks the configuration and registers the metrics. All problems come at once, each a *[ConfigError]; a registry
// that was given then holds none of the metrics, though it goes on to insist on the label names that it has seen, those
// of ConstLabels among them. It starts no goroutine.
func New(cfg Config) (*Middleware, error) {
	p := conf.For("metrics")
	cfg = cfg.clone()
	cfg.check(p)
	if err := p.Err(); err != nil {
		return nil, err // client_golang panics where buckets are wrong
	}
	m := &Middleware{cfg: cfg, registry: cfg.Registry, epoch: time.Now()}
	own := m.registry == nil
	if own {
		m.registry = prometheus.NewRegistry()
	}
	limit := cfg.MaxSeries
	if limit == 0 {
		limit = defaultMaxSeries
	}
	f := newFamilies(cfg)
	m.table = newTable(f, limit)

	// Constant labels are put on when the page is read, so that they cost a request nothing.
	g := &registrar{to: m.registry, problems: p}
	if len(cfg.ConstLabels) > 0 {
		g.to = prometheus.WrapRegistererWith(cfg.ConstLabels, m.registry)
	}
	if own {
		g.runtime()
	}
	g.http(f, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "http_requests_in_flight", Help: "HTTP requests being served now."},
		func() float64 { return float64(m.inFlight.Load()) }))
	m.page = newPage(m.registry, g)
	if g.failed {
		g.rollback()
		return nil, p.Err()
	}
	return m, nil
}

// Config is a copy of what New was given.
func (m *Middleware) Config() Config {
	if m == nil {
		return Config{}
	}
	return m.cfg.clone()
}

// Registry is where the metrics are registered, and the place for those of the app. It is nil on a Middleware that was
// not made by New.
func (m *Middleware) Registry() *prometheus.Registry {
	if m == nil {
		return nil
	}
	return m.registry
}

// Wrap counts what next answers. Everything that should be counted lies inside it: put it outside of whatever refuses
// requests, and inside of what recovers from panics.
func (m *Middleware) Wrap(next http.Handler) http.Handler {
	return layer.Wrap(m, next, m.around)
}

// Route goes beside the mux, inside all other layers: m.Wrap(auth(m.Route(mux))). It carries the pattern that the mux
// found past middlewares that copy the request, which would leave the route "unmatched". Without such a middleware it
// changes nothing.
func (m *Middleware) Route(mux http.Handler) http.Handler {
	if mux == nil {
		mux = http.NotFoundHandler()
	}
	return respwrap.Route(mux)
}

func (m *Middleware) around(next http.Handler) http.HandlerFunc {
	if m == nil || m.table == nil {
		return unmade
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if m.cfg.Skip != nil && m.cfg.Skip(r) {
			next.ServeHTTP(w, r)
			return
		}
		e := exchange{request: r, start: time.Now()}
		e.method, e.methodName = boundMethod(r.Method) // now: an override changes it below
		var outer bool
		if e.response, outer = respwrap.Of(w); !outer {
			e.response = new(respwrap.Response)
			w = e.response.Wrap(w, r)
		}
		if m.cfg.Sizes {
			e.body = watchBody(r)
		}
		// A defer, because the count must be right however next ends: by return, panic or runtime.Goexit.
		m.inFlight.Add(1)
		defer func() {
			if !e.returned {
				e.panicked = recover() // the value tells an abort from a panic; its frames stay on the stack
			}
			m.inFlight.Add(-1)
			m.count(&e)
			if e.panicked != nil {
				panic(e.panicked)
			}
		}()
		next.ServeHTTP(w, r)
		e.returned = true
	}
}

// unmade is the answer of a Middleware that New did not make: a missing metric would be found in the next outage.
func unmade(w http.ResponseWriter, _ *http.Request) {
	problem.Problem{Status: http.StatusInternalServerError}.Write(w)
}
