package headers_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/unrolled/secure"

	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/internal/respwrap"
)

// Each group sends the same headers, over https and over a header map that has room: compare within one run.
func BenchmarkHeaders(b *testing.B) {
	api, web, noNonce := apiOptions(), webOptions(), webOptions()
	noNonce.ContentSecurityPolicy = "default-src 'self'"
	guarded, guardedPeer := equal(api), api
	guarded.AllowedHosts, guarded.RedirectHTTPS = []string{"app.example.com", "*.example.org"}, true
	guardedPeer.AllowedHosts, guardedPeer.SSLRedirect = []string{"app.example.com", "x.example.org"}, true
	for _, g := range []struct {
		name string
		ours headers.Config
		peer secure.Options
	}{
		{"api", equal(api), api},
		{"api+hosts+redirect", guarded, guardedPeer},
		{"ten", equal(noNonce), noNonce},
		{"ten+nonce", equal(web), web},
	} {
		b.Run(g.name+"/gambeson", func(b *testing.B) { run(b, mustNew(b, g.ours).Wrap(empty)) })
		b.Run(g.name+"/unrolled", func(b *testing.B) { run(b, secure.New(g.peer).Handler(empty)) })
	}
	b.Run("api+no-store/gambeson", func(b *testing.B) { run(b, mustNew(b, headers.API()).Wrap(empty)) })
	b.Run("none", func(b *testing.B) { run(b, empty) })
}

// BenchmarkRatio is the time of ours over that of unrolled/secure for equal headers. Short turns alternate and the best of
// each counts, so that other load on the machine does not show.
func BenchmarkRatio(b *testing.B) {
	for name, o := range map[string]secure.Options{"api": apiOptions(), "ten+nonce": webOptions()} {
		b.Run(name, func(b *testing.B) {
			handlers := [2]http.Handler{mustNew(b, equal(o)).Wrap(empty), secure.New(o).Handler(empty)}
			best := [2]time.Duration{time.Hour, time.Hour}
			r := request("GET", "app.example.com", "/", true)
			w := &sink{http.Header{}}
			for b.Loop() {
				for i, h := range handlers {
					start := time.Now()
					for range 100 {
						h.ServeHTTP(w, r)
					}
					best[i] = min(best[i], time.Since(start))
				}
			}
			b.ReportMetric(float64(best[0])/100, "ours-ns")
			b.ReportMetric(float64(best[1])/100, "unrolled-ns")
			b.ReportMetric(float64(best[0])/float64(best[1]), "ratio")
		})
	}
}

// Inside another layer of this library its wrapper is used.
func BenchmarkInsideWrapper(b *testing.B) {
	h := mustNew(b, headers.API()).Wrap(empty)
	run(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var p respwrap.Response
		h.ServeHTTP(p.Wrap(w, r), r)
	}))
}

func run(b *testing.B, h http.Handler) {
	r := request("GET", "app.example.com", "/", true)
	w := &sink{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

func BenchmarkRefuse(b *testing.B) {
	m := mustNew(b, hosts("app.example.com", "*.example.org"))
	h := m.Wrap(empty)
	r := request("GET", "evil.example.com", "/", true)
	w := &sink{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		mustNew(b, headers.Web())
	}
}

// The budgets: allocations per response over a warm header map.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	all := equal(webOptions())
	nonce := headers.Web()
	nonce.ContentSecurityPolicy = "default-src 'self'; script-src $NONCE; frame-ancestors 'none'"
	both := nonce
	both.ContentSecurityPolicyReportOnly = "default-src 'none'; script-src $NONCE; report-to x"
	guarded := headers.API()
	guarded.AllowedHosts, guarded.RedirectHTTPS = []string{"*.example.com", "[::1]"}, true
	r := request("GET", "app.example.com", "/", true)
	for _, c := range []struct {
		name string
		cfg  headers.Config
		max  float64
	}{
		{"API", headers.API(), 1}, {"Web", headers.Web(), 1}, {"hosts and redirect", guarded, 1},
		{"nonce", nonce, 5}, {"nonce in both policies", both, 6}, {"ten headers and nonce", all, 6},
	} {
		if n := allocs(mustNew(t, c.cfg), r); n > c.max {
			t.Errorf("%s: %v allocations, want at most %v", c.name, n, c.max)
		}
	}
}
