package metrics

import (
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gambeson-go/gambeson/internal/problem"
)

const (
	maxScrapes    = 3                // at once: two Prometheus servers and a person
	scrapeTimeout = 10 * time.Second // Prometheus gives up after 10 s by default
)

// Handler is the page that Prometheus reads: text, OpenMetrics or protobuf, compressed where the client takes it. Wrap
// never serves it; mount it on a listener that strangers cannot reach, or set Config.Authorize, which refuses with 403.
//
// It answers GET and HEAD, others get 405. Three scrapes may run at once and each takes at most 10 s; beyond that it
// is 503. Nothing of it is cached. A collector that fails takes only its own metrics away, and is counted in
// promhttp_metric_handler_errors_total.
func (m *Middleware) Handler() http.Handler {
	if m == nil || m.page == nil {
		return http.HandlerFunc(unmade)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.cfg.Authorize != nil && !m.cfg.Authorize(r) {
			problem.Problem{Status: http.StatusForbidden}.Write(w)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			problem.Problem{Status: http.StatusMethodNotAllowed}.Write(w)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		m.page.ServeHTTP(w, r)
	})
}

// newPage is made once: the bound on scrapes holds for all that Handler returns. Scrapes that come together share one run
// of the collectors. A collector that hangs ends the scrape after the timeout but holds its place until it returns: at
// most three goroutines, then 503 at once. One that fails is left out; to answer 500 for it would blind every alert.
func newPage(registry *prometheus.Registry, g *registrar) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError,
		Registry:            quiet{g},
		EnableOpenMetrics:   true,
		CoalesceGather:      true,
		MaxRequestsInFlight: maxScrapes,
		Timeout:             scrapeTimeout,
	})
}

// quiet is what promhttp registers its error counter with. promhttp panics when that is refused; here it becomes a
// problem of New. A counter that another page put into the registry before is shared.
type quiet struct{ *registrar }

func (q quiet) Register(c prometheus.Collector) error {
	if err := q.to.Register(c); err != nil {
		if twice, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
			if _, ok := twice.ExistingCollector.(*prometheus.CounterVec); ok {
				return err
			}
		}
		q.refused("promhttp_metric_handler_errors_total", err)
		return nil
	}
	q.taken = append(q.taken, c)
	return nil
}

func (q quiet) MustRegister(cs ...prometheus.Collector) {
	for _, c := range cs {
		_ = q.Register(c) // what it refuses is in the problems
	}
}

func (q quiet) Unregister(c prometheus.Collector) bool { return q.to.Unregister(c) }
