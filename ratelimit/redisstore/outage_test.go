package redisstore_test

import (
	"context"
	"fmt"
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
