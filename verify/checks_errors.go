package verify

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

func errorChecks() []Check {
	return []Check{
		{ID: "err-opaque", Title: "no error tells how the service is made",
			Why:  "Stack traces, file names and the words of a database tell an attacker what to try next.",
			Hint: "Answer errors with fixed texts and a request id; write the rest into the log.",
			Ref:  "https://cwe.mitre.org/data/definitions/209.html", Run: checkOpaque},
		{ID: "hostile-input", Title: "no input makes the service answer 5xx or drop the connection",
			Why:  "A 500 that a client can cause is a bug that somebody else has found first, and fills the log and the pager.",
			Hint: "Check what comes in before it reaches database, decoder or file system, and answer 400.",
			Ref:  "https://cwe.mitre.org/data/definitions/20.html", Run: checkHostileInput},
		{ID: "sqli", Title: "no input is read as a part of a query",
			Why:  "A quote that ends the string lets the client write the rest of the statement.",
			Hint: "Pass values as parameters of the query, never as a part of its text.",
			Ref:  "https://owasp.org/www-community/attacks/SQL_Injection", Run: checkSQL},
		{ID: "open-redirect", Title: "no redirect leads to a site that the client named",
			Why:  "A link to the trusted name that ends on the attacker's page is what phishing needs, and OAuth codes travel along.",
			Hint: "Accept paths only: one slash at the start, no second slash or backslash, parsed by net/url with empty Host and Scheme.",
			Ref:  "https://cwe.mitre.org/data/definitions/601.html", Run: checkOpenRedirect},
		{ID: "body-limit", Title: "a body beyond the limit is answered 413, declared or chunked, and the connection is closed",
			Why:  "Memory and time that a client may use without end are the cheapest way to take a service down.",
			Hint: "Use http.MaxBytesReader with the server's own ResponseWriter, outside of every wrapper, and answer *http.MaxBytesError with 413.",
			Ref:  "https://pkg.go.dev/net/http#MaxBytesReader", Run: checkBodyLimit},
		{ID: "trace-off", Title: "TRACE does not repeat the request",
			Why:  "It shows a script headers that it may not read, such as cookies.",
			Hint: "Refuse TRACE with 405, also in the proxy.", Ref: "https://www.rfc-editor.org/rfc/rfc9110#section-9.3.8", Run: checkTrace},
	}
}

// tellTales is what an error must not say. Each is specific enough for no page to have it by chance.
var tellTales = regexp.MustCompile(`(?i)goroutine \d+ \[|[a-z_]\.go:\d+|runtime error:|panic: |SQLSTATE|sqlite3?[:._]|\bpq: |\bpgx\b|near "[^"]*": syntax error|syntax error at or near|` +
	`You have an error in your SQL syntax|ORA-\d{5}|unterminated quoted string|Traceback \(most recent call last\)|\bat [\w.$]+\([\w]+\.java:\d+\)|no such table|dial tcp |/(?:home|root|usr|app|src)/[\w./-]+\.(?:go|py|rb|js|ts|php|java|cs):\d|gorm\.io`)

// checkOpaque looks at error answers only: a page may well quote Go code.
func checkOpaque(p *Probe) {
	answers := p.samples()
	for _, try := range p.tryMalformed() {
		if try.err == nil {
			answers = append(answers, try.res)
		}
	}
	for _, res := range answers {
		if res.Status < 400 {
			continue
		}
		if found := tellTales.Find(res.Body); found != nil {
			p.Fail("%s says %s", res, clip(string(found), 60))
		}
	}
}

// malformed is requests that a sound service refuses with 4xx, or answers if they mean nothing to it.
func (p *Probe) malformed() []Request {
	list := []Request{
		{Path: "/%00"}, {Path: "/%ff%fe"}, {Path: "/'%20OR%20'1'='1"}, {Path: "/..%2f..%2f..%2fetc%2fpasswd"}, {Path: "/%2e%2e/%2e%2e/etc/passwd"},
		{Path: p.cfg.Public + query(p.cfg.Public) + "%zz=%&;=&a[]=1&a[b]=2"}, {Path: "/" + strings.Repeat("a", 8<<10)}, {Path: "/" + strings.Repeat("a/", 2<<10)},
		Request{}.with("Cookie", "=;;;=\"; a=b; session=%00"), Request{}.with("Authorization", "Basic !!!"), Request{}.with("Authorization", "Bearer \xff\xfe"),
		Request{}.with("Accept", "*/*;q=9,,;;text"), Request{}.with("Range", "bytes=9-1,-,0-0,5-"), Request{}.with("If-Modified-Since", "never"),
		Request{}.with("Accept-Language", strings.Repeat("x-", 2000)), {Method: "GAMBESON"},
	}
	for _, call := range p.bodies() {
		list = append(list, call.body("{"), call.body("[]"), call.body("null"), call.body(`{"a":`+strings.Repeat("[", 2000)),
			call.body("\x00\xff\xfe"), call.body(`{"a":1e999999}`), call.body(`{"\ud800":"\ud800"}`), call.body("{}{}"),
			call.with("Content-Type", "text/\x7f; ="), call.with("Content-Type", "multipart/form-data"), call.with("Content-Encoding", "gzip"))
	}
	return list
}

// attempt is a request that was made, and what became of it.
type attempt struct {
	req Request
	res *Response
	err error
}

// tryMalformed sends them; a URL is asked once for all checks.
func (p *Probe) tryMalformed() (list []attempt) {
	if p.remote != nil && p.remote.malformed != nil {
		p.answered++
		return p.remote.malformed
	}
	for _, r := range p.malformed() {
		res, err := p.Try(r)
		list = append(list, attempt{r, res, err})
	}
	if p.remote != nil {
		p.remote.malformed = list
	}
	return list
}

func query(path string) string {
	if strings.Contains(path, "?") {
		return "&"
	}
	return "?"
}

func (r Request) body(s string) Request { r.Body = s; return r }

// bodies is the declared calls that have a body.
func (p *Probe) bodies() (list []Request) {
	for _, call := range p.declared() {
		if r := call.request("gambeson-verify"); r.Body != "" {
			list = append(list, r)
		}
	}
	return list
}

func (p *Probe) declared() []Call {
	list := slices.Clone(p.cfg.Inputs)
	if p.cfg.CSRF != nil {
		list = append(list, *p.cfg.CSRF)
	}
	if p.cfg.Body != nil {
		list = append(list, p.cfg.Body.Call)
	}
	return list
}

// checkHostileInput lets any 4xx pass, and 501 for a method that nobody knows. In process a dropped connection is a panic
// that nobody recovered.
func checkHostileInput(p *Probe) {
	tries := p.tryMalformed()
	for _, in := range p.cfg.Inputs {
		for _, v := range []string{"\x00", "\xff", strings.Repeat("A", 4<<10), "'\"`;--<>${}{{7*7}}%n%s", "-1", "99999999999999999999", "1e999", "../../x", "\u202e\u0000", "[]", "nil"} {
			r := in.request(v)
			res, err := p.Try(r)
			tries = append(tries, attempt{r, res, err})
		}
	}
	for _, try := range tries {
		switch {
		case try.err != nil && p.local != nil:
			p.Fail("%s: the connection is dropped", p.fill(try.req))
		case try.err == nil && try.res.Status >= 500 && try.res.Status != http.StatusNotImplemented:
			p.Fail("%s", try.res)
		}
	}
}

// checkSQL is a smoke test: error texts, 5xx, and a condition whose truth changes the answer. It writes nothing into the
// data but what the declared calls write.
func checkSQL(p *Probe) {
	if len(p.cfg.Inputs) == 0 {
		p.Skip("no input is declared (Inputs)")
	}
	for _, in := range p.cfg.Inputs {
		name := "gv" + random(8)
		control := p.Do(in.request(name))
		if control.Status >= 500 {
			p.Inconclusive("%s with a harmless value", control)
		}
		for _, v := range []string{"'", `"`, `\`, "')", "' OR '1'='1", "'; SELECT 1--", "1 OR 1=1"} {
			res, err := p.Try(in.request(name + v))
			if err != nil {
				p.Fail("%s with %s: no answer: %v", in.Path, v, err)
			} else if found := tellTales.Find(res.Body); found != nil {
				p.Fail("%s with %s: %s", in.Path, v, clip(string(found), 60))
			} else if res.Status >= 500 {
				p.Fail("%s with %s: %d", in.Path, v, res.Status)
			}
		}
		// A condition that is true and one that is false: an answer that depends on it was computed from it.
		for _, quote := range []string{"'", `"`} {
			yes, no := name+quote+" OR "+quote+"1"+quote+"="+quote+"1", name+quote+" OR "+quote+"1"+quote+"="+quote+"2"
			a, b, again := p.outcome(in, yes), p.outcome(in, no), p.outcome(in, yes)
			if bytes.Equal(a, again) && !bytes.Equal(a, b) {
				p.Fail("%s: the answer depends on whether a condition in the input is true (%s)", in.Path, yes)
			}
		}
	}
}

// outcome is an answer without the input that it may repeat.
func (p *Probe) outcome(in Call, value string) []byte {
	res := p.Do(in.request(value))
	out := fmt.Appendf(nil, "%d %s", res.Status/100, res.Body)
	for _, form := range []string{value, url.QueryEscape(value), url.PathEscape(value), jsonText(value), strings.NewReplacer("'", "&#39;", `"`, "&#34;").Replace(value)} {
		out = bytes.ReplaceAll(out, []byte(form), []byte("$INPUT"))
	}
	return out
}

// checkOpenRedirect tries paths that routers clean by a redirect of their own, and then the declared parameters.
func checkOpenRedirect(p *Probe) {
	judge := func(r Request, target string) {
		res, err := p.Try(r)
		if err != nil || res.Status/100 != 3 && res.Header.Get("Refresh") == "" {
			return
		}
		_, refresh, _ := strings.Cut(strings.ToLower(res.Header.Get("Refresh")), "url=")
		for _, where := range []string{res.Header.Get("Location"), refresh} {
			if p.leadsAway(where) {
				p.Fail("%s for %s leads to %s", res, clip(target, 60), clip(where, 80))
			}
		}
	}
	for _, path := range []string{"//evil.test/..", "//evil.test/%2e%2e", "/%5cevil.test/..", "//evil.test", "/%2f%2fevil.test/..", "/evil.test//"} {
		judge(Request{Path: path}, path)
	}
	for _, path := range p.cfg.Redirects {
		call := Call{Path: path}
		if control := p.Do(call.request("/gambeson-verify")); control.Status/100 != 3 {
			p.Inconclusive("%s, want a redirect to the path that was given", control)
		}
		host := p.host()
		for _, target := range []string{"https://evil.test", "//evil.test", `/\evil.test`, `\\evil.test`, "https:evil.test", "///evil.test", "/\t/evil.test",
			"https://" + host + "@evil.test", "https://" + host + ".evil.test", "https://evil.test/" + host, "javascript:alert(1)", "\thttps://evil.test", "/%0d%0aLocation:https://evil.test", "data:text/html,x"} {
			judge(call.request(target), target)
		}
	}
	if len(p.cfg.Redirects) == 0 && len(p.findings) == 0 {
		p.Skip("no path leads away by itself; parameters that redirect are not declared (Redirects)")
	}
}

// leadsAway reads a Location as a browser does: backslashes are slashes, tabs and line breaks are not there.
func (p *Probe) leadsAway(location string) bool {
	location = strings.NewReplacer("\\", "/", "\t", "", "\n", "", "\r", "").Replace(strings.TrimSpace(location))
	u, err := url.Parse(location)
	if err != nil {
		return strings.Contains(location, evilHost)
	}
	switch strings.ToLower(u.Scheme) {
	case "javascript", "data", "vbscript":
		return true
	case "http", "https":
		if u.Opaque != "" { // https:evil.test
			return true
		}
	}
	host := strings.ToLower(u.Hostname())
	return strings.HasPrefix(location, "///") && strings.Contains(location, evilHost) || host == evilHost || strings.HasSuffix(host, "."+evilHost)
}

// tooLarge is the declared call with one byte more than the limit.
func (b *Body) tooLarge(chunked bool) Request {
	r := b.Call.request("")
	if r.Method == http.MethodGet {
		r.Method = http.MethodPost
	}
	r.Chunked = chunked
	// White space in front keeps JSON valid, so that a decoder must read on until it meets the limit.
	fill := "x"
	if t := strings.TrimSpace(r.Body); strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[") {
		fill = " "
	}
	r.Body = strings.Repeat(fill, max(0, int(b.Limit)+1-len(r.Body))) + r.Body
	return r
}

// checkBodyLimit sends one byte too many, twice: with a length, which can be refused unread, and in chunks, where only
// reading tells. HTTP/2 has no connection to close.
func checkBodyLimit(p *Probe) {
	b := p.cfg.Body
	if b == nil {
		p.Skip("no limit is declared (Body)")
	}
	if control := p.Do(b.Call.request("")); !control.ok() {
		p.Inconclusive("%s with a body within the limit, want 2xx", control)
	}
	for _, chunked := range []bool{false, true} {
		how := "with its length"
		if chunked {
			how = "chunked"
		}
		res, err := p.Try(b.tooLarge(chunked))
		switch {
		case err != nil && p.remote != nil && errors.Is(err, p.ctx.Err()):
			p.Inconclusive("%v", err)
		case err != nil:
			p.Fail("%d bytes %s: no answer: %v", b.Limit+1, how, err)
		case res.Status != http.StatusRequestEntityTooLarge:
			p.Fail("%s to %d bytes %s, want 413", res, b.Limit+1, how)
		case !res.Close && strings.HasPrefix(res.Proto, "HTTP/1."):
			p.Fail("%s to %d bytes %s keeps the connection: the rest of the body is read after all, or taken for the next request", res, b.Limit+1, how)
		}
	}
}

// checkTrace looks for a header of the request in the answer: 200 alone may be any page.
func checkTrace(p *Probe) {
	mark := random(24)
	res, err := p.Try(Request{Method: http.MethodTrace}.with("X-Gambeson-Verify", mark))
	if err == nil && res.ok() && res.Contains(mark) {
		p.Fail("%s repeats the request's headers", res)
	}
}
