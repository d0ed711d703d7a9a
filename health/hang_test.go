package health_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/health"
)

// However many checks are slow, a probe waits once.
func TestPatienceIsForAllChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(context.Context) error { time.Sleep(5 * time.Second); return nil }
		var checks []health.Check
		for _, name := range []string{"a", "b", "c"} {
			checks = append(checks, health.Check{Name: name, Timeout: 10 * time.Second, Func: slow})
		}
		h := mustNew(t, health.Config{Checks: checks}).Wrap(app)
		began := time.Now()
		if w := ask(h, "GET", "/readyz"); w.Code != 503 || time.Since(began) > 800*time.Millisecond {
			t.Errorf("%d after %v", w.Code, time.Since(began))
		}
		time.Sleep(5 * time.Second) // the runs under way belong to this bubble
	})
}

// slowText is an error whose text does not come.
type slowText struct{ text chan string }

func (e slowText) Error() string { return <-e.text }

// exitText is one whose text ends the goroutine.
type exitText struct{}

func (exitText) Error() string { runtime.Goexit(); return "" }

// The text of an error is code as well: it holds one goroutine at most, and the check goes on when it lets go.
func TestTextThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		text := make(chan string)
		m := mustNew(t, health.Config{Checks: []health.Check{{Name: "c", Func: func(context.Context) error {
			runs.Add(1)
			return slowText{text}
		}}}})
		h := m.Wrap(app)
		for range 5 {
			if w := ask(h, "GET", "/readyz"); w.Code != 503 {
				t.Error(w.Code)
			}
			time.Sleep(2 * time.Second)
		}
		if n := checkGoroutines(); runs.Load() != 1 || n != 1 {
			t.Errorf("%d runs, %d goroutines", runs.Load(), n)
		}
		close(text)
		synctest.Wait()
		ask(h, "GET", "/readyz")
		if runs.Load() != 2 {
			t.Errorf("%d runs after the first has returned", runs.Load())
		}
	})
}

func TestTextThatExits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{results: "fp"}
		h := mustNew(t, health.Config{Checks: []health.Check{{Name: "c", Func: func(ctx context.Context) error {
			if s.check(ctx) != nil {
				return exitText{}
			}
			return nil
		}}}}).Wrap(app)
		began := time.Now()
		if w := ask(h, "GET", "/readyz"); w.Code != 503 || time.Since(began) > 0 {
			t.Errorf("%d after %v", w.Code, time.Since(began))
		}
		time.Sleep(2 * time.Second)
		if w := ask(h, "GET", "/readyz"); w.Code != 200 {
			t.Errorf("%d after a pass", w.Code)
		}
	})
}
