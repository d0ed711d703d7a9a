package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/health"
)

func mustNew(t testing.TB, cfg health.Config) *health.Middleware {
	t.Helper()
	m, err := health.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var app = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("app")) })

func ask(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

type body struct {
	Status    string
	Version   string
	ReleaseID string `json:"releaseId"`
	Output    string
	Checks    map[string][]struct {
		Status, Output, Time, ComponentType, ObservedUnit string
		ObservedValue                                     *float64
	}
}

func parse(t testing.TB, w *httptest.ResponseRecorder) body {
	t.Helper()
	var b body
	if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil {
		t.Fatalf("body %q: %v", w.Body, err)
	}
	return b
}

func passing(context.Context) error { return nil }
func failing(context.Context) error { return errors.New("dial tcp 10.0.0.5:5432: connection refused") }

func TestAnswers(t *testing.T) {
	tests := []struct {
		desc   string
		cfg    health.Config
		drain  bool
		status map[string]int
		says   map[string]string
	}{
		{"no checks", health.Config{}, false,
			map[string]int{"/livez": 200, "/readyz": 200, "/startupz": 200, "/health": 200},
			map[string]string{"/livez": "pass", "/readyz": "pass", "/startupz": "pass", "/health": "pass"}},
		{"critical fails", health.Config{Checks: []health.Check{{Name: "db", Func: failing}, {Name: "ok", Func: passing}}}, false,
			map[string]int{"/livez": 200, "/readyz": 503, "/startupz": 200, "/health": 503},
			map[string]string{"/livez": "pass", "/readyz": "fail", "/startupz": "pass", "/health": "fail"}},
		{"optional fails", health.Config{Checks: []health.Check{{Name: "cache", Func: failing, Optional: true}, {Name: "ok", Func: passing}}}, false,
			map[string]int{"/livez": 200, "/readyz": 200, "/startupz": 200, "/health": 200},
			map[string]string{"/livez": "pass", "/readyz": "pass", "/startupz": "pass", "/health": "warn"}},
		{"optional and critical fail", health.Config{Checks: []health.Check{{Name: "db", Func: failing}, {Name: "cache", Func: failing, Optional: true}}}, false,
			map[string]int{"/livez": 200, "/readyz": 503, "/startupz": 200, "/health": 503},
			map[string]string{"/health": "fail"}},
		{"live fails", health.Config{Checks: []health.Check{{Name: "worker", Func: failing, Live: true}}}, false,
			map[string]int{"/livez": 503, "/readyz": 503, "/startupz": 200, "/health": 503},
			map[string]string{"/livez": "fail"}},
		{"not started", health.Config{ManualStart: true, Checks: []health.Check{{Name: "worker", Func: failing, Live: true}}}, false,
			map[string]int{"/livez": 200, "/readyz": 503, "/startupz": 503, "/health": 503},
			map[string]string{"/livez": "pass", "/readyz": "fail", "/startupz": "fail", "/health": "fail"}},
		{"draining", health.Config{Checks: []health.Check{{Name: "worker", Func: failing, Live: true}}}, true,
			map[string]int{"/livez": 200, "/readyz": 503, "/startupz": 200, "/health": 503},
			map[string]string{"/livez": "pass", "/readyz": "fail", "/startupz": "pass", "/health": "fail"}},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			m := mustNew(t, tt.cfg)
			h := m.Wrap(app)
			if tt.drain {
				m.Drain()
			}
			for range 2 { // the second is answered from what was kept
				for path, want := range tt.status {
					w := ask(h, "GET", path)
					if w.Code != want {
						t.Errorf("%s: %d, want %d", path, w.Code, want)
					}
					if says := tt.says[path]; says != "" && parse(t, w).Status != says {
						t.Errorf("%s says %q, want %q", path, parse(t, w).Status, says)
					}
					if strings.Contains(w.Body.String(), "refused") {
						t.Errorf("%s tells a stranger: %s", path, w.Body)
					}
				}
			}
		})
	}
}
