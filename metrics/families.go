package metrics

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// families are the metrics before their labels. Only the counter of requests has the exact code: a histogram is 17
// series, and the class of the status is enough to keep the fast failures out of the latency.
type families struct {
	requests     *prometheus.CounterVec
	duration     *prometheus.HistogramVec
	requestSize  *prometheus.HistogramVec // nil without Config.Sizes
	responseSize *prometheus.HistogramVec // nil without Config.Sizes
	panics       *prometheus.CounterVec
	aborted      *prometheus.CounterVec
	overflow     prometheus.Counter
}

func newFamilies(cfg Config) *families {
	buckets := cfg.Buckets
	if len(buckets) == 0 {
		buckets = defaultBuckets()
	}
	// The names and help texts are an interface: dashboards and alerts are written against them, and client_golang
	// refuses a second registration with other help.
	f := &families{
		requests: counters("http_requests_total", "HTTP requests answered, by method, route and status code.", "method", "route", "code"),
		duration: histograms("http_request_duration_seconds", "Time to answer an HTTP request, by method, route and class of status code.",
			buckets, cfg.NativeHistograms, "method", "route", "class"),
		panics:  counters("http_panics_total", "Requests whose handler panicked, by route.", "route"),
		aborted: counters("http_requests_aborted_total", "Requests that the client or the handler gave up, by route.", "route"),
		overflow: prometheus.NewCounter(prometheus.CounterOpts{Name: "http_metrics_label_overflow_total",
			Help: "Requests counted under the route overflow because there were too many label sets."}),
	}
	if cfg.Sizes {
		f.requestSize = histograms("http_request_size_bytes", "Size of HTTP request bodies, by route.", sizeBuckets(), cfg.NativeHistograms, "route")
		f.responseSize = histograms("http_response_size_bytes", "Size of HTTP response bodies, by route.", sizeBuckets(), cfg.NativeHistograms, "route")
	}
	return f
}

// defaultBuckets are those that OpenTelemetry's semantic conventions advise for http.server.request.duration.
func defaultBuckets() []float64 {
	return []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
}

// sizeBuckets go up by tens: whether a body has bytes, kilobytes or megabytes is what one asks.
func sizeBuckets() []float64 { return []float64{1e2, 1e3, 1e4, 1e5, 1e6, maxAnnounced} }

// counters is short for the one way that they are made here.
func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// histograms always have classic buckets. A native bucket ends at most 10 % above its start. Past 100 of them the native
// form starts anew if the last start is an hour ago, and widens its buckets otherwise: it cannot grow without end.
func histograms(name, help string, buckets []float64, native bool, labels ...string) *prometheus.HistogramVec {
	opts := prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}
	if native {
		opts.NativeHistogramBucketFactor = 1.1
		opts.NativeHistogramMaxBucketNumber = 100
		opts.NativeHistogramMinResetDuration = time.Hour
	}
	return prometheus.NewHistogramVec(opts, labels)
}

// registrar registers one thing after the other, and takes all back when one was refused: a New that failed leaves no
// trace in a registry that is not its own.
type registrar struct {
	to       prometheus.Registerer
	problems *conf.Problems
	taken    []prometheus.Collector
	failed   bool
}

func (g *registrar) add(name string, c prometheus.Collector) {
	if err := g.to.Register(c); err != nil {
		g.refused(name, err)
		return
	}
	g.taken = append(g.taken, c)
}

// refused notes why the registry did not take something: the very same thing is in it, or another one of that name with
// other labels or help.
func (g *registrar) refused(name string, err error) {
	g.failed = true
	reason := "does not take " + name + ": " + err.Error()
	if _, twice := errors.AsType[prometheus.AlreadyRegisteredError](err); twice {
		reason = "has " + name + " already"
	}
	g.problems.Add("Registry", nil, reason, "use one Middleware for all handlers, or give this one a registry of its own")
}

// rollback takes everything out again.
func (g *registrar) rollback() {
	for _, c := range g.taken {
		g.to.Unregister(c)
	}
}

// http registers the metrics of this package.
func (g *registrar) http(f *families, inFlight prometheus.Collector) {
	g.add("http_requests_total", f.requests)
	g.add("http_request_duration_seconds", f.duration)
	g.add("http_requests_in_flight", inFlight)
	if f.requestSize != nil {
		g.add("http_request_size_bytes", f.requestSize)
		g.add("http_response_size_bytes", f.responseSize)
	}
	g.add("http_panics_total", f.panics)
	g.add("http_requests_aborted_total", f.aborted)
	g.add("http_metrics_label_overflow_total", f.overflow)
}

// runtime registers what every process should show, in a registry that is our own.
func (g *registrar) runtime() {
	g.add("the Go collector", collectors.NewGoCollector())
	g.add("the process collector", collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	g.add("the build info collector", collectors.NewBuildInfoCollector())
}
