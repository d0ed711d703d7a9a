package health

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// Serve runs srv on ln until the process is told to end, and ends it without losing a request:
//
//  1. SIGTERM, SIGINT, the end of ctx or [Middleware.Drain] begins it: readiness turns 503, everything is still served.
//  2. It waits DrainDelay, counted from the drain, until the load balancer has noticed. A second signal cuts this short.
//  3. The listener closes. A moment later, for the requests on connections that came last, http.Server.Shutdown: what is
//     under way ends, then what [Middleware.Track] holds.
//  4. After ShutdownTimeout http.Server.Close cuts what is left.
//
// It returns nil only after a clean end: every request was answered. The error is else what listening or accepting failed
// with, http.ErrServerClosed where somebody else closed srv, or context.DeadlineExceeded after step 4, each wrapped. A
// server that fails drains too. Exit only when Serve has returned.
//
// srv.Handler must hold what [Middleware.Wrap] returned. With a nil ln Serve listens on srv.Addr. It serves TLS where
// srv.TLSConfig has Certificates, GetCertificate or GetConfigForClient; ln is then a plain listener. For several servers,
// and for one on several listeners, call Serve once for each, side by side: they begin to end together, also when one of
// them fails.
//
// Serve catches the two signals itself, so ctx may be context.Background(). One from signal.NotifyContext does no harm:
// the end of ctx is no signal, so it takes two real ones to cut the delay.
func (m *Middleware) Serve(ctx context.Context, srv *http.Server, ln net.Listener) error {
	if !m.made() || srv == nil {
		if ln != nil {
			ln.Close() //nolint:errcheck // the other error says more
		}
		return errors.New("health: Serve needs a Middleware made by New and a server")
	}
	if ctx == nil {
		ctx = context.Background()
	}
	// Before the listener: a signal that comes between the two must not kill.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(signals)

	https := m.register(srv)
	ln, err := listen(srv, ln, https)
	if err != nil {
		m.Drain()
		return fmt.Errorf("health: listen: %w", err)
	}
	served := make(chan error, 1)
	go func() {
		served <- serve(srv, ln, https)
		close(served)
	}()

	caught := 0 // a second signal is one of two: the context may end by the first one too
	select {
	case err = <-served:
	case <-signals:
		caught++
	case <-ctx.Done():
	case <-m.draining:
	}
	m.Drain() // also where the server failed: others of this process end with it
	if err == nil {
		err = m.delay(signals, caught, served)
	}
	if err != nil && !(errors.Is(err, http.ErrServerClosed) && m.ends(srv)) {
		return errors.Join(fmt.Errorf("health: serve: %w", err), m.shutdown(srv, ln, 0))
	}
	err = m.shutdown(srv, ln, min(settling, m.set.ShutdownTimeout/4))
	<-served // it returned when the shutdown began, or at the close
	return err
}

// listen defaults to the ports that http.Server.ListenAndServe and ListenAndServeTLS have.
func listen(srv *http.Server, ln net.Listener, https bool) (net.Listener, error) {
	if ln != nil {
		return once(ln), nil
	}
	port := ":http"
	if https {
		port = ":https"
	}
	return net.Listen("tcp", cmp.Or(srv.Addr, port))
}

// overTLS asks as http.Server.ServeTLS does when it is given no files. Other settings alone, such as NextProtos, make no
// TLS server.
func overTLS(srv *http.Server) bool {
	c := srv.TLSConfig
	return c != nil && (len(c.Certificates) > 0 || c.GetCertificate != nil || c.GetConfigForClient != nil)
}

// serve closes ln in any case. http.Server.ServeTLS leaves it open where it cannot begin, and clients would wait at it.
func serve(srv *http.Server, ln net.Listener, https bool) error {
	if !https {
		return srv.Serve(ln)
	}
	defer ln.Close() //nolint:errcheck // what ended the server says more
	return srv.ServeTLS(ln, "", "")
}

// once makes ln fit to be closed by srv and by us. Those of package net are, and stay what they are for srv.BaseContext.
func once(ln net.Listener) net.Listener {
	switch ln.(type) {
	case *net.TCPListener, *net.UnixListener:
		return ln
	}
	return &onceListener{Listener: ln, close: sync.OnceValue(ln.Close)}
}

// onceListener is closed once; whoever comes later is told the same.
type onceListener struct {
	net.Listener
	close func() error
}

func (l *onceListener) Close() error { return l.close() }

// delay goes on serving until DrainDelay has passed since the drain. Its error is that of a server which ended meanwhile.
func (m *Middleware) delay(signals <-chan os.Signal, caught int, served <-chan error) error {
	m.mu.Lock()
	left := m.set.DrainDelay - time.Since(m.drainedAt)
	m.mu.Unlock()
	if left <= 0 {
		return nil
	}
	over := time.NewTimer(left)
	defer over.Stop()
	for caught < 2 {
		select {
		case <-over.C:
			return nil
		case err := <-served:
			return err
		case <-signals:
			caught++
		}
	}
	return nil
}

// settling is the time between the last connection and http.Server.Shutdown, which answers no request that it has not
// read by then. Clients that are refused try elsewhere; one that sent a POST and is cut off cannot know.
const settling = 100 * time.Millisecond

// shutdown waits for what is under way, and cuts it after ShutdownTimeout. A handler whose connection was cut may still
// run when this returns.
func (m *Middleware) shutdown(srv *http.Server, ln net.Listener, settling time.Duration) error {
	m.mu.Lock()
	m.servers[srv].ending = true
	m.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), m.set.ShutdownTimeout)
	defer cancel()
	closing := ln.Close()
	time.Sleep(settling)
	err := srv.Shutdown(ctx)
	if !errors.Is(err, context.DeadlineExceeded) { // it is of another listener, and every request has its answer
		closing = cmp.Or(closing, err)
		err = m.awaitTracked(ctx)
	}
	switch {
	case err != nil:
		srv.Close() //nolint:errcheck // the error that led here says more
		return fmt.Errorf("health: shutdown, %v after it began: %w", m.set.ShutdownTimeout, err)
	case closing != nil && !errors.Is(closing, net.ErrClosed): // closed already by a server that failed, or another Serve
		return fmt.Errorf("health: shutdown: %w", closing)
	}
	return nil
}

// server is what Serve knows of one that it was given, on one listener or several.
type server struct {
	https  bool
	ending bool
}

// register says whether srv serves TLS. It looks once: what begins to serve writes into srv.TLSConfig, and another Serve
// may be about to begin.
func (m *Middleware) register(srv *http.Server) (https bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.servers[srv] == nil {
		m.servers[srv] = &server{https: overTLS(srv)}
	}
	return m.servers[srv].https
}

// ends says that it was a Serve of ours, on another listener, that ended srv.
func (m *Middleware) ends(srv *http.Server) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.servers[srv].ending
}
