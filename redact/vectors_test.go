package redact_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/redact"
)

// A vector is one case of testdata/corpus.jsonl: something to log, what must not be seen and what must.
type vector struct {
	ID, Channel, Key string
	Input            json.RawMessage
	Secret, Keep     []string
	Policy           string
	Truncated        bool
	Alone            bool              // not in other carriers
	JSONValid        *bool             `json:"json_valid"`
	ByteExact        bool              `json:"byte_exact"`
	JSONTags         map[string]string `json:"json_tags"`
}

// vectors are the cases of both files: those that the rules were written for, and those that were written to break them.
func vectors(t testing.TB) []vector {
	return append(vectorsIn(t, "testdata/corpus.jsonl"), vectorsIn(t, "testdata/attack.jsonl")...)
}

func vectorsIn(t testing.TB, file string) []vector {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []vector
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if len(all) < 300 {
		t.Fatalf("only %d vectors", len(all))
	}
	return all
}

func (v vector) value() any {
	dec := json.NewDecoder(bytes.NewReader(v.Input))
	dec.UseNumber()
	var x any
	if err := dec.Decode(&x); err != nil {
		panic(err)
	}
	return numbers(x)
}

func numbers(x any) any {
	switch x := x.(type) {
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return n
		}
		f, _ := x.Float64()
		return f
	case map[string]any:
		for k := range x {
			x[k] = numbers(x[k])
		}
	case []any:
		for i := range x {
			x[i] = numbers(x[i])
		}
	}
	return x
}

// attr is the case as an attribute, the way an application would log it.
func (v vector) attr() (msg string, attr slog.Attr) {
	msg = "event"
	x := v.value()
	text, _ := x.(string)
	switch v.Channel {
	case "message":
		return text, slog.Attr{}
	case "error":
		key := v.Key
		if key == "" {
			key = "err"
		}
		return msg, slog.Any(key, errors.New(text))
	case "attr", "map":
		return msg, slog.Any(v.Key, x)
	case "group":
		parts := strings.Split(v.Key, ".")
		a := slog.Any(parts[len(parts)-1], x)
		for i := len(parts) - 2; i >= 0; i-- {
			a = slog.Attr{Key: parts[i], Value: slog.GroupValue(a)}
		}
		return msg, a
	case "struct":
		m := x.(map[string]any)
		var fields []reflect.StructField
		for name, val := range m {
			f := reflect.StructField{Name: name, Type: reflect.TypeOf(val)}
			if tag := v.JSONTags[name]; tag != "" {
				f.Tag = reflect.StructTag(`json:"` + tag + `"`)
			}
			fields = append(fields, f)
		}
		s := reflect.New(reflect.StructOf(fields)).Elem()
		for name, val := range m {
			s.FieldByName(name).Set(reflect.ValueOf(val))
		}
		return msg, slog.Any(v.Key, s.Interface())
	case "raw_json":
		return msg, slog.Any(v.Key, json.RawMessage(text))
	case "header":
		return msg, slog.String(v.Key, text)
	case "json_body", "form_body":
		return msg, slog.String("body", text)
	case "query":
		return msg, slog.String("query", text)
	case "url_userinfo":
		return msg, slog.String("url", text)
	}
	panic("channel " + v.Channel)
}

func logged(v vector, wrap func(slog.Handler) slog.Handler, text bool) string {
	var b bytes.Buffer
	var h slog.Handler = slog.NewJSONHandler(&b, nil)
	if text {
		h = slog.NewTextHandler(&b, nil)
	}
	msg, a := v.attr()
	rec := slog.NewRecord(zeroTime, slog.LevelInfo, msg, 0)
	if a.Key != "" {
		rec.AddAttrs(a)
	}
	if err := wrap(h).Handle(ctx, rec); err != nil {
		return err.Error()
	}
	return b.String()
}

var base64Run = regexp.MustCompile(`[A-Za-z0-9+/_-]{12,}={0,2}`)

// views are all the ways in which a reader may find a secret in a line.
func views(line string) []string {
	all := []string{line}
	if s, err := strconv.Unquote(`"` + strings.ReplaceAll(line, `"`, `\"`) + `"`); err == nil {
		all = append(all, s)
	}
	var x any
	if json.Unmarshal([]byte(line), &x) == nil {
		all = append(all, stringsOf(x)...)
	}
	for _, s := range all {
		r := strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\/`, `/`, `\n`, "\n")
		one := r.Replace(s)
		all = append(all, one, r.Replace(one), r.Replace(r.Replace(one)))
	}
	for _, s := range all {
		if u, err := url.QueryUnescape(s); err == nil && u != s {
			all = append(all, u)
		}
		if u, err := url.PathUnescape(s); err == nil && u != s {
			all = append(all, u)
		}
		for _, run := range base64Run.FindAllString(s, -1) {
			for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
				if d, err := enc.DecodeString(run); err == nil {
					all = append(all, string(d))
				}
			}
		}
	}
	return all
}

func stringsOf(x any) []string {
	switch x := x.(type) {
	case string:
		all := []string{x}
		var y any
		if json.Unmarshal([]byte(x), &y) == nil {
			if _, again := y.(string); !again || y != x {
				all = append(all, stringsOf(y)...)
			}
		}
		return all
	case float64:
		return []string{fmt.Sprint(int64(x))}
	case map[string]any:
		var all []string
		for k, v := range x {
			all = append(append(all, k), stringsOf(v)...)
		}
		return all
	case []any:
		var all []string
		for _, v := range x {
			all = append(all, stringsOf(v)...)
		}
		return all
	}
	return nil
}

// judge says what is wrong with a line, "" where nothing is.
func (v vector) judge(line string) string {
	seen := views(line)
	for _, s := range v.Secret {
		for _, view := range seen {
			if strings.Contains(view, s) {
				return fmt.Sprintf("leaks %q", s)
			}
		}
	}
	for _, k := range v.Keep {
		found := false
		for _, view := range seen {
			found = found || strings.Contains(view, k)
		}
		if !found {
			return fmt.Sprintf("lost %q", k)
		}
	}
	return ""
}

func TestVectors(t *testing.T) {
	r := redact.Default()
	h := r.Handler
	ways := map[string]func(vector) string{
		"json": func(v vector) string { return logged(v, h, false) },
		"text": func(v vector) string { return logged(v, h, true) },
		"direct": func(v vector) string {
			text, isText := v.value().(string)
			switch {
			case v.Channel == "header":
				return fmt.Sprint(r.Header(http.Header{v.Key: {text}}))
			case v.Channel == "query", v.Channel == "form_body":
				return r.Query(text)
			case v.Channel == "url_userinfo":
				return r.URL(text)
			case v.Channel == "json_body", v.Channel == "raw_json":
				out := r.AppendJSON(nil, []byte(text))
				if v.JSONValid != nil && *v.JSONValid && !json.Valid(out) {
					t.Errorf("%s: not valid any more: %s", v.ID, out)
				}
				if v.ByteExact && string(out) != text {
					t.Errorf("%s: not byte-exact: %s", v.ID, out)
				}
				return string(out)
			case v.Channel == "message" || v.Channel == "error":
				return r.Text(text)
			case isText:
				return r.Attr(slog.String(v.Key, text)).String()
			}
			_, a := v.attr()
			return r.Attr(a).String()
		},
		"header map": func(v vector) string {
			if v.Channel != "header" {
				return logged(v, h, false)
			}
			text, _ := v.value().(string)
			var b bytes.Buffer
			slog.New(h(slog.NewJSONHandler(&b, nil))).Info("event", "headers", http.Header{v.Key: {text}})
			return b.String()
		},
	}
	for way, log := range ways {
		var need, got, keep, kept, optional, welcome int
		for _, v := range vectors(t) {
			wrong := v.judge(log(v))
			switch {
			case v.Policy == "optional":
				optional++
				if wrong == "" {
					welcome++
				} else if testing.Verbose() {
					t.Logf("%s: optional %s %s", way, v.ID, wrong)
				}
			case len(v.Secret) > 0:
				need++
				if wrong == "" {
					got++
				} else {
					t.Errorf("%s: %s: %s in %s", way, v.ID, wrong, log(v))
				}
			default:
				keep++
				if wrong == "" {
					kept++
				} else {
					t.Errorf("%s: %s: %s in %s", way, v.ID, wrong, log(v))
				}
			}
		}
		t.Logf("%s: %d of %d secrets, %d of %d kept, %d of %d optional", way, got, need, kept, keep, welcome, optional)
	}
}

// TestVectorsWriter sends the lines of handlers that know nothing of redaction through Writer. It sees text only, so it may
// miss a little; what it must never do is to break JSON.
func TestVectorsWriter(t *testing.T) {
	r := redact.Default()
	need, got, keep, kept := 0, 0, 0, 0
	for _, v := range vectors(t) {
		var b bytes.Buffer
		io.WriteString(r.Writer(&b), logged(v, func(h slog.Handler) slog.Handler { return h }, false))
		if !json.Valid(b.Bytes()) {
			t.Errorf("%s: not JSON: %s", v.ID, &b)
		}
		wrong := v.judge(b.String())
		switch {
		case v.Policy == "optional":
		case len(v.Secret) > 0:
			need++
			if wrong == "" {
				got++
			} else {
				t.Logf("%s: %s in %s", v.ID, wrong, &b)
			}
		default:
			keep++
			if wrong == "" {
				kept++
			} else {
				t.Logf("%s: %s in %s", v.ID, wrong, &b)
			}
		}
	}
	t.Logf("%d of %d secrets, %d of %d kept", got, need, kept, keep)
	if got < need*97/100 || kept < keep*99/100 {
		t.Errorf("too few")
	}
}

// TestVectorsBite shows that the judge sees leaks: without the redactor nearly all of them.
func TestVectorsBite(t *testing.T) {
	leaks, all := 0, 0
	for _, v := range vectors(t) {
		if len(v.Secret) == 0 {
			continue
		}
		all++
		if v.judge(logged(v, func(h slog.Handler) slog.Handler { return h }, false)) != "" {
			leaks++
		}
	}
	if leaks < all*98/100 {
		t.Errorf("only %d of %d leaks seen", leaks, all)
	}
}
