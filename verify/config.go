package verify

import (
	"crypto/x509"
	"time"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// ConfigError is one problem of a Config.
type ConfigError = conf.Error

// Profile says what a service answers with, which decides what a good Content-Security-Policy is.
type Profile string

// The profiles.
const (
	API Profile = "api" // programs read the answers: nothing may load or frame them
	Web Profile = "web" // browsers show the answers as pages
)

// Config declares what the service promises. A check whose promise is not declared is skipped and listed as skipped;
// nothing is guessed. The zero Config is valid and judges what every service owes: headers, opaque errors, no exposed
// files. Every field but the Go-only ones can stand in a JSON file; durations are strings such as "5s".
type Config struct {
	// Host is the Host of requests in process. "": localhost. A URL has its own.
	Host string `json:"host,omitempty"`
	// Public is a path that answers GET with 2xx to anyone. "": "/". It is the control of most checks.
	Public string `json:"public,omitempty"`
	// NotFound is a path that must be answered with 404. "": a random one. Give one where every other path is a page
	// (single-page applications), such as "/api/none".
	NotFound string `json:"not_found,omitempty"`
	// Profile is "api" or "web". "": api.
	Profile Profile `json:"profile,omitempty"`

	// HTTPS promises https for all, and a redirect or nothing on http. In process, requests then look as if they came
	// over TLS. A URL that begins with https:// implies it.
	HTTPS bool `json:"https,omitempty"`
	// PlainURL is where plain http is, for a URL on another port than 443. "": port 80 of the same host.
	PlainURL string `json:"plain_url,omitempty"`
	// HostCheck promises that requests for another host are refused.
	HostCheck bool `json:"host_check,omitempty"`

	CORS    *CORS    `json:"cors,omitempty"`
	CSRF    *Call    `json:"csrf,omitempty"` // a call that changes something; with what it takes to be let through
	Rate    *Rate    `json:"rate,omitempty"`
	Login   *Login   `json:"login,omitempty"`
	Health  *Health  `json:"health,omitempty"`
	Metrics *Metrics `json:"metrics,omitempty"`
	Logs    *Logs    `json:"logs,omitempty"`
	Body    *Body    `json:"body,omitempty"`
	Auth    *Auth    `json:"auth,omitempty"`

	// RequestID is the response header with the request's id, such as "X-Request-Id".
	RequestID string `json:"request_id,omitempty"`
	// Inputs are calls that take input from the client: $INPUT in path, header or body is replaced by hostile values.
	Inputs []Call `json:"inputs,omitempty"`
	// Redirects are paths that may redirect to where a parameter says: "/login?next=$INPUT".
	Redirects []string `json:"redirects,omitempty"`
	// Secrets are calls whose answer has a secret in it, such as a token or a CSRF field.
	Secrets []Call `json:"secrets,omitempty"`
	// Timeout is how long a request may take before the service answers for the handler. 0: not promised.
	Timeout time.Duration `json:"timeout,omitempty"`
	// HeaderTimeout is how long a client may take for its header until the server closes the connection. 0: not promised.
	HeaderTimeout time.Duration `json:"header_timeout,omitempty"`
	// Version is what a deployed service must say it is.
	Version *Version `json:"version,omitempty"`

	// Skip suppresses checks: ID to reason. A check that fails then counts as skipped; one that passes all the same
	// is a warning, so that stale entries go away. A reason is required.
	Skip map[string]string `json:"skip,omitempty"`
	// Strict makes an inconclusive check fail: a credential that has expired does not go unseen then.
	Strict bool `json:"strict,omitempty"`
	// Only runs these checks alone. Empty: all.
	Only []string `json:"only,omitempty"`

	Limits Limits `json:"limits,omitzero"`

	Checks  []Check        `json:"-"` // your own, run after ours
	RootCAs *x509.CertPool `json:"-"` // for a URL with a certificate of a private CA; nil: the system's

	// RealTime keeps Run from using testing/synctest, for apps that cannot be made in a bubble because goroutines of
	// theirs outlive the test. Checks that need to wait longer than Limits.MaxWait are inconclusive then.
	RealTime bool `json:"real_time,omitempty"`
	// OnResult is told of each result as it comes, from one goroutine. For progress.
	OnResult func(Result) `json:"-"`
}

// Call is one request. In a header, "Authorization" is what matters most: a credential of a test account.
type Call struct {
	Method string            `json:"method,omitempty"` // "": GET, or POST where there is a body
	Path   string            `json:"path"`             // with the query
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
}

// CORS declares who may call from a browser.
type CORS struct {
	Origins     []string `json:"origins"`               // the allowed ones; the first is the control
	Path        string   `json:"path,omitempty"`        // a path that answers them; "": Public
	Method      string   `json:"method,omitempty"`      // a method that they may use; "": GET
	Header      string   `json:"header,omitempty"`      // a request header that they may send; "": none
	Credentials bool     `json:"credentials,omitempty"` // they may send credentials
	Wildcards   []string `json:"wildcards,omitempty"`   // further allowed ones: "https://*.example.com" is every name below example.com
	AnyOrigin   bool     `json:"any_origin,omitempty"`  // the API is public: "*" is meant
}

// Rate declares the limit by client address.
type Rate struct {
	Path  string `json:"path,omitempty"`  // "": Public
	Burst int    `json:"burst"`           // this many requests at once are let through, more are refused
	Slack int    `json:"slack,omitempty"` // and at most so many more, for limiters on several instances; 0: a tenth of Burst, at least 2
}

// Login declares where passwords can be guessed.
type Login struct {
	Call     Call `json:"call"`     // a log-in that is refused; $INPUT is replaced by another password each time
	Attempts int  `json:"attempts"` // at most so many guesses of one client get an answer other than 429
}

// Health declares the probes' paths. Empty ones are not checked.
type Health struct {
	Live  string `json:"live,omitempty"`
	Ready string `json:"ready,omitempty"`
	Full  string `json:"full,omitempty"` // with the state of each check
	// DownWithin is how long readiness may take to notice that a dependency is down. 0: 30 s.
	DownWithin time.Duration `json:"down_within,omitempty"`
}

// Metrics declares the scrape page on App.Admin.
type Metrics struct {
	Path     string   `json:"path,omitempty"`     // on App.Admin; "": "/metrics"
	Requests string   `json:"requests,omitempty"` // the counter of requests; "": any family whose name has "requests" and ends in "_total"
	Private  []string `json:"private,omitempty"`  // further paths that strangers must not see on the public side
}

// Logs declares the access log. Nested objects are joined with dots. Empty names take what slog, zap, zerolog, logrus
// and ECS usually write.
type Logs struct {
	File      string `json:"file,omitempty"` // for a URL on this machine: its log
	Time      string `json:"time,omitempty"`
	Level     string `json:"level,omitempty"`
	Message   string `json:"message,omitempty"`
	Status    string `json:"status,omitempty"` // what makes a line an access record
	Duration  string `json:"duration,omitempty"`
	RequestID string `json:"request_id,omitempty"`
	// SecretPaths are routes with a secret in the path, such as "/reset-password/$INPUT": it must not be logged.
	SecretPaths []string `json:"secret_paths,omitempty"`
}

// Body declares the largest body.
type Body struct {
	Call  Call  `json:"call"`  // a call that reads its body; its Body is sent as the control
	Limit int64 `json:"limit"` // in bytes
}

// Auth declares which routes need an identity.
type Auth struct {
	Routes     []Call            `json:"routes"`               // each must refuse strangers; without credentials in Header
	Credential map[string]string `json:"credential,omitempty"` // a header that is let in: the control
	Refused    map[string]string `json:"refused,omitempty"`    // name to Authorization value that must not be let in: an expired token, a wrong role
}

// Version declares what runs.
type Version struct {
	Path  string `json:"path"`  // answers with JSON
	Field string `json:"field"` // dots lead into objects
	Want  string `json:"want"`
}

// Limits keep an audit of a URL polite. In process only RequestTimeout, MaxWait and UserAgent matter.
type Limits struct {
	Requests       int           `json:"requests,omitempty"`        // in total, without bursts; 0: 600
	PerSecond      float64       `json:"per_second,omitempty"`      // 0: 20
	Burst          int           `json:"burst,omitempty"`           // how many requests a burst against a URL may have; 0: no bursts
	RequestTimeout time.Duration `json:"request_timeout,omitempty"` // 0: 10 s
	MaxWait        time.Duration `json:"max_wait,omitempty"`        // the longest wait for the clock, such as for Retry-After; 0: 5 s
	UserAgent      string        `json:"user_agent,omitempty"`      // "": gambeson-verify and where to read of it
}

func (c Config) withDefaults() Config {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&c.Host, "localhost")
	set(&c.Public, "/")
	if c.Profile == "" {
		c.Profile = API
	}
	l := &c.Limits
	if l.Requests == 0 {
		l.Requests = 600
	}
	if l.PerSecond == 0 {
		l.PerSecond = 20
	}
	if l.RequestTimeout == 0 {
		l.RequestTimeout = 10 * time.Second
	}
	if l.MaxWait == 0 {
		l.MaxWait = 5 * time.Second
	}
	set(&l.UserAgent, "gambeson-verify (+https://github.com/gambeson-go/gambeson)")
	if c.CORS != nil {
		v := *c.CORS
		set(&v.Path, c.Public)
		set(&v.Method, "GET")
		c.CORS = &v
	}
	if c.Rate != nil {
		v := *c.Rate
		set(&v.Path, c.Public)
		if v.Slack == 0 {
			v.Slack = max(2, v.Burst/10)
		}
		c.Rate = &v
	}
	if c.Health != nil {
		v := *c.Health
		if v.DownWithin == 0 {
			v.DownWithin = 30 * time.Second
		}
		c.Health = &v
	}
	if c.Metrics != nil {
		v := *c.Metrics
		set(&v.Path, "/metrics")
		c.Metrics = &v
	}
	if c.Logs == nil {
		c.Logs = &Logs{}
	}
	return c
}
