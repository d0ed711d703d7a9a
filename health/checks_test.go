package health_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/health"
)

type pinger struct{ ctx context.Context }

func (p *pinger) PingContext(ctx context.Context) error {
	p.ctx = ctx
	return errors.New("down")
}

func TestPing(t *testing.T) {
	p := &pinger{}
	if err := health.Ping(p)(t.Context()); err == nil || err.Error() != "down" || p.ctx != t.Context() {
		t.Errorf("got %v", err)
	}
	if health.Ping(nil)(t.Context()) == nil {
		t.Error("no database passes")
	}
}

func TestDiskSpace(t *testing.T) {
	dir := t.TempDir()
	if err := health.DiskSpace(dir, 1)(t.Context()); err != nil {
		t.Error(err)
	}
	if err := health.DiskSpace(dir, 1<<62)(t.Context()); err == nil {
		t.Error("nobody has 4 EiB")
	}
	if err := health.DiskSpace(filepath.Join(dir, "missing"), 1)(t.Context()); err == nil {
		t.Error("a path that is not there passes")
	}
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := health.NewHeartbeat(time.Minute)
		for _, step := range []struct {
			wait time.Duration
			beat bool
			ok   bool
		}{{0, false, true}, {time.Minute, false, true}, {1, false, false}, {time.Hour, true, true}, {time.Minute, true, true}, {time.Minute, false, true}, {1, false, false}} {
			time.Sleep(step.wait)
			if step.beat {
				h.Beat()
			}
			if err := h.Check(t.Context()); (err == nil) != step.ok {
				t.Errorf("%+v: %v", step, err)
			}
		}
	})
	for desc, h := range map[string]*health.Heartbeat{"nil": nil, "zero": {}} {
		h.Beat()
		if h.Check(t.Context()) == nil {
			t.Errorf("the %s heartbeat passes", desc)
		}
	}
}

// A stuck worker is what liveness is for.
func TestHeartbeatInLiveness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		beat := health.NewHeartbeat(30 * time.Second)
		h := mustNew(t, health.Config{Checks: []health.Check{{Name: "worker", Func: beat.Check, Live: true, FailureThreshold: 1}}}).Wrap(app)
		for i, want := range []int{200, 200, 200, 503, 503} {
			if i < 2 {
				beat.Beat()
			}
			if got := ask(h, "GET", "/livez").Code; got != want {
				t.Errorf("probe %d: %d, want %d", i, got, want)
			}
			time.Sleep(16 * time.Second)
		}
	})
}
