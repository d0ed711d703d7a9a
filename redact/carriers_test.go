package redact_test

import (
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/redact"
)

// TestCarriers puts every text of the corpus into other carriers. What is found in a message must be found in a JSON
// string, three levels deep, in an encoded query, in bytes, maps and errors, and what is kept there is kept here.
func TestCarriers(t *testing.T) {
	r := redact.Default()
	quote := func(s string) string { return string(must(json.Marshal(s))) }
	show := func(v any) string {
		b, err := json.Marshal(r.Attr(slog.Any("x", v)).Value.Any())
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}
	carriers := map[string]func(string) string{
		"json": func(s string) string { return string(r.AppendJSON(nil, []byte(`{"x":`+quote(s)+`}`))) },
		"json 2": func(s string) string {
			return string(r.AppendJSON(nil, []byte(`{"x":`+quote(`{"y":`+quote(s)+`}`)+`}`)))
		},
		"json 3":   func(s string) string { return string(r.AppendJSON(nil, []byte(quote(quote(`{"y":`+quote(s)+`}`))))) },
		"query":    func(s string) string { return r.Query("a=1&x=" + url.QueryEscape(s) + "&b=2") },
		"url":      func(s string) string { return r.URL("https://h.example.com/p?x=" + url.QueryEscape(s)) },
		"text":     func(s string) string { return r.Text("got x=" + url.QueryEscape(s) + " there") },
		"embedded": func(s string) string { return r.Text("got {\"x\": " + quote(s) + "} there") },
		"bytes": func(s string) string {
			if b, clean := r.Attr(slog.Any("x", []byte(s))).Value.Any().([]byte); clean {
				return string(b) // base64 for a handler of JSON
			}
			return show([]byte(s))
		},
		"map":    func(s string) string { return show(map[string]any{"x": []any{s}}) },
		"struct": func(s string) string { return show(struct{ X *string }{&s}) },
		"lines":  func(s string) string { return r.Text("first\n" + s + "\nlast") },
	}
	for name, carry := range carriers {
		leaks, lost := 0, 0
		for i, v := range vectors(t) {
			if race && i%8 != 0 { // ten times slower, and nothing here is shared
				continue
			}
			text, ok := v.value().(string)
			switch v.Channel {
			case "message", "error", "json_body", "form_body", "query", "url_userinfo", "raw_json":
			default:
				continue
			}
			if !ok || v.Policy == "optional" || v.Truncated || v.Alone {
				continue
			}
			out := carry(text)
			if wrong := v.judge(out); strings.HasPrefix(wrong, "leaks") {
				leaks++
				t.Errorf("%s: %s %s: %s", name, v.ID, wrong, out)
			} else if wrong != "" && len(v.Secret) == 0 {
				lost++
				t.Errorf("%s: %s %s: %s", name, v.ID, wrong, out)
			}
		}
		t.Logf("%s: %d leaks, %d lost", name, leaks, lost)
	}
}
