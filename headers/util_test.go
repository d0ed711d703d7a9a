package headers_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gambeson-go/gambeson/headers"
)

func cmp(s, or string) string {
	if s == "" {
		return or
	}
	return s
}

func answer(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func mustNew(t testing.TB, cfg headers.Config) *headers.Middleware {
	t.Helper()
	m, err := headers.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// recovering is what logging does further out.
func recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "Internal Server Error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// sink is a ResponseWriter whose header map is there already, as that of a reused benchmark.
type sink struct{ h http.Header }

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}

// allocs is what a response of m costs over a warm header map.
func allocs(m *headers.Middleware, r *http.Request) float64 {
	h := m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w := &sink{http.Header{}}
	return testing.AllocsPerRun(200, func() { h.ServeHTTP(w, r) })
}

// sent is what m's configuration sends over https.
func sent(t testing.TB, cfg headers.Config) http.Header {
	t.Helper()
	return answer(mustNew(t, cfg).Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})),
		httptest.NewRequest("GET", "https://app.example.com/", nil)).Header()
}
