package redisstore_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/ratelimit/redisstore"
)

func TestOneBucket(t *testing.T) {
	srv := startServer(t)
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	ask := ratelimit.Ask{Policy: "p", Key: "k", Emission: time.Hour / 3, Burst: 3, Cost: 1}
	for i, want := range []int64{2, 1, 0} {
		st := take(t, store, ask)[0]
		if st.Denied || left(ask, st) != want {
			t.Errorf("request %d: %+v, %d left", i, st, left(ask, st))
		}
	}
	for range 3 {
		if st := take(t, store, ask)[0]; !st.Denied || left(ask, st) != 0 {
			t.Errorf("beyond the burst: %+v", st)
		}
	}
	other := ask
	other.Key = "K"
	if st := take(t, store, other)[0]; st.Denied {
		t.Error("another client is denied")
	}
	other = ask
	other.Policy = "q"
	if st := take(t, store, other)[0]; st.Denied {
		t.Error("another policy denies")
	}
	ask.Key, ask.Cost = "dear", 4
	ask.Refundable = true
	calls := store.Stats().Calls
	if st := take(t, store, ask)[0]; !st.Denied || st.Debt != 0 || store.Stats().Calls != calls {
		t.Errorf("more than the burst: %+v", st)
	}
	ask.Shadow, ask.Cost = true, 1<<62
	if st := take(t, store, ask)[0]; !st.Denied || st.Debt != 0 {
		t.Errorf("far more than the burst: %+v", st)
	}
	ask.Cost = -1 << 62
	if st := take(t, store, ask)[0]; st.Denied || st.Debt != 0 {
		t.Errorf("far more than the burst comes back: %+v", st)
	}
	ask.Cost = 0
	if st := take(t, store, ask)[0]; st.Denied || st.Debt != 0 {
		t.Errorf("a look: %+v", st)
	}
	for _, ttl := range ttls(t, srv) {
		if ttl <= 0 {
			t.Error("a key without expiry")
		}
	}
}

// ttls of all keys, in the unit of Redis.
func ttls(t *testing.T, srv *server) map[string]time.Duration {
	t.Helper()
	keys, err := srv.rdb.Keys(context.Background(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]time.Duration{}
	for _, key := range keys {
		out[key] = srv.rdb.PTTL(context.Background(), key).Val()
	}
	return out
}

// TestOneCall: one script call a request, whatever the policies and their keys, and all or nothing.
func TestOneCall(t *testing.T) {
	srv := startServer(t)
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	asks := []ratelimit.Ask{hourly("address", "192.0.2.1", 5), hourly("user", "u1", 2), hourly("shadow", "192.0.2.1", 1), hourly("route", "/x", 9)}
	asks[2].Shadow = true
	for i := range 2 {
		st := take(t, store, asks...)
		for j, s := range st {
			if s.Denied != (j == 2 && i == 1) {
				t.Errorf("request %d, policy %d: %+v", i, j, s)
			}
		}
	}
	if n := srv.commands("evalsha"); n != 2 { // the first is answered NOSCRIPT
		t.Errorf("%d EVALSHA for 2 requests", n)
	}
	if n := srv.commands("eval"); n != 1 {
		t.Errorf("%d EVAL", n)
	}
	// A Store that remembers nothing, so that Redis denies.
	fresh := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	st := take(t, fresh, asks...)
	if !st[1].Denied || st[0].Denied || !st[2].Denied {
		t.Errorf("%+v", st)
	}
	for i, want := range []int64{3, 0, 0, 7} {
		if got := left(asks[i], st[i]); got != want {
			t.Errorf("a denied request charged policy %d: %d left, want %d", i, got, want)
		}
	}
}

// TestHotKey: who is over the limit costs Redis nothing.
func TestHotKey(t *testing.T) {
	srv := startServer(t)
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	ask := hourly("p", "attacker", 1)
	take(t, store, ask)
	srv.do("CONFIG", "RESETSTAT")
	for range 10_000 {
		if !take(t, store, ask)[0].Denied {
			t.Fatal("admitted")
		}
	}
	if n := srv.commands("evalsha", "eval", "mget", "set", "time"); n > 5 {
		t.Errorf("%d commands for 10,000 denials", n)
	}
	if st := store.Stats(); st.Remembered < 9_995 || st.Calls > 6 {
		t.Errorf("%+v", st)
	}
	// Another process learns it with one call.
	other := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	srv.do("CONFIG", "RESETSTAT")
	for range 1000 {
		if !take(t, other, ask)[0].Denied {
			t.Fatal("admitted")
		}
	}
	if n := srv.commands("evalsha"); n != 1 {
		t.Errorf("%d calls for 1,000 denials elsewhere", n)
	}
}

// TestProcesses: two processes admit a burst together, to the request.
func TestProcesses(t *testing.T) {
	srv := startServer(t)
	const burst = 500
	var outs [2]strings.Builder
	var cmds [2]*exec.Cmd
	for i := range cmds {
		cmds[i] = exec.Command(os.Args[0], "-test.run=^$")
		cmds[i].Env = append(os.Environ(), "REDISSTORE_TEST_WORKER="+srv.addr)
		cmds[i].Stdout, cmds[i].Stderr = &outs[i], os.Stderr
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	admitted := 0
	for i := range cmds {
		if err := cmds[i].Wait(); err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(strings.TrimSpace(outs[i].String()))
		if err != nil || n == 0 {
			t.Errorf("process %d admitted %q", i, outs[i].String())
		}
		admitted += n
	}
	if admitted != burst {
		t.Errorf("admitted %d of %d", admitted, burst)
	}
}

// worker is one of these processes: it admits what it can, and says how much that was. It stops early enough for the
// other one to have its part.
func worker(addr string) int {
	c := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1})
	store, err := redisstore.New(redisstore.Config{Client: c, Deadline: time.Second})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	admitted := 0
	for range 8 {
		wg.Go(func() {
			for range 200 {
				st, err := store.Take(context.Background(), []ratelimit.Ask{hourly("p", "common", 500)})
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					continue
				}
				if !st[0].Denied {
					mu.Lock()
					admitted++
					mu.Unlock()
				}
				if len(st) == 1 && st[0].Denied {
					return
				}
				time.Sleep(2 * time.Millisecond) // or the one that starts first takes it all
			}
		})
	}
	wg.Wait()
	if st := store.Stats(); st.Local > 0 {
		fmt.Fprintf(os.Stderr, "decided alone: %+v\n", st)
		return 1
	}
	fmt.Println(admitted)
	return 0
}

// TestRefund: tokens come back in Redis and in the local table; a denial that is remembered of a Refundable ask is not
// trusted.
func TestRefund(t *testing.T) {
	srv := startServer(t)
	a := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	b := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	ask := hourly("login", "k", 1)
	ask.Refundable = true
	back := ask
	back.Cost = -1
	take(t, a, ask)
	if !take(t, b, ask)[0].Denied {
		t.Fatal("two at once")
	}
	if st := take(t, a, back)[0]; st.Denied || st.Debt != 0 {
		t.Errorf("given back: %+v", st)
	}
	if take(t, b, ask)[0].Denied {
		t.Error("the other process holds on to what it remembers")
	}
	take(t, b, back)
	for range 3 {
		if st := take(t, b, back)[0]; st.Debt != 0 { // never overfills
			t.Errorf("%+v", st)
		}
	}
	ask.Refundable = false // so that the local table alone would deny
	take(t, b, ask)
	if !take(t, b, ask)[0].Denied {
		t.Error("overfilled")
	}
	take(t, b, back)
	if take(t, b, ask)[0].Denied {
		t.Error("a refund did not reach the local table")
	}
}

// TestThroughMiddleware is the whole way: headers, refunds and denials of a ratelimit.Middleware.
func TestThroughMiddleware(t *testing.T) {
	srv := startServer(t)
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	m, err := ratelimit.New(ratelimit.Config{Store: store, Policies: []ratelimit.Policy{
		{Name: "all", Limit: ratelimit.Per(100, time.Hour), Burst: 100},
		{Name: "login", Limit: ratelimit.Per(3, time.Hour), Burst: 3, Refundable: true, FailClosed: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/good" {
			ratelimit.Refund(r.Context())
		}
	}))
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", path, nil))
		return w
	}
	for range 5 {
		if w := get("/good"); w.Code != 200 || w.Header().Get("RateLimit") == "" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
	}
	for range 3 {
		get("/bad")
	}
	w := get("/bad")
	if w.Code != 429 || !strings.Contains(w.Body.String(), `"login"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := w.Header().Get("RateLimit"); got != `"login";r=0;t=1200` && got != `"login";r=0;t=1199` {
		t.Errorf("RateLimit %s", got)
	}
	if m.Stats().StoreErrors != 0 || store.Stats().Local != 0 {
		t.Errorf("%+v %+v", m.Stats(), store.Stats())
	}
}

// TestZeroStore: what New did not make says so.
func TestZeroStore(t *testing.T) {
	for _, s := range []*redisstore.Store{nil, {}} {
		if _, err := s.Take(t.Context(), []ratelimit.Ask{hourly("p", "k", 1)}); err == nil {
			t.Error("no error")
		}
		_, _ = s.Stats(), s.Config()
	}
}

func TestBadAsks(t *testing.T) {
	store := newStore(t, redisstore.Config{Client: client(t, "127.0.0.1:1")})
	for name, asks := range map[string][]ratelimit.Ask{
		"beyond microseconds": {{Policy: "p", Emission: 999, Burst: 1, Cost: 1}},
		"no emission":         {{Policy: "p", Burst: 1, Cost: 1}},
		"negative emission":   {{Policy: "p", Emission: -1500, Burst: 1, Cost: 1}},
		"no burst":            {{Policy: "p", Emission: time.Second, Cost: 1}},
		"twice":               {hourly("p", "a", 1), hourly("p", "b", 1)},
	} {
		if _, err := store.Take(t.Context(), asks); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if states, err := store.Take(t.Context(), nil); err != nil || len(states) != 0 {
		t.Errorf("nothing asked: %v, %v", states, err)
	}
	if st := store.Stats(); st.Calls != 0 {
		t.Errorf("%+v", st)
	}
}
