package logging

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// name writes a key, whatever is in it.
func (l *line) name(key string) {
	if l.comma {
		l.buf = append(l.buf, ',')
	}
	l.comma = true
	l.quoted(key)
	l.buf = append(l.buf, ':')
}

// key writes a key that is encoded already, colon and all.
func (l *line) key(encoded string) {
	if l.comma {
		l.buf = append(l.buf, ',')
	}
	l.comma = true
	l.buf = append(l.buf, encoded...)
}

// quoted writes s as a JSON string.
func (l *line) quoted(s string) {
	l.buf = append(l.buf, '"')
	start := len(l.buf)
	l.buf = append(l.buf, s...)
	l.escape(start)
	l.buf = append(l.buf, '"')
}

// redacted writes s as a JSON string without its secrets. The redactor works on the text itself, before the escapes,
// and straight into the line.
func (l *line) redacted(s string) {
	texts := l.h.rules.texts
	clean, hash := texts.Knows(s)
	if clean {
		l.quoted(s)
		return
	}
	l.buf = append(l.buf, '"')
	start := len(l.buf)
	l.buf = l.h.rules.red.AppendText(l.buf, s)
	if string(l.buf[start:]) == s {
		texts.Note(hash)
	}
	l.escape(start)
	l.buf = append(l.buf, '"')
}

// escape makes what stands from start on fit for a JSON string. Mostly there is nothing to do.
func (l *line) escape(start int) {
	at := start + harmless(l.buf[start:])
	if at == len(l.buf) {
		return
	}
	l.scratch = append(l.scratch[:0], l.buf[at:]...)
	l.buf = appendEscaped(l.buf[:at], l.scratch)
}

// harmless is how many bytes at the beginning of b stand for themselves in a JSON string. It looks at eight at a time.
func harmless(b []byte) int {
	const (
		ones = 0x0101010101010101
		high = 0x8080808080808080
	)
	i := 0
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		quote, slash := x^(ones*'"'), x^(ones*'\\')
		// The high bit of a byte is set for: not ASCII; below a blank; a quote; a backslash. A borrow can only set more.
		if (x|(x-ones*' ')|(quote-ones)|(slash-ones))&high != 0 {
			break
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] < utf8.RuneSelf && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// appendEscaped escapes as encoding/json does without HTML: control bytes, quotes, backslashes, U+2028 and U+2029; what
// is not UTF-8 becomes U+FFFD.
func appendEscaped(dst, s []byte) []byte {
	const digits = "0123456789abcdef"
	for len(s) > 0 {
		n := harmless(s)
		dst = append(dst, s[:n]...)
		if s = s[n:]; len(s) == 0 {
			return dst
		}
		c := s[0]
		if c < utf8.RuneSelf {
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			}
			s = s[1:]
			continue
		}
		r, size := utf8.DecodeRune(s)
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, `\ufffd`...)
		case r == '\u2028', r == '\u2029':
			dst = append(dst, `\u202`...)
			dst = append(dst, digits[r&15])
		default:
			dst = append(dst, s[:size]...)
		}
		s = s[size:]
	}
	return dst
}

// value writes a resolved value that is not a group. Like slog's handlers it survives values whose methods panic.
func (l *line) value(v slog.Value) {
	switch v.Kind() {
	case slog.KindString:
		l.quoted(v.String())
	case slog.KindInt64:
		l.buf = strconv.AppendInt(l.buf, v.Int64(), 10)
	case slog.KindUint64:
		l.buf = strconv.AppendUint(l.buf, v.Uint64(), 10)
	case slog.KindFloat64:
		// JSON has no words for these; slog shows what encoding/json says to that.
		if f := v.Float64(); math.IsNaN(f) || math.IsInf(f, 0) {
			l.quoted("!ERROR:json: unsupported value: " + strconv.FormatFloat(f, 'g', -1, 64))
		} else {
			l.buf = appendFloat(l.buf, f)
		}
	case slog.KindBool:
		l.buf = strconv.AppendBool(l.buf, v.Bool())
	case slog.KindDuration:
		l.buf = strconv.AppendInt(l.buf, int64(v.Duration()), 10)
	case slog.KindTime:
		l.time(v.Time())
	default:
		l.any(v.Any())
	}
}

// any is for what is left after redaction: values of encoding/json's kinds, mostly rendered by the redactor already. A
// method of the value that panics costs this value only.
func (l *line) any(v any) {
	start := len(l.buf)
	defer func() {
		if p := recover(); p != nil {
			l.buf = l.buf[:start]
			if rv := reflect.ValueOf(v); rv.Kind() == reflect.Pointer && rv.IsNil() {
				l.quoted("<nil>")
			} else {
				l.redacted(fmt.Sprintf("!PANIC: %v", p))
			}
		}
	}()
	_, marshals := v.(json.Marshaler)
	if err, ok := v.(error); ok && !marshals {
		l.quoted(err.Error())
		return
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		l.redacted(fmt.Sprintf("!ERROR:%v", err))
		return
	}
	l.buf = append(l.buf, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}

// time writes t as RFC 3339 with nanoseconds. A year that it has no digits for becomes an error text.
func (l *line) time(t time.Time) {
	if y := t.Year(); y < 0 || y >= 10000 {
		l.quoted("!ERROR:time.Time year outside of range [0,9999]")
		return
	}
	l.buf = append(l.buf, '"')
	l.buf = t.AppendFormat(l.buf, time.RFC3339Nano)
	l.buf = append(l.buf, '"')
}

// appendFloat writes a finite f as encoding/json does, after ECMAScript: plain digits, but an exponent for the very small
// and the very large.
func appendFloat(dst []byte, f float64) []byte {
	abs := math.Abs(f)
	if abs == 0 || abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); n >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' { // e-09 is e-9
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}
