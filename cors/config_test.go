package cors_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/cors"
)

const app = "https://app.example.com"

// problems takes a joined error apart.
func problems(err error) []*cors.ConfigError {
	var list []*cors.ConfigError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			if c, ok := errors.AsType[*cors.ConfigError](e); ok {
				list = append(list, c)
			}
		}
	}
	return list
}

func TestOriginsRefused(t *testing.T) {
	tests := []struct{ origin, reason, fix string }{
		{"", "empty origin", "leave it out"},
		{"null", "have the origin null", "an origin of its own"},
		{"NULL", "have the origin null", "an origin of its own"},
		{"https://a.example, https://b.example", "several origins", "its own element"},
		{" https://a.example", "white space", `"https://a.example"`},
		{"https://a.example\r\n", "white space", `"https://a.example"`},
		{"https://a b.example", "a space", "such as"},
		{"https://a\x7f.example", "control character", "such as"},
		{"https://bücher.example", "punycode", "xn--"},
		{`https://.*\.example\.com`, "regular expressions", `"https://*.example.com"`},
		{"^https://example.com", "regular expressions", "all subdomains"},
		{"https://example.com$", "regular expressions", "all subdomains"},
		{"https://(a|b).example.com", "regular expressions", "all subdomains"},
		{"https://.*.example.com", "regular expressions", "all subdomains"},
		{"example.com", "no scheme", `"https://example.com"`},
		{"example.com:8443", "no scheme", `"https://example.com:8443"`},
		{"//example.com", "no scheme", `"https://example.com"`},
		{"://example.com", "no scheme", `"https://example.com"`},
		{"*.example.com", "no scheme", `"https://*.example.com"`},
		{"https:example.com", "two slashes", `"https://example.com"`},
		{"http:/localhost:3000", "two slashes", `"http://localhost:3000"`},
		{"h*", "whole labels", "alone for everybody"},
		{"**", "whole labels", "alone for everybody"},
		{"HTTPS://Example.com/", "scheme in lower case", `"https://example.com"`},
		{"*://example.com", "wildcard scheme", `"https://example.com"`},
		{"http*://example.com", "wildcard scheme", `"https://example.com"`},
		{"9p://example.com", "not a scheme", "such as"},
		{"a_b://example.com", "not a scheme", "such as"},
		{"file:///home/me/x.html", "origin null or", "over https"},
		{"blob://example.com", "origin null or", "over https"},
		{"data:text/html,x", "data: page", "over https"},
		{"ws://example.com", "that of its page", `"http://example.com"`},
		{"wss://example.com", "that of its page", `"https://example.com"`},
		{"ftp://example.com", "over ftp", `"https://example.com"`},
		{"https://", "no host", "such as"},
		{"https:///path", "no host", "such as"},
		{"https://:8443", "no host", "such as"},
		{"https://user:secret@example.com/x", "user information", `"https://example.com"`},
		{"https://example.com/", "trailing slash", `"https://example.com"`},
		{"https://example.com/app", "no path", `"https://example.com"`},
		{"https://example.com?x=1", "no path, query", `"https://example.com"`},
		{"https://example.com#top", "no path, query or fragment", `"https://example.com"`},
		{"https://example.com:", "no port after", `"https://example.com"`},
		{"https://example.com:*", "port cannot be a wildcard", "each port"},
		{"https://example.com:x", "not a number", "or none"},
		{"https://example.com:0", "from 1 to 65535", "or none"},
		{"https://example.com:65536", "from 1 to 65535", "or none"},
		{"https://example.com:-1", "from 1 to 65535", "or none"},
		{"https://example.com:+80", "from 1 to 65535", "or none"},
		{"https://example.com:08443", "leading zeros", `"https://example.com:8443"`},
		{"https://example.com:443", "default port", `"https://example.com"`},
		{"https://*.example.com:443", "default port", `"https://*.example.com"`},
		{"http://localhost:80", "default port", `"http://localhost"`},
		{"http://::1:3000", "in brackets", "[::1]"},
		{"http://[::1", "not an IPv6 address", "[::1]"},
		{"http://[::1:8080", "not an IPv6 address", "[::1]"},
		{"http://[::1]x", "not an IPv6 address", "[::1]"},
		{"http://[fe80::1%25eth0]", "not an IPv6 address", "[::1]"},
		{"http://[127.0.0.1]", "not an IPv6 address", "[::1]"},
		{"http://[0:0::1]:3000", "shortest form", `"http://[::1]:3000"`},
		{"http://[2001:DB8::1]", "shortest form", `"http://[2001:db8::1]"`},
		{"http://[::ffff:127.0.0.1]", "shortest form", `"http://[::ffff:7f00:1]"`},
		{"https://*.[::1]", "no subdomains", "[::1]"},
		{"https://*", "every host", "for the subdomains of one domain"},
		{"https://*:8443", "every host", "alone for everybody"},
		{"https://*.*.example.com", "one wildcard at most", `"https://*.example.com"`},
		{"https://*example.com", `strangers that end in "example.com"`, `"https://*.example.com"`},
		{"https://example.com*", "in front of a domain", "each origin"},
		{"https://example.*", "in front of a domain", "each origin"},
		{"https://a.*.example.com", "in front of a domain", "each origin"},
		{"https://*.", "no domain behind", `"https://*.example.com"`},
		{"chrome-extension://*.abc", "only http and https", "each origin"},
		{"https://*.127.0.0.1", "no subdomains", `"https://127.0.0.1"`},
		{"https://App.example.com", "host in lower case", `"https://app.example.com"`},
		{"https://ex%61mple.com", "percent-encoded", "such as"},
		{"https://" + strings.Repeat("a", 64) + ".com", "63 bytes", "such as"},
		{"https://" + strings.Repeat("a.", 127) + "com", "253 bytes", "such as"},
		{"https://a..example.com", "between two dots is empty", "such as"},
		{"https://.example.com", "between two dots is empty", "such as"},
		{"https://*.example.com.", "between two dots is empty", "such as"},
		{"https://-a.example.com", "hyphen", "such as"},
		{"https://a-.example.com", "hyphen", "such as"},
		{"https://xn--f.example", "not punycode", "such as"},
		{"https://xn--.example", "not punycode", "such as"},
		{"https://xn--a_b.example", "not punycode", "such as"},
		{"https://xn--99999999.example", "not punycode", "such as"},
		{"https://*." + strings.Repeat("a.", 125) + "ab", "251 bytes", "such as"},
		{"https://a!.example.com", "cannot hold '!'", "such as"},
		{"http://127.1", "ends in a number", "all four"},
		{"http://127.0.0.1.", "ends in a number", "all four"},
		{"http://127.0.0.01", "ends in a number", "all four"},
		{"http://example.0x7f", "ends in a number", "all four"},
		{"http://2130706433", "ends in a number", "all four"},
		{"app://a/b", "no path", `"app://a"`},
		{"app://" + strings.Repeat("a", 254), "253 bytes", "such as"},
		{"app://a!", "cannot hold", "chrome-extension"},
		{"https://*.com", "public suffix", `"https://you.com"`},
		{"https://*.co.uk", "public suffix", "list your own"},
		{"https://*.github.io", "public suffix", "list your own"},
		{"https://*.intranet", "public suffix", "list your own"},
	}
	for _, tt := range tests {
		t.Run(tt.origin, func(t *testing.T) {
			_, err := cors.New(cors.Config{AllowedOrigins: []string{app, tt.origin}})
			list := problems(err)
			if len(list) != 1 {
				t.Fatalf("%d problems, want one: %v", len(list), err)
			}
			e := list[0]
			if e.Package != "cors" || e.Field != "AllowedOrigins[1]" || !strings.Contains(e.Reason, tt.reason) || !strings.Contains(e.Fix, tt.fix) {
				t.Errorf("got %v\nwant reason %q and fix %q", err, tt.reason, tt.fix)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("a password is in the error: %v", err)
			}
			if guess, found := strings.CutPrefix(e.Fix, "write \""); found && !strings.Contains(guess, `" `) {
				checkFix(t, e.Fix)
			}
		})
	}
}

// checkFix wants a fix that says `write "X"` to name an origin that New takes.
func checkFix(t *testing.T, fix string) {
	t.Helper()
	quoted, _ := strconv.QuotedPrefix(strings.TrimPrefix(fix, "write "))
	origin, err := strconv.Unquote(quoted)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cors.New(cors.Config{AllowedOrigins: []string{origin}}); err != nil {
		t.Errorf("the fix %q is wrong: %v", fix, err)
	}
}

func TestOriginsAccepted(t *testing.T) {
	for _, origin := range []string{
		"*", app, "https://app.example.com:8443", "http://app.example.com", "http://app.example.com:443", "https://localhost",
		"http://localhost:5173", "http://127.0.0.1:5173", "http://[::1]:5173", "http://[2001:db8::1]", "https://intranet",
		"https://xn--bcher-kva.example", "https://xn--j1ail.example", "https://xn--fiqs8s", "https://xn--80ak6aa92e.com", "https://xn--vermgensberatung-pwb.example", "https://xn--clchc0ea0b2g2a9gcd", "https://*." + strings.Repeat("a.", 125) + "a", "https://my_app.example.com", "https://example.com.", "https://1.example.com",
		"https://*.example.com", "https://*.example.com:8443", "http://*.localhost:3000", "http://*.example.com",
		"chrome-extension://aapocclcgogkmnckokdopfmhonfmgoek", "safari-web-extension://E9B1CF4C-8D3D-4C8F-A3BD-9D6F0D3A1C55",
		"capacitor://localhost", "app://obsidian.md", "https://" + strings.Repeat("a", 63) + ".com",
	} {
		if _, err := cors.New(cors.Config{AllowedOrigins: []string{origin}}); err != nil {
			t.Error(err)
		}
	}
}

func TestFieldsRefused(t *testing.T) {
	tests := []struct {
		desc   string
		change func(*cors.Config)
		want   string // the whole error
	}{
		{"no origin", func(c *cors.Config) { c.AllowedOrigins = nil },
			`cors: AllowedOrigins: no origin is listed, so no page could use this; list the origins of your pages, or "*" for everybody`},
		{"everybody beside one", func(c *cors.Config) { c.AllowedOrigins = []string{app, "*"} },
			`cors: AllowedOrigins[1] "*": "*" stands alone or not at all; leave out the others, or "*"`},
		{"everybody with credentials", func(c *cors.Config) { c.AllowedOrigins = []string{"*"}; c.AllowCredentials = true },
			`cors: AllowedOrigins[0] "*": browsers refuse "*" on a request with credentials (Fetch section 3.3.5); list the origins, or leave AllowCredentials out`},
		{"http with credentials", func(c *cors.Config) { c.AllowedOrigins = []string{"http://example.com"}; c.AllowCredentials = true },
			`cors: AllowedOrigins[0] "http://example.com": anybody on the network path can pose as an http origin and use the visitor's credentials; write "https://example.com"`},
		{"http pattern with credentials", func(c *cors.Config) { c.AllowedOrigins = []string{"http://*.example.com"}; c.AllowCredentials = true },
			`cors: AllowedOrigins[0] "http://*.example.com": anybody on the network path can pose as an http origin and use the visitor's credentials; write "https://*.example.com"`},
		{"method of two words", func(c *cors.Config) { c.AllowedMethods = []string{"PUT DELETE"} },
			`cors: AllowedMethods[0] "PUT DELETE": it is not one method (RFC 9110 section 9.1); write one name an element, like "PUT"`},
		{"forbidden method", func(c *cors.Config) { c.AllowedMethods = []string{"PUT", "trace"} },
			`cors: AllowedMethods[1] "trace": no browser lets a script send it (Fetch section 2.2.1); leave it out`},
		{"normalized method", func(c *cors.Config) { c.AllowedMethods = []string{"Put"} },
			`cors: AllowedMethods[0] "Put": browsers send it in upper case, so it would never match; write "PUT"`},
		{"header list in one element", func(c *cors.Config) { c.AllowedHeaders = []string{"X-A, X-B"} },
			`cors: AllowedHeaders[0] "X-A, X-B": it is not one header name (RFC 9110 section 5.1); write one name an element, like "X-Request-Id"`},
		{"forbidden header", func(c *cors.Config) { c.AllowedHeaders = []string{"X-A", "Proxy-Foo"} },
			`cors: AllowedHeaders[1] "Proxy-Foo": browsers set it themselves and let no script do so (Fetch section 2.2.2); leave it out`},
		{"answer as request header", func(c *cors.Config) { c.AllowedHeaders = []string{"access-control-allow-origin"} },
			`cors: AllowedHeaders[0] "access-control-allow-origin": it is a header of the answer that this package gives; leave it out`},
		{"exposed header with newline", func(c *cors.Config) { c.ExposedHeaders = []string{"X-A\r\nX-B: c"} },
			`cors: ExposedHeaders[0] "X-A\r\nX-B: c": it is not one header name (RFC 9110 section 5.1); write one name an element, like "X-Request-Id"`},
		{"all exposed with credentials", func(c *cors.Config) { c.ExposedHeaders = []string{"*"}; c.AllowCredentials = true },
			`cors: ExposedHeaders[0] "*": with credentials browsers take "*" for a header of that name (Fetch section 3.3.5); list the headers that scripts read`},
		{"exposed cookie", func(c *cors.Config) { c.ExposedHeaders = []string{"Set-Cookie"} },
			`cors: ExposedHeaders[0] "Set-Cookie": no script can ever read it (Fetch section 2.2.2); leave it out`},
		{"exposed request header", func(c *cors.Config) { c.ExposedHeaders = []string{"Cookie"} },
			`cors: ExposedHeaders[0] "Cookie": there is nothing in it for a script to read in a response; leave it out`},
		{"over a day", func(c *cors.Config) { c.MaxAge = 24*time.Hour + time.Second },
			`cors: MaxAge 24h0m1s: no browser keeps a preflight longer than 24 hours; write 24 * time.Hour or less`},
		{"negative", func(c *cors.Config) { c.MaxAge = -2 * time.Second },
			`cors: MaxAge -2s: it is negative; write -1 for no caching at all, 0 for the browser's default`},
		{"without unit", func(c *cors.Config) { c.MaxAge = 600 },
			`cors: MaxAge 600ns: it has no unit; write 600 * time.Second`},
		{"parts of a second", func(c *cors.Config) { c.MaxAge = 1500 * time.Millisecond },
			`cors: MaxAge 1.5s: the header counts whole seconds (Fetch section 3.3.4); write 2 * time.Second`},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			cfg := cors.Config{AllowedOrigins: []string{app}}
			tt.change(&cfg)
			_, err := cors.New(cfg)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %v", err, tt.want)
			}
		})
	}
}

func TestForbiddenRequestHeaders(t *testing.T) {
	for _, name := range []string{
		"Accept-Charset", "Accept-Encoding", "Access-Control-Request-Headers", "Access-Control-Request-Method", "Connection",
		"Content-Length", "Cookie", "Cookie2", "Date", "DNT", "Expect", "Host", "Keep-Alive", "Origin", "Referer", "Set-Cookie",
		"TE", "Trailer", "Transfer-Encoding", "Upgrade", "Via", "Proxy-Authorization", "Sec-Fetch-Site",
	} {
		if _, err := cors.New(cors.Config{AllowedOrigins: []string{app}, AllowedHeaders: []string{name}}); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := cors.New(cors.Config{
		AllowedOrigins: []string{"https://a.example/", app, "null"}, AllowedMethods: []string{"TRACE"}, AllowedHeaders: []string{"Cookie"},
		ExposedHeaders: []string{"Set-Cookie"}, MaxAge: -5 * time.Second,
	})
	var fields []string
	for _, e := range problems(err) {
		fields = append(fields, e.Field)
	}
	const want = "[AllowedOrigins[0] AllowedOrigins[2] AllowedMethods[0] AllowedHeaders[0] ExposedHeaders[0] MaxAge]"
	if got := fmt.Sprint(fields); got != want {
		t.Errorf("fields %v, want %v", got, want)
	}
}

func TestDangerous(t *testing.T) {
	tests := []cors.Config{
		{AllowedOrigins: []string{"http://example.com"}, AllowCredentials: true, DangerouslyAllowInsecureOrigins: true},
		{AllowedOrigins: []string{"https://*.github.io"}, AllowCredentials: true, DangerouslyAllowPublicSuffixes: true},
	}
	for _, cfg := range tests {
		origin := strings.Replace(cfg.AllowedOrigins[0], "*", "me", 1)
		if d := mustNew(t, cfg).Check(request("GET", "Origin", origin)); !d.Allowed {
			t.Errorf("%v: %v", cfg.AllowedOrigins, d.Reason)
		}
	}
}

func TestLoopbackMayBeInsecure(t *testing.T) {
	for _, origin := range []string{"http://localhost", "http://a.localhost:1", "http://127.8.9.1", "http://[::1]:1", "http://[::ffff:7f00:1]", "http://*.localhost"} {
		if _, err := cors.New(cors.Config{AllowedOrigins: []string{origin}, AllowCredentials: true}); err != nil {
			t.Error(err)
		}
	}
	for _, origin := range []string{"http://localhost.example.com", "http://128.0.0.1", "http://[::2]", "http://10.0.0.1"} {
		if _, err := cors.New(cors.Config{AllowedOrigins: []string{origin}, AllowCredentials: true}); err == nil {
			t.Errorf("%s is accepted with credentials", origin)
		}
	}
}

func TestConfigIsACopy(t *testing.T) {
	given := []string{app}
	m := mustNew(t, cors.Config{AllowedOrigins: given})
	given[0] = "https://evil.example"
	m.Config().AllowedOrigins[0] = "https://evil.example"
	m.Origins()[0] = "https://evil.example"
	if got := m.Config().AllowedOrigins[0]; got != app {
		t.Errorf("the configuration changed to %q from outside", got)
	}
	if m.Origins()[0] != app || !m.Check(request("GET", "Origin", app)).Allowed {
		t.Error("the origins changed from outside")
	}
}
