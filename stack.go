package gambeson

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gambeson-go/gambeson/cors"
	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/health"
	"github.com/gambeson-go/gambeson/internal/conf"
	"github.com/gambeson-go/gambeson/internal/respwrap"
	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/metrics"
	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/redact"
)

const (
	defaultMaxBodyBytes = 1 << 20
	defaultTimeout      = 15 * time.Second
)

// Stack is the layers around an app, each in its own field; the order is [Stack.Build]'s. A nil layer is off.
type Stack struct {
	Health    *health.Middleware
	Logging   *logging.Middleware
	Metrics   *metrics.Middleware
	Headers   *headers.Middleware
	CORS      *cors.Middleware
	RateLimit *ratelimit.Middleware
	LeakGuard *redact.Redactor

	// CSRF refuses unsafe requests from other sites. nil: one that trusts the exact origins of CORS, also after a
	// Reconfigure, and no origin that only a wildcard allows. One of your own is used as it is.
	CSRF *http.CrossOriginProtection

	// DangerouslyNoCSRF leaves that out. Only for an API that no browser sends credentials to by itself: no cookies,
	// no Basic authentication, no client certificates, nothing granted by the network that the browser is in.
	DangerouslyNoCSRF bool

	// MaxBodyBytes is the largest request body. 0: 1 MiB; negative: no limit. A declared length beyond it is answered
	// 413 at once; else reading gives *http.MaxBytesError. A handler may set a smaller one with http.MaxBytesReader.
	MaxBodyBytes int64

	// Timeout is how long the app may take; then the request's context ends, and an app that has written nothing by the
	// time it returns is answered for with 503. 0: 15 s; negative: no deadline. It should be below the server's
	// WriteTimeout, or the 503 cannot be sent, and below health.Config.ShutdownTimeout, or a deploy cuts the request.
	Timeout time.Duration

	// NoTimeout names the requests that run without a deadline: server-sent events, WebSockets, long downloads. Judge
	// by path: what a header says is the client's choice. nil: none.
	NoTimeout func(*http.Request) bool

	BeforeAuth []func(http.Handler) http.Handler // first is outermost
	Auth       func(http.Handler) http.Handler   // sets the identity, answers 401
	AfterAuth  []func(http.Handler) http.Handler // what needs the identity: limits per user, authorisation
}

// Build puts the layers around app. The error joins all problems that lie between layers, each a *ConfigError.
func (s Stack) Build(app http.Handler) (http.Handler, error) {
	p := conf.For("gambeson")
	if isNil(app) {
		p.Add("app", nil, "is nil", "give Build the handler to wrap, such as the mux")
		app = http.NotFoundHandler()
	}
	f := found{seen: map[http.Handler]bool{}}
	f.look("app", app)
	rows := s.rows()
	h := app
	for i := len(rows) - 1; i >= 0; i-- {
		for j := len(rows[i].parts) - 1; j >= 0; j-- {
			part := rows[i].parts[j]
			if part.wrap == nil {
				p.Add(part.field, nil, "is nil", "take it out")
				continue
			}
			outer := part.wrap(h)
			if isNil(outer) {
				p.Add(part.field, nil, "gives a nil handler", "return the next handler where there is nothing to do")
				continue
			}
			f.look(part.field, outer)
			h = outer
		}
	}
	slices.Reverse(f.given)
	s.check(p, f.given)
	if err := p.Err(); err != nil {
		return nil, err
	}
	return &built{h, f.given}, nil
}

// built is what Build made. It remembers its layers, so that Build around it finds them.
type built struct {
	http.Handler
	given []placed // outermost first
}

// row is a line of the order: a layer, or a slot for several.
type row struct {
	name  string
	why   string
	parts []part // empty: off
}

// part is one middleware and the field of Stack where it stands.
type part struct {
	field string
	wrap  func(http.Handler) http.Handler
}

// one is the parts of a layer that is on or off.
func one(on bool, field string, wrap func(http.Handler) http.Handler) []part {
	if !on {
		return nil
	}
	return []part{{field, wrap}}
}

// slot is the parts of a slot.
func slot(field string, wraps []func(http.Handler) http.Handler) []part {
	parts := make([]part, len(wraps))
	for i, wrap := range wraps {
		parts[i] = part{fmt.Sprintf("%s[%d]", field, i), wrap}
	}
	return parts
}

// rows is the order, outermost first. Each reason says what goes wrong elsewhere; the tests show it.
func (s Stack) rows() []row {
	maxBody, timeout := s.maxBodyBytes(), s.timeout()
	return []row{
		{"health", "probes are never logged, limited, redirected or asked who they are: a 301 or 429 takes the instance out of the load balancer",
			one(s.Health != nil, "Health", s.Health.Wrap)},
		{"body limit", "only through the server's own writer does a 413 close the connection",
			one(maxBody > 0, "MaxBodyBytes", limitBody(maxBody))},
		{"logging", "sees every rejection and every panic; below a limiter attacks are invisible",
			one(s.Logging != nil, "Logging", s.Logging.Wrap)},
		{"metrics", "counts what is logged; a panic passes through it and is counted as 500",
			one(s.Metrics != nil, "Metrics", s.Metrics.Wrap)},
		{"headers", "hosts, https and security headers on every answer below, also a 429 and a preflight",
			one(s.Headers != nil, "Headers", s.Headers.Wrap)},
		{"CORS", "answers preflights, which carry no credentials, and makes a 401 or 429 readable for the page that asked",
			one(s.CORS != nil, "CORS", s.CORS.Wrap)},
		{"rate limit", "by address, before anything that is costly or can be guessed",
			one(s.RateLimit != nil, "RateLimit", s.RateLimit.Wrap)},
		{"CSRF", "below CORS, so that its 403 is readable too",
			one(!s.DangerouslyNoCSRF, "CSRF", s.crossOrigin())},
		{"body length", "refuses a declared length beyond the limit before anything is read",
			one(maxBody > 0, "MaxBodyBytes", refuseLength(maxBody))},
		{"leak guard", "no secret leaves in an error, whichever layer of the app wrote it",
			one(s.LeakGuard != nil, "LeakGuard", s.LeakGuard.Wrap)},
		{"CORS kept", "a handler's own Access-Control-Allow-Origin does not loosen what CORS decided",
			one(s.CORS != nil, "CORS", keepCORS)},
		{"deadline", "ends the context of all that follows",
			one(timeout > 0, "Timeout", deadline(timeout, s.NoTimeout))},
		{"before auth", "what must not wait for an identity", slot("BeforeAuth", s.BeforeAuth)},
		{"auth", "below the limiter, so that passwords cannot be guessed by the hundred", one(s.Auth != nil, "Auth", s.Auth)},
		{"after auth", "the identity is known only here: limits per user, authorisation", slot("AfterAuth", s.AfterAuth)},
		{"route", "beside the mux, which sets the pattern on the very request that it is given",
			one(s.Logging != nil || s.Metrics != nil, "Metrics", respwrap.Route)},
	}
}

func (s Stack) maxBodyBytes() int64 {
	if s.MaxBodyBytes == 0 {
		return defaultMaxBodyBytes
	}
	return s.MaxBodyBytes
}

func (s Stack) timeout() time.Duration {
	if s.Timeout == 0 {
		return defaultTimeout
	}
	return s.Timeout
}

// String is the order, outermost first, a line for each layer with its reason. A layer that is off says so.
func (s Stack) String() string {
	var b strings.Builder
	for i, row := range s.rows() {
		mark := ""
		switch n := len(row.parts); {
		case n == 0:
			mark = " (off)"
		case n > 1:
			mark = fmt.Sprintf(" (%d)", n)
		}
		fmt.Fprintf(&b, "%2d  %-17s %s\n", i+1, row.name+mark, row.why)
	}
	return b.String()
}
