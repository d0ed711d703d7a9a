package redisstore_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/ratelimit/redisstore"
)

// base is where virtual time begins: a real one, so that numbers are as large as they will be.
const base = int64(1_800_000_000_000_000)

// TestTimeline judges the script by the public vectors of the token bucket, in virtual time on a real Redis.
func TestTimeline(t *testing.T) {
	raw, err := os.ReadFile("../testdata/timeline.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Sequences []struct {
			ID   string
			Rate struct {
				Tokens int64
				PerMS  int64 `json:"per_ms"`
			}
			Burst  int64
			Events [][]any
		}
	}
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	srv := startServer(t)
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	events := 0
	for _, s := range vectors.Sequences {
		t.Run(s.ID, func(t *testing.T) {
			emission := time.Duration(s.Rate.PerMS * int64(time.Millisecond) / s.Rate.Tokens)
			for i, e := range s.Events {
				events++
				at, key, cost, want := int64(e[0].(float64)), e[1].(string), int64(e[2].(float64)), e[3].(bool)
				st, err := store.At(t.Context(), base+at*1000, []ratelimit.Ask{{
					Policy: s.ID, Key: key, Emission: emission, Burst: s.Burst, Cost: cost,
				}})
				if err != nil {
					t.Fatal(err)
				}
				if st[0].Denied == want {
					t.Errorf("event %d %v (emission %v): %+v", i, e, emission, st[0])
				}
			}
		})
	}
	if events < 750 {
		t.Errorf("only %d events were judged", events)
	}
}

// TestModel compares the script with the same rule in Go: several policies, shadows, refunds, looks, changed limits, and
// a clock that goes back.
func TestModel(t *testing.T) {
	srv := startServer(t)
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	rng := rand.New(rand.NewPCG(1, 2))
	tats := map[string]int64{}
	now := base
	for step := range 3000 {
		if rng.IntN(50) == 0 {
			now -= rng.Int64N(5e6)
		}
		now += rng.Int64N(1 << (2 * rng.IntN(12)))
		var asks []ratelimit.Ask
		for i := range 1 + rng.IntN(3) {
			a := ratelimit.Ask{
				Policy: strconv.Itoa(i), Key: strconv.Itoa(step / 500), Burst: 1 + rng.Int64N(5), Cost: rng.Int64N(4) - rng.Int64N(2),
				Emission: time.Duration(1+rng.Int64N(1<<(2*rng.IntN(11)))) * time.Microsecond, Shadow: rng.IntN(4) == 0,
			}
			asks = append(asks, a)
		}
		got, err := store.At(t.Context(), now, asks)
		if err != nil {
			t.Fatal(err)
		}
		want := model(tats, now, asks)
		for i := range asks {
			if got[i] != want[i] {
				t.Fatalf("step %d, %+v: %+v, want %+v", step, asks[i], got[i], want[i])
			}
		}
	}
}

func model(tats map[string]int64, now int64, asks []ratelimit.Ask) []ratelimit.State {
	out := make([]ratelimit.State, len(asks))
	admit := true
	for i, a := range asks {
		debt, e := max(0, tats[a.Policy+"/"+a.Key]-now), a.Emission.Microseconds()
		out[i].Denied = a.Cost > 0 && debt+a.Cost*e > a.Burst*e
		admit = admit && (a.Shadow || !out[i].Denied)
	}
	for i, a := range asks {
		at, e := a.Policy+"/"+a.Key, a.Emission.Microseconds()
		debt := min(max(0, tats[at]-now), a.Burst*e)
		if admit && !out[i].Denied {
			debt = max(0, debt+a.Cost*e)
		}
		if debt > 0 {
			tats[at] = now + debt
		} else if tats[at] > now {
			delete(tats, at) // a clock that goes back does not bring back what was paid
		}
		out[i].Debt = time.Duration(debt) * time.Microsecond
	}
	return out
}

// TestExpiryLosesNothing: a key lives until its bucket is full, and not much longer.
func TestExpiryLosesNothing(t *testing.T) {
	srv := startServer(t)
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	for _, us := range []int64{1, 999, 1000, 1001, 1_900_000, 3_600_000_001, 2_300_000_000_000_000} {
		a := ratelimit.Ask{Policy: strconv.FormatInt(us, 10), Key: "k", Emission: time.Duration(us) * time.Microsecond, Burst: 1, Cost: 1}
		st := take(t, store, a)[0]
		if st.Denied || st.Debt != a.Emission {
			t.Fatalf("%d µs: %+v", us, st)
		}
		at := srv.rdb.Do(t.Context(), "PEXPIRETIME", store.Key("k", a.Policy)).Val()
		if us < 1_000_000 {
			continue // gone perhaps
		}
		expires, ok := at.(int64)
		tat, err := srv.rdb.Get(t.Context(), store.Key("k", a.Policy)).Int64()
		if !ok || err != nil || expires*1000 < tat || expires*1000 > tat+3000 {
			t.Errorf("%d µs: full at %d, expires at %v (%v)", us, tat, at, err)
		}
	}
	eventually(t, "full buckets are gone", func() bool { return srv.rdb.DBSize(context.Background()).Val() <= 3 })
}

// TestExpiryInTime: a bucket whose expiry is cut admits too much, since a key that is gone is a full bucket.
func TestExpiryInTime(t *testing.T) {
	srv := startServer(t)
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	a := ratelimit.Ask{Policy: "p", Key: "k", Emission: 19300 * time.Microsecond, Burst: 3, Cost: 1}
	start := time.Now()
	admitted := int64(0)
	eventually(t, "15 are admitted", func() bool {
		if !take(t, store, a)[0].Denied {
			admitted++
		}
		return admitted == 15
	})
	if most := a.Burst + int64(time.Since(start)/a.Emission); admitted > most {
		t.Errorf("admitted %d, want at most %d", admitted, most)
	}
}

// TestClockAhead: what a clock that ran ahead has written, or a limit that was larger, holds nobody for longer than one
// window; even if the client never stops asking.
func TestClockAhead(t *testing.T) {
	srv := startServer(t)
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	srv.do("SET", store.Key("k", "p"), strconv.FormatInt(time.Now().Add(time.Hour).UnixMicro(), 10), "PX", 3_600_000)
	a := ratelimit.Ask{Policy: "p", Key: "k", Emission: 50 * time.Millisecond, Burst: 2, Cost: 1}
	if st := take(t, store, a)[0]; !st.Denied || st.Debt != 100*time.Millisecond {
		t.Errorf("%+v", st)
	}
	eventually(t, "it is admitted", func() bool { return !take(t, store, a)[0].Denied })
	srv.do("SET", store.Key("x", "p"), "not ours")
	a.Key = "x"
	if take(t, store, a)[0].Denied {
		t.Error("nonsense denies")
	}
}

// TestWholeMicroseconds: a limit that is no whole number of microseconds is never stricter than asked, and says the right
// number of tokens and the right time.
func TestWholeMicroseconds(t *testing.T) {
	srv := startServer(t)
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	a := ratelimit.Ask{Policy: "p", Key: "k", Emission: 20*time.Minute + 333, Burst: 1000, Cost: 1}
	for i := range int64(20) {
		if st := take(t, store, a)[0]; left(a, st) != a.Burst-1-i {
			t.Fatalf("%d left, want %d", left(a, st), a.Burst-1-i)
		}
	}
	a.Cost = 1000
	fresh := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
	for range 2 { // of Redis, then of the local table
		st := take(t, fresh, a)[0]
		wait := st.Debt + time.Duration(a.Cost-a.Burst)*a.Emission
		if real := 20 * a.Emission; !st.Denied || wait > real || wait < real-patience {
			t.Errorf("wait %v, want %v", wait, real)
		}
	}
	if st := fresh.Stats(); st.Remembered != 1 {
		t.Errorf("%+v", st)
	}
	// The least exact limit there is: Redis counts half of it, but the tokens are as many.
	a = ratelimit.Ask{Policy: "fast", Key: "k", Emission: 1999, Burst: 1e12, Cost: 1e12}
	for i := range 3 { // by Redis, by the local table, by another that Redis told
		if i == 2 {
			store = newStore(t, redisstore.Config{Client: client(t, srv.addr)})
		}
		if st := take(t, store, a)[0]; st.Denied != (i > 0) || left(a, st) > 1e8 {
			t.Errorf("%d: %+v, %d left", i, st, left(a, st))
		}
	}
	for _, c := range [][4]time.Duration{{1 << 60, 3, 2, 3 << 59}, {7, 1500, 1000, 10}, {0, 5, 3, 0}} {
		if got := redisstore.Scale(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("%d·%d/%d = %d", c[0], c[1], c[2], got)
		}
	}
}
