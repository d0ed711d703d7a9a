package health

import (
	"context"
	"sync"
	"time"
)

// Started ends the start that [Config].ManualStart began: from now on /startupz passes and readiness asks its checks.
func (m *Middleware) Started() {
	if m.made() && !m.started.Swap(true) {
		m.gen.Add(1)
	}
}

// Drain says that the process is about to end. At once, whatever the checks say, /readyz and /health answer 503, /livez
// 200, and every response closes its connection. Everything is still served. [Middleware.Serve] begins to end its server.
// There is no way back.
func (m *Middleware) Drain() {
	if !m.made() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.drained.Load() {
		return
	}
	m.drainedAt = time.Now()
	m.drained.Store(true)
	m.gen.Add(1) // after it: a page of the new generation must know
	close(m.draining)
}

// Draining is closed by [Middleware.Drain]. Handlers that do not end by themselves, such as event streams and
// WebSockets, watch it: http.Server.Shutdown neither interrupts them nor cancels their contexts. It closes when the delay
// begins, so a client that comes back at once may meet the same instance again: let it wait some seconds first. The
// channel is nil, never closed, for a Middleware that was not made by New.
func (m *Middleware) Draining() <-chan struct{} {
	if m == nil {
		return nil
	}
	return m.draining
}

// Track makes [Middleware.Serve] wait, within ShutdownTimeout, until done is called. It is for what http.Server.Shutdown
// does not wait for: hijacked connections and work that outlives its request. Call it before the connection is hijacked,
// since Serve may look between the two. done may be called more than once.
func (m *Middleware) Track() (done func()) {
	if !m.made() {
		return func() {}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tracked++
	return sync.OnceFunc(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.tracked--
		if m.tracked == 0 && m.untracked != nil {
			close(m.untracked)
			m.untracked = nil
		}
	})
}

// awaitTracked waits until nothing is tracked. A sync.WaitGroup could neither be given up nor grow while it is waited for.
func (m *Middleware) awaitTracked(ctx context.Context) error {
	for {
		m.mu.Lock()
		if m.tracked == 0 {
			m.mu.Unlock()
			return nil
		}
		if m.untracked == nil {
			m.untracked = make(chan struct{})
		}
		untracked := m.untracked
		m.mu.Unlock()
		select {
		case <-untracked:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
