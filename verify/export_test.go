package verify

import (
	"net/http"
	"testing"
	"time"
)

// Collect is Run with the results given back instead of reported to t.
func Collect(t *testing.T, newApp func(*testing.T) App, cfg Config) (results []Result) {
	t.Helper()
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	run(t, newApp, cfg, func(_ *testing.T, r Result) { results = append(results, r) })
	return results
}

var (
	Sweep = sweep
	Plain = plain
)

// RetryAfter reads one header value.
func RetryAfter(v string) (time.Duration, error) {
	return retryAfter(&Response{Header: http.Header{"Retry-After": {v}}})
}

// LeadsAway judges a Location.
func LeadsAway(location string) bool { return new(Probe).leadsAway(location) }

// Weakness judges policies, as the values of Content-Security-Policy; "" where one of them is good.
func Weakness(profile Profile, values ...string) (wrong string) {
	p := &Probe{cfg: Config{Profile: profile}}
	for _, policy := range policies(&Response{Header: http.Header{"Content-Security-Policy": values}}) {
		if wrong = p.weakness(policy); wrong == "" {
			return ""
		}
	}
	return wrong
}

// ParseExposition counts what a scrape page has, and gives the last series.
func ParseExposition(page string) (n, bad int, last string, value float64) {
	list, bad := parseExposition(page)
	if len(list) > 0 {
		s := list[len(list)-1]
		last, value = s.name+"{"+s.labels+"}", s.value
	}
	return len(list), bad, last, value
}

// LogStatuses is the statuses of the access records of a log, and how many lines are no JSON.
func LogStatuses(log []byte) (list []int, bad int) {
	for _, r := range parseLog(log) {
		if r.fields == nil {
			bad++
		}
		if s, ok := r.status(&Logs{}); ok {
			list = append(list, s)
		}
	}
	return list, bad
}
