package cors

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// Config says who may call from a page of another origin, and with what. The zero Config is an error: there is no
// list of origins that is safe for everybody.
type Config struct {
	// AllowedOrigins lists the origins of the pages that may call, as browsers write them. Empty is an error, since an
	// unset variable must not open the server.
	//
	//	https://app.example.com        that origin alone
	//	https://app.example.com:8443   that one; a port other than the default is part of an origin
	//	http://localhost:5173          a development server; list each port
	//	chrome-extension://aapocclc…   an extension or app
	//	https://*.example.com          every subdomain at any depth, not example.com itself
	//	https://*.example.com:8443     the same on that port
	//	*                              everybody; alone, and without AllowCredentials
	//
	// Nothing else is a pattern: no part of a name, no scheme, no port, no regular expression. Upper case, default
	// ports, paths and trailing slashes are errors, because browsers never send them.
	AllowedOrigins []string

	// AllowedMethods lists methods beyond GET, HEAD and POST, which need no permission (Fetch section 4.8 step 7.5); to
	// list these too is harmless. "*" admits all. Methods are case-sensitive: browsers write DELETE, GET, HEAD, OPTIONS,
	// POST and PUT in upper case whatever the script says, and no others. A fetch with "patch" sends "patch".
	AllowedMethods []string

	// AllowedHeaders lists request headers that scripts may set beyond the safelisted ones, in any case. A JSON body
	// needs Content-Type. "*" admits all but Authorization, which must be named beside it (Fetch section 2.2.2, CORS
	// non-wildcard request-header name).
	AllowedHeaders []string

	// ExposedHeaders lists response headers that scripts may read beyond Cache-Control, Content-Language,
	// Content-Length, Content-Type, Expires, Last-Modified and Pragma. "*" is all; it excludes AllowCredentials.
	ExposedHeaders []string

	// AllowCredentials lets the page's requests carry cookies, client certificates and HTTP authentication, and lets
	// the page read the answers. Whoever controls one of the origins, be it by a script injected there, then acts in the
	// visitor's name. A bearer token that the script sets itself does not need this: list Authorization in
	// AllowedHeaders.
	AllowCredentials bool

	// MaxAge is how long a browser may remember a preflight's answer, in whole seconds up to 24 hours. 0 leaves it to
	// the browser, which takes 5 seconds. -1 (or -time.Second) means not at all; other negative values are errors.
	MaxAge time.Duration

	// DangerouslyAllowInsecureOrigins accepts http origins beyond loopback together with AllowCredentials. Whoever sits
	// on the network path of a visitor can then act in the visitor's name.
	DangerouslyAllowInsecureOrigins bool

	// DangerouslyAllowPublicSuffixes accepts patterns such as "https://*.github.io", below which strangers can register
	// a name. It also lets patterns match below a public suffix that lies deeper: without it "https://*.amazonaws.com"
	// does not admit anybody's bucket at evil.s3.amazonaws.com.
	DangerouslyAllowPublicSuffixes bool

	// OnDecision is told the decision on every CORS request, in words, allowed or refused: for logs, metrics, and the
	// developer who sees nothing but "CORS error" in the browser. Requests without Origin are none, nor are those that
	// the browser calls same-origin. It runs on the request's goroutine before the answer, so it must be quick, and
	// safe for concurrent use. nil: none.
	OnDecision func(*http.Request, Decision)

	lost        []lostOption // what FromRS could not carry over
	lostOrigins bool         // the origins are among it
}

// ConfigError is one problem of a Config: {Package, Field, Value, Reason, Fix}. Several come joined by [errors.Join];
// errors.AsType finds the first.
type ConfigError = conf.Error

// maxMaxAge is what Firefox keeps at most; the others keep less.
const maxMaxAge = 24 * time.Hour

// clone is a copy that shares no slice with c.
func (c Config) clone() Config {
	c.AllowedOrigins = slices.Clone(c.AllowedOrigins)
	c.AllowedMethods = slices.Clone(c.AllowedMethods)
	c.AllowedHeaders = slices.Clone(c.AllowedHeaders)
	c.ExposedHeaders = slices.Clone(c.ExposedHeaders)
	c.lost = slices.Clone(c.lost)
	return c
}

// anyOrigin says whether everybody is allowed. "*" beside others is no such configuration but an error: one of the two
// was not meant.
func (c Config) anyOrigin() bool { return len(c.AllowedOrigins) == 1 && c.AllowedOrigins[0] == "*" }

// validate reports every problem, and gives the origins taken apart.
func (c Config) validate() ([]pattern, error) {
	problems := conf.For("cors")
	for _, o := range c.lost {
		problems.Add(o.field, o.value, o.reason, o.fix)
	}
	patterns := c.checkOrigins(problems)
	c.checkMethods(problems)
	c.checkAllowedHeaders(problems)
	c.checkExposedHeaders(problems)
	c.checkMaxAge(problems)
	return patterns, problems.Err()
}

// checkOrigins reports one problem for each entry at most: the fix of the first makes up for the rest.
func (c Config) checkOrigins(problems *conf.Problems) []pattern {
	if len(c.AllowedOrigins) == 0 && c.lostOrigins {
		return nil // reported, with another fix
	}
	if len(c.AllowedOrigins) == 0 {
		problems.Add("AllowedOrigins", nil, "no origin is listed, so no page could use this", `list the origins of your pages, or "*" for everybody`)
		return nil
	}
	if c.anyOrigin() {
		if c.AllowCredentials {
			problems.Add("AllowedOrigins[0]", "*", `browsers refuse "*" on a request with credentials (Fetch section 3.3.5)`,
				"list the origins, or leave AllowCredentials out")
		}
		return nil
	}
	patterns := make([]pattern, 0, len(c.AllowedOrigins))
	for i, origin := range c.AllowedOrigins {
		p, f := parsePattern(origin)
		if f == nil {
			f = c.checkTrust(p)
		}
		if f != nil {
			problems.Add(fmt.Sprintf("AllowedOrigins[%d]", i), origin, f.reason, f.fix(c.checkTrust))
			continue
		}
		patterns = append(patterns, p)
	}
	return patterns
}

// checkTrust refuses origins that are well written and admit more than they seem to.
func (c Config) checkTrust(p pattern) *flaw {
	// Loopback never leaves the machine, and development needs it.
	if p.scheme == "http" && c.AllowCredentials && !p.loopback() && !c.DangerouslyAllowInsecureOrigins {
		p.scheme = "https"
		return &flaw{reason: "anybody on the network path can pose as an http origin and use the visitor's credentials", write: p.String()}
	}
	// A name that the list does not know, such as "intranet", is a suffix by its prevailing rule, and stays one here: who
	// gives out names below it is not known either.
	if p.wild && !p.loopback() && !c.DangerouslyAllowPublicSuffixes {
		if isPublicSuffix(p.host) || isWildcardRule(p.host) {
			return &flaw{reason: fmt.Sprintf("%q is a public suffix, or only suffixes lie below it: anybody can register a name there", p.host),
				advice: fmt.Sprintf("list your own origins, like %q", p.scheme+"://you."+p.host)}
		}
	}
	return nil
}

// noPartWild is what isPartWild found.
const noPartWild = `"*" stands for a whole name only, so it would never match`

// isPartWild finds what other servers and gateways take: "X-*". It is a valid name, and nothing is called so.
func isPartWild(name string) bool {
	return name != "*" && (strings.HasPrefix(name, "*") || strings.HasSuffix(name, "*"))
}

// checkMethods lets the safelisted methods pass although they need no listing: a list of all that an API has reads well.
func (c Config) checkMethods(problems *conf.Problems) {
	for i, method := range c.AllowedMethods {
		field := fmt.Sprintf("AllowedMethods[%d]", i)
		upper := strings.ToUpper(method)
		switch {
		case !isToken(method):
			problems.Add(field, method, "it is not one method (RFC 9110 section 9.1)", `write one name an element, like "PUT"`)
		case isPartWild(method):
			problems.Add(field, method, noPartWild, `list each method, or "*" for all`)
		case isForbiddenMethod(method):
			problems.Add(field, method, "no browser lets a script send it (Fetch section 2.2.1)", "leave it out")
		// Any other method in lower case is left as it is, even "patch": it can match, and some server may mean it.
		case upper != method && isNormalizedMethod(upper):
			problems.Add(field, method, "browsers send it in upper case, so it would never match", fmt.Sprintf("write %q", upper))
		}
	}
}

// checkAllowedHeaders lets the safelisted headers pass: their values are restricted, and beyond that they do need listing
// (Content-Type for JSON).
func (c Config) checkAllowedHeaders(problems *conf.Problems) {
	for i, name := range c.AllowedHeaders {
		field, lower := fmt.Sprintf("AllowedHeaders[%d]", i), strings.ToLower(name)
		switch {
		case !isToken(name):
			problems.Add(field, name, "it is not one header name (RFC 9110 section 5.1)", `write one name an element, like "X-Request-Id"`)
		case isPartWild(name):
			problems.Add(field, name, noPartWild, `list each header, or "*" for all but Authorization`)
		case isForbiddenRequestHeader(lower):
			problems.Add(field, name, "browsers set it themselves and let no script do so (Fetch section 2.2.2)", "leave it out")
		case strings.HasPrefix(lower, "access-control-"):
			problems.Add(field, name, "it is a header of the answer that this package gives", "leave it out")
		}
	}
}

// checkExposedHeaders also keeps CR and LF out of the answer, where rs/cors would send them.
func (c Config) checkExposedHeaders(problems *conf.Problems) {
	for i, name := range c.ExposedHeaders {
		field, lower := fmt.Sprintf("ExposedHeaders[%d]", i), strings.ToLower(name)
		switch {
		case !isToken(name):
			problems.Add(field, name, "it is not one header name (RFC 9110 section 5.1)", `write one name an element, like "X-Request-Id"`)
		case isPartWild(name):
			problems.Add(field, name, noPartWild, "list each header")
		case name == "*" && c.AllowCredentials:
			problems.Add(field, name, `with credentials browsers take "*" for a header of that name (Fetch section 3.3.5)`, "list the headers that scripts read")
		case lower == "set-cookie" || lower == "set-cookie2":
			problems.Add(field, name, "no script can ever read it (Fetch section 2.2.2)", "leave it out")
		case isRequestOnly(lower):
			problems.Add(field, name, "there is nothing in it for a script to read in a response", "leave it out")
		}
	}
}

// checkMaxAge takes a number without unit for what it is: nobody means 600 nanoseconds, nor, by a month of seconds, two
// and a half milliseconds.
func (c Config) checkMaxAge(problems *conf.Problems) {
	switch {
	case c.MaxAge == -1 || c.MaxAge == -time.Second: // the one way to write "never", with and without a unit
	case c.MaxAge < 0:
		problems.Add("MaxAge", c.MaxAge, "it is negative", "write -1 for no caching at all, 0 for the browser's default")
	case c.MaxAge > maxMaxAge:
		problems.Add("MaxAge", c.MaxAge, "no browser keeps a preflight longer than 24 hours", "write 24 * time.Hour or less")
	case c.MaxAge > 0 && c.MaxAge < 100*time.Millisecond && int64(c.MaxAge) > int64(maxMaxAge/time.Second):
		problems.Add("MaxAge", c.MaxAge, "it has no unit, and as seconds it would be over the 24 hours that a browser keeps", "write 24 * time.Hour or less")
	case c.MaxAge > 0 && c.MaxAge < 100*time.Millisecond:
		problems.Add("MaxAge", c.MaxAge, "it has no unit", fmt.Sprintf("write %d * time.Second", int64(c.MaxAge)))
	case c.MaxAge%time.Second != 0:
		problems.Add("MaxAge", c.MaxAge, "the header counts whole seconds (Fetch section 3.3.4)", fmt.Sprintf("write %d * time.Second", c.MaxAge/time.Second+1))
	}
}
