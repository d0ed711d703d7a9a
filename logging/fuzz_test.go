package logging_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/redact"
)

// FuzzHandler builds a record from the bytes and compares the line with that of slog.JSONHandler behind the redactor;
// where nothing is secret, with that of slog.JSONHandler alone.
func FuzzHandler(f *testing.F) {
	f.Add("message", []byte("\x00key value\x01k2\x05\x07a b\x02\x03"), int64(5), 1.5)
	f.Add("a\"b\\\n", []byte("\x06password hunter2\x04\x02pin"), int64(4111111111111111), 1e300)
	f.Add("token=ghp_0123456789abcdefghijABCDEFGHIJ012345", []byte("\x05credentials\x00v \xff\xfe"), int64(-1), math.Inf(-1))
	for i := range shapes(0, 0, "") {
		f.Add("m", []byte("\x0dk text\x05g\x0dk2 "), int64(i), 1.5)
	}
	f.Fuzz(func(t *testing.T, msg string, program []byte, n int64, x float64) {
		if len(program) > 200 || len(msg) > 1000 {
			return
		}
		run := func(h slog.Handler) { interpret(slog.New(fixedTime{h}), msg, program, n, x) }
		var plain, redacted, got bytes.Buffer
		run(slog.NewJSONHandler(&plain, nil))
		run(redact.Default().Handler(slog.NewJSONHandler(&redacted, nil)))
		run(logging.NewHandler(&got, nil))
		if !json.Valid(got.Bytes()) || bytes.Count(got.Bytes(), []byte("\n")) != 1 {
			t.Fatalf("not one line of JSON: %q", got.Bytes())
		}
		for _, want := range []*bytes.Buffer{&plain, &redacted} {
			if want == &plain && plain.String() != redacted.String() || !json.Valid(want.Bytes()) {
				continue
			}
			if !sameJSON(t, want.Bytes(), got.Bytes()) {
				t.Errorf("\n got %s\nwant %s", got.Bytes(), want.Bytes())
			}
		}
	})
}

// interpret logs one record: each byte of the program below 16 chooses what comes next, the text up to the following one
// is its key and value.
func interpret(l *slog.Logger, msg string, program []byte, n int64, x float64) {
	var attrs []slog.Attr
	open := ""
	for len(program) > 0 {
		op := program[0]
		program = program[1:]
		end := bytes.IndexFunc(program, func(r rune) bool { return r < 16 })
		if end < 0 {
			end = len(program)
		}
		key, value, _ := strings.Cut(string(program[:end]), " ")
		program = program[end:]
		var a slog.Attr
		switch op {
		case 0, 1, 2:
			a = slog.String(key, value)
		case 3:
			a = slog.Int64(key, n)
		case 4:
			a = slog.Float64(key, x)
		case 5:
			if len(attrs) > 0 {
				l = l.With(anys(attrs)...)
				attrs = nil
			}
			if key != "" {
				l = l.WithGroup(key)
			}
			continue
		case 6:
			a = slog.Group(key, slog.String(value, "x"), slog.Uint64("n", uint64(n)))
		case 7:
			a = slog.Any(key, errors.New(value))
		case 8:
			a = slog.Any(key, map[string]any{value: n, "k": []string{value}})
		case 9:
			a = slog.Bool(key, true)
		case 10:
			a = slog.Time(key, time.Unix(n%1e11, n%1e9).UTC())
		case 11:
			a = slog.Duration(key, time.Duration(n))
		case 12:
			a = slog.Any(key, valuer{slog.StringValue(value)})
		case 13:
			all := shapes(n, x, value)
			a = slog.Any(key, all[uint64(n)%uint64(len(all))])
		case 14:
			a = slog.Any(key, nil)
		default:
			open = key
			a = slog.Group("", slog.String(open, value))
		}
		attrs = append(attrs, a)
	}
	//lint:ignore SA1012 slog takes nil for no context
	l.LogAttrs(nil, slog.LevelWarn, msg, attrs...)
}

func anys(attrs []slog.Attr) (all []any) {
	for _, a := range attrs {
		all = append(all, a)
	}
	return all
}

// FuzzRequest sends hostile bytes in every place that a record shows: the line stays one line of JSON, bounded, and
// what is believed of the headers is well formed.
func FuzzRequest(f *testing.F) {
	f.Add("GET", "/a?b=c", "id-1", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "curl/8", []byte(`{"password":"x"`))
	f.Add("\x00", "/\xff\u2028", "a\nb", "ff-", "\x1b[2J\u202e", []byte("a=b&password=\xff"))
	f.Fuzz(func(t *testing.T, method, target, id, trace, ua string, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery, r.Host = method, target, target, ua
		r.Header.Set("X-Request-Id", id)
		r.Header.Set("Traceparent", trace)
		r.Header.Set("User-Agent", ua)
		r.Header.Set("Content-Type", "application/json")
		cfg := both(100)
		cfg.TrustRequestID = true
		cfg.RequestHeaders = []string{"User-Agent"}
		w, rec := serve(t, cfg, r, echo)
		got := w.Header().Get("X-Request-Id")
		if got == "" || len(got) > 128 || strings.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Errorf("X-Request-Id: %q", got)
		}
		if tid, ok := rec["trace_id"].(string); ok && (len(tid) != 32 || !strings.Contains(trace, tid)) {
			t.Errorf("trace_id %q of %q", tid, trace)
		}
		for key, v := range rec {
			if s, ok := v.(string); ok && len(s) > 3*2048+16 {
				t.Errorf("%s has %d bytes", key, len(s))
			}
		}
		if !bytes.Equal(w.Body.Bytes(), body) {
			t.Errorf("the body changed")
		}
	})
}
