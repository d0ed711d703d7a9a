package cors_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/cors"
)

func TestReasons(t *testing.T) {
	const acrh = "Access-Control-Request-Headers"
	cfg := cors.Config{
		AllowedOrigins: []string{app, "https://example.com", "http://localhost:3000", "https://*.example.org", "https://*.amazonaws.com"},
		AllowedMethods: []string{"PATCH"}, AllowedHeaders: []string{"X-A"},
	}
	tests := []struct {
		desc    string
		cfg     cors.Config
		r       *http.Request
		kind    cors.Kind
		refused string
		reason  string
	}{
		{"no origin", cfg, request("GET"), cors.NotCORS, "", "there is no Origin header"},
		{"no origin, OPTIONS", cfg, request("OPTIONS", "Access-Control-Request-Method", "PUT"), cors.NotCORS, "", "there is no Origin header"},
		{"same origin", cfg, request("POST", "Origin", "https://api.example.com", "Sec-Fetch-Site", "same-origin"), cors.NotCORS, "", "the browser says that the request is same-origin"},
		{"allowed", cfg, request("POST", "Origin", app), cors.Actual, "", `origin "https://app.example.com" is allowed`},
		{"everybody", everybody(), request("POST", "Origin", app), cors.Actual, "", "every origin is allowed"},
		{"allowed preflight", cfg, preflight(app, "PATCH"), cors.Preflight, "", `origin "https://app.example.com" is allowed`},
		{"two origins", cfg, request("GET", "Origin", app, "Origin", app), cors.Actual, "origin", "there are 2 Origin headers"},
		{"stranger", cfg, request("GET", "Origin", "https://evil.tld"), cors.Actual, "origin", `origin "https://evil.tld" is not in AllowedOrigins`},
		{"null", cfg, request("GET", "Origin", "null"), cors.Actual, "origin", "origin null, as sandboxed frames, local files and some redirects send it, is never allowed"},
		{"scheme", cfg, request("GET", "Origin", "http://app.example.com"), cors.Actual, "origin",
			`origin "http://app.example.com" is not in AllowedOrigins, but "https://app.example.com" is: the scheme differs`},
		{"scheme of a pattern", cfg, request("GET", "Origin", "http://a.example.org"), cors.Actual, "origin",
			`origin "http://a.example.org" is not in AllowedOrigins, but "https://a.example.org" is: the scheme differs`},
		{"port", cfg, request("GET", "Origin", "http://localhost:5173"), cors.Actual, "origin",
			`origin "http://localhost:5173" is not in AllowedOrigins, but "http://localhost:3000" is: the port differs`},
		{"www", cfg, request("GET", "Origin", "https://www.example.com"), cors.Actual, "origin",
			`origin "https://www.example.com" is not in AllowedOrigins, but "https://example.com" is: the host differs by www`},
		{"apex", cfg, request("GET", "Origin", "https://example.org"), cors.Actual, "origin",
			`origin "https://example.org" is not in AllowedOrigins, and "https://*.example.org" covers only subdomains: list it too`},
		{"apex with a port", cfg, request("GET", "Origin", "https://example.org:8443"), cors.Actual, "origin",
			`origin "https://example.org:8443" is not in AllowedOrigins`},
		{"slash", cfg, request("GET", "Origin", app+"/"), cors.Actual, "origin",
			`origin "https://app.example.com/" is not in AllowedOrigins: an origin has no trailing slash`},
		{"pattern", cfg, request("GET", "Origin", "https://*.example.com"), cors.Actual, "origin",
			`origin "https://*.example.com" is not in AllowedOrigins: patterns stand in configurations only`},
		{"long", cfg, request("GET", "Origin", strings.Repeat("a", 1<<20)), cors.Actual, "origin", "an Origin header of 1048576 bytes is no origin"},
		{"public suffix", cfg, request("GET", "Origin", "https://evil.s3.amazonaws.com"), cors.Actual, "origin",
			`origin "https://evil.s3.amazonaws.com" lies below a public suffix, where anybody can register a name; list it exactly`},
		{"method", cfg, preflight(app, "DELETE"), cors.Preflight, "method", `method "DELETE" is not in AllowedMethods`},
		{"method case", cfg, preflight(app, "patch"), cors.Preflight, "method",
			`method "patch" is not in AllowedMethods, but "PATCH" is: methods are case-sensitive, the page must write it so`},
		{"no method", cfg, preflight(app, "P T"), cors.Preflight, "method", "Access-Control-Request-Method does not hold one method"},
		{"header", cfg, preflight(app, "PATCH", acrh, "x-a,x-b"), cors.Preflight, "header", `header "x-b" is not in AllowedHeaders`},
		{"no header name", cfg, preflight(app, "PATCH", acrh, "x;"), cors.Preflight, "header", `Access-Control-Request-Headers holds "x;", which is no header name`},
		{"authorization", everybody(), preflight(app, "PATCH", acrh, "x-b,authorization"), cors.Preflight, "header",
			`header "authorization" is not in AllowedHeaders, and "*" does not cover it`},
		{"too many headers", cfg, preflight(app, "PATCH", acrh, strings.Repeat("x-a,", 1<<18)), cors.Preflight, "header",
			"Access-Control-Request-Headers is longer than any list of AllowedHeaders"},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			want := cors.Decision{Kind: tt.kind, Allowed: tt.refused == "", Refused: tt.refused, Reason: tt.reason}
			if got := mustNew(t, tt.cfg).Check(tt.r); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// What a client sends must not break a log line, nor fill the log.
func TestReasonsAreFitForLogs(t *testing.T) {
	hostile := "\n2026 INFO all is well \x1b[2J\u202e" + strings.Repeat("x", 400)
	m := mustNew(t, usual())
	for _, r := range []*http.Request{
		request("GET", "Origin", hostile), preflight(app, hostile), preflight(app, "A"+strings.Repeat("!", 63)),
		preflight(app, "PUT", "Access-Control-Request-Headers", hostile),
	} {
		d := m.Check(r)
		if d.Allowed || len(d.Reason) > 400 || strings.ContainsAny(d.Reason, "\n\x1b\u202e") {
			t.Errorf("%d bytes: %q", len(d.Reason), d.Reason)
		}
	}
}

func TestOnDecision(t *testing.T) {
	var seen []cors.Decision
	cfg := usual()
	cfg.OnDecision = func(r *http.Request, d cors.Decision) {
		if r.URL.Path != "/items" {
			t.Errorf("another request: %v", r.URL)
		}
		seen = append(seen, d)
	}
	m := mustNew(t, cfg)
	for _, r := range []*http.Request{
		request("GET"), request("GET", "Origin", app), request("GET", "Origin", "https://evil.example"), preflight(app, "PUT"), preflight(app, "PATCH"),
		request("GET", "Origin", "https://api.example.com", "Sec-Fetch-Site", "same-origin"),
	} {
		serve(m, r)
	}
	want := []string{"actual true ", "actual false origin", "preflight true ", "preflight false method"}
	if len(seen) != len(want) {
		t.Fatalf("%d decisions, want %d: %+v", len(seen), len(want), seen)
	}
	for i, d := range seen {
		got := d.Kind.String() + map[bool]string{true: " true ", false: " false "}[d.Allowed] + d.Refused
		if got != want[i] {
			t.Errorf("%d: %q, want %q", i, got, want[i])
		}
	}
	if s := cors.NotCORS.String(); s != "not CORS" {
		t.Error(s)
	}
}
