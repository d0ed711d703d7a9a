package headers_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/clientip"
	"github.com/gambeson-go/gambeson/headers"
)

const sts = "Strict-Transport-Security"

var empty = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// request is one as a server hands it on.
func request(method, host, target string, https bool) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.Host = host
	r.URL.Scheme, r.URL.Host = "", ""
	if https {
		r.TLS = &tls.ConnectionState{}
	}
	return r
}

func TestAllowedHosts(t *testing.T) {
	m := mustNew(t, hosts("App.example.com.", "*.sub.example.com", "10.0.0.1", "[2001:db8::1]", "[::ffff:192.0.2.7]", "localhost:8080"))
	for host, want := range map[string]int{
		"app.example.com":                200,
		"APP.example.com":                200,
		"app.example.com.":               200,
		"app.example.com:443":            200,
		"app.example.com.:8443":          200,
		"app.example.com:":               200,
		"a.sub.example.com":              200,
		"a.b.sub.example.com:80":         200,
		"10.0.0.1":                       200,
		"10.0.0.1:8080":                  200,
		"[2001:db8::1]":                  200,
		"[2001:DB8:0:0::1]:443":          200,
		"192.0.2.7":                      200,
		"[::ffff:192.0.2.7]":             200,
		"localhost":                      200,
		"example.com":                    421,
		"sub.example.com":                421,
		"evilsub.example.com":            421,
		"app.example.com.evil.tld":       421,
		"evil.tld":                       421,
		"xapp.example.com":               421,
		"10.0.0.2":                       421,
		"[2001:db8::2]":                  421,
		"":                               400,
		".":                              400,
		".sub.example.com":               400,
		"a..sub.example.com":             400,
		"evil.tld/.sub.example.com":      400,
		"evil.tld#.sub.example.com":      400,
		"u@app.example.com":              400,
		"app.example.com, evil.tld":      400,
		"app.example.com evil.tld":       400,
		"app.example.com:x":              400,
		"app.example.com:99999":          400,
		"app.example.com:80:80":          400,
		"app.example.com..":              400,
		"2001:db8::1":                    400,
		"[2001:db8::1":                   400,
		"[2001:db8::1]x":                 400,
		"[fe80::1%25eth0]":               400,
		"[10.0.0.1]":                     400,
		"é.sub.example.com":              400,
		"a\x00.sub.example.com":          400,
		strings.Repeat("a.", 1<<19):      400,
		strings.Repeat("a", 64) + ".com": 400,
	} {
		for _, https := range []bool{false, true} {
			called := false
			rec := answer(m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true })), request("GET", host, "/", https))
			if rec.Code != want || called != (want == 200) {
				t.Errorf("%.60q: %d, want %d; called %t", host, rec.Code, want, called)
			}
			if want == 200 {
				continue
			}
			h := rec.Header()
			if h.Get("Content-Type") != "application/problem+json" || h.Get("Content-Security-Policy") == "" || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%.60q: headers of the refusal: %v", host, h)
			}
			if strings.Contains(rec.Body.String(), "evil") || !json.Valid(rec.Body.Bytes()) {
				t.Errorf("%.60q: body %s", host, rec.Body)
			}
		}
	}
	if h := answer(m.Wrap(nil), request("GET", "evil.tld", "/", true)).Header(); h.Get(sts) == "" {
		t.Error("421 over https without HSTS")
	}
}

func TestDoubledHost(t *testing.T) {
	for _, cfg := range []headers.Config{{}, hosts("app.example.com")} {
		for _, c := range []struct {
			lines []string
			want  int
		}{
			{nil, 200},
			{[]string{"app.example.com"}, 200},
			{[]string{"App.Example.COM"}, 200},
			{[]string{"evil.tld"}, 400},
			{[]string{"app.example.com", "app.example.com"}, 400},
		} {
			r := request("GET", "app.example.com", "/", true)
			r.Header["Host"] = c.lines
			if rec := answer(mustNew(t, cfg).Wrap(empty), r); rec.Code != c.want {
				t.Errorf("%q: %d, want %d", c.lines, rec.Code, c.want)
			}
		}
	}
}

// A request of HTTP/1.0 need not name a host, and gets its answer where hosts are not checked.
func TestMissingHost(t *testing.T) {
	for _, c := range []struct {
		cfg  headers.Config
		want int
	}{{headers.Config{}, 404}, {hosts("a.example"), 400}, {redirectTo("a.example"), 400}} {
		status, h := rawExchange(t, mustNew(t, c.cfg).Wrap(nil), "GET //evil.tld/ HTTP/1.0\r\n\r\n")
		if status != c.want || h.Get("Location") != "" {
			t.Errorf("%+v: %d %v", c.cfg, status, h)
		}
	}
}

func TestHSTS(t *testing.T) {
	proxy, err := clientip.New(clientip.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Header: "X-Forwarded-For"})
	if err != nil {
		t.Fatal(err)
	}
	const two = "max-age=63072000; includeSubDomains"
	for _, c := range []struct {
		host  string
		https bool
		hsts  headers.HSTS
		want  string
	}{
		{"app.example.com", true, headers.HSTS{}, two},
		{"app.example.com", false, headers.HSTS{}, ""},
		{"app.example.com", true, headers.HSTS{MaxAge: year}, "max-age=31536000"},
		{"app.example.com", true, headers.HSTS{MaxAge: year, IncludeSubDomains: true, Preload: true}, "max-age=31536000; includeSubDomains; preload"},
		{"app.example.com", true, headers.HSTS{Forget: true}, "max-age=0"},
		{"app.example.com", false, headers.HSTS{Forget: true}, ""},
		{"app.example.com", true, headers.HSTS{Off: true}, ""},
		{"203.0.113.7", true, headers.HSTS{}, ""},
		{"203.0.113.7:8443", true, headers.HSTS{}, ""},
		{"127.1", true, headers.HSTS{}, ""},
		{"0x7f.0.0.0x1", true, headers.HSTS{}, ""},
		{"[2001:db8::1]", true, headers.HSTS{}, ""},
		{"[2001:db8::1]:443", true, headers.HSTS{Forget: true}, ""},
		{"1.2.3.4.example.com", true, headers.HSTS{}, two},
	} {
		m := mustNew(t, headers.Config{HSTS: c.hsts, ClientIP: proxy})
		direct := request("GET", c.host, "/", c.https)
		proxied := request("GET", c.host, "/", false)
		proxied.RemoteAddr = "10.1.2.3:1234"
		proxied.Header.Set("X-Forwarded-Proto", map[bool]string{true: "https", false: "http"}[c.https])
		for _, r := range []*http.Request{direct, proxied} {
			if got := answer(m.Wrap(empty), r).Header().Get(sts); got != c.want {
				t.Errorf("%s https=%t %+v: %q, want %q", c.host, c.https, c.hsts, got, c.want)
			}
		}
	}
}

// Neither the URL of an absolute request line nor a header of anybody makes a request https.
func TestHTTPSIsNotClaimed(t *testing.T) {
	m := mustNew(t, headers.Config{RedirectHTTPS: true, AllowedHosts: []string{"app.example.com"}})
	status, h := rawExchange(t, m.Wrap(empty), "GET https://app.example.com/ HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-Proto: https\r\n\r\n")
	if status != 301 || h.Get(sts) != "" || h.Get("Location") != "https://app.example.com/" {
		t.Error(status, h)
	}
}

func TestRedirect(t *testing.T) {
	same := headers.Config{RedirectHTTPS: true, AllowedHosts: []string{"app.example.com", "*.example.org", "[2001:db8::1]"},
		RedirectExempt: []string{"/healthz", "/.well-known/acme-challenge/"}}
	other := redirectTo("www.example.com")
	port := redirectTo("localhost:8443")
	for _, c := range []struct {
		cfg                  headers.Config
		method, host, target string
		status               int
		location             string
	}{
		{same, "GET", "app.example.com", "/a/b?c=d", 301, "https://app.example.com/a/b?c=d"},
		{same, "HEAD", "APP.example.com.:8080", "/", 301, "https://app.example.com/"},
		{same, "POST", "app.example.com:80", "/form", 308, "https://app.example.com/form"},
		{same, "OPTIONS", "app.example.com", "/", 308, "https://app.example.com/"},
		{same, "OPTIONS", "app.example.com", "*", 308, "https://app.example.com/"},
		{same, "GET", "x.example.org", "/", 301, "https://x.example.org/"},
		{same, "GET", "[2001:db8:0::1]:80", "/x", 301, "https://[2001:db8::1]/x"},
		{same, "GET", "app.example.com", "//evil.tld/x", 301, "https://app.example.com//evil.tld/x"},
		{same, "GET", "app.example.com", "/a%2Fb%0d%0aX:y?q=%0d%0a", 301, "https://app.example.com/a%2Fb%0d%0aX:y?q=%0d%0a"},
		{same, "GET", "app.example.com", "http://u:p@app.example.com:81/x?y", 301, "https://app.example.com/x?y"},
		{same, "GET", "app.example.com", "/x?q=\"<é#\\", 301, "https://app.example.com/x?q=%22%3C%C3%A9%23%5C"},
		{same, "GET", "evil.tld", "/", 421, ""},
		{same, "GET", "", "/", 400, ""},
		{same, "GET", "app.example.com", "/healthz", 200, ""},
		{same, "POST", "app.example.com", "/healthz", 200, ""},
		{same, "GET", "evil.tld", "/healthz", 421, ""},
		{same, "GET", "app.example.com", "/healthz/", 301, "https://app.example.com/healthz/"},
		{same, "GET", "app.example.com", "/healthzz", 301, "https://app.example.com/healthzz"},
		{same, "GET", "app.example.com", "/.well-known/acme-challenge/token", 200, ""},
		{same, "GET", "app.example.com", "/.well-known/acme-challenge/../../admin", 301, "https://app.example.com/.well-known/acme-challenge/../../admin"},
		{same, "GET", "app.example.com", "/.well-known/acme-challenge/%2e%2e/%2e%2e/admin", 301, "https://app.example.com/.well-known/acme-challenge/%2e%2e/%2e%2e/admin"},
		{same, "GET", "app.example.com", "/.well-known/acme-challenge//x", 301, "https://app.example.com/.well-known/acme-challenge//x"},
		{same, "GET", "app.example.com", "/.well-known/acme-challenge/..;/admin", 301, "https://app.example.com/.well-known/acme-challenge/..;/admin"},
		{same, "GET", "app.example.com", "/.well-known/acme-challenge/..%5cadmin", 301, "https://app.example.com/.well-known/acme-challenge/..%5cadmin"},
		{other, "GET", "evil.tld:8080", "/x", 301, "https://www.example.com/x"},
		{other, "PUT", "www.example.com", "/x", 308, "https://www.example.com/x"},
		{other, "GET", "evil tld", "/x", 400, ""},
		{port, "GET", "localhost:8080", "/x", 301, "https://localhost:8443/x"},
		{redirectTo("[::1]"), "GET", "localhost", "/", 301, "https://[::1]/"},
		{redirectTo("[::1]:8443"), "GET", "localhost", "/", 301, "https://[::1]:8443/"},
	} {
		called := false
		m := mustNew(t, c.cfg)
		h := m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
		rec := answer(h, request(c.method, c.host, c.target, false))
		if rec.Code != c.status || rec.Header().Get("Location") != c.location || called != (c.status == 200) {
			t.Errorf("%s %q %s: %d %q, want %d %q", c.method, c.host, c.target, rec.Code, rec.Header().Get("Location"), c.status, c.location)
		}
		if rec.Header().Get("Content-Security-Policy") == "" || rec.Header().Get(sts) != "" {
			t.Errorf("%s %s: %v", c.method, c.target, rec.Header())
		}
		if https := answer(h, request(c.method, c.host, c.target, true)); https.Code/100 == 3 {
			t.Errorf("%s %s: https was redirected", c.method, c.target)
		}
	}
}

// The redirect keeps what http.StripPrefix cut.
func TestRedirectBelowStripPrefix(t *testing.T) {
	m := mustNew(t, redirectTo("a.example"))
	rec := answer(http.StripPrefix("/app", m.Wrap(empty)), request("GET", "a.example", "/app/x?y", false))
	if got := rec.Header().Get("Location"); got != "https://a.example/app/x?y" {
		t.Error(got)
	}
	r := request("GET", "a.example", "/x?y", false)
	r.RequestURI = "" // made by http.NewRequest
	if got := answer(m.Wrap(empty), r).Header().Get("Location"); got != "https://a.example/x?y" {
		t.Error(got)
	}
}

func TestFrameOptionsFollowsPolicy(t *testing.T) {
	for _, c := range []struct{ policy, frames, want string }{
		{"", "", ""},
		{"default-src 'self'", "", "DENY"},
		{headers.Omit, "", "DENY"},
		{"frame-ancestors 'self'", "", ""},
		{"frame-ancestors 'self'", "sameorigin", "SAMEORIGIN"},
		{"default-src 'self'", headers.Omit, ""},
	} {
		h := sent(t, headers.Config{ContentSecurityPolicy: c.policy, FrameOptions: c.frames})
		if got := h.Get("X-Frame-Options"); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestUpgradeOnlyOverHTTPS(t *testing.T) {
	m := mustNew(t, headers.Config{
		ContentSecurityPolicy:           "Upgrade-Insecure-Requests; script-src $NONCE 'self'",
		ContentSecurityPolicyReportOnly: "default-src 'self'; upgrade-insecure-requests; report-to x",
	})
	plain := answer(m.Wrap(empty), request("GET", "a.example", "/", false)).Header()
	if strings.Contains(strings.ToLower(fmt.Sprint(plain)), "upgrade") || !strings.HasPrefix(plain.Get("Content-Security-Policy"), "script-src 'nonce-") {
		t.Error(plain)
	}
	if h := answer(m.Wrap(empty), request("GET", "a.example", "/", true)).Header(); !strings.HasPrefix(h.Get("Content-Security-Policy"), "Upgrade-Insecure-Requests;") {
		t.Error(h)
	}
	only := mustNew(t, csp("upgrade-insecure-requests"))
	if v, ok := answer(only.Wrap(empty), request("GET", "a.example", "/", false)).Header()["Content-Security-Policy"]; ok {
		t.Errorf("empty policy sent: %q", v)
	}
}

func TestEveryHeader(t *testing.T) {
	h := sent(t, headers.Config{
		ContentSecurityPolicy: "img-src *", ContentSecurityPolicyReportOnly: "img-src 'none'; report-uri /a%20b", FrameOptions: "deny",
		ReferrerPolicy: "origin", PermissionsPolicy: "camera=()", CacheControl: "private", CrossOriginOpenerPolicy: "unsafe-none",
		CrossOriginEmbedderPolicy: "credentialless", CrossOriginResourcePolicy: "cross-origin", PermittedCrossDomainPolicies: "none",
		DNSPrefetchControl: "on", OriginAgentCluster: "?1",
	})
	want := map[string]string{
		sts: "max-age=63072000; includeSubDomains", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "img-src *",
		"Content-Security-Policy-Report-Only": "img-src 'none'; report-uri /a%20b", "X-Frame-Options": "DENY", "Referrer-Policy": "origin",
		"Permissions-Policy": "camera=()", "Cache-Control": "private", "Cross-Origin-Opener-Policy": "unsafe-none",
		"Cross-Origin-Embedder-Policy": "credentialless", "Cross-Origin-Resource-Policy": "cross-origin",
		"X-Permitted-Cross-Domain-Policies": "none", "X-Dns-Prefetch-Control": "on", "Origin-Agent-Cluster": "?1",
	}
	for name, v := range want {
		if got := h.Values(name); len(got) != 1 || got[0] != v {
			t.Errorf("%s: %q, want %q", name, got, v)
		}
	}
	if len(h) != len(want) {
		t.Errorf("%d headers, want %d", len(h), len(want))
	}
}

func TestOmitEverything(t *testing.T) {
	const o = headers.Omit
	h := sent(t, headers.Config{HSTS: headers.HSTS{Off: true}, ContentSecurityPolicy: o, ContentSecurityPolicyReportOnly: o, FrameOptions: o,
		ReferrerPolicy: o, PermissionsPolicy: o, CacheControl: o, CrossOriginOpenerPolicy: o, CrossOriginEmbedderPolicy: o,
		CrossOriginResourcePolicy: o, PermittedCrossDomainPolicies: o, DNSPrefetchControl: o, OriginAgentCluster: o})
	if len(h) != 1 || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Error(h)
	}
}

// A Middleware that New did not make lets nothing through.
func TestNotMade(t *testing.T) {
	for _, m := range []*headers.Middleware{nil, {}} {
		rec := answer(m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") })), request("GET", "a", "/", true))
		if rec.Code != 500 || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Error(rec.Code, rec.Header())
		}
	}
}
