package redact_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gambeson-go/gambeson/redact"
)

// canary is planted as a secret; nothing else in the inputs may contain it.
const canary = "Zq7Kd93mXw2"

// FuzzJSON: valid JSON stays valid, what needs no redaction is byte-equal, and a secret planted under a sensitive name
// is gone, at the top and within strings.
func FuzzJSON(f *testing.F) {
	for _, v := range vectors(f) {
		var s string
		if json.Unmarshal(v.Input, &s) == nil {
			f.Add(s)
		}
	}
	f.Add(`{"a":[1,{"password":{"b":[true,null,-1.5e3]}}]}`)
	r := redact.Default()
	f.Fuzz(func(t *testing.T, in string) {
		out := r.AppendJSON([]byte("x"), []byte(in))
		if out[0] != 'x' {
			t.Fatal("dst is gone")
		}
		valid := json.Valid([]byte(in))
		if valid && !json.Valid(out[1:]) {
			t.Fatalf("not valid any more:\n%q\n%q", in, out[1:])
		}
		if strings.Contains(in, canary) || !valid {
			return
		}
		for _, doc := range []string{
			`{"before":` + in + `,"password":"` + canary + `","after":` + in + `}`,
			`[` + in + `,{"name":"api_key","value":"` + canary + `"}]`,
			string(must(json.Marshal(map[string]string{"x": `{"before":` + in + `,"password":"` + canary + `"}`}))),
		} {
			got := r.AppendJSON(nil, []byte(doc))
			if !json.Valid(got) || strings.Contains(string(got), canary) {
				t.Fatalf("%s\nbecame %s", doc, got)
			}
		}
		twice := r.AppendJSON(nil, out[1:])
		if string(twice) != string(out[1:]) {
			t.Logf("once  %q\ntwice %q", out[1:], twice) // allowed: a name may look another way once its value is gone
		}
	})
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// FuzzText: a secret planted behind any text is gone, and the text in front of it, if it was clean, is kept.
func FuzzText(f *testing.F) {
	for _, v := range vectors(f) {
		var s string
		if json.Unmarshal(v.Input, &s) == nil {
			f.Add(s)
		}
	}
	for _, h := range hostile {
		f.Add(strings.Repeat(h, 20))
	}
	r := redact.Default()
	f.Fuzz(func(t *testing.T, in string) {
		got := r.Text(in)
		if string(r.AppendText([]byte("x"), in)) != "x"+got {
			t.Fatal("AppendText is not Text")
		}
		if utf8.ValidString(in) && !utf8.ValidString(got) {
			t.Fatalf("not UTF-8 any more: %q became %q", in, got)
		}
		if strings.Contains(in, canary) {
			return
		}
		for _, secret := range []string{" password=" + canary, " ghp_" + canary + canary + canary, " https://u:" + canary + "@h/ "} {
			out := r.Text(in + "\n" + secret)
			if strings.Contains(out, canary) {
				t.Fatalf("%q became %q", in+"\n"+secret, out)
			}
			if got == in && !strings.HasPrefix(out, in) && !strings.ContainsAny(in, "\"'`\\{[(<=:-%") && !cutAtEnd(in) {
				t.Fatalf("%q became %q", in+secret, out)
			}
		}
	})
}

// cutAtEnd says that a rule may reach from the end of in over the newline.
func cutAtEnd(in string) bool { return strings.Contains(strings.ToLower(in), "pass") }

// FuzzQuery: the planted parameter is gone, the others are there, decoded as before.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{"a=1&b=2", "q=a%20b&c=%zz", "&&=&", "a", "x=%7B%22a%22%3A1%7D", "next=https%3A//h/%3Fa%3D1"} {
		f.Add(s)
	}
	r := redact.Default()
	f.Fuzz(func(t *testing.T, in string) {
		r.URL(in)
		r.Query(in)
		if strings.ContainsAny(in, "#") || strings.Contains(in, canary) {
			return
		}
		q := in + "&access_token=" + canary + "&page=7"
		if got := r.Query(q); strings.Contains(got, canary) || !strings.HasSuffix(got, "&page=7") {
			t.Fatalf("Query(%q) = %q", q, got)
		}
		if got := r.URL("https://h.example.com/p?" + q); strings.Contains(got, canary) || !strings.HasPrefix(got, "https://h.example.com/p?") {
			t.Fatalf("URL(%q) = %q", q, got)
		}
		if v, err := url.ParseQuery(q); err == nil {
			w, err := url.ParseQuery(r.Query(q))
			if err != nil || len(w) > len(v) || w.Get("access_token") != "REDACTED" {
				t.Fatalf("Query(%q) = %q: %v", q, r.Query(q), err)
			}
		}
	})
}

// FuzzWriter puts a line of anything in front of one that is clean: that is shown, however the two are written.
func FuzzWriter(f *testing.F) {
	for _, s := range []string{"", "ua=-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----MIIE", `x password="abc`, "<password>", "%2D----BEGIN%20PRIVATE%20KEY-----", "PASSWORD '", `{"token":"`,
		"Cookie: a=b;", "-H 'Authorization: Digest x", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\nab12", "Basic "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		const next = "GET /healthz 200 in 3 ms\n"
		pieces := append(strings.SplitAfter(s, "\n"), "\n", next)
		for _, p := range [][]string{pieces, {s + "\n" + next}} {
			got := through(t, p...)
			if !strings.HasSuffix(got, next) {
				t.Errorf("%q hides the next line: %q", p, got)
			}
			if strings.Count(got, "\n") > strings.Count(s, "\n")+2 {
				t.Errorf("%q has more lines than before: %q", p, got)
			}
		}
	})
}
