package logging

import (
	"context"
	"sync"
)

// maxReports is how many events may wait for OnError.
const maxReports = 256

type report struct {
	ctx   context.Context
	event Event
}

// reports hands events to OnError one after the other, off the path of the requests. Its goroutine lives only while
// there is something to hand over, so that nothing has to be closed.
type reports struct {
	hook func(context.Context, Event)

	mu      sync.Mutex
	waiting []report
	idle    chan struct{} // closed when all is handed over; nil while idle
	dropped int64
}

// add queues an event, or counts it as dropped where too many wait.
func (q *reports) add(ctx context.Context, e Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) >= maxReports {
		q.dropped++
		return
	}
	q.waiting = append(q.waiting, report{ctx, e})
	if q.idle == nil {
		q.idle = make(chan struct{})
		go q.run()
	}
}

// run hands over one event at a time, in order, and ends when none is left.
func (q *reports) run() {
	for {
		q.mu.Lock()
		if len(q.waiting) == 0 {
			q.waiting = nil
			close(q.idle)
			q.idle = nil
			q.mu.Unlock()
			return
		}
		next := q.waiting[0]
		q.waiting[0] = report{} // the array must not keep the request alive
		q.waiting = q.waiting[1:]
		q.mu.Unlock()
		q.call(next)
	}
}

// call contains a hook that panics: the service must not die of its error tracker.
func (q *reports) call(r report) {
	defer func() { _ = recover() }()
	q.hook(r.ctx, r.event)
}

// count is how many events were dropped so far.
func (q *reports) count() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// wait returns when nothing is left to hand over, or with the error of ctx.
func (q *reports) wait(ctx context.Context) error {
	q.mu.Lock()
	idle := q.idle
	q.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
