package verify

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"
)

const refHealth = "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/"

func healthChecks() []Check {
	return []Check{
		{ID: "health-up", Title: "the probes say 200, quickly, and are not cached",
			Why:  "A cached answer hides an outage; a slow one is taken for one.",
			Hint: "Answer the declared paths with 200, JSON and Cache-Control: no-store, without waiting for slow checks.", Ref: refHealth, Run: checkHealthUp},
		{ID: "health-down", Title: "readiness fails with a dependency, liveness does not, and neither says why to strangers", Where: InProcess, Waits: true,
			Why:  "A constant \"ok\" keeps traffic on an instance that cannot serve; a liveness that asks the database restarts all instances with it.",
			Hint: "Let readiness run the checks and answer 503; let liveness run none; keep error texts to those who are authorised.", Ref: refHealth, Run: checkHealthDown},
		{ID: "health-internal", Title: "a load balancer reaches the probes: by IP address, over http", Where: InProcess,
			Why:  "Probes carry no name and no TLS. A redirect or a refused host takes every instance out of service.",
			Hint: "Answer probes outside of the host check and the redirect to https.", Ref: refHealth, Run: checkHealthInternal},
	}
}

// paths is the declared ones, by what they are.
func (h *Health) paths() map[string]string {
	m := map[string]string{}
	for name, path := range map[string]string{"liveness": h.Live, "readiness": h.Ready, "health": h.Full} {
		if path != "" {
			m[name] = path
		}
	}
	return m
}

func (p *Probe) needHealth() *Health {
	if p.cfg.Health == nil || len(p.cfg.Health.paths()) == 0 {
		p.Skip("no probe is declared (Health)")
	}
	return p.cfg.Health
}

// checkHealthUp reads the status and the cache header only: the body is the service's own.
func checkHealthUp(p *Probe) {
	for name, path := range p.needHealth().paths() {
		start := time.Now()
		res := p.Do(Request{Path: path})
		took := time.Since(start)
		v := strings.ToLower(res.Header.Get("Cache-Control"))
		switch {
		case res.Status != http.StatusOK:
			p.Fail("%s: %s, want 200", name, res)
		case !strings.Contains(v, "no-store") && !strings.Contains(v, "no-cache"):
			p.Fail("%s: %s may be cached (Cache-Control: %q)", name, path, clip(v, 60))
		case took > time.Second && p.local == nil:
			p.Fail("%s: %s took %v, and a kubelet waits for one second", name, path, took.Round(time.Millisecond))
		case strings.Contains(res.Header.Get("Content-Type"), "json") && !json.Valid(res.Body):
			p.Fail("%s: %s is no JSON", name, path)
		}
	}
}

// innards is what a probe must not tell a stranger.
var innards = regexp.MustCompile(`(?i)refused|dial |\w+://|\bpq:|sqlite|SQLSTATE|\.go:\d|password|timeout exceeded|no route to host|127\.0\.0\.1`)

// checkHealthDown breaks a dependency and mends it again. Readiness may take a while (results are kept, one fail may be
// an accident), so in a test it is waited for in virtual time.
func checkHealthDown(p *Probe) {
	h := p.needHealth()
	switch {
	case h.Ready == "":
		p.Skip("readiness is not declared (Health.Ready)")
	case p.local.app.FailDependency == nil:
		p.Skip("App.FailDependency is not given")
	case !p.canWait(h.DownWithin):
		p.Inconclusive("waiting %v for readiness would take longer than Limits.MaxWait", h.DownWithin)
	}
	if control := p.Do(Request{Path: h.Ready}); control.Status != http.StatusOK {
		p.Inconclusive("%s before anything is down", control)
	}
	p.local.app.FailDependency(true)
	if !p.becomes(h.Ready, http.StatusServiceUnavailable, h.DownWithin) {
		p.Fail("%s is still not 503 after %v with a dependency down", h.Ready, h.DownWithin)
		return
	}
	if h.Live != "" {
		if res := p.Do(Request{Path: h.Live}); res.Status != http.StatusOK {
			p.Fail("liveness: %s with a dependency down: the orchestrator restarts what a restart does not mend", res)
		}
	}
	for name, path := range h.paths() {
		if found := innards.Find(p.Do(Request{Path: path}).Body); found != nil {
			p.Fail("%s tells a stranger %s", name, clip(string(found), 60))
		}
	}
	p.local.app.FailDependency(false)
	if !p.becomes(h.Ready, http.StatusOK, h.DownWithin) {
		p.Fail("%s is still not 200 %v after the dependency came back", h.Ready, h.DownWithin)
	}
}

// becomes polls as an orchestrator does, until the status is there.
func (p *Probe) becomes(path string, status int, within time.Duration) bool {
	step := min(time.Second, within/10)
	for waited := time.Duration(0); ; waited += step {
		if p.Do(Request{Path: path}).Status == status {
			return true
		}
		if waited >= within || !p.Sleep(step) {
			return false
		}
	}
}

// checkHealthInternal asks as a load balancer or kubelet does.
func checkHealthInternal(p *Probe) {
	for name, path := range p.needHealth().paths() {
		for _, r := range []Request{{Path: path, Host: "10.0.0.7:8080", Plain: true}, {Path: path, Host: "10.0.0.7:8080", Plain: true, Method: http.MethodHead}} {
			if res := p.Do(r); res.Status != http.StatusOK {
				p.Fail("%s: %s over http, want 200", name, res)
			}
		}
	}
}
