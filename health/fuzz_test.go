package health_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/health"
)

// Whatever the client sends, the answer is one of two media types, and the plain one only where it is named and the
// other one is neither named nor covered by a wildcard.
func FuzzAccept(f *testing.F) {
	for _, s := range []string{"", "*/*", "application/json", "application/json;q=0", "application/json, application/health+json;q=0.000", ",;=", "application/json;q==0;q"} {
		f.Add(s, s)
	}
	m, err := health.New(health.Config{})
	if err != nil {
		f.Fatal(err)
	}
	h := m.Handler()
	f.Fuzz(func(t *testing.T, one, two string) {
		r := httptest.NewRequest("GET", "/readyz", nil)
		r.Header["Accept"] = []string{one, two}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		all := strings.ToLower(one + "," + two)
		switch w.Header().Get("Content-Type") {
		case "application/health+json":
		case "application/json":
			if !strings.Contains(all, "application/json") || strings.Contains(all, "*/*") && !strings.Contains(all, "q=0") {
				t.Errorf("%q: application/json", all)
			}
		default:
			t.Errorf("%q: %s", all, w.Header())
		}
		if w.Code != 200 {
			t.Errorf("%q: %d", all, w.Code)
		}
	})
}

// A path that New takes answers exactly there; one that it refuses is refused with an error, never a panic.
func FuzzPaths(f *testing.F) {
	f.Add("/readyz", "/readyz")
	f.Add("/a/../b", "/b")
	f.Add("-", "")
	f.Add("-", "-")
	f.Add("/%2e", "/.")
	f.Fuzz(func(t *testing.T, path, request string) {
		m, err := health.New(health.Config{Paths: health.Paths{Live: "-", Ready: path, Startup: "-", Health: "-"}})
		if err != nil {
			return
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = request
		w := httptest.NewRecorder()
		m.Wrap(http.NotFoundHandler()).ServeHTTP(w, r)
		own := path
		if own == "" {
			own = "/readyz"
		}
		if (w.Code == 200) != (request == own && own != "-") {
			t.Errorf("path %q, request %q: %d", path, request, w.Code)
		}
	})
}

// The token reaches the comparison as it was sent.
func FuzzBearer(f *testing.F) {
	f.Add("secret", "Bearer secret")
	f.Add("", "Bearer ")
	f.Fuzz(func(t *testing.T, token, sent string) {
		r := httptest.NewRequest("GET", "/health", nil)
		r.Header["Authorization"] = []string{sent}
		want := token != "" && len(sent) > 7 && strings.EqualFold(sent[:7], "bearer ") && sent[7:] == token
		if got := health.Bearer(token)(r); got != want {
			t.Errorf("token %q, sent %q: %v", token, sent, got)
		}
	})
}
