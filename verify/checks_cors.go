package verify

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	acao     = "Access-Control-Allow-Origin"
	acac     = "Access-Control-Allow-Credentials"
	refFetch = "https://fetch.spec.whatwg.org/#http-cors-protocol"
)

func corsChecks() []Check {
	return []Check{
		{ID: "cors-control", Title: "the declared origins may call, with and without a preflight",
			Why:  "A preflight that meets authentication, a limiter, a redirect or a router that knows no OPTIONS fails, and the browser says only \"CORS error\".",
			Hint: "Answer preflights with 2xx outside of limiter, CSRF protection, authentication and mux.", Ref: refFetch, Run: checkCORSControl},
		{ID: "cors-hostile", Title: "no other origin may call: not null, not http, no look-alike",
			Why:  "A server that echoes whatever origin it is sent lets every site read its answers, with the user's cookies where credentials are allowed.",
			Hint: "Compare origins as a whole, never by prefix, suffix, substring or regular expression; never allow null.",
			Ref:  "https://portswigger.net/web-security/cors", Run: checkCORSHostile},
		{ID: "cors-vary", Title: "Vary names Origin where the answer depends on it",
			Why:  "A cache that keeps the answer for one origin gives it to another: at best an error, at worst a hole.",
			Hint: "Add Vary: Origin to every answer, also to requests without an Origin, unless all get the same header.",
			Ref:  "https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches", Run: checkCORSVary},
		{ID: "cors-errors", Title: "a page can read errors too: 404, 401, 413, 429, 500",
			Why:  "Without the header the browser hides the answer, and the page cannot tell \"slow down\" from \"the server is gone\".",
			Hint: "Put the CORS layer outside of everything that answers by itself: limiter, CSRF protection, authentication, recovery.",
			Ref:  refFetch, Run: checkCORSErrors},
		{ID: "cors-stack", Title: "a handler behind the layer cannot loosen what it decided", Where: InProcess,
			Why:  "One forgotten line of an old handler, or a second CORS library, opens the route to every site.",
			Hint: "Let the CORS layer own the headers: drop or overwrite what handlers set when the header is written.",
			Ref:  refFetch, Run: checkCORSStack},
	}
}

// preflight asks whether an origin may make the declared call.
func (p *Probe) preflight(origin string) Request {
	c := p.cfg.CORS
	r := Request{Method: http.MethodOptions, Path: c.Path}.with("Origin", origin, "Access-Control-Request-Method", c.Method)
	if c.Header != "" {
		r = r.with("Access-Control-Request-Headers", strings.ToLower(c.Header))
	}
	return r
}

func (p *Probe) needCORS() *CORS {
	if p.cfg.CORS == nil {
		p.Skip("who may call from a browser is not declared (CORS)")
	}
	return p.cfg.CORS
}

// named is the declared origins, and one for each wildcard.
func (c *CORS) named() []string {
	list := slices.Clone(c.Origins)
	for _, w := range c.Wildcards {
		list = append(list, strings.Replace(w, "*", "gambeson-verify", 1))
	}
	return list
}

// allows tells whether an origin is declared.
func (c *CORS) allows(origin string) bool {
	return slices.Contains(c.Origins, origin) || slices.ContainsFunc(c.Wildcards, func(w string) bool {
		scheme, suffix, _ := strings.Cut(w, "*")
		return strings.HasPrefix(origin, scheme) && strings.HasSuffix(origin, suffix)
	})
}

// allowed is the origin of the controls.
func (c *CORS) allowed() string {
	if list := c.named(); len(list) > 0 {
		return list[0]
	}
	return "https://anyone.example"
}

// admits tells whether an answer lets an origin read it.
func admits(res *Response, origin string) bool {
	v, n := res.one(acao)
	return n == 1 && (v == origin || v == "*")
}

// checkCORSControl is what a browser of the declared origin does. The other CORS checks count only where it holds.
func checkCORSControl(p *Probe) {
	c := p.needCORS()
	origins := c.named()
	if c.AnyOrigin {
		origins = append(origins, "https://anyone.example")
	}
	for _, origin := range origins {
		if res := p.Do(Request{Path: c.Path}.with("Origin", origin)); !admits(res, origin) {
			p.Fail("%s from %s: %s is %q", res, origin, acao, clip(strings.Join(res.Header.Values(acao), ", "), 80))
		} else if c.Credentials && (res.Header.Get(acac) != "true" || res.Header.Get(acao) == "*") {
			p.Fail("%s from %s: credentials are declared, and not allowed", res, origin)
		}
		res := p.Do(p.preflight(origin))
		switch {
		case !res.ok():
			p.Fail("preflight from %s: %d, want 2xx", origin, res.Status)
		case !admits(res, origin):
			p.Fail("preflight from %s: %s is %q", origin, acao, clip(strings.Join(res.Header.Values(acao), ", "), 80))
		case !listed(res, "Access-Control-Allow-Methods", c.Method) && !safelisted(c.Method):
			p.Fail("preflight from %s does not allow %s", origin, c.Method)
		case c.Header != "" && !listed(res, "Access-Control-Allow-Headers", c.Header):
			p.Fail("preflight from %s does not allow the header %s", origin, c.Header)
		}
	}
}

func safelisted(method string) bool { return method == "GET" || method == "HEAD" || method == "POST" }

// listed tells whether a comma-separated header has a word or "*".
func listed(res *Response, name, word string) bool {
	for _, line := range res.Header.Values(name) {
		for v := range strings.SplitSeq(line, ",") {
			if v = strings.TrimSpace(v); strings.EqualFold(v, word) || v == "*" {
				return true
			}
		}
	}
	return false
}

// hostile is origins that are not declared, near the declared ones: what matching by prefix, suffix, substring, regular
// expression or without the scheme would let in. Origins with a path are not among them: no browser sends one.
func (c *CORS) hostile() []string {
	list := []string{"null", "https://evil.test"}
	for _, origin := range c.named() {
		u, err := url.Parse(origin)
		if err != nil {
			continue
		}
		host, scheme := u.Host, u.Scheme+"://"
		other := "http://"
		if scheme == other {
			other = "https://"
		}
		list = append(list,
			scheme+host+".evil.test", // prefix
			scheme+"evil"+host,       // suffix
			scheme+"evil-"+host,
			scheme+"gambeson-verify."+host, // subdomain
			scheme+strings.Replace(host, ".", "x", 1),
			scheme+u.Hostname()+":8443",
			scheme+host+".",
			scheme+host+"x",
			scheme+host+"`.evil.test",
			scheme+"evil.test."+host+".evil.test", // substring
			other+host)
	}
	return slices.DeleteFunc(list, c.allows)
}

// checkCORSHostile compares with the origin that was sent and with "*": a constant that names the one allowed origin
// admits nobody else, and an origin in other letters is one that no browser sends.
func checkCORSHostile(p *Probe) {
	c := p.needCORS()
	if c.AnyOrigin {
		if res := p.Do(Request{Path: c.Path}.with("Origin", "https://evil.test")); res.Header.Get(acac) == "true" {
			p.Fail("any origin may call with credentials")
		}
		return
	}
	if control := p.Do(Request{Path: c.Path}.with("Origin", c.allowed())); !admits(control, c.allowed()) {
		p.Inconclusive("the declared origin %s may not call either, so a refusal says nothing", c.allowed())
	}
	for _, origin := range c.hostile() {
		for _, r := range []Request{Request{Path: c.Path}.with("Origin", origin), p.preflight(origin)} {
			res := p.Do(r)
			values := res.Header.Values(acao)
			switch {
			case len(values) > 1:
				p.Fail("%s: %s %d times", res, acao, len(values))
			case len(values) == 1 && (values[0] == origin || values[0] == "*"):
				p.Fail("%s lets %s in: %s: %s", r.Method, clip(origin, 80), acao, clip(values[0], 80))
			}
		}
	}
}

// checkCORSVary minds the answer without an Origin too: it is the one that a cache keeps and hands to a page.
func checkCORSVary(p *Probe) {
	c := p.needCORS()
	with := p.Do(Request{Path: c.Path}.with("Origin", c.allowed()))
	without := p.Do(Request{Path: c.Path})
	if !admits(with, c.allowed()) {
		p.Inconclusive("the declared origin may not call")
	}
	if v := with.Header.Get(acao); v == "*" || v == without.Header.Get(acao) {
		return // the same for everybody
	}
	for _, res := range []*Response{with, without} {
		if !listed(res, "Vary", "Origin") {
			p.Fail("%s (Origin: %q) has no Vary: Origin, although %s depends on it", res, res.request.Header["Origin"], acao)
		}
	}
}

// checkCORSErrors looks at 429 and 500 in process only: a URL is neither made to panic nor exhausted for it.
func checkCORSErrors(p *Probe) {
	c := p.needCORS()
	origin := c.allowed()
	if control := p.Do(Request{Path: c.Path}.with("Origin", origin)); !admits(control, origin) {
		p.Inconclusive("the declared origin may not call at all")
	}
	requests := []Request{{Path: p.missingPath()}}
	// Only what the origin may call at all: some CORS layers give nothing to other methods.
	if p.cfg.Auth != nil {
		for _, route := range p.cfg.Auth.Routes {
			if m := route.method(); safelisted(m) || m == c.Method {
				requests = append(requests, route.request(""))
			}
		}
	}
	if b := p.cfg.Body; b != nil && admits(p.Do(b.Call.request("").with("Origin", origin)), origin) {
		requests = append(requests, b.tooLarge(false))
	}
	if p.local != nil && p.local.inner != nil {
		requests = append(requests, p.inner("panic"))
	}
	for _, r := range requests {
		if res, err := p.Try(r.with("Origin", origin)); err == nil && res.Status >= 400 && !admits(res, origin) {
			p.Fail("%s from %s has no %s", res, origin, acao)
		}
	}
	if p.local != nil && p.cfg.Rate != nil {
		res, _ := p.burst(Request{Path: p.cfg.Rate.Path, From: "192.0.2.77"}.with("Origin", origin), p.cfg.Rate.most())
		if res.Status == http.StatusTooManyRequests && !admits(res, origin) {
			p.Fail("%s from %s has no %s", res, origin, acao)
		}
	}
}

// checkCORSStack asks for a handler that echoes whatever origin it is sent, as a forgotten one would.
func checkCORSStack(p *Probe) {
	c := p.needCORS()
	if c.AnyOrigin {
		p.Skip("any origin is declared to be allowed")
	}
	p.innerWorks()
	if control := p.Do(p.inner("cors").with("Origin", c.allowed())); !admits(control, c.allowed()) {
		p.Inconclusive("the declared origin may not call")
	}
	const evil = "https://evil.test"
	res := p.Do(p.inner("cors").with("Origin", evil))
	if v := res.Header.Values(acao); slices.Contains(v, evil) || slices.Contains(v, "*") {
		p.Fail("a handler that sets %s itself lets %s in", acao, evil)
	}
}
