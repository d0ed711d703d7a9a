package health

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gambeson-go/gambeson/internal/layer"
)

// Status is how a check, or the whole service, is. The empty Status is that of a check which never ran.
type Status string

// The names are those of draft-inadarei-api-health-check-06, section 3.1.
const (
	Pass Status = "pass"
	Warn Status = "warn" // of the whole, where only optional checks fail; a check itself passes or fails
	Fail Status = "fail"
)

// Middleware answers probes and passes everything else on. Make it with [New]; it is safe for concurrent use. One that
// was not made by New answers 503 on the default paths.
type Middleware struct {
	cfg, set Config // as given, and with defaults

	live, ready, startup, health endpoint

	routes   []route
	checks   []*check
	epoch    time.Time     // results count their time from here: an int64 is cheaper to compare than a time.Time
	gen      atomic.Uint64 // grows after whatever changes an answer, so that a kept page knows when it is old
	started  atomic.Bool
	drained  atomic.Bool   // what draining tells, for the hot path
	draining chan struct{} // closed by Drain; nil in a Middleware that New did not make

	mu        sync.Mutex
	drainedAt time.Time
	tracked   int
	untracked chan struct{} // closed when tracked falls to 0; nil while nobody waits
	servers   map[*http.Server]*server
}

// route is the path of an endpoint that has one.
type route struct {
	path string
	*endpoint
}

// New checks cfg and makes a Middleware. It reports all problems at once, each a [*ConfigError]. No check runs yet.
func New(cfg Config) (*Middleware, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	m := &Middleware{cfg: cfg.clone(), set: cfg.withDefaults(), epoch: time.Now(), draining: make(chan struct{}), servers: make(map[*http.Server]*server)}
	for _, k := range m.set.Checks {
		c := &check{Check: k, epoch: m.epoch, onChange: cfg.OnChange, changed: func() { m.gen.Add(1) }}
		m.checks = append(m.checks, c)
		if k.Live {
			m.live.checks = append(m.live.checks, c)
		}
		if !k.Optional {
			m.ready.checks = append(m.ready.checks, c)
		}
	}
	m.health.checks = m.checks
	m.health.names = true
	// A worker that did not start yet, or was told to stop, is no reason to kill the process.
	m.live.unlessUp = Pass
	m.ready.unlessUp, m.health.unlessUp = Fail, Fail
	for _, to := range []route{
		{m.set.Paths.Ready, &m.ready}, {m.set.Paths.Live, &m.live}, {m.set.Paths.Health, &m.health}, {m.set.Paths.Startup, &m.startup},
	} {
		if to.path != "-" {
			m.routes = append(m.routes, to)
		}
	}
	m.started.Store(!cfg.ManualStart)
	return m, nil
}

// made says whether m comes from New.
func (m *Middleware) made() bool { return m != nil && m.draining != nil }

// Config is a copy of what New was given.
func (m *Middleware) Config() Config {
	if m == nil {
		return Config{}
	}
	return m.cfg.clone()
}

// Wrap answers the four paths and hands everything else to next, with the very same writer and request. It belongs
// outermost: a probe that is logged, limited, redirected or asked for a password takes the instance out of service.
// While draining it sets Connection: close on every response, so that clients let go of their connections one by one. A
// nil next answers 404.
func (m *Middleware) Wrap(next http.Handler) http.Handler {
	return layer.Wrap(m, next, func(next http.Handler) http.HandlerFunc {
		if !m.made() {
			return unmade(next)
		}
		routes := m.routes
		return func(w http.ResponseWriter, r *http.Request) {
			if m.drained.Load() {
				letGo(w, r)
			}
			for i := range routes {
				if routes[i].path == r.URL.Path {
					m.answer(routes[i].endpoint, w, r)
					return
				}
			}
			next.ServeHTTP(w, r)
		}
	})
}

// Handler answers the four paths and 404 to all others, for a mux or a listener of its own.
func (m *Middleware) Handler() http.Handler { return m.Wrap(nil) }

// letGo makes net/http close an HTTP/1 connection after this response, and send GOAWAY on an HTTP/2 one. Clients and load
// balancers then move to another instance one by one. http.Server.SetKeepAlivesEnabled(false) would close the idle
// connections at once, some of them just as the balancer sends its next request. A WebSocket needs the Connection header
// for itself.
func letGo(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Connection", "close")
	}
}

// unmade is the Middleware that did not come from New: it knows nothing, so it fails, and that a deploy cannot overlook.
// The app is not its business.
func unmade(next http.Handler) http.HandlerFunc {
	p := Paths{}.withDefaults()
	page := render(view{status: Fail}, false, false)
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case p.Live, p.Ready, p.Startup, p.Health:
			page.send(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	}
}
