package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gambeson-go/gambeson/metrics"
)

func TestSmoke(t *testing.T) {
	m, err := metrics.New(metrics.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("hello")) })
	m.Wrap(mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/items/1", nil))
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	t.Log(w.Result().Header, w.Body.String()[:0])
	for _, l := range []string{} { t.Log(l) }
	mfs, _ := m.Registry().Gather()
	for _, f := range mfs { if f.GetName()[:4] == "http" { t.Log(f) } }
}
