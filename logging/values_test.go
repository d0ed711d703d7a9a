package logging_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/redact"
)

// failure is an error that is JSON by itself.
type failure struct {
	Code     int
	Password string `json:"password,omitempty"`
}

func (f failure) Error() string { return fmt.Sprint("code ", f.Code, f.Password) }
func (f failure) MarshalJSON() ([]byte, error) {
	type plain failure
	return json.Marshal(plain(f))
}

// Values that slog.JSONHandler writes as something else than their text, at the top and in groups.
func TestHandlerKeepsTheKind(t *testing.T) {
	pass := func(_ []string, a slog.Attr) slog.Attr { return a }
	for name, v := range map[string]any{
		"bytes": []byte("hi"), "bytes that are no text": []byte{0xff, 0, 1}, "no bytes": []byte{}, "nil bytes": []byte(nil),
		"error": failure{Code: 5}, "pointer": &failure{Code: 5}, "nil": (*failure)(nil), "in a slice": []any{failure{Code: 5}},
		"joined": errors.Join(failure{Code: 5}, errors.New("b")),
	} {
		t.Run(name, func(t *testing.T) {
			for _, opts := range []*slog.HandlerOptions{nil, {ReplaceAttr: pass}} {
				same(t, opts, func(l *slog.Logger) {
					l.With("w", v).WithGroup("o").Info("m", "v", v, slog.Group("g", slog.Any("v", v), slog.Group("h", "n", 1, "v", v), "s", "text"),
						"valuer", valuer{slog.GroupValue(slog.Any("v", valuer{slog.AnyValue(v)}))})
				})
			}
		})
	}
}

// What would be base64 or JSON by itself is looked into first.
func TestHandlerLooksIntoBytes(t *testing.T) {
	var buf bytes.Buffer
	slog.New(logging.NewHandler(&buf, nil)).Info("m", "a", []byte("password=hunter2"), "password", []byte("hunter2"),
		slog.Group("g", slog.Any("a", []byte(`{"password":"hunter2"}`)), slog.Any("f", failure{5, "hunter2"})),
		slog.Group("credentials", slog.Any("v", []byte("hunter2"))), "f", failure{5, "hunter2"})
	for _, secret := range []string{"hunter2", "aHVudGVyM", "h1bnRlcj", "odW50ZXIy"} { // base64 at each offset
		if strings.Contains(buf.String(), secret) {
			t.Errorf("%q in %s", secret, &buf)
		}
	}
	if !strings.Contains(buf.String(), `"f":{"Code":5,"password":"[REDACTED]"}`) {
		t.Errorf("the structure is lost: %s", &buf)
	}
}

// two is a LogValuer that gives two of itself, deeper one that gives one.
type two struct{}

func (two) LogValue() slog.Value { return slog.GroupValue(slog.Any("a", two{}), slog.Any("b", two{})) }

type deeper struct{}

func (deeper) LogValue() slog.Value { return slog.GroupValue(slog.Any("d", deeper{})) }

// Values that have no end are replaced by the mark, whoever is to print them.
func TestValuesWithoutEnd(t *testing.T) {
	branches := slog.Int("n", 1)
	for range 40 {
		branches = slog.Group("g", branches, branches)
	}
	twice := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "a" || a.Key == "b" {
			return slog.Any(a.Key, slog.GroupValue(slog.Int("a", 1), slog.Int("b", 1)))
		}
		return a
	}
	for name, tc := range map[string]struct {
		attr slog.Attr
		opts *slog.HandlerOptions
	}{
		"two":               {slog.Any("v", two{}), nil},
		"one":               {slog.Any("v", deeper{}), nil},
		"two in a group":    {slog.Group("v", "w", two{}), nil},
		"one to groups":     {branches, nil},
		"two, replaced":     {slog.Any("v", two{}), &slog.HandlerOptions{ReplaceAttr: twice}},
		"made by a replace": {slog.Any("a", 1), &slog.HandlerOptions{ReplaceAttr: twice}},
		"one, replaced":     {slog.Any("v", deeper{}), &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { return a }}},
	} {
		t.Run(name, func(t *testing.T) {
			start, out := time.Now(), new(sink)
			l := slog.New(logging.NewHandler(out, tc.opts))
			l.Info("m", tc.attr, "after", 1)
			l.With(tc.attr).Info("m", "after", 1)
			cfg := logging.Config{Logger: slog.New(slog.NewJSONHandler(out, tc.opts))}
			if tc.opts == nil { // slog itself knows no end either
				serveTo(t, cfg, get("/"), func(_ http.ResponseWriter, r *http.Request) { logging.Add(r.Context(), tc.attr, slog.Int("after", 1)) })
			}
			for line := range strings.Lines(out.String()) {
				if !strings.Contains(line, `[REDACTED]"`) || !strings.Contains(line, `"after":1`) || !json.Valid([]byte(line)) {
					t.Errorf("%.300s", line)
				}
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

// A group that a LogValuer leaves empty is left out, as slog.Handler asks, with the group around it.
func TestEmptyGroups(t *testing.T) {
	var buf bytes.Buffer
	l := slog.New(logging.NewHandler(&buf, nil))
	l.Info("m", slog.Group("g", "v", valuer{slog.GroupValue()}), slog.Group("h", "v", valuer{slog.GroupValue()}, "n", 1), "after", 1)
	if s := buf.String(); !strings.HasSuffix(s, `"msg":"m","h":{"n":1},"after":1}`+"\n") {
		t.Errorf("%s", s)
	}
}

// Groups of many members are no trouble as long as they end.
func TestManyParts(t *testing.T) {
	var all []slog.Attr
	for i := range 5000 {
		all = append(all, slog.Any(fmt.Sprint("k", i), valuer{slog.GroupValue(slog.Int("n", i))}))
	}
	same(t, nil, func(l *slog.Logger) { l.Info("m", slog.Attr{Key: "g", Value: slog.GroupValue(all...)}) })
}

// The user's names are for the user's values: what the library itself adds is shown in the record and in each line.
func TestOwnFieldsAreShown(t *testing.T) {
	red, err := redact.New(redact.Config{Names: []string{"id", "flags", "method", "path", "sampled"}})
	if err != nil {
		t.Fatal(err)
	}
	pass := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { return a }}
	for name, h := range map[string]func(io.Writer) slog.Handler{
		"own":           func(w io.Writer) slog.Handler { return logging.NewHandler(w, nil) },
		"own, replaced": func(w io.Writer) slog.Handler { return logging.NewHandler(w, pass) },
		"foreign":       func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			out := new(sink)
			m, err := logging.New(logging.Config{Logger: slog.New(h(out)), Redactor: red})
			if err != nil {
				t.Fatal(err)
			}
			r := get("/a")
			r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
			w := httptest.NewRecorder()
			m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				logging.Add(r.Context(), slog.String("user_id", "ann"))
				logging.Logger(r.Context()).Info("m", "user_id", "ann", "password", "hunter2")
				logging.Logger(r.Context()).With("user_id", "ann").Info("m", slog.Group("id", "x", "ann"))
			})).ServeHTTP(w, r)
			all := out.records(t)
			if len(all) != 3 || strings.Contains(out.String(), "ann") || strings.Contains(out.String(), "hunter2") {
				t.Fatalf("%s", out)
			}
			for _, rec := range all {
				want(t, rec, map[string]any{"request_id": w.Header().Get("X-Request-Id"), "trace_id": "0af7651916cd43dd8448eb211c80319c",
					"span_id": "b7ad6b7169203331", "trace_flags": "01", "user_id": "[REDACTED]"})
			}
			want(t, all[2], map[string]any{"http.request.method": "GET", "url.path": "/a"})
		})
	}
}

// A ReplaceAttr that changes what the library adds is not trusted with it.
func TestReplacedOwnFields(t *testing.T) {
	out := new(sink)
	leak := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "url.path" || a.Key == "request_id" {
			return slog.String("password", "hunter2")
		}
		return a
	}
	serveTo(t, logging.Config{Logger: slog.New(logging.NewHandler(out, &slog.HandlerOptions{ReplaceAttr: leak}))}, get("/"), nothing)
	if strings.Contains(out.String(), "hunter2") || strings.Count(out.String(), "[REDACTED]") != 2 {
		t.Errorf("%s", out)
	}
}
