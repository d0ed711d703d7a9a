package ratelimit_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

var errDown = errors.New("dial tcp 10.2.3.4:6379: connection refused")

// fakeStore is a Store that is no Memory, and that can be down.
type fakeStore struct {
	mu    sync.Mutex
	mem   *ratelimit.Memory
	down  bool
	short bool // answers less than it is asked
	asks  [][]ratelimit.Ask
	gone  int // calls whose context was already over
}

func (s *fakeStore) Take(ctx context.Context, asks []ratelimit.Ask) ([]ratelimit.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asks = append(s.asks, asks)
	if ctx.Err() != nil {
		s.gone++
	}
	switch {
	case s.down:
		return nil, errDown
	case s.short:
		return nil, nil
	}
	return s.mem.Take(ctx, asks)
}

func TestStoreIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{mem: ratelimit.NewMemory(0)}
		h := newLimiter(t, ratelimit.Config{Store: store, Policies: []ratelimit.Policy{
			{Name: "burst", Limit: 1, Burst: 2},
			{Name: "key", Limit: 1, Burst: 5, Key: ratelimit.ByHeader("X-Api-Key"), Cost: func(*http.Request) int { return 2 }, Refundable: true},
			{Name: "shadow", Limit: 1, Burst: 1, Shadow: true, FailClosed: true},
			{Name: "exempt", Limit: 1, Burst: 1, Key: func(*http.Request) string { return "" }},
		}}).Wrap(&spy{})
		w := get(h, "192.0.2.1:1")
		if w.Code != http.StatusNoContent || len(store.asks) != 1 {
			t.Fatalf("status %d after %d calls", w.Code, len(store.asks))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // a client that hangs up is charged all the same, and does not disturb the Store
		gone := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
		gone.RemoteAddr = "192.0.2.99:1"
		h.ServeHTTP(httptest.NewRecorder(), gone)
		if len(store.asks) != 2 || store.gone != 0 {
			t.Errorf("%d calls, %d with a context that is over", len(store.asks), store.gone)
		}
		asks := store.asks[0]
		if len(asks) != 3 {
			t.Fatalf("%d asks", len(asks))
		}
		if a := asks[0]; a.Policy != "burst" || a.Key == "" || a.Emission != time.Second || a.Burst != 2 || a.Cost != 1 || a.Shadow || a.FailClosed || a.Refundable {
			t.Errorf("%+v", a)
		}
		if a := asks[1]; a.Cost != 2 || !a.Refundable || a.Key == asks[0].Key {
			t.Errorf("%+v", a)
		}
		if a := asks[2]; !a.Shadow || !a.FailClosed || a.Key != asks[0].Key {
			t.Errorf("%+v", a)
		}
		if got := w.Header().Get("RateLimit"); got != `"burst";r=1;t=1, "key";r=3;t=3, "shadow";r=0;t=1` {
			t.Errorf("RateLimit %s", got)
		}
		if got := w.Header().Get("RateLimit-Policy"); strings.Contains(got, "exempt") {
			t.Errorf("RateLimit-Policy %s", got)
		}
		get(h, "192.0.2.1:1")
		if w = get(h, "192.0.2.1:1"); w.Code != http.StatusTooManyRequests {
			t.Errorf("the store's denial: %d", w.Code)
		}
	})
}

// TestStoreDown: a policy decides in this process when the Store fails, but a FailClosed one answers 503. Nothing of the
// Store's error reaches the client.
func TestStoreDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{mem: ratelimit.NewMemory(0), down: true}
		var last ratelimit.Decision
		login := func(r *http.Request) string {
			if r.URL.Path == "/login" {
				return ratelimit.ByIP(nil, 0)(r)
			}
			return ""
		}
		app := &spy{}
		m := newLimiter(t, ratelimit.Config{
			Store: store,
			Policies: []ratelimit.Policy{
				{Name: "default", Limit: 1, Burst: 2},
				{Name: "login", Limit: 1, Burst: 9, Key: login, FailClosed: true},
			},
			OnDecision: func(_ *http.Request, d ratelimit.Decision) { last = d },
		})
		h := m.Wrap(app)
		for i, want := range []int{204, 204, 429} {
			w := get(h, "192.0.2.1:1")
			if w.Code != want || !errors.Is(last.Err, errDown) || last.Closed {
				t.Errorf("request %d: %d, %+v", i, w.Code, last)
			}
			if strings.Contains(w.Body.String(), "10.2.3.4") {
				t.Errorf("the error leaks: %s", w.Body)
			}
		}
		r := httptest.NewRequest("POST", "/login", nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusServiceUnavailable || !last.Closed || last.Allowed || last.Policy != "login" {
			t.Errorf("login: %d, %+v", w.Code, last)
		}
		if !strings.Contains(w.Body.String(), "#temporary-reduced-capacity") || strings.Contains(w.Body.String(), "10.2.3.4") {
			t.Errorf("login: %s", w.Body)
		}
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("login: Cache-Control %q", got)
		}
		if app.calls != 2 {
			t.Errorf("%d requests reached the application", app.calls)
		}
		if got := m.Stats().StoreErrors; got != 4 {
			t.Errorf("%d errors counted", got)
		}
		store.down, store.short = false, true
		if get(h, "192.0.2.9:1"); last.Err == nil || !last.Allowed {
			t.Errorf("a store that answers too little: %+v", last)
		}
		store.short = false
		if get(h, "192.0.2.1:1"); last.Err != nil || !last.Allowed {
			t.Errorf("back again: %+v", last)
		}
	})
}

// TestShadowNeverCloses: what may not deny may not deny with 503 either.
func TestShadowNeverCloses(t *testing.T) {
	store := &fakeStore{down: true}
	h := newLimiter(t, ratelimit.Config{Store: store, Policies: []ratelimit.Policy{
		{Name: "shadow", Limit: 1, Burst: 1, Shadow: true, FailClosed: true},
	}}).Wrap(&spy{})
	for range 3 {
		if w := get(h, "192.0.2.1:1"); w.Code != http.StatusNoContent {
			t.Errorf("%d", w.Code)
		}
	}
}

// TestEmission: one token in so long is asked for as exactly that, though a limit is a float.
func TestEmission(t *testing.T) {
	for ms := 1; ms <= 3000; ms++ {
		for _, want := range []time.Duration{time.Duration(ms) * time.Millisecond, time.Duration(ms) * time.Hour, time.Duration(ms)} {
			store := &fakeStore{mem: ratelimit.NewMemory(64)}
			m := newLimiter(t, ratelimit.Config{Store: store, Policies: []ratelimit.Policy{{Name: "p", Limit: ratelimit.Per(1, want), Burst: 1}}})
			m.Check(&http.Request{RemoteAddr: "192.0.2.1:1"})
			if got := store.asks[0][0].Emission; got != want {
				t.Fatalf("%v became %v", want, got)
			}
		}
		ms += ms / 7
	}
}
