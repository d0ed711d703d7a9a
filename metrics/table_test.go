package metrics_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gambeson-go/gambeson/metrics"
)

// routes is a mux with n routes /r0, /r1, …
func routes(n int) *http.ServeMux {
	mux := http.NewServeMux()
	for i := range n {
		mux.HandleFunc(fmt.Sprintf("GET /r%d", i), func(http.ResponseWriter, *http.Request) {})
	}
	return mux
}

const overflowSet = `{code="other",method="_OTHER",route="overflow"}`

func TestCapOnLabelSets(t *testing.T) {
	m := newMiddleware(t, metrics.Config{MaxSeries: 50, Sizes: true})
	h := m.Wrap(routes(200))
	for range 2 {
		for i := range 200 {
			serve(h, "GET", fmt.Sprintf("/r%d", i))
		}
	}
	all := series(t, m)
	sets := labelSets(all, "http_requests_total")
	if len(sets) != 51 || sum(sets) != 400 || sets[overflowSet] != 300 {
		t.Errorf("%d sets, %v requests, %v of them folded", len(sets), sum(sets), sets[overflowSet])
	}
	want(t, all, map[string]float64{
		`http_metrics_label_overflow_total`:                                                          300,
		`http_request_duration_seconds_count{class="other",method="_OTHER",route="overflow"}`:        300,
		`http_response_size_bytes_count{route="overflow"}`:                                           300,
		`http_requests_total{code="200",method="GET",route="/r49"}`:                                  2,
		`http_requests_total{code="200",method="GET",route="/r50"}`:                                  -1,
		`http_request_duration_seconds_bucket{class="2xx",method="GET",route="/r199",le="+Inf"}`:     -1,
		`http_request_duration_seconds_bucket{class="other",method="_OTHER",route="overflow",le=""}`: -1,
	})
}

// Sets count, not routes: methods and codes multiply.
func TestCapCountsMethodsAndCodes(t *testing.T) {
	m := newMiddleware(t, metrics.Config{MaxSeries: 3})
	h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = "/a"
		if r.URL.RawQuery == "fail" {
			panic("x")
		}
		w.WriteHeader(len(r.URL.Path) + 200)
	}))
	for _, method := range []string{"GET", "POST"} {
		for _, path := range []string{"/", "/a", "/", "/?fail"} {
			serve(h, method, path)
		}
	}
	all := series(t, m)
	sets := labelSets(all, "http_requests_total")
	if len(sets) != 4 || sum(sets) != 8 || sets[overflowSet] != 4 {
		t.Error(sets)
	}
	want(t, all, map[string]float64{`http_panics_total{route="/a"}`: 1, `http_panics_total{route="overflow"}`: 1, `http_metrics_label_overflow_total`: 4})
}

// A router that invents patterns fills neither the memory nor the page, even where they all have the same route.
func TestCapCountsPatterns(t *testing.T) {
	m := newMiddleware(t, metrics.Config{MaxSeries: 10})
	n := 0
	h := m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n++
		r.Pattern = fmt.Sprintf("M%d /same", n)
	}))
	for range 100 {
		serve(h, "GET", "/")
	}
	want(t, series(t, m), map[string]float64{
		`http_requests_total{code="200",method="GET",route="/same"}`: 40,
		`http_requests_total` + overflowSet:                          60,
	})
}

func TestLongPatternIsCut(t *testing.T) {
	m := newMiddleware(t, metrics.Config{})
	n := 0
	h := m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n++
		r.Pattern = "/" + strings.Repeat("a", 1022) + "ü" + strings.Repeat("a", n)
	}))
	serve(h, "GET", "/")
	serve(h, "GET", "/")
	want(t, series(t, m), map[string]float64{`http_requests_total{code="200",method="GET",route="/` + strings.Repeat("a", 1022) + "\uFFFD\"}": 2})
}

// Patterns that differ in the method are one route, and the same set is counted once.
func TestPatternsOfOneRoute(t *testing.T) {
	m := newMiddleware(t, metrics.Config{MaxSeries: 3})
	h := m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { r.Pattern = r.URL.Query().Get("p") }))
	for _, p := range []string{"GET+/x", "/x", "POST+/x"} {
		serve(h, "GET", "/?p="+p)
	}
	serve(h, "POST", "/?p=POST+/x")
	serve(h, "POST", "/?p=/y")
	want(t, series(t, m), map[string]float64{
		`http_requests_total{code="200",method="GET",route="/x"}`:  3,
		`http_requests_total{code="200",method="POST",route="/x"}`: 1,
		`http_requests_total{code="200",method="POST",route="/y"}`: 1,
		`http_metrics_label_overflow_total`:                        0,
	})
}

func TestFirstRequestsAtOnce(t *testing.T) {
	const workers, rounds, n = 8, 20, 40
	m := newMiddleware(t, metrics.Config{MaxSeries: 30, Sizes: true, TraceID: func(_ ctx) string { return "t" }})
	h := m.Wrap(routes(n))
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range rounds {
				for i := range n {
					h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", fmt.Sprintf("/r%d", i), nil))
				}
			}
		})
	}
	for range 5 {
		series(t, m)
	}
	wg.Wait()
	all := series(t, m)
	sets := labelSets(all, "http_requests_total")
	if len(sets) != 31 || sum(sets) != workers*rounds*n {
		t.Errorf("%d sets, %v requests", len(sets), sum(sets))
	}
	want(t, all, map[string]float64{
		`http_metrics_label_overflow_total`: sets[overflowSet],
		`http_requests_in_flight`:           0,
	})
	if sets[overflowSet] != workers*rounds*(n-30) {
		t.Errorf("%v folded", sets[overflowSet])
	}
}
