package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/clientip"
	"github.com/gambeson-go/gambeson/cors"
	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/health"
	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/metrics"
	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/redact"
)

const (
	maxBodyBytes = 1 << 20
	maxDuration  = 10 * time.Second // of a request; a client that waited longer has given up
	slowRequest  = time.Second      // is a WARN in the log
)

// newStack makes every layer from the configuration. What a layer refuses becomes a problem of the variable that it
// came from; a stack of which a layer is missing is never served, because main stops at the first problem.
func newStack(cfg Config, store *Store, logger *slog.Logger, p *problems) gambeson.Stack {
	// Log, limiter and redirect ask the same resolver, so that they agree on who the client is.
	client, err := clientip.New(clientIPConfig(cfg, p))
	p.join(err, "TRUSTED_PROXIES")

	// Passwords and the like are known by their names. A token of this program is known by itself, in a path as well.
	secrets, err := redact.New(redact.Config{Patterns: []redact.Pattern{{Name: "token", Prefix: tokenPrefix}}})
	p.join(err, "")

	// The order of the layers is not decided here: gambeson.Stack has one place for each. stack.String() prints it.
	stack := gambeson.Stack{LeakGuard: secrets, MaxBodyBytes: maxBodyBytes, Timeout: maxDuration}
	stack.Health, err = health.New(healthConfig(cfg, store, logger))
	p.join(err, "")
	// The log is redacted whatever is given here; a record has the client's address and a request id.
	stack.Logging, err = logging.New(logging.Config{Logger: logger, Redactor: secrets, ClientIP: client, SlowThreshold: slowRequest})
	p.join(err, "")
	// Served by adminServer only: what a service does how often is nobody's business.
	stack.Metrics, err = metrics.New(metrics.Config{})
	p.join(err, "")
	stack.Headers, err = headers.New(headersConfig(cfg, client))
	p.join(err, "")
	// No AllowCredentials: the token travels in Authorization, which a page sets itself, and no browser adds a cookie.
	// What is not in ExposedHeaders cannot be read by the page that asked.
	stack.CORS, err = cors.New(cors.Config{
		AllowedOrigins: cfg.AllowedOrigins,
		AllowedMethods: []string{http.MethodPut, http.MethodDelete},
		AllowedHeaders: []string{"Authorization", "Content-Type"},
		ExposedHeaders: []string{"Location", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id"},
		MaxAge:         10 * time.Minute,
	})
	p.join(err, "")
	limits, decisions := rateLimitConfig(cfg, client), newDecisions()
	limits.OnDecision = decisions.note
	stack.RateLimit, err = ratelimit.New(limits)
	p.join(err, "")
	p.join(observe(stack, decisions), "metrics")
	return stack
}

// clientIPConfig reads each proxy by itself, so that one that is misspelt does not hide what is wrong with another.
func clientIPConfig(cfg Config, p *problems) clientip.Config {
	c := clientip.Config{Hops: cfg.ProxyHops, Header: cfg.ProxyHeader}
	for _, entry := range strings.FieldsFunc(cfg.TrustedProxies, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		prefixes, err := clientip.ParsePrefixes(entry)
		p.join(err, "TRUSTED_PROXIES")
		c.TrustedProxies = append(c.TrustedProxies, prefixes...)
	}
	if cfg.TrustedProxies != "" && len(c.TrustedProxies) == 0 {
		c.Header = "" // it is not wrong; the proxies that set it could not be read
		if !p.has("TRUSTED_PROXIES") {
			p.add("TRUSTED_PROXIES", "names no proxy", `write "10.0.0.0/8" or "192.168.1.7", or leave it empty`)
		}
	}
	return c
}

// healthConfig has one check: can the file be read and written? It is a local file and answers at once or is in trouble,
// so a result is kept for a second and the first fail counts. Whoever probes has a threshold of its own.
func healthConfig(cfg Config, store *Store, logger *slog.Logger) health.Config {
	drain := cfg.DrainDelay
	if drain == 0 {
		drain = -1 // health's 0 is its default
	}
	return health.Config{
		Checks: []health.Check{{
			Name: "database", Func: health.Ping(store), ComponentType: "datastore", TTL: time.Second, FailureThreshold: 1,
		}},
		DrainDelay: drain,
		Version:    version(),
		Authorize:  isAdmin,
		OnChange: func(check string, from, to health.Status, err error) {
			logger.Warn("health changed", "check", check, "from", string(from), "to", string(to), "error", err)
		},
	}
}

// headersConfig is the profile for APIs. The redirect to https is on where there is https and the hosts are known.
func headersConfig(cfg Config, client *clientip.Resolver) headers.Config {
	c := headers.API() // for pages: headers.Web()
	c.AllowedHosts = cfg.AllowedHosts
	c.ClientIP = client
	c.RedirectHTTPS = len(cfg.AllowedHosts) > 0 && (cfg.production() || cfg.RedirectAddr != "")
	return c
}

// rateLimitConfig has a wide limit for everything, and a narrow one for where passwords are guessed and accounts are
// made. A log-in that succeeds gets its token back, so that only failures count.
func rateLimitConfig(cfg Config, client *clientip.Resolver) ratelimit.Config {
	byIP := ratelimit.ByIP(client, 0)
	return ratelimit.Config{
		ClientIP: client,
		Policies: []ratelimit.Policy{
			{Name: "client", Limit: ratelimit.Per(cfg.RateLimit, time.Minute), Burst: cfg.RateBurst},
			{Name: "credentials", Limit: ratelimit.Per(10, time.Minute), Burst: 20, FailClosed: true, Refundable: true,
				// Without the store it denies: guessing must not be free while something else is broken.
				Key: func(r *http.Request) string {
					if r.Method == http.MethodPost && (r.URL.Path == "/api/login" || r.URL.Path == "/api/signup") {
						return byIP(r)
					}
					return "" // not limited by this policy
				}},
		},
	}
}

// variables says which variable a field of a layer's configuration comes from.
var variables = map[string]string{
	"clientip.TrustedProxies":     "TRUSTED_PROXIES",
	"clientip.Hops":               "PROXY_HOPS",
	"clientip.Header":             "PROXY_HEADER",
	"cors.AllowedOrigins":         "ALLOWED_ORIGINS",
	"headers.AllowedHosts":        "ALLOWED_HOSTS",
	"headers.RedirectHTTPS":       "ALLOWED_HOSTS",
	"health.DrainDelay":           "DRAIN_DELAY",
	"ratelimit.Policies[0].Limit": "RATE_LIMIT",
	"ratelimit.Policies[0].Burst": "RATE_BURST",
}

// inWords puts the names of variables where a layer's advice names fields.
var inWords = strings.NewReplacer("TrustedProxies", "TRUSTED_PROXIES", "AllowedOrigins", "ALLOWED_ORIGINS",
	"AllowedHosts", "ALLOWED_HOSTS", "Hops", "PROXY_HOPS", "leave Header", "leave PROXY_HEADER")

var lastIndex = regexp.MustCompile(`\[\d+\]$`)

// join takes over what a layer's New found. Fields that no variable is known for are named by otherwise, or as they are.
func (p *problems) join(err error, otherwise string) {
	if err == nil {
		return
	}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range all.Unwrap() {
			p.join(one, otherwise)
		}
		return
	}
	e, ok := errors.AsType[*gambeson.ConfigError](err)
	if !ok {
		p.list = append(p.list, configProblem{Name: otherwise, Reason: err.Error()})
		return
	}
	field := e.Package + "." + e.Field
	name := cmp.Or(variables[field], variables[lastIndex.ReplaceAllString(field, "")], otherwise, field)
	if p.settled(name) {
		return
	}
	// An entry that is empty shows nothing; the variable that it stands in does.
	value := shown(cmp.Or(e.Value, p.environ[name]))
	q := configProblem{name, value, inWords.Replace(e.Reason), inWords.Replace(e.Fix)}
	if !slices.Contains(p.list, q) { // ",," has the same problem three times
		p.list = append(p.list, q)
	}
}

// newService puts the stack around the routes. It takes a moment: the decoy for unknown accounts is hashed here.
func newService(stack gambeson.Stack, store *Store, p *problems) (http.Handler, error) {
	passwords, err := newPasswords(owasp)
	if err != nil {
		return nil, err
	}
	body, err := newDecoder()
	if err != nil {
		return nil, err
	}
	a := &app{
		store: store, passwords: passwords, body: body, now: time.Now,
		loggedIn: ratelimit.Refund,
		trace:    logging.RequestID,
		report: func(ctx context.Context, err error) {
			logging.Logger(ctx).ErrorContext(ctx, "request failed", "error", err)
		},
	}
	// Limits per user would go into stack.AfterAuth, where the user is known.
	stack.Auth = a.authenticate
	h, err := stack.Build(a.routes())
	p.join(err, "")
	return h, nil
}
