package metrics_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gambeson-go/gambeson/metrics"
)

func scrape(h http.Handler, method string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/metrics", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const openMetrics = "application/openmetrics-text; version=1.0.0"

func TestPage(t *testing.T) {
	page := newMiddleware(t, metrics.Config{}).Handler()
	tests := []struct {
		desc, method string
		header       []string
		status       int
		contentType  string
	}{
		{"plain", "GET", nil, 200, "text/plain; version=0.0.4"},
		{"HEAD", "HEAD", nil, 200, "text/plain; version=0.0.4"},
		{"browser", "GET", []string{"Accept", "text/html,*/*;q=0.8"}, 200, "text/plain; version=0.0.4"},
		{"OpenMetrics", "GET", []string{"Accept", openMetrics}, 200, openMetrics},
		{"POST", "POST", nil, 405, "application/problem+json"},
		{"DELETE", "DELETE", nil, 405, "application/problem+json"},
		{"OPTIONS", "OPTIONS", nil, 405, "application/problem+json"},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			w := scrape(page, tt.method, tt.header...)
			if w.Code != tt.status || !strings.HasPrefix(w.Header().Get("Content-Type"), tt.contentType) {
				t.Errorf("%d %v", w.Code, w.Header())
			}
			if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Error(w.Header())
			}
			if allow := w.Header().Get("Allow"); (allow == "GET, HEAD") != (tt.status == 405) {
				t.Errorf("Allow: %q", allow)
			}
		})
	}
	if w := scrape(page, "GET", "Accept", openMetrics); !strings.HasSuffix(w.Body.String(), "# EOF\n") {
		t.Error("OpenMetrics without its end")
	}
	srv := server(t, page)
	if res, err := srv.Client().Head(srv.URL); err != nil || res.StatusCode != 200 {
		t.Error(res, err)
	} else if body, _ := io.ReadAll(res.Body); len(body) != 0 {
		t.Error("HEAD with a body")
	}
}

func TestPageCompressed(t *testing.T) {
	page := newMiddleware(t, metrics.Config{}).Handler()
	w := scrape(page, "GET", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(w.Body)
	if err != nil || w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatal(err, w.Header())
	}
	text, err := io.ReadAll(z)
	if err != nil || !strings.Contains(string(text), "http_requests_in_flight 0") {
		t.Error(err)
	}
	if vary := strings.Join(w.Header().Values("Vary"), ","); !strings.Contains(vary, "Accept-Encoding") {
		t.Error(vary)
	}
}

func TestPageAuthorize(t *testing.T) {
	page := newMiddleware(t, metrics.Config{Authorize: func(r *http.Request) bool {
		return r.Header.Get("Authorization") == "Bearer let-me-in"
	}}).Handler()
	for _, method := range []string{"GET", "HEAD", "POST"} { // a stranger does not even learn the methods
		w := scrape(page, method, "Authorization", "Bearer guess")
		if w.Code != 403 || strings.Contains(w.Body.String(), "http_") || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Allow") != "" {
			t.Errorf("%s: %d %v", method, w.Code, w.Header())
		}
	}
	if w := scrape(page, "GET", "Authorization", "Bearer let-me-in"); w.Code != 200 || !strings.Contains(w.Body.String(), "http_requests_in_flight") {
		t.Error(w.Code)
	}
}

// hung is a collector that waits: a slow database behind a gauge.
type hung struct {
	prometheus.Gauge
	until <-chan struct{}
	runs  *atomic.Int32
}

func (h hung) Collect(c chan<- prometheus.Metric) {
	h.runs.Add(1)
	<-h.until
	h.Gauge.Collect(c)
}

func TestPageIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMiddleware(t, metrics.Config{})
		until, runs := make(chan struct{}), new(atomic.Int32)
		m.Registry().MustRegister(hung{prometheus.NewGauge(prometheus.GaugeOpts{Name: "slow"}), until, runs})
		start := time.Now()
		answers := make(chan *httptest.ResponseRecorder, 3)
		for range 3 {
			go func() { answers <- scrape(m.Handler(), "GET") }()
		}
		synctest.Wait()
		if w := scrape(m.Handler(), "GET"); w.Code != 503 || time.Since(start) != 0 || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("the fourth: %d after %v", w.Code, time.Since(start))
		}
		for range 3 {
			if w := <-answers; w.Code != 503 || time.Since(start) != 10*time.Second || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%d after %v", w.Code, time.Since(start))
			}
		}
		if n := runs.Load(); n != 1 {
			t.Errorf("three scrapes ran the slow collector %d times", n)
		}
		close(until)
		synctest.Wait()
		if w := scrape(m.Handler(), "GET"); w.Code != 200 {
			t.Errorf("afterwards: %d", w.Code)
		}
	})
}

type failing struct{ prometheus.Gauge }

func (f failing) Collect(c chan<- prometheus.Metric) {
	c <- prometheus.NewInvalidMetric(f.Desc(), errors.New("dial tcp: password=hunter2"))
}

// One bad collector of the app must not blind every alert.
func TestPageSurvivesABadCollector(t *testing.T) {
	m := newMiddleware(t, metrics.Config{})
	m.Registry().MustRegister(failing{prometheus.NewGauge(prometheus.GaugeOpts{Name: "bad"})})
	series(t, m)
	want(t, series(t, m), map[string]float64{
		`http_requests_in_flight`:                                 0,
		`promhttp_metric_handler_errors_total{cause="gathering"}`: 1,
	})
	if w := scrape(m.Handler(), "GET"); strings.Contains(w.Body.String(), "hunter2") {
		t.Error("the page tells the error")
	}
}

func TestPageIsNeverServedByWrap(t *testing.T) {
	m := newMiddleware(t, metrics.Config{})
	if w, _ := serve(m.Wrap(app()), "GET", "/metrics"); w.Code != 404 {
		t.Error(w.Code)
	}
}
