package ratelimit_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// TestFlood is the attack that a table of fixed size must stand: a thousand clients have used up their minute, and
// twenty million keys that nobody has seen come by within the twenty seconds after. None of the thousand may be reset.
func TestFlood(t *testing.T) {
	const victims, burst = 1000, 100
	slots, fresh := 1<<20, 20_000_000
	if testing.Short() || raceEnabled {
		slots, fresh = 1<<16, 1_000_000
	}
	b := ratelimit.NewBuckets(slots, 600*time.Millisecond, burst)
	for v := range uint64(victims) {
		if !b.Take(0, v, burst) {
			t.Fatal("a fresh bucket is not full")
		}
	}
	end := 20 * time.Second
	for i := range fresh {
		b.Take(time.Duration(i)*end/time.Duration(fresh), victims+uint64(i), 1)
	}
	reset := 0
	for v := range uint64(victims) {
		if b.Take(end, v, burst*2/3) { // 33 tokens have grown by now
			reset++
		}
	}
	if reset != 0 {
		t.Errorf("%d of %d victims were reset", reset, victims)
	}
	t.Logf("%d fresh keys, %d slots, %d buckets given up", fresh, slots, b.Evicted())
}

// TestFullSet fills a table far beyond its size at one instant: who is exhausted stays, who has used least goes.
func TestFullSet(t *testing.T) {
	b := ratelimit.NewBuckets(64, time.Second, 10)
	b.Take(0, 1, 10)
	for i := range uint64(10_000) {
		b.Take(0, 100+i, 1)
	}
	if b.Take(0, 1, 1) {
		t.Error("the exhausted one was forgotten")
	}
	if got := b.Evicted(); got < 9_900 {
		t.Errorf("%d evictions counted", got)
	}
	// A slot whose time has passed is free: nobody is evicted for it.
	before := b.Evicted()
	b.Take(time.Hour, 5, 1)
	if got := b.Evicted(); got != before {
		t.Errorf("a free slot counted as an eviction")
	}
}

// TestSize wants at most 24 bytes of heap for each of a million live keys, all of them kept.
func TestSize(t *testing.T) {
	const keys = 1_000_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b := ratelimit.NewBuckets(keys*29/20, time.Hour, 1)
	for i := range uint64(keys) {
		b.Take(0, i, 1)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := float64(after.HeapAlloc-before.HeapAlloc) / keys
	if each > 24 {
		t.Errorf("%.1f bytes a key", each)
	}
	if lost := b.Evicted(); lost > keys/20 {
		t.Errorf("%d of %d keys were lost", lost, keys)
	}
	t.Logf("%.1f bytes a key, %d of %d evicted", each, b.Evicted(), keys)
}

func ask(policy, key string, cost int64) ratelimit.Ask {
	return ratelimit.Ask{Policy: policy, Key: key, Emission: time.Second, Burst: 10, Cost: cost}
}

// take fails the test on an error.
func take(t *testing.T, s ratelimit.Store, asks ...ratelimit.Ask) []ratelimit.State {
	t.Helper()
	states, err := s.Take(context.Background(), asks)
	if err != nil {
		t.Fatal(err)
	}
	return states
}

func TestMemoryTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(0)
		if s := take(t, m, ask("a", "k", 4))[0]; s != (ratelimit.State{Debt: 4 * time.Second}) {
			t.Errorf("after 4: %+v", s)
		}
		if s := take(t, m, ask("a", "k", 7))[0]; s != (ratelimit.State{Debt: 4 * time.Second, Denied: true}) {
			t.Errorf("7 of 6: %+v", s)
		}
		if s := take(t, m, ask("b", "k", 0))[0]; s != (ratelimit.State{}) {
			t.Errorf("another policy: %+v", s)
		}
		// All or nothing, whichever stands first.
		both := take(t, m, ask("b", "k", 5), ask("a", "k", 7))
		if both[0].Denied || !both[1].Denied || both[0].Debt != 0 {
			t.Errorf("one denied: %+v", both)
		}
		shadow := ask("a", "k", 7)
		shadow.Shadow = true
		both = take(t, m, ask("b", "k", 5), shadow)
		if both[0].Debt != 5*time.Second || !both[1].Denied || both[1].Debt != 4*time.Second {
			t.Errorf("a shadow stops nothing and pays nothing: %+v", both)
		}
		// Giving back never overfills.
		if s := take(t, m, ask("a", "k", -3))[0]; s.Debt != time.Second {
			t.Errorf("3 back: %+v", s)
		}
		if s := take(t, m, ask("a", "k", -10))[0]; s.Debt != 0 {
			t.Errorf("10 back: %+v", s)
		}
		if s := take(t, m, ask("a", "k", 11))[0]; !s.Denied {
			t.Errorf("11 of 10: %+v", s)
		}
		if s := take(t, m, ask("a", "other", 1<<62))[0]; !s.Denied || s.Debt != 0 {
			t.Errorf("an absurd cost: %+v", s)
		}
		if s := take(t, m, ask("a", "fresh", -1<<62))[0]; s.Denied || s.Debt != 0 {
			t.Errorf("an absurd refund: %+v", s)
		}
	})
}

// TestWidest works with the longest window that there is: nothing overflows.
func TestWidest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(0)
		a := ratelimit.Ask{Policy: "a", Key: "k", Emission: 1 << 61, Burst: 1, Cost: 1}
		time.Sleep(time.Hour)
		for i, want := range []ratelimit.State{{Debt: 1 << 61}, {Debt: 1 << 61, Denied: true}} {
			if s := take(t, m, a)[0]; s != want {
				t.Errorf("%d: %+v", i, s)
			}
		}
		a.Cost = 1 << 62
		if s := take(t, m, a)[0]; !s.Denied {
			t.Errorf("%+v", s)
		}
		a.Cost = -1 << 63
		if s := take(t, m, a)[0]; s.Denied || s.Debt != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestMemoryErrors(t *testing.T) {
	m := ratelimit.NewMemory(0)
	for name, asks := range map[string][]ratelimit.Ask{
		"twice":       {ask("a", "k", 1), ask("a", "j", 1)},
		"no emission": {{Policy: "a", Key: "k", Burst: 1, Cost: 1}},
		"no burst":    {{Policy: "a", Key: "k", Emission: 1, Cost: 1}},
		"overflow":    {{Policy: "a", Key: "k", Emission: time.Hour, Burst: 1 << 50, Cost: 1}},
		"a token":     {{Policy: "a", Key: "k", Emission: 1<<61 + 1, Burst: 1, Cost: 1}},
	} {
		if _, err := m.Take(context.Background(), asks); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, m := range map[string]*ratelimit.Memory{"nil": nil, "zero": {}, "refused": ratelimit.NewMemory(-1)} {
		if _, err := m.Take(context.Background(), []ratelimit.Ask{ask("a", "k", 1)}); err == nil {
			t.Errorf("%s: Take has no error", name)
		}
		if _, err := m.Peek([]ratelimit.Ask{ask("a", "k", 1)}); err == nil {
			t.Errorf("%s: Peek has no error", name)
		}
		if err := m.Learn(time.Now(), nil, nil); err == nil {
			t.Errorf("%s: Learn has no error", name)
		}
		if s := m.Stats(); s != (ratelimit.Stats{}) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if err := m.Learn(time.Now(), []ratelimit.Ask{ask("a", "k", 1)}, nil); err == nil {
		t.Error("answers are missing, and Learn says nothing")
	}
}

// TestFront plays a Memory in front of a slower Store: it denies what the Store would deny, and never anything else.
func TestFront(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		behind, front := ratelimit.NewMemory(0), ratelimit.NewMemory(0)
		call := func(cost int64) ratelimit.State {
			asks := []ratelimit.Ask{ask("a", "k", cost)}
			sent := time.Now()
			time.Sleep(30 * time.Millisecond) // on its way there
			states := take(t, behind, asks...)
			time.Sleep(30 * time.Millisecond) // and back
			if err := front.Learn(sent, asks, states); err != nil {
				t.Fatal(err)
			}
			return states[0]
		}
		peek := func() bool {
			states, err := front.Peek([]ratelimit.Ask{ask("a", "k", 1)})
			if err != nil {
				t.Fatal(err)
			}
			return states[0].Denied
		}
		if peek() {
			t.Fatal("denied before anything is known")
		}
		if s := call(10); s.Denied {
			t.Fatalf("a full bucket denied: %+v", s)
		}
		if first, again := peek(), peek(); !first || !again {
			t.Error("the front does not know that the bucket is empty")
		}
		time.Sleep(970*time.Millisecond - 30*time.Millisecond)
		// The token is there 1 s after the Store decided, which is 970 ms after the answer came.
		if peek() {
			t.Error("the front denies what the Store would admit by now")
		}
		if take(t, behind, ask("a", "k", 1))[0].Denied == false {
			t.Error("the Store should need 30 ms more: the front may only be early, never late")
		}
		// An older, better answer does not make the bucket fuller.
		sent := time.Now()
		take(t, front, ask("a", "j", 10))
		if err := front.Learn(sent, []ratelimit.Ask{ask("a", "j", 1)}, []ratelimit.State{{}}); err != nil {
			t.Fatal(err)
		}
		if !take(t, front, ask("a", "j", 1))[0].Denied {
			t.Error("Learn gave tokens back")
		}
	})
}

// TestParallel lets many goroutines fight for one bucket and for several at once, in different orders.
func TestParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock stands still: exactly Burst may pass
		m := ratelimit.NewMemory(64)
		var admitted atomic.Int64
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for range 500 {
					asks := []ratelimit.Ask{
						{Policy: "a", Key: "x", Emission: time.Second, Burst: 1000, Cost: 1},
						{Policy: "b", Key: "y", Emission: time.Second, Burst: 700, Cost: 1},
						{Policy: "c", Key: "z", Emission: time.Second, Burst: 900, Cost: 1},
					}
					asks[0], asks[g%3] = asks[g%3], asks[0]
					states, err := m.Take(context.Background(), asks)
					if err != nil {
						t.Error(err)
						return
					}
					if !states[0].Denied && !states[1].Denied && !states[2].Denied {
						admitted.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if n := admitted.Load(); n != 700 {
			t.Errorf("%d admitted, want 700", n)
		}
		if s := take(t, m, ratelimit.Ask{Policy: "a", Key: "x", Emission: time.Second, Burst: 1000})[0]; s.Debt != 700*time.Second {
			t.Errorf("what b denied was charged to a: %v", s.Debt)
		}
	})
}

// TestParallelSubsets charges every choice of five buckets at once, in every order: none may be lost, none may wait for
// another for ever.
func TestParallelSubsets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rounds, each = 50, 16 // of 31 choices, each bucket is in 16
		policies := []string{"a", "b", "c", "d", "e"}
		m := ratelimit.NewMemory(1 << 12)
		bucket := func(i int, cost int64) ratelimit.Ask {
			return ratelimit.Ask{Policy: policies[i], Key: policies[i], Emission: time.Second, Burst: 1 << 20, Cost: cost}
		}
		var wg sync.WaitGroup
		for choice := 1; choice < 32; choice++ {
			wg.Go(func() {
				for n := range rounds {
					var asks []ratelimit.Ask
					for i := range policies {
						if i = (i + n) % 5; choice>>i&1 == 1 {
							asks = append(asks, bucket(i, 1))
						}
					}
					if _, err := m.Take(context.Background(), asks); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for i := range policies {
			if s := take(t, m, bucket(i, 0))[0]; s.Debt != rounds*each*time.Second {
				t.Errorf("%s: %v charged, want %v", policies[i], s.Debt, rounds*each*time.Second)
			}
		}
	})
}
