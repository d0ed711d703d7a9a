package headers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// The values of a directive are of one of these kinds. Browsers skip a value that they cannot
// read and say so in a console that nobody watches, so each kind is checked as its
// specification writes it.
type valueKind uint8

const (
	sources   valueKind = iota + 1
	origins             // sources without the keywords that are about scripts and styles
	noValue             // upgrade-insecure-requests
	sandbox             // allow-… tokens
	endpoint            // report-to
	uris                // report-uri
	script              // 'script'
	policies            // trusted-types
	allowance           // webrtc
)

// directives are those of CSP level 3 section 6 and of the documents that add to it: Upgrade
// Insecure Requests, Trusted Types, WebRTC, Fenced Frames. Unlike the features of
// Permissions-Policy they hardly ever change, and a directive that no browser knows is a
// misspelled one that protects nothing: an unknown name is an error.
var directives = map[string]valueKind{
	"default-src": sources, "script-src": sources, "script-src-elem": sources, "script-src-attr": sources,
	"style-src": sources, "style-src-elem": sources, "style-src-attr": sources,
	"child-src": origins, "connect-src": origins, "fenced-frame-src": origins, "font-src": origins, "frame-src": origins,
	"img-src": origins, "manifest-src": origins, "media-src": origins, "object-src": origins, "prefetch-src": origins,
	"worker-src": sources, "base-uri": origins, "form-action": origins, "frame-ancestors": origins,
	"sandbox": sandbox, "report-to": endpoint, "report-uri": uris, "webrtc": allowance,
	"require-trusted-types-for": script, "trusted-types": policies, "upgrade-insecure-requests": noValue,
}

// dead directives, and what does their work today. They are refused with that advice, because
// a policy that relies on them relies on nothing.
var dead = map[string]string{
	"block-all-mixed-content": "write \"upgrade-insecure-requests\"",
	"plugin-types":            "write \"object-src 'none'\"",
	"referrer":                "set ReferrerPolicy",
	"reflected-xss":           "leave it out",
	"navigate-to":             "leave it out",
	"require-sri-for":         "leave it out",
}

// directive is one of a policy, as it was written.
type directive struct {
	name   string // lower-case
	values []string
}

func (d directive) String() string { return strings.Join(append([]string{d.name}, d.values...), " ") }

// parsePolicy cuts a policy as browsers do (CSP level 3 section 2.2.1): at semicolons, then at
// white space; empty directives do not count, and names have no letter case.
func parsePolicy(policy string) []directive {
	var all []directive
	for part := range strings.SplitSeq(policy, ";") {
		if words := strings.Fields(part); len(words) > 0 {
			all = append(all, directive{strings.ToLower(words[0]), words[1:]})
		}
	}
	return all
}

// hasDirective says whether a policy has a directive; name is lower-case.
func hasDirective(policy, name string) bool {
	return slices.ContainsFunc(parsePolicy(policy), func(d directive) bool { return d.name == name })
}

// withoutUpgrade is the policy for http. Any other is returned byte by byte as it was written;
// one that consists of this directive alone becomes "", which is no header.
func withoutUpgrade(policy string) string {
	const name = "upgrade-insecure-requests"
	if !hasDirective(policy, name) {
		return policy
	}
	var kept []string
	for _, d := range parsePolicy(policy) {
		if d.name != name {
			kept = append(kept, d.String())
		}
	}
	return strings.Join(kept, "; ")
}

// policyCheck is the check of one policy. All problems go to the list of the whole Config,
// under the field's name.
type policyCheck struct {
	*conf.Problems
	field     string
	policy    []directive
	mayDefeat bool // it may let any script run
}

func (c *policyCheck) bad(d directive, reason, fix string) { c.Add(c.field, d.String(), reason, fix) }

// checkPolicy checks a policy that is sent; an empty one is not. A policy in Report-Only
// blocks nothing, so that it may be as weak as one likes, but must report.
func checkPolicy(p *conf.Problems, field, policy string, allowUnsafe, reportOnly bool) {
	if policy == "" || !checkText(p, field, policy) {
		return
	}
	c := &policyCheck{p, field, parsePolicy(policy), allowUnsafe || reportOnly}
	switch {
	case len(c.policy) == 0:
		p.Add(field, policy, "no directive", "write a policy, or Omit")
		return
	case strings.Contains(policy, ","): // RFC 9110 section 5.3: two fields in one, and both policies apply
		p.Add(field, policy, "a comma starts a second policy",
			"separate directives with \";\" and sources with spaces; in a URL write \"%2C\"")
		return
	}
	seen := map[string]bool{}
	for _, d := range c.policy {
		if seen[d.name] { // section 2.2.1: skipped, so that what was added to loosen or tighten does neither
			c.bad(d, "the second "+d.name+", which browsers ignore", "put all its values into the first")
		}
		seen[d.name] = true
		c.directive(d)
	}
	c.checkDefeat()
	if reportOnly && !seen["report-to"] && !seen["report-uri"] {
		p.Add(field, policy, "without report-to or report-uri nobody hears of it",
			"add \"report-to NAME\" or \"report-uri /path\"")
	}
}

// directive checks the values of one by its kind.
func (c *policyCheck) directive(d directive) {
	kind, known := directives[d.name]
	if !known {
		c.unknown(d)
		return
	}
	// An empty source list means 'none' to a browser. Written by a person it means a forgotten
	// value.
	if kind != noValue && kind != sandbox && kind != policies && len(d.values) == 0 {
		c.bad(d, "no value", "write what it allows, or 'none'")
		return
	}
	switch kind {
	case sources, origins:
		c.sourceList(d, kind == sources)
	case noValue:
		if len(d.values) > 0 {
			c.bad(d, "it has no value; a semicolon may be missing", fmt.Sprintf("write \"%s; …\"", d.name))
		}
	case sandbox:
		c.sandbox(d)
	case endpoint:
		if len(d.values) != 1 || strings.Trim(d.values[0], alnum+"-_.") != "" {
			c.bad(d, "not the name of one endpoint", "write \"report-to NAME\", with NAME in a Reporting-Endpoints header")
		}
	case uris:
		c.each(d, "not a path or an http or https URL", "write \"report-uri /csp\"", isReportURI)
	case script:
		c.each(d, "only 'script' is defined", "write \"require-trusted-types-for 'script'\"", func(v string) bool {
			return v == "'script'"
		})
	case policies:
		const fix = "write names without quotes, or 'allow-duplicates', 'none', *"
		if len(d.values) > 1 && has(d.values, "none") {
			c.bad(d, "'none' stands alone, or browsers ignore it", "take 'none' or the others out")
		}
		c.each(d, "not the name of a trusted types policy", fix, func(v string) bool {
			return v == "'none'" || v == "'allow-duplicates'" || v == "*" || strings.Trim(v, alnum+"-#=_/@.%") == ""
		})
	case allowance:
		c.each(d, "neither 'allow' nor 'block'", "write \"webrtc 'block'\"", func(v string) bool {
			return v == "'allow'" || v == "'block'"
		})
	}
}

// each reports the first value that is not good. One that is the name of a directive tells of
// a missing semicolon.
func (c *policyCheck) each(d directive, reason, fix string, good func(string) bool) {
	for _, v := range d.values {
		if _, name := directives[strings.ToLower(v)]; name && !good(v) {
			c.bad(d, "a semicolon is missing before "+v, fmt.Sprintf("write \"; %s\"", v))
			return
		}
		if !good(v) {
			c.bad(d, reason, fix)
			return
		}
	}
}

// sandboxFlags are those of HTML section 7.1.5, and of the Storage Access API.
var sandboxFlags = []string{
	"allow-downloads", "allow-forms", "allow-modals", "allow-orientation-lock", "allow-pointer-lock", "allow-popups",
	"allow-popups-to-escape-sandbox", "allow-presentation", "allow-same-origin", "allow-scripts",
	"allow-storage-access-by-user-activation", "allow-top-navigation", "allow-top-navigation-by-user-activation",
	"allow-top-navigation-to-custom-protocols",
}

// sandbox wants flags that browsers know: a misspelled one leaves the page without what it
// needs, with a warning in a console.
func (c *policyCheck) sandbox(d directive) {
	fix := "write \"sandbox allow-scripts allow-forms\" or so"
	known := func(v string) bool { return slices.Contains(sandboxFlags, strings.ToLower(v)) }
	if i := slices.IndexFunc(d.values, func(v string) bool { return !known(v) }); i >= 0 {
		bad := strings.TrimPrefix(strings.ToLower(d.values[i]), "allow-")
		for _, flag := range sandboxFlags {
			if bad != "" && strings.HasPrefix(flag, "allow-"+strings.TrimSuffix(bad, "s")) {
				meant := slices.Clone(d.values)
				meant[i] = flag
				fix = fmt.Sprintf("write %q", directive{d.name, meant})
				break
			}
		}
	}
	c.each(d, "not an allow-… flag that browsers know", fix, known)
}

// unknown finds out what was meant by a name that is no directive.
func (c *policyCheck) unknown(d directive) {
	name, value, equals := strings.Cut(d.name, "=")
	instead, isDead := dead[d.name]
	switch {
	case isDead:
		c.bad(d, d.name+" is gone from browsers", instead)
	case equals && directives[name] != 0:
		c.bad(d, "a directive and its values are separated by a space", "write \""+strings.TrimSpace(name+" "+value)+"\"")
	case strings.HasSuffix(d.name, ":"):
		if directives[strings.TrimSuffix(d.name, ":")] != 0 {
			c.bad(d, "a directive has no colon", "write \""+strings.TrimSuffix(d.name, ":")+" …\"")
		} else {
			c.bad(d, "a header's name does not belong into its value", "start with the first directive")
		}
	default:
		c.bad(d, "no browser knows a directive "+d.name, "check the spelling, and the semicolon before it")
	}
}

// isReportURI takes what browsers post reports to: a path or a URL. Characters that a URL has
// only in escapes are refused.
func isReportURI(v string) bool {
	rest, ok := v, strings.HasPrefix(v, "/")
	for _, scheme := range []string{"https://", "http://"} {
		if r, found := strings.CutPrefix(v, scheme); found {
			rest, ok = r, true
		}
	}
	return ok && len(rest) > 0 && !strings.ContainsAny(rest, "\"<>\\^`{|}'$#") && hasGoodEscapes(rest)
}

// hasGoodEscapes says whether each percent sign starts an escape (RFC 3986 section 2.1). It
// also keeps "%[1]s" out, which secure would fill its nonce into.
func hasGoodEscapes(s string) bool {
	for i := strings.IndexByte(s, '%'); i >= 0; i = strings.IndexByte(s, '%') {
		if len(s) < i+3 || !isHex(s[i+1]) || !isHex(s[i+2]) {
			return false
		}
		s = s[i+3:]
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
