package health

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	errTimeout = errors.New("no answer within the timeout")
	errStuck   = errors.New("the last run has still not returned")
	errExited  = errors.New("the check ended its goroutine")
	errUnknown = errors.New("no result yet")
)

// PanicError is what a check that panicked failed with.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("the check panicked: %v", e.Value) }

// check is a Check with its state. Probes read last without a lock; all else is under mu, which nobody holds while
// calling a function that is not ours.
type check struct {
	Check
	epoch    time.Time
	changed  func() // the status is another one
	onChange func(check string, from, to Status, err error)
	last     atomic.Pointer[result]

	mu      sync.Mutex
	run     *run // under way, or nil
	busy    bool // Func has not returned; it may have been given up
	told    Status
	telling bool
}

// result is what is known after a run. It never changes.
type result struct {
	status   Status
	err      error // of this run, also while the threshold holds the status
	text     string
	failures int // in a row
	ended    time.Time
	took     time.Duration
	passed   time.Time     // when a run last passed
	expires  time.Duration // since epoch: time to run again
	stale    time.Duration // since epoch: says nothing any more
}

// run is one execution that any number of probes wait for. Its end is a result; Func may still be at it then.
type run struct {
	began time.Time
	done  chan struct{}
}

// fresh says whether there is a result that needs no new run at now, which counts from epoch.
func (c *check) fresh(now time.Duration) bool {
	res := c.last.Load()
	return res != nil && now < res.expires
}

// join makes sure that a run is under way and returns what is closed when it has ended, or nil if there is no need. The
// run belongs to nobody: a probe that goes away takes nothing with it.
func (c *check) join() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh(time.Since(c.epoch)) {
		return nil
	}
	if c.run != nil {
		return c.run.done
	}
	r := &run{began: time.Now(), done: make(chan struct{})}
	c.run = r
	if c.busy { // a second goroutine would hang like the first: the wait is over, and it has failed again
		go c.end(r, errStuck, describe(errStuck))
		return r.done
	}
	c.busy = true
	// The request's context would end with its client, and the result would be everybody's.
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	giveUp := time.AfterFunc(c.Timeout, func() { c.end(r, errTimeout, describe(errTimeout)) })
	go func() {
		defer cancel()
		defer giveUp.Stop()
		c.execute(ctx, r)
	}()
	return r.done
}

// execute calls Func and ends the run, whichever way Func returns. The text of an error is code of the app too: until it
// is there, Func has not returned. A runtime.Goexit in either leaves what stood there before.
func (c *check) execute(ctx context.Context, r *run) {
	err, text := errExited, describe(errExited)
	defer func() {
		c.mu.Lock() // before the end, after which the next run may begin
		c.busy = false
		c.mu.Unlock()
		c.end(r, err, text)
	}()
	err = c.ask(ctx)
	text = describe(err)
}

// ask is Func with a panic as an error.
func (c *check) ask(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
		if err == nil && ctx.Err() != nil {
			err = errTimeout // a pass that came too late is none
		}
	}()
	return c.Func(ctx)
}

// end records what came of r, tells OnChange, and then lets the probes go on. Only the first end of a run counts: what
// comes after the timeout is dropped, since a newer run may have said something else by then.
func (c *check) end(r *run, err error, text string) {
	c.mu.Lock()
	if c.run != r {
		c.mu.Unlock()
		return
	}
	defer close(r.done) // deferred: OnChange may end the goroutine
	c.run = nil
	before, res := c.last.Load(), &result{status: Pass, err: err, text: text, ended: time.Now()}
	res.took = res.ended.Sub(r.began)
	if before == nil {
		before = &result{}
	}
	keep := c.TTL
	res.passed = res.ended
	if err != nil {
		keep = min(keep, failTTL)
		res.passed = before.passed
		res.failures = before.failures + 1
		// The threshold shields only from a known good state.
		if before.status != Pass || res.failures >= c.FailureThreshold {
			res.status = Fail
		}
	}
	res.expires = res.ended.Sub(c.epoch) + shorten(keep)
	res.stale = res.expires + c.Timeout
	c.last.Store(res) // before changed: a page of the new generation must show it
	if res.status != before.status {
		c.changed()
	}
	c.mu.Unlock()
	c.tell()
}

// shorten takes off up to a tenth. Instances that were deployed together drift apart, and TTL stays a promise.
func shorten(d time.Duration) time.Duration {
	return d - time.Duration(rand.Int64N(int64(d)/10+1))
}

// tell calls OnChange until it knows the present status. One goroutine does so at a time; others leave it their news. So
// the calls come in order, and one that never returns holds one goroutine and no probe beyond its patience.
func (c *check) tell() {
	if c.onChange == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.telling {
		return
	}
	c.telling = true
	defer func() { c.telling = false }()
	for {
		res, from := c.last.Load(), c.told
		if res.status == from {
			return
		}
		c.told = res.status
		if from != "" || res.status != Pass {
			c.call(from, res)
		}
	}
}

// call runs OnChange without the lock, and takes it back however that ends.
func (c *check) call(from Status, res *result) {
	c.mu.Unlock()
	defer c.mu.Lock()
	defer func() { _ = recover() }()
	var err error
	if res.status == Fail {
		err = res.err
	}
	c.onChange(c.Name, from, res.status, err)
}

// maxText is how much of an error text the details show: a kubelet reads 10 KiB of an answer.
const maxText = 300

// describe is called where a check ran, so that an Error method that hangs or panics does no other harm than its check.
func describe(err error) string {
	if err == nil {
		return ""
	}
	text := fmt.Sprint(err)
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	return strings.ToValidUTF8(text, "")
}
