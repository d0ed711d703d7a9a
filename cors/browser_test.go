package cors_test

import (
	"net/http"
	"slices"
	"strings"
)

// page is a script in a browser that wants something of another origin. Its methods are the browser's side of the
// protocol, as Fetch (2026-07) says it.
type page struct {
	origin      string
	credentials string // Fetch's credentials mode: "omit", "include"
	method      string
	unsafe      []string // CORS-unsafe request-header names
}

// get is "get a header" of Fetch section 2.2.2: all lines, joined; and whether there is any.
func get(h http.Header, name string) (string, bool) {
	values, ok := h[http.CanonicalHeaderKey(name)]
	return strings.Join(values, ", "), ok && len(values) > 0
}

// corsCheck is Fetch section 4.10.
func (p page) corsCheck(h http.Header) bool {
	origin, ok := get(h, "Access-Control-Allow-Origin")
	switch {
	case !ok:
		return false
	case p.credentials != "include" && origin == "*":
		return true
	case origin != p.origin:
		return false
	case p.credentials != "include":
		return true
	}
	credentials, _ := get(h, "Access-Control-Allow-Credentials")
	return credentials == "true"
}

// preflightPasses is Fetch section 4.8, step 7.
func (p page) preflightPasses(res *http.Response) bool {
	if !p.corsCheck(res.Header) || res.StatusCode < 200 || res.StatusCode > 299 {
		return false
	}
	methods, ok := extract(res.Header, "Access-Control-Allow-Methods")
	if !ok {
		return false
	}
	names, ok := extract(res.Header, "Access-Control-Allow-Headers")
	if !ok {
		return false
	}
	star := func(list []string) bool { return p.credentials != "include" && slices.Contains(list, "*") }
	if !slices.Contains(methods, p.method) && !slices.Contains([]string{"GET", "HEAD", "POST"}, p.method) && !star(methods) {
		return false
	}
	for _, name := range p.unsafe {
		listed := slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
		if !listed && (strings.EqualFold(name, "Authorization") || !star(names)) {
			return false
		}
	}
	return true
}

// extract is "extract header list values" of Fetch section 2.2.2 with the ABNF 1#token: no value at all is an empty
// list, a malformed one a failure.
func extract(h http.Header, name string) (list []string, ok bool) {
	value, present := get(h, name)
	if !present {
		return nil, true
	}
	for element := range strings.SplitSeq(value, ",") {
		element = strings.Trim(element, " \t")
		if element == "" {
			continue
		}
		if strings.ContainsFunc(element, func(c rune) bool {
			return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
		}) {
			return nil, false
		}
		list = append(list, element)
	}
	return list, len(list) > 0
}
