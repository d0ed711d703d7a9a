package cors_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gambeson-go/gambeson/cors"
)

// handlerStatus is a code that no layer gives by itself.
const handlerStatus = http.StatusTeapot

// spy is a handler that notes whether it ran.
type spy struct {
	called bool
	header http.Header // set on the response
}

func (s *spy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.called = true
	for name, values := range s.header {
		for _, v := range values {
			w.Header().Add(name, v)
		}
	}
	w.WriteHeader(handlerStatus)
}

func mustNew(t testing.TB, cfg cors.Config) *cors.Middleware {
	t.Helper()
	m, err := cors.New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return m
}

// request makes one with the given header lines: name, value, name, value.
func request(method string, lines ...string) *http.Request {
	r := httptest.NewRequest(method, "https://api.example.com/items", nil)
	for i := 0; i+1 < len(lines); i += 2 {
		r.Header.Add(lines[i], lines[i+1])
	}
	return r
}

func preflight(origin, method string, lines ...string) *http.Request {
	r := request("OPTIONS", lines...)
	r.Header.Set("Origin", origin)
	r.Header.Set("Access-Control-Request-Method", method)
	return r
}

// serve gives the answer and whether the handler ran.
func serve(m *cors.Middleware, r *http.Request) (*http.Response, bool) {
	var s spy
	w := httptest.NewRecorder()
	m.Wrap(&s).ServeHTTP(w, r)
	return w.Result(), s.called
}

func corsHeaders(h http.Header) []string {
	var found []string
	for _, name := range []string{
		"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods",
		"Access-Control-Allow-Headers", "Access-Control-Max-Age", "Access-Control-Expose-Headers",
		"Access-Control-Allow-Private-Network",
	} {
		if _, ok := h[name]; ok {
			found = append(found, name)
		}
	}
	return found
}
