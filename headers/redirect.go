package headers

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// redirect is what RedirectHTTPS does with a request over http.
type redirect struct {
	on       bool
	host     string // "" for the host of the request
	exact    map[string]struct{}
	prefixes []string
}

// checkRedirect reads the fields of the redirect. They are checked even while RedirectHTTPS is
// off, so that what is switched on by an environment in production was tried before.
func checkRedirect(p *conf.Problems, cfg Config) redirect {
	d := redirect{on: cfg.RedirectHTTPS, exact: map[string]struct{}{}}
	if cfg.RedirectHTTPS && cfg.RedirectHost == "" && len(cfg.AllowedHosts) == 0 {
		p.Add("RedirectHTTPS", cfg.RedirectHTTPS, "it would redirect to whatever host a client names",
			"set AllowedHosts, or RedirectHost")
	}
	if cfg.RedirectHost != "" {
		h, reason, fix := checkHost(cfg.RedirectHost, false)
		if reason != "" {
			p.Add("RedirectHost", cfg.RedirectHost, reason, fix)
		}
		// A port that was written is meant, as in development; only that of a request is
		// dropped.
		d.host = h.String() + portOf(cfg.RedirectHost)
	}
	for i, e := range cfg.RedirectExempt {
		field := fmt.Sprintf("RedirectExempt[%d]", i)
		switch {
		case !strings.HasPrefix(e, "/"):
			p.Add(field, e, "a path starts with a slash", "write \"/healthz\", or \"/prefix/\"")
		case e == "/":
			p.Add(field, e, "it exempts every path", "leave RedirectHTTPS off, or name the paths")
		case strings.ContainsAny(e, "*?#%") || strings.ContainsFunc(e, isControl):
			p.Add(field, e, "not a plain path: no wildcard, query, fragment or escape is read here",
				"write the decoded path, or a prefix that ends in a slash")
		case !isCleanPath(e):
			p.Add(field, e, "a path with empty or dot segments is never exempt", suggestPath(e))
		case strings.HasSuffix(e, "/"):
			d.prefixes = append(d.prefixes, e)
		default:
			d.exact[e] = struct{}{}
		}
	}
	return d
}

// suggestPath is the fix for a path that is not clean.
func suggestPath(e string) string {
	clean := path.Clean(e)
	if clean == "/" {
		return "name the paths" // that one would exempt all
	}
	if strings.HasSuffix(e, "/") {
		clean += "/"
	}
	return fmt.Sprintf("write %q", clean)
}

// exempts says whether a path may stay on http. One that a mux would clean is not:
// "/.well-known/../admin" ends up at a path that nobody exempted. Nor is one that only other
// servers clean, behind a proxy: "/.well-known/..;/admin", or with a backslash.
func (d *redirect) exempts(p string) bool {
	if _, ok := d.exact[p]; ok {
		return true
	}
	for _, prefix := range d.prefixes {
		if strings.HasPrefix(p, prefix) {
			return isCleanPath(p) && !strings.ContainsAny(p, `\;`)
		}
	}
	return false
}

// isCleanPath takes a path as path.Clean leaves it, with or without a slash at the end.
func isCleanPath(p string) bool {
	clean := path.Clean(p)
	return p == clean || clean != "/" && p == clean+"/"
}

// location is where a request to a host goes. The path is that of the request line where there
// is one: a StripPrefix around this layer has cut r.URL. Scheme, host and the slash after it
// are ours, so that nothing of the request line can become another host: "//evil.tld" stays a
// path, and without a host there is no redirect at all (a request of HTTP/1.0 for /evil.tld
// would become https:///evil.tld, which browsers read as https://evil.tld).
func (d *redirect) location(r *http.Request, h host) string {
	to := d.host
	if to == "" {
		to = h.String()
	}
	u := r.URL
	if strings.HasPrefix(r.RequestURI, "/") {
		if line, err := url.ParseRequestURI(r.RequestURI); err == nil {
			u = line
		}
	}
	target := u.EscapedPath()
	if !strings.HasPrefix(target, "/") {
		target = "/" // OPTIONS * and CONNECT have no path
	}
	if u.RawQuery != "" {
		target += "?" + escapeQuery(u.RawQuery)
	}
	return "https://" + to + target
}

// escapeQuery makes the bytes visible ASCII that a client may not send raw and Go's server
// lets through.
func escapeQuery(q string) string {
	if !strings.ContainsFunc(q, mustEscape) {
		return q
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(q); i++ {
		if c := q[i]; mustEscape(rune(c)) {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// mustEscape are the bytes that a URL has only in escapes, and the number sign, which would
// start a fragment.
func mustEscape(c rune) bool {
	return c <= ' ' || c >= 0x7f || c == '"' || c == '#' || c == '<' || c == '>' || c == '\\' || c == '^' || c == '`'
}

// redirectStatus keeps the method: clients may turn a 301 to POST into GET (RFC 9110 section
// 15.4.2).
func redirectStatus(method string) int {
	if method == http.MethodGet || method == http.MethodHead {
		return http.StatusMovedPermanently
	}
	return http.StatusPermanentRedirect
}
