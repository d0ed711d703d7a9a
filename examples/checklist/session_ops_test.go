package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The file is moved away under the running process and comes back: what a lost volume looks like.
func TestSessionDatabaseFails(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	want(t, p.send(t, request{path: "/health"}), 200)
	if err := os.Rename(p.database, p.database+".away"); err != nil {
		t.Fatal(err)
	}
	p.until(t, "/readyz", 503)
	res := p.until(t, "/health", 503)
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), `"database":[{"status":"fail"}]`) {
		t.Errorf("/health says %s", body)
	}
	for _, inside := range []string{"notes.db", "no such file", "store:", filepath.Dir(p.database)} {
		if strings.Contains(string(body), inside) {
			t.Errorf("/health tells strangers %q: %s", inside, body)
		}
	}
	want(t, p.send(t, request{path: "/livez"}), 200)
	private, err := io.ReadAll(p.sendTo(t, noRedirects, "admin", request{path: "/health"}).Body)
	if err != nil || !strings.Contains(string(private), "notes.db") {
		t.Errorf("the private /health does not tell why: %s (%v)", private, err)
	}
	if err := os.Rename(p.database+".away", p.database); err != nil {
		t.Fatal(err)
	}
	p.until(t, "/readyz", 200)
	if !strings.Contains(p.logs(), `"health changed"`) {
		t.Error("the failure is not in the log")
	}
	p.stop(t)
}

// Another process holds the write lock beyond the check's timeout: reading works, writing does not, so it is not ready.
func TestSessionDatabaseLocked(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	want(t, p.send(t, request{path: "/readyz"}), 200)
	other := newStore(p.database)
	if err := other.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	p.until(t, "/readyz", 503)
	want(t, p.send(t, request{path: "/livez"}), 200)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	p.until(t, "/readyz", 200)
	p.stop(t)
}

// After SIGTERM it is not ready, and serves on until the delay is over. A second signal cuts the delay.
func TestSessionDrains(t *testing.T) {
	t.Parallel()
	p := start(t, map[string]string{"DRAIN_DELAY": "5m"})
	want(t, p.send(t, request{path: "/readyz"}), 200)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.until(t, "/readyz", 503)
	want(t, p.send(t, request{path: "/api/notes"}), 401)
	want(t, p.send(t, request{path: "/livez"}), 200)
	want(t, p.sendTo(t, noRedirects, "admin", request{path: "/metrics"}), 200)
	p.stop(t)
	if !strings.Contains(p.logs(), `"stopped"`) {
		t.Error("the log does not end with the end")
	}
}

// Clients that trickle a body, or do not read their answer, must not make the end of the program a failure.
func TestSessionEndsInSpiteOfSlowClients(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url["api"], "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"+
		"Expect: 100-continue\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil { // of "100 Continue": the handler waits for the body
		t.Fatal(err)
	}
	records := p.stop(t)
	for _, rec := range records {
		if rec["url.path"] == "/api/login" && rec["http.response.status_code"] != float64(http.StatusRequestTimeout) {
			t.Errorf("the slow request ended as %v", rec)
		}
	}
	if srv := publicServer("", nil); srv.WriteTimeout >= 20*time.Second || srv.WriteTimeout <= maxDuration {
		t.Errorf("an answer may take %v", srv.WriteTimeout)
	}
}

func TestSessionRefusesBadConfiguration(t *testing.T) {
	t.Parallel()
	p, _ := launch(t, map[string]string{"ADDR": "nonsense", "DATABASE_URL": "postgres://notes:hunter2hunter2@db/notes",
		"ALLOWED_ORIGINS": "https://app.example.com/", "RATE_LIMIT": "0", "LOG_LEVEL": "loud", "DRAIN_DELAY": "5"})
	if code := p.wait(t); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
	text := p.logs()
	for _, name := range []string{"ADDR", "DATABASE_URL", "ALLOWED_ORIGINS", "RATE_LIMIT", "LOG_LEVEL", "DRAIN_DELAY"} {
		if strings.Count(text, "\n  "+name+" ") != 1 {
			t.Errorf("not one line about %s", name)
		}
	}
	if strings.Count(text, "\n") != 7 || !strings.Contains(text, "6 problems") || strings.Contains(text, "hunter2") {
		t.Errorf("it says %s", text)
	}
	if _, err := os.Stat(p.database); err == nil {
		t.Error("it touched the disk")
	}
}

func TestSessionPortTaken(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for _, name := range []string{"ADDR", "ADMIN_ADDR"} {
		p, _ := launch(t, map[string]string{name: ln.Addr().String()})
		if code := p.wait(t); code != exitFailed || !strings.Contains(p.logs(), name+": listen") {
			t.Errorf("exit code %d: %s", code, p.logs())
		}
	}
}

func TestSessionHTTPS(t *testing.T) {
	t.Parallel()
	cert, key := selfSigned(t)
	p := start(t, map[string]string{"APP_ENV": "production", "ALLOWED_ORIGINS": "https://app.example.com", "ALLOWED_HOSTS": "localhost",
		"TLS_CERT_FILE": cert, "TLS_KEY_FILE": key, "REDIRECT_ADDR": "127.0.0.1:0", "DRAIN_DELAY": "0s"})
	client := localhost(t, p, cert)

	res := p.sendTo(t, client, "api", request{path: "/api/notes"})
	want(t, res, 401)
	if res.ProtoMajor != 2 {
		t.Errorf("spoken in %s", res.Proto)
	}
	if got := res.Header.Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=") {
		t.Errorf("Strict-Transport-Security %q", got)
	}
	for method, status := range map[string]int{"GET": 301, "HEAD": 301, "POST": 308, "DELETE": 308} {
		res := p.sendTo(t, client, "redirect", request{method: method, path: "/api/notes?page=2"})
		if got := res.Header.Get("Location"); res.StatusCode != status || got != "https://localhost/api/notes?page=2" {
			t.Errorf("%s over http: %d to %q", method, res.StatusCode, got)
		}
		if res.Header.Get("Strict-Transport-Security") != "" {
			t.Error("HSTS over http")
		}
	}
	// Asked for another host, it neither answers nor sends anybody there.
	for _, listener := range []string{"api", "redirect"} {
		res := p.sendTo(t, client, listener, request{path: "/api/notes", header: map[string]string{"Host": "evil.example"}})
		if res.StatusCode != http.StatusMisdirectedRequest || res.Header.Get("Location") != "" {
			t.Errorf("%s for another host: %d %v", listener, res.StatusCode, res.Header)
		}
	}
	// What the server itself complains of goes into the log as JSON too: stop wants nothing else there.
	plain := strings.Replace(p.url["api"], "https:", "http:", 1)
	if res, err := http.Get(plain); err == nil {
		res.Body.Close()
	}
	handshakes := 0
	for _, rec := range p.stop(t) {
		if strings.Contains(rec["msg"].(string), "TLS handshake") && rec["level"] == "WARN" {
			handshakes++
		}
	}
	if handshakes != 1 {
		t.Errorf("the failed handshake is %d times in the log, as WARN", handshakes)
	}
}

// Behind a proxy that ends https, the proxy says who the client is and how it came; log, limiter and redirect believe it
// alike. What a client writes into the header itself stands further left and helps nobody.
func TestSessionBehindProxy(t *testing.T) {
	t.Parallel()
	p := start(t, map[string]string{"APP_ENV": "production", "ALLOWED_ORIGINS": "https://app.example.com", "ALLOWED_HOSTS": "notes.example.com",
		"TRUSTED_PROXIES": "127.0.0.0/8", "PROXY_HEADER": "X-Forwarded-For", "RATE_LIMIT": "1", "RATE_BURST": "3", "DRAIN_DELAY": "0s"})
	from := func(forwardedFor, proto string) *http.Response {
		return p.send(t, request{path: "/api/notes", header: map[string]string{"Host": "notes.example.com",
			"X-Forwarded-For": forwardedFor, "X-Forwarded-Proto": proto}})
	}
	for i, spoofed := range []string{"", "198.51.100.1, ", "198.51.100.2, "} {
		res := from(spoofed+"192.0.2.1", "https")
		if res.StatusCode != 401 || res.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("request %d: %d %v", i, res.StatusCode, res.Header)
		}
	}
	want(t, from("198.51.100.3, 192.0.2.1", "https"), 429)
	want(t, from("192.0.2.2", "https"), 401)
	if res := from("192.0.2.3", "http"); res.StatusCode != 301 || !strings.HasPrefix(res.Header.Get("Location"), "https://notes.example.com/") {
		t.Errorf("over http: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	want(t, p.send(t, request{path: "/readyz"}), 200) // probes come over http and past the proxy
	clients := map[any]int{}
	for _, rec := range p.stop(t) {
		clients[rec["client.address"]]++
	}
	if clients["192.0.2.1"] != 4 || clients["192.0.2.2"] != 1 || clients["127.0.0.1"] != 0 {
		t.Errorf("the log knows the clients %v", clients)
	}
}

// localhost is a client that trusts the certificate and calls the program's listeners by the name localhost.
func localhost(t *testing.T, p *process, certFile string) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	for listener, u := range p.url {
		p.url[listener] = strings.Replace(u, "127.0.0.1", "localhost", 1)
	}
	client := *noRedirects
	client.Transport = &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, strings.Replace(addr, "localhost", "127.0.0.1", 1))
		},
	}
	t.Cleanup(client.CloseIdleConnections)
	return &client
}
