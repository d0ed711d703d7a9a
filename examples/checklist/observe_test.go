package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/health"
	"github.com/gambeson-go/gambeson/metrics"
	"github.com/gambeson-go/gambeson/ratelimit"
)

// scrape is the page that Prometheus reads.
func scrape(t *testing.T, m *metrics.Middleware) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("/metrics answers %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// hasLines wants each line on the page as it is, or, where it ends with a space, with some value.
func hasLines(t *testing.T, page string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(page, "\n"+line+"\n") && (!strings.HasSuffix(line, " ") || !strings.Contains(page, "\n"+line)) {
			t.Errorf("/metrics has no line %q", line)
		}
	}
}

func TestObserveHealth(t *testing.T) {
	down := false
	h, err := health.New(health.Config{
		Checks: []health.Check{
			{Name: "database", TTL: 1, FailureThreshold: 1, Func: func(context.Context) error {
				if down {
					return errors.New("down")
				}
				return nil
			}},
			{Name: "cache", Optional: true, Func: func(context.Context) error { return errors.New("never up") }},
		},
		ManualStart: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := metrics.New(metrics.Config{})
	if err != nil {
		t.Fatal(err)
	}
	limiter, err := ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{{Name: "client", Limit: 1, Burst: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	stack := gambeson.Stack{Health: h, Metrics: m, RateLimit: limiter}
	if err := observe(stack, newDecisions()); err != nil {
		t.Fatal(err)
	}

	page := scrape(t, m)
	hasLines(t, page, "health_ready 0")
	if strings.Contains(page, "health_check_up{") {
		t.Error("checks that never ran are shown as up or down")
	}
	h.Started()
	page = scrape(t, m)
	hasLines(t, page, "health_ready 1", `health_check_up{check="database"} 1`, `health_check_up{check="cache"} 0`,
		`health_check_duration_seconds{check="cache"} `, `health_check_last_success_timestamp_seconds{check="database"} `)
	if strings.Contains(page, `last_success_timestamp_seconds{check="cache"}`) {
		t.Error("a check that never passed has a time of its last pass")
	}
	down = true
	hasLines(t, scrape(t, m), "health_ready 0", `health_check_up{check="database"} 0`)
	down = false
	h.Drain()
	hasLines(t, scrape(t, m), "health_ready 0")

	if err := observe(stack, newDecisions()); err == nil {
		t.Error("the same names were registered twice")
	}
}

// The limiter's counters are there before the first request, and its outcomes come from the stack as it is served.
func TestObserveLimiter(t *testing.T) {
	cfg, problems := loadConfig(map[string]string{"RATE_LIMIT": "1", "RATE_BURST": "2"})
	stack := newStack(cfg, openStore(t), slog.New(slog.NewTextHandler(io.Discard, nil)), problems)
	handler, err := newService(stack, newStore("unused"), problems)
	if err := errors.Join(err, problems.err()); err != nil {
		t.Fatal(err)
	}
	hasLines(t, scrape(t, stack.Metrics), "ratelimit_evicted_total 0", "health_ready 1",
		`ratelimit_decisions_total{outcome="allowed",policy="client"} 0`, `ratelimit_decisions_total{outcome="denied",policy="credentials"} 0`)
	for range 5 {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	hasLines(t, scrape(t, stack.Metrics),
		`ratelimit_decisions_total{outcome="allowed",policy="client"} 2`, `ratelimit_decisions_total{outcome="denied",policy="client"} 3`)
}

// brokenStore is a store that is down.
type brokenStore struct{}

func (brokenStore) Take(context.Context, []ratelimit.Ask) ([]ratelimit.State, error) {
	return nil, errors.New("down")
}

func TestObserveStoreDown(t *testing.T) {
	d := newDecisions()
	limiter, err := ratelimit.New(ratelimit.Config{
		Policies:   []ratelimit.Policy{{Name: "credentials", Limit: 1, Burst: 1, FailClosed: true}},
		Store:      brokenStore{},
		OnDecision: d.note,
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := metrics.New(metrics.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Registry().Register(d); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	limiter.Wrap(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 503 {
		t.Fatalf("status %d", w.Code)
	}
	hasLines(t, scrape(t, m), `ratelimit_decisions_total{outcome="unavailable",policy="credentials"} 1`)
}
