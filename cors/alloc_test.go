package cors_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/cors"
)

// With OnDecision set, any client can have reasons made. Their cost must not grow with the configuration.
func TestReasonsAreBounded(t *testing.T) {
	for _, n := range []int{10, 20_000} {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("https://app%05d.example.com", i)
		}
		m := mustNew(t, cors.Config{AllowedOrigins: list})
		for _, origin := range []string{"https://evil.tld", strings.Repeat("https://a.", 1<<17)} {
			r := request("GET", "Origin", origin)
			if got := testing.AllocsPerRun(20, func() { m.Check(r) }); got > 30 {
				t.Errorf("%d origins: %v allocations to say why", n, got)
			}
		}
	}
}

func TestHintsComeFromAPartOfTheList(t *testing.T) {
	list := origins(300)
	m := mustNew(t, cors.Config{AllowedOrigins: list})
	for i, hint := range map[int]bool{0: true, 255: true, 256: false} {
		if d := m.Check(request("GET", "Origin", list[i]+":8443")); strings.HasSuffix(d.Reason, "the port differs") != hint {
			t.Errorf("%d: %s", i, d.Reason)
		}
	}
}

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
