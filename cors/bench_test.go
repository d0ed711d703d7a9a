package cors_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	rscors "github.com/rs/cors"

	"github.com/gambeson-go/gambeson/cors"
)

// origins gives n origins, of which requests use the last.
func origins(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("https://app%03d.example.com", i)
	}
	return list
}

// reused serves with one header map that is emptied in between, so that its growth is not measured.
func reused(b *testing.B, h http.Handler, r *http.Request) {
	w := &bare{h: make(http.Header, 8)}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		h.ServeHTTP(w, r)
	}
}

// contest is one request to both libraries, configured alike.
type contest struct {
	name     string
	ours, rs http.Handler
	r        *http.Request
}

func contests(b *testing.B) []contest {
	nop := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	headers := []string{"Authorization", "Content-Type", "X-Request-Id"}
	var all []contest
	for name, list := range map[string][]string{"1": origins(1), "100": origins(100), "wild": {"https://*.example.com"}} {
		ours := mustNew(b, cors.Config{
			AllowedOrigins: list, AllowedMethods: []string{"PUT"}, AllowedHeaders: headers, ExposedHeaders: []string{"X-Request-Id"}, MaxAge: 10 * time.Minute,
		}).Wrap(nop)
		rs := rscors.New(rscors.Options{
			AllowedOrigins: list, AllowedMethods: []string{"GET", "HEAD", "POST", "PUT"}, AllowedHeaders: slices.Clone(headers),
			ExposedHeaders: []string{"X-Request-Id"}, MaxAge: 600,
		}).Handler(nop)
		last := strings.Replace(list[len(list)-1], "*", "app", 1)
		all = append(all,
			contest{"plain/" + name, ours, rs, request("GET")},
			contest{"actual/" + name, ours, rs, request("GET", "Origin", last)},
			contest{"refused/" + name, ours, rs, request("GET", "Origin", "https://evil.example.net")},
			contest{"preflight/" + name, ours, rs, preflight(last, "PUT", "Access-Control-Request-Headers", "x-request-id")},
			contest{"preflight-refused/" + name, ours, rs, preflight(last, "PATCH")})
	}
	slices.SortFunc(all, func(x, y contest) int { return strings.Compare(x.name, y.name) })
	return all
}

// BenchmarkPeer measures each library by itself, with its allocations.
func BenchmarkPeer(b *testing.B) {
	for _, c := range contests(b) {
		b.Run(c.name+"/gambeson", func(b *testing.B) { reused(b, c.ours, c.r) })
		b.Run(c.name+"/rs", func(b *testing.B) { reused(b, c.rs, c.r) })
	}
}

// BenchmarkRatio takes turns of some microseconds and compares the fastest of each, so that a busy machine does not
// decide. Its ns/op is that of a turn of both; what counts are gambeson-ns, rs-ns and ratio.
func BenchmarkRatio(b *testing.B) {
	const turn = 100
	for _, c := range contests(b) {
		b.Run(c.name, func(b *testing.B) {
			w := &bare{h: make(http.Header, 8)}
			take := func(h http.Handler) time.Duration {
				start := time.Now()
				for range turn {
					clear(w.h)
					h.ServeHTTP(w, c.r)
				}
				return time.Since(start)
			}
			ours, rs := time.Hour, time.Hour
			for b.Loop() {
				ours = min(ours, take(c.ours))
				rs = min(rs, take(c.rs))
			}
			b.ReportMetric(float64(ours)/turn, "gambeson-ns")
			b.ReportMetric(float64(rs)/turn, "rs-ns")
			b.ReportMetric(float64(ours)/float64(rs), "ratio")
		})
	}
}

func BenchmarkHostile(b *testing.B) {
	m := mustNew(b, cors.Config{AllowedOrigins: origins(1), AllowedMethods: []string{"PUT"}, AllowedHeaders: []string{"X-Request-Id"}})
	h := m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	const name = "Access-Control-Request-Headers"
	origin := origins(1)[0]
	for _, q := range []struct {
		name string
		r    *http.Request
	}{
		{"commas", preflight(origin, "PUT", name, strings.Repeat(",", 1<<20))},
		{"long-name", preflight(origin, "PUT", name, strings.Repeat("a", 1<<20))},
		{"repeated-name", preflight(origin, "PUT", name, strings.Repeat("x-request-id,", 70_000))},
		{"spaces-within-bounds", preflight(origin, "PUT", name, strings.Repeat(" ", 4000)+"x-request-id")},
		{"names-within-bounds", preflight(origin, "PUT", name, strings.Repeat("X-Request-Id,", 128))},
		{"long-method", preflight(origin, strings.Repeat("A", 1<<20))},
		{"long-origin", request("GET", "Origin", strings.Repeat("A", 1<<20))},
	} {
		b.Run(q.name, func(b *testing.B) { reused(b, h, q.r) })
	}
}
