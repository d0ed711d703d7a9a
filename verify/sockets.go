package verify

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

// socket is a connection to the inner app over real TCP: Flush, Hijack and 1xx are about what goes over the wire when, and
// pipes have no buffers of their own.
type socket struct {
	net.Conn
	br   *bufio.Reader
	req  *http.Request
	stop func()
}

// dialInner serves App.Wrap's handler on loopback for one request.
func (p *Probe) dialInner(name string) *socket {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.Inconclusive("no port on loopback: %v", err)
	}
	srv := &http.Server{ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: p.cfg.Limits.RequestTimeout,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if p.cfg.HTTPS {
				r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: p.host()}
			}
			p.local.inner.ServeHTTP(w, r)
		})}
	go srv.Serve(ln) //nolint:errcheck // it ends when the check does
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		srv.Close() //nolint:errcheck // nothing was served
		p.Inconclusive("no connection on loopback: %v", err)
	}
	conn.SetDeadline(time.Now().Add(3 * time.Second)) //nolint:errcheck // TCP has deadlines
	s := &socket{Conn: conn, br: bufio.NewReader(conn), stop: func() { conn.Close(); srv.Close() }}
	s.req = p.fill(p.inner(name)).httpRequest("http", p.cfg.Host, p.cfg.Limits.UserAgent)
	if name == "hijack" {
		s.req.Header.Set("Connection", "Upgrade")
		s.req.Header.Set("Upgrade", "gambeson-verify")
	}
	s.req.Write(conn) //nolint:errcheck // reading tells
	return s
}

func checkStream(p *Probe) {
	p.innerWorks()
	p.checkFlush()
	p.onSocket("hijack", func(s *socket) error {
		res, _, err := readFinal(s.br, s.req) //nolint:bodyclose // the connection is closed
		if err != nil {
			return fmt.Errorf("hijacking: %w", err)
		}
		if res.StatusCode != http.StatusSwitchingProtocols {
			return fmt.Errorf("hijacking does not work: %d", res.StatusCode)
		}
		return nil
	})
	p.onSocket("deadline", func(s *socket) error {
		res, _, err := readFinal(s.br, s.req) //nolint:bodyclose // the connection is closed
		if err != nil || res.StatusCode != http.StatusOK {
			return errors.New("http.ResponseController.SetWriteDeadline does not work")
		}
		return nil
	})
	p.onSocket("early", func(s *socket) error {
		res, informational, err := readFinal(s.br, s.req)
		switch {
		case err != nil:
			return fmt.Errorf("103 Early Hints: %w", err)
		case len(informational) == 0 || informational[0] != http.StatusEarlyHints:
			return errors.New("103 Early Hints does not arrive")
		case res.StatusCode != http.StatusOK:
			return fmt.Errorf("after 103 Early Hints: %d, want 200", res.StatusCode)
		}
		return nil
	})
}

func (p *Probe) onSocket(name string, judge func(*socket) error) {
	s := p.dialInner(name)
	defer s.stop()
	if err := judge(s); err != nil {
		p.Fail("%v", err)
	}
}

// checkFlush wants the first event while the handler still runs.
func (p *Probe) checkFlush() {
	s := p.dialInner("stream")
	defer s.stop()
	s.SetReadDeadline(time.Now().Add(2 * time.Second)) //nolint:errcheck // TCP has deadlines
	res, _, err := readFinal(s.br, s.req)
	if err != nil {
		p.Fail("Flush does not work: nothing arrives while the handler runs")
		return
	}
	first := make([]byte, len("data: first"))
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "data: first" {
		p.Fail("Flush does not work: the first event does not arrive while the handler runs")
		return
	}
	p.local.innerApp.release <- struct{}{}
	if rest, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10)); !strings.Contains(string(rest), "second") {
		p.Fail("a stream ends after its first event")
	}
}

// checkSlowHeader sends the start of a header and nothing more, and waits for the server to hang up.
func checkSlowHeader(p *Probe) {
	limit := p.cfg.HeaderTimeout
	switch {
	case limit == 0:
		p.Skip("no time for the header is declared (HeaderTimeout)")
	case p.local != nil && p.local.app.Server == nil:
		p.Skip("App.Server is not given: no middleware can stop a slow header")
	}
	const grace = 2 * time.Second
	if !p.canWait(limit + grace) {
		p.Inconclusive("waiting %v would take longer than Limits.MaxWait", limit+grace)
	}
	p.Do(Request{}) // the control: a whole header is answered
	conn, err := p.dialRaw()
	if err != nil {
		p.Inconclusive("no connection: %v", err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nX-Slow: ", p.cfg.Public, p.ownHost())
	start := time.Now()
	conn.SetReadDeadline(start.Add(limit + grace)) //nolint:errcheck // pipes and TCP have deadlines
	_, err = io.Copy(io.Discard, conn)
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		p.Fail("after %v the server still waits for the rest of the header", (limit + grace).Round(time.Millisecond))
	}
}

func (p *Probe) ownHost() string {
	if p.remote != nil {
		return p.remote.base.Host
	}
	return p.cfg.Host
}

// dialRaw opens a connection on which nothing was said.
func (p *Probe) dialRaw() (net.Conn, error) {
	if p.local != nil {
		conn, _, err := p.local.dial(Request{})
		return conn, err
	}
	u := p.remote.base
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	ctx, cancel := context.WithTimeout(p.ctx, p.cfg.Limits.RequestTimeout)
	defer cancel()
	addr := net.JoinHostPort(u.Hostname(), port)
	if u.Scheme == "https" {
		d := &tls.Dialer{Config: &tls.Config{ServerName: u.Hostname(), RootCAs: p.cfg.RootCAs, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}}
		return d.DialContext(ctx, "tcp", addr)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}
