package logging

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/gambeson-go/gambeson/redact"
)

// Event is one request as it ended, as Level and OnError see it. Everything in it is redacted.
type Event struct {
	Method, Route, Path, RequestID, TraceID string

	Status   int           // as sent; 499 where the client had gone before, 0 where the handler aborted without an answer
	Bytes    int64         // of the response's body
	Duration time.Duration // from the arrival of the header to the return of the handler

	Err   error  // what the handler panicked with, added by Add, or met while writing; its text is redacted
	Panic any    // the text of the value of a panic; nil without one
	Stack []byte // of a panic

	Request *http.Request // a copy without body, Authorization and Cookie
}

// statusClientGone is nginx's status for a client that closed the connection before there was an answer.
const statusClientGone = 499

// DefaultLevel is the level where Config.Level is nil: ERROR for panics and 5xx; WARN for 4xx but 429 and 499, which say
// more of the client than of the service, and for a handler that aborted or called runtime.Goexit; INFO for the rest. Beside it, a slow request
// is at least WARN.
func DefaultLevel(e Event) slog.Level {
	switch {
	case e.Panic != nil, e.Status >= 500:
		return slog.LevelError
	case e.Status == http.StatusTooManyRequests, e.Status == statusClientGone:
		return slog.LevelInfo
	case e.Status >= 400, errors.Is(e.Err, http.ErrAbortHandler):
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// redactedError keeps of an error its redacted text and the name of its type: what a reporter may see of it.
type redactedError struct{ text, kind string }

func (e *redactedError) Error() string { return e.text }

// Kind is the Go type of the error that was, for a reporter that groups by it.
func (e *redactedError) Kind() string { return e.kind }

// redactedRequest copies what a report may hold of a request: no body, no TLS state, no parsed form, no credentials,
// headers and URL cleaned. It keeps the context, whose values a reporter may need.
func redactedRequest(red *redact.Redactor, r *http.Request, path, query string) *http.Request {
	c := new(http.Request).WithContext(r.Context())
	c.Method = method(r.Method)
	c.Proto, c.ProtoMajor, c.ProtoMinor = r.Proto, r.ProtoMajor, r.ProtoMinor
	c.Host = clip(red.Text(cut(r.Host)), maxField)
	c.RemoteAddr = red.Text(r.RemoteAddr)
	c.ContentLength = r.ContentLength
	c.Header = red.Header(r.Header)
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
		c.Header.Del(name) // a reporter would only show the mark
	}
	c.Body = http.NoBody
	c.URL = &url.URL{Path: path, RawQuery: query}
	if r.URL != nil {
		c.URL.Scheme = r.URL.Scheme
		c.URL.Host = clip(red.Text(cut(r.URL.Host)), maxField)
	}
	c.RequestURI = c.URL.RequestURI()
	c.Pattern = r.Pattern
	return c
}
