package health_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/health"
)

func TestServeTLS(t *testing.T) {
	lender := httptest.NewTLSServer(app) // for its certificate
	defer lender.Close()
	m := mustNew(t, health.Config{DrainDelay: time.Hour})
	var conns atomic.Int32
	s := startOn(t, m, &http.Server{Handler: m.Wrap(app), TLSConfig: &tls.Config{Certificates: lender.TLS.Certificates},
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				conns.Add(1)
			}
		}})
	client := lender.Client()
	client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
	get := func(path string) {
		t.Helper()
		res, err := client.Get("https://" + s.addr + path)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != 200 || res.ProtoMajor != 2 {
			t.Errorf("%s: %s %s", path, res.Status, res.Proto)
		}
	}
	get("/x")
	get("/readyz")
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
	m.Drain()
	for range 1000 { // until the client has seen the GOAWAY
		if get("/x"); conns.Load() > 1 {
			return
		}
	}
	t.Error("the client keeps its HTTP/2 connection while draining")
}

// An event stream never ends by itself, and Shutdown does not cancel its context.
func TestServeStreamWatchesDraining(t *testing.T) {
	m := mustNew(t, health.Config{DrainDelay: -1})
	stream := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: hello\n\n")
		w.(http.Flusher).Flush()
		<-m.Draining()
		io.WriteString(w, "retry: 10000\n\n")
	})
	s := startOn(t, m, &http.Server{Handler: m.Wrap(stream)})
	res, err := http.Get(s.url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body := bufio.NewReader(res.Body)
	if line, _ := body.ReadString('\n'); line != "data: hello\n" {
		t.Fatalf("got %q", line)
	}
	s.cancel()
	if rest, err := io.ReadAll(body); err != nil || string(rest) != "\nretry: 10000\n\n" {
		t.Errorf("%q, %v", rest, err)
	}
	if err := s.end(t); err != nil {
		t.Error(err)
	}
}

// hijacked takes the connection over and says goodbye when it is told to.
func hijacked(m *health.Middleware, release <-chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		done := m.Track()
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			done()
			panic(err)
		}
		go func() {
			defer done()
			defer conn.Close()
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			<-m.Draining()
			<-release
			io.WriteString(conn, "bye")
			done() // and once more on the way out
		}()
	}
}

func TestServeWaitsForHijacked(t *testing.T) {
	for _, stuck := range []bool{false, true} {
		m := mustNew(t, health.Config{DrainDelay: -1, ShutdownTimeout: map[bool]time.Duration{true: 50 * time.Millisecond}[stuck]})
		release := make(chan struct{})
		s := startOn(t, m, &http.Server{Handler: m.Wrap(hijacked(m, release))})
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		in := bufio.NewReader(conn)
		for line := ""; line != "\r\n"; {
			if line, err = in.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		s.cancel()
		if stuck {
			if err := s.end(t); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a stuck one: %v", err)
			}
			close(release)
			continue
		}
		select {
		case err := <-s.done:
			t.Errorf("did not wait: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
		close(release)
		if rest, _ := io.ReadAll(in); string(rest) != "bye" {
			t.Errorf("got %q", rest)
		}
		if err := s.end(t); err != nil {
			t.Error(err)
		}
	}
}

// fragile is a listener that may be closed once only, as with a channel in it, and says that it did not close well.
type fragile struct {
	net.Listener
	closed chan struct{}
}

func (l fragile) Close() error {
	close(l.closed)
	l.Listener.Close()
	return errors.New("not closed well")
}

// Where TLS cannot begin, clients are refused and do not wait at a port that nobody reads.
func TestTLSThatCannotBegin(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := fragile{inner, make(chan struct{})}
	m := mustNew(t, health.Config{})
	none := func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errors.New("none") }
	srv := &http.Server{Handler: m.Wrap(app), TLSConfig: &tls.Config{GetCertificate: none, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}}
	if err := m.Serve(t.Context(), srv, ln); err == nil || !strings.Contains(err.Error(), "HTTP/2") {
		t.Errorf("HTTP/2 without one of its ciphers: %v", err)
	}
	select {
	case <-ln.closed:
	default:
		t.Error("the listener is open")
	}
}

// A listener that does not close well costs no request its answer, and no tracked connection its end.
func TestListenerThatDoesNotCloseWell(t *testing.T) {
	lender := httptest.NewTLSServer(nil)
	lender.Close()
	for _, config := range []*tls.Config{nil, {Certificates: lender.TLS.Certificates}} {
		inner, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ln := fragile{inner, make(chan struct{})}
		m := mustNew(t, health.Config{DrainDelay: -1})
		done, ended, accepted := m.Track(), make(chan error, 1), make(chan struct{})
		accept := sync.OnceFunc(func() { close(accepted) })
		srv := &http.Server{Handler: m.Wrap(app), TLSConfig: config, ConnState: func(net.Conn, http.ConnState) { accept() }}
		go func() { ended <- m.Serve(context.Background(), srv, ln) }()
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		<-accepted
		conn.Close()
		m.Drain()
		<-ln.closed
		select {
		case err := <-ended:
			t.Fatalf("returned with a connection tracked: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
		done()
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "not closed well") || strings.Contains(err.Error(), "after it began") {
			t.Error(err)
		}
	}
}

// One server on two listeners: where one of them ends it, the other Serve did not fail.
func TestServeOnTwoListeners(t *testing.T) {
	m := mustNew(t, health.Config{DrainDelay: time.Hour})
	listen := func() net.Listener {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return ln
	}
	inner, accepted, ended := listen(), make(chan struct{}), make(chan error, 1)
	accept := sync.OnceFunc(func() { close(accepted) })
	srv := &http.Server{Handler: m.Wrap(app), ConnState: func(net.Conn, http.ConnState) { accept() }}
	go func() { ended <- m.Serve(context.Background(), srv, fragile{inner, make(chan struct{})}) }()
	conn, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	<-accepted
	conn.Close()
	broken := &brokenListener{Listener: listen(), used: true, failing: make(chan struct{})}
	close(broken.failing)
	if err := m.Serve(t.Context(), srv, broken); err == nil || !strings.Contains(err.Error(), "broken") || strings.Contains(err.Error(), "after it began") {
		t.Error(err)
	}
	if err := <-ended; err == nil || err.Error() != "health: shutdown: not closed well" {
		t.Error(err)
	}
}

// Whether a server serves TLS is a question of its certificates, as in net/http.
func TestWhatMakesTLS(t *testing.T) {
	lender := httptest.NewTLSServer(nil)
	defer lender.Close()
	own := lender.TLS.Certificates
	for _, tt := range []struct {
		desc   string
		config *tls.Config
		scheme string
	}{
		{"none", nil, "http"},
		{"protocols alone", &tls.Config{NextProtos: []string{"h2"}}, "http"},
		{"certificates", &tls.Config{Certificates: own}, "https"},
		{"a function", &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &own[0], nil }}, "https"},
		{"a configuration for each", &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{Certificates: own}, nil
		}}, "https"},
	} {
		m := mustNew(t, health.Config{DrainDelay: -1})
		s := startOn(t, m, &http.Server{Handler: m.Wrap(app), TLSConfig: tt.config})
		res, err := lender.Client().Get(tt.scheme + "://" + s.addr + "/readyz")
		if err != nil {
			t.Fatalf("%s: %v", tt.desc, err)
		}
		res.Body.Close()
		m.Drain()
		lender.Client().CloseIdleConnections()
		if err := s.end(t); err != nil || res.StatusCode != 200 {
			t.Errorf("%s: %d, %v", tt.desc, res.StatusCode, err)
		}
	}
}

// http.Server.Shutdown answers no request that it reads after it began. A client whose connection was the last one to be
// accepted has sent its request, and cannot know whether it was obeyed.
func TestLastConnectionIsAnswered(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := quietListener{fragile{inner, make(chan struct{})}}
	m := mustNew(t, health.Config{DrainDelay: -1})
	accepted, ended := make(chan struct{}), make(chan error, 1)
	accept := sync.OnceFunc(func() { close(accepted) })
	srv := &http.Server{Handler: m.Wrap(app), ConnState: func(net.Conn, http.ConnState) { accept() }}
	go func() { ended <- m.Serve(context.Background(), srv, ln) }()
	conn, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	<-accepted
	m.Drain()
	<-ln.closed
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != 200 || !res.Close {
		t.Errorf("%s %v", res.Status, res.Header)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// quietListener closes well.
type quietListener struct{ fragile }

func (l quietListener) Close() error { l.fragile.Close(); return nil }

// A short ShutdownTimeout is no reason to fail where nothing is left to wait for.
func TestShortShutdownTimeout(t *testing.T) {
	s := start(t, health.Config{DrainDelay: -1, ShutdownTimeout: 20 * time.Millisecond}, app)
	s.get(t, "/")
	s.m.Drain()
	if err := s.end(t); err != nil {
		t.Error(err)
	}
}
