package headers_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/headers"
)

func csp(policy string) headers.Config { return headers.Config{ContentSecurityPolicy: policy} }
func report(policy string) headers.Config {
	return headers.Config{ContentSecurityPolicyReportOnly: policy}
}
func hosts(h ...string) headers.Config { return headers.Config{AllowedHosts: h} }
func hsts(h headers.HSTS) headers.Config {
	return headers.Config{HSTS: h}
}
func permissions(v string) headers.Config { return headers.Config{PermissionsPolicy: v} }
func cache(v string) headers.Config       { return headers.Config{CacheControl: v} }
func referrer(v string) headers.Config    { return headers.Config{ReferrerPolicy: v} }
func exempt(paths ...string) headers.Config {
	return headers.Config{RedirectHTTPS: true, RedirectHost: "a.example", RedirectExempt: paths}
}
func redirectTo(h string) headers.Config {
	return headers.Config{RedirectHTTPS: true, RedirectHost: h}
}

const year = 365 * 24 * time.Hour

// refused are configurations with one problem each.
var refused = []struct {
	cfg           headers.Config
	field, reason string
}{
	{hsts(headers.HSTS{Off: true, Forget: true}), "HSTS", "Forget sends"},
	{hsts(headers.HSTS{Off: true, MaxAge: year}), "HSTS", "stand alone"},
	{hsts(headers.HSTS{Forget: true, IncludeSubDomains: true}), "HSTS", "stand alone"},
	{hsts(headers.HSTS{IncludeSubDomains: true}), "HSTS.MaxAge", "no age"},
	{hsts(headers.HSTS{MaxAge: -time.Hour}), "HSTS.MaxAge", "whole seconds"},
	{hsts(headers.HSTS{MaxAge: time.Second / 2}), "HSTS.MaxAge", "whole seconds"},
	{hsts(headers.HSTS{MaxAge: 2 * year, Preload: true}), "HSTS.Preload", "subdomains"},
	{hsts(headers.HSTS{MaxAge: year / 2, Preload: true, IncludeSubDomains: true}), "HSTS.Preload", "a year"},

	{csp(" ; "), "ContentSecurityPolicy", "no directive"},
	{csp("default-src 'self';\n img-src *"), "ContentSecurityPolicy", "line break"},
	{csp("default-src 'self'\t"), "ContentSecurityPolicy", "control"},
	{csp("defalt-src 'self'"), "ContentSecurityPolicy", "no browser knows"},
	{csp("default-src: 'self'"), "ContentSecurityPolicy", "no colon"},
	{csp("default-src 'self'; plugin-types x"), "ContentSecurityPolicy", "is gone"},
	{csp("default-src 'self'; block-all-mixed-content"), "ContentSecurityPolicy", "is gone"},
	{csp("default-src 'self'; DEFAULT-SRC 'none'"), "ContentSecurityPolicy", "second default-src"},
	{csp("default-src 'none' 'self'"), "ContentSecurityPolicy", "stands alone"},
	{csp("default-src"), "ContentSecurityPolicy", "no value"},
	{csp("default-src ; img-src *"), "ContentSecurityPolicy", "no value"},
	{csp("default-src 'self' img-src 'none'"), "ContentSecurityPolicy", "semicolon is missing before img-src"},
	{csp("default-src unsafe-inline"), "ContentSecurityPolicy", "without single quotes"},
	{csp("default-src \"self\""), "ContentSecurityPolicy", "without single quotes"},
	{csp("default-src 'self"), "ContentSecurityPolicy", "without single quotes"},
	{csp("default-src 'sellf'"), "ContentSecurityPolicy", "no keyword"},
	{csp("default-src 'cdn.example.com'"), "ContentSecurityPolicy", "no keyword"},
	{csp("script-src 'nonce-$NONCE'"), "ContentSecurityPolicy", "placeholder"},
	{csp("script-src '$NONCE'"), "ContentSecurityPolicy", "placeholder"},
	{csp("script-src $nonce"), "ContentSecurityPolicy", "placeholder"},
	{csp("script-src $NONCE;img-src $NONCE"), "ContentSecurityPolicy", "no effect in img-src"},
	{csp("script-src __NONCE__"), "ContentSecurityPolicy", "placeholder"},
	{csp("img-src 'unsafe-inline'"), "ContentSecurityPolicy", "no effect in img-src"},
	{csp("script-src sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), "ContentSecurityPolicy", "single quotes"},
	{csp("script-src 'sha256-abc'"), "ContentSecurityPolicy", "digest"},
	{csp("script-src 'sha384-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"), "ContentSecurityPolicy", "digest"},
	{csp("img-src https://a.example/?x"), "ContentSecurityPolicy", "query"},
	{csp("img-src https://u:p@a.example"), "ContentSecurityPolicy", "userinfo"},
	{csp("img-src https://a.example:99999"), "ContentSecurityPolicy", "port"},
	{csp("img-src https://*a.example"), "ContentSecurityPolicy", "no source"},
	{csp("img-src a.*.example"), "ContentSecurityPolicy", "no source"},
	{csp("img-src //a.example"), "ContentSecurityPolicy", "no source"},
	{csp("img-src 1x://a.example"), "ContentSecurityPolicy", "no source"},
	{csp("img-src a.example/%zz"), "ContentSecurityPolicy", "no source"},
	{csp("img-src a.example/%[1]s"), "ContentSecurityPolicy", "no source"},
	{csp("img-src {host}"), "ContentSecurityPolicy", "no source"},
	{csp("default-src 'self'; upgrade-insecure-requests 1"), "ContentSecurityPolicy", "no value"},
	{csp("sandbox scripts"), "ContentSecurityPolicy", "flag"},
	{csp("sandbox allow-script"), "ContentSecurityPolicy", "flag"},
	{csp("trusted-types 'none' foo"), "ContentSecurityPolicy", "stands alone"},
	{csp("connect-src 'unsafe-inline'"), "ContentSecurityPolicy", "no effect in connect-src"},
	{csp("worker-src 'strict-dynamic'"), "ContentSecurityPolicy", "without a nonce"},
	{csp("img-src 'self' data"), "ContentSecurityPolicy", "without its colon"},
	{csp("img-src 'self' HTTPS"), "ContentSecurityPolicy", "without its colon"},
	{csp("script-src https"), "ContentSecurityPolicy", "without its colon"},
	{csp("connect-src wss"), "ContentSecurityPolicy", "without its colon"},
	{csp("img-src blob"), "ContentSecurityPolicy", "without its colon"},
	{csp("script-src https://example.com/js/*.js"), "ContentSecurityPolicy", "no wildcard"},
	{csp("img-src a.example/*"), "ContentSecurityPolicy", "no wildcard"},
	{csp("connect-src http://[::1]:3000"), "ContentSecurityPolicy", "IPv6"},
	{csp("sandbox allow-scripts img-src *"), "ContentSecurityPolicy", "missing before img-src"},
	{csp("img-src *; report-to a b"), "ContentSecurityPolicy", "one endpoint"},
	{csp("img-src *; report-to $NONCE"), "ContentSecurityPolicy", "one endpoint"},
	{csp("sandbox allow-$NONCE"), "ContentSecurityPolicy", "flag"},
	{csp("img-src *; report-uri csp"), "ContentSecurityPolicy", "URL"},
	{csp("img-src *; report-uri /a%2"), "ContentSecurityPolicy", "URL"},
	{csp("require-trusted-types-for 'style'"), "ContentSecurityPolicy", "'script'"},
	{csp("trusted-types a(b"), "ContentSecurityPolicy", "trusted types"},
	{csp("webrtc 'maybe'"), "ContentSecurityPolicy", "'block'"},
	{csp("default-src 'self' 'unsafe-inline'"), "ContentSecurityPolicy", "every injected script"},
	{csp("default-src 'none'; script-src 'unsafe-inline' 'self'"), "ContentSecurityPolicy", "every injected script"},
	{csp("default-src 'none'; script-src-attr 'unsafe-inline'"), "ContentSecurityPolicy", "every injected script"},
	{csp("script-src *"), "ContentSecurityPolicy", "anybody"},
	{csp("script-src *:*"), "ContentSecurityPolicy", "anybody"},
	{csp("script-src https://*:*"), "ContentSecurityPolicy", "anybody"},
	{csp("script-src *:443"), "ContentSecurityPolicy", "anybody"},
	{csp("script-src HTTPS://*/"), "ContentSecurityPolicy", "anybody"},
	{csp("script-src https://*/js/"), "ContentSecurityPolicy", "anybody"},
	{csp("script-src *.com"), "ContentSecurityPolicy", "anybody"},
	{csp("script-src https://*.com:8443"), "ContentSecurityPolicy", "anybody"},
	{csp("script-src *.co.uk"), "ContentSecurityPolicy", "anybody"},
	{csp("script-src *.ck"), "ContentSecurityPolicy", "anybody"},
	{csp("script-src 'self' https:"), "ContentSecurityPolicy", "anybody"},
	{csp("script-src 'self' data:"), "ContentSecurityPolicy", "anybody"},
	{report("default-src self; report-uri /csp"), "ContentSecurityPolicyReportOnly", "single quotes"},
	{report("default-src 'self'"), "ContentSecurityPolicyReportOnly", "nobody hears"},

	{headers.Config{FrameOptions: "ALLOW-FROM https://a.example"}, "FrameOptions", "ALLOW-FROM"},
	{headers.Config{FrameOptions: "SAMEORIGIN"}, "FrameOptions", "contradicts"}, // API's frame-ancestors 'none'
	{headers.Config{FrameOptions: "DENY\r\n"}, "FrameOptions", "line break"},
	{headers.Config{FrameOptions: "DENY", ContentSecurityPolicy: "frame-ancestors https://a.example"}, "FrameOptions", "contradicts"},
	{headers.Config{FrameOptions: "SAMEORIGIN", ContentSecurityPolicy: "frame-ancestors https://a.example"}, "FrameOptions", "contradicts"},
	{referrer("no-referer"), "ReferrerPolicy", "no value that browsers know"},
	{referrer("No-Referrer"), "ReferrerPolicy", "exact"},
	{referrer("no-referrer,"), "ReferrerPolicy", "no value that browsers know"},
	{cache("no store"), "CacheControl", "no directive"},
	{cache("no-store,"), "CacheControl", "no directive"},
	{cache("max-age"), "CacheControl", "seconds"},
	{cache("max-age=1h"), "CacheControl", "seconds"},
	{cache("max-age: 60"), "CacheControl", "no directive"},
	{cache("private, private"), "CacheControl", "twice"},
	{cache("public, no-store"), "CacheControl", "contradicts"},
	{cache("no-store\x7f"), "CacheControl", "control"},
	{headers.Config{CrossOriginOpenerPolicy: "same-origin same-origin"}, "CrossOriginOpenerPolicy", "more than one value"},
	{headers.Config{CrossOriginOpenerPolicy: "same-origin;"}, "CrossOriginOpenerPolicy", "lower-case letter"},
	{headers.Config{CrossOriginEmbedderPolicy: "Require-Corp"}, "CrossOriginEmbedderPolicy", "exact"},
	{headers.Config{CrossOriginEmbedderPolicy: "require-corp\n"}, "CrossOriginEmbedderPolicy", "line break"},
	{headers.Config{CrossOriginResourcePolicy: "Same-Origin"}, "CrossOriginResourcePolicy", "exact"},
	{headers.Config{CrossOriginResourcePolicy: "same-origin\r"}, "CrossOriginResourcePolicy", "line break"},
	{headers.Config{PermittedCrossDomainPolicies: "'none'"}, "PermittedCrossDomainPolicies", "exact"},
	{headers.Config{DNSPrefetchControl: "false"}, "DNSPrefetchControl", "no value that browsers know"},
	{headers.Config{OriginAgentCluster: "1"}, "OriginAgentCluster", "no value that browsers know"},

	{permissions(" "), "PermissionsPolicy", "no feature"},
	{permissions("camera=()\r\n"), "PermissionsPolicy", "line break"},
	{permissions("camera 'none'; geolocation 'self'"), "PermissionsPolicy", "drop the whole header"},
	{permissions("Camera=()"), "PermissionsPolicy", "lower-case"},
	{permissions("camera"), "PermissionsPolicy", "without a list"},
	{permissions("camera=none"), "PermissionsPolicy", "there is no none"},
	{permissions("camera=(Self)"), "PermissionsPolicy", "letter case"},
	{permissions("camera=(src)"), "PermissionsPolicy", "not self"},
	{permissions("camera=1"), "PermissionsPolicy", "neither self"},
	{permissions("camera=(), camera=(self)"), "PermissionsPolicy", "twice"},
	{permissions("camera=(\"*\")"), "PermissionsPolicy", "has no quotes"},
	{permissions("geolocation=(self https://x.com)"), "PermissionsPolicy", "double quotes"},
	{permissions("camera=(Self self \"https://x.com/\" none)"), "PermissionsPolicy", "letter case"},
	{permissions("camera=(example.com)"), "PermissionsPolicy", "double quotes"},
	{permissions("camera=(\"none\")"), "PermissionsPolicy", "there is no none"},
	{permissions("camera=(\"example.com\")"), "PermissionsPolicy", "no scheme"},
	{permissions("camera=(\"https://a.example/\")"), "PermissionsPolicy", "alone"},
	{permissions("camera=(\"https://a b\")"), "PermissionsPolicy", "no origin"},
	{permissions("camera=(\"https://a..b\")"), "PermissionsPolicy", "its host"},
	{permissions("camera=() geolocation=()"), "PermissionsPolicy", "comma is missing"},
	{permissions("camera=(self \"https://a.example)"), "PermissionsPolicy", "closing quote"},
	{permissions("camera=(self\"https://a.example\")"), "PermissionsPolicy", "space"},
	{permissions("camera=("), "PermissionsPolicy", "parenthesis"},
	{permissions("camera="), "PermissionsPolicy", "value expected"},

	{hosts(""), "AllowedHosts[0]", "empty"},
	{hosts("a.example", "b.example/x"), "AllowedHosts[1]", "path"},
	{hosts("u@a.example"), "AllowedHosts[0]", "userinfo"},
	{hosts("a.*.example"), "AllowedHosts[0]", "wildcard"},
	{hosts("*.*.example"), "AllowedHosts[0]", "wildcard"},
	{hosts("a*.example.com"), "AllowedHosts[0]", "wildcard"},
	{hosts("*."), "AllowedHosts[0]", "empty"},
	{hosts("*.co.uk"), "AllowedHosts[0]", "public suffix"},
	{hosts("*.github.io"), "AllowedHosts[0]", "public suffix"},
	{hosts("*.compute-1.amazonaws.com"), "AllowedHosts[0]", "public suffix"},
	{hosts("*.run.app"), "AllowedHosts[0]", "public suffix"},
	{hosts("https://*.example.com"), "AllowedHosts[0]", "URL"},
	{hosts("https://*.co.uk/"), "AllowedHosts[0]", "URL"},
	{hosts("//a.example"), "AllowedHosts[0]", "path"},
	{hosts("https://127.1"), "AllowedHosts[0]", "URL"},
	{hosts("https://-a.example"), "AllowedHosts[0]", "URL"},
	{hosts("https://u:p@[::1]:8080/x"), "AllowedHosts[0]", "URL"},
	{hosts("https://::1"), "AllowedHosts[0]", "URL"},
	{hosts("^(a|b)\\.example$"), "AllowedHosts[0]", "regular expression"},
	{hosts("*"), "AllowedHosts[0]", "catch-all"},
	{hosts("*.internal"), "AllowedHosts[0]", "public suffix"},
	{hosts("*.10.0.0.1"), "AllowedHosts[0]", "names below"},
	{hosts("a..example"), "AllowedHosts[0]", "not a host"},
	{hosts(strings.Repeat("a", 64) + ".example"), "AllowedHosts[0]", "not a host"},
	{hosts(strings.Repeat("a.", 127) + "example"), "AllowedHosts[0]", "not a host"},
	{hosts("1.2.3.256"), "AllowedHosts[0]", "ends in a number"},
	{hosts("1.2.3"), "AllowedHosts[0]", "ends in a number"},
	{hosts("0x7f.0x1"), "AllowedHosts[0]", "ends in a number"},
	{hosts("::1"), "AllowedHosts[0]", "brackets"},
	{hosts("fe80::1%eth0"), "AllowedHosts[0]", "brackets"},
	{hosts("a.example:"), "AllowedHosts[0]", "port"},
	{hosts("a.example:0"), "AllowedHosts[0]", "port"},
	{hosts("-a.example"), "AllowedHosts[0]", "not a host"},
	{hosts("a-.example"), "AllowedHosts[0]", "not a host"},
	{hosts("[::1"), "AllowedHosts[0]", "not a host"},
	{hosts("[fe80::1%25eth0]"), "AllowedHosts[0]", "not a host"},
	{hosts("[1.2.3.4]"), "AllowedHosts[0]", "not a host"},

	{headers.Config{RedirectHTTPS: true}, "RedirectHTTPS", "whatever host"},
	{redirectTo("*.example.com"), "RedirectHost", "wildcard"},
	{redirectTo("https://a.example"), "RedirectHost", "URL"},
	{redirectTo("*"), "RedirectHost", "wildcard"},
	{redirectTo("https://*.example.com"), "RedirectHost", "URL"},
	{redirectTo("https://localhost:8443/"), "RedirectHost", "URL"},
	{redirectTo("(www|app).example.com"), "RedirectHost", "regular expression"},
	{redirectTo("a.example:x"), "RedirectHost", "port"},
	{exempt("healthz"), "RedirectExempt[0]", "slash"},
	{exempt("/a", ""), "RedirectExempt[1]", "slash"},
	{exempt("/"), "RedirectExempt[0]", "every path"},
	{exempt("/a/*"), "RedirectExempt[0]", "plain path"},
	{exempt("/a?b"), "RedirectExempt[0]", "plain path"},
	{exempt("/a/../b"), "RedirectExempt[0]", "segments"},
	{exempt("//"), "RedirectExempt[0]", "segments"},
	{exempt("/."), "RedirectExempt[0]", "segments"},
	{exempt("/.."), "RedirectExempt[0]", "segments"},
	{exempt("/a//b/"), "RedirectExempt[0]", "segments"},
}

func TestNewRefuses(t *testing.T) {
	for _, c := range refused {
		_, err := headers.New(c.cfg)
		e, ok := errors.AsType[*headers.ConfigError](err)
		if !ok {
			t.Errorf("accepted; want %s: %s\n%+v", c.field, c.reason, c.cfg)
			continue
		}
		if e.Package != "headers" || e.Field != c.field || !strings.Contains(e.Reason, c.reason) || e.Fix == "" {
			t.Errorf("got  %v\nwant %s: %s, with a fix", err, c.field, c.reason)
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("more than one problem: %v", err)
		}
		if strings.ContainsAny(err.Error(), "\r\x00\x7f") {
			t.Errorf("control characters in %q", err)
		}
	}
}

func TestNewAccepts(t *testing.T) {
	for _, c := range []headers.Config{
		{}, headers.API(), headers.Web(),
		hsts(headers.HSTS{Off: true}), hsts(headers.HSTS{Forget: true}), hsts(headers.HSTS{MaxAge: time.Minute}),
		csp(headers.Omit),
		csp("default-src 'self';"),
		csp("script-src 'self' https://*.googleapis.com https://*.gstatic.com *.google.com https://*.ggpht.com *.googleusercontent.com blob:"), // Google Maps
		csp("DEFAULT-SRC 'SELF'; Img-Src DATA:"),
		csp("default-src 'self'; style-src 'self' 'unsafe-inline'"),
		csp("default-src 'self'; script-src 'self' 'unsafe-eval'"),
		csp("default-src 'none'; script-src $NONCE 'strict-dynamic' 'unsafe-inline' https: http:"),
		csp("script-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'unsafe-inline'"),
		csp("script-src 'sha256-47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'"),
		csp("default-src 'unsafe-inline' *; script-src 'self'"),
		csp("img-src https://*.example.com:* wss://a.example/x/ http://localhost:8080 a_b.example blob: *"),
		csp("connect-src 'self' https://nonce.example.com http://localhost/nonce"),
		csp("script-src *.example.com https://*.intranet ws://* 'self'; img-src *:* *.com; connect-src 'unsafe-webtransport-hashes' 'self'"),
		csp("default-src 'none'; script-src $NONCE 'strict-dynamic' https://*:*; trusted-types 'none'"),
		csp("sandbox allow-Popups-to-escape-sandbox allow-top-navigation-by-user-activation; worker-src 'self'"),
		csp("img-src https://data.example.com https.example.com"),
		csp("sandbox; trusted-types; require-trusted-types-for 'script'; webrtc 'block'"),
		csp("sandbox allow-scripts; trusted-types a b 'allow-duplicates'; report-to main; report-uri https://a.example/x?y=%20"),
		{ContentSecurityPolicy: "script-src 'unsafe-inline' *", DangerouslyAllowUnsafeScripts: true},
		report("script-src 'unsafe-inline'; report-to main"),
		{FrameOptions: "deny"}, {FrameOptions: headers.Omit},
		{FrameOptions: "SAMEORIGIN", ContentSecurityPolicy: "frame-ancestors 'self' https://a.example"},
		{FrameOptions: "SAMEORIGIN", ContentSecurityPolicy: "img-src *"},
		referrer("no-referrer, strict-origin-when-cross-origin"),
		cache("private, max-age=60, stale-while-revalidate=30"), cache(`no-cache="Set-Cookie, X", immutable`),
		{CrossOriginOpenerPolicy: `same-origin; report-to="coop"`, CrossOriginEmbedderPolicy: "unsafe-none"},
		{PermittedCrossDomainPolicies: "none", DNSPrefetchControl: "off", OriginAgentCluster: "?1"},
		permissions(`camera=(self "https://*.example.com");a=?1;b=:aGk=:;c=1.5;d=@12;e=%"f%c3%bc", x.y-z_1=*`),
		hosts("App.Example.COM", "app.example.com.", "app.example.com:8443", "localhost", "*.localhost", "my_service",
			"10.0.0.1", "10.0.0.1:80", "[::1]", "[::1]:8080", "*.example.com", "*.sub.example.co.uk", "xn--rsum-bpad.com"),
		redirectTo("localhost:8443"), redirectTo("[::1]:8443"), redirectTo("[::1]"),
		exempt("/healthz", "/.well-known/acme-challenge/"),
		{RedirectHost: "a.example"}, // may be switched on elsewhere
	} {
		if _, err := headers.New(c); err != nil {
			t.Errorf("%+v\n%v", c, err)
		}
	}
}

func TestNewReportsEveryProblem(t *testing.T) {
	_, err := headers.New(headers.Config{
		HSTS:                      headers.HSTS{Preload: true},
		ContentSecurityPolicy:     "default-src self; scrpt-src 'none'",
		FrameOptions:              "true",
		CrossOriginResourcePolicy: "*",
		AllowedHosts:              []string{"https://a.example", "*"},
		RedirectExempt:            []string{"/"},
	})
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != 9 {
		t.Errorf("want 9 problems: %v", err)
	}
}

// What New was given stays as it was, whatever the caller does with his slices, and Config hands out copies.
func TestConfigIsCopied(t *testing.T) {
	cfg := hosts("a.example")
	cfg.RedirectHTTPS, cfg.RedirectExempt = true, []string{"/x"}
	m := mustNew(t, cfg)
	cfg.AllowedHosts[0], cfg.RedirectExempt[0] = "evil.example", "/"
	got := m.Config()
	got.AllowedHosts[0] = "evil.example"
	got = m.Config()
	if !slices.Equal(got.AllowedHosts, []string{"a.example"}) || !slices.Equal(got.RedirectExempt, []string{"/x"}) || !got.RedirectHTTPS {
		t.Errorf("%+v", got)
	}
	if got.ContentSecurityPolicy != "" {
		t.Error("Config is not what New was given")
	}
	var none *headers.Middleware
	if c := none.Config(); c.AllowedHosts != nil {
		t.Error(c)
	}
}

// A profile is what empty fields mean.
func TestZeroIsAPI(t *testing.T) {
	a, b := sent(t, headers.Config{}), sent(t, headers.API())
	if len(a) != 7 || len(a) != len(b) {
		t.Fatalf("%v\n%v", a, b)
	}
	for name := range a {
		if a.Get(name) != b.Get(name) {
			t.Errorf("%s: %q and %q", name, a.Get(name), b.Get(name))
		}
	}
}
