package cors_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/cors"
)

// Under load each answer is that of one configuration, never of both: here origin, exposed header and max-age belong
// together. Run it with -race.
func TestReconfigureUnderLoad(t *testing.T) {
	one := cors.Config{AllowedOrigins: []string{"https://*.one.example"}, ExposedHeaders: []string{"X-One"}, MaxAge: time.Second}
	two := cors.Config{AllowedOrigins: []string{"https://*.two.example"}, ExposedHeaders: []string{"X-Two"}, MaxAge: 2 * time.Second, AllowCredentials: true}
	m := mustNew(t, one)
	h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Add("Vary", "Accept") }))
	done := make(chan struct{})
	var load, writers sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				for _, name := range []string{"one", "two"} {
					origin := "https://a." + name + ".example"
					w := httptest.NewRecorder()
					h.ServeHTTP(w, request("GET", "Origin", origin))
					p := httptest.NewRecorder()
					h.ServeHTTP(p, preflight(origin, "GET"))
					checkWhole(t, w.Header(), name)
					checkWhole(t, p.Header(), name)
					m.Origins()
				}
			}
		})
	}
	writers.Go(func() {
		for i := range 400 {
			cfg := one
			if i%2 == 0 {
				cfg = two
			}
			if err := m.Reconfigure(cfg); err != nil {
				t.Error(err)
			}
		}
	})
	writers.Wait()
	close(done)
	load.Wait()
}

func checkWhole(t *testing.T, h http.Header, name string) {
	if h.Get("Access-Control-Allow-Origin") == "" {
		if found := corsHeaders(h); found != nil {
			t.Errorf("%s: refused with %v", name, found)
		}
		return
	}
	exposed := map[string]string{"one": "X-One", "two": "X-Two"}[name]
	age := map[string]string{"one": "1", "two": "2"}[name]
	credentials := map[string]string{"one": "", "two": "true"}[name]
	if got := h.Get("Access-Control-Expose-Headers"); got != "" && got != exposed {
		t.Errorf("%s: exposes %s", name, got)
	}
	if got := h.Get("Access-Control-Max-Age"); got != "" && got != age {
		t.Errorf("%s: max-age %s", name, got)
	}
	if got := h.Get("Access-Control-Allow-Credentials"); got != credentials {
		t.Errorf("%s: credentials %q", name, got)
	}
}

func TestReconfigure(t *testing.T) {
	m := mustNew(t, cors.Config{AllowedOrigins: []string{app}})
	wrapped := m.Wrap(&spy{})
	err := m.Reconfigure(cors.Config{AllowedOrigins: []string{"https://*"}})
	if err == nil || !m.Check(request("GET", "Origin", app)).Allowed {
		t.Errorf("a bad configuration is in place: %v", err)
	}
	if err := m.Reconfigure(cors.Config{AllowedOrigins: []string{"https://new.example"}}); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	wrapped.ServeHTTP(w, request("GET", "Origin", "https://new.example"))
	if w.Header().Get("Access-Control-Allow-Origin") != "https://new.example" || m.Check(request("GET", "Origin", app)).Allowed {
		t.Error("a handler wrapped before keeps the old configuration")
	}
	if got := m.Origins(); len(got) != 1 || got[0] != "https://new.example" {
		t.Errorf("Origins: %q", got)
	}
}
