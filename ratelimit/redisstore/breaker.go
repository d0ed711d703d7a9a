package redisstore

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	maxStreak = 5           // failures in a row that open a breaker
	period    = time.Second // in which half of the calls failing opens it too
	minCalls  = 20          // of a period, to speak of a half
)

// breaker stops asking a Redis that does not answer: each request would wait for the deadline
// in vain, and pile up. It knows nothing of clocks and of Redis; the caller says what
// happened, and when.
type breaker struct {
	mu      sync.Mutex
	open    bool
	probing bool
	err     error     // why it is open
	next    time.Time // when to probe
	streak  int
	since   time.Time // when the period began
	calls   int       // of the period
	failed  int
}

// pass says whether Redis may be asked. If not, it gives the reason, and says that the caller
// is to probe: to one caller at a time.
func (b *breaker) pass(now time.Time) (probe bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open {
		return false, nil
	}
	if !b.probing && !now.Before(b.next) {
		b.probing, probe = true, true
	}
	return probe, b.err
}

// reason it is open for; nil when it is not.
func (b *breaker) reason() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// note counts a call that pass let through, and says whether that opened the breaker. One that
// is open is closed by a probe alone: calls which were sent before say nothing about now.
func (b *breaker) note(now time.Time, err error, every time.Duration) (opened bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open {
		return false
	}
	if now.Sub(b.since) >= period {
		b.since, b.calls, b.failed = now, 0, 0
	}
	b.calls++
	if err == nil {
		b.streak = 0
		return false
	}
	b.streak++
	b.failed++
	if b.streak < maxStreak && (b.calls < minCalls || 2*b.failed < b.calls) {
		return false
	}
	b.open, b.next = true, now.Add(jitter(every))
	b.err = fmt.Errorf("redisstore: Redis is down: %w", err)
	return true
}

// probed ends a probe, and says whether that closed the breaker.
func (b *breaker) probed(now time.Time, err error, every time.Duration) (closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if err != nil {
		b.next = now.Add(jitter(every))
		b.err = fmt.Errorf("redisstore: Redis is down: %w", err)
		return false
	}
	b.open, b.err = false, nil
	b.streak, b.since, b.calls, b.failed = 0, now, 0, 0
	return true
}

// jitter is a duration between a half and one and a half of d.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d) //nolint:gosec // no secret
}
