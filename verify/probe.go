package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Probe is what a check asks with and reports to. It belongs to one run of one check and is not safe for several goroutines.
type Probe struct {
	ctx     context.Context
	cfg     Config
	local   *inProcess // one of the two
	remote  *remote
	virtual bool // waiting costs nothing

	answered int
	findings []string
	warnings []string
	stopped  *stop
}

// stop ends a check early; it travels as a panic.
type stop struct {
	status Status
	reason string
}

// Config is the declared expectations, with defaults filled in.
func (p *Probe) Config() Config { return p.cfg }

// Context ends with the audit.
func (p *Probe) Context() context.Context { return p.ctx }

// Deployed tells whether a URL is judged, and no App.
func (p *Probe) Deployed() bool { return p.remote != nil }

// App is what is judged; the zero App for a URL.
func (p *Probe) App() App {
	if p.local == nil {
		return App{}
	}
	return p.local.app
}

// Fail reports a finding and goes on. The same one twice counts once.
func (p *Probe) Fail(format string, args ...any) {
	if finding := fmt.Sprintf(format, args...); !slices.Contains(p.findings, finding) {
		p.findings = append(p.findings, finding)
	}
}

// Warn reports what should be looked at, but does not fail.
func (p *Probe) Warn(format string, args ...any) {
	p.warnings = append(p.warnings, fmt.Sprintf(format, args...))
}

// Skip ends the check: it does not apply, or what it needs is not declared. Findings made before stay.
func (p *Probe) Skip(format string, args ...any) {
	panic(&stop{Skip, fmt.Sprintf(format, args...)})
}

// Inconclusive ends the check: its control did not hold, so nothing can be said. Findings made before stay.
func (p *Probe) Inconclusive(format string, args ...any) {
	panic(&stop{Inconclusive, fmt.Sprintf(format, args...)})
}

// Get is Do of a GET.
func (p *Probe) Get(path string) *Response { return p.Do(Request{Path: path}) }

// Do sends a request. No answer at all ends the check as inconclusive; where that may be, use Try.
func (p *Probe) Do(r Request) *Response {
	res, err := p.Try(r)
	if err != nil {
		p.Inconclusive("%s: no answer: %v", p.fill(r), err)
	}
	return res
}

// Try sends a request that may stay without an answer. An error of the budget ends the check.
func (p *Probe) Try(r Request) (*Response, error) {
	r = p.fill(r)
	var res *Response
	var err error
	if p.local != nil {
		if r.Inner && p.local.inner == nil {
			p.Skip("App.Wrap is not given")
		}
		if r.Admin && p.local.app.Admin == nil {
			p.Skip("App.Admin is not given")
		}
		res, err = p.local.do(p.ctx, r)
	} else {
		res, err = p.remote.do(p.ctx, r)
	}
	if errors.Is(err, errBudget) || errors.Is(err, errBurst) || p.ctx.Err() != nil {
		p.Inconclusive("%v", errors.Join(err, p.ctx.Err()))
	}
	if err == nil {
		p.answered++
		if res.Status == http.StatusTooManyRequests && !r.May429 && p.remote != nil {
			p.Inconclusive("%s: the service's limiter refuses the audit; lower Limits.PerSecond", r)
		}
	}
	return res, err
}

func (p *Probe) fill(r Request) Request {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Path == "" {
		r.Path = p.cfg.Public
	}
	return r
}

// Sleep waits, by virtual time where there is such. It reports false where the wait would be longer than Limits.MaxWait.
func (p *Probe) Sleep(d time.Duration) bool {
	if !p.virtual && d > p.cfg.Limits.MaxWait {
		return false
	}
	return sleep(p.ctx, d) == nil
}

// canWait tells whether Sleep would.
func (p *Probe) canWait(d time.Duration) bool { return p.virtual || d <= p.cfg.Limits.MaxWait }

// https tells whether the service promises https.
func (p *Probe) https() bool {
	return p.cfg.HTTPS || p.remote != nil && p.remote.base.Scheme == "https"
}

// gate is the control of every check: a server that is down, or that answers whatever it is asked with 200, proves nothing.
func (p *Probe) gate() (reason string) {
	res, err := p.Try(Request{})
	switch {
	case err != nil:
		return fmt.Sprintf("GET %s: no answer: %v", p.cfg.Public, err)
	case res.Status == http.StatusMisdirectedRequest && p.local != nil:
		return fmt.Sprintf("GET %s: %d for the host %s; declare the name of the service (Host)", p.cfg.Public, res.Status, p.cfg.Host)
	case res.Status/100 == 3 && p.local != nil && !p.cfg.HTTPS:
		return fmt.Sprintf("GET %s: %d to %s; a service on https declares HTTPS", p.cfg.Public, res.Status, clip(res.Header.Get("Location"), 80))
	case !res.ok():
		return fmt.Sprintf("GET %s: %d, want 2xx; declare a path that anyone may read (Public)", p.cfg.Public, res.Status)
	}
	missing := Request{Path: p.cfg.NotFound}
	if missing.Path == "" {
		missing.Path = "/gambeson-verify-" + random(16)
	}
	res, err = p.Try(missing)
	switch {
	case err != nil:
		return fmt.Sprintf("%s: no answer: %v", p.fill(missing), err)
	case res.ok():
		return fmt.Sprintf("%s: %d: a server that answers every path with success proves nothing; declare a path that must be 404 (NotFound)",
			p.fill(missing), res.Status)
	}
	return ""
}
