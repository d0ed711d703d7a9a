package headers

import (
	"fmt"
	"net/url"
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
		list := []sfItem{m.item}
		if m.item.kind == sfList {
			list = m.item.items
		}
		for _, item := range list {
			if reason, fix := checkAllowed(item); reason != "" {
				p.Add(field, value, m.key+": "+reason, fmt.Sprintf("write %s=%s", m.key, fix))
			}
		}
	}
}

// checkAllowed checks one entry of an allowlist: *, self, or an origin as a string. Which of
// them has quotes is the opposite of what a policy for content wants, and the usual mistake.
func checkAllowed(item sfItem) (reason, fix string) {
	switch item.kind {
	case sfTrue:
		return "a feature without a list", "() for nobody, or (self)"
	case sfToken:
		switch {
		case item.text == "*" || item.text == "self":
			return "", ""
		case item.text == "none":
			return "there is no none", "()"
		case strings.EqualFold(item.text, "self"):
			return item.text + " is not self: letter case matters", "(self)"
		case strings.Contains(item.text, "."), strings.Contains(item.text, ":"):
			return "an origin stands in double quotes", fmt.Sprintf("(%q)", item.text)
		}
		return item.text + " is not self, * or an origin in quotes", "(self)"
	case sfString:
		return checkAllowedOrigin(item.text)
	}
	return "neither self, * nor an origin in quotes", "(self)"
}

// checkAllowedOrigin checks the text of a string: a serialized origin, whose host may start
// with "*.".
func checkAllowedOrigin(origin string) (reason, fix string) {
	switch origin {
	case "self", "*":
		return origin + " has no quotes", "(" + origin + ")"
	case "none", "'none'":
		return "there is no none", "()"
	}
	const fit = "(\"https://maps.example.com\")"
	scheme, rest, ok := strings.Cut(origin, "://")
	if !ok || !isScheme(scheme) {
		return fmt.Sprintf("%q is no origin: it has no scheme", origin), fit
	}
	u, err := url.Parse(scheme + "://" + strings.TrimPrefix(rest, "*."))
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || strings.ContainsAny(rest, "?#") {
		return fmt.Sprintf("%q is no origin: scheme, host and port alone", origin), fit
	}
	if _, ok := parseHost(u.Host); !ok {
		return fmt.Sprintf("%q is no origin: its host is none", origin), fit
	}
	return "", ""
}
