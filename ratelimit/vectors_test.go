package ratelimit_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

func load(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

type tokenRate struct {
	Tokens int `json:"tokens"`
	PerMS  int `json:"per_ms"`
}

func (r tokenRate) limit() (int, time.Duration) {
	return r.Tokens, time.Duration(r.PerMS) * time.Millisecond
}

// sleepUntil moves the virtual clock. Under synctest it takes no time.
func sleepUntil(start time.Time, ms int) {
	time.Sleep(time.Until(start.Add(time.Duration(ms) * time.Millisecond)))
}

type timeline struct {
	Sequences []struct {
		ID     string    `json:"id"`
		Rate   tokenRate `json:"rate"`
		Burst  int       `json:"burst"`
		Events []event   `json:"events"`
	} `json:"sequences"`
}

type event struct {
	at       int
	key      string
	cost     int
	admitted bool
}

func (e *event) UnmarshalJSON(raw []byte) error {
	return json.Unmarshal(raw, &[]any{&e.at, &e.key, &e.cost, &e.admitted})
}

// TestTimeline judges the token bucket against exact rational arithmetic, through the middleware and through a Store.
func TestTimeline(t *testing.T) {
	var vectors timeline
	load(t, "timeline.json", &vectors)
	events := 0
	for _, s := range vectors.Sequences {
		t.Run(s.ID, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit := ratelimit.Per(s.Rate.limit())
				m := newLimiter(t, ratelimit.Config{Policies: []ratelimit.Policy{{
					Name: "p", Limit: limit, Burst: s.Burst,
					Key:  func(r *http.Request) string { return "k" + r.Header.Get("Key") },
					Cost: func(r *http.Request) int { n, _ := strconv.Atoi(r.Header.Get("Cost")); return n },
				}}})
				store := ratelimit.NewMemory(0)
				r := httptest.NewRequest("GET", "/", nil)
				start := time.Now()
				for i, e := range s.Events {
					events++
					sleepUntil(start, e.at)
					r.Header.Set("Key", e.key)
					r.Header.Set("Cost", strconv.Itoa(e.cost))
					d := m.Check(r)
					if d.Allowed != e.admitted {
						t.Errorf("event %d %+v: admitted %v", i, e, d.Allowed)
					}
					if hopeless := e.cost > s.Burst; !d.Allowed && (d.RetryAfter == 0) != hopeless {
						t.Errorf("event %d %+v: RetryAfter %v", i, e, d.RetryAfter)
					}
					states, err := store.Take(context.Background(), []ratelimit.Ask{{
						Policy: "p", Key: e.key, Emission: time.Duration(1e9 / float64(limit) * (1 + 1e-15)), Burst: int64(s.Burst), Cost: int64(e.cost),
					}})
					if err != nil || states[0].Denied == e.admitted {
						t.Errorf("event %d %+v: the Memory says %+v, %v", i, e, states, err)
					}
				}
			})
		})
	}
	if events < 750 {
		t.Errorf("only %d events were judged", events)
	}
}

type fieldCase struct {
	ID       string `json:"id"`
	Policies []struct {
		Name  string    `json:"name"`
		Rate  tokenRate `json:"rate"`
		Burst int       `json:"burst"`
	} `json:"policies"`
	History [][2]int `json:"history"`
	Request struct {
		At   int `json:"t_ms"`
		Cost int `json:"cost"`
	} `json:"request"`
	Admitted bool           `json:"admitted"`
	Shadow   bool           `json:"shadow"`
	Expect   map[string]any `json:"expect"`
	Problem  *struct {
		ContentType string   `json:"content_type"`
		Type        string   `json:"type"`
		Status      int      `json:"status"`
		Violated    []string `json:"violated-policies"`
	} `json:"problem"`
}

// TestFields wants the exact response for a policy and a history.
func TestFields(t *testing.T) {
	var vectors struct {
		Cases []fieldCase `json:"cases"`
	}
	load(t, "headers.json", &vectors)
	if len(vectors.Cases) < 14 {
		t.Fatalf("only %d cases", len(vectors.Cases))
	}
	for _, c := range vectors.Cases {
		t.Run(c.ID, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.run(t) })
		})
	}
}

func (c *fieldCase) run(t *testing.T) {
	var cfg ratelimit.Config
	for _, p := range c.Policies {
		cfg.Policies = append(cfg.Policies, ratelimit.Policy{
			Name: p.Name, Limit: ratelimit.Per(p.Rate.limit()), Burst: p.Burst, Shadow: c.Shadow,
			Cost: func(r *http.Request) int { n, _ := strconv.Atoi(r.Header.Get("Cost")); return n },
		})
	}
	var admitted bool
	cfg.OnDecision = func(_ *http.Request, d ratelimit.Decision) { admitted = d.Allowed && d.Shadowed == nil }
	h := newLimiter(t, cfg).Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
	start := time.Now()
	send := func(at, cost int) *httptest.ResponseRecorder {
		sleepUntil(start, at)
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cost", strconv.Itoa(cost))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, before := range c.History {
		send(before[0], before[1])
	}
	w := send(c.Request.At, c.Request.Cost)
	if admitted != c.Admitted {
		t.Errorf("admitted %v", admitted)
	}
	for name, want := range c.Expect {
		switch want := want.(type) {
		case float64:
			if w.Code != int(want) {
				t.Errorf("status %d, want %v", w.Code, want)
			}
		case nil:
			if got, ok := w.Header()[name]; ok {
				t.Errorf("%s: %q, want none", name, got)
			}
		case string:
			if got := w.Header().Values(name); !slices.Equal(got, []string{want}) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
			if strings.HasPrefix(name, "RateLimit") {
				if _, err := checkField(name, want); err != nil {
					t.Errorf("%s %q: %v", name, want, err)
				}
			}
		}
	}
	if c.Problem == nil {
		return
	}
	var doc struct {
		Type     string   `json:"type"`
		Status   int      `json:"status"`
		Violated []string `json:"violated-policies"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if got := w.Header().Get("Content-Type"); got != c.Problem.ContentType {
		t.Errorf("Content-Type %q", got)
	}
	if doc.Type != c.Problem.Type || doc.Status != c.Problem.Status || !reflect.DeepEqual(doc.Violated, c.Problem.Violated) {
		t.Errorf("problem %s", w.Body)
	}
}

// TestFieldSyntax makes sure that the parser which judges our fields is itself a judge.
func TestFieldSyntax(t *testing.T) {
	var vectors struct {
		Syntax []struct {
			Field, Value, Why string
			Valid             bool
		} `json:"syntax"`
	}
	load(t, "headers.json", &vectors)
	for _, c := range vectors.Syntax {
		var err error
		if c.Field == "Retry-After" {
			if _, err = strconv.ParseUint(c.Value, 10, 63); err != nil {
				_, err = http.ParseTime(c.Value)
			}
		} else {
			_, err = checkField(c.Field, c.Value)
		}
		if (err == nil) != c.Valid {
			t.Errorf("%s: %s (%s): %v", c.Field, c.Value, c.Why, err)
		}
	}
}

// TestKey64 takes addresses of one network for one client, and no others.
func TestKey64(t *testing.T) {
	var vectors []struct{ Addr, Key64 string }
	load(t, "key64.json", &vectors)
	key := ratelimit.ByIP(nil, 0)
	at := func(addr string) string { return key(&http.Request{RemoteAddr: "[" + addr + "]:1"}) }
	seen := map[string]string{}
	for _, c := range vectors {
		network := netip.MustParsePrefix(c.Key64).Addr()
		last := network.As16()
		copy(last[8:], "\xff\xff\xff\xff\xff\xff\xff\xff")
		got := at(c.Addr)
		if got != at(network.String()) || got != at(netip.AddrFrom16(last).String()) {
			t.Errorf("%s is not one client with the rest of %s", c.Addr, c.Key64)
		}
		if other, ok := seen[got]; ok && other != c.Key64 {
			t.Errorf("%s has the key of %s", c.Key64, other)
		}
		seen[got] = c.Key64
	}
}
