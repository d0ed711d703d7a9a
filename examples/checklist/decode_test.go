package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func TestDecode(t *testing.T) {
	d, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	const limit = 200
	for _, c := range []struct {
		desc, contentType, body string
		status                  int    // 0: accepted
		fields                  string // with 422: which ones, with their reasons
	}{
		{"good", "application/json", `{"title":"a","body":"b"}`, 0, ""},
		{"good with charset", "Application/JSON; charset=UTF-8", `{"title":"a"}`, 0, ""},
		{"good with blanks behind", "application/json", "{\"title\":\"a\"} \n\t", 0, ""},
		{"good, many bytes a character", "application/json", `{"title":"grüß 日本 🙂"}`, 0, ""},
		{"no type", "", `{"title":"a"}`, 415, ""},
		{"form", "application/x-www-form-urlencoded", `title=a`, 415, ""},
		{"text, which needs no preflight", "text/plain", `{"title":"a"}`, 415, ""},
		{"near miss", "application/jsonx", `{"title":"a"}`, 415, ""},
		{"broken type", "application/json; charset", `{"title":"a"}`, 415, ""},
		{"other charset", "application/json; charset=utf-16", `{"title":"a"}`, 415, ""},
		{"empty", "application/json", ``, 400, ""},
		{"no JSON", "application/json", `title`, 400, ""},
		{"cut", "application/json", `{"title":"a"`, 400, ""},
		{"array", "application/json", `[{"title":"a"}]`, 400, ""},
		{"string", "application/json", `"x"`, 400, ""},
		{"null", "application/json", `null`, 422, "title is required"},
		{"twice", "application/json", `{"title":"a","title":"b"}`, 400, ""},
		{"twice, written with an escape", "application/json", `{"title":"a","t\u0069tle":"b"}`, 400, ""},
		{"twice, second in capitals", "application/json", `{"title":"a","TITLE":"b"}`, 400, ""},
		{"other letter case", "application/json", `{"Title":"a"}`, 400, ""},
		{"not UTF-8", "application/json", "{\"title\":\"a\xff\"}", 400, ""},
		{"byte order mark", "application/json", "\ufeff{\"title\":\"a\"}", 400, ""},
		{"unknown field", "application/json", `{"title":"a","admin":true}`, 400, ""},
		{"second value", "application/json", `{"title":"a"}{"title":"b"}`, 400, ""},
		{"garbage behind", "application/json", `{"title":"a"}x`, 400, ""},
		{"too large", "application/json", `{"title":"` + strings.Repeat("x", limit) + `"}`, 413, ""},
		{"too large behind", "application/json", `{"title":"a"}` + strings.Repeat(" ", limit), 413, ""},
		{"deep", "application/json", `{"title":` + strings.Repeat("[", limit/2), 400, ""},
		{"number as string", "application/json", `{"title":1}`, 422, "title must be a string"},
		{"nothing", "application/json", `{}`, 422, "title is required"},
		{"empty title", "application/json", `{"title":""}`, 422, "title is required"},
		{"newline in title", "application/json", `{"title":"a\nb"}`, 422, "title must not have control characters"},
		{"NUL in body", "application/json", `{"title":"a","body":"\u0000"}`, 422, "body must not have control characters"},
		{"two", "application/json", `{"title":"\u001b","body":"\u0007"}`, 422,
			"title must not have control characters, body must not have control characters"},
	} {
		t.Run(c.desc, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest("POST", "/", strings.NewReader(c.body))
			r.Body = http.MaxBytesReader(w, r.Body, limit)
			r.Header.Set("Content-Type", c.contentType)
			var in noteInput
			err := d.decode(r, &in)
			if c.status == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			p, ok := asProblem(t.Context(), err)
			if !ok || p.Status != c.status {
				t.Fatalf("got %v, want status %d", err, c.status)
			}
			var fields []string
			for _, f := range p.Errors {
				fields = append(fields, f.Field+" "+f.Reason)
			}
			if got := strings.Join(fields, ", "); got != c.fields {
				t.Errorf("fields %q, want %q", got, c.fields)
			}
		})
	}
}

// A client that stops sending is no client that sent nonsense.
func TestDecodeSlowBody(t *testing.T) {
	d, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader(`{"title":`), iotest.ErrReader(os.ErrDeadlineExceeded)))
	r.Header.Set("Content-Type", "application/json")
	if p, ok := asProblem(t.Context(), d.decode(r, &noteInput{})); !ok || p.Status != 408 {
		t.Errorf("got %v", p)
	}
}

func TestSignUpFields(t *testing.T) {
	ta := newTestApp(t)
	for _, c := range []struct{ in, fields string }{
		{`{}`, "email is required, password is required"},
		{`{"email":"nobody","password":"correct horse"}`, "email must be an e-mail address"},
		{`{"email":"a@example.com","password":"short"}`, "password must have at least 8 characters"},
		{`{"email":"a@example.com","password":"` + strings.Repeat("p", 129) + `"}`, "password must have at most 128 characters"},
		{`{"email":"` + strings.Repeat("a", 250) + `@example.com","password":"correct horse"}`, "email must have at most 254 characters"},
		{`{"email":"a@example.com\nBcc: b@example.com","password":"correct horse"}`, "email must be an e-mail address"},
		{`{"email":["a@example.com"],"password":"correct horse"}`, "email must be a string"},
	} {
		body := want(t, call(t, ta, "POST", "/api/signup", "", strings.ReplaceAll(c.in, "\n", `\n`)), 422)
		var got []string
		for _, f := range decodeAs[Problem](t, body).Errors {
			got = append(got, f.Field+" "+f.Reason)
		}
		if strings.Join(got, ", ") != c.fields {
			t.Errorf("%s: %q, want %q", c.in, got, c.fields)
		}
		for _, secret := range []string{"correct horse", "short", "pppp"} {
			if strings.Contains(body, secret) {
				t.Errorf("the answer repeats the password: %s", body)
			}
		}
	}
}

// A tag without words would tell the client nothing.
func TestReasonKnowsEveryTag(t *testing.T) {
	for _, typ := range []reflect.Type{reflect.TypeFor[noteInput](), reflect.TypeFor[signup](), reflect.TypeFor[login]()} {
		for f := range typ.Fields() {
			for _, tag := range strings.Split(f.Tag.Get("validate"), ",") {
				name, param, _ := strings.Cut(tag, "=")
				if got := reason(name, param); got == reason("no such tag", "") || !strings.Contains(got, param) {
					t.Errorf("%s.%s: reason(%q) = %q", typ, f.Name, tag, got)
				}
			}
		}
	}
}
