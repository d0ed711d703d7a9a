package cors_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/cors"
)

// FuzzPattern: what New accepts is an origin in the one form that browsers send, and admits what it says.
func FuzzPattern(f *testing.F) {
	for _, s := range []string{
		app, "*", "https://*.example.com:8443", "http://[::1]:3000", "chrome-extension://abc", "HTTPS://*Example.com:0443/", "h*",
		"https://a@b:c@d.example/", "http://[::ffff:1.2.3.4]", "https://1.2.3.4.", "https://xn--a.example", "https://*.github.io", "null", "//a", "http://*a",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := cors.New(cors.Config{AllowedOrigins: []string{s}})
		if err != nil {
			list := problems(err)
			if len(list) != 1 || list[0].Reason == "" || list[0].Fix == "" {
				t.Fatalf("%q: %v", s, err)
			}
			if strings.HasPrefix(list[0].Fix, `write "`) && strings.HasSuffix(list[0].Fix, `"`) && strings.Count(list[0].Fix, `"`) == 2 {
				checkFix(t, list[0].Fix)
			}
			return
		}
		if s == "*" {
			return
		}
		u, err := url.Parse(strings.Replace(s, "://*.", "://", 1))
		if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
			t.Fatalf("%q is accepted: %v %+v", s, err, u)
		}
		if web := u.Scheme == "http" || u.Scheme == "https"; web && s != strings.ToLower(s) || u.Port() == "80" && u.Scheme == "http" || u.Port() == "443" && u.Scheme == "https" {
			t.Fatalf("%q is accepted", s)
		}
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !ip.Is4In6() && ip.String() != u.Hostname() {
			t.Fatalf("%q is accepted, browsers send %s", s, ip)
		}
		if strings.Contains(s, "*") {
			base := u.Host
			expect(t, m, u.Scheme+"://a."+base, true)
			expect(t, m, u.Scheme+"://"+base, false)
			expect(t, m, u.Scheme+"://evil"+base, false)
			expect(t, m, u.Scheme+"://a."+base+".evil.tld", false)
			expect(t, m, u.Scheme+"://evil.tld/."+base, false)
			return
		}
		expect(t, m, s, true)
		expect(t, m, s+"x", false)
		expect(t, m, s+".evil.tld", false)
		expect(t, m, s[:len(s)-1], false)
		expect(t, m, strings.Replace(s, "://", "://a.", 1), false)
		if err := http.NewCrossOriginProtection().AddTrustedOrigin(m.Origins()[0]); err != nil {
			t.Fatal(err)
		}
	})
}

func expect(t *testing.T, m *cors.Middleware, origin string, allowed bool) {
	t.Helper()
	if d := m.Check(request("GET", "Origin", origin)); d.Allowed != allowed {
		t.Fatalf("%v with origin %q: allowed: %t; %s", m.Config().AllowedOrigins, origin, d.Allowed, d.Reason)
	}
}

// FuzzOrigin: whatever a pattern admits is a host below its domain, and the answer is that origin and no other.
func FuzzOrigin(f *testing.F) {
	for _, s := range []string{"https://a.example.com", "https://evil.tld/.example.com", "https://a@b.example.com", "http://a.example.com", "null", "", "https://a..example.com", "https://a.b.example.com:8443"} {
		f.Add(s)
	}
	m := mustNew(f, cors.Config{AllowedOrigins: []string{"https://*.example.com", "https://*.example.com:8443"}, AllowCredentials: true})
	f.Fuzz(func(t *testing.T, origin string) {
		r := request("GET")
		r.Header["Origin"] = []string{origin}
		res, called := serve(m, r)
		got := res.Header["Access-Control-Allow-Origin"]
		if !called || res.Header.Get("Vary") != "Origin" {
			t.Fatalf("handler called: %t; %v", called, res.Header)
		}
		if got == nil {
			if corsHeaders(res.Header) != nil {
				t.Fatalf("refused with %v", res.Header)
			}
			return
		}
		u, err := url.Parse(origin)
		if err != nil || u.Scheme+"://"+u.Host != origin || !strings.HasSuffix(u.Hostname(), ".example.com") || !slices.Equal(got, []string{origin}) ||
			u.Scheme != "https" || u.Port() != "" && u.Port() != "8443" {
			t.Fatalf("%q is answered with %q", origin, got)
		}
	})
}

// FuzzRequestHeaders: a grant covers what the browser asked, names nothing that is not allowed, and is well formed.
func FuzzRequestHeaders(f *testing.F) {
	f.Add("authorization,x-a", "", false)
	f.Add("X-A , ,\tauthorization", "x-b", true)
	f.Add(",,,,,,,,,,,,,,,,,,,", "*", true)
	f.Add("x-a;x-b", "\u212a", false)
	listed := mustNew(f, cors.Config{AllowedOrigins: []string{app}, AllowedHeaders: []string{"X-A", "Authorization", "K"}, AllowCredentials: true})
	star := mustNew(f, cors.Config{AllowedOrigins: []string{app}, AllowedHeaders: []string{"*", "X-A"}, AllowCredentials: true})
	f.Fuzz(func(t *testing.T, first, second string, any bool) {
		m := listed
		if any {
			m = star
		}
		r := preflight(app, "GET")
		r.Header["Access-Control-Request-Headers"] = []string{first, second}
		res, _ := serve(m, r)
		granted, ok := extract(res.Header, "Access-Control-Allow-Headers")
		if res.StatusCode == 403 {
			if corsHeaders(res.Header) != nil {
				t.Fatalf("refused with %v", res.Header)
			}
			return
		}
		if len(res.Header["Access-Control-Allow-Headers"]) > 1 || !ok {
			t.Fatalf("not well formed: %q", res.Header)
		}
		for _, name := range granted {
			if name != strings.ToLower(name) || any && name == "authorization" || !any && !slices.Contains([]string{"x-a", "authorization", "k"}, name) {
				t.Fatalf("%q is granted", name)
			}
		}
		for asked := range strings.SplitSeq(first+","+second, ",") {
			if asked = strings.Trim(asked, " \t"); asked != "" && !slices.ContainsFunc(granted, func(s string) bool { return strings.EqualFold(s, asked) }) {
				t.Fatalf("%q was asked, %q granted", asked, granted)
			}
		}
	})
}
