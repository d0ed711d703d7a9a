package verify

import (
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	refHeaders = "https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html"
	outermost  = "Set it in a layer outside of everything that answers: limiter, CORS, authentication, error pages."
)

func headerChecks() []Check {
	return []Check{
		{ID: "hdr-nosniff", Title: "every answer says X-Content-Type-Options: nosniff, once",
			Why:  "A browser that guesses types runs an uploaded text as a script. http.Error sets the header by itself, so looking at one error proves nothing.",
			Hint: outermost, Ref: "https://fetch.spec.whatwg.org/#x-content-type-options-header", Run: checkNosniff},
		{ID: "hdr-frame", Title: "no answer can be put into a frame of another site",
			Why:  "A page in an invisible frame collects clicks that the user meant for something else.",
			Hint: "Send Content-Security-Policy: frame-ancestors 'none' or X-Frame-Options: DENY. " + outermost,
			Ref:  "https://www.w3.org/TR/CSP3/#directive-frame-ancestors", Run: checkFrame},
		{ID: "hdr-referrer", Title: "every answer has a Referrer-Policy that keeps paths from other sites",
			Why:  "Tokens and names in paths travel to every site that a page links to.",
			Hint: "Send Referrer-Policy: no-referrer, or strict-origin-when-cross-origin for pages. " + outermost,
			Ref:  "https://www.w3.org/TR/referrer-policy/", Run: checkReferrer},
		{ID: "hdr-hsts", Title: "over https every answer says Strict-Transport-Security for half a year or more, over http none does",
			Why:  "Without it the first request of each visit goes over http, where whoever is in between answers it.",
			Hint: "Send Strict-Transport-Security: max-age=63072000; includeSubDomains on every https answer, one value.",
			Ref:  "https://www.rfc-editor.org/rfc/rfc6797", Run: checkHSTS},
		{ID: "hdr-csp", Title: "an enforced Content-Security-Policy lets no injected script run",
			Why:  "It is what remains when some page forgets to escape. An API needs one as well: its errors are opened in browsers too.",
			Hint: "API: default-src 'none'; frame-ancestors 'none'. Pages: default-src 'self'; object-src 'none'; base-uri 'none', nonces instead of 'unsafe-inline'.",
			Ref:  "https://www.w3.org/TR/CSP3/", Run: checkCSP},
		{ID: "hdr-leak", Title: "no answer tells which software in which version it comes from",
			Why:  "A scanner that reads a version knows which hole to try.",
			Hint: "Remove Server, X-Powered-By and the like, also in the proxy.", Ref: refHeaders, Run: checkSoftware},
		{ID: "cookie-flags", Title: "every cookie is Secure, HttpOnly, and Lax or Strict",
			Why:  "A cookie without these goes over http, to scripts, and along with requests that other sites make.",
			Hint: "Set Secure, HttpOnly and SameSite on every http.Cookie; give it the name prefix __Host-.",
			Ref:  "https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis", Run: checkCookies},
		{ID: "auth-cache", Title: "answers to somebody who is logged in are not kept in shared caches",
			Why:  "A proxy that keeps the answer gives it to the next one who asks.",
			Hint: "Send Cache-Control: no-store, or private, on everything that depends on who asks.",
			Ref:  "https://www.rfc-editor.org/rfc/rfc9111#section-3.5", Run: checkAuthCache},
	}
}

// checkNosniff takes no single answer for all: http.Error sets the header, and so do many 404 pages.
func checkNosniff(p *Probe) {
	p.each(func(res *Response) string {
		return exactly(res, "X-Content-Type-Options", func(v string) bool { return strings.EqualFold(v, "nosniff") })
	})
}

// exactly wants a header once, with a good value.
func exactly(res *Response, name string, good func(string) bool) (wrong string) {
	switch v, n := res.one(name); {
	case n == 0:
		return "no " + name
	case n > 1:
		return fmt.Sprintf("%s %d times", name, n)
	case !good(strings.TrimSpace(v)):
		return fmt.Sprintf("%s: %s", name, clip(v, 80))
	}
	return ""
}

// checkFrame accepts either header. Where both are there a browser goes by frame-ancestors (CSP3 section 6.4.2), so an
// open one is not mended by X-Frame-Options, but another policy may still close it.
func checkFrame(p *Probe) {
	p.each(func(res *Response) string {
		open := ""
		for _, policy := range policies(res) {
			if sources, ok := policy["frame-ancestors"]; ok {
				if !slices.ContainsFunc(sources, openSource) {
					return ""
				}
				open = "frame-ancestors " + clip(strings.Join(sources, " "), 60)
			}
		}
		if open != "" {
			return open
		}
		return exactly(res, "X-Frame-Options", func(v string) bool {
			return strings.EqualFold(v, "DENY") || strings.EqualFold(v, "SAMEORIGIN")
		})
	})
}

// openSource is a source that means any site.
func openSource(s string) bool { return s == "*" || s == "http:" || s == "https:" }

// checkReferrer reads a list as a browser does: the last policy that it knows counts.
func checkReferrer(p *Probe) {
	good := []string{"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
	p.each(func(res *Response) string {
		return exactly(res, "Referrer-Policy", func(v string) bool {
			list := strings.Split(strings.ToLower(v), ",") // a browser takes the last that it knows
			return slices.Contains(good, strings.TrimSpace(list[len(list)-1]))
		})
	})
}

// checkHSTS wants one value: with two, browsers take the first, and a proxy's may be the shorter one.
func checkHSTS(p *Probe) {
	if !p.https() {
		p.Skip("https is not declared (HTTPS)")
	}
	if net.ParseIP(strings.Trim(p.host(), "[]")) != nil {
		p.Skip("browsers keep no HSTS for an IP address (RFC 6797 section 8.1.1)")
	}
	const halfYear = 15552000 // what the Mozilla Observatory asks for
	p.each(func(res *Response) string {
		return exactly(res, "Strict-Transport-Security", func(v string) bool {
			for d := range strings.SplitSeq(strings.ToLower(v), ";") {
				if age, ok := strings.CutPrefix(strings.TrimSpace(d), "max-age="); ok {
					n, err := strconv.Atoi(strings.Trim(age, `"`))
					return err == nil && n >= halfYear
				}
			}
			return false
		})
	})
	if res, err := p.Try(Request{Plain: true}); err == nil {
		if _, n := res.one("Strict-Transport-Security"); n > 0 {
			p.Warn("Strict-Transport-Security over http, where browsers must ignore it: the layer does not see whether it is on https")
		}
	}
}

var versioned = regexp.MustCompile(`(?i)/v?\d|\d+\.\d+`)

// checkSoftware minds versions, not names: "Server: Caddy" tells nothing that an attacker needs.
func checkSoftware(p *Probe) {
	p.each(func(res *Response) string {
		for _, name := range []string{"X-Powered-By", "X-AspNet-Version", "X-AspNetMvc-Version", "X-Runtime", "X-Generator", "X-Debug-Token"} {
			if v, n := res.one(name); n > 0 {
				return fmt.Sprintf("%s: %s", name, clip(v, 60))
			}
		}
		if v, _ := res.one("Server"); versioned.MatchString(v) {
			return "Server: " + clip(v, 60)
		}
		return ""
	})
}

// checkCookies looks at all answers that it can provoke, log-in and tokens too; deletions do not count.
func checkCookies(p *Probe) {
	answers := p.samples()
	if p.cfg.Login != nil {
		answers = append(answers, p.Do(p.cfg.Login.Call.request("gambeson-verify")))
	}
	for _, call := range p.cfg.Secrets {
		answers = append(answers, p.Do(call.request("")))
	}
	seen := map[string]bool{}
	for _, res := range answers {
		for _, c := range (&http.Response{Header: res.Header}).Cookies() {
			if seen[c.Name] || c.MaxAge < 0 {
				continue
			}
			seen[c.Name] = true
			var lacks []string
			if !c.Secure {
				lacks = append(lacks, "Secure")
			}
			if !c.HttpOnly {
				lacks = append(lacks, "HttpOnly")
			}
			if c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode {
				lacks = append(lacks, "SameSite=Lax or Strict")
			}
			if len(lacks) > 0 {
				p.Fail("cookie %s lacks %s: %s", clip(c.Name, 40), strings.Join(lacks, ", "), sampleName(res))
			}
		}
	}
	if len(seen) == 0 {
		p.Skip("no answer sets a cookie")
	}
}

// checkAuthCache judges only what the credential opens: an error page may be cached as it likes.
func checkAuthCache(p *Probe) {
	a := p.cfg.Auth
	if a == nil || len(a.Credential) == 0 {
		p.Skip("no credential is declared (Auth.Credential)")
	}
	judged := 0
	for _, route := range a.Routes {
		if route.method() != http.MethodGet {
			continue
		}
		res := p.Do(route.request("").withAll(a.Credential))
		if !res.ok() {
			continue
		}
		judged++
		v := strings.ToLower(strings.Join(res.Header.Values("Cache-Control"), ","))
		if !strings.Contains(v, "no-store") && !strings.Contains(v, "private") {
			p.Fail("%s with a credential: Cache-Control is %q", res, clip(v, 80))
		}
	}
	if judged == 0 {
		p.Skip("no declared route answers GET with 2xx to the credential")
	}
}
