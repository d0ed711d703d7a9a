package headers_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/headers"
)

// A host that passes is one that was named, by another way of reading it; one that was named passes.
func FuzzHost(f *testing.F) {
	for _, s := range []string{"app.example.com", "APP.example.com.:443", "x.example.org", "[::1]:80", "10.0.0.1", "", "evil.tld#.example.org",
		"a..example.org", "*.example.org", "[::1", "app.example.com:", "1.2.3.4.example.org", "x.example.org..", "[::ffff:10.0.0.1]"} {
		f.Add(s)
	}
	m := mustNew(f, hosts("app.example.com", "*.example.org", "[::1]", "10.0.0.1"))
	f.Fuzz(func(t *testing.T, s string) {
		r := request("GET", s, "/", true)
		rec := answer(m.Wrap(empty), r)
		want := named(s)
		if (rec.Code == 200) != want {
			t.Errorf("%q: %d, named %t", s, rec.Code, want)
		}
		if rec.Code != 200 && rec.Code != 400 && rec.Code != 421 {
			t.Errorf("%q: %d", s, rec.Code)
		}
		if rec.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%q: no headers", s)
		}
	})
}

func named(hostport string) bool {
	if len(hostport) > 260 || strings.ContainsAny(hostport, "/?#@\\%") {
		return false
	}
	u, err := url.Parse("http://" + hostport)
	if err != nil || u.Host != hostport {
		return false
	}
	if port := u.Port(); port != "" && len(port) > 5 || len(port) == 5 && port > "65535" {
		return false
	}
	name := strings.ToLower(u.Hostname())
	if addr, err := netip.ParseAddr(name); err == nil {
		if strings.HasPrefix(hostport, "[") != addr.Is6() {
			return false
		}
		addr = addr.Unmap()
		return addr == netip.MustParseAddr("::1") || addr == netip.MustParseAddr("10.0.0.1")
	}
	if strings.HasPrefix(hostport, "[") {
		return false
	}
	name = strings.TrimSuffix(name, ".")
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return name == "app.example.com" || strings.HasSuffix(name, ".example.org")
}

// A redirect goes to the host that was configured, whatever the request line and the Host say, and is a header that a
// server can send.
func FuzzRedirect(f *testing.F) {
	for _, s := range []string{"/", "//evil.tld", "/\\evil.tld", "/a?b#c", "/%0d%0aX:1", "http://evil.tld/", "*", "/a b", "/é?é", "/:80@evil.tld", "/.well-known/../x"} {
		f.Add(s, "app.example.com")
		f.Add(s, "APP.example.com.:8080")
		f.Add(s, "evil.tld")
	}
	m := mustNew(f, headers.Config{RedirectHTTPS: true, AllowedHosts: []string{"app.example.com"}, RedirectExempt: []string{"/.well-known/"}})
	f.Fuzz(func(t *testing.T, target, host string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Skip() // net/http answers 400 by itself
		}
		r := &http.Request{Method: "GET", URL: u, RequestURI: target, Host: host, Header: http.Header{}, RemoteAddr: "192.0.2.1:1"}
		rec := answer(m.Wrap(empty), r)
		location := rec.Header().Get("Location")
		if rec.Code != 301 {
			if location != "" || rec.Code == 200 && !strings.HasPrefix(u.Path, "/.well-known/") {
				t.Errorf("%q %q: %d %q", target, host, rec.Code, location)
			}
			return
		}
		if !strings.HasPrefix(location, "https://app.example.com/") || strings.ContainsFunc(location, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
			t.Errorf("%q %q: %q", target, host, location)
		}
		if to, err := url.Parse(location); err != nil || to.Host != "app.example.com" || to.User != nil {
			t.Errorf("%q: %v %v", location, to, err)
		}
	})
}

// A policy that is accepted is sent as it was written, over http without upgrade-insecure-requests, with nonces that are
// the request's.
func FuzzPolicy(f *testing.F) {
	for _, c := range refused {
		f.Add(c.cfg.ContentSecurityPolicy)
	}
	f.Add(headers.Web().ContentSecurityPolicy)
	f.Add("script-src $NONCE 'strict-dynamic'; report-uri /a%20b; upgrade-insecure-requests")
	f.Add("sandbox allow-scripts; trusted-types a 'allow-duplicates'; webrtc 'block'")
	f.Fuzz(func(t *testing.T, policy string) {
		m, err := headers.New(csp(policy))
		if err != nil {
			return
		}
		var nonce string
		h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { nonce = headers.Nonce(r.Context()) }))
		if policy == "" || policy == headers.Omit {
			return
		}
		got := answer(h, request("GET", "a.example", "/", true)).Header().Get("Content-Security-Policy")
		want := policy
		if nonce != "" {
			want = strings.ReplaceAll(policy, "$NONCE", "'nonce-"+nonce+"'")
		}
		if got != want || strings.Contains(got, "$") || strings.ContainsAny(got, "\r\n,") || strings.Contains(got, "%!") {
			t.Errorf("%q: sent %q", policy, got)
		}
		plain := answer(h, request("GET", "a.example", "/", false)).Header().Get("Content-Security-Policy")
		for d := range strings.SplitSeq(strings.ToLower(plain), ";") {
			if strings.TrimSpace(d) == "upgrade-insecure-requests" {
				t.Errorf("%q: over http %q", policy, plain)
			}
		}
	})
}

// No value of any field makes New panic, or gets a line break or a second line into a response.
func FuzzValues(f *testing.F) {
	for _, c := range refused {
		f.Add(cmp(c.cfg.PermissionsPolicy, c.cfg.CacheControl), c.cfg.CrossOriginOpenerPolicy, c.cfg.ReferrerPolicy)
	}
	f.Add(`camera=(self "https://a.example");p=?1;b=:aGk=:;c=-1.5;d=@12;e=%"f%c3%bc"`, `same-origin; report-to="x"`, "no-referrer, origin")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		for _, cfg := range []headers.Config{
			{PermissionsPolicy: a}, {CacheControl: a}, {CrossOriginOpenerPolicy: b}, {CrossOriginEmbedderPolicy: b}, {CrossOriginResourcePolicy: b},
			{ReferrerPolicy: c}, {FrameOptions: c}, {DNSPrefetchControl: c}, {AllowedHosts: []string{a, b}},
			{RedirectHost: a, RedirectHTTPS: true, RedirectExempt: []string{b, c}},
		} {
			m, err := headers.New(cfg)
			if err != nil {
				if strings.ContainsAny(err.Error(), "\r\x00") {
					t.Errorf("%q", err)
				}
				continue
			}
			rec := httptest.NewRecorder()
			m.Wrap(nil).ServeHTTP(rec, request("GET", "a.example", "/", true))
			for name, v := range rec.Header() {
				if len(v) != 1 || strings.ContainsAny(v[0], "\r\n\x00") || v[0] == "" && name != "Location" {
					t.Errorf("%s: %q", name, v)
				}
			}
		}
	})
}
