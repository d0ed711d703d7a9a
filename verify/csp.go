package verify

import (
	"net/http"
	"slices"
	"strings"
)

// policies parses the enforced policies of an answer. In each, the first of two equal directives counts (CSP3 2.2.1).
func policies(res *Response) []map[string][]string {
	var out []map[string][]string
	for _, header := range res.Header.Values("Content-Security-Policy") {
		for one := range strings.SplitSeq(header, ",") {
			policy := map[string][]string{}
			for directive := range strings.SplitSeq(one, ";") {
				words := strings.Fields(strings.ToLower(directive))
				if len(words) == 0 {
					continue
				}
				if _, twice := policy[words[0]]; !twice {
					policy[words[0]] = words[1:]
				}
			}
			if len(policy) > 0 {
				out = append(out, policy)
			}
		}
	}
	return out
}

func checkCSP(p *Probe) {
	p.each(func(res *Response) string {
		if len(res.Body) == 0 || res.Status == http.StatusNoContent || res.request.Method == http.MethodOptions {
			return "" // nothing that could run
		}
		all := policies(res)
		if len(all) == 0 {
			if res.Header.Get("Content-Security-Policy-Report-Only") != "" {
				return "Content-Security-Policy is report-only, so nothing is enforced"
			}
			return "no Content-Security-Policy"
		}
		// Several policies must all be met: one that is good is enough.
		var wrong string
		for _, policy := range all {
			if wrong = p.weakness(policy); wrong == "" {
				return ""
			}
		}
		return wrong
	})
}

// weakness is what an injected script could use.
func (p *Probe) weakness(policy map[string][]string) string {
	if p.cfg.Profile == API {
		if !none(policy["default-src"]) {
			return "an API's policy has no default-src 'none'"
		}
		if !none(policy["frame-ancestors"]) {
			return "an API's policy has no frame-ancestors 'none'"
		}
	}
	fallback, declared := policy["default-src"]
	scripts, ok := policy["script-src"]
	if !ok {
		scripts = fallback
		if !declared {
			return "neither script-src nor default-src"
		}
	}
	bound := slices.ContainsFunc(scripts, func(s string) bool {
		return strings.HasPrefix(s, "'nonce-") || strings.HasPrefix(s, "'sha256-") || strings.HasPrefix(s, "'sha384-") || strings.HasPrefix(s, "'sha512-")
	})
	strictDynamic := slices.Contains(scripts, "'strict-dynamic'")
	for _, s := range scripts {
		switch {
		case s == "'unsafe-inline'" && !bound, s == "'unsafe-eval'":
			return "scripts may be " + s
		case (openSource(s) || s == "data:") && !strictDynamic:
			return "scripts may come from " + s
		}
	}
	objects, ok := policy["object-src"]
	if !ok {
		objects = fallback
	}
	if slices.ContainsFunc(objects, openSource) || !ok && !declared {
		return "plugins may come from anywhere (object-src)"
	}
	if _, ok := policy["base-uri"]; !ok && !none(scripts) {
		return "no base-uri: an injected <base> turns relative scripts into foreign ones"
	}
	return ""
}

func none(sources []string) bool { return len(sources) == 1 && sources[0] == "'none'" }
