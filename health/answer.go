package health

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gambeson-go/gambeson/internal/problem"
)

// patience is how long a probe waits for checks. A kubelet gives up after a second, so the answer must be out by then.
const patience = 750 * time.Millisecond

// endpoint is one of the four questions.
type endpoint struct {
	checks   []*check
	names    bool                 // strangers see the checks' names and statuses
	unlessUp Status               // the answer before the start and while draining, when no check is asked; "" for startup
	page     atomic.Pointer[page] // the last answer to a stranger
}

// view is what one probe found.
type view struct {
	status  Status
	output  string  // why, beside the checks
	set     *Config // for versions
	entries []entry
	gen     uint64
	lasting bool // holds until gen grows or a result expires, so that it can be kept
}

// entry is one check in a view; its result may be the empty one.
type entry struct {
	*check
	result
}

// up says whether checks are asked. Before the start they would fail for what is not there yet and tell OnChange about it;
// while draining the answer is known.
func (m *Middleware) up() bool { return m.started.Load() && !m.drained.Load() }

// answer gives a stranger the kept page while that holds: no lock, no JSON, one allocation.
func (m *Middleware) answer(e *endpoint, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem.Problem{Status: http.StatusMethodNotAllowed}.Write(w)
		return
	}
	details := m.authorized(r)
	if p := e.page.Load(); !details && p != nil && p.gen == m.gen.Load() && m.fresh(e) {
		p.send(w, r)
		return
	}
	v := m.look(e)
	p := render(v, e.names, details)
	if !details && v.lasting {
		e.page.Store(p)
	}
	p.send(w, r)
}

// authorized asks for details only. The status must never depend on it: a balancer without the password would see another
// service than its operator.
func (m *Middleware) authorized(r *http.Request) (ok bool) {
	if m.set.Authorize == nil {
		return false
	}
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return m.set.Authorize(r)
}

// fresh says whether a kept page of e still holds, apart from gen.
func (m *Middleware) fresh(e *endpoint) bool {
	if len(e.checks) == 0 || !m.up() {
		return true
	}
	now := time.Since(m.epoch)
	for _, c := range e.checks {
		if !c.fresh(now) {
			return false
		}
	}
	return true
}

// refresh runs what is too old, all at once, and waits. It does not look at the request's context: a client that has
// closed its half of the connection may still read the answer.
func (m *Middleware) refresh(checks []*check) {
	var runs []<-chan struct{}
	for _, c := range checks {
		if done := c.join(); done != nil {
			runs = append(runs, done)
		}
	}
	if runs == nil {
		return
	}
	enough := time.NewTimer(patience)
	defer enough.Stop()
	for _, done := range runs {
		select {
		case <-done:
		case <-enough.C:
			return
		case <-m.draining: // the answer is 503 whatever comes
			return
		}
	}
}

// look asks the checks of e, or only reads them where no check is asked, and takes the worst of them.
func (m *Middleware) look(e *endpoint) view {
	if len(e.checks) > 0 && m.up() {
		m.refresh(e.checks)
	}
	// The generation is read first: a change after that makes the page old, not wrong.
	v := view{status: Pass, set: &m.set, gen: m.gen.Load(), lasting: true}
	started, drained := m.started.Load(), m.drained.Load()
	asked := started && !drained
	now := time.Since(m.epoch)
	for _, c := range e.checks {
		n := entry{check: c}
		if last := c.last.Load(); last != nil {
			n.result = *last
		}
		if asked && now >= n.stale { // it cannot tell, so it must not say pass
			n.status, n.err, n.text = Fail, errUnknown, errUnknown.Error()
			v.lasting = false
		}
		if n.status == Fail {
			if !c.Optional {
				v.status = Fail
			} else if v.status == Pass {
				v.status = Warn
			}
		}
		v.entries = append(v.entries, n)
	}
	switch {
	case !started:
		v.status, v.output = orDefault(e.unlessUp, Fail), "not started yet"
	case drained:
		v.status, v.output = orDefault(e.unlessUp, Pass), "draining"
	}
	return v
}
