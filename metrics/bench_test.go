package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gambeson-go/gambeson/internal/respwrap"
	"github.com/gambeson-go/gambeson/metrics"
)

// The budget: one allocation of one's own, none inside a layer that has wrapped the writer.
func TestAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	mux := app()
	base := allocs(mux)
	tests := []struct {
		desc string
		cfg  metrics.Config
		h    func(*metrics.Middleware) http.Handler
		over float64
	}{
		{"alone", metrics.Config{}, func(m *metrics.Middleware) http.Handler { return m.Wrap(mux) }, 1},
		{"sizes", metrics.Config{Sizes: true}, func(m *metrics.Middleware) http.Handler { return m.Wrap(mux) }, 1},
		{"Route", metrics.Config{}, func(m *metrics.Middleware) http.Handler { return m.Wrap(m.Route(mux)) }, 1},
		{"no trace", metrics.Config{TraceID: func(ctx) string { return "" }}, func(m *metrics.Middleware) http.Handler { return m.Wrap(mux) }, 1},
		{"const labels", metrics.Config{ConstLabels: map[string]string{"a": "b"}}, func(m *metrics.Middleware) http.Handler { return m.Wrap(mux) }, 1},
		{"folded", metrics.Config{MaxSeries: 1}, func(m *metrics.Middleware) http.Handler {
			serve(m.Wrap(mux), "GET", "/empty")
			return m.Wrap(mux)
		}, 1},
	}
	for _, tt := range tests {
		if over := allocs(tt.h(newMiddleware(t, tt.cfg))) - base; over != tt.over {
			t.Errorf("%s: %v allocations over the mux, want %v", tt.desc, over, tt.over)
		}
	}

	h := newMiddleware(t, metrics.Config{Sizes: true}).Wrap(mux)
	r := httptest.NewRequest("GET", "/items/1", nil)
	var outer respwrap.Response
	w := outer.Wrap(&reused{header: http.Header{}}, r)
	if over := testing.AllocsPerRun(500, func() { h.ServeHTTP(w, r) }) - base; over != 0 {
		t.Errorf("inside another layer: %v allocations over the mux, want 0", over)
	}
}

// promhttpChain is the same set of metrics by the five instruments of promhttp.
func promhttpChain(reg *prometheus.Registry, next http.Handler) http.Handler {
	labels := []string{"code", "method"}
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total"}, labels)
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "duration_seconds"}, labels)
	in := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "request_bytes"}, labels)
	out := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "response_bytes"}, labels)
	inFlight := prometheus.NewGauge(prometheus.GaugeOpts{Name: "in_flight"})
	reg.MustRegister(requests, duration, in, out, inFlight)
	h := promhttp.InstrumentHandlerResponseSize(out, next)
	h = promhttp.InstrumentHandlerRequestSize(in, h)
	h = promhttp.InstrumentHandlerCounter(requests, h)
	h = promhttp.InstrumentHandlerDuration(duration, h)
	return promhttp.InstrumentHandlerInFlight(inFlight, h)
}

// BenchmarkRequest is one request through a mux: bare, with promhttp's chain of five, and with this package.
func BenchmarkRequest(b *testing.B) {
	mux := app()
	chains := []struct {
		name string
		h    http.Handler
	}{
		{"mux", mux},
		{"promhttp", promhttpChain(prometheus.NewRegistry(), mux)},
		{"default", newMiddleware(b, metrics.Config{}).Wrap(mux)},
		{"sizes", newMiddleware(b, metrics.Config{Sizes: true}).Wrap(mux)},
		{"all", newMiddleware(b, metrics.Config{Sizes: true, NativeHistograms: true, TraceID: func(ctx) string { return traceID }}).Wrap(mux)},
		{"Route", func() http.Handler {
			m := newMiddleware(b, metrics.Config{})
			return m.Wrap(m.Route(mux))
		}()},
	}
	for _, c := range chains {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			serve := oneRequest(c.h)
			for b.Loop() {
				serve()
			}
		})
		b.Run(c.name+"/parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				serve := oneRequest(c.h)
				for pb.Next() {
					serve()
				}
			})
		})
	}
	b.Run("inside another layer", func(b *testing.B) {
		b.ReportAllocs()
		h := newMiddleware(b, metrics.Config{}).Wrap(mux)
		r := httptest.NewRequest("GET", "/items/1", nil)
		var outer respwrap.Response
		w := outer.Wrap(&reused{header: http.Header{}}, r)
		for b.Loop() {
			h.ServeHTTP(w, r)
		}
	})
}

// BenchmarkScrape is a page of 1,000 label sets.
func BenchmarkScrape(b *testing.B) {
	m := newMiddleware(b, metrics.Config{})
	h := m.Wrap(routes(1000))
	for i := range 1000 {
		serve(h, "GET", "/r"+strconv.Itoa(i))
	}
	b.ReportAllocs()
	for b.Loop() {
		serve(m.Handler(), "GET", "/metrics")
	}
}
