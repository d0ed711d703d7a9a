package cors_test

import (
	"net/http"
	"testing"

	"github.com/gambeson-go/gambeson/cors"
)

// The header map is warm, as it is under the other layers: what is counted is this package's own.
func TestAllocations(t *testing.T) {
	wild := cors.Config{AllowedOrigins: []string{"https://*.example.com"}}
	tests := []struct {
		desc string
		cfg  cors.Config
		r    *http.Request
		most float64
	}{
		{"plain", usual(), request("GET"), 1},
		{"plain, everybody", everybody(), request("GET"), 1},
		{"actual", usual(), request("GET", "Origin", app), 1},
		{"actual, pattern", wild, request("GET", "Origin", app), 1},
		{"actual, everybody", everybody(), request("GET", "Origin", app), 1},
		{"refused", usual(), request("GET", "Origin", "https://evil.example"), 1},
		{"preflight", usual(), preflight(app, "PUT", "Access-Control-Request-Headers", "authorization,x-request-id"), 1},
		{"preflight, everybody", everybody(), preflight(app, "PURGE", "Access-Control-Request-Headers", "x-a,x-b"), 1},
		{"preflight, untidy", usual(), preflight(app, "PUT", "Access-Control-Request-Headers", "X-Request-ID, authorization"), 3},
	}
	for _, tt := range tests {
		h := mustNew(t, tt.cfg).Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		w := &bare{h: make(http.Header, 8)}
		got := testing.AllocsPerRun(200, func() {
			clear(w.h)
			h.ServeHTTP(w, tt.r)
		})
		if got > tt.most {
			t.Errorf("%s: %v allocations, want at most %v", tt.desc, got, tt.most)
		}
	}
}
