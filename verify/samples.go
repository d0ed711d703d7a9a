package verify

import (
	"fmt"
	"net/http"
	"strings"
)

// samples is one answer of each kind that the service can be made to give: what a header promises must hold on all of
// them. A check of the 200 alone, or of an error that http.Error wrote, proves nothing.
func (p *Probe) samples() []*Response {
	if p.remote != nil && p.remote.samples != nil {
		p.answered += len(p.remote.samples)
		return p.remote.samples
	}
	var out []*Response
	add := func(r Request) {
		if res, err := p.Try(r); err == nil {
			out = append(out, res)
		}
	}
	add(Request{})
	add(Request{Path: p.missingPath()})
	add(Request{Method: http.MethodPatch})
	if a := p.cfg.Auth; a != nil && len(a.Routes) > 0 {
		add(a.Routes[0].request(""))
	}
	if c := p.cfg.CORS; c != nil {
		add(p.preflight(c.allowed()))
	}
	if b := p.cfg.Body; b != nil {
		add(b.tooLarge(false))
	}
	if p.local != nil && p.local.inner != nil {
		add(p.inner("panic"))
	}
	if p.local != nil && p.cfg.Rate != nil {
		if res, _ := p.burst(Request{Path: p.cfg.Rate.Path, From: "192.0.2.77"}, p.cfg.Rate.most()); res.Status == http.StatusTooManyRequests {
			out = append(out, res)
		}
	}
	if p.remote != nil {
		p.remote.samples = out
	}
	return out
}

func (p *Probe) missingPath() string {
	if p.cfg.NotFound != "" {
		return p.cfg.NotFound
	}
	return "/gambeson-verify-" + random(16)
}

// inner is a request to verify's own app, with the credential that lets it in.
func (p *Probe) inner(name string) Request {
	r := Request{Path: innerPath + name, Inner: true}
	if p.cfg.Auth != nil {
		r.Header = p.cfg.Auth.Credential
	}
	return r
}

// innerWorks is the control of what happens behind App.Wrap.
func (p *Probe) innerWorks() {
	if p.local == nil || p.local.inner == nil {
		p.Skip("App.Wrap is not given")
	}
	if res := p.Do(p.inner("ok")); res.Status != http.StatusOK || !res.Contains(`{"inner":"ok"}`) {
		p.Inconclusive("App.Wrap does not let a request through: %s; declare Auth.Credential if it takes one", res)
	}
}

// each judges every sample and reports together those that fail alike.
func (p *Probe) each(judge func(*Response) (wrong string)) {
	byReason := map[string][]string{}
	var order []string
	for _, res := range p.samples() {
		wrong := judge(res)
		if wrong == "" {
			continue
		}
		if byReason[wrong] == nil {
			order = append(order, wrong)
		}
		byReason[wrong] = append(byReason[wrong], sampleName(res))
	}
	for _, wrong := range order {
		p.Fail("%s: %s", wrong, strings.Join(byReason[wrong], ", "))
	}
}

func sampleName(res *Response) string {
	path := res.request.Path
	if strings.HasPrefix(path, "/gambeson-verify-") { // random: a report should not change by itself
		path = "/gambeson-verify-…"
	}
	return fmt.Sprintf("%d (%s %s)", res.Status, res.request.Method, clip(path, 40))
}
