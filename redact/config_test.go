package redact_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/redact"
)

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct {
		cfg   redact.Config
		field string
	}{
		{redact.Config{Names: []string{"a", ""}}, "Names[1]"},
		{redact.Config{Names: []string{"--"}}, "Names[0]"},
		{redact.Config{Names: []string{strings.Repeat("a", 200)}}, "Names[0]"},
		{redact.Config{Names: make([]string, 1001)}, "Names"},
		{redact.Config{AllowNames: []string{" "}}, "AllowNames[0]"},
		{redact.Config{Names: []string{"x_y"}, AllowNames: []string{"xY"}}, "AllowNames[0]"},
		{redact.Config{Patterns: make([]redact.Pattern, 201)}, "Patterns"},
		{redact.Config{Patterns: []redact.Pattern{{}}}, "Patterns[0].Prefix"},
		{redact.Config{Patterns: []redact.Pattern{{Prefix: "ab"}}}, "Patterns[0].Prefix"},
		{redact.Config{Patterns: []redact.Pattern{{Prefix: "a bc"}}}, "Patterns[0].Prefix"},
		{redact.Config{Patterns: []redact.Pattern{{Prefix: "-abc"}}}, "Patterns[0].Prefix"},
		{redact.Config{Patterns: []redact.Pattern{{Prefix: "acme_", Chars: "z-a"}}}, "Patterns[0].Chars"},
		{redact.Config{Patterns: []redact.Pattern{{Prefix: "acme_", Min: -1}}}, "Patterns[0].Min"},
		{redact.Config{Patterns: []redact.Pattern{{Prefix: "acme_", Min: 9, Max: 8}}}, "Patterns[0].Max"},
		{redact.Config{Patterns: []redact.Pattern{{Prefix: "acme_", Max: 5000}}}, "Patterns[0].Max"},
		{redact.Config{Patterns: []redact.Pattern{{Prefix: "acme_", Regexp: regexp.MustCompile(`\d*`)}}}, "Patterns[0].Regexp"},
		{redact.Config{Patterns: []redact.Pattern{{Prefix: "acme_", Chars: "a", Regexp: regexp.MustCompile(`\d`)}}}, "Patterns[0].Chars"},
		{redact.Config{Mark: "x"}, "Mark"},
		{redact.Config{Mark: "***"}, "Mark"},
		{redact.Config{Mark: `"gone"`}, "Mark"},
		{redact.Config{Mark: strings.Repeat("x", 33)}, "Mark"},
		{redact.Config{FingerprintKey: "short"}, "FingerprintKey"},
	} {
		r, err := redact.New(c.cfg)
		e, ok := errors.AsType[*redact.ConfigError](err)
		if !ok || e.Field != c.field || e.Reason == "" || e.Fix == "" || r != nil {
			t.Errorf("%+v: %v", c.field, err)
		}
		if strings.Contains(fmt.Sprint(err), "short\"") {
			t.Errorf("the error shows the key: %v", err)
		}
	}
	if _, err := redact.New(redact.Config{Mark: "x", Names: []string{""}}); strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("not all problems at once: %v", err)
	}
}

func TestConfig(t *testing.T) {
	cfg := redact.Config{
		Names: []string{"tax_number", "Patient Name"}, AllowNames: []string{"page_token"}, Mark: "(gone)",
		Emails: true, Phones: true, IPs: true,
		Patterns: []redact.Pattern{{Prefix: "acme_", Min: 6}, {Prefix: "id:usr", Chars: "0-9", Min: 3}, {Prefix: "emp", Regexp: regexp.MustCompile(`-[0-9]{4}\b`)}},
	}
	r, err := redact.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"user.taxNumber=12":             "user.taxNumber=(gone)",
		`{"patientName":"Jo","n":1}`:    `{"patientName":"(gone)","n":1}`,
		"x-page-token=abc123":           "x-page-token=abc123",
		"token=abc123":                  "token=(gone)",
		"got acme_abc123 x":             "got (gone) x",
		"got acme_abc":                  "got acme_abc",
		"emp-1234 and emp-12":           "(gone) and emp-12",
		"mail bob.x@example.com now":    "mail (gone) now",
		"call +1 415 555 0132 now":      "call (gone) now",
		"from 203.0.113.9:5214 done":    "from (gone):5214 done",
		"from 2001:db8::1 done":         "from (gone) done",
		"at 12:34:56 v1.2.3 ratio 16:9": "at 12:34:56 v1.2.3 ratio 16:9",
	} {
		if got := r.Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
	if got := r.URL("https://h/?token=abc"); got != "https://h/?token=gone" {
		t.Error(got)
	}
	cfg.Names[0] = "changed"
	got := r.Config()
	if got.Names[0] != "tax_number" || got.Mark != "(gone)" || len(got.Patterns) != 3 {
		t.Errorf("%+v", got)
	}
	got.Names[0] = "changed"
	if r.Config().Names[0] != "tax_number" {
		t.Error("Config hands out the list itself")
	}
}

func TestFingerprint(t *testing.T) {
	r, err := redact.New(redact.Config{FingerprintKey: "0123456789abcdef"})
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := r.Text("password=x1"), r.Text("token: x1 "), r.Text("password=x2")
	if !regexp.MustCompile(`^password=\[REDACTED:[0-9a-f]{6}\]$`).MatchString(a) || a == c {
		t.Errorf("%q %q %q", a, b, c)
	}
	if again := r.Text(a); again != a {
		t.Errorf("twice: %q", again)
	}
	if u := r.URL("/?token=x1"); !strings.HasSuffix(u, a[len("password=[REDACTED:"):len(a)-1]) {
		t.Errorf("%q is not the fingerprint of %q", u, a)
	}
}

func TestSecret(t *testing.T) {
	type config struct{ Key redact.Secret }
	s := redact.Secret(p)
	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v", "%10.3s"} {
		for _, v := range []any{s, &s, config{s}, &config{s}, []redact.Secret{s}, map[string]redact.Secret{"a": s}, map[redact.Secret]int{s: 1}, [1]redact.Secret{s}} {
			if verb == "%T %v" {
				out = append(out, fmt.Sprintf(verb, v, v))
			} else {
				out = append(out, fmt.Sprintf(verb, v))
			}
		}
	}
	j, err := json.Marshal([]any{s, &s, config{s}, map[string]any{"a": s}})
	x, err2 := xml.Marshal(config{s})
	var g, l bytes.Buffer
	err3 := gob.NewEncoder(&g).Encode(config{s})
	out = append(out, string(j), string(x), g.String(), fmt.Errorf("bad %w: %v", errors.New("x"), s).Error(), errors.Join(fmt.Errorf("%q", s)).Error())
	slog.New(slog.NewJSONHandler(&l, nil)).Info("m", "a", s, "b", &s, "c", config{s}, "d", []redact.Secret{s})
	slog.New(slog.NewTextHandler(&l, nil)).Info("m", "a", s, "b", &s, "c", config{s}, "d", []redact.Secret{s})
	out = append(out, l.String())
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { out = append(out, fmt.Sprint(recover())) }()
		panic(s)
	}()
	hex := fmt.Sprintf("%x", p)
	for _, o := range out {
		if strings.Contains(o, p) || strings.Contains(strings.ToLower(o), hex) || strings.Contains(o, p[:6]) {
			t.Errorf("shown: %s", o)
		}
	}
	var back config
	if err := gob.NewDecoder(&g).Decode(&back); err != nil || back.Key != "[REDACTED]" {
		t.Errorf("gob: %q %v", string(back.Key), err)
	}
	if err := json.Unmarshal([]byte(`{"Key":"abc"}`), &back); err != nil || string(back.Key) != "abc" {
		t.Errorf("json: %q %v", string(back.Key), err)
	}
}
