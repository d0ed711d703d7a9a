package health_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/health"
)

// script is a check whose runs fail where it says 'f', and count.
type script struct {
	results string // the last one stays
	runs    int
}

func (s *script) check(context.Context) error {
	result := s.results[min(s.runs, len(s.results)-1)]
	s.runs++
	if result == 'f' {
		return errors.New("scripted")
	}
	return nil
}

func TestTTL(t *testing.T) {
	for _, tt := range []struct {
		desc    string
		results string
		ttl     time.Duration
		keeps   time.Duration // at least nine tenths of this, at most this
	}{
		{"pass, default", "p", 0, 5 * time.Second},
		{"fail, default", "f", 0, time.Second},
		{"pass", "p", time.Minute, time.Minute},
		{"fail, long", "f", time.Minute, time.Second},
		{"fail, short", "f", 100 * time.Millisecond, 100 * time.Millisecond},
	} {
		t.Run(tt.desc, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{results: tt.results}
				h := mustNew(t, health.Config{Checks: []health.Check{{Name: "c", Func: s.check, TTL: tt.ttl}}}).Wrap(app)
				ask(h, "GET", "/health")
				time.Sleep(tt.keeps*9/10 - 1)
				ask(h, "GET", "/readyz")
				if s.runs != 1 {
					t.Errorf("%d runs before the result was old", s.runs)
				}
				time.Sleep(tt.keeps/10 + 1)
				ask(h, "GET", "/health")
				ask(h, "GET", "/readyz")
				if s.runs != 2 {
					t.Errorf("%d runs after it was", s.runs)
				}
			})
		})
	}
}

// Instances that started together must not ask the database together for ever.
func TestJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 50
		runs := make([]int, n)
		var handlers []http.Handler
		for i := range n {
			handlers = append(handlers, mustNew(t, health.Config{Checks: []health.Check{{Name: "c", Func: counted(&runs[i], passing)}}}).Wrap(app))
			ask(handlers[i], "GET", "/readyz")
		}
		time.Sleep(4750 * time.Millisecond)
		again := 0
		for i, h := range handlers {
			ask(h, "GET", "/readyz")
			again += runs[i] - 1
		}
		if again == 0 || again == n {
			t.Errorf("%d of %d ran again after 95 %% of the TTL", again, n)
		}
	})
}

func TestThreshold(t *testing.T) {
	for _, tt := range []struct {
		desc      string
		threshold int
		results   string
		want      string // readiness after each run
	}{
		{"default", 0, "pffffpf", "pppffpp"},
		{"one", 1, "pfpf", "pfpf"},
		{"five", 5, "pfffff", "pppppf"},
		{"a pass between starts again", 3, "pffpfff", "ppppppf"},
		{"first run counts at once", 3, "ffpff", "ffppp"},
		{"only a pass turns back", 2, "pfffp", "ppffp"},
	} {
		t.Run(tt.desc, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{results: tt.results}
				h := mustNew(t, health.Config{Authorize: health.Bearer("x"),
					Checks: []health.Check{{Name: "c", Func: s.check, FailureThreshold: tt.threshold}}}).Wrap(app)
				got := ""
				for range tt.results {
					b := parse(t, ask(h, "GET", "/readyz", "Authorization", "Bearer x"))
					got += b.Status[:1]
					if c := b.Checks["c"][0]; c.Status != b.Status || (c.Output == "") != (b.Status == "pass") {
						t.Errorf("details: %+v", c)
					}
					time.Sleep(5 * time.Second)
				}
				if got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		})
	}
}

func TestSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		check := health.Check{Name: "slow", Func: counted(&runs, func(context.Context) error {
			time.Sleep(100 * time.Millisecond)
			return nil
		})}
		h := mustNew(t, health.Config{Checks: []health.Check{check}}).Wrap(app)
		var passed atomic.Int32
		var probes sync.WaitGroup
		for i := range 1000 {
			probes.Go(func() {
				if ask(h, "GET", []string{"/readyz", "/health"}[i%2]).Code == 200 {
					passed.Add(1)
				}
			})
		}
		probes.Wait()
		if runs != 1 || passed.Load() != 1000 {
			t.Errorf("%d runs, %d of 1000 passed", runs, passed.Load())
		}
	})
}

func TestChecksRunAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cfg health.Config
		for _, name := range []string{"a", "b", "c"} {
			cfg.Checks = append(cfg.Checks, health.Check{Name: name, Func: func(context.Context) error {
				time.Sleep(400 * time.Millisecond)
				return nil
			}})
		}
		began := time.Now()
		if w := ask(mustNew(t, cfg).Wrap(app), "GET", "/health"); w.Code != 200 || time.Since(began) != 400*time.Millisecond {
			t.Errorf("%d after %v", w.Code, time.Since(began))
		}
	})
}

// The client's context must not reach the check: one that goes away would spoil the result for all.
func TestClientThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		check := func(ctx context.Context) error {
			if ctx.Value(key{}) != nil {
				return errors.New("a value of the request")
			}
			select {
			case <-time.After(100 * time.Millisecond):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		h := mustNew(t, health.Config{Checks: []health.Check{{Name: "db", Func: check}}}).Wrap(app)
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "x"))
		time.AfterFunc(10*time.Millisecond, cancel)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/readyz", nil))
		if w := ask(h, "GET", "/readyz"); w.Code != 200 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func TestHungCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, runs := make(chan struct{}), 0
		m := mustNew(t, health.Config{Checks: []health.Check{{Name: "db", Func: counted(&runs, func(context.Context) error {
			<-release // ignores its context
			return nil
		})}}})
		h := m.Wrap(app)
		for i := range 50 {
			began := time.Now()
			if w := ask(h, "GET", "/readyz"); w.Code != 503 || time.Since(began) > 800*time.Millisecond {
				t.Fatalf("probe %d: %d after %v", i, w.Code, time.Since(began))
			}
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if n := checkGoroutines(); runs != 1 || n != 1 {
			t.Errorf("%d runs, %d goroutines", runs, n)
		}
		if s := m.Checks()[0]; s.Failures < 50 || s.Err == nil || !s.LastPass.IsZero() {
			t.Errorf("%+v", s)
		}
		close(release)
		synctest.Wait()
		if w := ask(h, "GET", "/readyz"); w.Code != 503 {
			t.Errorf("the late pass counted: %d", w.Code)
		}
		time.Sleep(time.Second)
		if w := ask(h, "GET", "/readyz"); w.Code != 200 || runs != 2 {
			t.Errorf("after its return: %d, %d runs", w.Code, runs)
		}
		synctest.Wait()
		if n := checkGoroutines(); n > 0 {
			t.Errorf("%d goroutines left", n)
		}
	})
}

// A check that hangs after it has passed fails like any other: after the threshold, not never.
func TestHungAfterPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		s := &script{results: "p"}
		h := mustNew(t, health.Config{Checks: []health.Check{{Name: "db", Func: func(ctx context.Context) error {
			if s.runs > 0 {
				<-hang
			}
			return s.check(ctx)
		}}}}).Wrap(app)
		var got []int
		for range 4 {
			got = append(got, ask(h, "GET", "/readyz").Code)
			time.Sleep(5 * time.Second)
		}
		close(hang)
		if !slices.Equal(got, []int{200, 200, 200, 503}) {
			t.Errorf("got %v", got)
		}
	})
}

// With a Timeout beyond what a probe waits, the answer still comes in time: the last result stands in while it is young.
func TestSlowerThanAProbeWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mustNew(t, health.Config{Authorize: health.Bearer("x"), Checks: []health.Check{{
			Name: "slow", Timeout: 3 * time.Second, Func: func(context.Context) error { time.Sleep(2 * time.Second); return nil },
		}}})
		h := m.Wrap(app)
		b := parse(t, ask(h, "GET", "/readyz", "Authorization", "Bearer x"))
		if c := b.Checks["slow"][0]; c.Status != "fail" || c.Output == "" || c.Time != "" || c.ObservedValue != nil {
			t.Errorf("there is no result yet, but %+v", c)
		}
		for _, step := range []struct {
			wait time.Duration
			want int
			why  string
		}{
			{0, 503, "its first run is under way"},
			{time.Second, 200, "that run has ended"},
			{5 * time.Second, 200, "old, but the run under way may take its time"},
			{3 * time.Second, 200, "that run has ended"},
			{time.Hour, 503, "nobody knows what an hour-old pass is worth"},
			{2 * time.Second, 200, "the run has ended"},
		} {
			time.Sleep(step.wait)
			began := time.Now()
			if w := ask(h, "GET", "/readyz"); w.Code != step.want || time.Since(began) > 800*time.Millisecond {
				t.Errorf("%s: %d after %v, want %d", step.why, w.Code, time.Since(began), step.want)
			}
		}
		time.Sleep(time.Hour)
		if s := m.Checks()[0]; s.Status != health.Fail || s.Err == nil {
			t.Errorf("Checks: %+v", s)
		}
		time.Sleep(5 * time.Second) // the run under way belongs to this bubble
	})
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := make(chan time.Duration, 1)
		check := func(ctx context.Context) error {
			until, _ := ctx.Deadline()
			left <- time.Until(until)
			<-ctx.Done()
			return ctx.Err()
		}
		h := mustNew(t, health.Config{Checks: []health.Check{{Name: "db", Func: check, Timeout: 100 * time.Millisecond}}}).Wrap(app)
		began := time.Now()
		if w := ask(h, "GET", "/readyz"); w.Code != 503 || time.Since(began) != 100*time.Millisecond {
			t.Errorf("%d after %v", w.Code, time.Since(began))
		}
		if d := <-left; d != 100*time.Millisecond {
			t.Errorf("the check's deadline is in %v", d)
		}
	})
}

func TestPanicAndGoexit(t *testing.T) {
	for _, tt := range []struct {
		desc   string
		check  func(context.Context) error
		panics bool
	}{
		{"panic", func(context.Context) error { panic("password=hunter2") }, true},
		{"nil panic", func(context.Context) error { panic(nil) }, true},
		{"panic whose text panics", func(context.Context) error { panic(panickyError{}) }, true},
		//lint:ignore SA5000 the check is to panic
		{"nil map", func(context.Context) error { var m map[string]int; m["x"] = 1; return nil }, true},
		{"goexit", func(context.Context) error { runtime.Goexit(); return nil }, false},
		{"nothing to ping", health.Ping(nil), false},
	} {
		t.Run(tt.desc, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told error
				m := mustNew(t, health.Config{Checks: []health.Check{{Name: "c", Func: tt.check}},
					OnChange: func(_ string, _, _ health.Status, err error) { told = err }})
				h := m.Wrap(app)
				for range 2 {
					began := time.Now()
					if w := ask(h, "GET", "/health"); w.Code != 503 || strings.Contains(w.Body.String(), "hunter2") || time.Since(began) > 0 {
						t.Errorf("%d after %v: %s", w.Code, time.Since(began), w.Body)
					}
					time.Sleep(time.Second)
				}
				if told == nil || m.Checks()[0].Failures != 3 {
					t.Errorf("OnChange: %v, status %+v", told, m.Checks()[0])
				}
				if p, ok := errors.AsType[*health.PanicError](told); ok != tt.panics || ok && len(p.Stack) == 0 {
					t.Errorf("%T %+v", told, p)
				}
			})
		})
	}
}
