package verify

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

func metricsChecks() []Check {
	return []Check{
		{ID: "metrics-private", Title: "strangers see neither metrics nor profiles",
			Why:  "They show routes, load, versions and memory, and a profile costs the server seconds each time.",
			Hint: "Serve them on a second listener. Importing net/http/pprof puts them on http.DefaultServeMux: do not serve that.",
			Ref:  "https://pkg.go.dev/net/http/pprof", Run: checkMetricsPrivate},
		{ID: "metrics-content", Title: "requests and their duration are counted, and a panic counts as a 500", Where: InProcess,
			Why:  "promhttp reports nothing for a handler that panics; a recovery outside of it hides every crash from the alerts.",
			Hint: "Recover outside of the metrics, and let the metrics count a panic that passes through them as 500.",
			Ref:  "https://pkg.go.dev/github.com/prometheus/client_golang/prometheus/promhttp", Run: checkMetricsContent},
		{ID: "metrics-cardinality", Title: "no client can make new series", Where: InProcess,
			Why:  "A label with the path, or the method as it came, grows with every scanner until Prometheus runs out of memory.",
			Hint: "Label with the route's pattern and known methods, and put a cap on the number of series.",
			Ref:  "https://prometheus.io/docs/practices/naming/#labels", Run: checkCardinality},
	}
}

var secretPages = []struct {
	paths []string
	magic *regexp.Regexp // of the body: a page for people may answer with 200 as well
	what  string
}{
	{[]string{"/metrics", "/actuator/prometheus", "/admin/metrics"}, regexp.MustCompile(`(?m)^# (HELP|TYPE) `), "metrics"},
	{[]string{"/debug/pprof/", "/debug/pprof/goroutine?debug=1"}, regexp.MustCompile(`Types of profiles available|goroutine profile:`), "profiles"},
	{[]string{"/debug/vars"}, regexp.MustCompile(`"memstats"|"cmdline"`), "expvar"},
	{[]string{"/actuator", "/actuator/env", "/debug/requests", "/server-status"}, regexp.MustCompile(`"_links"|"propertySources"|/debug/requests\?|Apache Server Status`), "an admin page"},
}

// checkMetricsPrivate goes by the body: a page for people may answer every path with 200.
func checkMetricsPrivate(p *Probe) {
	if m := p.cfg.Metrics; m != nil && p.local != nil && p.local.app.Admin != nil {
		if res := p.Do(Request{Path: m.Path, Admin: true}); !secretPages[0].magic.Match(res.Body) {
			p.Inconclusive("the private side has no metrics at %s: %s", m.Path, res)
		}
		if res := p.Do(Request{Path: m.Path}); secretPages[0].magic.Match(res.Body) {
			p.Fail("%s on the public side: metrics", res)
		}
	}
	for _, page := range secretPages {
		for _, path := range page.paths {
			if p.cfg.Metrics != nil && path == p.cfg.Metrics.Path && p.local != nil && p.local.app.Admin != nil {
				continue // asked for above
			}
			if res := p.Do(Request{Path: path}); res.ok() && page.magic.Match(res.Body) {
				p.Fail("%s: %s", res, page.what)
			}
		}
	}
	if p.cfg.Metrics != nil {
		for _, path := range p.cfg.Metrics.Private {
			if res := p.Do(Request{Path: path}); res.ok() {
				p.Fail("%s, declared to be private", res)
			}
		}
	}
}

// scrape reads the declared page on the private side.
func (p *Probe) scrape() (list []series, page []byte) {
	if p.cfg.Metrics == nil {
		p.Skip("no scrape page is declared (Metrics)")
	}
	res := p.Do(Request{Path: p.cfg.Metrics.Path, Admin: true})
	if !res.ok() {
		p.Inconclusive("the scrape page: %s", res)
	}
	list, bad := parseExposition(string(res.Body))
	if bad > 0 {
		p.Fail("%d lines of the scrape page are not in the text format", bad)
	}
	return list, res.Body
}

// counted is the sum of each counter of requests, by name; only of the series with a label value if one is given.
func (p *Probe) counted(list []series, label string) map[string]float64 {
	sums := map[string]float64{}
	want := p.cfg.Metrics.Requests
	for _, s := range list {
		if s.name != want && (want != "" || !strings.HasSuffix(s.name, "_total") || !strings.Contains(s.name, "request") || strings.HasPrefix(s.name, "promhttp_")) {
			continue
		}
		if label == "" || strings.Contains(s.labels, label) {
			sums[s.name] += s.value
		}
	}
	return sums
}

// raised is the counters that grew by just n.
func raised(before, after map[string]float64, n float64) (names []string) {
	for name, v := range after {
		if v-before[name] == n {
			names = append(names, name)
		}
	}
	return names
}

// checkMetricsContent finds the counter by what it does: some counter of requests must rise by just the number made.
func checkMetricsContent(p *Probe) {
	before, _ := p.scrape()
	const n = 5
	for range n {
		p.Do(Request{})
	}
	after, _ := p.scrape()
	counters := p.counted(after, "")
	switch {
	case len(counters) == 0:
		p.Fail("no counter of requests")
	case len(raised(p.counted(before, ""), counters, n)) == 0:
		p.Fail("%d requests raised no counter of requests by %d", n, n)
	}
	duration := func(s series) bool {
		return (strings.Contains(s.name, "duration") || strings.Contains(s.name, "latency")) && strings.HasSuffix(s.name, "_count") && strings.Contains(s.name, "request") && s.value > 0
	}
	if !anySeries(after, duration) {
		p.Fail("no histogram of durations")
	}
	if p.local.inner == nil || len(p.findings) > 0 {
		return
	}
	p.innerWorks()
	before, _ = p.scrape()
	if _, err := p.Try(p.inner("panic")); err != nil {
		p.Inconclusive("a panic is not answered")
	}
	after, _ = p.scrape()
	if len(raised(p.counted(before, `"500"`), p.counted(after, `"500"`), 1)) == 0 {
		p.Fail("a panic raised no counter with the status 500")
	}
}

func anySeries(list []series, is func(series) bool) bool {
	for _, s := range list {
		if is(s) {
			return true
		}
	}
	return false
}

// checkCardinality warms the families up first, then counts series: those of a status or a bucket come once.
func checkCardinality(p *Probe) {
	mark := "GV" + strings.ToUpper(random(10))
	attack := func(n int) {
		for i := range n {
			p.Do(Request{Path: fmt.Sprintf("/%s/%s", mark, random(8))})
			p.Do(Request{Path: p.cfg.Public + query(p.cfg.Public) + mark + "=" + random(4)})
			if i%5 == 0 {
				p.Do(Request{Method: mark + strings.ToUpper(random(4))})
				p.Try(Request{Host: strings.ToLower(mark + random(4) + ".test")}.with("User-Agent", mark+random(4), "Referer", "https://"+mark)) //nolint:errcheck // it may be refused
			}
		}
	}
	p.Do(Request{})
	attack(2)
	before, _ := p.scrape()
	attack(100)
	after, page := p.scrape()
	const few = 20 // a status that came up late, its buckets
	if grown := len(after) - len(before); grown > few {
		p.Fail("some 240 requests with made-up paths, methods and hosts made %d new series", grown)
	}
	if bytes.Contains(bytes.ToUpper(page), []byte(strings.ToUpper(mark))) {
		p.Fail("what a client sends stands in the metrics")
	}
	if counters := p.counted(after, ""); len(counters) > 0 && len(raised(nil, counters, 0)) == len(counters) {
		p.Inconclusive("nothing was counted at all")
	}
}
