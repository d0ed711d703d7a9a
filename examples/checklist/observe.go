package main

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/health"
	"github.com/gambeson-go/gambeson/ratelimit"
)

// What health and the limiter tell goes onto the same page as the requests. Neither knows of Prometheus: one is asked at
// each scrape, the other calls. ops/ has the alerts and panels over these names.

// observe registers both. A stack of which a layer is missing has its problem already.
func observe(stack gambeson.Stack, decisions decisions) error {
	if stack.Health == nil || stack.Metrics == nil || stack.RateLimit == nil {
		return nil
	}
	decisions.prepare(stack.RateLimit.Config().Policies)
	registry := stack.Metrics.Registry()
	var err error
	for _, c := range []prometheus.Collector{newHealthCollector(stack.Health), decisions.CounterVec, evictions(stack.RateLimit)} {
		err = errors.Join(err, registry.Register(c))
	}
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

// healthCollector asks the checks when Prometheus asks, so that a process which nobody probes shows them too. They keep
// their results: a scrape costs a run only where the last one is too old.
type healthCollector struct {
	health                          *health.Middleware
	up, duration, lastPass, isReady *prometheus.Desc
}

func newHealthCollector(h *health.Middleware) healthCollector {
	desc := prometheus.NewDesc
	check := []string{"check"}
	return healthCollector{
		health:   h,
		up:       desc("health_check_up", "Whether a health check passes.", check, nil),
		duration: desc("health_check_duration_seconds", "How long the last run of a health check took.", check, nil),
		lastPass: desc("health_check_last_success_timestamp_seconds", "When a health check last passed, in Unix time.", check, nil),
		isReady:  desc("health_ready", "Whether the instance takes traffic: what /readyz answers.", nil, nil),
	}
}

func (c healthCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.duration, c.lastPass, c.isReady} {
		to <- d
	}
}

func (c healthCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, check ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, check...)
	}
	for _, k := range c.health.Checks() {
		if k.Status == "" {
			continue // it never ran: neither up nor down
		}
		gauge(c.up, number(k.Status == health.Pass), k.Name)
		gauge(c.duration, k.Duration.Seconds(), k.Name)
		if !k.LastPass.IsZero() {
			gauge(c.lastPass, float64(k.LastPass.UnixMilli())/1000, k.Name)
		}
	}
	gauge(c.isReady, number(c.health.Ready()))
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// decisions counts what the limiter decided, by policy and outcome: never by key or address, of which there is no end.
type decisions struct{ *prometheus.CounterVec }

func newDecisions() decisions {
	return decisions{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ratelimit_decisions_total", Help: "Decisions of the limiter, by the policy that decided and the outcome.",
	}, []string{"policy", "outcome"})}
}

// prepare starts all counters at 0: increase() does not see the step from nothing to 1.
func (d decisions) prepare(policies []ratelimit.Policy) {
	for _, p := range policies {
		for _, outcome := range []string{"allowed", "denied", "unavailable"} {
			d.WithLabelValues(p.Name, outcome)
		}
	}
}

// note is for ratelimit.Config.OnDecision.
func (d decisions) note(_ *http.Request, decision ratelimit.Decision) {
	outcome := "denied"
	switch {
	case decision.Allowed:
		outcome = "allowed"
	case decision.Closed:
		outcome = "unavailable" // the store is down, and the policy fails closed: 503
	}
	d.WithLabelValues(decision.Policy, outcome).Inc()
}

// evictions is how often a client's bucket was forgotten before it was full: its next burst is larger than it should be.
func evictions(limiter *ratelimit.Middleware) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "ratelimit_evicted_total", Help: "Buckets given up before they were full, for lack of slots.",
	}, func() float64 { return float64(limiter.Stats().Evicted) })
}
