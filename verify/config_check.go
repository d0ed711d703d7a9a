package verify

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// Check reports everything that is wrong with c, joined; each problem is a *[ConfigError]. Run, Audit and AuditURL
// call it.
func (c Config) Check() error {
	p := conf.For("verify")
	checkPath(p, "Public", c.Public, true)
	checkPath(p, "NotFound", c.NotFound, true)
	if c.Profile != "" && c.Profile != API && c.Profile != Web {
		p.Add("Profile", string(c.Profile), "is not a profile", `write "api" or "web"`)
	}
	if c.PlainURL != "" {
		if u, err := url.Parse(c.PlainURL); err != nil || u.Scheme != "http" || u.Host == "" {
			p.Add("PlainURL", c.PlainURL, "is not the URL of plain http", `write it as in "http://localhost:8081"`)
		}
	}
	c.checkParts(p)
	for i, in := range c.Inputs {
		at := fmt.Sprintf("Inputs[%d]", i)
		checkCall(p, at, in)
		if !in.has("$INPUT") {
			p.Add(at, in.Path, "has no $INPUT, so nothing would be tried", `write $INPUT where the input goes, as in "/search?q=$INPUT"`)
		}
	}
	for i, path := range c.Redirects {
		at := fmt.Sprintf("Redirects[%d]", i)
		checkPath(p, at, path, false)
		if !strings.Contains(path, "$INPUT") {
			p.Add(at, path, "has no $INPUT, so nothing would be tried", `write $INPUT where the target goes, as in "/login?next=$INPUT"`)
		}
	}
	if c.Logs != nil {
		for i, path := range c.Logs.SecretPaths {
			at := fmt.Sprintf("Logs.SecretPaths[%d]", i)
			checkPath(p, at, path, false)
			if !strings.Contains(path, "$INPUT") {
				p.Add(at, path, "has no $INPUT, so there is no secret in it", `write $INPUT where the secret is, as in "/reset-password/$INPUT"`)
			}
		}
	}
	for i, call := range c.Secrets {
		checkCall(p, fmt.Sprintf("Secrets[%d]", i), call)
	}
	for _, n := range []struct {
		field string
		value int64
	}{
		{"Timeout", int64(c.Timeout)}, {"HeaderTimeout", int64(c.HeaderTimeout)}, {"Limits.RequestTimeout", int64(c.Limits.RequestTimeout)},
		{"Limits.MaxWait", int64(c.Limits.MaxWait)}, {"Limits.Requests", int64(c.Limits.Requests)}, {"Limits.Burst", int64(c.Limits.Burst)},
	} {
		if n.value < 0 {
			p.Add(n.field, n.value, "is negative", "write 0 for the default")
		}
	}
	if c.Limits.PerSecond < 0 {
		p.Add("Limits.PerSecond", c.Limits.PerSecond, "is negative", "write 0 for the default")
	}
	c.checkIDs(p)
	return p.Err()
}

func (c Config) checkParts(p *conf.Problems) {
	if c.CORS != nil {
		if len(c.CORS.Origins)+len(c.CORS.Wildcards) == 0 && !c.CORS.AnyOrigin {
			p.Add("CORS.Origins", nil, "is empty, so there is no control", `list the allowed origins, such as "https://app.example.com"`)
		}
		for i, o := range c.CORS.Origins {
			if u, err := url.Parse(o); err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != o {
				p.Add(fmt.Sprintf("CORS.Origins[%d]", i), o, "is not an origin that a browser would send", `write it as in "https://app.example.com", without path and wildcard`)
			}
		}
		for i, w := range c.CORS.Wildcards {
			if _, rest, ok := strings.Cut(w, "://*."); !ok || rest == "" || strings.ContainsAny(rest, "*/") {
				p.Add(fmt.Sprintf("CORS.Wildcards[%d]", i), w, "is not a wildcard", `write it as in "https://*.example.com"`)
			}
		}
		checkPath(p, "CORS.Path", c.CORS.Path, true)
	}
	if c.CSRF != nil {
		checkCall(p, "CSRF", *c.CSRF)
		if m := c.CSRF.method(); m == http.MethodGet || m == http.MethodHead || m == http.MethodOptions {
			p.Add("CSRF.Method", m, "changes nothing", "write POST, PUT, PATCH or DELETE")
		}
	}
	if c.Rate != nil && c.Rate.Burst < 1 {
		p.Add("Rate.Burst", c.Rate.Burst, "lets nothing through", "write how many requests a client may send at once")
	}
	if c.Login != nil {
		checkCall(p, "Login.Call", c.Login.Call)
		if c.Login.Attempts < 1 {
			p.Add("Login.Attempts", c.Login.Attempts, "is no number of attempts", "write how many guesses are answered at most, such as 10")
		}
	}
	if c.Health != nil {
		checkPath(p, "Health.Live", c.Health.Live, true)
		checkPath(p, "Health.Ready", c.Health.Ready, true)
		checkPath(p, "Health.Full", c.Health.Full, true)
	}
	if c.Body != nil {
		checkCall(p, "Body.Call", c.Body.Call)
		if c.Body.Limit < 1 || c.Body.Limit > 64<<20 {
			p.Add("Body.Limit", c.Body.Limit, "must be 1 byte to 64 MiB: verify sends one byte more", "write the limit in bytes")
		}
	}
	if c.Auth != nil {
		if len(c.Auth.Routes) == 0 {
			p.Add("Auth.Routes", nil, "is empty", "list the routes that need an identity")
		}
		for i, r := range c.Auth.Routes {
			checkCall(p, fmt.Sprintf("Auth.Routes[%d]", i), r)
		}
	}
	if v := c.Version; v != nil {
		checkPath(p, "Version.Path", v.Path, false)
		if v.Field == "" || v.Want == "" {
			p.Add("Version", nil, "has no Field or no Want", "name the JSON field and the value it must have")
		}
	}
}

// checkIDs wants every check known and unique: a misspelt suppression would be silent.
func (c Config) checkIDs(p *conf.Problems) {
	known := map[string]bool{}
	for _, ch := range All() {
		known[ch.ID] = true
	}
	for i, ch := range c.Checks {
		at := fmt.Sprintf("Checks[%d]", i)
		switch {
		case ch.ID == "" || ch.Title == "" || ch.Run == nil:
			p.Add(at, ch.ID, "needs ID, Title and Run", "")
		case known[ch.ID]:
			p.Add(at+".ID", ch.ID, "is taken", "begin it with the name of your project")
		}
		known[ch.ID] = true
	}
	for _, id := range slices.Sorted(maps.Keys(c.Skip)) {
		switch {
		case !known[id]:
			p.Add("Skip", id, "is not the ID of a check", "`gambeson checks` lists them")
		case strings.TrimSpace(c.Skip[id]) == "":
			p.Add("Skip", id, "has no reason", "say why, for whoever reads the report")
		}
	}
	for i, id := range c.Only {
		if !known[id] {
			p.Add(fmt.Sprintf("Only[%d]", i), id, "is not the ID of a check", "`gambeson checks` lists them")
		}
	}
}

func checkPath(p *conf.Problems, field, path string, optional bool) {
	if path == "" && optional {
		return
	}
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \r\n\t#") {
		p.Add(field, path, "is not a path", `begin it with "/" and escape what a URL cannot hold`)
	}
}

func checkCall(p *conf.Problems, at string, c Call) {
	checkPath(p, at+".Path", strings.ReplaceAll(c.Path, "$INPUT", "x"), false)
	if strings.ContainsAny(c.Method, " \r\n\t/") {
		p.Add(at+".Method", c.Method, "is not a method", `write it as in "POST"`)
	}
	for name, value := range c.Header {
		if name == "" || strings.ContainsAny(name, " :\r\n") || strings.ContainsAny(value, "\r\n") {
			p.Add(at+".Header", name, "is not a header", "")
		}
	}
}

func (c Call) method() string {
	switch {
	case c.Method != "":
		return c.Method
	case c.Body != "":
		return http.MethodPost
	}
	return http.MethodGet
}

func (c Call) has(s string) bool {
	for _, v := range c.Header {
		if strings.Contains(v, s) {
			return true
		}
	}
	return strings.Contains(c.Path, s) || strings.Contains(c.Body, s)
}

// request is the call as a Request, with $INPUT replaced; in the path it is escaped, in a JSON body too.
func (c Call) request(input string) Request {
	r := Request{Method: c.method(), Path: strings.ReplaceAll(c.Path, "$INPUT", url.QueryEscape(input)), Header: map[string]string{}}
	for k, v := range c.Header {
		r.Header[k] = strings.ReplaceAll(v, "$INPUT", input)
	}
	escaped := input
	switch t := strings.TrimSpace(c.Body); {
	case strings.HasPrefix(t, "{"), strings.HasPrefix(t, "["):
		escaped = jsonText(input)
		r.defaultHeader("Content-Type", "application/json")
	case t != "":
		escaped = url.QueryEscape(input)
		r.defaultHeader("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Body = strings.ReplaceAll(c.Body, "$INPUT", escaped)
	return r
}
