package ratelimit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// unread fails the test when anybody reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) { u.t.Error("the body was read"); return 0, io.EOF }
func (u unread) Close() error             { return nil }

func TestDenial(t *testing.T) {
	h := newLimiter(t, ratelimit.Config{Policies: one(1, time.Hour, 1)}).Wrap(&spy{})
	get(h, "192.0.2.1:1")
	r := httptest.NewRequest("POST", "/?secret=reflected", unread{t})
	r.RemoteAddr = "192.0.2.1:1"
	r.Header.Set("X-Forwarded-For", "reflected")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"type":              "https://iana.org/assignments/http-problem-types#quota-exceeded",
		"title":             "Too many requests: the quota is used up",
		"status":            429.0,
		"violated-policies": []any{"default"},
	}
	if !reflect.DeepEqual(doc, want) {
		t.Errorf("%v", doc)
	}
	for name, lines := range w.Header() {
		if strings.Contains(strings.Join(lines, ""), "reflected") {
			t.Errorf("%s reflects the request: %q", name, lines)
		}
	}
	if strings.Contains(w.Body.String(), "192.0.2.1") {
		t.Error("the body has the client's address")
	}
}

func TestDenyHandler(t *testing.T) {
	h := newLimiter(t, ratelimit.Config{
		Policies: one(1, time.Hour, 1),
		Deny: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTooManyRequests)
			io.WriteString(w, "slow down, "+w.Header().Get("Retry-After"))
		}),
	}).Wrap(&spy{})
	get(h, "192.0.2.1:1")
	w := get(h, "192.0.2.1:1")
	if w.Code != 429 || w.Body.String() != "slow down, 3600" || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("RateLimit") == "" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
}

func TestStyles(t *testing.T) {
	for _, c := range []struct {
		style           ratelimit.HeaderStyle
		allowed, denied map[string]string
	}{
		{ratelimit.Draft11,
			map[string]string{"RateLimit-Policy": `"burst";q=2;w=2, "daily";q=100;w=86400`, "RateLimit": `"burst";r=1;t=1, "daily";r=99;t=85536`},
			map[string]string{"RateLimit-Policy": `"burst";q=2;w=2, "daily";q=100;w=86400`, "RateLimit": `"burst";r=0;t=1`, "Retry-After": "1"}},
		{ratelimit.Draft07,
			map[string]string{"RateLimit-Policy": `2;w=2, 100;w=86400`, "RateLimit": `limit=2, remaining=1, reset=1`},
			map[string]string{"RateLimit-Policy": `2;w=2, 100;w=86400`, "RateLimit": `limit=2, remaining=0, reset=1`, "Retry-After": "1"}},
		{ratelimit.Legacy,
			map[string]string{"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "1"},
			map[string]string{"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1", "Retry-After": "1"}},
		{ratelimit.LegacyEpoch, // the virtual clock begins with 2000
			map[string]string{"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "946684801"},
			map[string]string{"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "946684801", "Retry-After": "1"}},
		{ratelimit.NoHeaders, map[string]string{}, map[string]string{"Retry-After": "1"}},
	} {
		t.Run(strconv.Itoa(int(c.style)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newLimiter(t, ratelimit.Config{Headers: c.style, Policies: []ratelimit.Policy{
					{Name: "burst", Limit: 1, Burst: 2},
					{Name: "daily", Limit: ratelimit.Per(100, 24*time.Hour), Burst: 100},
				}}).Wrap(&spy{})
				check := func(want map[string]string) {
					w := get(h, "192.0.2.1:1")
					for _, name := range []string{"RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"} {
						if got := w.Header().Get(name); got != want[name] {
							t.Errorf("%s: %q, want %q", name, got, want[name])
						}
					}
				}
				check(c.allowed)
				get(h, "192.0.2.1:1")
				check(c.denied)
			})
		})
	}
}

// TestTwoMiddlewares wants the fields of both: they are lists.
func TestTwoMiddlewares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newLimiter(t, ratelimit.Config{Policies: []ratelimit.Policy{{Name: "user", Limit: 1, Burst: 1}}})
		outer := newLimiter(t, ratelimit.Config{Policies: one(1, time.Second, 5)})
		h := outer.Wrap(inner.Wrap(&spy{}))
		w := get(h, "192.0.2.1:1")
		for name, want := range map[string]string{"RateLimit": `"default";r=4;t=4, "user";r=0;t=1`, "RateLimit-Policy": `"default";q=5;w=5, "user";q=1;w=1`} {
			if got := strings.Join(w.Header().Values(name), ", "); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		if w = get(h, "192.0.2.1:1"); w.Code != 429 || w.Header().Get("Retry-After") != "1" {
			t.Errorf("the inner one: %d %v", w.Code, w.Header())
		}
	})
}

// TestOwnSlices wants header values that no two responses share: a handler may append to them.
func TestOwnSlices(t *testing.T) {
	for style := ratelimit.Draft11; style <= ratelimit.NoHeaders; style++ {
		h := newLimiter(t, ratelimit.Config{Policies: one(1, time.Hour, 2), Headers: style}).Wrap(http.HandlerFunc(
			func(w http.ResponseWriter, _ *http.Request) {
				for name, lines := range w.Header() {
					_ = append(lines, "overwritten")
					lines[0] += "changed"
					w.Header()[name] = append(lines, "added")
				}
			}))
		for range 3 {
			get(h, "192.0.2.1:1")
		}
		for name, lines := range get(h, "192.0.2.1:1").Header() {
			if len(lines) != 1 || strings.Contains(lines[0], "changed") || lines[0] == "overwritten" {
				t.Errorf("style %d: %s is %q", style, name, lines)
			}
		}
	}
}

func TestCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cost int
		var last ratelimit.Decision
		m := newLimiter(t, ratelimit.Config{
			Policies: []ratelimit.Policy{
				{Name: "bytes", Limit: 1, Burst: 10, Cost: func(*http.Request) int { return cost }},
				{Name: "other", Limit: 1e-3, Burst: 4},
			},
			OnDecision: func(_ *http.Request, d ratelimit.Decision) { last = d },
		})
		h := m.Wrap(&spy{})
		for _, cost = range []int{11, 1 << 40, int(^uint(0) >> 1)} {
			w := get(h, "192.0.2.1:1")
			if w.Code != 429 || w.Header()["Retry-After"] != nil || last.RetryAfter != 0 {
				t.Errorf("cost %d: %d %v", cost, w.Code, w.Header())
			}
			if e, ok := errors.AsType[*ratelimit.ConfigError](last.Err); !ok || e.Field != "Policies[0].Cost" || e.Value != strconv.Itoa(cost) {
				t.Errorf("cost %d: %v", cost, last.Err)
			}
			if got := w.Header().Get("RateLimit"); got != `"bytes";r=10;t=10` {
				t.Errorf("RateLimit %s", got)
			}
		}
		for _, cost = range []int{8, 0, -1, -1 << 63} { // "other" pays for each
			w := get(h, "192.0.2.1:1")
			if w.Code != 204 || last.Err != nil {
				t.Errorf("cost %d: %d %+v", cost, w.Code, last)
			}
			if got := w.Header().Get("RateLimit"); !strings.HasPrefix(got, `"bytes";r=2;t=2, "other"`) {
				t.Errorf("cost %d gives tokens: %s", cost, got)
			}
		}
		time.Sleep(8 * time.Second)
		cost = 10
		if w := get(h, "192.0.2.1:1"); w.Code != 429 || last.Policy != "other" || !reflect.DeepEqual(last.Violated, []string{"other"}) {
			t.Errorf("%d %+v", w.Code, last)
		}
		// A hopeless policy beside one that only has to wait: no wait helps.
		cost = 11
		if w := get(h, "192.0.2.1:1"); w.Header()["Retry-After"] != nil || last.Policy != "bytes" || !reflect.DeepEqual(last.Violated, []string{"bytes", "other"}) {
			t.Errorf("%v %+v", w.Header(), last)
		}
	})
}

func TestSkipShadowExempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		decisions := 0
		var last ratelimit.Decision
		m := newLimiter(t, ratelimit.Config{
			Policies: []ratelimit.Policy{
				{Name: "trial", Limit: 1e-3, Burst: 1, Shadow: true},
				{Name: "keyed", Limit: 1e-3, Burst: 4, Key: func(r *http.Request) string { return r.Header.Get("User") }},
			},
			Skip:       func(r *http.Request) bool { return r.Header.Get("Skip") != "" },
			OnDecision: func(_ *http.Request, d ratelimit.Decision) { decisions++; last = d },
		})
		h := m.Wrap(&spy{})
		send := func(name, value string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set(name, value)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
		for range 5 {
			if w := send("Skip", "1"); w.Code != 204 || len(w.Header()) != 0 || decisions != 0 {
				t.Fatalf("skipped: %d %v, %d decisions", w.Code, w.Header(), decisions)
			}
		}
		if d := m.Check(&http.Request{Header: http.Header{"Skip": {"1"}}}); !reflect.DeepEqual(d, ratelimit.Decision{Allowed: true}) {
			t.Errorf("skipped: %+v", d)
		}
		for i := range 5 {
			w := send("X", "")
			if w.Code != 204 || w.Header()["Retry-After"] != nil || strings.Contains(w.Header().Get("RateLimit"), "keyed") {
				t.Errorf("shadow: %d %v", w.Code, w.Header())
			}
			if denied := last.Shadowed != nil; denied != (i > 0) || !last.Allowed || last.Violated != nil {
				t.Errorf("shadow: %+v", last)
			}
		}
		for i := range 5 {
			w := send("User", "a")
			if (w.Code == 204) != (i < 4) {
				t.Errorf("request %d: %d", i, w.Code)
			}
			if got := w.Header().Get("RateLimit"); strings.Contains(got, "trial") != (i < 4) {
				t.Errorf("request %d: RateLimit %s", i, got)
			}
		}
		// A denied request names only who denied, though the trial would have too.
		if !reflect.DeepEqual(last.Violated, []string{"keyed"}) || !reflect.DeepEqual(last.Shadowed, []string{"trial"}) || last.Policy != "keyed" {
			t.Errorf("%+v", last)
		}
	})
}

// TestNotMade: what New did not make lets nobody in.
func TestNotMade(t *testing.T) {
	app := &spy{}
	var m *ratelimit.Middleware
	var g *ratelimit.Global
	var c *ratelimit.Concurrency
	for name, h := range map[string]http.Handler{
		"nil Middleware": m.Wrap(app), "zero Middleware": (&ratelimit.Middleware{}).Wrap(app),
		"nil Global": g.Wrap(app), "zero Global": (&ratelimit.Global{}).Wrap(app),
		"nil Concurrency": c.Wrap(app), "zero Concurrency": (&ratelimit.Concurrency{}).Wrap(app),
	} {
		if w := get(h, "192.0.2.1:1"); w.Code != 500 || app.calls != 0 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	if d := m.Check(r); d.Allowed || d.Err == nil {
		t.Errorf("nil: %+v", d)
	}
	if d := (&ratelimit.Middleware{}).Check(r); d.Allowed || d.Err == nil {
		t.Errorf("zero: %+v", d)
	}
	if m.Stats() != (ratelimit.Stats{}) || g.Limiter() != nil || c.Config().Limit != 0 {
		t.Error("nil has values")
	}
	if w := get(newLimiter(t, ratelimit.Config{Policies: one(1, time.Second, 1)}).Wrap(nil), "192.0.2.1:1"); w.Code != 404 {
		t.Errorf("nil next: %d", w.Code)
	}
}

// TestServer counts under real connections: of many requests at once exactly Burst pass, for each policy.
func TestServer(t *testing.T) {
	app := atomic.Int64{}
	m := newLimiter(t, ratelimit.Config{Policies: []ratelimit.Policy{
		{Name: "hourly", Limit: ratelimit.Per(50, time.Hour), Burst: 50},
		{Name: "daily", Limit: ratelimit.Per(60, 24*time.Hour), Burst: 60, Key: ratelimit.Join(nil, ratelimit.ByHeader("User-Agent"))},
	}})
	srv := httptest.NewServer(m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { app.Add(1) })))
	defer srv.Close()
	codes := [600]atomic.Int64{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				resp, err := http.Get(srv.URL)
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				codes[resp.StatusCode].Add(1)
			}
		})
	}
	wg.Wait()
	if app.Load() != 50 || codes[200].Load() != 50 || codes[429].Load() != 110 {
		t.Errorf("%d reached the application, %d were 200 and %d 429", app.Load(), codes[200].Load(), codes[429].Load())
	}
	if s := m.Stats(); s.Evicted != 0 || s.Slots != 1<<16 {
		t.Errorf("%+v", s)
	}
}

// TestViolatedPolicies: a denial names those that denied, and no others, with few policies and with many.
func TestViolatedPolicies(t *testing.T) {
	for n := 1; n <= 70; n = n*2 + 1 {
		var policies []ratelimit.Policy
		for i := range n {
			policies = append(policies, ratelimit.Policy{Name: fmt.Sprint("p", i), Limit: 1e-6, Burst: 100, Shadow: i%4 == 3,
				Cost: func(r *http.Request) int { return len(r.Header["P"+strconv.Itoa(i)]) * 101 }})
		}
		h := newLimiter(t, ratelimit.Config{Policies: policies}).Wrap(&spy{})
		for _, deniers := range [][]int{{0}, {n - 1}, {0, n / 2}, {n / 2, n - 1}, {0, n / 2, n - 1}} {
			r := httptest.NewRequest("GET", "/", nil)
			want := []string{}
			for _, i := range slices.Compact(deniers) {
				r.Header["P"+strconv.Itoa(i)] = []string{"x"}
				if i%4 != 3 {
					want = append(want, fmt.Sprint("p", i))
				}
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if len(want) == 0 {
				if w.Code != http.StatusNoContent {
					t.Errorf("%d policies, %v: %d for a trial", n, deniers, w.Code)
				}
				continue
			}
			var got struct {
				Violated []string `json:"violated-policies"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || !slices.Equal(got.Violated, want) {
				t.Errorf("%d policies, %v: %v %v, want %v", n, deniers, got.Violated, err, want)
			}
		}
	}
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	empty := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		name     string
		most     float64
		style    ratelimit.HeaderStyle
		policies []ratelimit.Policy
	}{
		{"no headers", 0, ratelimit.NoHeaders, one(1, time.Nanosecond, 1e9)},
		{"no headers, two policies", 0, ratelimit.NoHeaders, append(one(1, time.Nanosecond, 1e9), ratelimit.Policy{Name: "b", Limit: 1e9, Burst: 1e9})},
		{"draft 11", 1, ratelimit.Draft11, one(1, time.Nanosecond, 1e9)},
		{"draft 11, two policies", 2, ratelimit.Draft11, append(one(1, time.Nanosecond, 1e9), ratelimit.Policy{Name: "b", Limit: 1e9, Burst: 1e9})},
		{"draft 07", 3, ratelimit.Draft07, one(1, time.Nanosecond, 1e9)},
		{"legacy", 3, ratelimit.Legacy, one(1, time.Nanosecond, 1e9)},
	} {
		h := newLimiter(t, ratelimit.Config{Policies: c.policies, Headers: c.style}).Wrap(empty)
		for _, addr := range []string{"192.0.2.1:1", "[2001:db8::1]:1"} {
			r, w := &http.Request{Method: "GET", RemoteAddr: addr}, &blank{h: http.Header{}}
			if n := testing.AllocsPerRun(200, func() { clear(w.h); h.ServeHTTP(w, r) }); n > c.most {
				t.Errorf("%s, %s: %v allocations, want at most %v", c.name, addr, n, c.most)
			}
		}
	}
}
