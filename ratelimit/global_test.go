package ratelimit_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

func TestGlobal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, err := ratelimit.NewGlobal(ratelimit.Per(1, 10*time.Second), 2)
		if err != nil {
			t.Fatal(err)
		}
		app := &spy{}
		h := g.Wrap(app)
		get(h, "192.0.2.1:1")
		get(h, "192.0.2.2:1")
		w := get(h, "192.0.2.3:1") // whoever comes
		if w.Code != http.StatusTooManyRequests || app.calls != 2 {
			t.Errorf("%d, %d calls", w.Code, app.calls)
		}
		if w.Header().Get("Retry-After") != "10" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%v", w.Header())
		}
		if !strings.Contains(w.Body.String(), `"violated-policies":["global"]`) {
			t.Errorf("%s", w.Body)
		}
		time.Sleep(10 * time.Second)
		if w := get(h, "192.0.2.3:1"); w.Code != http.StatusNoContent {
			t.Errorf("after the wait: %d", w.Code)
		}
		g.Limiter().SetLimit(0) // closed while running
		time.Sleep(time.Hour)
		get(h, "192.0.2.3:1")
		get(h, "192.0.2.3:1")
		if w := get(h, "192.0.2.3:1"); w.Code != 429 || w.Header()["Retry-After"] != nil {
			t.Errorf("no token will ever come: %d %v", w.Code, w.Header())
		}
		for _, change := range []func(){func() { g.Limiter().SetLimit(-1) }, func() { g.Limiter().SetLimit(1); g.Limiter().SetBurst(0) }} {
			change()
			if w := get(h, "192.0.2.3:1"); w.Code != 429 || w.Header()["Retry-After"] != nil {
				t.Errorf("no token will ever come: %d %v", w.Code, w.Header())
			}
		}
	})
}
