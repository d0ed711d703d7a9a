package redisstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit/redisstore"
)

func TestBreaker(t *testing.T) {
	now := time.Unix(1e9, 0)
	bad := errors.New("bad")
	var b redisstore.Breaker
	for i := range 100 { // one in five, and never five in a row
		var err error
		if i%5 == 0 {
			err = bad
		}
		if b.Note(now, err) {
			t.Fatal("opened by one slow key")
		}
	}
	now = now.Add(time.Second)
	for i := range 5 {
		if opened := b.Note(now, bad); opened != (i == 4) {
			t.Errorf("failure %d in a row: opened %v", i+1, opened)
		}
	}
	if b.Note(now, bad) || b.Note(now, nil) {
		t.Error("opened twice")
	}
	if probe, err := b.Pass(now.Add(499 * time.Millisecond)); probe || !errors.Is(err, bad) {
		t.Error("a probe at once, or no reason")
	}
	now = now.Add(1500 * time.Millisecond)
	for i := range 3 {
		if probe, err := b.Pass(now); probe != (i == 0) || err == nil {
			t.Errorf("%d: probe %v, %v", i, probe, err)
		}
	}
	if b.Probed(now, bad) {
		t.Error("closed by a failure")
	}
	if probe, _ := b.Pass(now); probe {
		t.Error("a probe right after one")
	}
	now = now.Add(1500 * time.Millisecond)
	if probe, _ := b.Pass(now); !probe || !b.Probed(now, nil) {
		t.Error("not closed by success")
	}
	if _, err := b.Pass(now); err != nil {
		t.Error(err)
	}
	opened := 0
	for i := range 40 { // half of them
		var err error
		if i%2 == 0 {
			err = bad
		}
		if b.Note(now, err) {
			opened = i + 1
			break
		}
	}
	if opened == 0 || opened < 20 {
		t.Errorf("half of the calls fail: opened after %d", opened)
	}
	seen := map[time.Duration]bool{}
	for range 100 {
		d := redisstore.Jitter(time.Second)
		seen[d] = true
		if d < time.Second/2 || d >= 3*time.Second/2 {
			t.Errorf("jitter %v", d)
		}
	}
	if len(seen) < 50 {
		t.Error("no jitter")
	}
}
