package ratelimit_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// TestEpochReset: who comes back at the second that it was told is admitted, whatever the fraction of now.
func TestEpochReset(t *testing.T) {
	for ms := 0; ms < 1000; ms += 100 {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Duration(ms) * time.Millisecond)
			h := newLimiter(t, ratelimit.Config{Policies: one(1, 1500*time.Millisecond, 1), Headers: ratelimit.LegacyEpoch}).Wrap(&spy{})
			get(h, "192.0.2.1:1")
			reset, err := strconv.ParseInt(get(h, "192.0.2.1:1").Header().Get("X-RateLimit-Reset"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			back := time.Unix(reset, 0)
			if early := time.Until(back) - 1500*time.Millisecond; early < 0 || early >= time.Second {
				t.Errorf("at .%03d: %v off", ms, early)
			}
			time.Sleep(time.Until(back))
			if w := get(h, "192.0.2.1:1"); w.Code != http.StatusNoContent {
				t.Errorf("at .%03d: %d at the reset", ms, w.Code)
			}
		})
	}
}

// TestOlderStylesInAChain: these fields tell of one policy, the one that will deny first, wherever it stands.
func TestOlderStylesInAChain(t *testing.T) {
	tight := ratelimit.Policy{Name: "tight", Limit: 1e-3, Burst: 2}
	loose := ratelimit.Policy{Name: "loose", Limit: 1, Burst: 50}
	for _, c := range []struct {
		style        ratelimit.HeaderStyle
		field        string
		first, third string
	}{
		{ratelimit.Draft07, "RateLimit", "limit=2, remaining=1, reset=1000", "limit=2, remaining=0, reset=1000"},
		{ratelimit.Draft07, "RateLimit-Policy", "2;w=2000", "2;w=2000"},
		{ratelimit.Legacy, "X-RateLimit-Limit", "2", "2"},
		{ratelimit.Legacy, "X-RateLimit-Remaining", "1", "0"},
		{ratelimit.LegacyEpoch, "X-RateLimit-Remaining", "1", "0"},
		{ratelimit.LegacyEpoch, "X-RateLimit-Reset", "946685800", "946685800"},
	} {
		for _, policies := range [][]ratelimit.Policy{{tight, loose}, {loose, tight}} {
			synctest.Test(t, func(t *testing.T) {
				outer := newLimiter(t, ratelimit.Config{Policies: policies[:1], Headers: c.style})
				inner := newLimiter(t, ratelimit.Config{Policies: policies[1:], Headers: c.style})
				h := outer.Wrap(inner.Wrap(&spy{}))
				first := get(h, "192.0.2.1:1").Header().Values(c.field)
				get(h, "192.0.2.1:1")
				third := get(h, "192.0.2.1:1").Header().Values(c.field)
				if strings.Join(first, "|") != c.first || strings.Join(third, "|") != c.third {
					t.Errorf("style %d, %s outside: %s %q, then %q", c.style, policies[0].Name, c.field, first, third)
				}
			})
		}
	}
}

// TestOlderStylesBesideStrangers: what somebody else wrote into the fields is no reason to be silent.
func TestOlderStylesBesideStrangers(t *testing.T) {
	h := newLimiter(t, ratelimit.Config{Policies: one(1, time.Second, 5), Headers: ratelimit.Draft07}).Wrap(&spy{})
	for _, told := range []string{"", "x", `"a";r=1;t=1`, "remaining=", "limit=9, remaining=9, reset=1", "-"} {
		w := httptest.NewRecorder()
		w.Header().Set("RateLimit", told)
		r := &http.Request{Method: "GET", RemoteAddr: "192.0.2.1:1", Header: http.Header{}}
		h.ServeHTTP(w, r)
		if got := w.Header().Get("RateLimit"); !strings.HasPrefix(got, "limit=5, ") {
			t.Errorf("beside %q: %q", told, got)
		}
	}
}

// TestOlderStylesHideATrial: a client that is told of a Shadow policy would hold back, and the trial would try nothing.
func TestOlderStylesHideATrial(t *testing.T) {
	trial := ratelimit.Policy{Name: "trial", Limit: 1e-3, Burst: 1, Shadow: true}
	for _, c := range []struct {
		policies []ratelimit.Policy
		want     string
	}{
		{[]ratelimit.Policy{trial, {Name: "real", Limit: 1e-3, Burst: 9}}, "7"},
		{[]ratelimit.Policy{{Name: "real", Limit: 1e-3, Burst: 9}, trial, {Name: "tight", Limit: 1e-3, Burst: 5}}, "3"},
		{[]ratelimit.Policy{trial}, "0"},
	} {
		h := newLimiter(t, ratelimit.Config{Policies: c.policies, Headers: ratelimit.Legacy}).Wrap(&spy{})
		get(h, "192.0.2.1:1")
		if got := get(h, "192.0.2.1:1").Header().Get("X-RateLimit-Remaining"); got != c.want {
			t.Errorf("%d policies: %s, want %s", len(c.policies), got, c.want)
		}
	}
}

// TestFieldsOfAnyLength: short and long values are kept in different ways, and each stays its response's own.
func TestFieldsOfAnyLength(t *testing.T) {
	for n := 1; n <= 200; n++ {
		name := strings.Repeat("n", n)
		h := newLimiter(t, ratelimit.Config{Policies: []ratelimit.Policy{{Name: name, Limit: 1e-3, Burst: 12}}}).Wrap(&spy{})
		first, second := get(h, "192.0.2.1:1").Header(), get(h, "192.0.2.1:1").Header()
		for _, c := range []struct {
			h           http.Header
			field, want string
		}{
			{first, "RateLimit-Policy", `"` + name + `";q=12;w=12000`},
			{first, "RateLimit", `"` + name + `";r=11;t=11000`},
			{second, "RateLimit-Policy", `"` + name + `";q=12;w=12000`},
			{second, "RateLimit", `"` + name + `";r=10;t=10000`},
		} {
			if got := c.h.Values(c.field); len(got) != 1 || got[0] != c.want {
				t.Errorf("%s: %q, want %q", c.field, got, c.want)
			}
		}
		if more := append(first["Ratelimit-Policy"], "more"); first.Get("RateLimit") == more[1] {
			t.Error("a line that is added to one field is in the other")
		}
	}
}

// TestDraft11DenialInAChain: what the outer limiter said of its window would outlast Retry-After.
func TestDraft11DenialInAChain(t *testing.T) {
	outer := newLimiter(t, ratelimit.Config{Policies: []ratelimit.Policy{{Name: "hour", Limit: 100.0 / 3600, Burst: 100}}})
	inner := newLimiter(t, ratelimit.Config{Policies: []ratelimit.Policy{{Name: "sec", Limit: 0.2, Burst: 1}}})
	h := outer.Wrap(inner.Wrap(&spy{}))
	if got := get(h, "192.0.2.1:1").Header().Values("RateLimit"); len(got) != 2 {
		t.Errorf("admitted: %q", got)
	}
	w := get(h, "192.0.2.1:1").Header()
	if got := w.Values("RateLimit"); !slices.Equal(got, []string{`"sec";r=0;t=5`}) || w.Get("Retry-After") != "5" {
		t.Errorf("denied: %q, Retry-After %s", got, w.Get("Retry-After"))
	}
	if got := w.Values("RateLimit-Policy"); !slices.Equal(got, []string{`"hour";q=100;w=3600`, `"sec";q=1;w=5`}) {
		t.Errorf("%q", got)
	}
}

// TestErrOfADecision: nothing that went wrong is lost, whatever else did.
func TestErrOfADecision(t *testing.T) {
	dear := func(*http.Request) int { return 9 }
	m := newLimiter(t, ratelimit.Config{Store: broken{}, Policies: []ratelimit.Policy{
		{Name: "a", Limit: 1, Burst: 2, Cost: dear}, {Name: "b", Limit: 1, Burst: 20, Cost: dear}, {Name: "c", Limit: 1, Burst: 3, Cost: dear},
	}})
	d := m.Check(&http.Request{RemoteAddr: "192.0.2.1:1"})
	if d.Allowed || d.Policy != "a" || !errors.Is(d.Err, errBroken) || !strings.Contains(d.Err.Error(), "Policies[0].Cost") || !strings.Contains(d.Err.Error(), "Policies[2].Cost") || strings.Contains(d.Err.Error(), "Policies[1]") {
		t.Errorf("%+v", d)
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Take(context.Context, []ratelimit.Ask) ([]ratelimit.State, error) {
	return nil, errBroken
}

// liar is a Store that breaks its contract.
type liar struct{ state ratelimit.State }

func (l liar) Take(_ context.Context, asks []ratelimit.Ask) ([]ratelimit.State, error) {
	return slices.Repeat([]ratelimit.State{l.state}, len(asks)), nil
}

// TestStoreThatLies: no answer of a Store makes a promise of centuries.
func TestStoreThatLies(t *testing.T) {
	for _, debt := range []time.Duration{math.MaxInt64, math.MinInt64, time.Hour} {
		h := newLimiter(t, ratelimit.Config{Policies: one(1, time.Second, 5), Store: liar{ratelimit.State{Debt: debt, Denied: true}}}).Wrap(&spy{})
		if w := get(h, "192.0.2.1:1"); w.Code != 429 || w.Header().Get("Retry-After") != "1" {
			t.Errorf("%v: %d, Retry-After %q", debt, w.Code, w.Header().Get("Retry-After"))
		}
	}
}

// TestAddedLineIsACopy: the lines that somebody else put there may lie in a slice that is not this response's alone.
func TestAddedLineIsACopy(t *testing.T) {
	shared := append(make([]string, 0, 4), `"outer";r=1;t=1`)
	w := httptest.NewRecorder()
	w.Header()["Ratelimit"], w.Header()["Ratelimit-Policy"] = shared, shared
	r := httptest.NewRequest("GET", "/", nil)
	newLimiter(t, ratelimit.Config{Policies: one(1, time.Second, 5)}).Wrap(&spy{}).ServeHTTP(w, r)
	if got := shared[:2][1]; got != "" || len(w.Header()["Ratelimit"]) != 2 {
		t.Errorf("%q written into a shared slice", got)
	}
}

// keys remembers what a Store is asked for.
type keys struct {
	liar
	asked []string
}

func (k *keys) Take(ctx context.Context, asks []ratelimit.Ask) ([]ratelimit.State, error) {
	for _, a := range asks {
		k.asked = append(k.asked, a.Key)
	}
	return k.liar.Take(ctx, asks)
}

// TestStoreIsGivenTheKey of the policy's own func, and its fallback shows up in Stats.
func TestStoreIsGivenTheKey(t *testing.T) {
	store := &keys{}
	m := newLimiter(t, ratelimit.Config{Store: store, Policies: []ratelimit.Policy{{Name: "user", Limit: 1, Burst: 5,
		Key: func(r *http.Request) string { return r.Header.Get("User") }}}})
	for _, user := range []string{"a", "b"} {
		m.Check(&http.Request{Header: http.Header{"User": {user}}})
	}
	if !slices.Equal(store.asked, []string{"a", "b"}) || m.Stats().Slots == 0 {
		t.Errorf("asked for %q, %+v", store.asked, m.Stats())
	}
}
