package redact_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/gambeson-go/gambeson/redact"
)

func TestSlogtest(t *testing.T) {
	var b bytes.Buffer
	h := redact.Default().Handler(slog.NewJSONHandler(&b, nil))
	err := slogtest.TestHandler(h, func() []map[string]any {
		var all []map[string]any
		for line := range bytes.Lines(b.Bytes()) {
			var m map[string]any
			if err := json.Unmarshal(line, &m); err != nil {
				t.Fatal(err)
			}
			all = append(all, m)
		}
		return all
	})
	if err != nil {
		t.Error(err)
	}
}

type valuer struct{ Key string }

func (v valuer) LogValue() slog.Value {
	return slog.GroupValue(slog.String("login", "bob"), slog.String("password", v.Key))
}

type stringer struct{ hidden string }

func (s stringer) String() string { return "conn password=" + s.hidden }

type badJSON struct{}

func (badJSON) MarshalJSON() ([]byte, error) { return nil, errors.New("no: " + p) }

type panics struct{ Password string }

func (panics) MarshalText() ([]byte, error) { panic(p) }

type cycle struct {
	Name     string
	A, B     *cycle
	Password string
}

type tagged struct {
	Password string `json:"p"`
	Safe     string `json:"safe"`
	Skipped  string `json:"-"`
	Empty    string `json:",omitempty"`
	Embedded
	hidden string
}

type Embedded struct {
	APIKey string
	Zone   string
}

// TestAnyValue logs values of all kinds. None may show the secret, each shows what is beside it.
func TestAnyValue(t *testing.T) {
	loop := &cycle{Name: "n", Password: p}
	loop.A, loop.B = loop, loop
	u, _ := url.Parse("https://bob:" + p + "@h.example.com/x?token=" + p + "&y=1")
	req := httptest.NewRequest("GET", "/v1/items?access_token="+p+"&page=3", nil)
	req.Header.Set("Authorization", "Bearer "+p)
	req.Header.Set("Accept", "text/x")
	for name, c := range map[string]struct {
		v    any
		keep string
	}{
		"struct":              {tagged{Password: p, Safe: "ok1", Skipped: p, Embedded: Embedded{p, "z9"}, hidden: p}, "ok1"},
		"embedded":            {&tagged{Embedded: Embedded{p, "z9"}}, "z9"},
		"valuer":              {valuer{p}, "bob"},
		"valuer in slice":     {[]valuer{{p}, {p}}, "bob"},
		"valuer in map":       {map[string]any{"a": valuer{p}, "b": "ok1"}, "ok1"},
		"valuer in struct":    {struct{ V valuer }{valuer{p}}, "bob"},
		"pointer to valuer":   {struct{ V *valuer }{&valuer{p}}, "bob"},
		"stringer":            {struct{ S fmt.Stringer }{stringer{p}}, ""},
		"top stringer":        {stringer{p}, ""},
		"error":               {fmt.Errorf("login ok1: password=%s", p), "ok1"},
		"joined":              {errors.Join(errors.New("ok1"), errors.New("token="+p)), "ok1"},
		"error in struct":     {struct{ Err error }{fmt.Errorf("ok1 password=%s", p)}, "ok1"},
		"bytes":               {[]byte("ok1 password=" + p), "ok1"},
		"bytes in struct":     {struct{ B []byte }{[]byte(`{"password":"` + p + `","a":"ok1"}`)}, "ok1"},
		"raw":                 {json.RawMessage(`{"password":"` + p + `","a":"ok1"}`), "ok1"},
		"bad raw":             {json.RawMessage(`{"password":"` + p), ""},
		"url":                 {u, "y=1"},
		"url value":           {*u, "y=1"},
		"values":              {url.Values{"password": {p}, "a": {"ok1"}}, "ok1"},
		"header":              {http.Header{"Cookie": {"sid=" + p}, "Accept": {"ok1"}}, "ok1"},
		"request":             {req, "page=3"},
		"response":            {&http.Response{Status: "200 ok1", Header: http.Header{"Set-Cookie": {"sid=" + p}}}, "ok1"},
		"cookie":              {&http.Cookie{Name: "ok1", Value: p}, "ok1"},
		"bad marshaler":       {badJSON{}, ""},
		"panics":              {panics{p}, ""},
		"cycle":               {loop, ""},
		"channel":             {struct{ C chan int }{make(chan int)}, ""},
		"pairs":               {[]struct{ Name, Value string }{{"password", p}, {"city", "ok1"}}, "ok1"},
		"map pairs":           {[]map[string]string{{"name": "password", "value": p}, {"name": "city", "value": "ok1"}}, "ok1"},
		"secret":              {redact.Secret(p), ""},
		"secret in struct":    {struct{ S redact.Secret }{p}, ""},
		"pointer to a string": {func() *string { s := "ok1 password=" + p; return &s }(), "ok1"},
		"strings":             {[]string{"ok1", "password=" + p}, "ok1"},
		"text marshaler":      {netip.MustParseAddr("203.0.113.9"), "203.0.113.9"},
		"value":               {struct{ V slog.Value }{slog.StringValue("password=" + p + " ok1")}, "ok1"},
	} {
		for _, text := range []bool{false, true} {
			var b bytes.Buffer
			var h slog.Handler = slog.NewJSONHandler(&b, nil)
			if text {
				h = slog.NewTextHandler(&b, nil)
			}
			log := slog.New(redact.Default().Handler(h))
			log.Info("m", "k", c.v)
			log.With("k", c.v).WithGroup("g").Info("m")
			log.WithGroup("g").Info("m", slog.Group("x", "k", c.v))
			line := b.String()
			for _, view := range views(line) {
				if strings.Contains(view, p) {
					t.Errorf("%s: leaks: %s", name, line)
					break
				}
			}
			if !strings.Contains(line, c.keep) {
				t.Errorf("%s: lost %q: %s", name, c.keep, line)
			}
			if !text {
				for l := range strings.Lines(line) {
					if !json.Valid([]byte(l)) {
						t.Errorf("%s: not JSON: %s", name, l)
					}
				}
			}
		}
	}
}

// TestSameJSON compares what is shown of values without secrets with what slog shows.
func TestSameJSON(t *testing.T) {
	type inner struct {
		A int `json:"a"`
		B *string
		C []int          `json:",omitempty"`
		D map[string]int `json:"d"`
		T time.Time
		F float64
		I any
		G [2]bool
		U uint8
	}
	for _, v := range []any{
		inner{T: time.Unix(1780000000, 5).UTC(), F: 1e21, D: map[string]int{"z": 1, "b": 2}, I: inner{}}, map[int]string{2: "<b>", 1: "é\u2028\x01\""},
		[]any{1, "x", nil, true, 1.5, int64(1) << 60}, map[string]any{}, []int(nil), struct{}{}, map[netip.Addr]int{netip.MustParseAddr("::1"): 1}, 'x', float32(1.25),
		[]time.Duration{time.Second}, json.Number("12"), errors.New("plain"), time.March, netip.MustParsePrefix("10.0.0.0/8"), [3]string{"a"},
	} {
		var plain, wrapped bytes.Buffer
		rec := slog.NewRecord(time.Time{}, 0, "m", 0)
		rec.AddAttrs(slog.Any("k", v))
		slog.NewJSONHandler(&plain, nil).Handle(ctx, rec)
		redact.Default().Handler(slog.NewJSONHandler(&wrapped, nil)).Handle(ctx, rec)
		if plain.String() != wrapped.String() {
			t.Errorf("%#v:\nslog   %s\nredact %s", v, plain.String(), wrapped.String())
		}
	}
}

func TestGroupsInherit(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(redact.Default().Handler(slog.NewJSONHandler(&b, nil)))
	log.WithGroup("credentials").With("a", "x1y2").WithGroup("inner").Info("m", "b", "x3y4", "n", 3)
	log.WithGroup("card").Info("m", "number", "12 34", "brand", "visa")
	out := b.String()
	for _, s := range []string{"x1y2", "x3y4", "12 34"} {
		if strings.Contains(out, s) {
			t.Errorf("leaks %s: %s", s, out)
		}
	}
	if !strings.Contains(out, "visa") {
		t.Errorf("lost visa: %s", out)
	}
}

func TestAllocs(t *testing.T) {
	if race {
		t.Skip("the race detector allocates")
	}
	r := redact.Default()
	rec := cleanRecord()
	bare := slog.NewJSONHandler(io.Discard, nil)
	h := r.Handler(bare)
	dst := make([]byte, 0, 4096)
	base := testing.AllocsPerRun(200, func() { bare.Handle(ctx, rec) })
	for name, f := range map[string]func(){
		"Handler":    func() { h.Handle(ctx, rec) },
		"Text":       func() { r.Text(cleanLog) },
		"Text JSON":  func() { r.Text(string(cleanJSON[:0])); r.Text(prose) },
		"AppendText": func() { dst = r.AppendText(dst[:0], cleanLog) },
		"AppendJSON": func() { dst = r.AppendJSON(dst[:0], cleanJSON) },
		"Sensitive":  func() { r.Sensitive("user_password"); r.Sensitive("request_id") },
		"Query":      func() { r.Query("page=2&sort=asc&q=a%20b") },
		"URL":        func() { r.URL("https://example.com/x?page=2&sort=asc#top") },
	} {
		limit := 0.0
		if name == "Handler" {
			limit = base
		}
		if got := testing.AllocsPerRun(200, f); got > limit {
			t.Errorf("%s: %v allocations, want %v", name, got, limit)
		}
	}
}
