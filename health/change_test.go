package health_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/health"
)

func TestOnChangeTransitionsOnly(t *testing.T) {
	for _, tt := range []struct {
		results string
		want    []string
	}{
		{"ppp", nil},
		{"fff", []string{`""→fail scripted`}},
		{"ffpp", []string{`""→fail scripted`, `"fail"→pass <nil>`}},
		{"pffp", nil},
		{"pffffpp", []string{`"pass"→fail scripted`, `"fail"→pass <nil>`}},
	} {
		t.Run(tt.results, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []string
				s := &script{results: tt.results}
				h := mustNew(t, health.Config{
					Checks: []health.Check{{Name: "c", Func: s.check}, {Name: "quiet", Func: passing, Optional: true}},
					OnChange: func(check string, from, to health.Status, err error) {
						if check != "c" {
							t.Errorf("told of %s", check)
						}
						got = append(got, fmt.Sprintf("%q→%s %v", from, to, err))
					},
				}).Wrap(app)
				for range len(tt.results) {
					ask(h, "GET", "/health") // when it has answered, OnChange has returned
					time.Sleep(5 * time.Second)
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		})
	}
}

func TestOnChangeThatMisbehaves(t *testing.T) {
	for desc, bad := range map[string]func(){
		"panics": func() { panic("boom") }, "aborts": func() { panic(http.ErrAbortHandler) }, "exits": runtime.Goexit,
	} {
		t.Run(desc, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				s := &script{results: "fpf"}
				h := mustNew(t, health.Config{
					Checks:   []health.Check{{Name: "c", Func: s.check, FailureThreshold: 1}},
					OnChange: func(string, health.Status, health.Status, error) { calls++; bad() },
				}).Wrap(app)
				for _, want := range []int{503, 200, 503} {
					if got := ask(h, "GET", "/readyz").Code; got != want {
						t.Errorf("got %d, want %d", got, want)
					}
					time.Sleep(5 * time.Second)
				}
				if calls != 3 {
					t.Errorf("called %d times", calls)
				}
			})
		})
	}
}

// A slow OnChange holds nobody for longer than a slow check does, is not called twice at a time, and then hears the
// present state only.
func TestOnChangeThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var told []health.Status
		s := &script{results: "fpfpfpfpf"}
		m := mustNew(t, health.Config{
			Checks:   []health.Check{{Name: "c", Func: s.check, FailureThreshold: 1}},
			OnChange: func(_ string, _, to health.Status, _ error) { <-release; told = append(told, to) },
		})
		h := m.Wrap(app)
		for i := range 8 {
			began := time.Now()
			if w := ask(h, "GET", "/readyz"); w.Code != []int{503, 200}[i%2] || time.Since(began) > 800*time.Millisecond {
				t.Errorf("probe %d: %d after %v", i, w.Code, time.Since(began))
			}
			time.Sleep(5 * time.Second)
		}
		if n := checkGoroutines(); n != 1 {
			t.Errorf("%d goroutines", n)
		}
		close(release)
		synctest.Wait()
		if !slices.Equal(told, []health.Status{health.Fail, health.Pass}) {
			t.Errorf("told %v", told)
		}
	})
}

// OnChange may look at what it is told of.
func TestOnChangeMayAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m *health.Middleware
		var seen []health.CheckStatus
		m = mustNew(t, health.Config{
			Checks:   []health.Check{{Name: "c", Func: failing}, {Name: "other", Func: passing}},
			OnChange: func(string, health.Status, health.Status, error) { seen = m.Checks(); _ = m.Ready() },
		})
		began := time.Now()
		ask(m.Wrap(app), "GET", "/health")
		if len(seen) != 2 || seen[0].Status != health.Fail || time.Since(began) > 0 {
			t.Errorf("saw %+v after %v", seen, time.Since(began))
		}
	})
}

func TestChecksAndReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &script{results: "pf"}
		m := mustNew(t, health.Config{
			Checks: []health.Check{
				{Name: "db", Func: func(ctx context.Context) error { time.Sleep(30 * time.Millisecond); return db.check(ctx) }},
				{Name: "cache", Func: failing, Optional: true},
				{Name: "worker", Func: passing, Live: true},
			},
			ManualStart: true,
		})
		if s := m.Checks(); m.Ready() || len(s) != 3 || s[0].Status != "" || !s[0].Time.IsZero() || db.runs != 0 {
			t.Errorf("before the start: %+v", s)
		}
		m.Started()
		begun := time.Now()
		s := m.Checks()
		want := health.CheckStatus{Name: "db", Status: health.Pass, Time: begun.Add(30 * time.Millisecond),
			LastPass: begun.Add(30 * time.Millisecond), Duration: 30 * time.Millisecond}
		if !m.Ready() || s[0] != want || s[1].Status != health.Fail || !s[1].Optional || s[1].Err == nil || !s[2].Live {
			t.Errorf("started: %+v", s)
		}
		time.Sleep(5 * time.Second)
		s = m.Checks()
		if !m.Ready() || s[0].Status != health.Pass || s[0].Err == nil || s[0].Failures != 1 || !s[0].LastPass.Equal(want.LastPass) {
			t.Errorf("one fail, held by the threshold: %+v", s[0])
		}
		m.Drain()
		time.Sleep(5 * time.Second)
		if s := m.Checks(); m.Ready() || s[0].Status != health.Pass || db.runs != 2 {
			t.Errorf("draining: %+v, %d runs", s[0], db.runs)
		}
	})
}

// What is kept must never outlive the change that made it wrong.
func TestStateChangesShowAtOnce(t *testing.T) {
	t.Run("no checks", func(t *testing.T) { stateChanges(t, health.Config{ManualStart: true}) })
	t.Run("a check", func(t *testing.T) {
		stateChanges(t, health.Config{ManualStart: true, Checks: []health.Check{{Name: "c", Func: passing}}})
	})
}

func stateChanges(t *testing.T, cfg health.Config) {
	m := mustNew(t, cfg)
	h := m.Wrap(app)
	paths := []string{"/livez", "/readyz", "/startupz", "/health"}
	for _, step := range []struct {
		desc string
		do   func()
		want []int
	}{
		{"made", func() {}, []int{200, 503, 503, 503}},
		{"started", m.Started, []int{200, 200, 200, 200}},
		{"started again", m.Started, []int{200, 200, 200, 200}},
		{"drained", m.Drain, []int{200, 503, 200, 503}},
		{"drained again", m.Drain, []int{200, 503, 200, 503}},
		{"started after all", m.Started, []int{200, 503, 200, 503}},
	} {
		step.do()
		for range 2 {
			if got := statuses(h, "GET", paths...); !slices.Equal(got, step.want) {
				t.Errorf("%s: %v, want %v", step.desc, got, step.want)
			}
		}
	}
	select {
	case <-m.Draining():
	default:
		t.Error("Draining is not closed")
	}
}

// A probe that waits for a slow check hears of the drain at once.
func TestDrainDuringAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mustNew(t, health.Config{Checks: []health.Check{{Name: "c", Func: func(context.Context) error {
			time.Sleep(400 * time.Millisecond)
			return nil
		}}}})
		time.AfterFunc(100*time.Millisecond, m.Drain)
		began := time.Now()
		if w := ask(m.Wrap(app), "GET", "/readyz"); w.Code != 503 || time.Since(began) != 100*time.Millisecond {
			t.Errorf("%d after %v", w.Code, time.Since(began))
		}
		time.Sleep(time.Second)
	})
}

// A run that one endpoint asked for must show on the others, whose pages are kept too.
func TestRunsShowEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{results: "pfp"}
		h := mustNew(t, health.Config{Checks: []health.Check{{Name: "c", Func: s.check, Live: true, FailureThreshold: 1}}}).Wrap(app)
		paths := []string{"/livez", "/readyz", "/health"}
		for i, want := range []int{200, 503, 200} {
			for _, path := range []string{paths[i], "/livez", "/readyz", "/health"} { // each is the first to ask once
				if got := ask(h, "GET", path).Code; got != want {
					t.Errorf("run %d: %s is %d, want %d", i, path, got, want)
				}
			}
			time.Sleep(5 * time.Second)
		}
	})
}
