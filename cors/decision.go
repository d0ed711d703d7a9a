package cors

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// Kind is what a request is to CORS. Its zero value is NotCORS.
type Kind uint8

const (
	NotCORS   Kind = iota // without Origin, or same-origin by the browser's word
	Actual                // with Origin: the handler runs, allowed or not; the browser keeps the answer from the page
	Preflight             // OPTIONS with Origin and Access-Control-Request-Method: answered here
)

func (k Kind) String() string {
	switch k {
	case Actual:
		return "actual"
	case Preflight:
		return "preflight"
	}
	return "not CORS"
}

// Decision is what became of one request, and why. To be allowed is the browser's business only: a refused actual request
// reaches the handler all the same, without CORS headers on its answer.
type Decision struct {
	Kind    Kind
	Allowed bool // true where Kind is NotCORS: there is nothing to refuse

	// Refused is the part that was refused: "origin", "method" or "header"; "" where none was. It has few values, which
	// makes it fit for a metric's label.
	Refused string

	// Reason is the why, in words for a developer: `method "PATCH" is not in AllowedMethods`. What it cites of the
	// request is quoted and short. It is for logs, not for the client.
	Reason string
}

// cause is a reason before it is put into words. On the path of a request it is a number; a text would cost allocations
// that any client could cause.
type cause uint8

const (
	allowed cause = iota
	originRepeated
	originUnlisted
	originBelowPublicSuffix
	methodMalformed
	methodUnlisted
	headersTooMany
	headersEmpty
	headerMalformed
	headerUnlisted
	headerUnnamed
)

func (c cause) part() string {
	switch c {
	case allowed:
		return ""
	case originRepeated, originUnlisted, originBelowPublicSuffix:
		return "origin"
	case methodMalformed, methodUnlisted:
		return "method"
	}
	return "header"
}

// explain puts a verdict into words. It costs more than the verdict did and is done only for those who ask.
func (p *policy) explain(v *verdict, r *http.Request) Decision {
	return Decision{Kind: v.kind, Allowed: v.cause == allowed, Refused: v.cause.part(), Reason: p.reason(v, r)}
}

func (p *policy) reason(v *verdict, r *http.Request) string {
	switch v.cause {
	case originRepeated:
		return fmt.Sprintf("there are %d Origin headers", len(r.Header["Origin"]))
	case originUnlisted:
		return p.reasonUnlisted(v.origin)
	case originBelowPublicSuffix:
		return "origin " + quote(v.origin) + " lies below a public suffix, where anybody can register a name; list it exactly"
	case methodMalformed:
		return "Access-Control-Request-Method does not hold one method"
	case methodUnlisted:
		return "method " + quote(v.method) + " is not in AllowedMethods" + p.methodHint(v.method)
	case headersTooMany:
		return "Access-Control-Request-Headers is longer than any list of AllowedHeaders"
	case headersEmpty:
		return "Access-Control-Request-Headers has too many empty elements"
	case headerMalformed:
		return "Access-Control-Request-Headers holds " + quote(v.culprit) + ", which is no header name"
	case headerUnlisted:
		return "header " + quote(v.culprit) + " is not in AllowedHeaders"
	case headerUnnamed:
		return `header "authorization" is not in AllowedHeaders, and "*" does not cover it`
	}
	switch {
	case v.kind != NotCORS && p.origins.any:
		return "every origin is allowed"
	case v.kind != NotCORS:
		return "origin " + quote(v.origin) + " is allowed"
	case v.origin != "":
		return "the browser says that the request is same-origin"
	}
	return "there is no Origin header"
}

// reasonUnlisted names the near miss where there is one: most "CORS errors" are a scheme, a port or a www. Clients choose
// how often it runs, so it looks at a bounded part of the list, and at no origin longer than any could be.
func (p *policy) reasonUnlisted(origin string) string {
	const limit = 512
	if origin == "null" {
		return "origin null, as sandboxed frames, local files and some redirects send it, is never allowed"
	}
	if len(origin) > limit {
		return fmt.Sprintf("an Origin header of %d bytes is no origin", len(origin))
	}
	reason := "origin " + quote(origin) + " is not in AllowedOrigins"
	parsed, f := parsePattern(origin)
	switch {
	case f != nil:
		return reason + ": " + f.reason
	case parsed.wild:
		return reason + ": patterns stand in configurations only"
	}
	// A page that moved to https, or a development server without it.
	other := parsed
	if parsed.scheme == "http" || parsed.scheme == "https" {
		other.scheme = map[string]string{"http": "https", "https": "http"}[parsed.scheme]
		if near := other.String(); p.origins.match(near) == allowed {
			return reason + ", but " + quote(near) + " is: the scheme differs"
		}
	}
	for _, near := range p.near {
		switch {
		case near.wild && near.host == parsed.host && near.scheme == parsed.scheme && near.port == parsed.port:
			return reason + ", and " + quote(near.String()) + " covers only subdomains: list it too"
		case !near.wild && near.host == parsed.host && near.scheme == parsed.scheme:
			return reason + ", but " + quote(near.String()) + " is: the port differs"
		case !near.wild && near.scheme == parsed.scheme && near.port == parsed.port &&
			strings.TrimPrefix(near.host, "www.") == strings.TrimPrefix(parsed.host, "www."):
			return reason + ", but " + quote(near.String()) + " is: the host differs by www"
		}
	}
	return reason
}

// methodHint finds the method in another case: fetch with "patch" is the usual slip, since browsers put "put" right and
// leave "patch".
func (p *policy) methodHint(method string) string {
	for listed := range p.methods {
		if strings.EqualFold(listed, method) {
			return ", but " + quote(listed) + " is: methods are case-sensitive, the page must write it so"
		}
	}
	return ""
}

// quote makes a part of the request fit for a log line.
func quote(s string) string { return strconv.Quote(conf.Show(s)) }
