package headers

import (
	"slices"
	"strings"
)

// hasNonceOrHash says whether browsers ignore 'unsafe-inline' here (CSP level 3 section
// 6.7.3.2).
func hasNonceOrHash(values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool {
		return v == placeholder || strings.HasPrefix(strings.ToLower(v), "'sha")
	})
}

// checkDefeat refuses a policy that lets injected scripts run after all: whoever can write an
// inline script, or a script element with any address, runs what he likes, and the policy only
// looks like protection. The same values are harmless where browsers ignore them:
// 'unsafe-inline' beside a nonce or hash, schemes and hosts beside 'strict-dynamic', both of
// which are the usual fallback for old browsers. A policy that says nothing about scripts is
// not judged: it may be about frames alone.
func (c *policyCheck) checkDefeat() {
	if c.mayDefeat {
		return
	}
	for _, d := range c.policy {
		switch {
		case d.name == "default-src" && hasScriptSrc(c.policy):
			continue
		case !governsScripts(d.name):
			continue
		}
		const fix = "give inline scripts a nonce with " + placeholder + ", name the hosts, or set DangerouslyAllowUnsafeScripts"
		guarded, dynamic := hasNonceOrHash(d.values), has(d.values, "strict-dynamic")
		if has(d.values, "unsafe-inline") && !guarded && !dynamic {
			c.bad(d, "'unsafe-inline' lets every injected script run", fix)
		}
		for _, v := range d.values {
			if isAnybody(v) && !dynamic {
				c.bad(d, v+" lets scripts of anybody run", fix)
			}
		}
	}
}

func governsScripts(name string) bool {
	return name == "default-src" || name == "script-src" || name == "script-src-elem" || name == "script-src-attr"
}

// isAnybody says whether anybody can have a script that a source covers: by a scheme, by a host
// that is a wildcard whatever port and path it has, or by one below a public suffix. A suffix
// that the list does not know, as in *.intranet, is taken for one's own.
func isAnybody(v string) bool {
	low := strings.ToLower(v)
	switch low {
	case "http:", "https:", "data:":
		return true
	}
	s := cutHostSource(low)
	if s.scheme != "" && s.scheme != "http" && s.scheme != "https" {
		return false // no script comes from there
	}
	name, _, _ := strings.Cut(s.authority, ":")
	base, wild := strings.CutPrefix(name, "*.")
	return name == "*" || wild && isRegistry(base)
}

// hasScriptSrc says whether default-src no longer governs scripts.
func hasScriptSrc(policy []directive) bool {
	return slices.ContainsFunc(policy, func(d directive) bool { return d.name == "script-src" })
}
