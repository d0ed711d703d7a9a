package verify

import (
	"time"
)

// Status is the outcome of a check.
type Status string

// The outcomes.
const (
	Pass         Status = "pass"
	Fail         Status = "fail"
	Warn         Status = "warn"         // look at it; never changes the exit code by itself
	Skip         Status = "skip"         // not declared, not possible here, or suppressed; Reason says which
	Inconclusive Status = "inconclusive" // a control did not hold; Reason says which
)

// Result is the outcome of one check.
type Result struct {
	ID         string        `json:"id"`
	Title      string        `json:"title"`
	Status     Status        `json:"status"`
	Reason     string        `json:"reason,omitempty"`   // of a skip, and of what is inconclusive
	Findings   []string      `json:"findings,omitempty"` // what was seen
	Why        string        `json:"why,omitempty"`
	Hint       string        `json:"hint,omitempty"`
	Ref        string        `json:"reference,omitempty"`
	Suppressed bool          `json:"suppressed,omitempty"` // it failed, and Config.Skip says that this is known
	Stale      bool          `json:"stale,omitempty"`      // it passed, although Config.Skip expects it not to
	Duration   time.Duration `json:"duration_ns"`
}

// Report is the outcome of an audit.
type Report struct {
	Target   string        `json:"target"` // the URL, or "handler"
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"duration_ns"`
	Requests int           `json:"requests,omitempty"` // that a URL was asked
	Results  []Result      `json:"results"`
	// Err is why nothing could be judged: a bad Config, an app that cannot be made, a target that does not answer.
	Err error `json:"-"`
}

// Failed tells whether a check failed or nothing could be judged.
func (r *Report) Failed() bool { return r.Err != nil || r.Count(Fail) > 0 }

// Count is how many checks ended so.
func (r *Report) Count(s Status) (n int) {
	for _, res := range r.Results {
		if res.Status == s {
			n++
		}
	}
	return n
}

// Result finds a check's result by ID.
func (r *Report) Result(id string) (Result, bool) {
	for _, res := range r.Results {
		if res.ID == id {
			return res, true
		}
	}
	return Result{}, false
}

// result is what the probe's reports amount to, before suppression.
func (p *Probe) result(c Check) Result {
	r := Result{ID: c.ID, Title: c.Title, Why: c.Why, Hint: c.Hint, Ref: c.Ref}
	r.Findings = p.findings
	switch {
	case len(p.findings) > 0:
		r.Status = Fail
	case p.stopped != nil:
		r.Status, r.Reason = p.stopped.status, p.stopped.reason
	case len(p.warnings) > 0:
		r.Status, r.Findings = Warn, p.warnings
	case p.answered == 0:
		r.Status, r.Reason = Inconclusive, "no request was answered"
	default:
		r.Status = Pass
	}
	return r
}

// final applies Config.Strict and Config.Skip.
func (r Result) final(cfg Config) Result {
	if cfg.Strict && r.Status == Inconclusive {
		r.Status, r.Findings, r.Reason = Fail, []string{"inconclusive: " + r.Reason}, ""
	}
	reason, ok := cfg.Skip[r.ID]
	switch {
	case !ok:
	case r.Status == Fail || r.Status == Warn:
		r.Status, r.Suppressed, r.Reason = Skip, true, "suppressed: "+reason
	case r.Status == Pass:
		r.Status, r.Stale = Warn, true
		r.Findings = append(r.Findings, "passes, and is suppressed ("+reason+"): take it out of Skip")
	}
	return r
}
