package redact_test

import (
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/gambeson-go/gambeson/redact"
)

// ask sends one request to h over a real connection.
func ask(t *testing.T, h http.Handler, method string) (res *http.Response, body string, err error) {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	req, _ := http.NewRequest(method, srv.URL, nil)
	res, err = http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	res.Header.Del("Date")
	return res, string(b), err
}

// TestWrapHeader checks that no header and no trailer of an error response carries a connection string or a token, and that
// what an error response legitimately says stays.
func TestWrapHeader(t *testing.T) {
	const token = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
	keep := http.Header{
		"Set-Cookie": {"sid=" + p + "; Path=/; HttpOnly", "csrf_token=" + p}, "X-Csrf-Token": {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlMTIz"}, "Etag": {`"4111111111111111"`},
		"X-Request-Id": {"4111111111111111"}, "Www-Authenticate": {`Bearer realm="x", error="invalid_token"`}, "Location": {"/login?token=" + p}, "Retry-After": {"120"},
		"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, "Content-Security-Policy": {"script-src 'nonce-" + p + "'"}, "Cache-Control": {"no-store"},
		"X-Content-Type-Options": {"nosniff"}, "Server-Timing": {"db;dur=53.2"}, "Ratelimit": {`"default";r=0;t=3`}, "X-Note": {"ok", "fine"}, "Dpop-Nonce": {p},
	}
	for _, ct := range []string{"text/plain", "application/octet-stream"} {
		for _, method := range []string{"GET", "HEAD"} {
			shared := []string{"up: " + dsn, "b"}
			res, _, err := ask(t, redact.Default().Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h := w.Header()
				maps.Copy(h, keep)
				h.Set("Content-Type", ct)
				h["X-Error"] = shared
				h.Set("X-Upstream", "https://svc:"+p+"@internal.example.com/")
				h.Set("X-Debug", token)
				h.Add("Link", "<"+dsn+">; rel=db")
				h.Set("Trailer", "X-Err, X-Sum")
				w.WriteHeader(502)
				io.WriteString(w, "oops")
				h.Set("X-Err", "cannot reach "+dsn)
				h.Set("X-Sum", "7")
			})), method)
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range keep {
				if got := res.Header[name]; strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Errorf("%s %s: %s: %q, want %q", method, ct, name, got, want)
				}
			}
			for name, want := range map[string]string{"X-Error": "up: [REDACTED]", "X-Upstream": "https://REDACTED:REDACTED@internal.example.com/", "X-Debug": "[REDACTED]", "Link": "<[REDACTED]>; rel=db"} {
				if got := res.Header.Get(name); got != want {
					t.Errorf("%s %s: %s: %q, want %q", method, ct, name, got, want)
				}
			}
			if method == "GET" && (res.Trailer.Get("X-Err") != "cannot reach [REDACTED]" || res.Trailer.Get("X-Sum") != "7") {
				t.Errorf("%s: trailers %q", ct, res.Trailer)
			}
			if shared[0] != "up: "+dsn {
				t.Error("a slice of the handler was written to")
			}
		}
	}
	res, _, _ := ask(t, redact.Default().Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Debug", token) })), "GET")
	if res.Header.Get("X-Debug") != token {
		t.Errorf("a success: %q", res.Header)
	}
}

// TestWrapLateHeader checks that what a handler sets behind WriteHeader has no effect, as without the guard, but for trailers.
func TestWrapLateHeader(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("X-Early", "1")
		w.WriteHeader(500)
		io.WriteString(w, "oops token="+p)
		w.(http.Flusher).Flush()
		w.Header().Set("X-Sum", "1")
		w.Header().Set("X-Late", "2")
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "text/html")
		w.Header().Del("X-Early")
		w.Header().Set(http.TrailerPrefix+"X-More", "at "+dsn)
	})
	want, _, _ := ask(t, h, "GET")
	got, body, err := ask(t, redact.Default().Wrap(h), "GET")
	if err != nil || body != "oops token=[REDACTED]" {
		t.Errorf("%q %v", body, err)
	}
	for _, name := range []string{"X-Early", "X-Late", "Content-Encoding", "Content-Type", "X-Sum", "X-More", http.TrailerPrefix + "X-More"} {
		if got.Header.Get(name) != want.Header.Get(name) {
			t.Errorf("%s: %q, without the guard %q", name, got.Header.Get(name), want.Header.Get(name))
		}
	}
	if got.Trailer.Get("X-Sum") != "1" || got.Trailer.Get("X-More") != "at [REDACTED]" {
		t.Errorf("trailers %q", got.Trailer)
	}
}

// TestWrapUndeclaredTrailer: an undeclared trailer needs a Flush, with the guard as without it.
func TestWrapUndeclaredTrailer(t *testing.T) {
	for _, flush := range []bool{false, true} {
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(500)
			io.WriteString(w, "oops")
			if flush {
				w.(http.Flusher).Flush()
			}
			w.Header().Set(http.TrailerPrefix+"X-More", "1")
		})
		want, _, _ := ask(t, h, "GET")
		got, _, err := ask(t, redact.Default().Wrap(h), "GET")
		if err != nil || got.ContentLength != want.ContentLength || got.Trailer.Get("X-More") != want.Trailer.Get("X-More") {
			t.Errorf("flushed %t: %d %q, without the guard %d %q (%v)", flush, got.ContentLength, got.Trailer, want.ContentLength, want.Trailer, err)
		}
	}
}

// TestWrapLength compares what a handler with a Content-Length meets with what net/http does.
func TestWrapLength(t *testing.T) {
	write := func(length int, wrote *error, pieces ...string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			if length >= 0 {
				w.Header().Set("Content-Length", strconv.Itoa(length))
			}
			w.WriteHeader(500)
			for _, s := range pieces {
				if _, err := io.WriteString(w, s); err != nil {
					*wrote = err
				}
			}
		})
	}
	secret := "token=" + p
	for _, c := range []struct {
		desc, method string
		length       int
		pieces       []string
		body         string
		sent         int64 // Content-Length
	}{
		{"beyond", "GET", 5, []string{"12345", "678", "9"}, "12345", 5},
		{"one beyond", "GET", 5, []string{"123456"}, "", 5},
		{"beyond a secret", "GET", len(secret), []string{secret, "x"}, "token=[REDACTED]", 16},
		{"HEAD, written", "HEAD", len(secret), []string{secret}, "", 16},
		{"HEAD, beyond", "HEAD", 5, []string{"12345", "678"}, "", 5},
		{"HEAD, not written", "HEAD", len(secret), nil, "", -1},
		{"HEAD, clean", "HEAD", 4, []string{"oops"}, "", 4},
		{"HEAD, no length", "HEAD", -1, []string{secret}, "", 16},
	} {
		var plain, guarded error
		ask(t, write(c.length, &plain, c.pieces...), c.method)
		res, body, _ := ask(t, redact.Default().Wrap(write(c.length, &guarded, c.pieces...)), c.method)
		if !errors.Is(guarded, plain) {
			t.Errorf("%s: the handler got %v, without the guard %v", c.desc, guarded, plain)
		}
		if body != c.body || res.ContentLength != c.sent {
			t.Errorf("%s: %q, Content-Length %d, want %q, %d", c.desc, body, res.ContentLength, c.body, c.sent)
		}
	}
}

// TestWrapCharset checks that text which cannot be read is replaced, and text in unusual types is read.
func TestWrapCharset(t *testing.T) {
	wide := func(s string, order binary.AppendByteOrder) string {
		var b []byte
		for _, c := range utf16.Encode([]rune(s)) {
			b = order.AppendUint16(b, c)
		}
		return string(b)
	}
	const problem = `{"title":"Internal Server Error","status":500}` + "\n"
	for _, c := range []struct{ ct, body, want string }{
		{"text/plain; charset=utf-16le", wide(dsn, binary.LittleEndian), problem},
		{`text/html; Charset="UTF-16"`, "\ufeff" + dsn, problem},
		{"text/plain; charset=utf-32", "x", problem}, {"text/plain; charset=ibm037", "x", problem},
		{"text/plain", "\xff\xfe" + wide(dsn, binary.LittleEndian), problem}, {"", "\xfe\xff" + wide(dsn, binary.BigEndian), problem},
		{"text/plain; charset=utf-8", wide(dsn, binary.LittleEndian), problem}, {"text/plain; charset=utf-16", "", ""},
		{"text/plain; charset=utf-8", "at " + dsn, "at [REDACTED]"}, {"text/plain; charset=ISO-8859-1", "\xe9 " + dsn, "\xe9 [REDACTED]"},
		{"application/yaml", "db:\n  password: " + p + "x1\n", "db:\n  password: [REDACTED]\n"}, {"application/openapi+yaml", "token: " + p + "\n", "token: [REDACTED]\n"},
		{"application/json-seq", "\x1e{\"password\":\"" + p + "\"}\n\x1e{\"a\":1,\"token\":\"" + p + "\"}\n", "\x1e{\"password\":\"[REDACTED]\"}\n\x1e{\"a\":1,\"token\":\"[REDACTED]\"}\n"},
		{"application/geo+json-seq", "\x1e{\"password\":\"" + p + "\"}\n", "\x1e{\"password\":\"[REDACTED]\"}\n"},
		{"application/x-ndjson", "{\"password\":\"" + p + "\"}\n{\"a\":1}\n", "{\"password\":\"[REDACTED]\"}\n{\"a\":1}\n"},
		{"application/jsonl", "{\"password\":\"" + p + "\"}\n", "{\"password\":\"[REDACTED]\"}\n"},
	} {
		res, body, err := ask(t, redact.Default().Wrap(answer(500, c.ct, c.body)), "GET")
		if err != nil || body != c.want {
			t.Errorf("%s: %q %v, want %q", c.ct, body, err, c.want)
		}
		if c.want == problem && (res.Header.Get("Content-Type") != "application/problem+json" || res.Header.Get("Etag") != "") {
			t.Errorf("%s: %q", c.ct, res.Header)
		}
	}
}

// TestWrapHijacked checks that a connection which the handler took is left alone.
func TestWrapHijacked(t *testing.T) {
	res, body, err := ask(t, redact.Default().Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(500)
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		rw.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
		rw.Flush()
		conn.Close()
	})), "GET")
	if err != nil || res.StatusCode != 200 || body != "hi" {
		t.Errorf("%d %q %v", res.StatusCode, body, err)
	}
}
