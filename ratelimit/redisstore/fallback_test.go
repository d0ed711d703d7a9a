package redisstore_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/ratelimit/redisstore"
)

// TestNothingIsDeniedForTheOutage: what this process admitted while Redis was down is not Redis's answer.
func TestNothingIsDeniedForTheOutage(t *testing.T) {
	srv := startServer(t)
	var told changes
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr), FallbackShare: 0.25, OnStateChange: told.add, Deadline: 100 * time.Millisecond})
	a := hourly("p", "k", 8)
	take(t, store, a)
	goOn := srv.hang()
	until(t, store, "the outage is told", func() bool { return told.are(true) })
	if st := take(t, store, a)[0]; st.Denied { // 7 of 8 are left, so 1.75 of 2
		t.Errorf("the share: %+v", st)
	}
	st := take(t, store, a)[0]
	if wait := st.Debt + time.Hour - 8*time.Hour; !st.Denied || wait <= 0 || wait > time.Hour {
		t.Errorf("beyond the share: %+v", st)
	}
	goOn()
	until(t, store, "the end is told", func() bool { return told.are(true, false) })
	for i := range 7 {
		if take(t, store, a)[0].Denied {
			t.Errorf("denied at %d", i)
		}
	}
	if !take(t, store, a)[0].Denied {
		t.Error("too many")
	}
}

// TestShare of a limit, in a process that never had Redis.
func TestShare(t *testing.T) {
	for _, c := range []struct {
		share                 float64
		burst, cost, admitted int64
	}{{1, 8, 1, 8}, {0.5, 8, 1, 4}, {0.25, 8, 2, 1}, {0.1, 8, 1, 1}, {0.25, 8, 8, 1}, {0.25, 8, 9, 0}, {1e-9, 5, 1, 1}} {
		store := newStore(t, redisstore.Config{Client: client(t, "127.0.0.1:1"), FallbackShare: c.share})
		a := ratelimit.Ask{Policy: "p", Key: "k", Emission: time.Hour, Burst: c.burst, Cost: c.cost}
		admitted := int64(0)
		a.Refundable = true // which a cost beyond the burst makes no difference to
		for range c.burst + 2 {
			st := take(t, store, a)[0]
			if !st.Denied {
				admitted++
			}
			if st.Debt < 0 || st.Debt > time.Duration(c.burst)*time.Hour {
				t.Errorf("%+v: %+v", c, st)
			}
		}
		if admitted != c.admitted {
			t.Errorf("%+v: admitted %d", c, admitted)
		}
	}
}

// TestWarmShare: of a bucket that is half empty, half of the share is left, whatever the share is rounded to.
func TestWarmShare(t *testing.T) {
	srv := startServer(t)
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr), FallbackShare: 0.25})
	a := hourly("p", "k", 10) // a quarter is 2.5, so 2
	a.Cost = 5
	take(t, store, a)
	srv.stop()
	a.Cost = 1
	if take(t, store, a)[0].Denied {
		t.Error("denied")
	}
	if !take(t, store, a)[0].Denied {
		t.Error("more than half of the share")
	}
}

// TestRefundWithoutRedis: what was taken here comes back here.
func TestRefundWithoutRedis(t *testing.T) {
	store := newStore(t, redisstore.Config{Client: client(t, "127.0.0.1:1")})
	a := hourly("login", "k", 1)
	back := a
	back.Cost = -1
	for range 3 {
		if take(t, store, a)[0].Denied {
			t.Error("denied")
		}
		take(t, store, back)
	}
}

// TestMiddlewareWithoutRedis: 429 by the local table, and 503 where a policy must not guess.
func TestMiddlewareWithoutRedis(t *testing.T) {
	store := newStore(t, redisstore.Config{Client: client(t, "127.0.0.1:1")})
	login := func(r *http.Request) string {
		if r.URL.Path == "/login" {
			return "login"
		}
		return ""
	}
	m, err := ratelimit.New(ratelimit.Config{Store: store, Policies: []ratelimit.Policy{
		{Name: "all", Limit: ratelimit.Per(2, time.Hour), Burst: 2},
		{Name: "login", Limit: 1, Burst: 1, Key: login, FailClosed: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	h := m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for i, c := range []struct {
		path string
		code int
	}{{"/login", 503}, {"/", 200}, {"/", 200}, {"/", 429}, {"/login", 503}} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", c.path, nil))
		if w.Code != c.code {
			t.Errorf("request %d: %d, want %d", i, w.Code, c.code)
		}
	}
}

// TestRefundAfterAnOutage: what this process admitted while Redis was down was never taken from Redis, so it does not go
// back there, where others would be admitted for it. It comes back here.
func TestRefundAfterAnOutage(t *testing.T) {
	srv := startServer(t)
	var told changes
	here := newStore(t, redisstore.Config{Client: client(t, srv.addr), OnStateChange: told.add, Deadline: 100 * time.Millisecond})
	there := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	login := func(s *redisstore.Store) (code int, refund func()) {
		m, err := ratelimit.New(ratelimit.Config{Store: s, Policies: []ratelimit.Policy{
			{Name: "login", Limit: ratelimit.Per(1, time.Hour), Burst: 3, Refundable: true}}})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		refund = func() {}
		m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			refund = func() { ratelimit.Refund(r.Context()) }
		})).ServeHTTP(w, httptest.NewRequest("POST", "/login", nil))
		return w.Code, refund
	}
	for range 3 {
		if code, _ := login(there); code != 200 {
			t.Fatalf("%d before the outage", code)
		}
	}
	goOn := srv.hang()
	until(t, here, "the outage is told", func() bool { return told.are(true) })
	var refunds []func()
	for i := range 4 {
		code, refund := login(here)
		if refunds = append(refunds, refund); (code == 200) != (i < 3) {
			t.Errorf("%d for request %d of this process", code, i)
		}
	}
	refunds[0]()
	if code, refund := login(here); code != 200 {
		t.Errorf("%d after a refund in the outage", code)
	} else {
		refunds = append(refunds, refund)
	}
	goOn()
	until(t, here, "the end is told", func() bool { return told.are(true, false) })
	for _, refund := range refunds {
		refund()
	}
	for _, s := range []*redisstore.Store{there, here} {
		if code, _ := login(s); code != 429 {
			t.Errorf("%d after refunds of what Redis never gave", code)
		}
	}
}

// TestHookThatPanics: it runs where nobody recovers, and when nothing else may break.
func TestHookThatPanics(t *testing.T) {
	called := make(chan bool, 10)
	store := newStore(t, redisstore.Config{Client: client(t, "127.0.0.1:1"), OnStateChange: func(down bool, _ error) {
		called <- down
		panic("a bug in the hook")
	}})
	until(t, store, "the hook was called", func() bool { return len(called) > 0 })
	if take(t, store, hourly("p", "k", 1))[0].Denied || take(t, store, hourly("p", "k2", 1))[0].Denied {
		t.Error("denied")
	}
}
