package ratelimit_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// loginPolicy is the one that Refund is made for.
func loginPolicy() []ratelimit.Policy {
	return []ratelimit.Policy{
		{Name: "login", Limit: ratelimit.Per(5, time.Hour), Burst: 5, Refundable: true},
		{Name: "all", Limit: 1, Burst: 100},
	}
}

// login knows one password, and gives the token back to who knows it too.
func login(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Password") != "right" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	ratelimit.Refund(r.Context())
	ratelimit.Refund(r.Context()) // once is enough
}

func try(h http.Handler, password string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/login", nil)
	r.Header.Set("Password", password)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestRefund(t *testing.T) {
	for name, store := range map[string]func() ratelimit.Store{
		"memory":      func() ratelimit.Store { return nil },
		"store":       func() ratelimit.Store { return &fakeStore{mem: ratelimit.NewMemory(0)} },
		"store, down": func() ratelimit.Store { return &fakeStore{down: true} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newLimiter(t, ratelimit.Config{Policies: loginPolicy(), Store: store()})
				h := m.Wrap(http.HandlerFunc(login))
				for range 20 {
					if w := try(h, "right"); w.Code != http.StatusOK {
						t.Fatalf("a good login: %d", w.Code)
					}
				}
				for range 4 {
					if w := try(h, "wrong"); w.Code != http.StatusUnauthorized {
						t.Fatalf("a guess: %d", w.Code)
					}
				}
				try(h, "right")
				if w := try(h, "wrong"); w.Code != http.StatusUnauthorized {
					t.Fatalf("the fifth guess: %d", w.Code)
				}
				if w := try(h, "right"); w.Code != http.StatusTooManyRequests {
					t.Fatalf("the sixth, though right: %d", w.Code)
				}
				r := httptest.NewRequest("POST", "/", nil)
				if d := m.Check(r); d.Policy != "login" {
					t.Fatalf("%+v", d)
				}
			})
		})
	}
}

// TestRefundLeavesTheOthers gives back what is Refundable and nothing else.
func TestRefundLeavesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLimiter(t, ratelimit.Config{Policies: loginPolicy()}).Wrap(http.HandlerFunc(login))
		try(h, "right")
		w := try(h, "right")
		if got := w.Header().Get("RateLimit"); got != `"login";r=4;t=2880, "all";r=98;t=98` {
			t.Errorf("RateLimit %s", got)
		}
	})
}

// TestGuessesAtOnce sends all guesses before the first has an answer: charged before, none beyond the burst gets one.
func TestGuessesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var checked atomic.Int64
		h := newLimiter(t, ratelimit.Config{Policies: loginPolicy()}).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			checked.Add(1)
			time.Sleep(100 * time.Millisecond) // a password hash
			login(w, r)
		}))
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { try(h, "wrong") })
		}
		wg.Wait()
		if n := checked.Load(); n != 5 {
			t.Errorf("%d passwords were checked", n)
		}
	})
}

// TestRefundThroughTwo reaches the limiters outside as well, after the client has gone, and leaves r.Pattern as it finds it.
func TestRefundThroughTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{mem: ratelimit.NewMemory(0)}
		outer := newLimiter(t, ratelimit.Config{Policies: loginPolicy()[:1]})
		inner := newLimiter(t, ratelimit.Config{Store: store, Policies: []ratelimit.Policy{{Name: "user", Limit: 1e-3, Burst: 1, Refundable: true}}})
		mux := http.NewServeMux()
		mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithCancel(r.Context())
			cancel()
			ratelimit.Refund(ctx)
			panic(http.ErrAbortHandler)
		})
		h := outer.Wrap(inner.Wrap(mux))
		for range 10 {
			r := httptest.NewRequest("POST", "/login", nil)
			func() {
				defer func() {
					if recover() != http.ErrAbortHandler {
						t.Fatal("the handler was not reached")
					}
				}()
				h.ServeHTTP(httptest.NewRecorder(), r)
			}()
			if r.Pattern != "POST /login" {
				t.Errorf("pattern %q", r.Pattern)
			}
		}
		if store.gone != 0 {
			t.Error("the refund went with a context that is over")
		}
		ratelimit.Refund(context.Background()) // without a limiter: nothing
	})
}

// TestRefundOfAShadow gives back what was charged, and nothing for what was not.
func TestRefundOfAShadow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newLimiter(t, ratelimit.Config{Policies: []ratelimit.Policy{{Name: "s", Limit: 1e-3, Burst: 2, Shadow: true, Refundable: true}}})
		refund := false
		h := m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if refund {
				ratelimit.Refund(r.Context())
			}
		}))
		get(h, "192.0.2.1:1")
		get(h, "192.0.2.1:1")
		refund = true
		get(h, "192.0.2.1:1") // not charged
		if d := m.Check(&http.Request{RemoteAddr: "192.0.2.1:1"}); d.Remaining != 0 || d.Shadowed == nil {
			t.Errorf("tokens from nowhere: %+v", d)
		}
	})
}

func TestRefundOfNothing(*testing.T) {
	var none context.Context // of a careless caller
	ratelimit.Refund(none)
	ratelimit.Refund(context.Background())
}
