package verify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/verify"
)

// serve runs a handler on loopback and gives its URL.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL
}

// fastURL is a config for a server on loopback: nobody is disturbed by speed there.
func fastURL(cfg verify.Config) verify.Config {
	cfg.Limits.PerSecond, cfg.Limits.MaxWait = 100000, 100*time.Millisecond
	return cfg
}

// certificate is one of its own, for loopback, which ends when it is told.
func certificate(t testing.TB, notAfter time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: notAfter, IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	leaf := must[*x509.Certificate](t)(x509.ParseCertificate(der))
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

type deployment struct {
	notAfter time.Time
	minTLS   uint16
	http1    bool
	mutate   func(a *hardened)
}

// deploy serves the hardened app over TLS, and over plain http beside it.
func deploy(t testing.TB, d deployment) (url string, cfg verify.Config) {
	t.Helper()
	a := newHardened(t)
	reheader(onLoopback)(t, a)
	if d.mutate != nil {
		d.mutate(a)
	}
	app := a.app(t)
	cert, pool := certificate(t, d.notAfter)
	quiet := log.New(io.Discard, "", 0)
	secure := httptest.NewUnstartedServer(app.Handler)
	secure.Config.ErrorLog, secure.Config.ReadHeaderTimeout = quiet, min(a.server.ReadHeaderTimeout, time.Second)
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: d.minTLS}
	secure.EnableHTTP2 = !d.http1
	secure.StartTLS()
	t.Cleanup(secure.Close)
	file := must[*os.File](t)(os.CreateTemp(t.TempDir(), "log"))
	a.log.also = file
	cfg = fastURL(expectations())
	cfg.RootCAs, cfg.PlainURL, cfg.Logs.File = pool, serve(t, app.Handler), file.Name()
	cfg.HeaderTimeout = time.Second
	cfg.Limits.MaxWait, cfg.Limits.Requests, cfg.Limits.Burst = 3*time.Second, 5000, 500
	cfg.Version = &verify.Version{Path: "/version", Field: "build.version", Want: "v1.2.3"}
	a.mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"build":{"version":"v1.2.3"}}`) })
	return secure.URL, cfg
}

// The same app, deployed: with a limit that lets an audit through, everything that can be seen from outside passes, and
// each mutant fails its check alone.
func TestDeployed(t *testing.T) {
	year := time.Now().Add(365 * 24 * time.Hour)
	sound := deployment{notAfter: year, minTLS: tls.VersionTLS12}
	only := []string{"deploy-version", "http2", "slow-header", "tls-expiry", "tls-min"}
	for _, c := range []struct {
		name   string
		d      deployment
		change func(*verify.Config)
		fail   []string
		warn   []string
	}{
		{"sound", sound, nil, nil, nil},
		{"a certificate that ends in ten days", deployment{notAfter: time.Now().Add(240 * time.Hour), minTLS: tls.VersionTLS12}, nil, []string{"tls-expiry"}, nil},
		{"TLS 1.0", deployment{notAfter: year, minTLS: tls.VersionTLS10}, nil, []string{"tls-min"}, nil},
		{"HTTP/1.1 alone", deployment{notAfter: year, minTLS: tls.VersionTLS12, http1: true}, nil, nil, []string{"http2"}},
		{"another version", sound, func(c *verify.Config) { c.Version.Want = "v1.2.4" }, []string{"deploy-version"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, cfg := deploy(t, c.d)
			cfg.Only = only
			if c.change != nil {
				c.change(&cfg)
			}
			rep := verify.AuditURL(t.Context(), url, cfg)
			if rep.Err != nil {
				t.Fatal(rep.Err)
			}
			want := len(only) - len(c.fail) - len(c.warn)
			if got := statuses(rep.Results, verify.Fail); !slices.Equal(got, c.fail) {
				t.Errorf("failed %v, want %v", got, c.fail)
			}
			if got := statuses(rep.Results, verify.Warn); !slices.Equal(got, c.warn) {
				t.Errorf("warned of %v, want %v", got, c.warn)
			}
			if got := rep.Count(verify.Pass); got != want {
				t.Errorf("%d passed, want %d: %+v", got, want, rep.Results)
			}
		})
	}
}

// All checks against the deployed app, whose limiter is wide enough for an audit.
func TestDeployedWhole(t *testing.T) {
	url, cfg := deploy(t, deployment{notAfter: time.Now().Add(1e6 * time.Minute), minTLS: tls.VersionTLS12, mutate: func(a *hardened) { widen(t, a) }})
	cfg.Rate.Burst, cfg.Limits.Burst, cfg.Limits.Requests = 400, 2000, 395
	cfg.Only = slices.DeleteFunc(ids(), func(id string) bool {
		return strings.HasPrefix(id, "rate-") && id != "rate-login" || id == "metrics-private"
	})
	rep := verify.AuditURL(t.Context(), url, cfg)
	for _, r := range rep.Results {
		if r.Status == verify.Fail || r.Status == verify.Inconclusive {
			t.Errorf("%s", r.Line(false))
		}
	}
	if n := rep.Count(verify.Pass); n < 28 || rep.Requests == 0 {
		t.Errorf("%d passed with %d requests", n, rep.Requests)
	}
}

func TestDeployedLimits(t *testing.T) {
	url, cfg := deploy(t, deployment{notAfter: time.Now().Add(1e6 * time.Minute), minTLS: tls.VersionTLS12})
	cfg.Only = []string{"rate-trigger", "rate-spoof", "rate-health", "rate-login"}
	rep := verify.AuditURL(t.Context(), url, cfg)
	if n := rep.Count(verify.Pass); n != 4 {
		t.Errorf("%d passed: %+v", n, rep.Results)
	}
	url, cfg = deploy(t, deployment{notAfter: time.Now().Add(1e6 * time.Minute), minTLS: tls.VersionTLS12})
	cfg.Only = []string{"rate-trigger", "rate-spoof", "rate-health", "rate-login"}
	cfg.Limits.Burst = 0
	for _, r := range verify.AuditURL(t.Context(), url, cfg).Results {
		if r.Status != verify.Skip || !strings.Contains(r.Reason, "-burst") {
			t.Errorf("without leave for bursts: %+v", r)
		}
	}
}

func ids() (list []string) {
	for _, c := range verify.All() {
		list = append(list, c.ID)
	}
	return list
}

// An audit keeps to its host, its caps and its name, and follows nothing.
func TestPolite(t *testing.T) {
	var mu sync.Mutex
	agents, followed, n := map[string]bool{}, 0, 0
	other := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { mu.Lock(); followed++; mu.Unlock() }))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other, http.StatusFound) })
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		agents[r.UserAgent()] = true
		n++
		mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	cfg := fastURL(verify.Config{Health: &verify.Health{Live: "/livez"}, Rate: &verify.Rate{Burst: 3}})
	cfg.Limits.Requests = 40
	rep := verify.AuditURL(t.Context(), url, cfg)
	cfg.Only = []string{"health-up"}
	probed := verify.AuditURL(t.Context(), url, cfg)
	mu.Lock()
	defer mu.Unlock()
	if followed > 0 {
		t.Errorf("a redirect was followed %d times", followed)
	}
	if n > 40+1+5 {
		t.Errorf("%d requests, the cap is 40", n)
	}
	if len(statuses(rep.Results, verify.Inconclusive)) == 0 {
		t.Error("the cap on requests shows nowhere")
	}
	for agent := range agents {
		if !strings.HasPrefix(agent, "gambeson-verify") && !strings.Contains(agent, "forged-") {
			t.Errorf("User-Agent %q", agent)
		}
	}
	if r, _ := probed.Result("health-up"); r.Status != verify.Fail {
		t.Errorf("a probe that redirects: %+v", r)
	}
}

func TestPace(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	cfg := verify.Config{Only: []string{"trace-off"}}
	cfg.Limits.PerSecond = 20
	start := time.Now()
	rep := verify.AuditURL(t.Context(), serve(t, mux), cfg) // four requests, three waits
	if took := time.Since(start); took < 150*time.Millisecond || rep.Requests != 4 {
		t.Errorf("%d requests took %v", rep.Requests, took)
	}
}

func TestAuditURLErrors(t *testing.T) {
	for _, url := range []string{"", "example.com", "ftp://example.com", "https://", "https://example.com/path", "https://user:pw@example.com", "http://127.0.0.1:1"} {
		rep := verify.AuditURL(t.Context(), url, verify.Config{})
		if rep.Err == nil || len(rep.Results) > 0 || strings.Contains(rep.Err.Error(), ":pw@") {
			t.Errorf("%s: %v", url, rep.Err)
		}
	}
}

// What is broken shows from outside as well, under the same ID, as far as a URL shows it.
func TestDeployedMutants(t *testing.T) {
	where := map[string]verify.Where{}
	for _, c := range verify.All() {
		where[c.ID] = c.Where
	}
	for _, m := range mutants {
		if where[m.check] == verify.InProcess || slices.Contains(unseen, m.name) {
			continue
		}
		t.Run(m.check+"/"+m.name, func(t *testing.T) {
			t.Parallel()
			url, cfg := deploy(t, deployment{notAfter: time.Now().Add(1e6 * time.Minute), minTLS: tls.VersionTLS12, mutate: func(a *hardened) {
				if !strings.HasPrefix(m.check, "rate-") {
					widen(t, a) // an audit of one check alone is more than the burst of the tests
				}
				m.breaks(t, a)
			}})
			cfg.Only = []string{m.check}
			rep := verify.AuditURL(t.Context(), url, cfg)
			if r, _ := rep.Result(m.check); r.Status != verify.Fail {
				t.Errorf("%s (%v)", r.Line(false), rep.Err)
			}
		})
	}
}

// unseen needs a look from inside: behind App.Wrap, at a 429 that the audit does not provoke for it, at HTTP/1.1, at a
// host that is a name.
var unseen = []string{
	"a limit for the probes too", "no leak guard: the database's error goes out", "everything is INFO", "the limit inside of a writer that hides the server's",
	"a recovery that answers with the stack", "the limiter outside of CORS", "HSTS for a minute", "no HSTS", "the headers inside of the limiter: the 429 has none",
}
