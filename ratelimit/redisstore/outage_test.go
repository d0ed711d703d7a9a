package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/ratelimit/redisstore"
)

// changes is an OnStateChange that remembers.
type changes struct {
	mu   sync.Mutex
	list []bool
	errs []error
}

func (c *changes) add(down bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list, c.errs = append(c.list, down), append(c.errs, err)
}

func (c *changes) are(want ...bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Equal(c.list, want)
}

var fresh atomic.Int64

// until sends requests of fresh clients until something is so: outages are found, and probed, by requests alone.
func until(t *testing.T, s *redisstore.Store, what string, ok func() bool) {
	t.Helper()
	eventually(t, what, func() bool {
		a := hourly("p", fmt.Sprint("fresh", fresh.Add(1)), 1)
		if take(t, s, a)[0].Denied {
			t.Fatal("a fresh client is denied")
		}
		return ok()
	})
}

// TestOutages: whatever happens to Redis, every request is decided, who was over the limit stays so, and both the
// outage and its end are told once.
func TestOutages(t *testing.T) {
	for _, o := range []struct {
		name   string
		args   []string
		breaks func(*testing.T, *server) (mend func())
	}{
		{"hung", nil, func(_ *testing.T, s *server) func() { return s.hang() }},
		{"restarted", nil, func(t *testing.T, s *server) func() {
			s.stop()
			return func() {
				if !s.start() {
					t.Fatal("the server does not come back")
				}
			}
		}},
		{"read-only", nil, func(_ *testing.T, s *server) func() {
			s.do("REPLICAOF", "127.0.0.1", "1")
			return func() { s.do("REPLICAOF", "NO", "ONE") }
		}},
		{"password changed", nil, func(_ *testing.T, s *server) func() {
			s.do("CONFIG", "SET", "requirepass", "other")
			s.do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
			return func() { s.do("CONFIG", "SET", "requirepass", "") }
		}},
		{"full", []string{"--maxmemory-policy", "noeviction"}, func(_ *testing.T, s *server) func() {
			s.do("CONFIG", "SET", "maxmemory", "1000")
			return func() { s.do("CONFIG", "SET", "maxmemory", "0") }
		}},
		{"busy with another's script", []string{"--busy-reply-threshold", "1"}, func(t *testing.T, s *server) func() {
			c := client(t, s.addr, func(o *redis.Options) { o.ReadTimeout = time.Minute })
			done := make(chan struct{})
			go func() { c.Eval(context.Background(), "while true do end", nil); close(done) }()
			return func() { s.do("SCRIPT", "KILL"); <-done }
		}},
	} {
		t.Run(o.name, func(t *testing.T) {
			srv := startServer(t, o.args...)
			var told changes
			cfg := redisstore.Config{Client: client(t, srv.addr), Deadline: 100 * time.Millisecond, OnStateChange: told.add}
			store := newStore(t, cfg)
			gone := hourly("p", "exhausted", 2)
			take(t, store, gone)
			take(t, store, gone)
			half := hourly("p", "half", 2)
			take(t, store, half)

			mend := o.breaks(t, srv)
			until(t, store, "the outage is told", func() bool { return told.are(true) })
			if told.errs[0] == nil {
				t.Error("no reason is told")
			}
			if !take(t, store, gone)[0].Denied {
				t.Error("who was over the limit is not any more")
			}
			if take(t, store, half)[0].Denied || !take(t, store, half)[0].Denied {
				t.Error("the local table is not warm")
			}
			closed := hourly("login", "k", 5)
			closed.FailClosed = true
			if _, err := store.Take(t.Context(), []ratelimit.Ask{closed}); err == nil {
				t.Error("a FailClosed ask got an answer")
			}
			closed.Shadow = true
			take(t, store, closed)
			down := store.Stats()
			for range 2000 {
				take(t, store, hourly("p", "many", 100_000))
			}
			if st := store.Stats(); st.Calls != down.Calls || st.Local < down.Local+2000 || !st.Down {
				t.Errorf("a call for each request while Redis is down: %+v, then %+v", down, st)
			}

			mend()
			until(t, store, "the end is told", func() bool { return told.are(true, false) })
			local := store.Stats().Local
			closed.Shadow = false
			take(t, store, closed)
			take(t, store, hourly("p", "after", 1))
			if st := store.Stats(); st.Local != local || st.Down || st.Probes == 0 {
				t.Errorf("after it: %+v", st)
			}
			if take(t, store, hourly("p", "many", 100_000))[0].Denied {
				t.Error("denied because of what was charged in the outage")
			}
			if !told.are(true, false) {
				t.Errorf("told %v", told.list)
			}
		})
	}
}

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

// TestFlush: scripts and keys may go at any time. A client that Redis forgot is still known here.
func TestFlush(t *testing.T) {
	srv := startServer(t)
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	a := hourly("p", "k", 1)
	take(t, store, a)
	for range 3 {
		srv.do("SCRIPT", "FLUSH")
		take(t, store, hourly("p", fmt.Sprint(time.Now()), 1))
	}
	srv.do("FLUSHALL")
	if !take(t, store, a)[0].Denied {
		t.Error("the local table forgot with Redis")
	}
	if st := store.Stats(); st.Failures != 0 || st.Local != 0 {
		t.Errorf("%+v", st)
	}
}

// TestEviction: a Redis that evicts keys resets some clients, and nothing else.
func TestEviction(t *testing.T) {
	srv := startServer(t, "--maxmemory", "3mb", "--maxmemory-policy", "volatile-ttl")
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 5000 {
				if take(t, store, hourly("p", fmt.Sprint(w, "-", i), 1))[0].Denied {
					t.Error("a fresh client is denied")
				}
			}
		})
	}
	wg.Wait()
	if srv.info("stats", "evicted_keys") == "0" {
		t.Error("nothing was evicted: the test shows nothing")
	}
	if st := store.Stats(); st.Failures != 0 {
		t.Errorf("%+v", st)
	}
}

// TestCancelled: a client that hangs up is charged, and is no failure of Redis.
func TestCancelled(t *testing.T) {
	srv := startServer(t)
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		if _, err := store.Take(ctx, []ratelimit.Ask{hourly("p", "k", 20)}); err != nil {
			t.Fatal(err)
		}
	}
	a := hourly("p", "k", 20)
	if st := take(t, store, a)[0]; left(a, st) != 9 {
		t.Errorf("%d left", left(a, st))
	}
	if st := store.Stats(); st.Failures != 0 {
		t.Errorf("%+v", st)
	}
}

func TestBreaker(t *testing.T) {
	now := time.Unix(1e9, 0)
	bad := errors.New("bad")
	var b redisstore.Breaker
	for i := range 100 { // one in five, and never five in a row
		var err error
		if i%5 == 0 {
			err = bad
		}
		if b.Note(now, err) {
			t.Fatal("opened by one slow key")
		}
	}
	now = now.Add(time.Second)
	for i := range 5 {
		if opened := b.Note(now, bad); opened != (i == 4) {
			t.Errorf("failure %d in a row: opened %v", i+1, opened)
		}
	}
	if b.Note(now, bad) || b.Note(now, nil) {
		t.Error("opened twice")
	}
	if probe, err := b.Pass(now.Add(499 * time.Millisecond)); probe || !errors.Is(err, bad) {
		t.Error("a probe at once, or no reason")
	}
	now = now.Add(1500 * time.Millisecond)
	for i := range 3 {
		if probe, err := b.Pass(now); probe != (i == 0) || err == nil {
			t.Errorf("%d: probe %v, %v", i, probe, err)
		}
	}
	if b.Probed(now, bad) {
		t.Error("closed by a failure")
	}
	if probe, _ := b.Pass(now); probe {
		t.Error("a probe right after one")
	}
	now = now.Add(1500 * time.Millisecond)
	if probe, _ := b.Pass(now); !probe || !b.Probed(now, nil) {
		t.Error("not closed by success")
	}
	if _, err := b.Pass(now); err != nil {
		t.Error(err)
	}
	opened := 0
	for i := range 40 { // half of them
		var err error
		if i%2 == 0 {
			err = bad
		}
		if b.Note(now, err) {
			opened = i + 1
			break
		}
	}
	if opened == 0 || opened < 20 {
		t.Errorf("half of the calls fail: opened after %d", opened)
	}
	seen := map[time.Duration]bool{}
	for range 100 {
		d := redisstore.Jitter(time.Second)
		seen[d] = true
		if d < time.Second/2 || d >= 3*time.Second/2 {
			t.Errorf("jitter %v", d)
		}
	}
	if len(seen) < 50 {
		t.Error("no jitter")
	}
}
