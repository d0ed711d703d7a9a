package metrics

import (
	"net/http"
	"strconv"
	"strings"
)

const (
	// No pattern of ServeMux can be one of these two words: each has a slash in it.
	unmatched     = "unmatched" // no route: 404, 405, or a pattern that did not reach us
	overflow      = "overflow"  // every label set beyond MaxSeries
	otherMethod   = "_OTHER"    // OpenTelemetry's word for a method that it does not know
	otherCode     = "other"
	methods       = 11
	clientGone    = 499 // nginx's code for a client that did not wait; nobody registered one
	maxTraceBytes = 120 // OpenMetrics 1.0 allows 128 characters for the name and value of an exemplar's labels together
)

// boundMethod is the place and the label of a method: those of RFC 9110 section 9, PATCH (RFC 5789) and QUERY. Methods
// are case-sensitive, and a client may invent any number of them.
func boundMethod(method string) (int, string) {
	switch method {
	case http.MethodGet:
		return 0, method
	case http.MethodHead:
		return 1, method
	case http.MethodPost:
		return 2, method
	case http.MethodPut:
		return 3, method
	case http.MethodDelete:
		return 4, method
	case http.MethodConnect:
		return 5, method
	case http.MethodOptions:
		return 6, method
	case http.MethodTrace:
		return 7, method
	case http.MethodPatch:
		return 8, method
	case "QUERY":
		return 9, method
	}
	return methods - 1, otherMethod
}

// routeLabel is what a pattern of http.ServeMux matches, without the method in front of it. Other routers may put
// anything there, and a label that is not UTF-8 makes client_golang panic.
func routeLabel(pattern string) string {
	if i := strings.IndexAny(pattern, " \t"); i >= 0 && pattern[0] != '/' {
		pattern = strings.TrimLeft(pattern[i:], " \t")
	}
	if pattern == "" {
		return unmatched
	}
	return strings.Clone(strings.ToValidUTF8(pattern, "\uFFFD"))
}

// boundCode is 0 for what is no status of HTTP.
func boundCode(code int) int {
	if code < 100 || code > 599 {
		return 0
	}
	return code
}

// codeLabels are the labels code and class of a bounded code. It allocates, and is asked once for each label set.
func codeLabels(code int) (label, class string) {
	if code == 0 {
		return otherCode, otherCode
	}
	return strconv.Itoa(code), strconv.Itoa(code/100) + "xx"
}

// isLabelName holds a name to what every Prometheus takes: letters, digits and _, no digit first. Two underscores in
// front are Prometheus' own.
func isLabelName(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && !strings.HasPrefix(name, "__")
}

// isOwnLabel says whether a constant label would clash with one that a metric here has; "cause" is promhttp's.
func isOwnLabel(name string) bool {
	switch name {
	case "method", "route", "code", "class", "le", "cause":
		return true
	}
	return false
}

// isRuntimeLabel says the same of the collectors in an own registry: go_info, go_build_info, go_gc_duration_seconds.
func isRuntimeLabel(name string) bool {
	switch name {
	case "version", "path", "checksum", "quantile":
		return true
	}
	return false
}
