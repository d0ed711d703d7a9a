package redact_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/redact"
)

type account struct{ User, Password string }

func (a account) String() string { return a.User + " (" + a.Password + ")" }

type unseen struct {
	User     string
	password string
}

func (a unseen) String() string { return a.User + " (" + a.password + ")" }

type untagged struct {
	User     string
	Password []byte `json:"-"`
}

func (a *untagged) String() string { return a.User + " (" + string(a.Password) + ")" }

type holder struct {
	Name string
	Acc  account
	Home *url.URL
}

func (h holder) String() string { return h.Name + " " + fmt.Sprint(h.Acc) + " " + h.Home.String() }

type color int

func (color) String() string { return "red" }

// text is what a text handler shows of v.
func text(r *redact.Redactor, v any) string {
	var b bytes.Buffer
	log := slog.New(r.Handler(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "k" {
			return a
		}
		return slog.Attr{}
	}})))
	log.Info("m", "k", v)
	return strings.TrimSuffix(b.String(), "\n")
}

// TestStringer checks that a value's own text is not the way past the names of its fields.
func TestStringer(t *testing.T) {
	home, _ := url.Parse("https://example.com/")
	in, _ := url.Parse("https://bob:" + p + "@example.com/")
	named, err := redact.New(redact.Config{Mark: "(hidden)", FingerprintKey: "0123456789abcdef"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		v    any
		want string
	}{
		{account{"bob", p}, `k="{\"User\":\"bob\",\"Password\":\"[REDACTED]\"}"`},
		{&account{"bob", p}, `k="{\"User\":\"bob\",\"Password\":\"[REDACTED]\"}"`},
		{account{"bob", ""}, `k="bob ()"`},
		{unseen{"bob", p}, `k="{\"User\":\"bob\"}"`},
		{unseen{"bob", ""}, `k="bob ()"`},
		{&untagged{"bob", []byte(p)}, `k="{\"User\":\"bob\"}"`},
		{holder{"h", account{"bob", p}, home}, `k="{\"Name\":\"h\",\"Acc\":{\"User\":\"bob\",\"Password\":\"[REDACTED]\"},\"Home\":\"https://example.com/\"}"`},
		{holder{"h", account{"bob", ""}, in}, `k="{\"Name\":\"h\",\"Acc\":{\"User\":\"bob\",\"Password\":\"\"},\"Home\":\"https://REDACTED:REDACTED@example.com/\"}"`},
		{holder{"h", account{"bob", ""}, home}, `k="h bob () https://example.com/"`},
		{color(1), "k=red"}, {time.Second, "k=1s"}, {big.NewInt(7), "k=7"}, {[]color{1}, "k=[1]"},
		{url.UserPassword("bob", p), "k=REDACTED:REDACTED"}, {*url.UserPassword("bob", p), "k=REDACTED:REDACTED"}, {url.User("bob"), "k=bob"},
		{struct{ U *url.Userinfo }{url.UserPassword("bob", p)}, `k="{\"U\":\"REDACTED:REDACTED\"}"`}, {(*url.Userinfo)(nil), "k=null"},
	} {
		if got := text(redact.Default(), c.v); got != c.want {
			t.Errorf("%T: %s, want %s", c.v, got, c.want)
		}
		if got := text(named, c.v); strings.Contains(got, p) {
			t.Errorf("%T: with a fingerprint %s", c.v, got)
		}
	}
}

type branches struct{ leaves *int }

func (b branches) LogValue() slog.Value {
	*b.leaves++
	return slog.GroupValue(slog.Any("a", b), slog.Any("b", b))
}

// TestNodes gives values that have no end. They are the mark, after a bounded number of steps.
func TestNodes(t *testing.T) {
	r := redact.Default()
	shared := slog.GroupValue(slog.String("x", "password="+p))
	for range 40 {
		shared = slog.GroupValue(slog.Attr{Key: "a", Value: shared}, slog.Attr{Key: "b", Value: shared})
	}
	quiet := slog.GroupValue(slog.String("x", "y"))
	for range 30 {
		quiet = slog.GroupValue(slog.Attr{Key: "a", Value: quiet}, slog.Attr{Key: "b", Value: quiet})
	}
	leaves := new(int)
	for desc, v := range map[string]any{"valuer": branches{leaves}, "in a slice": []any{branches{leaves}}, "in a map": map[string]any{"a": branches{leaves}}, "groups": shared, "quiet groups": quiet} {
		*leaves = 0
		if got := r.Attr(slog.Any("k", v)).Value.String(); got != "[REDACTED]" {
			t.Errorf("%s: %.80s", desc, got)
		}
		if *leaves > 1<<17 {
			t.Errorf("%s: %d steps", desc, *leaves)
		}
		if got := text(r, v); got != "k=[REDACTED]" {
			t.Errorf("%s: handler: %.80s", desc, got)
		}
	}
	many := make([]int, 1<<17)
	if got := r.Attr(slog.Group("g", "id", 7, "many", many, "also", many, "last", 8)).Value.String(); got != "[id=7 many=[REDACTED] also=[REDACTED] last=8]" {
		t.Errorf("beside a value of too many parts: %.80s", got)
	}
	wide := make([]any, 0, 40000)
	for range 20000 {
		wide = append(wide, "a", 1)
	}
	if got := r.Attr(slog.Group("g", wide...)); len(got.Value.Group()) != 20000 {
		t.Error("a wide group is lost")
	}
}

// TestSecretEverywhere prints one in every way. What the documentation says stays open is not here.
func TestSecretEverywhere(t *testing.T) {
	s := redact.Secret(p)
	type config struct {
		S  redact.Secret
		P  *redact.Secret
		L  []redact.Secret
		M  map[string]redact.Secret
		K  map[redact.Secret]int `json:"-" xml:"-"`
		Up any
	}
	cfg := config{s, &s, []redact.Secret{s}, map[string]redact.Secret{"a": s}, map[redact.Secret]int{s: 1}, s}
	hex := fmt.Sprintf("%x", p)
	check := func(how, out string) {
		t.Helper()
		if strings.Contains(out, p) || strings.Contains(strings.ToLower(out), hex) || !strings.Contains(out, "REDACTED") {
			t.Errorf("%s: %s", how, out)
		}
	}
	for c := rune('!'); c < 0x7f; c++ {
		if !strings.ContainsRune("#+-. 0123456789[%*TpwP", c) {
			for _, flags := range []string{"", "+", "#", " ", "-10.3", "08"} {
				f := "%" + flags + string(c)
				check(f, fmt.Sprintf(f, s))
				check(f, fmt.Sprintf(f, cfg))
			}
		}
	}
	check("extra", fmt.Sprintf(strings.Clone("x"), s)) // where no tool sees it
	check("Sprint", fmt.Sprint(s, &cfg))
	cfg.K = nil
	check("json", string(must(json.Marshal(cfg))))
	type element struct {
		XMLName xml.Name      `xml:"a"`
		A       redact.Secret `xml:"s,attr"`
		B       redact.Secret `xml:"b"`
		C       redact.Secret `xml:",chardata"`
	}
	check("xml", string(must(xml.Marshal(element{A: s, B: s, C: s}))))
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(struct{ S []redact.Secret }{[]redact.Secret{s}}); err != nil {
		t.Error(err)
	}
	check("gob", b.String())
	cfg.K = map[redact.Secret]int{s: 1}
	for name, v := range map[string]any{"secret": s, "pointer": &s, "map": cfg.K, "keys": map[any]int{s: 1, "a": 2}, "nested": struct{ K map[redact.Secret][]int }{map[redact.Secret][]int{s: nil}}} {
		check(name, text(redact.Default(), v))
		check(name, fmt.Sprint(redact.Default().Attr(slog.Any("k", v))))
		b.Reset()
		slog.New(redact.Default().Handler(slog.NewJSONHandler(&b, nil))).With("k", v).Info("m", "k", v)
		check(name, b.String())
	}
}

// TestSecretOpen keeps what the documentation of Secret calls open true: when one of these closes, say so there.
func TestSecretOpen(t *testing.T) {
	s := redact.Secret(p)
	wrap, point := "%w", "%p" // go vet finds them where they are written out
	for how, out := range map[string]string{
		"%w": fmt.Sprintf(wrap, s), "%w in an error": fmt.Errorf(wrap, s).Error(), "%p": fmt.Sprintf(point, s),
		"unexported": fmt.Sprint(struct{ s redact.Secret }{s}), "JSON key": string(must(json.Marshal(map[redact.Secret]int{s: 1}))),
		"XML comment": string(must(xml.Marshal(struct {
			XMLName xml.Name      `xml:"a"`
			C       redact.Secret `xml:",comment"`
		}{C: s}))),
	} {
		if !strings.Contains(out, p) {
			t.Errorf("%s is closed: %s", how, out)
		}
	}
}
