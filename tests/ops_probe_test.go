//go:build unix

package tests

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/health"
)

// Each module of the blackbox exporter passes what is well and fails what is not: above all a service that fails, or
// warns, while a check of it says "pass".
func TestOpsProbes(t *testing.T) {
	dir := t.TempDir()
	cert, key, _ := certificate(t, dir)
	addr := freeAddr(t)
	launch(t, dir, []string{"SSL_CERT_FILE=" + cert}, tool(t, "prometheus-blackbox-exporter"), "--web.listen-address="+addr,
		"--config.file="+adapted(t, dir, "blackbox.yml"), "--log.level=error").
		answers(t, http.DefaultClient, "http://"+addr+"/-/healthy")
	probe := func(module, target string) (ok bool, log string) {
		res, err := http.Get("http://" + addr + "/probe?debug=true&module=" + module + "&target=" + url.QueryEscape(target))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("the exporter answers %d, %v: %s", res.StatusCode, err, text)
		}
		return strings.Contains(string(text), "\nprobe_success 1\n"), string(text)
	}

	pass := health.Check{Name: "database", Func: func(context.Context) error { return nil }}
	broken := func(optional bool) health.Check {
		return health.Check{Name: "cache", Optional: optional, Func: func(context.Context) error { return errors.New("down") }}
	}
	sites := map[string]string{
		"well":      probed(t, cert, key, true, pass),
		"warns":     probed(t, cert, key, true, pass, broken(true)),
		"fails":     probed(t, cert, key, true, pass, broken(false)),
		"bare":      probed(t, cert, key, false, pass),
		"http":      probed(t, "", "", true, pass),
		"elsewhere": redirecting(t, cert, key),
	}
	for _, test := range []struct {
		module, site, path string
		want               bool
	}{
		{"health", "well", "/health", true},
		{"health", "warns", "/health", false},
		{"health", "fails", "/health", false},
		{"health", "http", "/health", false},
		{"health", "elsewhere", "/health", false},
		{"health_or_warn", "well", "/health", true},
		{"health_or_warn", "warns", "/health", true},
		{"health_or_warn", "fails", "/health", false},
		{"live", "fails", "/livez", true},
		{"live", "elsewhere", "/livez", false},
		{"live", "http", "/livez", false},
		{"live", "well", "/nothing", false},
		{"headers", "well", "/", true},
		{"headers", "bare", "/", false},
		{"headers", "elsewhere", "/", false},
	} {
		if got, log := probe(test.module, sites[test.site]+test.path); got != test.want {
			t.Errorf("module %s of %s%s, a site that is %q: success %v\n%s", test.module, sites[test.site], test.path, test.site, got, log)
		}
	}

	// The keyword alone, apart from the code: a proxy that makes a 200 of everything.
	shown := listen(t, cert, key, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/health+json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		io.WriteString(w, `{"status":"fail","checks":{"database":[{"status":"pass"}]}}`)
	}))
	for _, module := range []string{"health", "health_or_warn"} {
		if got, log := probe(module, shown+"/health"); got {
			t.Errorf("module %s takes a check's status for that of the service\n%s", module, log)
		}
	}
}

// probed serves the health layer, and behind it an app with its headers or without.
func probed(t *testing.T, cert, key string, protected bool, checks ...health.Check) (url string) {
	t.Helper()
	h, err := health.New(health.Config{Checks: checks})
	if err != nil {
		t.Fatal(err)
	}
	app := http.NewServeMux()
	app.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") })
	inner := http.Handler(app)
	if protected {
		m, err := headers.New(headers.API())
		if err != nil {
			t.Fatal(err)
		}
		inner = m.Wrap(app)
	}
	return listen(t, cert, key, h.Wrap(inner))
}

// redirecting is a site behind a login page.
func redirecting(t *testing.T, cert, key string) (url string) {
	well := probed(t, cert, key, true)
	return listen(t, cert, key, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, well+r.URL.Path, http.StatusFound)
	}))
}

// listen serves h under the name that the certificate has, or over plain http where there is none.
func listen(t *testing.T, cert, key string, h http.Handler) (url string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	if cert == "" {
		srv.Start()
	} else {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		srv.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
		srv.StartTLS()
	}
	t.Cleanup(srv.Close)
	return strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
}
