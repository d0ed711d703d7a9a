package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gambeson-go/gambeson/metrics"
)

// get sends requests to h, and show prints the lines of the page that start with a prefix.
func get(h http.Handler, paths ...string) {
	for _, path := range paths {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
}

func show(m *metrics.Middleware, prefix string) {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	lines := slices.Collect(strings.Lines(w.Body.String()))
	for _, line := range slices.DeleteFunc(lines, func(l string) bool { return !strings.HasPrefix(l, prefix) }) {
		fmt.Print(line)
	}
}

func Example() {
	m, err := metrics.New(metrics.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "an item") })

	app := m.Wrap(mux) // for the public listener; m.Handler() is for one of its own
	get(app, "/items/1", "/items/2", "/wp-login.php")
	show(m, "http_requests_total")
	// Output:
	// http_requests_total{code="200",method="GET",route="/items/{id}"} 2
	// http_requests_total{code="404",method="GET",route="unmatched"} 1
}

// Most authentication puts the user into a context, that is: copies the request. Route brings the pattern back out.
func ExampleMiddleware_Route() {
	m, err := metrics.New(metrics.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(http.ResponseWriter, *http.Request) {})

	type user struct{}
	auth := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), user{}, "ada")))
		})
	}
	get(m.Wrap(auth(mux)), "/orders/7")          // wrong
	get(m.Wrap(auth(m.Route(mux))), "/orders/7") // right
	show(m, "http_requests_total")
	// Output:
	// http_requests_total{code="200",method="GET",route="/orders/{id}"} 1
	// http_requests_total{code="200",method="GET",route="unmatched"} 1
}

// The app's own metrics go into the same registry. This is all that it takes to count what a limiter, a health check or
// any other part reports through a function: no part has to know of Prometheus.
func ExampleMiddleware_Registry() {
	m, err := metrics.New(metrics.Config{})
	if err != nil {
		log.Fatal(err)
	}
	decisions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ratelimit_decisions_total", Help: "Decisions of the limiter, by policy.",
	}, []string{"policy", "outcome"})
	if err := m.Registry().Register(decisions); err != nil {
		log.Fatal(err)
	}
	onDecision := func(policy, outcome string) { decisions.WithLabelValues(policy, outcome).Inc() }

	onDecision("per-address", "allowed")
	onDecision("login", "denied")
	show(m, "ratelimit_")
	// Output:
	// ratelimit_decisions_total{outcome="allowed",policy="per-address"} 1
	// ratelimit_decisions_total{outcome="denied",policy="login"} 1
}

// A configuration that cannot work does not start, and says everything at once.
func ExampleNew_wrong() {
	_, err := metrics.New(metrics.Config{
		Buckets:     []float64{0.5, 0.1},
		ConstLabels: map[string]string{"route": "/"},
	})
	fmt.Println(err)
	if e, ok := errors.AsType[*metrics.ConfigError](err); ok {
		fmt.Println(e.Field)
	}
	// Output:
	// metrics: Buckets[1] 0.1: bounds ascend, and the one before is 0.5; sort them and drop doubles
	// metrics: ConstLabels["route"]: a label that the metrics have themselves; choose another name
	// Buckets[1]
}
