package ratelimit_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// newLimiter fails the test on a bad configuration.
func newLimiter(t testing.TB, cfg ratelimit.Config) *ratelimit.Middleware {
	t.Helper()
	m, err := ratelimit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func one(limit int, d time.Duration, burst int) []ratelimit.Policy {
	return []ratelimit.Policy{{Name: "default", Limit: ratelimit.Per(limit, d), Burst: burst}}
}

// spy counts the requests that reached the application.
type spy struct{ calls int }

func (s *spy) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.calls++
	w.WriteHeader(http.StatusNoContent)
}

func get(h http.Handler, addr string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = addr
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestOnTheSecond: rates whose tokens take no whole number of nanoseconds still give all of them on the second.
func TestOnTheSecond(t *testing.T) {
	for _, c := range []struct {
		n   int
		per time.Duration
	}{{3, time.Second}, {7, time.Second}, {13, 17 * time.Second}, {600, 77 * time.Second}, {999_983, time.Hour}, {70, time.Minute}, {6, 7 * 24 * time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			cost := c.n
			m := newLimiter(t, ratelimit.Config{Policies: []ratelimit.Policy{{
				Name: "p", Limit: ratelimit.Per(c.n, c.per), Burst: c.n, Cost: func(*http.Request) int { return cost },
			}}})
			r := httptest.NewRequest("GET", "/", nil)
			m.Check(r)
			for range 3 {
				early := time.Duration(c.n) + 1 // what rounding may give away at the most
				time.Sleep(c.per - early)
				if m.Check(r).Allowed {
					t.Errorf("%d in %v: early", c.n, c.per)
				}
				time.Sleep(early)
				if d := m.Check(r); !d.Allowed {
					t.Errorf("%d in %v: %v more", c.n, c.per, d.RetryAfter)
				}
			}
		})
	}
}

func TestDeniedAndAdmittedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &spy{}
		h := newLimiter(t, ratelimit.Config{Policies: one(1, time.Minute, 2)}).Wrap(app)
		for range 2 {
			if w := get(h, "192.0.2.1:1"); w.Code != http.StatusNoContent {
				t.Fatalf("within the burst: %d", w.Code)
			}
		}
		w := get(h, "192.0.2.1:2")
		if w.Code != http.StatusTooManyRequests || app.calls != 2 {
			t.Fatalf("status %d, %d calls", w.Code, app.calls)
		}
		if got := w.Header().Get("Retry-After"); got != "60" {
			t.Errorf("Retry-After %q", got)
		}
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control %q", got)
		}
		if w := get(h, "192.0.2.2:1"); w.Code != http.StatusNoContent {
			t.Errorf("another client: %d", w.Code)
		}
		time.Sleep(time.Minute - 1)
		if w := get(h, "192.0.2.1:3"); w.Code != http.StatusTooManyRequests {
			t.Errorf("a nanosecond early: %d", w.Code)
		}
		time.Sleep(time.Nanosecond)
		if w := get(h, "192.0.2.1:3"); w.Code != http.StatusNoContent {
			t.Errorf("after the wait: %d", w.Code)
		}
	})
}
