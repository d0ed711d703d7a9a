package health_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/health"
)

// TestMain starts the goroutine of os/signal, which lives for ever, outside of any synctest bubble.
func TestMain(m *testing.M) {
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	signal.Reset(os.Interrupt)
	os.Exit(m.Run())
}

// pipes is a listener in memory, so that a server can run in a bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			select {
			case p.conns <- far:
				return near, nil
			case <-p.done:
				return nil, errors.New("connection refused")
			}
		},
	}}
}

func TestDrainDelay(t *testing.T) {
	for _, tt := range []struct {
		desc   string
		cfg    health.Config
		before time.Duration // Drain is called by hand so long before the context ends
		want   time.Duration // from the drain to the closed port
	}{
		{"default", health.Config{}, 0, 5 * time.Second},
		{"given", health.Config{DrainDelay: 12 * time.Second}, 0, 12 * time.Second},
		{"none", health.Config{DrainDelay: -1}, 0, 0},
		{"drained by hand", health.Config{}, 3 * time.Second, 5 * time.Second},
	} {
		t.Run(tt.desc, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := mustNew(t, tt.cfg)
				ln := newPipes()
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- m.Serve(ctx, &http.Server{Handler: m.Wrap(app)}, ln) }()
				client := ln.client()
				if code := codeOf(client, "/readyz"); code != 200 {
					t.Errorf("before: %d", code)
				}
				began := time.Now()
				if tt.before > 0 {
					m.Drain()
					time.Sleep(tt.before)
				}
				cancel()
				if tt.want > 0 {
					time.Sleep(tt.want - tt.before - time.Millisecond)
					if ready, app := codeOf(client, "/readyz"), codeOf(client, "/x"); ready != 503 || app != 200 {
						t.Errorf("just before the end: ready %d, app %d", ready, app)
					}
				}
				err := <-done
				if took := time.Since(began); err != nil || took < tt.want || took > tt.want+settling+100*time.Millisecond { // Shutdown polls
					t.Errorf("%v after %v", err, took)
				}
				if code := codeOf(client, "/x"); code != 0 {
					t.Errorf("after the end: %d", code)
				}
			})
		})
	}
}

// settling is between the end of the listener and that of the server.
const settling = 100 * time.Millisecond

// The balancer has known since the drain: a Serve that begins later waits for the rest only.
func TestDrainedBeforeServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mustNew(t, health.Config{})
		m.Drain()
		time.Sleep(3 * time.Second)
		began := time.Now()
		if err := m.Serve(t.Context(), &http.Server{Handler: m.Wrap(app)}, newPipes()); err != nil || time.Since(began) != 2*time.Second+settling {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// A server that ends during the delay has nobody left to wait for.
func TestServerEndsDuringTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mustNew(t, health.Config{DrainDelay: time.Hour})
		srv := &http.Server{Handler: m.Wrap(app)}
		began := time.Now()
		time.AfterFunc(time.Second, m.Drain)
		time.AfterFunc(time.Minute, func() { srv.Close() })
		if err := m.Serve(t.Context(), srv, newPipes()); !errors.Is(err, http.ErrServerClosed) || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestShutdownTimeout(t *testing.T) {
	for _, tt := range []struct{ given, want time.Duration }{{0, 20 * time.Second}, {7 * time.Second, 7 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			m := mustNew(t, health.Config{DrainDelay: -1, ShutdownTimeout: tt.given})
			ln := newPipes()
			release := make(chan struct{})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() {
				done <- m.Serve(ctx, &http.Server{Handler: m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))}, ln)
			}()
			go codeOf(ln.client(), "/x")
			synctest.Wait()
			began := time.Now()
			cancel()
			if err := <-done; !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != tt.want {
				t.Errorf("%v after %v", err, time.Since(began))
			}
			close(release)
		})
	}
}

// A connection on which nothing was sent holds http.Server.Shutdown for some seconds; the default timeout must outlast it.
func TestSilentConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mustNew(t, health.Config{DrainDelay: -1})
		ln := newPipes()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- m.Serve(ctx, &http.Server{Handler: m.Wrap(app)}, ln) }()
		silent, far := net.Pipe()
		defer silent.Close()
		ln.conns <- far
		began := time.Now()
		cancel()
		err := <-done
		if took := time.Since(began); err != nil || took < time.Second || took > 10*time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// codeOf is 0 where no connection is made.
func codeOf(client *http.Client, path string) int {
	res, err := client.Get("http://pipe" + path)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}
