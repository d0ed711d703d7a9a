package redact_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/redact"
)

const dsn = "postgres://app:" + p + "@db1.internal:5432/orders"

func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.Header().Set("Etag", `"x"`)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		desc string
		h    http.HandlerFunc
		want string // body
		len  bool   // Content-Length must match
	}{
		{"text", answer(500, "text/plain; charset=utf-8", "dial: password="+p+" failed"), "dial: password=[REDACTED] failed", false},
		{"http.Error", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "cannot reach "+dsn, http.StatusBadGateway)
		}, "cannot reach [REDACTED]\n", false},
		{"no type", answer(500, "", "cannot reach "+dsn), "cannot reach [REDACTED]", false},
		{"JSON", answer(503, "application/json", `{"error":"x","token":"abc"}`), `{"error":"x","token":"[REDACTED]"}`, false},
		{"problem", answer(500, "application/problem+json", `{"detail":"`+dsn+`"}`), `{"detail":"[REDACTED]"}`, false},
		{"success", answer(200, "text/plain", "password="+p), "password=" + p, false},
		{"client error", answer(400, "text/plain", "password="+p), "password=" + p, false},
		{"binary", answer(500, "application/octet-stream", "password="+p), "password=" + p, false},
		{"stream", answer(500, "text/event-stream", "data: password="+p+"\n\n"), "data: password=" + p + "\n\n", false},
		{"clean", answer(500, "text/plain", "internal error"), "internal error", true},
		{"length", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "26")
			answer(500, "text/plain", "password="+p+"ab")(w, r)
		}, "password=[REDACTED]", true},
		{"pieces", func(w http.ResponseWriter, r *http.Request) {
			answer(500, "text/plain", "pass")(w, r)
			w.(http.Flusher).Flush()
			io.Copy(w, strings.NewReader("word="))
			io.WriteString(w, p)
		}, "password=[REDACTED]", false},
		{"too long", answer(500, "text/plain", strings.Repeat("password="+p+" ", 20000)), `{"title":"Internal Server Error","status":500}` + "\n", true},
		{"empty", answer(500, "text/plain", ""), "", false},
	} {
		srv := httptest.NewServer(redact.Default().Wrap(c.h))
		res, err := http.Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		srv.Close()
		if string(body) != c.want {
			t.Errorf("%s: %d %q, want %q", c.desc, res.StatusCode, body, c.want)
		}
		if c.len && res.ContentLength != int64(len(c.want)) {
			t.Errorf("%s: Content-Length %d", c.desc, res.ContentLength)
		}
		if redacted := strings.Contains(string(body), "[REDACTED]"); redacted && res.Header.Get("Etag") != "" {
			t.Errorf("%s: the ETag is that of another body", c.desc)
		}
	}
}

func TestWrapPanics(t *testing.T) {
	h := redact.Default().Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(500)
		io.WriteString(w, "half of it")
		panic("x")
	}))
	rec := httptest.NewRecorder()
	func() {
		defer func() { recover() }()
		h.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	}()
	if rec.Body.Len() > 0 {
		t.Errorf("half an answer went out: %q", rec.Body)
	}
}

// TestWrapKeepsSendfile checks that a success goes past the guard, ReadFrom included, and that streams are flushed.
func TestWrapKeepsSendfile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f.txt")
	if err := os.WriteFile(name, []byte("password="+p), 0o600); err != nil {
		t.Fatal(err)
	}
	below := &readerFrom{ResponseRecorder: httptest.NewRecorder()}
	redact.Default().Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) })).
		ServeHTTP(below, httptest.NewRequest("GET", "/f.txt", nil))
	if !below.used || below.Body.String() != "password="+p {
		t.Errorf("ReadFrom used: %v, body %q", below.used, below.Body)
	}
	rec := httptest.NewRecorder()
	redact.Default().Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "a")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	})).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	if !rec.Flushed {
		t.Error("not flushed")
	}
}

type readerFrom struct {
	*httptest.ResponseRecorder
	used bool
}

func (r *readerFrom) ReadFrom(src io.Reader) (int64, error) {
	r.used = true
	return io.Copy(r.ResponseRecorder, src)
}

func TestZeroRedactor(t *testing.T) {
	var none *redact.Redactor
	for _, r := range []*redact.Redactor{none, new(redact.Redactor)} {
		if got := r.Text("password=" + p); got != "password=[REDACTED]" {
			t.Errorf("Text: %q", got)
		}
		if got := r.Query("token=" + p); got != "token=REDACTED" {
			t.Errorf("Query: %q", got)
		}
		if !r.Sensitive("token") || len(r.Config().Names) > 0 {
			t.Error("Sensitive, Config")
		}
		rec := httptest.NewRecorder()
		r.Wrap(answer(500, "text/plain", "password="+p)).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
		if strings.Contains(rec.Body.String(), p) {
			t.Errorf("Wrap: %q", rec.Body)
		}
		rec = httptest.NewRecorder()
		r.Wrap(nil).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
		if rec.Code != 404 {
			t.Errorf("nil next: %d", rec.Code)
		}
		r.Handler(nil)
		r.Writer(nil).Write([]byte("x\n"))
		r.Header(nil)
	}
}
