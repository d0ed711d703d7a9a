package headers

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// checkPermissions checks a Permissions-Policy: a dictionary from features to allowlists
// (Permissions Policy section 5.2). Features come and go, so their names are only checked for
// syntax. A browser drops the header over one error of syntax, and an entry of a list that is
// of the wrong type without a word; both are errors here.
func checkPermissions(p *conf.Problems, value string) {
	const field = "PermissionsPolicy"
	if value == "" || !checkText(p, field, value) {
		return
	}
	members, err := parseSFDictionary(value)
	switch {
	case err != nil && strings.ContainsAny(value, "';"):
		p.Add(field, value, err.Error()+"; browsers would drop the whole header",
			"write camera=(), geolocation=(self): that of Feature-Policy was another")
		return
	case err != nil:
		p.Add(field, value, err.Error()+"; browsers would drop the whole header",
			"write camera=(), geolocation=(self \"https://maps.example.com\")")
		return
	case len(members) == 0:
		p.Add(field, value, "no feature", "write camera=(), or Omit")
	}
	seen := map[string]bool{}
	for _, m := range members {
		if seen[m.key] {
			p.Add(field, value, m.key+" is there twice, and only the last counts", "write one list")
		}
		seen[m.key] = true
		if reason, list := checkAllowlist(m.item); reason != "" {
			p.Add(field, value, m.key+": "+reason, fmt.Sprintf("write %s=%s", m.key, list))
		}
	}
}

// checkAllowlist checks the list of one feature. It gives the first thing wrong with it, and
// the whole list as it was probably meant: what is right in it stays.
func checkAllowlist(item sfItem) (reason, list string) {
	if item.kind == sfTrue {
		return "a feature without a list", "() for nobody, or (self)"
	}
	entries := []sfItem{item}
	if item.kind == sfList {
		entries = item.items
	}
	var meant []string
	for _, e := range entries {
		wrong, instead := checkAllowed(e)
		if reason == "" {
			reason = wrong
		}
		if instead != "" && !slices.Contains(meant, instead) {
			meant = append(meant, instead)
		}
	}
	return reason, "(" + strings.Join(meant, " ") + ")"
}

// checkAllowed checks one entry of an allowlist: *, self, or an origin as a string. Which of
// them has quotes is the opposite of what a policy for content wants, and the usual mistake.
// instead is the entry as it should be, "" for none.
func checkAllowed(item sfItem) (reason, instead string) {
	switch item.kind {
	case sfToken:
		switch {
		case item.text == "*" || item.text == "self":
			return "", item.text
		case item.text == "none":
			return "there is no none", ""
		case strings.EqualFold(item.text, "self"):
			return item.text + " is not self: letter case matters", "self"
		case strings.Contains(item.text, "."), strings.Contains(item.text, ":"):
			return "an origin stands in double quotes", meantOrigin(item.text)
		}
		return item.text + " is not self, * or an origin in quotes", "self"
	case sfString:
		switch item.text {
		case "self", "*":
			return item.text + " has no quotes", item.text
		case "none", "'none'":
			return "there is no none", ""
		}
		return checkAllowedOrigin(item.text), meantOrigin(item.text)
	}
	return "neither self, * nor an origin in quotes", "self"
}

// checkAllowedOrigin says what is wrong with the text of a string: a serialized origin, whose
// host may start with "*.".
func checkAllowedOrigin(origin string) (reason string) {
	scheme, rest, ok := strings.Cut(origin, "://")
	if !ok || !isScheme(scheme) {
		return fmt.Sprintf("%q is no origin: it has no scheme", origin)
	}
	u, err := url.Parse(scheme + "://" + strings.TrimPrefix(rest, "*."))
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || strings.ContainsAny(rest, "?#") {
		return fmt.Sprintf("%q is no origin: scheme, host and port alone", origin)
	}
	if _, ok := parseHost(u.Host); !ok {
		return fmt.Sprintf("%q is no origin: its host is none", origin)
	}
	return ""
}

// meantOrigin is an origin with its quotes: that in s, if one can be guessed, else an example.
func meantOrigin(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		scheme, rest = "https", strings.TrimLeft(s, "/")
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	origin := scheme + "://" + rest[strings.LastIndexByte(rest, '@')+1:]
	if checkAllowedOrigin(origin) != "" {
		origin = "https://maps.example.com"
	}
	return "\"" + origin + "\""
}
