package headers

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// keywords stand in single quotes; without them they are the names of hosts, and the policy is
// another than it seems. Those that are true are about scripts and styles alone.
var keywords = map[string]bool{
	"self": false, "none": false, "report-sample": false,
	"unsafe-inline": true, "unsafe-eval": true, "unsafe-hashes": true, "strict-dynamic": true,
	"wasm-unsafe-eval": true, "inline-speculation-rules": true, "trusted-types-eval": true,
	"unsafe-allow-redirects": true, "unsafe-webtransport-hashes": true,
	"report-sha256": true, "report-sha384": true, "report-sha512": true,
}

// hashSizes are the digests of a hash source, in bytes.
var hashSizes = map[string]int{"sha256": 32, "sha384": 48, "sha512": 64}

// noncePlaces are where browsers look at a nonce: at elements. The -attr directives are about
// attributes, which have none (CSP level 3 section 6.7.3).
var noncePlaces = []string{"default-src", "script-src", "script-src-elem", "style-src", "style-src-elem"}

// sourceList reports the first problem of a source list (CSP level 3 section 2.3.1). Keywords
// about scripts have no effect in the other directives: there they are refused.
func (c *policyCheck) sourceList(d directive, scripts bool) {
	for _, v := range d.values {
		reason, fix := checkSource(v)
		switch {
		case reason == "" && v == placeholder && !slices.Contains(noncePlaces, d.name):
			reason, fix = "a nonce has no effect in "+d.name, "write "+placeholder+" in script-src or style-src"
		case reason == "" && !scripts && keywords[keyword(v)] && d.name != "connect-src":
			reason, fix = v+" has no effect in "+d.name, "leave it out"
		}
		if reason != "" {
			c.bad(d, reason, fix)
			return
		}
	}
	if len(d.values) > 1 && has(d.values, "none") {
		c.bad(d, "'none' stands alone, or browsers ignore it", "take 'none' or the others out")
	}
	if has(d.values, "strict-dynamic") && !hasNonceOrHash(d.values) {
		c.bad(d, "'strict-dynamic' without a nonce or a hash blocks every script", "add "+placeholder)
	}
}

// checkSource reads one source expression; an empty reason means that it is one. The order of
// the cases matters: what looks like a slip is told as that slip, before the general "no
// source".
func checkSource(v string) (reason, fix string) {
	low := strings.ToLower(v)
	name := keyword(v)
	algorithm, digest, _ := strings.Cut(strings.Trim(v, "'"), "-")
	size, isHash := hashSizes[strings.ToLower(algorithm)]
	_, isKeyword := keywords[strings.Trim(low, "'\"")]
	switch {
	case v == placeholder || v == "*":
		return "", ""
	case strings.Contains(low, "nonce") && !strings.ContainsAny(v, "./"):
		if strings.Contains(v, placeholder) || !strings.HasPrefix(low, "'nonce-") || strings.ContainsAny(v, "{}$<>%") {
			return v + " is no placeholder of a nonce", "write " + placeholder + " alone, without quotes"
		}
		return "a nonce that is the same for every request is none", "write " + placeholder
	case isHash && (v[0] != '\'' || v[len(v)-1] != '\''):
		return "a hash stands in single quotes", fmt.Sprintf("write '%s'", strings.Trim(v, "'"))
	case isHash:
		digest = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(digest, "="))
		if raw, err := base64.RawStdEncoding.DecodeString(digest); err != nil || len(raw) != size {
			return fmt.Sprintf("not the base64 of a %s digest", strings.ToLower(algorithm)), "take the one that the browser's console shows"
		}
		return "", ""
	case name != "" && isKeyword:
		return "", ""
	case isKeyword:
		return "a keyword without single quotes is the name of a host", fmt.Sprintf("write '%s'", strings.Trim(low, "'\""))
	case strings.ContainsAny(v, "'\""):
		return v + " is no keyword; hosts and schemes have no quotes", "check the spelling"
	case directives[low] != 0:
		return "a semicolon is missing before " + v, fmt.Sprintf("write \"; %s\"", v)
	case strings.HasSuffix(v, ":") && isScheme(v[:len(v)-1]):
		return "", ""
	}
	return checkHostSource(v)
}

// checkHostSource reads [scheme://]host[:port][/path], whose host may start with "*." and
// whose port may be "*". Browsers ignore a source that does not parse: what it was to allow
// stays blocked, often only on the page that nobody tried.
func checkHostSource(v string) (reason, fix string) {
	const form = "write a source such as https://cdn.example.com or *.example.com"
	scheme, rest, found := strings.Cut(v, "://")
	if !found {
		rest = v
	} else if !isScheme(scheme) {
		return v + " is no source", form
	}
	authority, path := rest, ""
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		authority, path = rest[:slash], rest[slash:]
	}
	switch {
	case strings.ContainsAny(v, "?#"):
		return "a source has no query or fragment", "cut it off"
	case strings.Contains(authority, "@"):
		return "a source has no userinfo", form
	case strings.ContainsAny(path, "\"<>\\^`{|}$") || !hasGoodEscapes(path):
		return v + " is no source", form
	}
	name, port, hasPort := strings.Cut(authority, ":")
	if hasPort && port != "*" && (port == "" || !isPortSuffix(":"+port)) {
		return v + " has no port of 0 to 65535", form
	}
	if name == "*" {
		return "", ""
	}
	if _, ok := checkName(strings.TrimPrefix(name, "*.")); !ok {
		return v + " is no source", form
	}
	return "", ""
}

// isScheme follows RFC 3986 section 3.1.
func isScheme(s string) bool {
	return s != "" && strings.Trim(s[:1], lower+upper) == "" && strings.Trim(s, alnum+"+-.") == ""
}

// keyword is the lower-case text between single quotes, or "".
func keyword(v string) string {
	if len(v) < 3 || v[0] != '\'' || v[len(v)-1] != '\'' {
		return ""
	}
	return strings.ToLower(v[1 : len(v)-1])
}

// has says whether a keyword, given without its quotes, is among the values.
func has(values []string, name string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return keyword(v) == name })
}

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
	for _, d := range c.policy {
		switch {
		case d.name == "default-src" && hasScriptSrc(c.policy):
			continue
		case d.name != "default-src" && d.name != "script-src" && d.name != "script-src-elem" && d.name != "script-src-attr":
			continue
		}
		const fix = "give inline scripts a nonce with " + placeholder + ", name the hosts, or set DangerouslyAllowUnsafeScripts"
		guarded, dynamic := hasNonceOrHash(d.values), has(d.values, "strict-dynamic")
		if has(d.values, "unsafe-inline") && !guarded && !dynamic {
			c.bad(d, "'unsafe-inline' lets every injected script run", fix)
		}
		for _, v := range d.values {
			switch strings.ToLower(v) {
			case "*", "http:", "https:", "data:", "http://*", "https://*":
				if !dynamic {
					c.bad(d, v+" lets scripts of anybody run", fix)
				}
			}
		}
	}
}

// hasScriptSrc says whether default-src no longer governs scripts.
func hasScriptSrc(policy []directive) bool {
	return slices.ContainsFunc(policy, func(d directive) bool { return d.name == "script-src" })
}
