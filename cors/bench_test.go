package cors_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

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

// BenchmarkPeer runs both libraries on the same requests, so that their ratio is of one run.
func BenchmarkPeer(b *testing.B) {
	nop := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	lists := map[string][]string{"1": origins(1), "100": origins(100), "wild": {"https://*.example.com"}}
	for _, name := range []string{"1", "100", "wild"} {
		list := lists[name]
		last := strings.Replace(list[len(list)-1], "*", "app", 1)
		requests := []struct {
			name string
			r    *http.Request
		}{
			{"plain", request("GET")},
			{"actual", request("GET", "Origin", last)},
			{"refused", request("GET", "Origin", "https://evil.example.net")},
			{"preflight", preflight(last, "PUT", "Access-Control-Request-Headers", "x-request-id")},
			{"preflight-refused", preflight(last, "PATCH")},
		}
		ours := mustNew(b, cors.Config{
			AllowedOrigins: list, AllowedMethods: []string{"PUT"}, AllowedHeaders: []string{"Authorization", "Content-Type", "X-Request-Id"},
			ExposedHeaders: []string{"X-Request-Id"}, MaxAge: 600e9,
		}).Wrap(nop)
		rs := rscors.New(rscors.Options{
			AllowedOrigins: list, AllowedMethods: []string{"GET", "HEAD", "POST", "PUT"}, AllowedHeaders: []string{"Authorization", "Content-Type", "X-Request-Id"},
			ExposedHeaders: []string{"X-Request-Id"}, MaxAge: 600,
		}).Handler(nop)
		for _, q := range requests {
			b.Run(q.name+"/"+name+"/gambeson", func(b *testing.B) { reused(b, ours, q.r) })
			b.Run(q.name+"/"+name+"/rs", func(b *testing.B) { reused(b, rs, q.r) })
		}
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
