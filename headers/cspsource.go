package headers

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gambeson-go/gambeson/internal/conf"
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

// schemeNames are the schemes that policies name, each of which without its colon is the name
// of a host.
var schemeNames = []string{"http", "https", "ws", "wss", "data", "blob", "filesystem", "mediastream"}

// connectKeywords are those of the keywords above that mean something in connect-src, and
// nowhere else.
var connectKeywords = []string{"unsafe-allow-redirects", "unsafe-webtransport-hashes"}

// noncePlaces are where browsers look at a nonce: at elements. The -attr directives are about
// attributes, which have none (CSP level 3 section 6.7.3).
var noncePlaces = []string{"default-src", "script-src", "script-src-elem", "style-src", "style-src-elem"}

// sourceList reports the first problem of a source list (CSP level 3 section 2.3.1). Keywords
// about scripts have no effect in the other directives: there they are refused.
func (c *policyCheck) sourceList(d directive, scripts bool) {
	for i, v := range d.values {
		reason, fix := checkSource(v)
		switch {
		case reason == "" && v == placeholder && !slices.Contains(noncePlaces, d.name):
			reason, fix = "a nonce has no effect in "+d.name, "write "+placeholder+" in script-src or style-src"
		case reason == "" && !scripts && keywords[keyword(v)] && !(d.name == "connect-src" && slices.Contains(connectKeywords, keyword(v))):
			reason, fix = v+" has no effect in "+d.name, "leave it out"
		}
		if guess, ok := guessedSource(fix); ok && reason != "" && !c.takes(d, i, guess) {
			fix = "leave it out" // well written, it would be refused as well
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
		fix := "add " + placeholder
		if !slices.Contains(noncePlaces, d.name) {
			fix = "leave it out: " + d.name + " takes no nonce"
		}
		c.bad(d, "'strict-dynamic' without a nonce or a hash blocks every script", fix)
	}
}

// guessedSource is the source that a fix says to write.
func guessedSource(fix string) (source string, ok bool) {
	source, ok = strings.CutPrefix(fix, "write ")
	if unquoted, err := strconv.Unquote(source); err == nil {
		return unquoted, ok && !strings.HasPrefix(unquoted, ";")
	}
	return source, ok && (source == placeholder || strings.HasPrefix(source, "'"))
}

// takes says whether the policy is a good one with guess as the i-th value of d, as far as the
// other values of d are.
func (c *policyCheck) takes(d directive, i int, guess string) bool {
	meant := directive{name: d.name}
	for j, v := range d.values {
		if j == i {
			v = guess
		}
		if reason, _ := checkSource(v); reason == "" {
			meant.values = append(meant.values, v)
		} else if j == i {
			return false
		}
	}
	policy := slices.Clone(c.policy)
	for j := range policy {
		if policy[j].name == d.name {
			policy[j] = meant
		}
	}
	trial := &policyCheck{conf.For(""), c.field, policy, c.mayDefeat}
	trial.sourceList(meant, directives[d.name] == sources)
	trial.checkDefeat()
	return trial.Err() == nil
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
	case slices.Contains(schemeNames, low):
		return "a scheme without its colon is the name of a host", fmt.Sprintf("write %q", low+":")
	case directives[low] != 0:
		return "a semicolon is missing before " + v, fmt.Sprintf("write \"; %s\"", v)
	case strings.HasSuffix(v, ":") && isScheme(v[:len(v)-1]):
		return "", ""
	}
	return checkHostSource(v)
}

// hostSource is [scheme://]host[:port][/path], cut at these places.
type hostSource struct{ scheme, authority, path string }

func cutHostSource(v string) hostSource {
	var s hostSource
	rest := v
	if scheme, after, found := strings.Cut(v, "://"); found {
		s.scheme, rest = scheme, after
	}
	s.authority = rest
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		s.authority, s.path = rest[:slash], rest[slash:]
	}
	return s
}

// checkHostSource reads a source whose host may start with "*." and whose port may be "*".
// Browsers ignore a source that does not parse: what it was to allow stays blocked, often only
// on the page that nobody tried.
func checkHostSource(v string) (reason, fix string) {
	const form = "write a source such as https://cdn.example.com or *.example.com"
	s := cutHostSource(v)
	authority, path := s.authority, s.path
	if strings.Contains(v, "://") && !isScheme(s.scheme) {
		return v + " is no source", form
	}
	switch {
	case strings.ContainsAny(v, "?#"):
		return "a source has no query or fragment", "cut it off"
	case strings.Contains(authority, "@"):
		return "a source has no userinfo", form
	case strings.ContainsAny(path, "\"<>\\^`{|}$") || !hasGoodEscapes(path):
		return v + " is no source", form
	}
	// What stands before a star is taken for a directory, as whoever wrote it meant.
	if star := strings.IndexByte(path, '*'); star >= 0 {
		return "a path has no wildcard, but one that ends in a slash covers all below",
			fmt.Sprintf("write %q", strings.TrimSuffix(v, path)+path[:strings.LastIndexByte(path[:star], '/')+1])
	}
	if strings.HasPrefix(authority, "[") {
		return "a policy cannot name an IPv6 address (CSP level 3 section 2.3.1)", "write a name, such as localhost, or a scheme"
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
