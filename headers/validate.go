package headers

import (
	"strings"
	"time"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// validate finds every problem of cfg, and reads what of it is looked at for each request.
// What an empty field stands for is checked like what was written, because fields can
// contradict each other.
func validate(cfg Config) (hostSet, redirect, error) {
	p := conf.For("headers")
	c := cfg.filled()
	checkHSTS(p, c.HSTS)
	checkPolicy(p, "ContentSecurityPolicy", c.ContentSecurityPolicy, c.DangerouslyAllowUnsafeScripts, false)
	checkPolicy(p, "ContentSecurityPolicyReportOnly", c.ContentSecurityPolicyReportOnly, true, true)
	checkFrames(p, c)
	checkReferrer(p, c.ReferrerPolicy)
	checkPermissions(p, c.PermissionsPolicy)
	checkCacheControl(p, c.CacheControl)
	checkSFToken(p, "CrossOriginOpenerPolicy", c.CrossOriginOpenerPolicy,
		"same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none")
	checkSFToken(p, "CrossOriginEmbedderPolicy", c.CrossOriginEmbedderPolicy, "require-corp", "credentialless", "unsafe-none")
	checkOneOf(p, "CrossOriginResourcePolicy", c.CrossOriginResourcePolicy, "same-origin", "same-site", "cross-origin")
	checkOneOf(p, "PermittedCrossDomainPolicies", c.PermittedCrossDomainPolicies,
		"none", "master-only", "by-content-type", "by-ftp-filename", "all", "none-this-response")
	checkOneOf(p, "DNSPrefetchControl", c.DNSPrefetchControl, "off", "on")
	checkOneOf(p, "OriginAgentCluster", c.OriginAgentCluster, "?1", "?0")
	hosts := checkHosts(p, cfg.AllowedHosts)
	redirect := checkRedirect(p, cfg)
	return hosts, redirect, p.Err()
}

// checkHSTS checks what RFC 6797 and hstspreload.org ask of the header. A short MaxAge is not
// refused: that is how one starts, and the only way back is to wait for it.
func checkHSTS(p *conf.Problems, h HSTS) {
	alone := h
	alone.Off, alone.Forget = false, false
	switch {
	case h.Off && h.Forget:
		p.Add("HSTS", nil, "Off sends nothing, Forget sends max-age=0", "set one of them")
	case (h.Off || h.Forget) && alone != (HSTS{}):
		p.Add("HSTS", nil, "Off and Forget stand alone", "clear MaxAge, IncludeSubDomains and Preload")
	case h.Off || h.Forget:
	case h.MaxAge == 0:
		p.Add("HSTS.MaxAge", nil, "no age", "set MaxAge, or Forget for max-age=0")
	case h.MaxAge < 0 || h.MaxAge%time.Second != 0:
		p.Add("HSTS.MaxAge", h.MaxAge, "not a number of whole seconds", "write two years as 2 * 365 * 24 * time.Hour")
	}
	if h.Preload && !h.Off && !h.Forget && (h.MaxAge < year || !h.IncludeSubDomains) {
		p.Add("HSTS.Preload", h.Preload, "preload lists take hosts with a year and subdomains only",
			"set MaxAge to 365 * 24 * time.Hour or more, and IncludeSubDomains")
	}
}

// checkFrames checks X-Frame-Options, and that it says no other than frame-ancestors: browsers
// obey the one, scanners and old browsers read the other.
func checkFrames(p *conf.Problems, c Config) {
	const field = "FrameOptions"
	value := strings.ToUpper(c.FrameOptions) // letter case does not matter here, and is sent in upper case
	if strings.HasPrefix(value, "ALLOW-FROM") {
		p.Add(field, c.FrameOptions, "no browser obeys ALLOW-FROM any more",
			"write \"frame-ancestors https://partner.example.com\" in ContentSecurityPolicy")
		return
	}
	if reason, fix := checkWord(value, []string{"DENY", "SAMEORIGIN"}); value != "" && reason != "" {
		if checkText(p, field, c.FrameOptions) {
			p.Add(field, c.FrameOptions, reason, fix)
		}
		return
	}
	if value == "" {
		return
	}
	for _, d := range parsePolicy(c.ContentSecurityPolicy) {
		if d.name != "frame-ancestors" {
			continue
		}
		deny := value == "DENY"
		if deny != has(d.values, "none") || !deny && !has(d.values, "self") {
			p.Add(field, c.FrameOptions, "contradicts "+d.String()+" in ContentSecurityPolicy, which browsers obey",
				"leave FrameOptions empty, or change frame-ancestors there")
		}
		return
	}
}
