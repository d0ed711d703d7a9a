package health_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/health"
)

// served is a server under Serve on a loopback port.
type served struct {
	m      *health.Middleware
	url    string
	addr   string
	srv    *http.Server
	cancel context.CancelFunc
	done   chan error
}

func start(t *testing.T, cfg health.Config, app http.Handler) *served {
	t.Helper()
	m := mustNew(t, cfg)
	return startOn(t, m, &http.Server{Handler: m.Wrap(app)})
}

func startOn(t *testing.T, m *health.Middleware, srv *http.Server) *served {
	t.Helper()
	return startWith(context.Background(), t, m, srv)
}

func startWith(ctx context.Context, t *testing.T, m *health.Middleware, srv *http.Server) *served {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &served{m: m, addr: ln.Addr().String(), srv: srv, cancel: cancel, done: make(chan error, 1)}
	s.url = "http://" + s.addr
	go func() { s.done <- m.Serve(ctx, srv, ln) }()
	t.Cleanup(func() { cancel(); srv.Close() })
	return s
}

// end waits for Serve, bounded so that a broken one does not hold the tests.
func (s *served) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("Serve does not return")
		return nil
	}
}

func (s *served) get(t *testing.T, path string) (int, string, http.Header) {
	t.Helper()
	res, err := http.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
	return res.StatusCode, string(body), res.Header
}

func (s *served) gone(t *testing.T) {
	t.Helper()
	if conn, err := net.Dial("tcp", s.addr); err == nil {
		conn.Close()
		t.Error("the port is still open")
	}
}

// gate is a handler that waits until the test lets it answer.
type gate struct{ entered, release chan struct{} }

func newGate() *gate { return &gate{make(chan struct{}, 1), make(chan struct{})} }

func (g *gate) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, "begun, ")
	w.(http.Flusher).Flush()
	g.entered <- struct{}{}
	<-g.release
	io.WriteString(w, "done")
}

func TestServeLetsRequestsEnd(t *testing.T) {
	g := newGate()
	s := start(t, health.Config{DrainDelay: -1}, g)
	var body string
	var client sync.WaitGroup
	client.Go(func() { _, body, _ = s.get(t, "/x") })
	<-g.entered
	s.cancel()
	<-s.m.Draining()
	select {
	case err := <-s.done:
		t.Fatalf("returned with a request under way: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(g.release)
	client.Wait()
	if err := s.end(t); err != nil || body != "begun, done" {
		t.Errorf("%v, body %q", err, body)
	}
	s.gone(t)
}

func TestServeWhileDraining(t *testing.T) {
	s := start(t, health.Config{DrainDelay: time.Hour, Checks: []health.Check{{Name: "db", Func: passing}}}, app)
	if code, _, h := s.get(t, "/x"); code != 200 || h.Get("Connection") != "" {
		t.Errorf("before: %d %v", code, h)
	}
	s.m.Drain()
	for path, want := range map[string]int{"/livez": 200, "/readyz": 503, "/health": 503, "/startupz": 200, "/x": 200} {
		res, err := http.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want || !res.Close {
			t.Errorf("%s: %d, closes: %v", path, res.StatusCode, res.Close)
		}
	}
}

func TestServeCutsAtTheDeadline(t *testing.T) {
	g := newGate()
	defer close(g.release)
	s := start(t, health.Config{DrainDelay: -1, ShutdownTimeout: 50 * time.Millisecond}, g)
	cut := make(chan error, 1)
	go func() {
		res, err := http.Get(s.url + "/x")
		if err == nil {
			_, err = io.ReadAll(res.Body)
		}
		cut <- err
	}()
	<-g.entered
	s.cancel()
	if err := s.end(t); !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "health: ") {
		t.Errorf("got %v", err)
	}
	if err := <-cut; err == nil {
		t.Error("the connection is still open")
	}
	s.gone(t)
}

func TestServeListenError(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	m := mustNew(t, health.Config{})
	err = m.Serve(t.Context(), &http.Server{Addr: ln.Addr().String()}, nil)
	if !errors.Is(err, syscall.EADDRINUSE) || m.Ready() {
		t.Errorf("got %v, ready %v", err, m.Ready())
	}
}

func TestServeListensOnAddr(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	m := mustNew(t, health.Config{DrainDelay: -1})
	up := make(chan struct{})
	srv := &http.Server{Addr: addr, Handler: m.Wrap(app), BaseContext: func(net.Listener) context.Context {
		close(up)
		return context.Background()
	}}
	done := make(chan error, 1)
	//lint:ignore SA1012 a nil context must not panic
	go func() { done <- m.Serve(nil, srv, nil) }()
	<-up
	s := &served{m: m, url: "http://" + addr, addr: addr, srv: srv, done: done}
	if code, body, _ := s.get(t, "/"); code != 200 || body != "app" {
		t.Errorf("%d %s", code, body)
	}
	m.Drain() // begins the end too
	if err := s.end(t); err != nil {
		t.Error(err)
	}
}

func TestServeAfterTheEnd(t *testing.T) {
	m := mustNew(t, health.Config{DrainDelay: -1, ShutdownTimeout: 100 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // Shutdown may come before http.Server.Serve knows its listener
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Serve(ctx, &http.Server{Handler: m.Wrap(app)}, ln); err != nil {
			t.Error(err)
		}
		if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the listener is still open: %v", err)
		}
	}
}

// A server that fails drains the others, and says why.
func TestServeSeveral(t *testing.T) {
	m := mustNew(t, health.Config{DrainDelay: -1})
	a := startOn(t, m, &http.Server{Handler: m.Wrap(app)})
	b := startOn(t, m, &http.Server{Handler: m.Wrap(app)})
	a.get(t, "/")
	b.get(t, "/")
	a.cancel()
	if err := errors.Join(a.end(t), b.end(t)); err != nil {
		t.Error(err)
	}

	m = mustNew(t, health.Config{DrainDelay: -1})
	a = startOn(t, m, &http.Server{Handler: m.Wrap(app)})
	b = startOn(t, m, &http.Server{Handler: m.Wrap(app)})
	a.get(t, "/")
	b.get(t, "/")
	a.srv.Close()
	if err := a.end(t); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("closed by somebody else: %v", err)
	}
	if err := b.end(t); err != nil {
		t.Error(err)
	}
}

// brokenListener accepts one connection and then no more.
type brokenListener struct {
	net.Listener
	failing chan struct{} // closed when it may fail
	used    bool
}

func (b *brokenListener) Accept() (net.Conn, error) {
	if !b.used {
		b.used = true
		return b.Listener.Accept()
	}
	<-b.failing
	return nil, errors.New("broken")
}

// A server that cannot accept any more still lets the requests end that it has.
func TestServeAcceptError(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m, g := mustNew(t, health.Config{}), newGate()
	broken := &brokenListener{Listener: ln, failing: make(chan struct{})}
	s := &served{m: m, url: "http://" + ln.Addr().String(), done: make(chan error, 1)}
	go func() { s.done <- m.Serve(t.Context(), &http.Server{Handler: m.Wrap(g)}, broken) }()
	var body string
	var client sync.WaitGroup
	client.Go(func() { _, body, _ = s.get(t, "/x") })
	<-g.entered
	close(broken.failing)
	<-m.Draining()
	select {
	case err := <-s.done:
		t.Fatalf("returned with a request under way: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(g.release)
	client.Wait()
	if err := s.end(t); err == nil || !strings.Contains(err.Error(), "broken") || body != "begun, done" {
		t.Errorf("%v, body %q", err, body)
	}
}
