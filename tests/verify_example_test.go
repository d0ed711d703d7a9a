package tests

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/verify"
)

const (
	verifyConfig = "../examples/checklist/verify.json"
	verifyOrigin = "ALLOWED_ORIGINS=https://app.example.com"
	// A limit that is met by a burst, and not by an audit that keeps to verifyPace.
	verifyLimit, verifyBurst, verifyPace = "RATE_LIMIT=2400", "RATE_BURST=60", 36
)

// token signs somebody up and logs him in.
func token(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	const me = `{"email":"verify@example.com","password":"correct horse battery staple"}`
	var session struct{ Token string }
	for _, path := range []string{"/api/signup", "/api/login"} {
		res, err := client.Post(url+path, "application/json", strings.NewReader(me))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(&session); err != nil {
			t.Fatal(path, res.Status, err)
		}
	}
	if session.Token == "" {
		t.Fatal("the log-in gives no token")
	}
	return session.Token
}

// verifyExpectations is the file of the example, as `gambeson verify -config` reads it, at a speed for loopback.
func verifyExpectations(t *testing.T, token string) verify.Config {
	t.Helper()
	data, err := os.ReadFile(verifyConfig)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := verify.ReadConfig(bytes.NewReader(bytes.ReplaceAll(data, []byte("${TOKEN}"), []byte(token))))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Limits.PerSecond, cfg.Limits.Burst = verifyPace, 1000
	return cfg
}

// Nothing of it is in the example: no cookie, no parameter that redirects, no route with the version.
var verifyNothing = []string{"cookie-flags", "open-redirect", "deploy-version"}

// judge wants every check to pass that can be judged on a URL, but for the ones that are named: these must be skipped.
func judge(t *testing.T, url string, cfg verify.Config, skipped ...string) {
	t.Helper()
	rep := verify.AuditURL(t.Context(), url, cfg)
	if rep.Err != nil {
		t.Fatal(rep.Err)
	}
	t.Logf("%s: %d passed, %d requests, %v", url, rep.Count(verify.Pass), rep.Requests, rep.Duration.Round(time.Millisecond))
	for _, r := range rep.Results {
		known := r.Status == verify.Skip && slices.Contains(skipped, r.ID)
		if r.Status != verify.Pass && !known && !strings.HasPrefix(r.Reason, "is judged in process only") {
			t.Errorf("%s", r.Line(false))
		}
	}
	if rep.Duration > 30*time.Second {
		t.Errorf("it took %v", rep.Duration)
	}
}

// As it stands, the file is one that verify reads: the token's place is in a string.
func TestVerifyExampleConfig(t *testing.T) {
	file, err := os.Open(verifyConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := verify.ReadConfig(file); err != nil {
		t.Error(err)
	}
}

// In development, over http.
func TestVerifyExample(t *testing.T) {
	t.Parallel()
	url := example(t, verifyOrigin, verifyLimit, verifyBurst, "ALLOWED_HOSTS=localhost")
	cfg := verifyExpectations(t, token(t, http.DefaultClient, url))
	cfg.HTTPS = false
	judge(t, url, cfg, append(verifyNothing, "hdr-hsts", "https-redirect", "tls-min", "tls-expiry", "http2",
		"log-json", "log-one", "log-level", "log-leak", "log-inject")...)
}

// As in production: https by itself, the redirect on a port of its own, and the log at hand.
func TestVerifyExampleTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key, _ := certificate(t, dir)
	addr, plain, admin := freeAddr(t), freeAddr(t), freeAddr(t)
	local := func(scheme, addr string) string {
		_, port, _ := net.SplitHostPort(addr)
		return scheme + "://localhost:" + port
	}
	url, logFile := local("https", addr), filepath.Join(dir, "log")
	app := launch(t, dir, []string{"APP_ENV=production", "ADDR=" + addr, "ADMIN_ADDR=" + admin, "REDIRECT_ADDR=" + plain, "DRAIN_DELAY=0s",
		"DATABASE_URL=" + filepath.Join(dir, "notes.db"), "TLS_CERT_FILE=" + cert, "TLS_KEY_FILE=" + key, verifyOrigin, verifyLimit, verifyBurst,
		"ALLOWED_HOSTS=localhost"}, "sh", "-c", "exec "+checklist(t)+" 2>"+logFile)
	client := trusting(t, cert)
	app.answers(t, client, url+"/readyz")

	cfg := verifyExpectations(t, token(t, client, url))
	pem, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	cfg.RootCAs = x509.NewCertPool()
	cfg.RootCAs.AppendCertsFromPEM(pem)
	cfg.PlainURL, cfg.Logs = local("http", plain), &verify.Logs{File: logFile}
	judge(t, url, cfg, verifyNothing...)
}
