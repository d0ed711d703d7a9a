package verify

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

func logChecks() []Check {
	return []Check{
		{ID: "log-json", Title: "every line of the log is a JSON object with time, level and message; access records have status, duration and request id",
			Why:  "What is no JSON cannot be searched, counted or alerted on; one print statement breaks the line it lands in.",
			Hint: "Log with log/slog's JSON handler only, and send http.Server.ErrorLog and log.Printf through it.",
			Ref:  "https://pkg.go.dev/log/slog", Run: checkLogJSON},
		{ID: "log-one", Title: "each request leaves one access record, also a refused one and one that panics",
			Why:  "Attacks are what gets refused: a log inside of the limiter does not show them. Two records count everything twice.",
			Hint: "Put one access log outside of everything that refuses, and write the record when the handler has returned or panicked.",
			Ref:  "https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html", Run: checkLogOne},
		{ID: "log-level", Title: "5xx and panics are ERROR, successes INFO, and the logged status is the one that was sent",
			Why:  "Alerts go by level and status. A recovery outside of the log makes a panic a status 0 or 200.",
			Hint: "Recover inside of the access log, and choose the level by the status.", Ref: "https://pkg.go.dev/log/slog#Level", Run: checkLogLevel},
		{ID: "log-leak", Title: "no credential is logged, counted or answered: in no carrier and no form",
			Why:  "Logs are kept for years, copied to vendors and read by many. A token in a query or a password in a database error is enough.",
			Hint: "Log no header and no body unless by name, and redact everything at the handler of the log: queries, URLs, errors, panics.",
			Ref:  "https://cwe.mitre.org/data/definitions/532.html", Run: checkLogLeak},
		{ID: "log-inject", Title: "no input can write lines or terminal codes into the log",
			Why:  "A line break in a path forges a record; an escape sequence rewrites what the operator sees.",
			Hint: "Let a JSON encoder write the lines, and escape control characters in anything else.",
			Ref:  "https://cwe.mitre.org/data/definitions/117.html", Run: checkLogInject},
	}
}

// mark is a path that is not there and that shows in the log.
func mark() string { return "/gambeson-verify-" + strings.ToLower(random(16)) }

// checkLogJSON stops at the first line of each fault: a log that is all text would fill the report.
func checkLogJSON(p *Probe) {
	log := p.logged(func() {
		p.Do(Request{})
		p.Do(Request{Path: mark()})
		if p.local != nil && p.local.inner != nil {
			p.Try(p.inner("panic"))      //nolint:errcheck // another check's subject
			p.Try(p.inner("status/500")) //nolint:errcheck // another check's subject
		}
	})
	l := p.cfg.Logs
	lines, records := parseLog(log), p.access(log)
	if len(lines) == 0 {
		p.Inconclusive("nothing was logged")
	}
	if len(records) == 0 {
		p.Fail("no line has a status: there is no access record (Logs.Status)")
	}
	for _, r := range lines {
		if r.fields == nil {
			p.Fail("no JSON object: %s", clip(string(r.line), 80))
			return
		}
		for name, usual := range map[string][]string{"time": timeNames, "level": levelNames, "message": messageNames} {
			declared := map[string]string{"time": l.Time, "level": l.Level, "message": l.Message}[name]
			if _, ok := r.field(declared, usual); !ok {
				p.Fail("no %s: %s", name, clip(string(r.line), 80))
				return
			}
		}
	}
	for _, r := range records {
		if _, ok := r.field(l.Duration, durationNames); !ok {
			p.Fail("an access record without duration: %s", clip(string(r.line), 80))
			return
		}
		if _, ok := r.field(l.RequestID, requestIDNames); !ok {
			p.Fail("an access record without request id: %s", clip(string(r.line), 80))
			return
		}
	}
}

// checkLogOne counts records that name a path made up for this request, so that other traffic does not disturb it.
func checkLogOne(p *Probe) {
	paths := map[string]string{"an ordinary one": mark()}
	var requests []Request
	requests = append(requests, Request{Path: paths["an ordinary one"]})
	if p.cfg.HostCheck {
		paths["one for another host"] = mark()
		requests = append(requests, Request{Path: paths["one for another host"], Host: evilHost})
	}
	if p.local != nil && p.cfg.Rate != nil && (p.cfg.Rate.Path == p.cfg.Public || strings.HasSuffix(p.cfg.Rate.Path, "*")) {
		// The limiter may be for the declared path only: the mark goes into the query, and the records are counted.
		p.limitedIsLogged()
	}
	log := p.logged(func() {
		for _, r := range requests {
			p.Try(r) //nolint:errcheck // a refusal may be a cut connection
		}
	})
	records := p.access(log)
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		n := 0
		for _, r := range records {
			if r.mentions(paths[name]) {
				n++
			}
		}
		if n != 1 {
			p.Fail("%s leaves %d access records, want 1", name, n)
		}
	}
	if p.local != nil && p.local.inner != nil {
		p.innerWorks()
		if n := len(p.access(p.logged(func() { p.Try(p.inner("panic")) }))); n != 1 { //nolint:errcheck // another check's subject
			p.Fail("one that panics leaves %d access records, want 1", n)
		}
	}
}

// limitedIsLogged wants a record for a request that the limiter refuses.
func (p *Probe) limitedIsLogged() {
	r := Request{Path: p.cfg.Rate.Path, From: "192.0.2.78"}
	if last, _ := p.burst(r, p.cfg.Rate.most()); last.Status != http.StatusTooManyRequests {
		return
	}
	records := p.access(p.logged(func() { r.May429 = true; p.Do(r) }))
	if len(records) != 1 {
		p.Fail("one that the limiter refuses leaves %d access records, want 1", len(records))
	}
}

// checkLogLevel takes the words and numbers that slog, zap, zerolog, logrus, pino and syslog use.
func checkLogLevel(p *Probe) {
	level := func(r Request, want string, good ...string) {
		var res *Response
		records := p.access(p.logged(func() { res, _ = p.Try(r) }))
		if len(records) == 0 {
			p.Inconclusive("%s leaves no access record", p.fill(r))
		}
		record := records[len(records)-1]
		if got := record.level(p.cfg.Logs); !slices.Contains(good, strings.ToUpper(got)) {
			p.Fail("%s is logged as %s, want %s", p.fill(r), clip(got, 20), want)
		}
		if status, _ := record.status(p.cfg.Logs); res != nil && status != res.Status {
			p.Fail("%s is logged with status %d", res, status)
		}
	}
	level(Request{}, "INFO", "INFO", "DEBUG", "6", "20", "30", "NOTICE")
	if p.local == nil || p.local.inner == nil {
		if p.remote != nil {
			return
		}
		p.Skip("a success is INFO; App.Wrap is not given, so there is no error to look at")
	}
	p.innerWorks()
	errors := []string{"ERROR", "ERR", "CRITICAL", "FATAL", "PANIC", "DPANIC", "3", "40", "50", "ALERT", "EMERGENCY"}
	level(p.inner("status/500"), "ERROR", errors...)
	level(p.inner("panic"), "ERROR", errors...)
}

// carriers is requests with a secret where secrets travel, by what that is.
func (p *Probe) carriers(path string) map[string]func(secret string) Request {
	get := Request{Path: path}
	post := Request{Method: http.MethodPost, Path: path}
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte("verify:"+s)) }
	m := map[string]func(string) Request{
		"Authorization: Bearer":   func(s string) Request { return get.with("Authorization", "Bearer "+s) },
		"Authorization: Basic":    func(s string) Request { return get.with("Authorization", basic(s)) },
		"Cookie":                  func(s string) Request { return get.with("Cookie", "session="+s) },
		"X-Api-Key":               func(s string) Request { return get.with("X-Api-Key", s) },
		"Proxy-Authorization":     func(s string) Request { return get.with("Proxy-Authorization", basic(s)) },
		"a token in the query":    func(s string) Request { return Request{Path: path + "?page=1&token=" + s + "&sort=asc"} },
		"a password in the query": func(s string) Request { return Request{Path: path + "?user=ann&password=" + s} },
		"an escaped query":        func(s string) Request { return Request{Path: path + "?pass%77ord=" + s + ";api_key=" + s} },
		"userinfo in a Referer": func(s string) Request {
			return get.with("Referer", "https://ann:"+s+"@app.example.com/?access_token="+s)
		},
		"a password in JSON": func(s string) Request {
			return post.with("Content-Type", "application/json").body(`{"user":"ann","password":"` + s + `"}`)
		},
		"a password in a form": func(s string) Request {
			return post.with("Content-Type", "application/x-www-form-urlencoded").body("user=ann&password=" + s)
		},
	}
	for _, secretPath := range p.cfg.Logs.SecretPaths {
		m["a secret in the path "+secretPath] = func(s string) Request { return Call{Path: secretPath}.request(s) }
	}
	if p.cfg.Login != nil {
		m["the password of a log-in"] = func(s string) Request { return p.cfg.Login.Call.request(s) }
	}
	return m
}

// checkLogLeak has one secret for each carrier, so that a finding names the way out. A dead logger would pass: a mark that
// must be in the log is its control.
func checkLogLeak(p *Probe) {
	marked := mark()
	secrets := map[string]string{} // by carrier
	answers := map[string][]byte{} // of verify's own app, whose secret no client has sent
	log := p.logged(func() {
		p.Do(Request{Path: marked})
		carriers := p.carriers(marked)
		for _, name := range slices.Sorted(maps.Keys(carriers)) {
			secrets[name] = random(32)
			r := carriers[name](secrets[name])
			r.May429 = true // a refusal is logged as well
			p.Try(r)        //nolint:errcheck // an answer is not needed
		}
		if p.local == nil || p.local.inner == nil {
			return
		}
		p.innerWorks()
		for _, route := range []string{"panic", "leak"} {
			if res, err := p.Try(p.inner(route)); err == nil {
				answers[route] = res.Body
			}
		}
		secrets["a database's error in a panic"] = p.local.innerApp.secret
	})
	if !containsText(log, marked) {
		p.Inconclusive("a request that was made is not in the log, so that a secret is not in it says nothing")
	}
	var page []byte
	if p.cfg.Metrics != nil && p.local != nil && p.local.app.Admin != nil {
		_, page = p.scrape()
	}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		if form, found := sweep(log, secrets[name]); found {
			p.Fail("%s is in the log, %s", name, form)
		}
		if form, found := sweep(page, secrets[name]); found {
			p.Fail("%s is in the metrics, %s", name, form)
		}
	}
	for _, route := range slices.Sorted(maps.Keys(answers)) {
		if form, found := sweep(answers[route], p.local.innerApp.secret); found {
			p.Fail("a database's error is in the answer, with its password, %s (%s)", form, route)
		}
	}
}

// checkLogInject compares with the lines that an ordinary request leaves: some log two.
func checkLogInject(p *Probe) {
	ordinary := parseLog(p.logged(func() { p.Do(Request{Path: mark()}) }))
	plain, isJSON := len(ordinary), allJSON(ordinary)
	if plain == 0 {
		p.Inconclusive("a request is not logged")
	}
	forged := "forged-" + random(12)
	line := fmt.Sprintf(`{"level":"ERROR","msg":"%s","status":200}`, forged)
	for _, r := range []Request{
		{Path: mark() + "%0d%0a" + strings.ReplaceAll(strings.ReplaceAll(line, `"`, "%22"), " ", "%20")},
		{Path: mark() + "%0a%0a%22%7d%0a" + forged}, {Path: mark() + "?q=%0a" + forged + "%0d"}, {Path: mark() + "%1b%5b2J%1b%5b31m" + forged + "%7f"},
		{Path: mark() + "%e2%80%a8" + forged + "%c2%9b31m"}, {Path: mark() + strings.Repeat("A", 8<<10)},
		Request{Path: mark()}.with("User-Agent", `x","level":"ERROR","msg":"`+forged), Request{Path: mark()}.with("User-Agent", forged+"\t\x9b31m"), Request{Path: mark()}.with("X-Request-Id", `1","msg":"`+forged),
		Request{Path: mark()}.with("Referer", "https://x/\u2028"+forged), Request{Path: mark()}.with("X-Forwarded-For", `1.2.3.4","msg":"`+forged),
	} {
		r.May429 = true
		log := p.logged(func() { p.Try(r) }) //nolint:errcheck // it may be refused, and is logged all the same
		what := p.fill(r).String()
		if len(r.Header) > 0 {
			what = fmt.Sprintf("the header %s", slices.Sorted(maps.Keys(r.Header))[0])
		}
		lines := parseLog(log)
		if len(lines) > plain && p.local != nil {
			p.Fail("%s makes %d lines in the log, an ordinary request %d", what, len(lines), plain)
		}
		for _, rec := range lines {
			if i := bytes.IndexFunc(rec.line, func(c rune) bool { return c < ' ' && c != '\t' }); i >= 0 {
				p.Fail("%s writes the control character %#02x into the log", what, rec.line[i])
				break
			}
			if isJSON && rec.fields == nil {
				p.Fail("%s makes a line that is no JSON: %s", what, clip(string(rec.line), 60))
				break
			}
			if v, ok := rec.field(p.cfg.Logs.Message, messageNames); ok && strings.HasPrefix(fmt.Sprint(v), forged) {
				p.Fail("%s forges a record", what)
				break
			}
			if len(rec.line) > 64<<10 {
				p.Fail("%s makes a line of %d bytes", what, len(rec.line))
			}
		}
	}
}

func allJSON(lines []record) bool {
	for _, r := range lines {
		if r.fields == nil {
			return false
		}
	}
	return true
}
