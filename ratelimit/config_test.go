package ratelimit_test

import (
	"errors"
	"math"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// problems are the fields that an error names.
func problems(t *testing.T, err error) []string {
	t.Helper()
	var fields []string
	joined, _ := err.(interface{ Unwrap() []error })
	if joined == nil {
		t.Fatalf("not a joined error: %v", err)
	}
	for _, e := range joined.Unwrap() {
		c, ok := errors.AsType[*ratelimit.ConfigError](e)
		if !ok {
			t.Fatalf("not a ConfigError: %v", e)
		}
		if c.Package != "ratelimit" || c.Reason == "" || c.Fix == "" {
			t.Errorf("an error that does not help: %+v", c)
		}
		fields = append(fields, c.Field)
	}
	return fields
}

// absent is a Store that nobody made.
type absent struct{ liar }

func TestBadConfig(t *testing.T) {
	good := ratelimit.Policy{Name: "good", Limit: 1, Burst: 1}
	with := func(change func(*ratelimit.Policy)) ratelimit.Config {
		p := good
		change(&p)
		return ratelimit.Config{Policies: []ratelimit.Policy{p}}
	}
	limit := func(l rate.Limit) ratelimit.Config {
		return with(func(p *ratelimit.Policy) { p.Limit = l })
	}
	policies := func(n int) (list []ratelimit.Policy) {
		for i := range n {
			list = append(list, ratelimit.Policy{Name: strings.Repeat("x", i+1), Limit: 1, Burst: 1})
		}
		return list
	}
	var typedNil *ratelimit.Memory
	for _, c := range []struct {
		name string
		cfg  ratelimit.Config
		want []string
	}{
		{"zero", ratelimit.Config{}, []string{"Policies"}},
		{"zero policy", ratelimit.Config{Policies: make([]ratelimit.Policy, 1)}, []string{"Policies[0].Name", "Policies[0].Limit", "Policies[0].Burst"}},
		{"too many", ratelimit.Config{Policies: policies(65)}, []string{"Policies"}},
		{"twice", ratelimit.Config{Policies: []ratelimit.Policy{good, good}}, []string{"Policies[1].Name"}},
		{"blank", with(func(p *ratelimit.Policy) { p.Name = "  " }), []string{"Policies[0].Name"}},
		{"nil of a type", ratelimit.Config{Policies: []ratelimit.Policy{good}, Store: (*absent)(nil)}, []string{"Store"}},
		{"newline", with(func(p *ratelimit.Policy) { p.Name = "a\nb" }), []string{"Policies[0].Name"}},
		{"not ASCII", with(func(p *ratelimit.Policy) { p.Name = "täglich" }), []string{"Policies[0].Name"}},
		{"DEL", with(func(p *ratelimit.Policy) { p.Name = "a\x7f" }), []string{"Policies[0].Name"}},
		{"negative limit", limit(-1), []string{"Policies[0].Limit"}},
		{"no limit", limit(rate.Inf), []string{"Policies[0].Limit"}},
		{"infinite", limit(rate.Limit(math.Inf(1))), []string{"Policies[0].Limit"}},
		{"minus infinite", limit(rate.Limit(math.Inf(-1))), []string{"Policies[0].Limit"}},
		{"not a number", limit(rate.Limit(math.NaN())), []string{"Policies[0].Limit"}},
		{"too fast", limit(1e9 + 1), []string{"Policies[0].Limit"}},
		{"too slow", limit(1e-12), []string{"Policies[0].Limit"}},
		{"the slowest float", limit(math.SmallestNonzeroFloat64), []string{"Policies[0].Limit"}},
		{"per nothing", limit(ratelimit.Per(1, 0)), []string{"Policies[0].Limit"}},
		{"nothing per minute", limit(ratelimit.Per(0, time.Minute)), []string{"Policies[0].Limit"}},
		{"minus per minus", limit(ratelimit.Per(-5, -time.Second)), []string{"Policies[0].Limit"}},
		{"per minus", limit(ratelimit.Per(5, -time.Second)), []string{"Policies[0].Limit"}},
		{"nothing per nothing", limit(ratelimit.Per(0, 0)), []string{"Policies[0].Limit"}},
		{"negative burst", with(func(p *ratelimit.Policy) { p.Burst = -1 }), []string{"Policies[0].Burst"}},
		{"huge burst", with(func(p *ratelimit.Policy) { p.Burst = math.MaxInt }), []string{"Policies[0].Burst"}},
		{"window", with(func(p *ratelimit.Policy) { p.Limit, p.Burst = 1e-3, 1e12-1 }), []string{"Policies[0].Limit"}},
		{"prefix", ratelimit.Config{Policies: []ratelimit.Policy{good}, IPv6Prefix: 129}, []string{"IPv6Prefix"}},
		{"negative prefix", ratelimit.Config{Policies: []ratelimit.Policy{good}, IPv6Prefix: -1}, []string{"IPv6Prefix"}},
		{"style", ratelimit.Config{Policies: []ratelimit.Policy{good}, Headers: 99}, []string{"Headers"}},
		{"negative style", ratelimit.Config{Policies: []ratelimit.Policy{good}, Headers: -1}, []string{"Headers"}},
		{"negative slots", ratelimit.Config{Policies: []ratelimit.Policy{good}, Store: ratelimit.NewMemory(-1)}, []string{"Store"}},
		{"all slots", ratelimit.Config{Policies: []ratelimit.Policy{good}, Store: ratelimit.NewMemory(math.MaxInt)}, []string{"Store"}},
		{"zero memory", ratelimit.Config{Policies: []ratelimit.Policy{good}, Store: &ratelimit.Memory{}}, []string{"Store"}},
		{"nil memory", ratelimit.Config{Policies: []ratelimit.Policy{good}, Store: typedNil}, []string{"Store"}},
		{"all at once", ratelimit.Config{
			Policies: []ratelimit.Policy{{Name: "a", Burst: 1}, {Name: "a", Limit: 1}}, IPv6Prefix: 500, Headers: 7,
		}, []string{"IPv6Prefix", "Headers", "Policies[0].Limit", "Policies[1].Name", "Policies[1].Burst"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := ratelimit.New(c.cfg)
			if m != nil || err == nil {
				t.Fatal("it was accepted")
			}
			if got := problems(t, err); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v\n%v", got, c.want, err)
			}
		})
	}
}

// TestMemoryLimit counts the tables of all policies. Nothing of that size is ever allocated here.
func TestMemoryLimit(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 30))
	policies := []ratelimit.Policy{{Name: "a", Limit: 1, Burst: 1}, {Name: "b", Limit: 1, Burst: 1}}
	if _, err := ratelimit.New(ratelimit.Config{Policies: policies, Store: ratelimit.NewMemory(1 << 25)}); err == nil {
		t.Error("two tables of 512 MiB fit 1 GiB")
	} else if got := problems(t, err); !slices.Equal(got, []string{"Store"}) {
		t.Error(err)
	}
	if _, err := ratelimit.New(ratelimit.Config{Policies: policies, Store: ratelimit.NewMemory(1 << 16)}); err != nil {
		t.Error(err)
	}
}

func TestGoodConfig(t *testing.T) {
	for _, p := range []ratelimit.Policy{
		{Name: "fastest", Limit: 1e9, Burst: 999_999_999_999},
		{Name: "slowest", Limit: ratelimit.Per(1, 70*365*24*time.Hour), Burst: 1},
		{Name: ` !"\~`, Limit: 1, Burst: 1},
	} {
		if _, err := ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{p}}); err != nil {
			t.Error(err)
		}
	}
}

func TestConfigIsACopy(t *testing.T) {
	list := one(1, time.Minute, 1)
	m := newLimiter(t, ratelimit.Config{Policies: list})
	list[0].Name = "changed"
	if got := m.Config().Policies[0].Name; got != "default" {
		t.Errorf("the caller changed it: %q", got)
	}
	m.Config().Policies[0].Name = "changed"
	if got := m.Config().Policies[0].Name; got != "default" {
		t.Errorf("the reader changed it: %q", got)
	}
	if got := (*ratelimit.Middleware)(nil).Config().Policies; got != nil {
		t.Errorf("nil: %v", got)
	}
}

func TestBadConcurrency(t *testing.T) {
	yes := func(*http.Request) bool { return true }
	for _, c := range []struct {
		name string
		cfg  ratelimit.ConcurrencyConfig
		want []string
	}{
		{"zero", ratelimit.ConcurrencyConfig{}, []string{"Limit"}},
		{"negative", ratelimit.ConcurrencyConfig{Limit: -1, Queue: -1, MaxWait: -1, Reserved: -1}, []string{"Limit", "Queue", "MaxWait", "Reserved"}},
		{"huge", ratelimit.ConcurrencyConfig{Limit: math.MaxInt, Queue: math.MaxInt}, []string{"Limit", "Queue"}},
		{"a wait for nobody", ratelimit.ConcurrencyConfig{Limit: 1, MaxWait: 1}, []string{"MaxWait"}},
		{"all reserved", ratelimit.ConcurrencyConfig{Limit: 2, Reserved: 2, Critical: yes}, []string{"Reserved"}},
		{"reserved for nobody", ratelimit.ConcurrencyConfig{Limit: 2, Reserved: 1}, []string{"Critical"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := ratelimit.NewConcurrency(c.cfg)
			if m != nil || err == nil {
				t.Fatal("it was accepted")
			}
			if got := problems(t, err); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v\n%v", got, c.want, err)
			}
		})
	}
}

func TestBadGlobal(t *testing.T) {
	for _, limit := range []rate.Limit{0, -1, rate.Inf, rate.Limit(math.Inf(1)), rate.Limit(math.NaN())} {
		g, err := ratelimit.NewGlobal(limit, 0)
		if g != nil || err == nil {
			t.Fatalf("%v was accepted", limit)
		}
		if got := problems(t, err); !slices.Equal(got, []string{"limit", "burst"}) {
			t.Errorf("%v: %v", limit, got)
		}
	}
}
