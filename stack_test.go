package gambeson_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/clientip"
	"github.com/gambeson-go/gambeson/cors"
	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/ratelimit"
)

func TestBuildRefuses(t *testing.T) {
	l := newLayers(t, 10)
	credentials := must[*cors.Middleware](t)(cors.New(cors.Config{AllowedOrigins: []string{page}, AllowCredentials: true}))
	ten := resolver(t, clientip.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Header: "X-Forwarded-For"})
	proxied := must[*ratelimit.Middleware](t)(ratelimit.New(ratelimit.Config{ClientIP: ten,
		Policies: []ratelimit.Policy{{Name: "a", Limit: 1, Burst: 1}}}))
	redirecting := headers.API()
	redirecting.RedirectHTTPS, redirecting.AllowedHosts, redirecting.ClientIP = true, []string{"a.example.com"}, ten
	behindProxy := must[*headers.Middleware](t)(headers.New(redirecting))
	type wraps = []func(http.Handler) http.Handler

	for _, tc := range []struct {
		desc  string
		stack gambeson.Stack
		app   http.Handler
		want  []string // a part of each line
	}{
		{"no app", gambeson.Stack{}, nil, []string{"gambeson: app: is nil"}},
		{"credentials without CSRF", gambeson.Stack{CORS: credentials, DangerouslyNoCSRF: true}, hello,
			[]string{"gambeson: DangerouslyNoCSRF true: CORS allows credentials"}},
		{"CSRF on and off", gambeson.Stack{CSRF: http.NewCrossOriginProtection(), DangerouslyNoCSRF: true}, hello,
			[]string{"gambeson: CSRF: is set"}},
		{"a limiter told of proxies", gambeson.Stack{Logging: l.Logging, RateLimit: proxied}, hello,
			[]string{"gambeson: RateLimit: knows other proxies (ClientIP) than Logging does"}},
		{"a limiter in a slot told of proxies", gambeson.Stack{Logging: l.Logging, AfterAuth: wraps{proxied.Wrap}}, hello,
			[]string{"gambeson: AfterAuth[0]: knows other proxies"}},
		{"a redirect told of proxies", gambeson.Stack{Headers: behindProxy, RateLimit: l.RateLimit}, hello,
			[]string{"gambeson: RateLimit: knows other proxies (ClientIP) than Headers does"}},
		{"twice: field and slot", gambeson.Stack{RateLimit: l.RateLimit, AfterAuth: wraps{l.RateLimit.Wrap}}, hello,
			[]string{"gambeson: AfterAuth[0]: is the middleware that RateLimit already is"}},
		{"twice: slots", gambeson.Stack{BeforeAuth: wraps{l.CORS.Wrap}, AfterAuth: wraps{l.CORS.Wrap}}, hello,
			[]string{"gambeson: AfterAuth[0]: is the middleware that BeforeAuth[0] already is"}},
		{"twice: around the app already", gambeson.Stack{Logging: l.Logging, CORS: l.CORS}, l.Logging.Wrap(l.CORS.Wrap(hello)),
			[]string{"gambeson: app: is the middleware that Logging already is", "gambeson: app: is the middleware that CORS already is"}},
		{"twice: Build around what Build made", gambeson.Stack{RateLimit: l.RateLimit}, must[http.Handler](t)((gambeson.Stack{RateLimit: l.RateLimit}).Build(hello)),
			[]string{"gambeson: app: is the middleware that RateLimit already is"}},
		{"twice: hidden in a function", gambeson.Stack{RateLimit: l.RateLimit, BeforeAuth: wraps{func(next http.Handler) http.Handler {
			return l.CORS.Wrap(l.RateLimit.Wrap(next))
		}}}, hello, []string{"gambeson: BeforeAuth[0]: is the middleware that RateLimit already is"}},
		{"a nil mux", gambeson.Stack{}, (*http.ServeMux)(nil), []string{"gambeson: app: is nil"}},
		{"a nil function", gambeson.Stack{}, http.HandlerFunc(nil), []string{"gambeson: app: is nil"}},
		{"nil in a slot", gambeson.Stack{BeforeAuth: wraps{nil}}, hello, []string{"gambeson: BeforeAuth[0]: is nil"}},
		{"a slot that swallows the app", gambeson.Stack{AfterAuth: wraps{func(http.Handler) http.Handler { return nil }}}, hello,
			[]string{"gambeson: AfterAuth[0]: gives a nil handler"}},
		{"layers that no New made", gambeson.Stack{Logging: &logging.Middleware{}, CORS: &cors.Middleware{}, RateLimit: &ratelimit.Middleware{}}, hello,
			[]string{"gambeson: Logging: is an empty *logging.Middleware", "gambeson: CORS: is an empty", "gambeson: RateLimit: is an empty"}},
		{"all at once", gambeson.Stack{CORS: credentials, DangerouslyNoCSRF: true, Logging: l.Logging, RateLimit: proxied, BeforeAuth: wraps{nil}}, nil,
			[]string{"app", "BeforeAuth[0]", "RateLimit", "DangerouslyNoCSRF"}},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			h, err := tc.stack.Build(tc.app)
			if h != nil || err == nil {
				t.Fatalf("Build = %v, %v; want an error alone", h, err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tc.want) {
				t.Fatalf("%d problems, want %d:\n%v", len(lines), len(tc.want), err)
			}
			for i, want := range tc.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("problem %d = %s\nwant %s", i, lines[i], want)
				}
			}
			if e, ok := errors.AsType[*gambeson.ConfigError](err); !ok || e.Reason == "" || e.Fix == "" {
				t.Errorf("not a whole ConfigError: %#v", e)
			}
		})
	}
}

// A redirect without a host is refused before Build could see it.
func TestRedirectWithoutHost(t *testing.T) {
	cfg := headers.API()
	cfg.RedirectHTTPS = true
	if m, err := headers.New(cfg); m != nil || err == nil {
		t.Error("a redirect to the host that the client names was accepted")
	}
}

func TestWhoIsTheClient(t *testing.T) {
	a, b := netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.0/24")
	list := func(p ...netip.Prefix) []netip.Prefix { return p }
	xff := clientip.Config{TrustedProxies: list(a, b), Header: "X-Forwarded-For"}
	for desc, tc := range map[string]struct {
		logging, limiter clientip.Config
		agree            bool
	}{
		"equal":          {xff, xff, true},
		"another order":  {xff, clientip.Config{TrustedProxies: list(b, a), Header: "X-Forwarded-For"}, true},
		"none":           {xff, clientip.Config{}, false},
		"other networks": {xff, clientip.Config{TrustedProxies: list(a), Header: "X-Forwarded-For"}, false},
		"another header": {xff, clientip.Config{TrustedProxies: list(a, b), Header: "Forwarded"}, false},
		"other hops":     {clientip.Config{Hops: 1, Header: "Forwarded"}, clientip.Config{Hops: 2, Header: "Forwarded"}, false},
		"unix or not": {clientip.Config{TrustedProxies: list(a), TrustUnixSocket: true, Header: "Forwarded"},
			clientip.Config{TrustedProxies: list(a), Header: "Forwarded"}, false},
	} {
		policy := ratelimit.Policy{Name: "a", Limit: 1, Burst: 1}
		build := func() error {
			_, err := gambeson.Stack{
				Logging: must[*logging.Middleware](t)(logging.New(logging.Config{ClientIP: resolver(t, tc.logging)})),
				RateLimit: must[*ratelimit.Middleware](t)(ratelimit.New(ratelimit.Config{ClientIP: resolver(t, tc.limiter),
					Policies: []ratelimit.Policy{policy}})),
			}.Build(hello)
			return err
		}
		if err := build(); (err == nil) != tc.agree {
			t.Errorf("%s: %v", desc, err)
		}
		policy.Key = func(*http.Request) string { return "user" } // asks nobody for the address
		if err := build(); err != nil {
			t.Errorf("%s, limited by a key of its own: %v", desc, err)
		}
	}
}

func TestDefault(t *testing.T) {
	s := must[gambeson.Stack](t)(gambeson.Default())
	s.Logging = must[*logging.Middleware](t)(logging.New(logging.Config{Logger: slog.New(slog.DiscardHandler)}))
	h := must[http.Handler](t)(s.Build(hello))
	res := do(h, request("GET", "/"))
	if res.StatusCode != 200 || body(t, res) != "hello" || res.Header.Get("Content-Security-Policy") == "" || res.Header.Get("X-Request-Id") == "" {
		t.Errorf("%d with %v", res.StatusCode, res.Header)
	}
	if res := do(h, request("GET", "/readyz")); res.StatusCode != 200 {
		t.Errorf("/readyz %d", res.StatusCode)
	}
	for _, origin := range []string{page, "null"} { // nobody is listed: there is no CORS
		if res := do(h, request("POST", "/", "Sec-Fetch-Site", "cross-site", "Origin", origin)); res.StatusCode != 403 {
			t.Errorf("cross-site POST from %s: %d", origin, res.StatusCode)
		}
	}
}

func TestServer(t *testing.T) {
	srv := gambeson.Server(":0", hello)
	got := fmt.Sprint(srv.Addr, " ", srv.ReadHeaderTimeout, srv.ReadTimeout, srv.WriteTimeout, srv.IdleTimeout, srv.MaxHeaderBytes)
	if want := ":0 5s 15s 18s 2m0s 32768"; got != want || srv.Handler == nil {
		t.Errorf("Server is %s, its documentation says %s", got, want)
	}
	if d := 15 * time.Second; srv.WriteTimeout <= d {
		t.Errorf("a Stack's 503 after %v cannot be written", d)
	}
	if shutdown := 20 * time.Second; srv.WriteTimeout >= shutdown || srv.ReadTimeout >= shutdown {
		t.Errorf("a request can outlive the %v that health waits for it", shutdown)
	}
}

func TestZeroStackIsStrict(t *testing.T) {
	h := must[http.Handler](t)(gambeson.Stack{}.Build(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := r.Context().Deadline(); !ok {
			t.Error("no deadline")
		}
		if _, err := io.ReadAll(r.Body); err == nil {
			t.Error("no body limit")
		}
	})))
	r := request("POST", "/")
	r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 2<<20)), -1
	do(h, r)
	if res := do(h, request("POST", "/", "Sec-Fetch-Site", "cross-site")); res.StatusCode != 403 {
		t.Errorf("cross-site POST %d", res.StatusCode)
	}
}

func TestDeclaredLength(t *testing.T) {
	l := newLayers(t, 10)
	l.MaxBodyBytes = 10
	r := request("POST", "/", "Origin", page)
	r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 11)), 11
	res := do(l.build(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the app was asked") })), r)
	if res.StatusCode != 413 || res.Header.Get("Access-Control-Allow-Origin") != page || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d with %v", res.StatusCode, res.Header)
	}
	if n := len(l.log.records(t)); n != 1 {
		t.Errorf("%d records", n)
	}
	r = request("POST", "/")
	r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 10)), 10
	if res := do(l.build(t, hello), r); res.StatusCode != 200 {
		t.Errorf("a body of the very limit: %d", res.StatusCode)
	}
	l.MaxBodyBytes = -1
	r.ContentLength = 11
	if res := do(l.build(t, hello), r); res.StatusCode != 200 {
		t.Errorf("no limit: %d", res.StatusCode)
	}
}

func TestDeadline(t *testing.T) {
	wait := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for _, tc := range []struct {
		desc   string
		app    http.HandlerFunc
		cancel bool // by the client, before the deadline
		want   int
		body   string
	}{
		{"returns without a word", wait, false, 503, "The server did not finish in time"},
		{"says it itself", func(w http.ResponseWriter, r *http.Request) { wait(w, r); w.WriteHeader(504) }, false, 504, ""},
		{"has begun", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "x"); wait(w, r) }, false, 200, "x"},
		{"in time", func(w http.ResponseWriter, r *http.Request) {}, false, 200, ""},
		{"the client left", wait, true, 200, ""}, // nobody hears it; the recorder's default
	} {
		t.Run(tc.desc, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := must[http.Handler](t)(gambeson.Stack{Timeout: time.Second}.Build(tc.app))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tc.cancel {
					time.AfterFunc(time.Millisecond, cancel)
				}
				start := time.Now()
				res := do(h, request("GET", "/").WithContext(ctx))
				if got := body(t, res); res.StatusCode != tc.want || !strings.Contains(got, tc.body) || tc.body == "" && got != "" {
					t.Errorf("status %d %q, want %d", res.StatusCode, got, tc.want)
				}
				if d := time.Since(start); d > time.Second {
					t.Errorf("took %v", d)
				}
			})
		})
	}
	t.Run("exempt", func(t *testing.T) {
		s := gambeson.Stack{NoTimeout: func(r *http.Request) bool { return r.URL.Path == "/events" }}
		h := must[http.Handler](t)(s.Build(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, has := r.Context().Deadline()
			fmt.Fprint(w, r.URL.Path, has)
		})))
		for path, want := range map[string]string{"/events": "/eventsfalse", "/": "/true"} {
			if got := body(t, do(h, request("GET", path))); got != want {
				t.Errorf("%s: %s", path, got)
			}
		}
	})
	t.Run("pattern", func(t *testing.T) {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("x") })
		h := must[http.Handler](t)(gambeson.Stack{}.Build(mux))
		r := request("GET", "/panic")
		func() {
			defer func() { recover() }()
			do(h, r)
		}()
		if r.Pattern != "GET /panic" {
			t.Errorf("Pattern = %q", r.Pattern)
		}
	})
}

func TestCSRFFollowsCORS(t *testing.T) {
	s := gambeson.Stack{CORS: must[*cors.Middleware](t)(cors.New(cors.Config{AllowedOrigins: []string{page, "https://*.example.org"}}))}
	h := must[http.Handler](t)(s.Build(hello))
	post := func(origin string) int {
		return do(h, request("POST", "/", "Origin", origin, "Sec-Fetch-Site", "cross-site")).StatusCode
	}
	if got := []int{post(page), post("https://a.example.org"), post("https://new.example.com"), post("null")}; fmt.Sprint(got) != "[200 403 403 403]" {
		t.Errorf("exact, wildcard, stranger, null: %v", got)
	}
	if err := s.CORS.Reconfigure(cors.Config{AllowedOrigins: []string{"https://new.example.com"}}); err != nil {
		t.Fatal(err)
	}
	if got := []int{post(page), post("https://new.example.com")}; fmt.Sprint(got) != "[403 200]" {
		t.Errorf("after Reconfigure: %v", got)
	}
	r := request("POST", "/", "Origin", "https://new.example.com", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	if got := do(h, r).StatusCode; got != 403 {
		t.Errorf("two origins: %d", got)
	}
	s.DangerouslyNoCSRF = true
	h = must[http.Handler](t)(s.Build(hello))
	if got := post("https://evil.example"); got != 200 {
		t.Errorf("turned off: %d", got)
	}
}

func TestSlots(t *testing.T) {
	var order []string
	mark := func(name string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				order = append(order, name)
				next.ServeHTTP(w, r)
			})
		}
	}
	type wraps = []func(http.Handler) http.Handler
	s := gambeson.Stack{BeforeAuth: wraps{mark("b1"), mark("b2")}, Auth: mark("auth"), AfterAuth: wraps{mark("a1"), mark("a2")}}
	do(must[http.Handler](t)(s.Build(hello)), request("GET", "/"))
	if got := strings.Join(order, " "); got != "b1 b2 auth a1 a2" {
		t.Errorf("order %s", got)
	}
}

func TestString(t *testing.T) {
	s := must[gambeson.Stack](t)(gambeson.Default())
	lines := strings.Split(strings.TrimSpace(s.String()), "\n")
	want := []string{"health", "body limit", "logging", "metrics", "headers", "CORS (off)", "rate limit (off)", "CSRF", "body length",
		"leak guard", "CORS kept (off)", "deadline", "before auth (off)", "auth (off)", "after auth (off)", "route"}
	if len(lines) != len(want) {
		t.Fatalf("%d lines:\n%s", len(lines), s)
	}
	for i, name := range want {
		if number := fmt.Sprintf("%2d  %s ", i+1, name); !strings.HasPrefix(lines[i], strings.TrimLeft(number, "")) && !strings.HasPrefix(" "+lines[i], number) {
			t.Errorf("line %d = %q, want %s", i+1, lines[i], name)
		}
	}
}

// The README shows the quickstart, the order and an error as they are.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	quickstart, err := os.ReadFile("examples/quickstart/main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(quickstart), "package main")
	l := newLayers(t, 1)
	_, problems := clientip.New(clientip.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/8")}})
	for what, text := range map[string]string{
		"the quickstart": "package main" + code,
		"the order":      l.String(),
		"the problems":   problems.Error(),
	} {
		if !strings.Contains(string(readme), text) {
			t.Errorf("README.md does not show %s as it is:\n%s", what, text)
		}
	}
}

func BenchmarkStack(b *testing.B) {
	for _, bc := range []struct {
		desc  string
		stack func() gambeson.Stack
	}{
		{"app alone", nil},
		{"zero", func() gambeson.Stack { return gambeson.Stack{} }},
		{"all layers", func() gambeson.Stack {
			l := newLayers(b, 1)
			l.RateLimit = must[*ratelimit.Middleware](b)(ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{{Name: "client", Limit: 1e9, Burst: 1 << 30}}}))
			l.Logging = must[*logging.Middleware](b)(logging.New(logging.Config{Logger: slog.New(logging.NewHandler(io.Discard, nil))}))
			return l.Stack
		}},
	} {
		b.Run(bc.desc, func(b *testing.B) {
			h := http.Handler(hello)
			if bc.stack != nil {
				h = must[http.Handler](b)(bc.stack().Build(hello))
			}
			r := request("GET", "/", "Origin", page)
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				clear(w.Header())
				w.Body.Reset()
				h.ServeHTTP(w, r)
			}
		})
	}
}
