package logging_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/gambeson-go/gambeson/logging"
)

func TestHandlerBySlogtest(t *testing.T) {
	var buf bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		buf.Reset()
		return logging.NewHandler(&buf, nil)
	}, func(t *testing.T) map[string]any { return decode(t, buf.Bytes()) })
}

// decode reads the one line in b. Numbers keep their digits.
func decode(t testing.TB, b []byte) map[string]any {
	t.Helper()
	if n := bytes.Count(b, []byte("\n")); n != 1 {
		t.Fatalf("%d lines, want 1: %s", n, b)
	}
	return decodeLine(t, b)
}

func decodeLine(t testing.TB, b []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatalf("not JSON: %v: %s", err, b)
	}
	return m
}

// same logs through slog.JSONHandler and through this package's handler and compares the JSON values.
func same(t testing.TB, opts *slog.HandlerOptions, log func(*slog.Logger)) {
	t.Helper()
	var want, got bytes.Buffer
	strip := func(h slog.Handler) *slog.Logger { return slog.New(fixedTime{h}) }
	log(strip(slog.NewJSONHandler(&want, opts)))
	log(strip(logging.NewHandler(&got, opts)))
	if !json.Valid(want.Bytes()) {
		t.Skipf("slog itself writes no JSON here: %s", want.Bytes())
	}
	if !sameJSON(t, want.Bytes(), got.Bytes()) {
		t.Errorf("\n got %s\nwant %s", got.Bytes(), want.Bytes())
	}
}

// sameJSON compares tokens, so that order and repetition of keys count, too.
func sameJSON(t testing.TB, a, b []byte) bool {
	t.Helper()
	return reflect.DeepEqual(tokens(t, a), tokens(t, b))
}

func tokens(t testing.TB, b []byte) (all []json.Token) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		all = append(all, tok)
	}
}

// fixedTime makes two runs comparable.
type fixedTime struct{ slog.Handler }

func (f fixedTime) Handle(ctx context.Context, r slog.Record) error {
	r.Time = time.Date(2026, 11, 23, 8, 9, 10, 123456789, time.FixedZone("", 3600))
	return f.Handler.Handle(ctx, r)
}
func (f fixedTime) WithAttrs(as []slog.Attr) slog.Handler { return fixedTime{f.Handler.WithAttrs(as)} }
func (f fixedTime) WithGroup(n string) slog.Handler       { return fixedTime{f.Handler.WithGroup(n)} }

type point struct {
	X, Y int
	Name string `json:"name,omitempty"`
}
type valuer struct{ v slog.Value }

func (v valuer) LogValue() slog.Value { return v.v }

//lint:ignore U1000 a field that no handler may print
type level struct{ n int }

func (level) MarshalJSON() ([]byte, error) { return []byte(`{"a": [1, "<&>"]}`), nil }

func TestHandlerWritesWhatSlogWrites(t *testing.T) {
	for name, log := range map[string]func(*slog.Logger){
		"kinds": func(l *slog.Logger) {
			l.Info("m", "s", "text", "i", -5, "u", uint64(math.MaxUint64), "f", 1.5, "b", true, "d", time.Second,
				"t", time.Unix(1, 5).UTC(), "nil", nil, "err", errors.New("went wrong"))
		},
		"floats": func(l *slog.Logger) {
			l.Info("m", "a", 1e21, "b", 1e-7, "c", 1e20, "d", 0.0, "e", math.Inf(1), "f", math.NaN(), "g", -1e-9, "h", 123456.789,
				"i", math.MaxFloat64, "j", math.SmallestNonzeroFloat64, "k", math.Copysign(0, -1))
		},
		"escapes": func(l *slog.Logger) {
			l.Info("a\"b\\c\n\r\t\x00\x1f\x7f<>&\u2028\u2029 é 日本 \xff\xc3", "k\"\n", "v\xf0\x28", "longer than eight bytes", "12345678\"")
		},
		"groups": func(l *slog.Logger) {
			l.WithGroup("g").With("a", 1).WithGroup("h").Info("m", "b", 2, slog.Group("i", "c", 3, slog.Group("j", "d", 4)),
				slog.Group("", "inline", 5), slog.Group("empty"))
		},
		"empty group at the end": func(l *slog.Logger) { l.With("a", 1).WithGroup("g").Info("m") },
		"with nothing":           func(l *slog.Logger) { l.With().WithGroup("g").With(slog.Group("x")).Info("m", "a", 1) },
		"with nothing at all":    func(l *slog.Logger) { l.WithGroup("g").With(slog.Group("x")).Info("m") },
		"with a valuer to a group": func(l *slog.Logger) {
			l.WithGroup("g").With("v", valuer{slog.GroupValue()}).Info("m", "a", 1)
		},
		"group of nothing": func(l *slog.Logger) { l.WithGroup("g").Info("m", "", valuer{slog.AnyValue(nil)}) },
		"with twice":       func(l *slog.Logger) { l.With("a", 1).With("b", 2).WithGroup("g").With("c", 3).Info("m", "a", 4) },
		"levels":           func(l *slog.Logger) { l.Log(context.Background(), slog.LevelError+3, "m") },
		"valuer": func(l *slog.Logger) {
			l.Info("m", "v", valuer{slog.GroupValue(slog.Int("a", 1))}, "w", valuer{slog.IntValue(2)})
		},
		"valuer to an empty attr": func(l *slog.Logger) { l.Info("m", "", valuer{slog.AnyValue(nil)}, "a", 1) },
		"structs": func(l *slog.Logger) {
			l.Info("m", "p", point{1, 2, "n<"}, "pp", &point{}, "s", []int{1, 2}, "m", map[string]any{"b": 1, "a": nil})
		},
		"marshaler": func(l *slog.Logger) { l.Info("m", "l", level{}, "raw", json.RawMessage(`{"z": 1,  "a":2}`)) },
		"bytes":     func(l *slog.Logger) { l.Info("m", "b", []byte("abc")) },
		"bad key":   func(l *slog.Logger) { l.Info("m", []any{"only a value"}...) },
		"empty key": func(l *slog.Logger) { l.Info("m", "", "v") },
		"zone":      func(l *slog.Logger) { l.Info("m", "t", time.Unix(1e9, 1).In(time.FixedZone("x", -5400))) },
	} {
		t.Run(name, func(t *testing.T) { same(t, nil, log) })
	}
}

// Where slog.JSONHandler writes no JSON, this one does.
func TestHandlerWhereSlogFails(t *testing.T) {
	var buf bytes.Buffer
	slog.New(logging.NewHandler(&buf, nil)).Info("m", slog.Group("g", slog.Attr{}), "a", 1, "t", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))
	want(t, decode(t, buf.Bytes()), map[string]any{"g": nil, "a": 1, "t": "!ERROR:time.Time year outside of range [0,9999]"})
}

// What the JSON value does not tell: lines stay lines for those who split at U+2028, and HTML stays readable.
func TestHandlerBytes(t *testing.T) {
	var buf bytes.Buffer
	slog.New(logging.NewHandler(&buf, nil)).Info("a\u2028b\u2029<&>", "v", []string{"<&>"})
	if s := buf.String(); !strings.Contains(s, `"msg":"a\u2028b\u2029<&>","v":["<&>"]`) {
		t.Errorf("%s", s)
	}
}

func TestHandlerOptions(t *testing.T) {
	log := func(l *slog.Logger) {
		l.With("w", 1).WithGroup("g").Warn("m", "drop", 1, "a", "x", slog.Group("h", "b", "y", "drop", 2))
	}
	for name, opts := range map[string]*slog.HandlerOptions{
		"replace": {ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == "drop" || a.Key == slog.LevelKey {
				return slog.Attr{}
			}
			a.Key = strings.Join(append(groups, a.Key), "/")
			return a
		}},
		"rename message": {ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.MessageKey {
				a.Key = "message"
			}
			if l, ok := a.Value.Any().(slog.Level); ok {
				return slog.Int("severity", int(l))
			}
			return a
		}},
		"source": {AddSource: true},
		"level":  {Level: slog.LevelError},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "level" {
				var buf bytes.Buffer
				if log(slog.New(logging.NewHandler(&buf, opts))); buf.Len() != 0 {
					t.Errorf("logged below the level: %s", buf.Bytes())
				}
				return
			}
			same(t, opts, log)
		})
	}
}
