package metrics_test

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gambeson-go/gambeson/metrics"
)

func TestBadConfig(t *testing.T) {
	long := make([]float64, 101)
	for i := range long {
		long[i] = float64(i + 1)
	}
	tests := []struct {
		desc  string
		cfg   metrics.Config
		field string
	}{
		{"not ascending", metrics.Config{Buckets: []float64{1, 0.1}}, "Buckets[1]"},
		{"twice the same", metrics.Config{Buckets: []float64{0.1, 0.1}}, "Buckets[1]"},
		{"zero", metrics.Config{Buckets: []float64{0, 1}}, "Buckets[0]"},
		{"negative", metrics.Config{Buckets: []float64{-1}}, "Buckets[0]"},
		{"NaN", metrics.Config{Buckets: []float64{1, math.NaN()}}, "Buckets[1]"},
		{"infinite", metrics.Config{Buckets: []float64{1, math.Inf(1)}}, "Buckets[1]"},
		{"minus infinite", metrics.Config{Buckets: []float64{math.Inf(-1)}}, "Buckets[0]"},
		{"too many", metrics.Config{Buckets: long}, "Buckets"},
		{"negative cap", metrics.Config{MaxSeries: -1}, "MaxSeries"},
		{"endless cap", metrics.Config{MaxSeries: 100_001}, "MaxSeries"},
		{"own label", metrics.Config{ConstLabels: map[string]string{"route": "x"}}, `ConstLabels["route"]`},
		{"label of a histogram", metrics.Config{ConstLabels: map[string]string{"le": "x"}}, `ConstLabels["le"]`},
		{"label of go_info", metrics.Config{ConstLabels: map[string]string{"version": "1"}}, `ConstLabels["version"]`},
		{"no name", metrics.Config{ConstLabels: map[string]string{"": "x"}}, `ConstLabels[""]`},
		{"bad name", metrics.Config{ConstLabels: map[string]string{"a-b": "x"}}, `ConstLabels["a-b"]`},
		{"digit first", metrics.Config{ConstLabels: map[string]string{"1a": "x"}}, `ConstLabels["1a"]`},
		{"reserved", metrics.Config{ConstLabels: map[string]string{"__name__": "x"}}, `ConstLabels["__name__"]`},
		{"not UTF-8", metrics.Config{ConstLabels: map[string]string{"a": "\xff"}}, `ConstLabels["a"]`},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			m, err := metrics.New(tt.cfg)
			e, ok := errors.AsType[*metrics.ConfigError](err)
			if m != nil || !ok {
				t.Fatalf("%v, %v", m, err)
			}
			if e.Package != "metrics" || e.Field != tt.field || e.Reason == "" || e.Fix == "" {
				t.Errorf("%#v", e)
			}
			if n := len(err.(interface{ Unwrap() []error }).Unwrap()); n != 1 {
				t.Errorf("%d problems: %v", n, err)
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := metrics.New(metrics.Config{Buckets: []float64{0, 2, 1}, MaxSeries: -1, ConstLabels: map[string]string{"code": "x", "-": "x"}})
	if err == nil || strings.Count(err.Error(), "\n") != 4 {
		t.Error(err)
	}
}

func TestGoodConfig(t *testing.T) {
	for _, cfg := range []metrics.Config{
		{},
		{Buckets: []float64{}},
		{Buckets: prometheus.DefBuckets, MaxSeries: 1},
		{MaxSeries: 100_000, NativeHistograms: true, Sizes: true},
		{ConstLabels: map[string]string{"service": "a", "_x": "ü", "aZ_09": "", "Az": "1"}},
		{Registry: prometheus.NewRegistry(), ConstLabels: map[string]string{"version": "1"}},
	} {
		if _, err := metrics.New(cfg); err != nil {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

func TestConfigIsCopied(t *testing.T) {
	cfg := metrics.Config{Buckets: []float64{1, 2}, ConstLabels: map[string]string{"a": "b"}, MaxSeries: 7}
	m := newMiddleware(t, cfg)
	cfg.Buckets[0], cfg.ConstLabels["a"] = 9, "c"
	got := m.Config()
	if got.Buckets[0] != 1 || got.ConstLabels["a"] != "b" || got.MaxSeries != 7 {
		t.Errorf("%+v", got)
	}
	got.Buckets[1], got.ConstLabels["a"] = 9, "c"
	if again := m.Config(); again.Buckets[1] != 2 || again.ConstLabels["a"] != "b" {
		t.Errorf("%+v", again)
	}
}

// A clash is an error of New, whatever it is with, and leaves the registry as it was.
func TestRegistryClash(t *testing.T) {
	counter := func(name string) prometheus.Collector {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: "of the app"})
	}
	for _, name := range []string{
		"http_requests_total", "http_request_duration_seconds", "http_requests_in_flight", "http_request_size_bytes",
		"http_response_size_bytes", "http_panics_total", "http_requests_aborted_total", "http_metrics_label_overflow_total",
		"promhttp_metric_handler_errors_total",
	} {
		t.Run(name, func(t *testing.T) {
			reg := prometheus.NewRegistry()
			reg.MustRegister(counter(name))
			m, err := metrics.New(metrics.Config{Registry: reg, Sizes: true})
			e, ok := errors.AsType[*metrics.ConfigError](err)
			if m != nil || !ok || e.Field != "Registry" || !strings.Contains(e.Reason, name) || e.Fix == "" {
				t.Fatalf("%v, %v", m, err)
			}
			if got := names(t, reg); !slices.Equal(got, []string{name}) {
				t.Errorf("left behind: %v", got)
			}
		})
	}
}

func names(t *testing.T, reg prometheus.Gatherer) []string {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, f := range families {
		all[f.GetName()] = true
	}
	return slices.Sorted(maps.Keys(all))
}

func TestSecondOnOneRegistry(t *testing.T) {
	reg := prometheus.NewRegistry()
	first := newMiddleware(t, metrics.Config{Registry: reg})
	if _, err := metrics.New(metrics.Config{Registry: reg}); err == nil {
		t.Error("a second one was taken")
	} else if !strings.Contains(err.Error(), "has http_requests_total already; use one Middleware") {
		t.Error(err)
	}
	// Labels of its own would not help it beside one that has none, so the error must not advise them.
	_, err := metrics.New(metrics.Config{Registry: reg, ConstLabels: map[string]string{"listener": "admin"}})
	if e, ok := errors.AsType[*metrics.ConfigError](err); !ok || strings.Contains(e.Fix, "ConstLabels") {
		t.Error(err)
	}
	serve(first.Wrap(app()), "GET", "/items/1") // and the first works as before
	want(t, series(t, first), map[string]float64{`http_requests_total{code="200",method="GET",route="/items/{id}"}`: 1})

	reg = prometheus.NewRegistry()
	a := newMiddleware(t, metrics.Config{Registry: reg, ConstLabels: map[string]string{"listener": "public"}})
	b := newMiddleware(t, metrics.Config{Registry: reg, ConstLabels: map[string]string{"listener": "admin"}})
	serve(a.Wrap(app()), "GET", "/items/1")
	serve(b.Wrap(app()), "GET", "/items/1")
	want(t, series(t, a), map[string]float64{
		`http_requests_total{code="200",listener="public",method="GET",route="/items/{id}"}`: 1,
		`http_requests_total{code="200",listener="admin",method="GET",route="/items/{id}"}`:  1,
	})
}

// An app that has a page of promhttp already shares its error counter.
func TestSharesTheCounterOfAnotherPage(t *testing.T) {
	reg := prometheus.NewRegistry()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{Registry: reg})
	newMiddleware(t, metrics.Config{Registry: reg})
}

func TestGivenRegistryGetsNothingElse(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	m := newMiddleware(t, metrics.Config{Registry: reg, Sizes: true, NativeHistograms: true})
	if m.Registry() != reg {
		t.Error("another registry")
	}
	for _, path := range []string{"/items/1", "/panic", "/abort", "/none"} {
		serve(m.Wrap(app()), "GET", path)
	}
	for _, name := range names(t, reg) {
		if !strings.HasPrefix(name, "http_") && !strings.HasPrefix(name, "promhttp_") {
			t.Error(name)
		}
	}
	own := newMiddleware(t, metrics.Config{})
	for _, name := range []string{"go_goroutines", "process_start_time_seconds", "go_build_info"} {
		if !slices.Contains(names(t, own.Registry()), name) {
			t.Errorf("the own registry lacks %s", name)
		}
	}
}
