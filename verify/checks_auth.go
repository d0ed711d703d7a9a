package verify

import (
	"bytes"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
)

func authChecks() []Check {
	return []Check{
		{ID: "csrf", Title: "a call that changes something is refused where another site makes it, and let through for the declared origins",
			Why:  "The browser adds the user's cookies to a form that any site sends. CORS does not stop it: it only hides the answer.",
			Hint: "Use http.CrossOriginProtection, and trust the very origins that CORS allows.",
			Ref:  "https://pkg.go.dev/net/http#CrossOriginProtection", Run: checkCSRF},
		{ID: "auth-matrix", Title: "every declared route refuses strangers, made-up tokens, and detours around its path",
			Why:  "One route outside of the protected prefix, one method that was forgotten, one slash more, and there is no protection.",
			Hint: "Let handlers take the identity as an argument, so that they cannot be reached without; authenticate where routes are matched.",
			Ref:  "https://owasp.org/Top10/A01_2021-Broken_Access_Control/", Run: checkAuthMatrix},
		{ID: "compress-secret", Title: "answers with a secret in them are not compressed",
			Why:  "Where the same answer repeats something that the client sent, its compressed length tells the secret letter by letter (BREACH).",
			Hint: "Exempt log-in, token and form answers from compression.", Ref: "https://www.breachattack.com/", Run: checkCompression},
	}
}

// checkCSRF compares with what the service's own page gets: a 401 for both says nothing of other sites, so it fails.
func checkCSRF(p *Probe) {
	if p.cfg.CSRF == nil {
		p.Skip("no call that changes something is declared (CSRF)")
	}
	call := p.cfg.CSRF.request("gambeson-verify")
	scheme := "http"
	if p.https() {
		scheme = "https"
	}
	own := p.cfg.Host
	if p.remote != nil {
		own = p.remote.base.Host
	}
	control := p.Do(call.with("Origin", scheme+"://"+own, "Sec-Fetch-Site", "same-origin"))
	if control.Status == http.StatusForbidden || control.Status >= 500 {
		p.Inconclusive("the service's own page gets %s", control)
	}
	for _, hostile := range [][]string{
		{"Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site", "Cookie", "session=gambeson-verify"},
		{"Origin", "https://evil.test", "Cookie", "session=gambeson-verify"}, // a browser before Sec-Fetch-Site
		{"Origin", "null", "Sec-Fetch-Site", "cross-site"},
		{"Origin", "https://evil." + own, "Sec-Fetch-Site", "same-site"},
	} {
		res := p.Do(call.with(hostile...))
		if res.ok() || res.Status/100 == 5 || res.Status == control.Status || res.Status/100 == 3 {
			p.Fail("%s with %s", res, strings.Join(hostile, " "))
		}
	}
	if p.cfg.CORS == nil {
		return
	}
	for _, origin := range p.cfg.CORS.Origins { // a wildcard is not trusted to change anything
		if res := p.Do(call.with("Origin", origin, "Sec-Fetch-Site", "cross-site")); res.Status == http.StatusForbidden {
			p.Fail("%s from %s, which CORS allows: the two lists do not agree", res, origin)
		}
	}
}

// strangers is credentials that no one may be let in with.
func (a *Auth) strangers() map[string]string {
	b64 := base64.RawURLEncoding.EncodeToString
	list := map[string]string{
		"no credential":      "",
		"garbage":            "Bearer gambeson-verify-garbage",
		"an empty token":     "Bearer ",
		"null":               "Bearer null",
		"alg=none":           "Bearer " + b64([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + b64([]byte(`{"sub":"admin","role":"admin","exp":4102444800}`)) + ".",
		"Basic, no name":     "Basic Og==",
		"a quoted tautology": "Bearer ' OR '1'='1",
	}
	maps.Copy(list, a.Refused)
	return list
}

// checkAuthMatrix takes 401 and 403 for a refusal, and 400 for a credential that is malformed. 404 is none: it would pass
// for a route that is not there.
func checkAuthMatrix(p *Probe) {
	a := p.cfg.Auth
	if a == nil {
		p.Skip("no route that needs an identity is declared (Auth)")
	}
	for _, route := range a.Routes {
		r := route.request("")
		var inside *Response
		if len(a.Credential) > 0 {
			inside = p.Do(r.withAll(a.Credential))
			if refused(inside) {
				p.Fail("%s with the declared credential", inside)
				continue
			}
		}
		strangers := a.strangers()
		for _, name := range slices.Sorted(maps.Keys(strangers)) {
			s := r
			if strangers[name] != "" {
				s = r.with("Authorization", strangers[name])
			}
			res, err := p.Try(s)
			switch {
			case err != nil:
				p.Fail("%s with %s: no answer: %v", r, name, err)
			case !refused(res) && res.Status != http.StatusBadRequest:
				p.Fail("%s with %s, want 401 or 403", res, name)
			case res.Status == http.StatusUnauthorized && res.Header.Get("Www-Authenticate") == "":
				p.Warn("%s without WWW-Authenticate, which RFC 9110 section 11.6.1 asks for", res)
			}
		}
		p.detours(r, inside)
	}
	p.otherMethods(a)
}

func refused(res *Response) bool {
	return res.Status == http.StatusUnauthorized || res.Status == http.StatusForbidden
}

// detours asks for the route under other names and with headers that some frameworks route by. What is served must be
// what the credential is served to count.
func (p *Probe) detours(r Request, inside *Response) {
	if inside == nil || !inside.ok() || len(inside.Body) == 0 || r.Method != http.MethodGet {
		return
	}
	path, query, _ := strings.Cut(r.Path, "?")
	if query != "" {
		query = "?" + query
	}
	var tries []Request
	for _, detour := range []string{path + "/", "/" + path, path + "/.", "/." + path, path + "%2f", path + ";x", path + "%20", strings.ToUpper(path), "/x/.." + path, "/%2e" + path} {
		tries = append(tries, Request{Path: detour + query})
	}
	for _, name := range []string{"X-Original-Url", "X-Rewrite-Url"} {
		tries = append(tries, Request{}.with(name, r.Path))
	}
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "X-Client-Ip"} {
		tries = append(tries, r.with(name, "127.0.0.1"))
	}
	for _, try := range tries {
		if res, err := p.Try(try); err == nil && res.ok() && bytes.Equal(res.Body, inside.Body) {
			p.Fail("%s with %v gives a stranger what %s gives to those it knows", res, try.Header, r)
		}
	}
}

// otherMethods tells of methods of a protected path that let strangers in and are not declared.
func (p *Probe) otherMethods(a *Auth) {
	declared := map[string]bool{}
	for _, r := range a.Routes {
		declared[r.method()+" "+r.Path] = true
	}
	seen := map[string]bool{}
	for _, r := range a.Routes {
		if seen[r.Path] {
			continue
		}
		seen[r.Path] = true
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
			if declared[method+" "+r.Path] {
				continue
			}
			if res, err := p.Try(Request{Method: method, Path: r.Path}); err == nil && res.ok() {
				p.Warn("%s lets strangers in, and is not declared", res)
			}
		}
	}
}

// checkCompression cannot see what an answer repeats of a request; it asks that declared secrets are left uncompressed.
func checkCompression(p *Probe) {
	if len(p.cfg.Secrets) == 0 {
		p.Skip("no answer with a secret is declared (Secrets)")
	}
	for _, call := range p.cfg.Secrets {
		r := call.request("gambeson-verify")
		if control := p.Do(r); !control.ok() {
			p.Inconclusive("%s, want an answer with the secret in it", control)
		}
		res := p.Do(r.with("Accept-Encoding", "gzip, br, zstd, deflate"))
		if v := res.Header.Get("Content-Encoding"); v != "" && v != "identity" {
			p.Fail("%s comes with Content-Encoding: %s", res, clip(v, 40))
		}
	}
}
