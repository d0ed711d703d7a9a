package metrics_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/gambeson-go/gambeson/metrics"
)

// TestVectors runs the acceptance cases of testdata/cases.json. What a case says in numbers is read from there.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			ID     string
			Expect map[string]any
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	tests := vectors()
	for _, c := range file.Cases {
		if c.ID == "prometheus-scrape" { // TestOpsLive of the module tests judges it, with a real Prometheus
			continue
		}
		run := tests[c.ID]
		delete(tests, c.ID)
		t.Run(c.ID, func(t *testing.T) {
			if run == nil {
				t.Fatal("no test for this case")
			}
			run(t, c.Expect)
		})
	}
	for id := range tests {
		t.Errorf("no such case: %s", id)
	}
}

type expect = map[string]any

func vectors() map[string]func(*testing.T, expect) {
	return map[string]func(*testing.T, expect){
		"invalid-utf8-path": func(t *testing.T, e expect) {
			srv := server(t, newMiddleware(t, metrics.Config{}).Wrap(app()))
			for range 2 { // the second one only works where the connection was kept, or is a new one
				res, err := srv.Client().Get(srv.URL + "/%ff%fe")
				if err != nil || float64(res.StatusCode) != e["status"] || res.Close {
					t.Error(res, err)
				}
			}
		},
		"panic-counted-500": func(t *testing.T, _ expect) {
			m := newMiddleware(t, metrics.Config{})
			if _, p := serve(m.Wrap(app()), "GET", "/panic"); p != errBoom {
				t.Error("panicked with", p)
			}
			want(t, series(t, m), map[string]float64{
				`http_requests_total{code="500",method="GET",route="/panic"}`: 1,
				`http_panics_total{route="/panic"}`:                           1,
				`http_requests_in_flight`:                                     0,
			})
		},
		"double-writeheader": func(t *testing.T, e expect) {
			m := newMiddleware(t, metrics.Config{})
			srv := server(t, m.Wrap(app()))
			if _, err := srv.Client().Get(srv.URL + "/double"); err != nil {
				t.Fatal(err)
			}
			srv.Close()
			want(t, series(t, m), map[string]float64{fmt.Sprintf(`http_requests_total{code="%v",method="GET",route="/double"}`, e["code"]): 1})
		},
		"in-flight": func(t *testing.T, e expect) {
			synctest.Test(t, func(t *testing.T) {
				m := newMiddleware(t, metrics.Config{})
				h := m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) }))
				for range 10 {
					go serve(h, "GET", "/slow")
				}
				synctest.Wait()
				want(t, series(t, m), map[string]float64{"http_requests_in_flight": e["during"].(float64)})
				time.Sleep(2 * time.Second)
				want(t, series(t, m), map[string]float64{"http_requests_in_flight": e["after"].(float64)})
			})
		},
		"in-flight-after-panic": func(t *testing.T, e expect) {
			m := newMiddleware(t, metrics.Config{})
			for range 100 {
				serve(m.Wrap(app()), "GET", "/panic")
			}
			want(t, series(t, m), map[string]float64{"http_requests_in_flight": e["after"].(float64), `http_panics_total{route="/panic"}`: 100})
		},
		"duration-seconds": func(t *testing.T, _ expect) {
			synctest.Test(t, func(t *testing.T) {
				m := newMiddleware(t, metrics.Config{})
				serve(m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(120 * time.Millisecond) })), "GET", "/")
				const labels = `class="2xx",method="GET",route="unmatched"`
				want(t, series(t, m), map[string]float64{
					`http_request_duration_seconds_sum{` + labels + `}`:              0.12,
					`http_request_duration_seconds_bucket{` + labels + `,le="0.1"}`:  0,
					`http_request_duration_seconds_bucket{` + labels + `,le="+Inf"}`: 1,
				})
			})
		},
		"default-buckets": func(t *testing.T, e expect) {
			m := newMiddleware(t, metrics.Config{})
			serve(m.Wrap(app()), "GET", "/items/1")
			all := series(t, m)
			if n := len(labelSets(all, "http_request_duration_seconds_bucket")); n != len(e["le"].([]any)) {
				t.Errorf("%d buckets", n)
			}
			for _, le := range e["le"].([]any) {
				name := fmt.Sprintf(`http_request_duration_seconds_bucket{class="2xx",method="GET",route="/items/{id}",le="%v"}`, le)
				if _, ok := all[name]; !ok {
					t.Error("no", name)
				}
			}
		},
		"bad-buckets-error": func(t *testing.T, _ expect) {
			if _, err := metrics.New(metrics.Config{Buckets: []float64{1, 0.1}}); err == nil {
				t.Error("taken")
			}
		},
		"pattern-through-withcontext": func(t *testing.T, e expect) {
			m := newMiddleware(t, metrics.Config{})
			serve(m.Wrap(copying(m.Route(app()))), "GET", "/items/1")
			serve(m.Wrap(copying(app())), "GET", "/items/1")
			want(t, series(t, m), map[string]float64{
				fmt.Sprintf(`http_requests_total{code="200",method="GET",route="%v"}`, e["route"].([]any)[0]): 1,
				`http_requests_total{code="200",method="GET",route="unmatched"}`:                              1,
			})
		},
		"nested-mux": func(t *testing.T, e expect) {
			m := newMiddleware(t, metrics.Config{})
			inner, outer := http.NewServeMux(), http.NewServeMux()
			inner.HandleFunc("GET /v1/users/{id}", func(http.ResponseWriter, *http.Request) {})
			outer.Handle("/v1/", inner)
			serve(m.Wrap(outer), "GET", "/v1/users/7")
			want(t, series(t, m), map[string]float64{fmt.Sprintf(`http_requests_total{code="200",method="GET",route="%v"}`, e["route"]): 1})
		},
		"label-cap": func(t *testing.T, e expect) {
			m := newMiddleware(t, metrics.Config{MaxSeries: 50})
			h := m.Wrap(routes(200))
			for i := range 200 {
				serve(h, "GET", fmt.Sprintf("/r%d", i))
			}
			all := series(t, m)
			sets := labelSets(all, "http_requests_total")
			if float64(len(sets)) > e["label_sets_max"].(float64) || sum(sets) != e["sum_of_requests"] {
				t.Errorf("%d sets, %v requests", len(sets), sum(sets))
			}
			want(t, all, map[string]float64{"http_metrics_label_overflow_total": e["overflow_counter"].(float64)})
		},
		"children-zero-alloc": func(t *testing.T, e expect) {
			if raceDetector {
				t.Skip("the race detector allocates")
			}
			mux := app()
			wrapped := newMiddleware(t, metrics.Config{}).Wrap(mux)
			if n := allocs(wrapped) - allocs(mux); n > e["allocs_per_op_max"].(float64) {
				t.Errorf("%v allocations over the mux", n)
			}
			if n := bytesPerOp(wrapped) - bytesPerOp(mux); n > e["bytes_per_op_max"].(float64) {
				t.Errorf("%v B over the mux", n)
			}
		},
		"own-registry-default": func(t *testing.T, _ expect) {
			newMiddleware(t, metrics.Config{})
			newMiddleware(t, metrics.Config{})
		},
		"shared-registry-twice": func(t *testing.T, _ expect) {
			reg := prometheus.NewRegistry()
			newMiddleware(t, metrics.Config{Registry: reg})
			if _, err := metrics.New(metrics.Config{Registry: reg}); err == nil {
				t.Error("no error, and nothing shared")
			}
		},
		"default-registry-untouched": func(t *testing.T, _ expect) {
			serve(newMiddleware(t, metrics.Config{}).Wrap(app()), "GET", "/items/1")
			for _, name := range names(t, prometheus.DefaultGatherer) {
				if strings.HasPrefix(name, "http_") {
					t.Error(name)
				}
			}
		},
		"const-labels": func(t *testing.T, e expect) {
			m := newMiddleware(t, metrics.Config{ConstLabels: map[string]string{"service": "a"}, Sizes: true})
			serve(m.Wrap(app()), "GET", "/items/1")
			for name := range series(t, m) {
				if !strings.Contains(name, "service=\"a\"") {
					t.Error(name)
				}
			}
		},
		"metrics-get": func(t *testing.T, e expect) {
			w := scrape(newMiddleware(t, metrics.Config{}).Handler(), "GET")
			if float64(w.Code) != e["status"] || !strings.HasPrefix(w.Header().Get("Content-Type"), e["content_type_prefix"].(string)) {
				t.Error(w.Code, w.Header())
			}
		},
		"metrics-gzip": func(t *testing.T, e expect) {
			h := scrape(newMiddleware(t, metrics.Config{}).Handler(), "GET", "Accept-Encoding", "gzip").Header()
			if h.Get("Content-Encoding") != e["content_encoding"] || !strings.Contains(strings.Join(h["Vary"], ","), e["vary_contains"].(string)) {
				t.Error(h)
			}
		},
		"metrics-not-on-wrap": func(t *testing.T, _ expect) {
			if w, _ := serve(newMiddleware(t, metrics.Config{}).Wrap(app()), "GET", "/metrics"); w.Code != 404 {
				t.Error(w.Code)
			}
		},
		"scrape-not-counted": func(t *testing.T, _ expect) {
			m := newMiddleware(t, metrics.Config{Skip: func(r *http.Request) bool { return r.URL.Path == "/metrics" || r.URL.Path == "/livez" }})
			mux := app()
			mux.Handle("/metrics", m.Handler())
			mux.HandleFunc("/livez", func(http.ResponseWriter, *http.Request) {})
			for range 10 {
				serve(m.Wrap(mux), "GET", "/metrics")
				serve(m.Wrap(mux), "GET", "/livez")
			}
			if sets := labelSets(series(t, m), "http_requests_total"); len(sets) != 0 {
				t.Error(sets)
			}
		},
		"skip-func": func(t *testing.T, e expect) {
			m := newMiddleware(t, metrics.Config{Skip: func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/static/") }})
			mux := app()
			mux.HandleFunc("/static/", func(http.ResponseWriter, *http.Request) {})
			if w, _ := serve(m.Wrap(mux), "GET", "/static/a"); float64(w.Code) != e["served"] {
				t.Error(w.Code)
			}
			if n := sum(labelSets(series(t, m), "http_requests_total")); n != e["counted"] {
				t.Error(n)
			}
		},
		"exemplar": func(t *testing.T, e expect) {
			m := newMiddleware(t, metrics.Config{TraceID: func(ctx) string { return traceID }})
			serve(m.Wrap(app()), "GET", "/items/1")
			page := scrape(m.Handler(), "GET", "Accept", openMetrics).Body.String()
			for line := range strings.Lines(page) {
				if strings.HasPrefix(line, "http_request_duration_seconds_bucket") && strings.Contains(line, e["bucket_line_contains"].(string)) {
					return
				}
			}
			t.Error(page)
		},
		"native-off-by-default": func(t *testing.T, _ expect) {
			m := newMiddleware(t, metrics.Config{})
			serve(m.Wrap(app()), "GET", "/items/1")
			families, err := m.Registry().Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range families {
				if h := f.GetMetric()[0].GetHistogram(); h != nil && strings.HasPrefix(f.GetName(), "http_") && len(h.GetPositiveSpan()) != 0 {
					t.Error(f)
				}
			}
		},
		"promtool-lint": func(t *testing.T, _ expect) {
			m := newMiddleware(t, metrics.Config{Sizes: true})
			for _, path := range []string{"/items/1", "/panic", "/abort", "/none"} {
				serve(m.Wrap(app()), "GET", path)
			}
			page := scrape(m.Handler(), "GET").Body // promtool check metrics runs the same linter
			problems, err := promlint.New(bytes.NewReader(page.Bytes())).Lint()
			if err != nil || len(problems) != 0 {
				t.Error(err, problems)
			}
		},
		"race": func(t *testing.T, _ expect) {
			m := newMiddleware(t, metrics.Config{})
			h := m.Wrap(app())
			var wg sync.WaitGroup
			for range 16 {
				wg.Go(func() {
					for range 50 {
						serve(h, "GET", "/items/1")
					}
				})
			}
			for range 4 {
				wg.Go(func() { scrape(m.Handler(), "GET") })
			}
			wg.Wait()
			want(t, series(t, m), map[string]float64{`http_requests_total{code="200",method="GET",route="/items/{id}"}`: 800})
		},
		"no-goroutines": func(t *testing.T, _ expect) {
			synctest.Test(t, func(t *testing.T) { // fails where a goroutine is left in here
				serve(newMiddleware(t, metrics.Config{}).Wrap(app()), "GET", "/items/1")
			})
		},
	}
}

// reused is the writer of a server's connection, without what the server allocates.
type reused struct {
	header http.Header
	*bufio.ReadWriter
}

func (w *reused) Header() http.Header { return w.header }
func (w *reused) WriteHeader(int)     {}
func (w *reused) Flush()              {}
func (w *reused) Write(p []byte) (int, error) {
	return len(p), nil
}
func (w *reused) WriteString(s string) (int, error) { return len(s), nil }

func oneRequest(h http.Handler) func() {
	w, r := &reused{header: http.Header{}}, httptest.NewRequest("GET", "/items/1", nil)
	return func() { h.ServeHTTP(w, r) }
}

func allocs(h http.Handler) float64 { return testing.AllocsPerRun(500, oneRequest(h)) }

func bytesPerOp(h http.Handler) float64 {
	f := oneRequest(h)
	f()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 1000 {
		f()
	}
	runtime.ReadMemStats(&after)
	return float64((after.TotalAlloc - before.TotalAlloc) / 1000)
}
