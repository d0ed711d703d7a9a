package logging

import (
	"context"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/gambeson-go/gambeson/redact"
)

// NewHandler makes a slog.Handler that writes each record as one line of JSON: the value that [slog.JSONHandler] would
// write, with redact.Default() applied while it is encoded and, after the message, the request_id, trace_id, span_id and
// trace_flags of the request that the context belongs to. These stand at the top level whatever groups are open.
//
// The value differs on purpose where there is a secret, and where JSONHandler shows a value wrongly or not at all: a
// url.URL, a LogValuer or an error within a struct are shown as redact shows them, what encoding/json refuses is the mark
// or an !ERROR, a group with nothing in it is left out, also if a LogValuer made it, and a value without end,
// nested more than 32 deep or of more than 65536 parts, is the mark. Bytes with a secret in them are shown as text
// without it, others in base64.
//
// opts means what it means there; nil is the default. ReplaceAttr sees values before they are redacted, so that it
// cannot bring back what was taken out, and costs the fast paths.
func NewHandler(w io.Writer, opts *slog.HandlerOptions) slog.Handler {
	return newHandler(w, opts, redact.Default())
}

// handler is immutable but for what out points to; With makes copies.
type handler struct {
	out    *output
	opts   slog.HandlerOptions
	rules  *rules
	pre    []byte   // the attributes of With, encoded, and the groups opened for them
	groups []string // all groups of WithGroup
	shown  []string // their names, redacted
	opened int      // how many of them are open in pre
	ids    *request // bound by Logger
	hasIDs bool     // With was given them: they are not written again
}

// output is what all copies of a handler share.
type output struct {
	mu    sync.Mutex
	w     io.Writer
	lines sync.Pool // of *line
}

func newHandler(w io.Writer, opts *slog.HandlerOptions, red *redact.Redactor) *handler {
	h := &handler{out: &output{w: w}, rules: newRules(red)}
	if opts != nil {
		h.opts = *opts
	}
	return h
}

// with is h under other rules. What With formatted before stays as the old ones left it.
func (h *handler) with(red *redact.Redactor) *handler {
	c := *h
	c.rules = newRules(red)
	for _, name := range h.groups {
		c.rules = c.rules.under(name)
	}
	return &c
}

// bind is h with the ids of s on every line.
func (h *handler) bind(s *request) *handler {
	c := *h
	c.ids = s
	return &c
}

// Enabled asks the Leveler each time: a slog.LevelVar takes effect at once.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	if h.opts.Level == nil {
		return level >= slog.LevelInfo
	}
	return level >= h.opts.Level.Level()
}

// Handle writes one record with one call of Write.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	l := h.begin()
	defer l.free()
	l.head(r.Time, r.Level, r.Message, r.PC)
	if s := h.ids; s != nil { // bound ids win: a line belongs to the request whose logger wrote it
		l.ids(s)
	} else if s := fromContext(ctx); s != nil && !h.hasIDs {
		l.ids(s)
	}
	mark := l.open(r.NumAttrs() > 0)
	some := false
	r.Attrs(func(a slog.Attr) bool {
		some = l.add(a) || some
		return true
	})
	if !some {
		l.back(mark)
	}
	return h.write(l)
}

// handleOwn writes the record of a request where there is a ReplaceAttr. Its attributes are redacted.
func (h *handler) handleOwn(s *request, end time.Time, level slog.Level, all []slog.Attr) {
	l := h.begin()
	defer l.free()
	l.head(end, level, message, 0)
	l.ids(s)
	l.open(true)
	for _, a := range all {
		l.own(a)
	}
	h.write(l) //nolint:errcheck // as slog.Logger does: there is nobody to tell
}

// WithGroup opens a group for all that follows. Its name is judged together with those of its members: "value" within
// "credentials" is a secret.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.groups = append(slices.Clip(h.groups), name)
	c.shown = append(slices.Clip(h.shown), h.rules.red.Text(name))
	c.rules = h.rules.under(name)
	return &c
}

// WithAttrs encodes and redacts the attributes now, once, instead of with each record.
func (h *handler) WithAttrs(as []slog.Attr) slog.Handler {
	if !slices.ContainsFunc(as, notEmptyGroup) {
		return h
	}
	l := h.begin()
	defer l.free()
	l.open(true)
	some := false
	for _, a := range as {
		some = l.add(a) || some
	}
	if !some {
		return h
	}
	c := *h
	c.pre = slices.Clone(l.buf)
	c.opened = len(h.groups)
	c.hasIDs = h.hasIDs || len(h.groups) == 0 && slices.ContainsFunc(as, isID)
	return &c
}

// notEmptyGroup is slog's rule for With: attributes that are all empty groups do not open the groups around them.
func notEmptyGroup(a slog.Attr) bool {
	return a.Value.Kind() != slog.KindGroup || slices.ContainsFunc(a.Value.Group(), notEmptyGroup)
}

func isID(a slog.Attr) bool { return a.Key == keyRequestID }

// write ends the line and writes it with one call.
func (h *handler) write(l *line) error {
	for range l.depth {
		l.buf = append(l.buf, '}')
	}
	l.buf = append(l.buf, '}', '\n')
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	_, err := h.out.w.Write(l.buf)
	return err
}

// head begins the line with what every record has.
func (l *line) head(t time.Time, level slog.Level, msg string, pc uintptr) {
	l.buf = append(l.buf, '{')
	if l.h.opts.ReplaceAttr != nil {
		l.replacedHead(t, level, msg, pc)
		return
	}
	if !t.IsZero() {
		l.name(slog.TimeKey)
		l.time(t)
	}
	l.name(slog.LevelKey)
	l.quoted(level.String())
	if l.h.opts.AddSource {
		if a, ok := shown(slog.Any(slog.SourceKey, source(pc))); ok {
			l.clean = true // a position in our own code
			l.put(a)
			l.clean = false
		}
	}
	l.name(slog.MessageKey)
	l.redacted(msg)
}

// replacedHead gives the parts of the head to ReplaceAttr as slog's handlers do.
func (l *line) replacedHead(t time.Time, level slog.Level, msg string, pc uintptr) {
	if !t.IsZero() {
		l.builtin(slog.Time(slog.TimeKey, t.Round(0)))
	}
	l.builtin(slog.Any(slog.LevelKey, level))
	if l.h.opts.AddSource {
		l.builtin(slog.Any(slog.SourceKey, source(pc)))
	}
	l.builtin(slog.String(slog.MessageKey, msg))
}

// ids writes the ids of a request.
func (l *line) ids(s *request) {
	if l.h.opts.ReplaceAttr != nil {
		for _, a := range s.idAttrs(nil) {
			l.own(a)
		}
		return
	}
	l.safe(fieldRequestID, s.id)
	if s.trace != "" {
		l.safe(fieldTraceID, s.trace.id())
		l.safe(fieldSpanID, s.trace.span())
		l.safe(fieldTraceFlags, s.trace.flags())
	}
}

// source is the position of the call. Without one it is empty and left out, as slog does.
func source(pc uintptr) *slog.Source {
	if pc == 0 {
		return new(slog.Source)
	}
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return &slog.Source{Function: f.Function, File: f.File, Line: f.Line}
}
