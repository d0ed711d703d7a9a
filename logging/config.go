package logging

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gambeson-go/gambeson/clientip"
	"github.com/gambeson-go/gambeson/internal/conf"
	"github.com/gambeson-go/gambeson/redact"
)

// maxBody is the most that BodyCapture.MaxBytes may ask for: a record is one line that people and tools must read.
const maxBody = 1 << 20

// Config configures a [Middleware]. The zero value is complete: JSON on standard error, one redacted record for each
// request, panics recovered, no header and no body in the log, no request id believed.
type Config struct {
	// Logger gets the records and is what [Logger] hands out; nil is a logger of [NewHandler] on standard error.
	// A handler that does not redact yet is wrapped in one that does.
	Logger *slog.Logger

	// Redactor cleans everything that is logged or reported; nil is redact.Default(). There is no way to have none.
	Redactor *redact.Redactor

	// ClientIP decides client.address; nil believes the connection only.
	ClientIP *clientip.Resolver

	// SlowThreshold makes a request that took longer a WARN with slow=true; 0 is off. Streams (text/event-stream and
	// its like, upgraded connections) are exempt: they are meant to take long.
	SlowThreshold time.Duration

	// Level decides the level of a record; nil is [DefaultLevel]. It sees the whole event, so it costs a redacted copy
	// of the request each time.
	Level func(Event) slog.Level

	// Skip is asked before the request is served and leaves its record out, unless it ends in a 5xx or a panic.
	Skip func(*http.Request) bool

	// SampleEvery keeps one in n of the successes, marked sampled_1_in; 0 and 1 keep all. Whatever is slow, above INFO,
	// of status 400 or more, or cut off is always kept.
	SampleEvery int

	// RequestHeaders and ResponseHeaders are the names of headers to log, redacted, up to 16 values each, as
	// http.request.header.<name> and http.response.header.<name>.
	RequestHeaders, ResponseHeaders []string

	// Body turns the capture of bodies on; nil is off.
	Body *BodyCapture

	// TrustRequestID takes X-Request-Id from the client if it is well formed: at most 128 characters of letters, digits
	// and ._:@+/=- that do not look like a secret. For services behind an edge that sets it; without it a new one is
	// made each time.
	TrustRequestID bool

	// OnError is told of panics and 5xx, for Sentry and its like. It runs after the record, on a goroutine of its own,
	// one event after the other; 256 may wait, more are dropped and counted ([Middleware.Dropped]). Its context has the
	// values of the request's and is not cancelled with it. A panic in it is contained.
	OnError func(context.Context, Event)
}

// BodyCapture says which bodies are put into the record, as request_body and response_body. Only JSON, forms and text
// are; never a stream, nor what has a Content-Encoding. Only what the handler really reads and writes is seen.
type BodyCapture struct {
	MaxBytes          int                      // kept of each body, 1 to 1,048,576; the rest is cut off after redaction
	Request, Response bool                     // which of the two
	Match             func(*http.Request) bool // nil: every request
	MinStatus         int                      // only for answers of this status and above, such as 500; 0: all
}

// ConfigError is one problem of a Config; errors.AsType finds the first.
type ConfigError = conf.Error

// check reports everything that is wrong with c.
func (c Config) check() error {
	p := conf.For("logging")
	if c.Logger != nil && c.Logger.Handler() == nil {
		p.Add("Logger", nil, "has no handler", "make it with slog.New, or leave it nil")
	}
	if c.SlowThreshold < 0 {
		p.Add("SlowThreshold", c.SlowThreshold, "a threshold is not negative", "write 0 to turn it off")
	}
	if c.SampleEvery < 0 {
		p.Add("SampleEvery", c.SampleEvery, "a rate is not negative", "write 0 or 1 to keep every record")
	}
	checkNames(p, "RequestHeaders", c.RequestHeaders)
	checkNames(p, "ResponseHeaders", c.ResponseHeaders)
	if b := c.Body; b != nil {
		switch {
		case b.MaxBytes <= 0:
			p.Add("Body.MaxBytes", b.MaxBytes, "a capture needs a bound", "write how many bytes to keep, such as 2048")
		case b.MaxBytes > maxBody:
			p.Add("Body.MaxBytes", b.MaxBytes, "a record of this size helps nobody", "write at most "+strconv.Itoa(maxBody))
		}
		if !b.Request && !b.Response {
			p.Add("Body", nil, "captures neither body", "set Request or Response, or leave Body nil")
		}
		if b.MinStatus != 0 && (b.MinStatus < 100 || b.MinStatus > 599) {
			p.Add("Body.MinStatus", b.MinStatus, "is not a status", "write 400 or 500, or 0 for every answer")
		}
	}
	return p.Err()
}

// checkNames refuses what would silently log nothing, as a name with a colon does.
func checkNames(p *conf.Problems, field string, names []string) {
	for i, name := range names {
		at := field + "[" + strconv.Itoa(i) + "]"
		switch {
		case name == "*":
			p.Add(at, name, "headers are logged by name only", "list the names that you need")
		case !isToken(name):
			p.Add(at, name, "is not the name of a header", `write it as in "Content-Type"`)
		}
	}
}

// isToken is the grammar of field names, RFC 9110 section 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '!' || c == '#' || c == '$' || c == '%' || c == '&' || c == '\'' || c == '*' || c == '+':
		case c == '-' || c == '.' || c == '^' || c == '_' || c == '`' || c == '|' || c == '~':
		default:
			return false
		}
	}
	return s != ""
}

// clone is a copy that shares nothing that could be changed later.
func (c Config) clone() Config {
	c.RequestHeaders = slices.Clone(c.RequestHeaders)
	c.ResponseHeaders = slices.Clone(c.ResponseHeaders)
	if c.Body != nil {
		body := *c.Body
		c.Body = &body
	}
	return c
}
