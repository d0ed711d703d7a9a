package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must come. It is no measure of speed: a loaded machine may be slow.
const patience = 30 * time.Second

// built is where the program is, once a test has asked for it.
var built struct {
	once     sync.Once
	dir, bin string
	err      error
}

func build() (string, error) {
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "checklist"); built.err != nil {
			return
		}
		built.bin = filepath.Join(built.dir, "checklist")
		if out, err := exec.Command("go", "build", "-o", built.bin, ".").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	return built.bin, built.err
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// process is the built program on free ports, with a database of its own and nothing of this environment.
type process struct {
	cmd      *exec.Cmd
	database string
	url      map[string]string // by listener: "api", "admin", "redirect"
	exited   chan struct{}
	exitCode int // after exited

	mu  sync.Mutex
	log bytes.Buffer
}

// launch starts the program with these variables and does not wait for anything.
func launch(t *testing.T, environ map[string]string) (*process, <-chan string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("it has no SIGTERM")
	}
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := &process{database: filepath.Join(dir, "notes.db"), url: map[string]string{}, exited: make(chan struct{})}
	all := map[string]string{"ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0", "DATABASE_URL": p.database}
	for name, value := range environ {
		all[name] = value
	}
	p.cmd = exec.Command(bin)
	p.cmd.Dir = dir
	p.cmd.Env = []string{"TMPDIR=" + dir}
	for name, value := range all {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 10_000)
	go func() {
		in := bufio.NewScanner(stderr)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			p.mu.Lock()
			p.log.WriteString(in.Text() + "\n")
			p.mu.Unlock()
			select {
			case lines <- in.Text():
			default: // nobody looks any more
			}
		}
		close(lines)
		p.cmd.Wait() //nolint:errcheck // the code is what counts
		p.exitCode = p.cmd.ProcessState.ExitCode()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill() //nolint:errcheck // it may have ended
		<-p.exited
		if t.Failed() {
			t.Logf("stderr of the program:\n%s", p.logs())
		}
	})
	return p, lines
}

// start launches the program and waits until its listeners are open.
func start(t *testing.T, environ map[string]string) *process {
	t.Helper()
	p, lines := launch(t, environ)
	need := 2
	if environ["REDIRECT_ADDR"] != "" {
		need++
	}
	late := time.After(patience)
	for len(p.url) < need {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatalf("it ended instead of listening:\n%s", p.logs())
			}
			var rec struct{ Msg, Listener, Scheme, Address string }
			if json.Unmarshal([]byte(line), &rec) == nil && rec.Msg == "listening" {
				p.url[rec.Listener] = rec.Scheme + "://" + rec.Address
			}
		case <-late:
			t.Fatalf("it does not listen:\n%s", p.logs())
		}
	}
	return p
}

func (p *process) logs() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// wait returns the exit code.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
		return p.exitCode
	case <-time.After(patience):
		t.Fatal("it does not end")
		return -1
	}
}

// stop sends SIGTERM and wants a clean end and nothing but JSON in the log, which it returns record by record.
func (p *process) stop(t *testing.T) []map[string]any {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != 0 {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	var records []map[string]any
	for line := range strings.Lines(p.logs()) {
		var rec map[string]any
		if err := json.Unmarshal([]byte(line), &rec); err != nil || rec["time"] == nil || rec["level"] == nil || rec["msg"] == nil {
			t.Errorf("no log record: %q", line)
		}
		records = append(records, rec)
	}
	return records
}

// noRedirects shows a redirect instead of following it. A request with Expect: 100-continue keeps its body back until it
// is asked for: a server that refuses a large one and hangs up may else cut the connection under the client's writing.
var noRedirects = &http.Client{
	Timeout:       patience,
	Transport:     &http.Transport{ExpectContinueTimeout: patience},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// request is one HTTP request to a listener of the program.
type request struct {
	method, path, token, body string
	header                    map[string]string
}

func (p *process) send(t *testing.T, r request) *http.Response {
	t.Helper()
	return p.sendTo(t, noRedirects, "api", r)
}

func (p *process) sendTo(t *testing.T, client *http.Client, listener string, r request) *http.Response {
	t.Helper()
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	if r.method == "" {
		r.method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(context.Background(), r.method, p.url[listener]+r.path, body)
	if err != nil {
		t.Fatal(err)
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	req.Host = req.Header.Get("Host") // empty: the URL's
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// until asks a path again and again until it answers with the status, and returns that answer.
func (p *process) until(t *testing.T, path string, status int) *http.Response {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if res := p.send(t, request{path: path}); res.StatusCode == status {
			return res
		}
	}
	t.Fatalf("%s does not become %d", path, status)
	return nil
}

// selfSigned makes a throw-away certificate for localhost.
func selfSigned(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", secret)
}
