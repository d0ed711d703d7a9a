package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gambeson-go/gambeson/metrics"
)

// FuzzLabels sends any pattern, method, status and trace id through. Whatever comes, the request is counted once and
// the page can be read.
func FuzzLabels(f *testing.F) {
	f.Add("GET /items/{id}", "GET", 200, traceID)
	f.Add("", "", 0, "")
	f.Add("\xff \xfe", "\x00", 99, "\xff")
	f.Add(" /", "get", 600, strings.Repeat("ü", 61))
	f.Add("GET \t", "QUERY", -1, "\"}\n")
	f.Add("overflow", "_OTHER", 1000, "#")
	f.Fuzz(func(t *testing.T, pattern, method string, code int, id string) {
		m := newMiddleware(t, metrics.Config{Registry: prometheus.NewRegistry(), TraceID: func(ctx) string { return id }, MaxSeries: 2})
		h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Pattern = pattern
			w.WriteHeader(code)
		}))
		for _, p := range []string{pattern, "/other", "GET " + pattern} {
			pattern = p
			func() {
				defer func() { recover() }() // net/http panics on a status of other than three digits
				r := httptest.NewRequest("GET", "/", nil)
				r.Method = method
				h.ServeHTTP(httptest.NewRecorder(), r)
			}()
		}
		families, err := m.Registry().Gather()
		if err != nil {
			t.Fatal(err)
		}
		total := 0.0
		for _, family := range families {
			if family.GetName() != "http_requests_total" {
				continue
			}
			for _, set := range family.GetMetric() {
				total += set.GetCounter().GetValue()
				for _, label := range set.GetLabel() {
					if v := label.GetValue(); v == "" || !utf8.ValidString(v) || label.GetName() != "route" && len(v) > 7 {
						t.Errorf("label %s=%q", label.GetName(), v)
					}
				}
			}
		}
		if total != 3 {
			t.Errorf("%v requests counted", total)
		}
		if w := scrape(m.Handler(), "GET", "Accept", openMetrics); w.Code != 200 || !strings.HasSuffix(w.Body.String(), "# EOF\n") {
			t.Error(w.Code)
		}
	})
}
