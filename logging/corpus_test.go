package logging_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/redact"
)

// compare logs through the redactor's own handler and through this package's and wants the same line. The redactor's is
// judged by its corpus in its own tests.
func compare(t *testing.T, name string, log func(*slog.Logger)) string {
	t.Helper()
	var want, got bytes.Buffer
	log(slog.New(fixedTime{redact.Default().Handler(slog.NewJSONHandler(&want, nil))}))
	log(slog.New(fixedTime{logging.NewHandler(&got, nil)}))
	if !sameJSON(t, want.Bytes(), got.Bytes()) {
		t.Errorf("%s:\n got %s\nwant %s", name, got.Bytes(), want.Bytes())
	}
	return got.String()
}

func TestHandlerRedactsAsRedactDoes(t *testing.T) {
	var raw []byte
	for _, file := range []string{"corpus", "attack"} {
		part, err := os.ReadFile("../redact/testdata/" + file + ".jsonl")
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, part...)
	}
	n := 0
	for line := range strings.Lines(string(raw)) {
		var v struct {
			ID, Channel, Key, Policy string
			Input                    json.RawMessage
			Secret                   []string
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(bytes.NewReader(v.Input))
		d.UseNumber()
		var input any
		if err := d.Decode(&input); err != nil {
			t.Fatal(err)
		}
		if num, ok := input.(json.Number); ok {
			if n, err := num.Int64(); err == nil {
				input = n
			} else {
				input, _ = num.Float64()
			}
		}
		text, _ := input.(string)
		var msg string
		var value any = input
		switch v.Channel {
		case "message":
			msg = text
		case "error":
			value = errors.New(text)
		case "raw_json":
			value = json.RawMessage(text)
		}
		parent, key := "", v.Key
		if i := strings.LastIndexByte(key, '.'); i >= 0 && v.Channel == "group" {
			parent, key = key[:i], key[i+1:]
		}
		if key == "" {
			key = "value"
		}
		got := compare(t, v.ID, func(l *slog.Logger) {
			if parent != "" {
				l = l.WithGroup(parent)
			}
			l.Info(msg, key, value)
		})
		compare(t, v.ID+" in With", func(l *slog.Logger) { l.With(key, value).WithGroup("g").Info("m", "a", 1) })
		compare(t, v.ID+" in a group", func(l *slog.Logger) { l.Info("m", slog.Group("outer", slog.Group(parent, slog.Any(key, value)))) })
		compare(t, v.ID+" under a secret name", func(l *slog.Logger) { l.WithGroup("credentials").WithGroup("x").Info(msg, key, value) })
		if v.Policy == "" && v.Channel != "json_body" && v.Channel != "form_body" && v.Channel != "query" && v.Channel != "struct" {
			for _, s := range v.Secret {
				if strings.Contains(got, s) {
					t.Errorf("%s: %q is in %s", v.ID, s, got)
				}
			}
		}
		n++
	}
	if n < 300 {
		t.Errorf("only %d cases", n)
	}
}

type account struct {
	User, Password string
	Owner          hidden
	//lint:ignore U1000 a field that handlers must not print
	next *account
}

type hidden struct{ Name string }

func (hidden) LogValue() slog.Value { return slog.StringValue("hidden") }

type loop struct{ Next *loop }

type boom struct{}

func (boom) LogValue() slog.Value { panic("boom") }

// Values that hide secrets in Go's ways: the handler hands all of them to the redactor.
func TestHandlerOnGoTypes(t *testing.T) {
	u, _ := url.Parse("https://ann:hunter2hunter2@x.example/?token=hunter2hunter2")
	circle := &loop{}
	circle.Next = circle
	r, _ := http.NewRequest("GET", "https://x.example/?password=hunter2hunter2", nil)
	r.SetBasicAuth("ann", "hunter2hunter2")
	for name, v := range map[string]any{
		"pointer": &account{User: "ann", Password: "hunter2hunter2", Owner: hidden{"hunter2hunter2"}}, "nil pointer": (*account)(nil),
		"cycle": circle, "url": u, "*url": *u, "request": r, "header": r.Header, "nested valuer": []any{hidden{"hunter2hunter2"}},
		"valuer to a group": valuer{slog.GroupValue(slog.String("password", "hunter2hunter2"))}, "chan": make(chan int), "func": func() {},
		"complex": 1i, "stringer": time.Second, "bytes": []byte("password=hunter2hunter2"), "nil": nil,
		"join": errors.Join(errors.New("a"), errors.New("password=hunter2hunter2")),
	} {
		if got := compare(t, name, func(l *slog.Logger) { l.Info("m", "v", v) }); strings.Contains(got, "hunter2hunter2") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A LogValuer below the level is never asked, and ReplaceAttr brings nothing back.
func TestHandlerEdges(t *testing.T) {
	var buf bytes.Buffer
	slog.New(logging.NewHandler(&buf, nil)).Debug("m", "v", boom{})
	if buf.Len() != 0 {
		t.Errorf("below the level: %s", buf.Bytes())
	}
	slog.New(logging.NewHandler(&buf, nil)).Info("m", "v", boom{}, "after", 1)
	want(t, decode(t, buf.Bytes()), map[string]any{"after": 1})
	buf.Reset()
	rename := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "password" || a.Key == "number" {
			a.Key = "p"
		}
		return a
	}
	l := slog.New(logging.NewHandler(&buf, &slog.HandlerOptions{ReplaceAttr: rename}))
	l.Info("token=hunter2hunter2", "password", "hunter2hunter2", slog.Group("g", "password", "hunter2hunter2"),
		slog.Group("credentials", "x", "hunter2hunter2"), slog.Group("password", "v", "hunter2hunter2"))
	l.Info("m", slog.Group("api", "key", "hunter2Hunter2hunter2"), slog.Group("client", slog.Group("api", "key", "hunter2Hunter2hunter2")))
	l.WithGroup("credentials").Info("m", "x", "hunter2hunter2", slog.Group("y", "z", "hunter2hunter2"))
	if strings.Contains(buf.String(), "hunter2") {
		t.Errorf("%s", buf.Bytes())
	}
}
