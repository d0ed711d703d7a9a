package logging

import (
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/gambeson-go/gambeson/internal/memo"
	"github.com/gambeson-go/gambeson/redact"
)

// sink takes the fields of one record. There are two: the JSON line of this package's handler, and slog attributes for
// any other.
type sink interface {
	safe(key field, s string) // of our own making, and nothing in it to escape
	word(key field, s string) // redacted already
	text(key field, s string) // from outside: redacted and bounded
	num(key field, n int64)
	ms(key field, d time.Duration)
	flag(key field)
	list(key string, values []string) // redacted already
	attr(a slog.Attr)                 // the user's: redacted
}

// field is key for the constants: the comma before it is part of them and left out at the beginning of a group.
func (l *line) field(key field) {
	if !l.comma {
		key = key[1:]
	}
	l.comma = true
	l.buf = append(l.buf, key...)
}

func (l *line) safe(key field, s string) {
	l.field(key)
	l.buf = append(l.buf, '"')
	l.buf = append(l.buf, s...)
	l.buf = append(l.buf, '"')
}

func (l *line) word(key field, s string) {
	l.field(key)
	l.quoted(s)
}

func (l *line) text(key field, s string) {
	l.field(key)
	if len(s) > maxField {
		l.quoted(clip(l.h.rules.red.Text(cut(s)), maxField))
		return
	}
	l.redacted(s)
}

func (l *line) num(key field, n int64) {
	l.field(key)
	l.buf = strconv.AppendInt(l.buf, n, 10)
}

func (l *line) ms(key field, d time.Duration) {
	l.field(key)
	l.buf = appendFloat(l.buf, millis(d))
}

func (l *line) flag(key field) {
	l.field(key)
	l.buf = append(l.buf, "true"...)
}

func (l *line) list(key string, values []string) {
	l.name(key)
	l.buf = append(l.buf, '[')
	for i, v := range values {
		if i > 0 {
			l.buf = append(l.buf, ',')
		}
		l.quoted(v)
	}
	l.buf = append(l.buf, ']')
}

func (l *line) attr(a slog.Attr) { l.add(a) }

// attrs collects slog attributes. The slice is used again: slog.Record.AddAttrs copies it.
type attrs struct {
	red   *redact.Redactor
	texts *memo.Memo
	all   []slog.Attr
}

// attrsPool holds the slices of foreign handlers' records.
type attrsPool struct{ sync.Pool }

func (p *attrsPool) get(red *redact.Redactor, texts *memo.Memo) *attrs {
	a, _ := p.Get().(*attrs)
	if a == nil {
		a = &attrs{all: make([]slog.Attr, 0, 32)}
	}
	a.red, a.texts = red, texts
	return a
}

func (p *attrsPool) put(a *attrs) {
	if len(a.all) > 2*maxAttrs {
		return
	}
	clear(a.all)
	a.all = a.all[:0]
	p.Put(a)
}

func (a *attrs) add(attr slog.Attr) { a.all = append(a.all, attr) }

func (a *attrs) safe(key field, s string)         { a.add(slog.String(key.name(), s)) }
func (a *attrs) word(key field, s string)         { a.add(slog.String(key.name(), s)) }
func (a *attrs) num(key field, n int64)           { a.add(slog.Int64(key.name(), n)) }
func (a *attrs) ms(key field, d time.Duration)    { a.add(slog.Float64(key.name(), millis(d))) }
func (a *attrs) flag(key field)                   { a.add(slog.Bool(key.name(), true)) }
func (a *attrs) list(key string, values []string) { a.add(slog.Any(key, values)) }

func (a *attrs) attr(attr slog.Attr) {
	attr.Value = resolved(attr.Value, a.red)
	a.add(a.red.Attr(attr))
}

func (a *attrs) text(key field, s string) {
	known, hash := a.texts.Knows(s)
	if !known {
		clean := clip(a.red.Text(cut(s)), maxField)
		if clean == s {
			a.texts.Note(hash)
		}
		s = clean
	}
	a.add(slog.String(key.name(), s))
}

// millis is d in milliseconds, to the microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
