package ratelimit

import "sync"

// gate counts who is inside, and keeps two queues for those who are not. Whoever leaves
// calls in the next; a place is handed over under the lock, so that no newcomer gets ahead
// of one who waits.
type gate struct {
	limit, reserved, queue int

	mu       sync.Mutex
	inside   int
	critical line
	others   line
}

// waiter is one place in a line, linked both ways so that giving up costs nothing.
type waiter struct {
	granted    chan struct{} // closed when it is let in
	line       *line         // nil when it stands in none
	prev, next *waiter
}

// line is a queue in order of arrival.
type line struct {
	first, last *waiter
	len         int
}

func (l *line) push(w *waiter) {
	w.line, w.prev = l, l.last
	if l.last == nil {
		l.first = w
	} else {
		l.last.next = w
	}
	l.last = w
	l.len++
}

func (l *line) remove(w *waiter) {
	if w.prev == nil {
		l.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.line, w.prev, w.next = nil, nil, nil
	l.len--
}

// enter lets one in, or puts it into its line, or, with nil and false, sends it away.
// Nobody enters past a line of their own kind; the critical pass the others.
func (g *gate) enter(critical bool) (*waiter, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, limit := &g.others, g.limit-g.reserved
	if critical {
		l, limit = &g.critical, g.limit
	}
	if g.inside < limit { // then its line is empty: admit has seen to that
		g.inside++
		return nil, true
	}
	if l.len >= g.queue {
		return nil, false
	}
	w := &waiter{granted: make(chan struct{})}
	l.push(w)
	return w, false
}

// leave frees a place and calls in whom it fits: the critical first.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	g.admit()
}

// admit calls in as many as there is room for.
func (g *gate) admit() {
	for {
		l := &g.critical
		switch {
		case l.first != nil && g.inside < g.limit:
		case g.others.first != nil && g.inside < g.limit-g.reserved:
			l = &g.others
		default:
			return
		}
		w := l.first
		l.remove(w)
		g.inside++
		close(w.granted)
	}
}

// giveUp takes a waiter out of its line; false says that it was let in just before.
func (g *gate) giveUp(w *waiter) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.line == nil {
		return false
	}
	w.line.remove(w)
	return true
}

// count is a glimpse: it may be over before the caller looks.
func (g *gate) count() (inside, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside, g.critical.len + g.others.len
}
