package tests

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/cors"
	"github.com/gambeson-go/gambeson/ratelimit"
)

// browser starts Chromium with a fresh profile.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("this test needs Chromium: make test installs it (Debian: chromium)")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true),
		chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// page is a site of its own: an origin that serves an empty page.
func page(t *testing.T) (origin string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<!doctype html><title>page</title>")
	}))
	t.Cleanup(srv.Close)
	return local(srv)
}

// local names a server localhost: pages on other ports are then other origins of the same site, so that cookies go along.
func local(srv *httptest.Server) string {
	return strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
}

// evaluate opens the page and runs the body of an async function there. It returns what that returns, as text.
func evaluate(t *testing.T, ctx context.Context, origin, script string) string {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.Navigate(origin)); err != nil {
		t.Fatal(err)
	}
	result, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		`(async () => {`+script+`})().then(String, e => "failed: " + e)`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// server is a small app behind a Stack, and how often it was asked what.
type server struct {
	url                string
	preflights, logins atomic.Int64
}

func api(t *testing.T, cfg cors.Config, burst int) *server {
	t.Helper()
	s := new(server)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, _ *http.Request) {
		s.logins.Add(1)
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "ann", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	})
	mux.HandleFunc("/me", func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie("session")
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("X-User", c.Value)
		fmt.Fprint(w, c.Value)
	})
	stack, err := gambeson.Default()
	if err != nil {
		t.Fatal(err)
	}
	if stack.CORS, err = cors.New(cfg); err != nil {
		t.Fatal(err)
	}
	if stack.RateLimit, err = ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{
		{Name: "client", Limit: ratelimit.Per(1, time.Hour), Burst: burst},
	}}); err != nil {
		t.Fatal(err)
	}
	stack.Logging = nil // the test's output is long enough
	h, err := stack.Build(mux)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			s.preflights.Add(1)
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.url = local(srv)
	return s
}

func TestBrowserCredentials(t *testing.T) {
	ctx := browser(t)
	friend, stranger := page(t), page(t)
	s := api(t, cors.Config{AllowedOrigins: []string{friend}, AllowCredentials: true, ExposedHeaders: []string{"X-User"}}, 100)

	script := `
		await fetch("` + s.url + `/login", {method: "POST", credentials: "include"});
		const r = await fetch("` + s.url + `/me", {credentials: "include"});
		return r.status + " " + await r.text() + " " + r.headers.get("X-User") + " " + r.headers.get("Content-Security-Policy");`
	if got := evaluate(t, ctx, friend, script); got != "200 ann ann null" {
		t.Errorf("the allowed page got %q", got)
	}
	// The browser has the cookie now. A page that is not allowed can neither read with it nor write with it.
	if got := evaluate(t, ctx, stranger, `const r = await fetch("`+s.url+`/me", {credentials: "include"}); return r.text();`); !strings.HasPrefix(got, "failed:") {
		t.Errorf("a stranger's page read %q", got)
	}
	evaluate(t, ctx, stranger, `await fetch("`+s.url+`/login", {method: "POST", mode: "no-cors", credentials: "include"});`)
	if n := s.logins.Load(); n != 1 {
		t.Errorf("a stranger's page had its POST carried out: %d log-ins, want the friend's alone", n)
	}
}

func TestBrowserPreflightCache(t *testing.T) {
	ctx := browser(t)
	friend := page(t)
	for _, tc := range []struct {
		maxAge time.Duration
		want   int64
	}{{10 * time.Minute, 1}, {-1, 3}} {
		s := api(t, cors.Config{AllowedOrigins: []string{friend}, AllowedMethods: []string{"PUT"}, MaxAge: tc.maxAge}, 100)
		got := evaluate(t, ctx, friend, `
			const codes = [];
			for (let i = 0; i < 3; i++) codes.push((await fetch("`+s.url+`/me", {method: "PUT"})).status);
			return codes;`)
		if got != "401,401,401" || s.preflights.Load() != tc.want {
			t.Errorf("MaxAge %v: %s after %d preflights, want %d", tc.maxAge, got, s.preflights.Load(), tc.want)
		}
	}
}

func TestBrowserRefusals(t *testing.T) {
	ctx := browser(t)
	friend := page(t)
	url := api(t, cors.Config{AllowedOrigins: []string{friend}, ExposedHeaders: []string{"Retry-After"}}, 2).url
	for desc, tc := range map[string]struct{ init, want string }{
		"method that is not allowed": {`{method: "DELETE"}`, "failed:"},
		"header that is not allowed": {`{headers: {"X-Custom": "1"}}`, "failed:"},
	} {
		if got := evaluate(t, ctx, friend, `return (await fetch("`+url+`/me", `+tc.init+`)).status;`); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s: %s", desc, got)
		}
	}
	// A page can read that it is refused, and for how long: no "CORS error".
	got := evaluate(t, ctx, friend, `
		let r;
		for (let i = 0; i < 3; i++) r = await fetch("`+url+`/me");
		return r.status + " " + (r.headers.get("Retry-After") > 0) + " " + (await r.json()).title;`)
	if !strings.HasPrefix(got, "429 true Too many requests") {
		t.Errorf("over the limit the page read %q", got)
	}
}
