package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const origin = "http://localhost:5173"

// TestSession is the session of README.md on the built program: accounts, notes, browsers, probes, metrics and the log.
func TestSession(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	const password = "Zitronenfalter-4711-Canary"
	account := `{"email":"ann@example.com","password":"` + password + `"}`

	// An account and a token.
	want(t, p.send(t, request{method: "POST", path: "/api/signup", body: account}), 201)
	want(t, p.send(t, request{method: "POST", path: "/api/login", body: strings.Replace(account, password, "not the password", 1)}), 401)
	res := p.send(t, request{method: "POST", path: "/api/login", body: account})
	token := decodeAs[struct{ Token string }](t, want(t, res, 200)).Token

	// A note, from its beginning to its end.
	res = p.send(t, request{method: "POST", path: "/api/notes", token: token, body: `{"title":"milk","body":"two bottles"}`})
	want(t, res, 201)
	note := res.Header.Get("Location")
	if n := decodeAs[Note](t, want(t, p.send(t, request{path: note, token: token}), 200)); n.Body != "two bottles" {
		t.Errorf("the note reads %+v", n)
	}
	want(t, p.send(t, request{method: "PUT", path: note, token: token, body: `{"title":"bread","body":"one"}`}), 200)
	if list := want(t, p.send(t, request{path: "/api/notes", token: token}), 200); !strings.Contains(list, "bread") || strings.Contains(list, "milk") {
		t.Errorf("the list reads %s", list)
	}
	want(t, p.send(t, request{method: "DELETE", path: note, token: token}), 204)
	want(t, p.send(t, request{path: note, token: token}), 404)

	// No token, wrong paths and methods, bad bodies: one form of answer, with the headers of every other.
	res = p.send(t, request{path: "/api/notes"})
	if got := res.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") {
		t.Errorf("401 with WWW-Authenticate %q", got)
	}
	want(t, res, 401)
	for _, c := range []struct {
		request
		status int
	}{
		{request{path: "/nope"}, 404},
		{request{method: "PATCH", path: "/api/login"}, 405},
		{request{method: "POST", path: "/api/notes", token: token, body: `{"title":""}`}, 422},
		{request{method: "POST", path: "/api/notes", token: token, body: `{"title":"` + strings.Repeat("x", maxBodyBytes) + `"}`,
			header: map[string]string{"Expect": "100-continue"}}, 413},
		{request{method: "POST", path: "/api/notes", token: token, body: `{}`, header: map[string]string{"Content-Type": "text/plain"}}, 415},
		{request{method: "POST", path: "/api/notes", token: token, body: `{"title":"x"}`,
			header: map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}}, 403},
	} {
		res := p.send(t, c.request)
		for name, value := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
			if got := res.Header.Values(name); !slices.Equal(got, []string{value}) {
				t.Errorf("%d with %s %q", c.status, name, got)
			}
		}
		want(t, res, c.status)
	}

	t.Run("browsers", func(t *testing.T) { preflights(t, p) })
	t.Run("private metrics", func(t *testing.T) { privateMetrics(t, p) })
	if body := want(t, p.send(t, request{path: "/health"}), 200); !strings.Contains(body, `"database":[{"status":"pass"}]`) {
		t.Errorf("/health says %s", body)
	}
	for _, path := range []string{"/livez", "/readyz", "/startupz"} {
		want(t, p.send(t, request{path: path}), 200)
	}

	// The password where it has no business to be.
	mistake := url.Values{"password": {password}, "page": {"seventeen"}}
	p.send(t, request{path: "/api/notes?" + mistake.Encode(), token: token})
	p.send(t, request{method: "POST", path: "/api/login?" + mistake.Encode(), body: account[:len(account)-1]})
	p.send(t, request{path: "/api/notes", header: map[string]string{"Referer": "https://x.example/?" + mistake.Encode(), "Cookie": "password=" + password}})
	// And the token: in a query under a name that says nothing, and as a path.
	p.send(t, request{path: "/api/notes?q=" + token})
	p.send(t, request{path: "/api/notes/" + token})
	records := p.stop(t)
	t.Run("log", func(t *testing.T) { silentLog(t, p.logs(), records, password, token) })
}

func preflights(t *testing.T, p *process) {
	preflight := func(origin string) request {
		return request{method: "OPTIONS", path: "/api/notes/1", header: map[string]string{"Origin": origin,
			"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,content-type"}}
	}
	res := p.send(t, preflight(origin))
	if res.StatusCode/100 != 2 || res.Header.Get("Access-Control-Allow-Origin") != origin ||
		!strings.Contains(res.Header.Get("Access-Control-Allow-Methods"), "PUT") {
		t.Errorf("allowed: %d %v", res.StatusCode, res.Header)
	}
	for _, evil := range []string{"https://evil.example", "null", origin + ".evil.example", "http://localhost:51730", "https://localhost:5173"} {
		res := p.send(t, preflight(evil))
		if res.StatusCode != 403 || res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", evil, res.StatusCode, res.Header)
		}
	}
	res = p.send(t, request{path: "/api/notes", header: map[string]string{"Origin": origin}})
	if got := res.Header.Get("Access-Control-Allow-Origin"); res.StatusCode != 401 || got != origin {
		t.Errorf("a page cannot read why it got %d: Access-Control-Allow-Origin %q", res.StatusCode, got)
	}
}

func privateMetrics(t *testing.T, p *process) {
	scrape := want(t, p.sendTo(t, noRedirects, "admin", request{path: "/metrics"}), 200)
	for _, series := range []string{`http_requests_total{code="201",method="POST",route="/api/notes"} 1`, "http_request_duration_seconds_count", "go_goroutines"} {
		if !strings.Contains(scrape, series) {
			t.Errorf("/metrics has no %s", series)
		}
	}
	if strings.Contains(scrape, "/nope") {
		t.Error("/metrics has a path that a client made up")
	}
	if body := want(t, p.send(t, request{path: "/metrics"}), 404); strings.Contains(body, "# TYPE") {
		t.Error("/metrics is public")
	}
	for _, path := range []string{"/", "/debug/pprof/", "/api/notes"} {
		want(t, p.sendTo(t, noRedirects, "admin", request{path: path}), 404)
	}
}

// silentLog wants no secret in the log in any form, and first of all a log: an empty one keeps every secret.
func silentLog(t *testing.T, text string, records []map[string]any, secrets ...string) {
	requests := map[string]int{}
	for _, rec := range records {
		if rec["msg"] == "http request" {
			requests[fmt.Sprint(rec["http.request.method"], " ", rec["url.path"], " ", rec["http.response.status_code"])]++
		}
	}
	for key, n := range map[string]int{"POST /api/signup 201": 1, "POST /api/login 200": 1, "POST /api/login 400": 1, "GET /nope 404": 1} {
		if requests[key] != n {
			t.Errorf("%q is logged %d times, want %d", key, requests[key], n)
		}
	}
	if !strings.Contains(text, "seventeen") {
		t.Error("the query is not logged at all")
	}
	if strings.Contains(text, `"url.path":"/livez"`) {
		t.Error("probes are logged")
	}
	for _, s := range secrets {
		half := len(s) / 2
		for _, form := range []string{s, s[:half], s[half:], url.QueryEscape(s), base64.StdEncoding.EncodeToString([]byte(s))[:half], fmt.Sprintf("%x", s)} {
			if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
				t.Errorf("the log holds the secret %q as %q", s, form)
			}
		}
	}
}

func TestSessionRateLimit(t *testing.T) {
	t.Parallel()
	p := start(t, map[string]string{"RATE_LIMIT": "6", "RATE_BURST": "5"})
	for range 5 {
		want(t, p.send(t, request{path: "/api/notes"}), 401)
	}
	res := p.send(t, request{path: "/api/notes", header: map[string]string{"Origin": origin, "X-Forwarded-For": "192.0.2.99"}})
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || seconds < 1 || seconds > 10 {
		t.Errorf("Retry-After %q", res.Header.Get("Retry-After"))
	}
	if got := res.Header.Get("Access-Control-Allow-Origin"); got != origin {
		t.Errorf("429 with Access-Control-Allow-Origin %q", got)
	}
	want(t, res, 429)
	want(t, p.send(t, request{path: "/readyz"}), 200) // who probes must not be limited
	p.stop(t)
}

// Ten guesses, then silence; who knows the password may log in as often as he likes.
func TestSessionLogInLimit(t *testing.T) {
	t.Parallel()
	p := start(t, map[string]string{"RATE_BURST": "1000"})
	right := `{"email":"ann@example.com","password":"` + testPassword + `"}`
	wrong := strings.Replace(right, testPassword, "a wrong guess", 1)
	want(t, p.send(t, request{method: "POST", path: "/api/signup", body: right}), 201)
	for range 22 { // more than the bucket holds: a log-in that succeeds costs nothing
		want(t, p.send(t, request{method: "POST", path: "/api/login", body: right}), 200)
	}
	var denied int
	for range 40 {
		res := p.send(t, request{method: "POST", path: "/api/login", body: wrong})
		switch _, err := io.Copy(io.Discard, res.Body); {
		case err != nil:
			t.Fatal(err)
		case res.StatusCode == 429:
			denied++
		case res.StatusCode != 401:
			t.Errorf("status %d", res.StatusCode)
		}
	}
	if denied < 15 { // 20 in the bucket, less what the sign-up took, and one more each 6 s of a slow machine
		t.Errorf("%d of 40 guesses were denied", denied)
	}
	want(t, p.send(t, request{path: "/api/notes"}), 401) // the other routes are not limited by that
	p.stop(t)
}
