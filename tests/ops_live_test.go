//go:build unix

package tests

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// site is the example under load, with everything of the kit around it.
type site struct {
	app        *daemon
	api, admin string
	database   string
	expires    time.Time // its certificate
	prometheus prometheus
	webhook    *webhook
}

// webhook keeps what Alertmanager sends, in order: "page firing NotReady".
type webhook struct {
	mu   sync.Mutex
	told []string
	bad  []string // texts that a template could not fill in
}

func (h *webhook) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var message struct {
		Alerts []struct {
			Status              string
			Labels, Annotations map[string]string
		}
	}
	err := json.NewDecoder(r.Body).Decode(&message)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.bad = append(h.bad, err.Error())
	}
	for _, a := range message.Alerts {
		h.told = append(h.told, strings.TrimPrefix(r.URL.Path, "/")+" "+a.Status+" "+a.Labels["alertname"])
		for _, text := range a.Annotations {
			if text == "" || strings.Contains(text, "no value") || strings.Contains(text, "<error") {
				h.bad = append(h.bad, a.Labels["alertname"]+": "+text)
			}
		}
	}
}

// forget makes a fault's alerts tell apart from what was told before.
func (h *webhook) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = nil
}

// await waits until all of these were told.
func (h *webhook) await(t *testing.T, want ...string) {
	t.Helper()
	eventually(t, "the webhook", func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, w := range want {
			if told := strings.Join(h.told, "\n") + "\n"; !strings.Contains(told, w+"\n") {
				return fmt.Errorf("was not told %q but\n%s", w, told)
			}
		}
		return nil
	})
}

// A minute of the rules is a second here: windows, offsets and how long a state must last.
var inRules = regexp.MustCompile(`(\[|offset |for: )(\d+)([mhd])\b`)

func inSeconds(text string) string {
	return inRules.ReplaceAllStringFunc(text, func(s string) string {
		m := inRules.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[2])
		return m[1] + strconv.Itoa(n*map[string]int{"m": 1, "h": 60, "d": 24 * 60}[m[3]]) + "s"
	})
}

// newSite starts it all: the example with a certificate, Prometheus, blackbox exporter and Alertmanager by the kit's own
// files, but for addresses and times.
func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{database: filepath.Join(dir, "notes.db"), webhook: &webhook{}}
	hook := httptest.NewServer(s.webhook)
	t.Cleanup(hook.Close)
	var cert, key string
	cert, key, s.expires = certificate(t, dir)

	apiAddr, adminAddr := freeAddr(t), freeAddr(t)
	_, port, _ := net.SplitHostPort(apiAddr)
	s.api, s.admin = "https://localhost:"+port, "http://"+adminAddr
	s.app = launch(t, dir, []string{"ADDR=" + apiAddr, "ADMIN_ADDR=" + adminAddr, "DATABASE_URL=" + s.database, "DRAIN_DELAY=0s",
		"TLS_CERT_FILE=" + cert, "TLS_KEY_FILE=" + key, "RATE_LIMIT=1000000", "RATE_BURST=100000", "LOG_LEVEL=error"}, checklist(t))
	s.app.answers(t, trusting(t, cert), s.api+"/readyz")

	prober, alerter, server := freeAddr(t), freeAddr(t), freeAddr(t)
	launch(t, dir, []string{"SSL_CERT_FILE=" + cert}, tool(t, "prometheus-blackbox-exporter"), "--web.listen-address="+prober,
		"--config.file="+adapted(t, dir, "blackbox.yml"), "--timeout-offset=0.1", "--log.level=error").
		answers(t, http.DefaultClient, "http://"+prober+"/-/healthy")
	launch(t, dir, nil, tool(t, "prometheus-alertmanager"), "--web.listen-address="+alerter, "--cluster.listen-address=",
		"--storage.path="+filepath.Join(dir, "alertmanager"), "--log.level=error",
		"--config.file="+adapted(t, dir, "alertmanager.yml", "http://127.0.0.1:9094", hook.URL, "group_wait: 30s", "group_wait: 1s",
			"group_wait: 10s", "group_wait: 1s", "group_interval: 5m", "group_interval: 1s")).
		answers(t, http.DefaultClient, "http://"+alerter+"/-/ready")

	rules, err := os.ReadFile(filepath.Join(ops, "rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "rules.yml"), []byte(inSeconds(string(rules))), 0o644); err != nil {
		t.Fatal(err)
	}
	launch(t, dir, nil, tool(t, "prometheus"), "--web.listen-address="+server, "--storage.tsdb.path="+filepath.Join(dir, "prometheus"),
		"--storage.tsdb.retention.time=2h", "--log.level=error",
		"--config.file="+adapted(t, dir, "prometheus.yml", "127.0.0.1:9090", adminAddr, "127.0.0.1:9093", alerter,
			"127.0.0.1:9115", prober, "https://notes.example.com", s.api, ": 15s", ": 1s", ": 30s", ": 1s")).
		answers(t, http.DefaultClient, "http://"+server+"/-/ready")
	s.prometheus = prometheus{"http://" + server}
	s.load(t, trusting(t, cert))
	return s
}

// load is what users do, until the test ends: notes, pages that do not exist, clients that do not wait.
func (s *site) load(t *testing.T, client *http.Client) {
	t.Helper()
	send := func(ctx context.Context, method, path, token, body string) *http.Response {
		req, err := http.NewRequestWithContext(ctx, method, s.api+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := client.Do(req)
		if err != nil {
			return &http.Response{Body: http.NoBody}
		}
		return res
	}
	me := `{"email":"ann@example.com","password":"correct horse battery staple"}`
	res := send(t.Context(), "POST", "/api/signup", "", me)
	res.Body.Close()
	res = send(t.Context(), "POST", "/api/login", "", me)
	var login struct{ Token string }
	if err := json.NewDecoder(res.Body).Decode(&login); err != nil || login.Token == "" {
		t.Fatalf("no token: %v, status %d", err, res.StatusCode)
	}
	res.Body.Close()
	for range 25 { // beyond the limit of log-ins
		send(t.Context(), "POST", "/api/login", "", "{}").Body.Close()
	}

	ctx, cancel := context.WithCancel(context.Background())
	var users sync.WaitGroup
	for range 8 {
		users.Go(func() {
			for ctx.Err() == nil {
				send(ctx, "GET", "/", "", "").Body.Close()
				send(ctx, "POST", "/api/notes", login.Token, `{"title":"milk"}`).Body.Close()
				send(ctx, "GET", "/api/notes", login.Token, "").Body.Close()
				send(ctx, "GET", "/nothing/here", "", "").Body.Close()
				hasty, leave := context.WithTimeout(ctx, 2*time.Millisecond)
				send(hasty, "GET", "/api/notes", login.Token, "").Body.Close()
				leave()
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	t.Cleanup(func() { cancel(); users.Wait() })
}

// The whole way, with real servers: from the example under load through every panel, and from a fault to a webhook.
func TestOpsLive(t *testing.T) {
	s := newSite(t)
	p := s.prometheus

	t.Run("exposition", func(t *testing.T) {
		res, err := http.Get(s.admin + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if out := output(t, res.Body, "promtool", "check", "metrics"); out != "" {
			t.Error(out)
		}
	})
	t.Run("certificate", func(t *testing.T) {
		eventually(t, "the certificate's end", func() error {
			found, err := p.query("probe_ssl_earliest_cert_expiry")
			if err != nil || len(found) != 3 {
				return fmt.Errorf("%v, %v", found, err)
			}
			for _, f := range found {
				if end, _ := strconv.ParseFloat(f.Value[1].(string), 64); int64(end) != s.expires.Unix() {
					return fmt.Errorf("the certificate ends %v by the probe, %v by itself", f, s.expires)
				}
			}
			return nil
		})
	})
	t.Run("dashboard", func(t *testing.T) { everyPanel(t, p) })
	t.Run("names", func(t *testing.T) { everyName(t, p) })
	t.Run("silence", func(t *testing.T) {
		eventually(t, "a service that is well", func() error {
			names, err := p.firing()
			if err == nil && len(names) > 0 {
				err = fmt.Errorf("alerts fire: %v", names)
			}
			return err
		})
	})
	if t.Failed() {
		return // what a fault then does proves nothing
	}

	t.Run("database locked", func(t *testing.T) {
		s.webhook.forget()
		unlock := lockDatabase(t, s.database)
		s.webhook.await(t, "page firing NotReady", "page firing ProbeFailed", "page firing HTTPErrorBudgetBurn",
			"ticket firing HealthCheckFailing", "ticket firing HTTPRouteErrors")
		unlock()
		s.webhook.await(t, "page resolved NotReady", "page resolved ProbeFailed")
	})
	t.Run("killed", func(t *testing.T) {
		s.webhook.forget()
		if err := s.app.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		s.webhook.await(t, "page firing TargetDown", "page firing ProbeFailed")
	})
	s.webhook.mu.Lock()
	defer s.webhook.mu.Unlock()
	if len(s.webhook.bad) > 0 {
		t.Errorf("texts of alerts: %q", s.webhook.bad)
	}
}

// lockDatabase takes the lock that SQLite's writers take, in the file beside the database (sqlite.org/walformat.html,
// section 2.3): what a second process does that writes and hangs.
func lockDatabase(t *testing.T, database string) (unlock func()) {
	t.Helper()
	f, err := os.OpenFile(database+"-shm", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Start: 120, Len: 1}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLKW, &lock); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// certificate makes one for localhost that nobody signed but itself, good for 90 days.
func certificate(t *testing.T, dir string) (certFile, keyFile string, end time.Time) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	end = time.Now().Add(90 * 24 * time.Hour)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: end, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret), end
}
