package logging

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/gambeson-go/gambeson/internal/respwrap"
)

const (
	maxStack = 32 << 10 // bytes kept of a stack: about 150 frames
	maxPanic = 4 << 10  // bytes kept of what a panic or an error says
)

// outcome is how a request ended.
type outcome struct {
	status    int // as sent; 0: none, the handler aborted
	unheard   int // the status written after the client had gone
	level     slog.Level
	duration  time.Duration
	slow      bool
	hijacked  bool
	cutOff    bool // the answer is incomplete or was never given
	panicked  bool
	sampled   int
	panicText string
	stack     []byte
	errType   string
	err       error // redacted
	route     string
	attrs     []slog.Attr
	dropped   int
}

// judge finds out how a request ended.
func (m *Middleware) judge(s *request, w http.ResponseWriter, r *http.Request, value any, cutOff bool) outcome {
	o := outcome{duration: time.Since(s.start), status: s.res.Status(), hijacked: s.res.Hijacked(), cutOff: cutOff}
	o.attrs, o.dropped = s.seal()
	o.route = route(s.res.Pattern()) // from beside the mux, where metrics has it from, too
	if o.route == "" {
		o.route = route(r.Pattern)
	}
	gone := respwrap.Gone(r)
	switch {
	case value != nil:
		m.judgePanic(&o, value, gone)
	case s.res.Err() != nil:
		o.err, o.errType, o.cutOff = m.redactError(s.res.Err()), typeName(s.res.Err()), true
	}
	switch {
	case s.res.Unheard():
		o.unheard, o.status = o.status, statusClientGone
	case o.status == 0 && gone:
		o.status = statusClientGone
	case o.status == 0 && !cutOff:
		o.status = http.StatusOK // what net/http sends for a handler that says nothing
	}
	if gone { // whatever was written, it is not known to have arrived
		o.cutOff = true
	}
	o.slow = m.cfg.SlowThreshold > 0 && o.duration > m.cfg.SlowThreshold && !o.hijacked && !isStream(w.Header())
	if o.errType == "" {
		switch {
		case o.status == statusClientGone:
			o.errType = "client_gone"
		case o.status >= 500:
			o.errType = strconv.Itoa(o.status)
		}
	}
	o.level = m.level(s, r, &o)
	return o
}

// errGoexit stands for the value of a panic where the handler called runtime.Goexit, as t.FailNow does. To the client it
// is the same as an abort.
var errGoexit = fmt.Errorf("the handler called runtime.Goexit: %w", http.ErrAbortHandler)

// judgePanic tells the ways to panic apart: on purpose, because the client went away, and for real.
func (m *Middleware) judgePanic(o *outcome, value any, gone bool) {
	err, isErr := value.(error)
	switch {
	case isErr && err == http.ErrAbortHandler: //nolint:errorlint // as net/http does
		o.err, o.errType = http.ErrAbortHandler, "aborted"
	case isErr && err == errGoexit: //nolint:errorlint // nobody else has it
		o.err, o.errType = errGoexit, "goexit"
	case isErr && gone && errors.Is(err, context.Canceled):
		o.err, o.errType = m.redactError(err), typeName(err)
	default:
		o.panicked, o.errType = true, "panic"
		o.panicText, o.stack = m.panicText(value), m.stack()
		if isErr {
			o.errType = typeName(err)
			o.err = &redactedError{o.panicText, o.errType}
		}
	}
}

// panicText is the redacted text of the value of a panic. What has none of its own goes through the rules for structured
// values, which ask a String method only where no part of the value is secret.
func (m *Middleware) panicText(value any) string {
	switch value := value.(type) {
	case string:
		return clip(m.red.Text(value), maxPanic)
	case error:
		return m.errorText(value)
	}
	return clip(m.red.Text(m.red.Attr(slog.Any("panic", value)).Value.String()), maxPanic)
}

func (m *Middleware) errorText(err error) string {
	return clip(m.red.Text(fmt.Sprint(err)), maxPanic)
}

// stack is that of the panicking goroutine: called while the deferred functions run, it still has the frames.
func (m *Middleware) stack() []byte {
	buf := make([]byte, maxStack)
	return m.red.AppendText(nil, string(buf[:runtime.Stack(buf, false)]))
}

// redactError does not keep the error: a reporter that unwraps or prints it in another way would see the secret.
func (m *Middleware) redactError(err error) error {
	return &redactedError{m.errorText(err), typeName(err)}
}

func typeName(err error) string { return fmt.Sprintf("%T", err) }

// level asks Config.Level, or the default; one that panics counts as not there.
func (m *Middleware) level(s *request, r *http.Request, o *outcome) (level slog.Level) {
	standard := o.standardLevel()
	if m.cfg.Level == nil {
		return standard
	}
	defer func() {
		if recover() != nil {
			level = standard
		}
	}()
	return m.cfg.Level(m.event(s, r, o))
}

// standardLevel is the default level with slowness counted in, which no single status says.
func (o *outcome) standardLevel() slog.Level {
	level := DefaultLevel(Event{Status: o.status, Err: o.err, Panic: o.panicValue()})
	if o.slow && level < slog.LevelWarn {
		level = slog.LevelWarn
	}
	return level
}

// panicValue is nil without a panic: a panic whose text is empty is one all the same.
func (o *outcome) panicValue() any {
	if o.panicked {
		return o.panicText
	}
	return nil
}

// keeps decides whether a record is written at all. Skip and sampling are for successes.
func (m *Middleware) keeps(s *request, o *outcome) bool {
	if o.panicked || o.status >= 500 {
		return true
	}
	if s.skip {
		return false
	}
	if m.cfg.SampleEvery <= 1 || o.status >= 400 || o.cutOff || o.slow || o.level > slog.LevelInfo {
		return true
	}
	// A counter, not chance: one in n is exact, and the first request after a start is always seen.
	o.sampled = m.cfg.SampleEvery
	return (m.successes.Add(1)-1)%int64(m.cfg.SampleEvery) == 0
}

// event is the redacted view of a request for Level and OnError.
func (m *Middleware) event(s *request, r *http.Request, o *outcome) Event {
	path, query := clip(m.red.Text(cut(s.path)), maxField), m.query(s.query)
	e := Event{
		Method: method(r.Method), Route: o.route, Path: path, RequestID: s.id, TraceID: s.trace.id(),
		Status: o.status, Bytes: s.res.Bytes(), Duration: o.duration,
		Err: o.err, Panic: o.panicValue(), Stack: o.stack,
		Request: redactedRequest(m.red, r, path, query),
	}
	if e.Err == nil {
		e.Err = m.addedError(o.attrs)
	}
	return e
}

// addedError is the first error that the handler put onto the record with Add.
func (m *Middleware) addedError(attrs []slog.Attr) error {
	for _, a := range attrs {
		if a.Value.Kind() != slog.KindAny {
			continue
		}
		if err, ok := a.Value.Any().(error); ok {
			return m.redactError(err)
		}
	}
	return nil
}
