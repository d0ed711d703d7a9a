package cors

import (
	"net/http"
	"strings"

	"github.com/gambeson-go/gambeson/internal/problem"
)

// Bounds of a preflight, far beyond what browsers send. Lists of the configuration widen them.
const (
	maxMethodBytes   = 64
	maxHeaderBytes   = 4096 // of all Access-Control-Request-Headers lines together
	maxHeaderNames   = 128
	maxHints         = 256 // of AllowedOrigins, searched for a near miss
	maxEmptyElements = 16  // RFC 9110 section 5.6.1.2 asks for "a reasonable number"
)

// policy is one configuration made ready. It is never changed, so that requests share it without a lock: Reconfigure
// puts another in its place.
type policy struct {
	cfg     Config
	near    []pattern // the first of AllowedOrigins, for hints
	origins originSet
	answers compiled

	methods        map[string]struct{}
	anyMethod      bool
	maxMethodBytes int

	headers        map[string]struct{} // lower case
	anyHeader      bool
	maxHeaderBytes int
	maxHeaderNames int

	refusals map[cause][]byte
}

// newPolicy validates before it compiles: rs/cors accepts everything and cannot be asked whether it is well.
func newPolicy(cfg Config) (*policy, error) {
	cfg = cfg.clone()
	patterns, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	p := &policy{
		cfg:            cfg,
		near:           patterns[:min(len(patterns), maxHints)],
		origins:        newOriginSet(cfg, patterns),
		answers:        compile(cfg, patterns),
		methods:        make(map[string]struct{}, len(cfg.AllowedMethods)),
		maxMethodBytes: maxMethodBytes,
		headers:        make(map[string]struct{}, len(cfg.AllowedHeaders)),
		maxHeaderBytes: maxHeaderBytes,
		maxHeaderNames: maxHeaderNames + len(cfg.AllowedHeaders),
		refusals:       refusals(),
	}
	for _, method := range cfg.AllowedMethods {
		if method == "*" {
			p.anyMethod = true
			continue
		}
		p.methods[method] = struct{}{}
		p.maxMethodBytes = max(p.maxMethodBytes, len(method))
	}
	for _, name := range cfg.AllowedHeaders {
		if name == "*" {
			p.anyHeader = true
			continue
		}
		p.headers[strings.ToLower(name)] = struct{}{}
		p.maxHeaderBytes += len(name) + len(", ")
	}
	return p, nil
}

// closed is the policy of a Middleware that New did not make: it allows nothing. It is made anew each time, since nothing
// of this package lives longer than a Middleware.
func closed() *policy {
	return &policy{
		answers:  compiled{plain: answer{vary: "Origin"}, refused: answer{vary: "Origin"}},
		refusals: refusals(),
	}
}

// refusals are the bodies of the 403s: fixed texts, for whoever calls without a browser. They say which part was refused,
// which anybody could find out, and give back nothing of the request. The exact reason is for OnDecision.
func refusals() map[cause][]byte {
	body := func(detail string) []byte {
		return problem.Problem{Status: http.StatusForbidden, Detail: detail}.Body()
	}
	origin := body("This origin may not call from a browser.")
	method := body("This method is not allowed for calls from another origin.")
	header := body("A request header is not allowed for calls from another origin.")
	return map[cause][]byte{
		originRepeated: origin, originUnlisted: origin, originBelowPublicSuffix: origin,
		methodMalformed: method, methodUnlisted: method,
		headersTooMany: header, headersEmpty: header, headerMalformed: header, headerUnlisted: header, headerUnnamed: header,
	}
}

// verdict is a decision in the making. Its strings are parts of the request; only headers is written anew where the
// request's own was untidy. It lives on the stack of Wrap.
type verdict struct {
	kind    Kind
	cause   cause
	origin  string
	method  string // of a preflight
	headers string // of a preflight, as they are answered
	culprit string // the header name that is refused
}

// decide is the whole of it: pure, and bounded whatever the request holds. The header is read by its canonical keys, as
// net/http makes them, and never through Get, which would hide a second line. origins are the lines of Origin, which the
// caller has looked up; v is empty before.
//
// Origin that is present and empty counts as an origin that is not listed, not as none: an intermediary has tampered
// with it.
func (p *policy) decide(r *http.Request, origins []string, v *verdict) {
	if len(origins) == 0 {
		return
	}
	v.kind, v.origin = Actual, origins[0]
	if r.Method == http.MethodOptions {
		if methods := r.Header["Access-Control-Request-Method"]; len(methods) > 0 {
			p.decidePreflight(v, origins, methods, r.Header["Access-Control-Request-Headers"])
			return
		}
	}
	v.cause = p.checkOrigin(origins, Actual)
	// Browsers send Origin with a same-origin POST as well. That is nothing to report, and nothing rests on it: the
	// answer is that of a refusal.
	if v.cause != allowed && r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		v.kind, v.cause = NotCORS, allowed
	}
}

// checkOrigin refuses two lines, of which a cache, a proxy and this package might each believe another. The answer
// "*" to an actual request is the same for all, so that it can be cached, and stays.
func (p *policy) checkOrigin(lines []string, kind Kind) cause {
	if p.origins.any && (kind == Actual || len(lines) == 1) {
		return allowed
	}
	if len(lines) > 1 {
		return originRepeated
	}
	return p.origins.match(lines[0])
}

// decidePreflight goes in the order in which a developer can mend things: no use in naming a header to a page whose
// origin is not listed.
func (p *policy) decidePreflight(v *verdict, origins, methods, headers []string) {
	v.kind = Preflight
	if v.cause = p.checkOrigin(origins, Preflight); v.cause != allowed {
		return
	}
	v.method = methods[0]
	if v.cause = p.checkMethod(methods); v.cause != allowed {
		return
	}
	p.checkHeaders(v, headers)
}

// checkMethod allows the safelisted methods always, as browsers do whatever the answer (Fetch section 4.8 step 7.5):
// to refuse POST here would only break those posts that need a preflight for a header. OPTIONS is a method like others
// and must be listed. What "*" admits is given back to the client, and so must be a token of bounded length.
func (p *policy) checkMethod(lines []string) cause {
	method := lines[0]
	if len(lines) > 1 || len(method) > p.maxMethodBytes {
		return methodMalformed
	}
	if isSafelistedMethod(method) {
		return allowed
	}
	if _, ok := p.methods[method]; ok {
		return allowed
	}
	switch {
	case !isToken(method):
		return methodMalformed
	case p.anyMethod && !isForbiddenMethod(method):
		return allowed
	}
	return methodUnlisted
}
