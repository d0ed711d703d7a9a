package logging

import (
	"log/slog"
	"time"

	"github.com/gambeson-go/gambeson/redact"
)

// attrs is the sink for handlers that are not this package's: it collects slog attributes.
type attrs struct {
	red   *redact.Redactor
	attrs []slog.Attr
}

func (a *attrs) add(attr slog.Attr) { a.attrs = append(a.attrs, attr) }

func (a *attrs) word(key, s string)             { a.add(slog.String(key, s)) }
func (a *attrs) text(key, s string)             { a.add(slog.String(key, clip(a.red.Text(cut(s)), maxField))) }
func (a *attrs) num(key string, n int64)        { a.add(slog.Int64(key, n)) }
func (a *attrs) ms(key string, d time.Duration) { a.add(slog.Float64(key, millis(d))) }
func (a *attrs) flag(key string)                { a.add(slog.Bool(key, true)) }
func (a *attrs) list(key string, v []string)    { a.add(slog.Any(key, v)) }
func (a *attrs) attr(attr slog.Attr)            { a.add(a.red.Attr(attr)) }

// millis is d in milliseconds, to the microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
