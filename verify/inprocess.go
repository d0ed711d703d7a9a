package verify

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// inProcess serves an App over pipes with a real http.Server: requests are parsed, limited and answered as in production,
// client addresses are ours to choose, and inside testing/synctest the clock is too.
type inProcess struct {
	app      App
	cfg      *Config
	inner    http.Handler // App.Wrap around innerApp; nil without it
	innerApp *innerApp
	srv      *http.Server
	accept   chan net.Conn
	closed   chan struct{}
	close    sync.Once
	addr     netip.Addr // the last client address that was given out
	requests int
}

func newInProcess(app App, cfg *Config) *inProcess {
	t := &inProcess{app: app, cfg: cfg, accept: make(chan net.Conn), closed: make(chan struct{}), addr: netip.MustParseAddr("198.18.0.0")}
	if app.Wrap != nil {
		t.innerApp = newInnerApp()
		t.inner = app.Wrap(t.innerApp)
	}
	t.srv = &http.Server{ErrorLog: log.New(io.Discard, "", 0)} //nolint:gosec // no timeouts: those of App.Server are what is judged
	if s := app.Server; s != nil {
		t.srv.ReadHeaderTimeout, t.srv.ReadTimeout, t.srv.WriteTimeout = s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout
		t.srv.IdleTimeout, t.srv.MaxHeaderBytes, t.srv.DisableGeneralOptionsHandler = s.IdleTimeout, s.MaxHeaderBytes, s.DisableGeneralOptionsHandler
		if s.ErrorLog != nil {
			t.srv.ErrorLog = s.ErrorLog
		}
	}
	t.srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }
	t.srv.Handler = http.HandlerFunc(t.serve)
	go t.srv.Serve(t) //nolint:errcheck // it ends when the check does
	return t
}

type connKey struct{}

// serve sends a request to the handler that its connection was made for.
func (t *inProcess) serve(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connKey{}).(*pipe)
	c.mu.Lock()
	done := make(chan struct{})
	c.done = done
	c.mu.Unlock()
	defer close(done)
	if c.https {
		r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: hostOnly(r.Host), CipherSuite: tls.TLS_AES_128_GCM_SHA256}
	}
	c.handler.ServeHTTP(w, r)
}

func hostOnly(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}

// pipe is the server's end of a connection.
type pipe struct {
	net.Conn
	from    net.Addr
	https   bool
	handler http.Handler
	mu      sync.Mutex
	done    chan struct{} // closed when the handler has returned; nil before it was called
	cut     atomic.Bool
}

func (c *pipe) RemoteAddr() net.Addr { return c.from }
func (c *pipe) Close() error         { c.cut.Store(true); return c.Conn.Close() }

// returned waits until the handler is through with the request, so that its log record is written.
func (c *pipe) returned(limit time.Duration) {
	c.mu.Lock()
	done := c.done
	c.mu.Unlock()
	if done == nil {
		return
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

func (t *inProcess) Accept() (net.Conn, error) {
	select {
	case c := <-t.accept:
		return c, nil
	case <-t.closed:
		return nil, net.ErrClosed
	}
}

func (t *inProcess) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 80), Port: 80} }

// Close is the listener's, which the server calls.
func (t *inProcess) Close() error { t.close.Do(func() { close(t.closed) }); return nil }

func (t *inProcess) stop() {
	t.srv.Close() //nolint:errcheck // pipes
	if t.app.Close != nil {
		t.app.Close()
	}
}

// dial opens a connection from a client address.
func (t *inProcess) dial(r Request) (net.Conn, *pipe, error) {
	p := &pipe{https: t.cfg.HTTPS && !r.Plain}
	switch {
	case r.Admin:
		p.handler, p.https = t.app.Admin, false
	case r.Inner:
		p.handler = t.inner
	default:
		p.handler = t.app.Handler
	}
	if p.handler == nil {
		return nil, nil, errors.New("the app has no such handler")
	}
	from := r.From
	if from == "" {
		t.addr = t.addr.Next()
		from = t.addr.String()
	}
	addr, err := netip.ParseAddrPort(from)
	if err != nil {
		ip, err := netip.ParseAddr(from)
		if err != nil {
			return nil, nil, err
		}
		addr = netip.AddrPortFrom(ip, uint16(20000+t.requests%30000))
	}
	p.from = net.TCPAddrFromAddrPort(addr)
	client, server := net.Pipe()
	p.Conn = server
	select {
	case t.accept <- p:
		return client, p, nil
	case <-t.closed:
		return nil, nil, net.ErrClosed
	}
}

func (t *inProcess) do(ctx context.Context, r Request) (*Response, error) {
	conn, server, err := t.dial(r)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	t.requests++
	limit := t.cfg.Limits.RequestTimeout
	conn.SetDeadline(time.Now().Add(limit)) //nolint:errcheck // a pipe
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	scheme := "http"
	if server.https {
		scheme = "https"
	}
	req := r.httpRequest(scheme, t.cfg.Host, t.cfg.Limits.UserAgent)
	written := make(chan error, 1)
	go func() { written <- req.Write(conn) }()           // the server may answer before it has read all of it
	res, _, err := readFinal(bufio.NewReader(conn), req) //nolint:bodyclose // the connection is closed
	if err != nil {
		conn.Close() //nolint:errcheck // lets go of the writer, and of a handler that blocks
		server.returned(min(limit, time.Second))
		if werr := <-written; werr != nil && !errors.Is(werr, io.ErrClosedPipe) && !strings.Contains(werr.Error(), "pipe") {
			return nil, werr
		}
		return nil, err
	}
	out := newResponse(r, res)
	if len(out.Body) == maxBody {
		conn.Close() //nolint:errcheck // nobody reads on; a handler that writes without end is let go
	}
	server.returned(limit)
	if server.https {
		out.TLS = &tls.ConnectionState{Version: tls.VersionTLS13}
	}
	return out, nil
}
