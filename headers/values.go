package headers

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// checkText refuses what no value may hold: control characters, which end the header and start
// another, and what is not ASCII.
func checkText(p *conf.Problems, field, value string) bool {
	switch {
	case strings.ContainsAny(value, "\r\n"):
		p.Add(field, value, "a line break starts another header", "write it on one line")
	case strings.ContainsFunc(value, isControl):
		p.Add(field, value, "a control character", "take it out")
	case !isASCII(value):
		p.Add(field, value, "a header is ASCII: browsers do not know typographic quotes",
			"write plain quotes, names in punycode and paths escaped")
	default:
		return true
	}
	return false
}

// checkOneOf checks a header that is one word. Browsers compare these bytewise and ignore what
// they do not know, so that a word in the wrong case is as good as no header.
func checkOneOf(p *conf.Problems, field, value string, words ...string) {
	if value == "" || !checkText(p, field, value) {
		return
	}
	if reason, fix := checkWord(value, words); reason != "" {
		p.Add(field, value, reason, fix)
	}
}

// checkWord tells a word that was nearly right from one that is none.
func checkWord(value string, words []string) (reason, fix string) {
	if slices.Contains(words, value) {
		return "", ""
	}
	for _, w := range words {
		if strings.EqualFold(w, strings.Trim(value, "\"' ")) {
			return "not the exact word that browsers know", "write " + w
		}
	}
	return "no value that browsers know", "write " + strings.Join(words, " or ") + ", or Omit"
}

// checkSFToken checks COOP and COEP: a structured-field item that is one of the tokens, with
// parameters such as report-to (HTML section 7.1.3). Whatever does not parse means unsafe-none
// to a browser.
func checkSFToken(p *conf.Problems, field, value string, tokens ...string) {
	if value == "" || !checkText(p, field, value) {
		return
	}
	item, err := parseSFItem(value)
	if err == nil && item.kind == sfToken && slices.Contains(tokens, item.text) {
		return
	}
	reason, fix := checkWord(value, tokens)
	if err != nil {
		reason = err.Error()
	}
	p.Add(field, value, reason+"; they take it for unsafe-none", fix)
}

// referrerPolicies are those of Referrer Policy section 3.
var referrerPolicies = []string{
	"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin", "origin",
	"origin-when-cross-origin", "no-referrer-when-downgrade", "unsafe-url",
}

// checkReferrer checks one policy or several, of which a browser takes the last that it knows
// (section 8.1).
func checkReferrer(p *conf.Problems, value string) {
	const field = "ReferrerPolicy"
	if value == "" || !checkText(p, field, value) {
		return
	}
	for word := range strings.SplitSeq(value, ",") {
		if reason, fix := checkWord(strings.TrimSpace(word), referrerPolicies); reason != "" {
			p.Add(field, value, reason, fix)
			return
		}
	}
}

// withSeconds are the directives of Cache-Control that are nothing without a number of
// seconds.
var withSeconds = []string{"max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"}

// checkCacheControl checks the syntax of RFC 9111 section 5.2; unknown directives are
// extensions. Caches skip what they cannot read, and "no store" keeps nothing from being
// stored.
func checkCacheControl(p *conf.Problems, value string) {
	const field, fix = "CacheControl", "write \"no-store\", \"no-cache\" or \"private, max-age=60\""
	if value == "" || !checkText(p, field, value) {
		return
	}
	seen := map[string]bool{}
	for _, part := range splitQuoted(value) {
		name, arg, hasArg := strings.Cut(strings.TrimSpace(part), "=")
		name = strings.ToLower(name)
		quoted := len(arg) > 1 && arg[0] == '"' && arg[len(arg)-1] == '"'
		switch {
		case !isToken(name), hasArg && !quoted && !isToken(arg):
			p.Add(field, value, fmt.Sprintf("%q is no directive", strings.TrimSpace(part)), fix)
		case seen[name]:
			p.Add(field, value, name+" is there twice", "write it once")
		case slices.Contains(withSeconds, name) && (arg == "" || strings.Trim(arg, digits) != ""):
			p.Add(field, value, name+" needs a number of seconds", fmt.Sprintf("write \"%s=60\"", name))
		}
		seen[name] = true
	}
	if seen["public"] && (seen["no-store"] || seen["private"]) {
		p.Add(field, value, "public contradicts the rest", fix)
	}
}

// splitQuoted cuts at commas outside of quoted strings.
func splitQuoted(s string) []string {
	var parts []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// isToken follows RFC 9110 section 5.6.2.
func isToken(s string) bool { return s != "" && strings.Trim(s, tchar) == "" }

// isDisplay checks the escapes of a display string, RFC 9651 section 4.2.10.
func isDisplay(s string) bool {
	raw, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(raw) {
		return false
	}
	for i := range s {
		if s[i] == '%' && strings.ToLower(s[i:i+3]) != s[i:i+3] {
			return false
		}
	}
	return true
}
