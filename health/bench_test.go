package health_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/health"
)

// sink is a writer that costs nothing and is used again.
type sink struct {
	header http.Header
	code   int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(code int)        { s.code = code }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

const maxTTL = time.Hour

func subjects(t testing.TB) (h http.Handler, cases map[string]*http.Request) {
	m := mustNew(t, health.Config{Checks: []health.Check{{Name: "database", Func: passing, TTL: maxTTL}, {Name: "cache", Func: passing, TTL: maxTTL}}})
	h = m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	return h, map[string]*http.Request{
		"pass-through": httptest.NewRequest("GET", "/api/v1/items/42", nil),
		"livez":        httptest.NewRequest("GET", "/livez", nil),
		"readyz":       httptest.NewRequest("GET", "/readyz", nil),
		"health":       httptest.NewRequest("GET", "/health", nil),
	}
}

func TestAllocations(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates")
	}
	h, cases := subjects(t)
	for name, r := range cases {
		w := &sink{header: make(http.Header)}
		h.ServeHTTP(w, r)
		want := 1.0 // the header's values
		if name == "pass-through" {
			want = 0
		}
		if got := testing.AllocsPerRun(200, func() { h.ServeHTTP(w, r) }); got > want {
			t.Errorf("%s: %v allocations, want %v", name, got, want)
		}
		if name != "pass-through" && w.code != 200 {
			t.Errorf("%s: %d", name, w.code)
		}
	}
}

func BenchmarkWrap(b *testing.B) {
	h, cases := subjects(b)
	for _, name := range []string{"pass-through", "livez", "readyz", "health"} {
		b.Run(name, func(b *testing.B) {
			w, r := &sink{header: make(http.Header)}, cases[name]
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}

func BenchmarkReadyParallel(b *testing.B) {
	h, cases := subjects(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		w, r := &sink{header: make(http.Header)}, cases["readyz"]
		for pb.Next() {
			h.ServeHTTP(w, r)
		}
	})
}

func BenchmarkNextAlone(b *testing.B) {
	next := http.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w, r := &sink{}, httptest.NewRequest("GET", "/x", nil)
	for b.Loop() {
		next.ServeHTTP(w, r)
	}
}
