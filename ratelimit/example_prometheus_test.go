package ratelimit_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// Decisions as a metric, by policy and outcome: never by key or address, of which there is no end. With package metrics
// the registry is that of its Registry method.
func ExampleConfig_onDecision() {
	decisions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ratelimit_decisions_total", Help: "Decisions of the limiter, by policy and outcome.",
	}, []string{"policy", "outcome"})
	limiter, err := ratelimit.New(ratelimit.Config{
		Policies: []ratelimit.Policy{{Name: "default", Limit: ratelimit.Per(2, time.Hour), Burst: 2}},
		OnDecision: func(_ *http.Request, d ratelimit.Decision) {
			outcome := "denied"
			switch {
			case d.Allowed:
				outcome = "allowed"
			case d.Closed: // the store is down, and the policy fails closed
				outcome = "unavailable"
			}
			decisions.WithLabelValues(d.Policy, outcome).Inc()
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	evicted := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "ratelimit_evicted_total", Help: "Buckets given up before they were full, for lack of slots.",
	}, func() float64 { return float64(limiter.Stats().Evicted) })
	registry := prometheus.NewRegistry()
	registry.MustRegister(decisions, evicted)

	h := limiter.Wrap(http.HandlerFunc(hello))
	for range 5 {
		call(h, "GET", "/")
	}
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	fmt.Print(w.Body)
	// Output:
	// # HELP ratelimit_decisions_total Decisions of the limiter, by policy and outcome.
	// # TYPE ratelimit_decisions_total counter
	// ratelimit_decisions_total{outcome="allowed",policy="default"} 2
	// ratelimit_decisions_total{outcome="denied",policy="default"} 3
	// # HELP ratelimit_evicted_total Buckets given up before they were full, for lack of slots.
	// # TYPE ratelimit_evicted_total counter
	// ratelimit_evicted_total 0
}
