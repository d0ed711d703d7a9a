package verify_test

import (
	"compress/gzip"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/health"
	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/verify"
)

var mutants = slices.Concat(headerMutants, httpsMutants, corsMutants, authMutants, errorMutants, appMutants, healthMutants, metricsMutants, logMutants, rateMutants)

var headerMutants = []mutant{
	{"hdr-nosniff", "nosniff only where http.Error sets it", nil, header(func(h http.Header, _ *http.Request, status int) {
		if status < 300 {
			h.Del("X-Content-Type-Options")
		}
	})},
	{"hdr-nosniff", "nosniff twice, from the app and from the proxy", nil, header(func(h http.Header, _ *http.Request, _ int) { h.Add("X-Content-Type-Options", "nosniff") })},
	{"hdr-nosniff", "the headers inside of CORS: the preflight has none", []string{"hdr-frame", "hdr-referrer", "hdr-hsts"},
		order("health", "logging", "metrics", "cors", "headers", "limit", "csrf")},
	{"hdr-hsts", "the headers inside of the limiter: the 429 has none", []string{"hdr-frame", "hdr-referrer", "hdr-csp", "cors-errors"},
		order("health", "logging", "metrics", "limit", "headers", "cors", "csrf")},
	{"hdr-frame", "framing allowed to every site", []string{"hdr-csp"}, header(func(h http.Header, _ *http.Request, _ int) {
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors *")
	})},
	{"hdr-frame", "an open frame-ancestors, for which browsers ignore X-Frame-Options", []string{"hdr-csp"}, header(func(h http.Header, _ *http.Request, _ int) {
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors https:")
		h.Set("X-Frame-Options", "DENY")
	})},
	{"hdr-referrer", "Referrer-Policy: unsafe-url", nil, header(func(h http.Header, _ *http.Request, _ int) { h.Set("Referrer-Policy", "unsafe-url") })},
	{"hdr-hsts", "HSTS for a minute", nil, header(func(h http.Header, _ *http.Request, _ int) { h.Set("Strict-Transport-Security", "max-age=60") })},
	{"hdr-hsts", "no HSTS", nil, reheader(func(c *headers.Config) { c.HSTS = headers.HSTS{Off: true} })},
	{"hdr-csp", "'unsafe-inline' scripts", nil, header(func(h http.Header, _ *http.Request, _ int) {
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; frame-ancestors 'none'")
	})},
	{"hdr-csp", "the policy is report-only", []string{"hdr-frame"}, header(func(h http.Header, _ *http.Request, _ int) {
		h["Content-Security-Policy-Report-Only"] = h["Content-Security-Policy"]
		h.Del("Content-Security-Policy")
	})},
	{"hdr-leak", "Server with its version", nil, header(func(h http.Header, _ *http.Request, _ int) { h.Set("Server", "nginx/1.18.0") })},
	{"hdr-leak", "X-Powered-By", nil, header(func(h http.Header, _ *http.Request, _ int) { h.Set("X-Powered-By", "Express") })},
	{"cookie-flags", "a cookie for scripts", nil, header(func(h http.Header, _ *http.Request, _ int) { h.Add("Set-Cookie", "session=1; Secure; SameSite=Lax") })},
	{"cookie-flags", "SameSite=None", nil, header(func(h http.Header, _ *http.Request, _ int) {
		h.Add("Set-Cookie", "session=1; Secure; HttpOnly; SameSite=None")
	})},
	{"auth-cache", "private answers in shared caches", nil, header(func(h http.Header, r *http.Request, _ int) {
		if r.URL.Path == "/notes" {
			h.Set("Cache-Control", "public, max-age=60")
		}
	})},
}

var httpsMutants = []mutant{
	{"https-redirect", "http is served", nil, reheader(func(c *headers.Config) { c.RedirectHTTPS = false })},
	{"https-redirect", "301 to a POST", nil, outside(before(func(w http.ResponseWriter, r *http.Request) bool {
		if r.TLS == nil && r.Method == "POST" {
			http.Redirect(w, r, "https://"+testHost+"/", http.StatusMovedPermanently)
		}
		return r.TLS == nil && r.Method == "POST"
	}))},
	{"https-redirect", "redirected to another host first", nil, reheader(func(c *headers.Config) { c.RedirectHost = "www.example.com" })},
	{"https-spoof", "X-Forwarded-Proto is believed from anybody", nil, outside(before(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("X-Forwarded-Proto") == "https" && r.TLS == nil {
			r.TLS = new(tls.ConnectionState)
		}
		return false
	}))},
	{"host-check", "any host is served", nil, reheader(func(c *headers.Config) { c.AllowedHosts, c.RedirectHost = nil, testHost })},
	{"host-check", "X-Forwarded-Host in a link", nil, inside(before(func(w http.ResponseWriter, r *http.Request) bool {
		host := r.Header.Get("X-Forwarded-Host")
		if host != "" {
			fmt.Fprintf(w, `<a href="https://%s/">`, host)
		}
		return host != ""
	}))},
}

var corsMutants = []mutant{
	{"cors-control", "a preflight that does not name the method", nil, header(func(h http.Header, _ *http.Request, _ int) { h.Del("Access-Control-Allow-Methods") })},
	{"cors-control", "authentication outside of CORS", []string{"cors-errors"}, order("health", "logging", "metrics", "headers", "auth", "cors", "limit", "csrf")},
	originMutant("every origin is reflected", func(string) bool { return true }, "cors-stack"),
	originMutant("null is allowed", func(o string) bool { return o == "null" }),
	originMutant("matched by its end", func(o string) bool { return strings.HasSuffix(o, "app.example.com") }),
	originMutant("matched by its beginning", func(o string) bool { return strings.HasPrefix(o, testOrigin) }),
	originMutant("a dot that means any letter", func(o string) bool { return o == "https://appxexample.com" }),
	originMutant("http as well", func(o string) bool { return o == "http://app.example.com" }),
	{"cors-vary", "no Vary: Origin", nil, header(func(h http.Header, _ *http.Request, _ int) { h.Del("Vary") })},
	{"cors-vary", "Vary only where there is an Origin", nil, header(func(h http.Header, r *http.Request, _ int) {
		if r.Header.Get("Origin") == "" {
			h.Del("Vary")
		}
	})},
	{"cors-errors", "the limiter outside of CORS", nil, order("health", "logging", "metrics", "headers", "limit", "cors", "csrf")},
	{"cors-stack", "handlers can overwrite the decision", nil, func(t testing.TB, a *hardened) {
		order("health", "logging", "metrics", "headers", "cors", "limit", "csrf")(t, a)
		a.loose = true
	}},
}

var authMutants = []mutant{
	{"csrf", "no protection", nil, func(_ testing.TB, a *hardened) { a.DangerouslyNoCSRF = true }},
	{"csrf", "protection that does not know the origins of CORS", nil, func(_ testing.TB, a *hardened) { a.CSRF = http.NewCrossOriginProtection() }},
	{"auth-matrix", "no authentication", nil, func(_ testing.TB, a *hardened) { a.Auth = nil }},
	{"auth-matrix", "only GET is protected", nil, func(_ testing.TB, a *hardened) {
		a.Auth = func(next http.Handler) http.Handler {
			return before(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == "GET" {
					authenticate(next).ServeHTTP(w, r)
				}
				return r.Method == "GET"
			})(next)
		}
	}},
	{"auth-matrix", "a token of alg=none", nil, outside(before(func(_ http.ResponseWriter, r *http.Request) bool {
		if head, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), "."); head == "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0" {
			r.Header.Set("Authorization", testToken)
		}
		return false
	}))},
	{"auth-matrix", "a trailing slash that the check reads differently from the router", nil, inside(before(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/" {
			r.URL.Path = strings.TrimSuffix(r.URL.Path, "/")
		}
		return false
	}))},
	{"auth-matrix", "a header that routes", nil, inside(before(func(_ http.ResponseWriter, r *http.Request) bool {
		if path := r.Header.Get("X-Original-Url"); path != "" {
			r.URL.Path = path
		}
		return false
	}))},
	{"compress-secret", "the token's answer is compressed", nil, outside(func(next http.Handler) http.Handler {
		return before(func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/token" || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				return false
			}
			rec := &memory{header: w.Header()}
			next.ServeHTTP(rec, r)
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(rec.body.Bytes())
			z.Close()
			return true
		})(next)
	})},
}

var errorMutants = []mutant{
	{"err-opaque", "a recovery that answers with the stack", nil, inside(recovery(func(w http.ResponseWriter, v any, written bool) {
		if written || isAbort(v) {
			panic(errAborted)
		}
		http.Error(w, "goroutine 7 [running]:\nmain.go:12", http.StatusInternalServerError)
	}))},
	{"hostile-input", "a query that cannot be parsed is a 500", nil, inside(before(func(w http.ResponseWriter, r *http.Request) bool {
		bad := strings.Contains(r.URL.RawQuery, "%zz")
		if bad {
			http.Error(w, "oops", http.StatusInternalServerError)
		}
		return bad
	}))},
	{"sqli", "a condition in the input is computed", nil, inside(before(func(w http.ResponseWriter, r *http.Request) bool {
		all := r.URL.Path == "/search" && strings.Contains(r.URL.Query().Get("q"), "'1'='1")
		if all {
			io.WriteString(w, `["everything","there","is"]`)
		}
		return all
	}))},
	{"sqli", "a quote breaks the statement", []string{"hostile-input"}, inside(before(func(w http.ResponseWriter, r *http.Request) bool {
		broken := r.URL.Path == "/search" && strings.Contains(r.URL.Query().Get("q"), "'")
		if broken {
			http.Error(w, `near "'": syntax error`, http.StatusInternalServerError)
		}
		return broken
	}))},
	{"open-redirect", "redirects wherever it is told", nil, inside(before(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/go" {
			w.Header().Set("Location", r.URL.Query().Get("next"))
			w.WriteHeader(http.StatusSeeOther)
		}
		return r.URL.Path == "/go"
	}))},
	{"open-redirect", "a target is local if it begins with a slash", nil, inside(before(func(w http.ResponseWriter, r *http.Request) bool {
		next := r.URL.Query().Get("next")
		local := r.URL.Path == "/go" && strings.HasPrefix(next, "/")
		if local {
			w.Header().Set("Location", next)
			w.WriteHeader(http.StatusSeeOther)
		}
		return local
	}))},
	{"body-limit", "no limit", nil, func(_ testing.TB, a *hardened) { a.MaxBodyBytes = -1 }},
	{"body-limit", "the limit inside of a writer that hides the server's", nil, func(_ testing.TB, a *hardened) {
		a.MaxBodyBytes = -1
		a.inside = func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, testLimit) }
	}},
	{"trace-off", "TRACE repeats the request", nil, outside(before(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == "TRACE" {
			r.Header.Write(w)
		}
		return r.Method == "TRACE"
	}))},
	{"exposed-files", "the working directory is served", nil, route("GET /.env", "DATABASE_PASSWORD=hunter2\n")},
	{"exposed-files", "the repository is served", nil, route("GET /.git/HEAD", "ref: refs/heads/main\n")},
}

var appMutants = []mutant{
	{"panic-500", "nobody recovers", []string{"log-one"}, inside(recovery(func(_ http.ResponseWriter, _ any, _ bool) { panic(errAborted) }))},
	{"panic-late", "a recovery that swallows every panic", nil, inside(recovery(func(w http.ResponseWriter, v any, written bool) {
		if isAbort(v) {
			panic(v)
		}
		http.Error(w, "oops", http.StatusInternalServerError)
	}))},
	{"abort", "a recovery that answers ErrAbortHandler", nil, inside(recovery(func(w http.ResponseWriter, v any, written bool) {
		if !isAbort(v) {
			panic(v)
		}
		http.Error(w, "oops", http.StatusInternalServerError)
	}))},
	{"stream", "a writer without Unwrap", nil, inside(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(struct{ http.ResponseWriter }{w}, r) })
	})},
	{"timeout", "no deadline", nil, func(_ testing.TB, a *hardened) { a.Timeout = -1 }},
	{"timeout", "a write timeout of the server that passes before the deadline", nil, func(_ testing.TB, a *hardened) { a.server.WriteTimeout = 8 * time.Second }},
	{"slow-header", "an http.Server without timeouts", nil, func(_ testing.TB, a *hardened) { a.server = new(http.Server) }},
	{"reqid", "the client's id as it came", nil, header(func(h http.Header, r *http.Request, _ int) {
		if id := r.Header.Get("X-Request-Id"); id != "" {
			h.Set("X-Request-Id", id)
		}
	})},
	{"reqid", "the same id for all", nil, header(func(h http.Header, _ *http.Request, _ int) { h.Set("X-Request-Id", "0123456789abcdef") })},
}

var healthMutants = []mutant{
	{"health-up", "a probe's answer may be cached", nil, header(func(h http.Header, r *http.Request, _ int) {
		if r.URL.Path == "/livez" {
			h.Set("Cache-Control", "max-age=60")
		}
	})},
	{"health-down", "readiness is a constant", nil, rehealth(health.Check{Optional: true}, health.Config{})},
	{"health-down", "liveness asks the database", nil, rehealth(health.Check{Live: true}, health.Config{})},
	{"health-down", "strangers are told why", nil, rehealth(health.Check{}, health.Config{Authorize: func(*http.Request) bool { return true }})},
	{"health-internal", "health inside of host check and redirect", nil, order("logging", "metrics", "headers", "health", "cors", "limit", "csrf")},
}

var metricsMutants = []mutant{
	{"metrics-private", "the scrape page on the public side", nil, func(_ testing.TB, a *hardened) { a.mux.Handle("GET /metrics", a.Metrics.Handler()) }},
	{"metrics-private", "profiles on the public side", nil, route("GET /debug/pprof/", "Types of profiles available:")},
	{"metrics-content", "nothing is counted", nil, func(_ testing.TB, a *hardened) { a.Metrics = nil }},
	{"metrics-content", "panics are not counted", nil, func(_ testing.TB, a *hardened) {
		adminPage(a, func(page []byte) (kept []byte) {
			for line := range strings.Lines(string(page)) {
				if !strings.Contains(line, `code="500"`) {
					kept = append(kept, line...)
				}
			}
			return kept
		})
	}},
	{"metrics-cardinality", "a label with the path", []string{"log-leak"}, func(_ testing.TB, a *hardened) {
		var paths seen
		a.outside = before(func(_ http.ResponseWriter, r *http.Request) bool { paths.add(r.URL.Path); return false })
		adminPage(a, func(page []byte) []byte { return append(page, paths.page()...) })
	}},
	{"metrics-cardinality", "a label with the method as it came", nil, func(_ testing.TB, a *hardened) {
		var methods seen
		a.outside = before(func(_ http.ResponseWriter, r *http.Request) bool { methods.add(r.Method); return false })
		adminPage(a, func(page []byte) []byte { return append(page, methods.page()...) })
	}},
}

var logMutants = []mutant{
	{"log-json", "a print statement", nil, logLine(func(r *http.Request) string { return "got a request" })},
	{"log-one", "the limiter outside of the log", nil, order("health", "metrics", "headers", "cors", "limit", "logging", "csrf")},
	{"log-one", "two access logs", nil, func(_ testing.TB, a *hardened) {
		header(func(_ http.Header, r *http.Request, status int) {
			slog.New(logging.NewHandler(a.log, nil)).Info("again", "status", status, "path", r.URL.Path, "duration", 1, "request_id", "0123456789ab")
		})(nil, a)
	}},
	{"log-level", "everything is INFO", nil, relogged(logging.Config{Level: func(logging.Event) slog.Level { return slog.LevelInfo }})},
	{"log-leak", "a header dump", nil, logLine(func(r *http.Request) string { return debugLine(r.Header.Get("Authorization")) })},
	{"log-leak", "the query as it came", nil, logLine(func(r *http.Request) string { return debugLine(r.URL.RawQuery) })},
	{"log-leak", "the first sixteen characters of a token", nil, logLine(func(r *http.Request) string {
		return debugLine(fmt.Sprintf("%.16s", strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
	})},
	{"log-leak", "a cookie in base64", nil, logLine(func(r *http.Request) string {
		return debugLine(base64.StdEncoding.EncodeToString([]byte(r.Header.Get("Cookie"))))
	})},
	{"log-leak", "the token of a reset link, in the path", nil, logLine(func(r *http.Request) string { return debugLine(r.URL.Path) })},
	{"log-leak", "a token in lower case", nil, logLine(func(r *http.Request) string { return debugLine(strings.ToLower(r.Header.Get("X-Api-Key"))) })},
	{"log-leak", "a Referer with its userinfo", nil, logLine(func(r *http.Request) string { return debugLine(r.Referer()) })},
	{"log-leak", "no leak guard: the database's error goes out", nil, func(_ testing.TB, a *hardened) { a.LeakGuard = nil }},
	{"log-inject", "the path with its line breaks", []string{"log-leak"}, logLine(func(r *http.Request) string {
		return `{"time":"2026-01-02T03:04:05Z","level":"DEBUG","msg":"path","value":"` + r.URL.Path + `"}`
	})},
	{"log-inject", "a header that ends the string", nil, logLine(func(r *http.Request) string {
		return `{"time":"2026-01-02T03:04:05Z","level":"DEBUG","msg":"agent","value":"` + r.UserAgent() + `"}`
	})},
}

var rateMutants = []mutant{
	{"rate-trigger", "no limiter", []string{"rate-login"}, func(_ testing.TB, a *hardened) { a.RateLimit = nil }},
	{"rate-trigger", "429 without Retry-After", nil, header(func(h http.Header, _ *http.Request, _ int) { h.Del("Retry-After") })},
	{"rate-trigger", "a date that is none", nil, header(func(h http.Header, _ *http.Request, status int) {
		if status == 429 {
			h.Set("Retry-After", "Mon, 02 Jan 2040 15:04:05 UTC")
		}
	})},
	{"rate-spoof", "the left-most X-Forwarded-For is the client", []string{"rate-lockout"}, limiterKey(func(r *http.Request) string {
		if addr := first(r); addr != "" {
			return addr
		}
		return network(r)
	})},
	{"rate-spoof", "address and header together are the client", nil, limiterKey(func(r *http.Request) string { return network(r) + first(r) })},
	{"rate-lockout", "whom a header names pays as well", nil, func(t testing.TB, a *hardened) {
		cfg := a.RateLimit.Config()
		cfg.Policies = append(cfg.Policies, ratelimit.Policy{Name: "named", Limit: cfg.Policies[0].Limit, Burst: testBurst, Key: func(r *http.Request) string {
			if addr := first(r); addr != "" {
				return addr
			}
			return network(r)
		}})
		a.RateLimit = must[*ratelimit.Middleware](t)(ratelimit.New(cfg))
	}},
	{"rate-isolate", "one bucket for many", nil, limiterKey(func(r *http.Request) string {
		if addr := network(r); !strings.HasPrefix(addr, "192.0.2.66") && !strings.HasPrefix(addr, "198.51.100.") {
			return addr
		}
		return "all"
	})},
	{"rate-v6", "each IPv6 address is a client", nil, limiterKey(peer)},
	{"rate-recover", "Retry-After is too short", nil, header(func(h http.Header, _ *http.Request, status int) {
		if status == 429 {
			h.Set("Retry-After", "1")
		}
	})},
	{"rate-health", "a limit for the probes too", nil, func(t testing.TB, a *hardened) {
		limit := must[*ratelimit.Middleware](t)(ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{{Name: "probes", Limit: 1, Burst: 3}},
			Skip: func(r *http.Request) bool { return r.URL.Path != "/readyz" }}))
		a.outside = func(next http.Handler) http.Handler { return http.MaxBytesHandler(limit.Wrap(next), testLimit) }
	}},
	{"rate-health", "everything inside of the limiter", []string{"cors-errors", "hdr-csp", "hdr-frame", "hdr-hsts", "hdr-referrer", "log-one"},
		order("limit", "health", "logging", "metrics", "headers", "cors", "csrf")},
	{"rate-login", "no limit of its own for the log-in", nil, func(t testing.TB, a *hardened) {
		cfg := a.RateLimit.Config()
		cfg.Policies = cfg.Policies[:1]
		a.RateLimit = must[*ratelimit.Middleware](t)(ratelimit.New(cfg))
	}},
}

// Each mutant fails its check, and no others than it says.
func TestMutants(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.check+"/"+m.name, func(t *testing.T) {
			t.Parallel()
			cfg := expectations()
			if testing.Short() { // only what should fail
				cfg.Only = append([]string{m.check}, m.also...)
			}
			var failed []string
			var text strings.Builder
			for _, r := range verify.Collect(t, func(t *testing.T) verify.App {
				a := newHardened(t)
				m.breaks(t, a)
				return a.app(t)
			}, cfg) {
				if r.Status == verify.Fail {
					failed = append(failed, r.ID)
					text.WriteString(r.Line(false))
				}
			}
			want := append([]string{m.check}, m.also...)
			slices.Sort(want)
			slices.Sort(failed)
			if !slices.Equal(failed, want) {
				t.Errorf("failed %v, want %v\n%s", failed, want, &text)
			}
		})
	}
}
