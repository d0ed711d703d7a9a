package headers

import (
	"slices"
	"time"

	"github.com/gambeson-go/gambeson/clientip"
	"github.com/gambeson-go/gambeson/internal/conf"
)

// ConfigError is one problem of a Config.
type ConfigError = conf.Error

// Omit as the value of a header leaves it out. X-Content-Type-Options cannot be left out;
// [HSTS] has Off.
const Omit = "omit"

// Config configures a [Middleware]. The zero Config is [API]: the strictest set, for servers
// without pages, any host. An empty header field takes API's value; [Omit] leaves the header
// out.
type Config struct {
	// HSTS is Strict-Transport-Security. It is sent over https only.
	HSTS HSTS

	// ContentSecurityPolicy is one policy (CSP level 3). $NONCE in script-src or style-src
	// becomes 'nonce-…', a fresh one for each request, which [Nonce] gives to templates.
	ContentSecurityPolicy string

	// ContentSecurityPolicyReportOnly is a policy to try out. It needs report-to or
	// report-uri, or it does nothing.
	ContentSecurityPolicyReportOnly string

	// FrameOptions is DENY or SAMEORIGIN. Empty: DENY where ContentSecurityPolicy has no
	// frame-ancestors, else left out.
	FrameOptions string

	// ReferrerPolicy is one of the eight policies, or several with commas, of which a browser
	// takes the last it knows.
	ReferrerPolicy string

	// PermissionsPolicy is a structured-field dictionary (RFC 9651): camera=(),
	// geolocation=(self "https://maps.example.com").
	PermissionsPolicy string

	// CacheControl is for responses whose handler says nothing of caching (RFC 9111 section
	// 5.2).
	CacheControl string

	// CrossOriginOpenerPolicy: same-origin, same-origin-allow-popups (for logins in a popup),
	// noopener-allow-popups or unsafe-none.
	CrossOriginOpenerPolicy string

	// CrossOriginEmbedderPolicy: require-corp or credentialless, for cross-origin isolation;
	// blocks third-party images and frames that do not take part. Left out by both profiles.
	CrossOriginEmbedderPolicy string

	// CrossOriginResourcePolicy: same-origin, same-site, or cross-origin for public assets. It
	// does not touch CORS requests.
	CrossOriginResourcePolicy string

	// PermittedCrossDomainPolicies is X-Permitted-Cross-Domain-Policies, which old PDF readers
	// ask: none, usually.
	PermittedCrossDomainPolicies string

	// DNSPrefetchControl is X-DNS-Prefetch-Control: on or off.
	DNSPrefetchControl string

	// OriginAgentCluster: ?1 asks for a process of the origin's own, ?0 declines.
	OriginAgentCluster string

	// RedirectHTTPS answers http with 301 to GET and HEAD and 308 to the rest, to the same
	// host and path over https. It needs AllowedHosts or RedirectHost: a redirect to whatever
	// host a client names is an open one.
	RedirectHTTPS bool

	// RedirectExempt may stay on http: exact paths ("/healthz"), or prefixes that end in "/"
	// ("/.well-known/acme-challenge/"). They are exempt from the redirect only, not from
	// AllowedHosts.
	RedirectExempt []string

	// RedirectHost is where the redirect goes instead, "www.example.com". It need not be one
	// of AllowedHosts, since another server may answer there; if it is this one, list it, or
	// the redirect ends in 421. For an HSTS preload list the first redirect must stay on the
	// same host: leave it empty then.
	RedirectHost string

	// AllowedHosts are the hosts that this server answers for; any other gets 421. Empty: any.
	// "app.example.com", an IP address ("10.0.0.1", "[::1]"), or "*.example.com" for every
	// name below example.com, however deep, but not example.com itself. Port, trailing dot and
	// letter case of a request do not matter; where hosts are checked, a request without one
	// gets 400. Probes that a platform sends to an IP address get 421 as well: answer them
	// outside of this layer.
	AllowedHosts []string

	// ClientIP decides whether a request came over https through a proxy. nil: TLS on the
	// connection only.
	ClientIP *clientip.Resolver

	// DangerouslyAllowUnsafeScripts takes a ContentSecurityPolicy that lets any inline script,
	// or scripts of any site, run.
	DangerouslyAllowUnsafeScripts bool
}

// HSTS is Strict-Transport-Security (RFC 6797). The zero HSTS is two years with subdomains,
// without preload.
type HSTS struct {
	MaxAge            time.Duration // how long a browser insists on https, in whole seconds
	IncludeSubDomains bool          // for every host below this one too
	Preload           bool          // consent to the browsers' built-in lists; takes months to undo; needs a year and IncludeSubDomains
	Off               bool          // no header; browsers that saw one keep to it
	Forget            bool          // max-age=0: browsers forget, section 6.1.1
}

const year = 365 * 24 * time.Hour

// API is the profile for servers that answer programs: nothing may load, frame, cache or keep
// what they send. It sends no X-Frame-Options, Permissions-Policy and COEP, which mean nothing
// without a page.
func API() Config {
	return Config{
		HSTS:                            HSTS{MaxAge: 2 * year, IncludeSubDomains: true},
		ContentSecurityPolicy:           "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		ContentSecurityPolicyReportOnly: Omit,
		ReferrerPolicy:                  "no-referrer",
		PermissionsPolicy:               Omit,
		CacheControl:                    "no-store",
		CrossOriginOpenerPolicy:         "same-origin",
		CrossOriginEmbedderPolicy:       Omit,
		CrossOriginResourcePolicy:       "same-origin",
		PermittedCrossDomainPolicies:    Omit,
		DNSPrefetchControl:              Omit,
		OriginAgentCluster:              Omit,
	}
}

// Web is the profile for pages: what they load comes from their own origin (images also from
// data:), no plugins, no base element, no framing, no powerful features. Caching is left to
// the handler. Inline scripts and styles do not run: give them a nonce (see [Nonce]), or move
// them to files.
func Web() Config {
	c := API()
	c.ContentSecurityPolicy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; " +
		"form-action 'self'; frame-ancestors 'none'; upgrade-insecure-requests"
	c.ReferrerPolicy = "strict-origin-when-cross-origin"
	c.PermissionsPolicy = "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), serial=(), usb=()"
	c.CacheControl = Omit
	return c
}

// filled is c with API's values in its empty fields, and "" where Omit stood. X-Frame-Options
// is the one header that depends on another: whoever writes a policy without frame-ancestors
// must not lose the protection against framing by it.
func (c Config) filled() Config {
	strict := API()
	from, to := strict.values(), c.values()
	for i, v := range to {
		if *v == "" {
			*v = *from[i]
		}
		if *v == Omit {
			*v = ""
		}
	}
	switch {
	case c.FrameOptions == Omit:
		c.FrameOptions = ""
	case c.FrameOptions == "" && !hasDirective(c.ContentSecurityPolicy, "frame-ancestors"):
		c.FrameOptions = "DENY"
	}
	if c.HSTS == (HSTS{}) {
		c.HSTS = strict.HSTS
	}
	return c
}

// values are the header fields whose empty value is API's.
func (c *Config) values() []*string {
	return []*string{
		&c.ContentSecurityPolicy, &c.ContentSecurityPolicyReportOnly, &c.ReferrerPolicy, &c.PermissionsPolicy, &c.CacheControl,
		&c.CrossOriginOpenerPolicy, &c.CrossOriginEmbedderPolicy, &c.CrossOriginResourcePolicy,
		&c.PermittedCrossDomainPolicies, &c.DNSPrefetchControl, &c.OriginAgentCluster,
	}
}

func (c Config) clone() Config {
	c.RedirectExempt = slices.Clone(c.RedirectExempt)
	c.AllowedHosts = slices.Clone(c.AllowedHosts)
	return c
}
