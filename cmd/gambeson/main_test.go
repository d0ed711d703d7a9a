package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/verify"
)

// command runs gambeson and gives what it writes.
func command(t *testing.T, args ...string) (code int, out, err string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, terminal{out: &o, err: &e})
	return code, o.String(), e.String()
}

// file writes a file for a test.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// hardened is an app behind the default stack, on loopback.
func hardened(t *testing.T) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	stack, err := gambeson.Default()
	if err != nil {
		t.Fatal(err)
	}
	stack.Logging = nil // the output of the tests stays readable
	h, err := stack.Build(mux)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL
}

var bare = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	io.WriteString(w, "hello")
})

const fast = `{"limits":{"per_second":100000}}`

func TestExitCodes(t *testing.T) {
	good, bad := serve(t, hardened(t)), serve(t, bare)
	config := file(t, "fast.json", fast)
	t.Setenv("GAMBESON_TEST_PUBLIC", "/")
	broken := file(t, "broken.json", `{"publik":"/"}`)
	warns := file(t, "warns.json", `{"limits":{"per_second":100000},"skip":{"hdr-leak":"is long mended"}}`)
	for _, c := range []struct {
		args []string
		code int
		says string // on either output
	}{
		{[]string{"verify", "-config", config, good}, 0, " 0 fail, "},
		{[]string{"verify", good, "-config", config}, 0, " 0 fail, "},
		{[]string{"verify", "-config", config, bad}, 1, "FAIL  hdr-csp"},
		{[]string{"verify", "-config", warns, good}, 0, "warn  hdr-leak"},
		{[]string{"verify", "-config", warns, "-fail-on", "warn", good}, 1, "warn  hdr-leak"},
		{[]string{"verify", "-q", "-config", config, good}, 0, ""},
		{[]string{"verify", "-q", "-config", config, bad}, 1, "FAIL  hdr-csp"},
		{[]string{"verify", "-only", "hdr-leak,trace-off", bad}, 0, " 0 fail, 2 pass"},
		{[]string{"verify", "http://127.0.0.1:1"}, 2, "does not answer"},
		{[]string{"verify"}, 2, "needs the URL"},
		{[]string{"verify", "example.com"}, 2, "is not the URL"},
		{[]string{"verify", good, bad}, 2, "one URL"},
		{[]string{"verify", "-format", "yaml", good}, 2, "-format is one of"},
		{[]string{"verify", "-fail-on", "pass", good}, 2, "-fail-on is"},
		{[]string{"verify", "-burst", "-1", good}, 2, "number of requests"},
		{[]string{"verify", "-burst", "many", good}, 2, "invalid value"},
		{[]string{"verify", "-only", "hdr-cps", good}, 2, "is not the ID of a check"},
		{[]string{"verify", "-config", "missing.json", good}, 2, "missing.json"},
		{[]string{"verify", "-config", broken, good}, 2, "publik"},
		{[]string{"verify", "-config", file(t, "x.yaml", "public: /"), good}, 2, "YAML is not read"},
		{[]string{"verify", "-ca", broken, good}, 2, "no certificate"},
		{[]string{"verify", "-o", "/no/such/dir/x", "-only", "trace-off", good}, 2, "no such file"},
		{[]string{"verify", "-strict", "-only", "rate-trigger,csrf", good}, 0, " 0 fail, 2 skip"},
		{[]string{"verify", "-config", file(t, "env.json", `{"public":"${GAMBESON_TEST_PUBLIC}","limits":{"per_second":100000}}`), good}, 0, " 0 fail, "},
		{[]string{"verify", "-config", file(t, "env.json", `{"public":"${GAMBESON_TEST_MISSING}"}`), good}, 2, "environment: GAMBESON_TEST_MISSING"},
		{[]string{"verify", "-h"}, 0, "-burst n"},
		{[]string{"checks"}, 0, "cors-hostile"},
		{[]string{"checks", "-format", "markdown"}, 0, "| cors-hostile | handler, URL |"},
		{[]string{"checks", "-format", "x"}, 2, "-format is"},
		{[]string{"checks", "x"}, 2, "no arguments"},
		{[]string{"explain", "rate-trigger"}, 0, "only with -burst"},
		{[]string{"explain", "cors-hostil"}, 2, "there is cors-control, cors-hostile"},
		{[]string{"explain"}, 2, "takes the ID"},
		{[]string{"version"}, 0, "gambeson "},
		{[]string{"help"}, 0, "gambeson explain ID"},
		{[]string{"verfy"}, 2, `no command "verfy"`},
		{nil, 2, "gambeson verify"},
	} {
		code, out, err := command(t, c.args...)
		if code != c.code || !strings.Contains(out+err, c.says) {
			t.Errorf("%q: exit %d, want %d and %q\n%s%s", c.args, code, c.code, c.says, out, err)
		}
		if code == 2 && out != "" {
			t.Errorf("%q: writes of its own trouble to standard output: %s", c.args, out)
		}
		if strings.Contains(strings.Join(c.args, " "), "-q") && code == 0 && out+err != "" {
			t.Errorf("%q is not quiet: %s%s", c.args, out, err)
		}
	}
}

func TestFormats(t *testing.T) {
	url, config := serve(t, bare), file(t, "gambeson.json", fast)
	for format, valid := range map[string]func([]byte) error{
		"json":  func(b []byte) error { return json.Unmarshal(b, new(any)) },
		"sarif": func(b []byte) error { return json.Unmarshal(b, new(any)) },
		"junit": func(b []byte) error { return xml.Unmarshal(b, new(struct{})) },
		"html":  func([]byte) error { return nil },
	} {
		code, out, progress := command(t, "verify", "-config", config, "-format", format, url)
		if code != 1 || valid([]byte(out)) != nil || !strings.Contains(out, "hdr-csp") {
			t.Errorf("%s: exit %d: %s", format, code, out)
		}
		if strings.Contains(progress, "\x1b") || !strings.Contains(progress, "fail hdr-csp\n") {
			t.Errorf("%s: progress %q", format, progress)
		}
		report := filepath.Join(t.TempDir(), "report")
		if code, out, _ = command(t, "verify", "-config", config, "-format", format, "-o", report, url); code != 1 || out != "" {
			t.Errorf("%s into a file: exit %d, %s", format, code, out)
		}
		if b, err := os.ReadFile(report); err != nil || !bytes.Contains(b, []byte("hdr-csp")) {
			t.Errorf("%s into a file: %v", format, err)
		}
	}
}

// On a terminal there are colours, and one line of progress that is cleared.
func TestTerminal(t *testing.T) {
	var out, err bytes.Buffer
	run(t.Context(), []string{"verify", "-only", "trace-off", serve(t, bare)}, terminal{out: &out, err: &err, colorOut: true, interactiveErr: true})
	if !strings.Contains(out.String(), "\x1b[32mpass\x1b[0m  trace-off") || err.String() != "\r\x1b[K1/1 trace-off\r\x1b[K" {
		t.Errorf("%q, %q", out.String(), err.String())
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out, err bytes.Buffer
	n := 0
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 5 {
			cancel()
		}
		bare(w, r)
	}))
	if code := run(ctx, []string{"verify", url}, terminal{out: &out, err: &err}); code != 2 || strings.Contains(out.String(), "pass  rate") {
		t.Errorf("exit %d: %s%s", code, &out, &err)
	}
}

// What -init writes is a config that the next command reads.
func TestInit(t *testing.T) {
	url := serve(t, hardened(t))
	code, out, advice := command(t, "verify", "-init", "-config", file(t, "fast.json", fast), url)
	cfg, err := verify.ReadConfig(strings.NewReader(out))
	if code != 0 || err != nil || cfg.Health == nil || cfg.Health.Ready != "/readyz" || cfg.Health.Full != "/health" || !strings.Contains(advice, "cors: the origins") {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, advice)
	}
	path := file(t, "gambeson.json", out)
	if code, out, errs := command(t, "verify", "-config", path, url); code != 0 || !strings.Contains(out, "pass  health-up") {
		t.Errorf("with the config of -init: exit %d\n%s%s", code, out, errs)
	}
	if code, _, _ := command(t, "verify", "-init", "http://127.0.0.1:1"); code != 2 {
		t.Errorf("-init of nobody: exit %d", code)
	}
}

// A service with a certificate of a private CA is reached with -ca, and not without.
func TestPrivateCA(t *testing.T) {
	srv := httptest.NewUnstartedServer(hardened(t))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	if code, _, err := command(t, "verify", srv.URL); code != 2 || !strings.Contains(err, "certificate") {
		t.Errorf("without -ca: exit %d, %s", code, err)
	}
	ca := file(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})))
	code, out, err := command(t, "verify", "-ca", ca, "-config", file(t, "fast.json", fast), srv.URL)
	if code != 0 || !strings.Contains(out, "pass  tls-min") || !strings.Contains(out, "pass  http2") {
		t.Errorf("exit %d: %s%s", code, out, err)
	}
}
