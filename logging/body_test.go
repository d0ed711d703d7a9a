package logging_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gambeson-go/gambeson/logging"
)

func both(n int) logging.Config {
	return logging.Config{Body: &logging.BodyCapture{MaxBytes: n, Request: true, Response: true}}
}

func post(contentType, body string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

// echo reads all and answers with it.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	w.Write(body)
}

func TestBody(t *testing.T) {
	zipped := new(bytes.Buffer)
	z := gzip.NewWriter(zipped)
	io.WriteString(z, "text")
	z.Close()
	for _, tc := range []struct {
		desc, contentType, body string
		want                    any
	}{
		{"JSON", "application/json", `{"user":"ann","password":"hunter2"}`, `{"user":"ann","password":"[REDACTED]"}`},
		{"JSON of a kind", "application/problem+json; charset=utf-8", `{"a":1}`, `{"a":1}`},
		{"form", "application/x-www-form-urlencoded", "user=ann&password=hunter2", "user=ann&password=REDACTED"},
		{"text", "text/plain", "hello", "hello"},
		{"nothing", "text/plain", "", nil},
		{"an image", "image/png", "\x89PNG", nil},
		{"a multipart", "multipart/form-data; boundary=x", "--x--", nil},
		{"a stream", "text/event-stream", "data: x\n\n", nil},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			w, rec := serve(t, both(1000), post(tc.contentType, tc.body), echo)
			for _, key := range []string{"request_body", "response_body"} {
				got := rec[key]
				if s, ok := got.(string); ok && tc.desc == "form" {
					got = strings.ReplaceAll(s, "[REDACTED]", "REDACTED")
				}
				if got != tc.want {
					t.Errorf("%s = %v, want %v", key, got, tc.want)
				}
			}
			if w.Body.String() != tc.body {
				t.Errorf("the answer changed: %q", w.Body)
			}
		})
	}
	r := post("text/plain", zipped.String())
	r.Header.Set("Content-Encoding", "gzip")
	_, rec := serve(t, both(1000), r, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		echo(w, r)
	})
	want(t, rec, map[string]any{"request_body": nil, "response_body": nil})
}

func TestBodyIsSniffedAsTheServerDoes(t *testing.T) {
	_, rec := serve(t, both(1000), get("/"), func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"password":"hunter2"}`) })
	if s, _ := rec["response_body"].(string); !strings.Contains(s, "password") || strings.Contains(s, "hunter2") {
		t.Errorf("response_body = %q", s)
	}
	_, rec = serve(t, both(1000), get("/"), func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "\x89PNG\x0d\x0a\x1a\x0a") })
	want(t, rec, map[string]any{"response_body": nil})
}

// The bound holds, over many writes too, and a secret that it cuts through does not show its half.
func TestBodyIsBounded(t *testing.T) {
	_, rec := serve(t, both(10), get("/"), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		for _, s := range []string{"abcdef", "gh", "ijklmnop", "qr"} {
			io.WriteString(w, s)
		}
	})
	want(t, rec, map[string]any{"response_body": "abcdefghij…", "http.response.body.size": 18})
	const token = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
	for n := 1; n < 80; n++ {
		for _, body := range []string{`{"a":"` + token + `","password":"hunter2hunter2"}`, `{"password":"hunter2hunter2"}`} {
			_, rec := serve(t, both(n), post("application/json", body), echo)
			if s := fmt.Sprint(rec); strings.Contains(s, "ghp_01") || strings.Contains(s, "hunt") {
				t.Fatalf("cut at %d: %s", n, s)
			}
		}
	}
}

// A secret that takes up what is kept leaves a mark, and the mark of the cut, and no half rune.
func TestBodyCutBehindASecret(t *testing.T) {
	for n := range 4 {
		body := `{"password":"` + strings.Repeat("x", 480+n) + strings.Repeat("日", 500) + `"}`
		_, rec := serve(t, both(100), post("application/json", body), echo)
		for _, key := range []string{"request_body", "response_body"} {
			if s, _ := rec[key].(string); !strings.HasSuffix(s, "…") || strings.Contains(s, "xx") || strings.ContainsRune(s, utf8.RuneError) {
				t.Errorf("%s = %q", key, s)
			}
		}
	}
	text := "password=" + strings.Repeat("hunter2", 90) + " " + strings.Repeat("日", 500)
	for n := range 4 {
		_, rec := serve(t, both(300), post("text/plain", strings.Repeat("y", n)+" "+text), echo)
		if s, _ := rec["request_body"].(string); !strings.HasSuffix(s, "日…") || strings.Contains(s, "hunter2") {
			t.Errorf("request_body = %q", s)
		}
	}
}

// Whatever the handler leaves is left: the capture reads nothing by itself, and knows that it has half of a secret.
func TestBodyIsNotDrained(t *testing.T) {
	source := &counter{r: strings.NewReader(`{"password":"hunter2hunter2"}` + strings.Repeat(" ", 1<<20))}
	r := httptest.NewRequest("POST", "/", source)
	r.Header.Set("Content-Type", "application/json")
	_, rec := serve(t, both(1000), r, func(w http.ResponseWriter, r *http.Request) {
		io.ReadFull(r.Body, make([]byte, 20))
		w.WriteHeader(401)
	})
	if source.n > 20 {
		t.Errorf("%d bytes were read", source.n)
	}
	if s, _ := rec["request_body"].(string); !strings.Contains(s, "password") || strings.Contains(s, "hunter") {
		t.Errorf("request_body = %q", s)
	}
	want(t, rec, map[string]any{"http.request.body.size": 20}) // what was read: the length was not announced
}

type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p[:min(len(p), 20)])
	c.n += n
	return n, err
}

func TestNoBodyStaysNoBody(t *testing.T) {
	r := post("text/plain", "")
	r.Body = http.NoBody
	serve(t, both(100), r, func(_ http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			t.Error("http.NoBody was wrapped: transports look for it")
		}
	})
}

func TestBodyMatch(t *testing.T) {
	for _, tc := range []struct {
		match func(*http.Request) bool
		want  any
	}{
		{func(r *http.Request) bool { return r.URL.Path == "/" }, "hello"},
		{func(*http.Request) bool { return false }, nil},
		{func(*http.Request) bool { panic("contained") }, nil},
	} {
		cfg := both(100)
		cfg.Body.Match = tc.match
		_, rec := serve(t, cfg, post("text/plain", "hello"), echo)
		want(t, rec, map[string]any{"request_body": tc.want, "response_body": tc.want})
	}
}

func caseBodyOff(t *testing.T) {
	r := post("text/plain", "hello")
	body := r.Body
	w := &readerFrom{bare: bare{header: http.Header{}}}
	m, out := middleware(t, logging.Config{})
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != body {
			t.Error("the body is another value")
		}
		io.Copy(w, struct{ io.Reader }{r.Body}) // without the WriterTo of a strings.Reader
	})).ServeHTTP(w, r)
	want(t, out.one(t), map[string]any{"request_body": nil, "response_body": nil})
	if w.called != 1 {
		t.Error("something stands in the way of the answer")
	}
}

func caseBodyUTF8(t *testing.T) {
	for n := 1; n < 12; n++ {
		_, rec := serve(t, both(n), post("text/plain", "日本語テキスト"), echo)
		s, _ := rec["request_body"].(string)
		if strings.ContainsRune(s, utf8.RuneError) || len(s) > n+len("…") {
			t.Errorf("cut at %d: %q", n, s)
		}
	}
}

func caseBodyMalformed(t *testing.T) {
	for _, body := range []string{`{"user":"ann","password":"hunter2hunter2`, `{"password": "hunter2hunter2",,}}`, `{password: "hunter2hunter2"`} {
		_, rec := serve(t, both(1000), post("application/json", body), echo)
		for _, key := range []string{"request_body", "response_body"} {
			if s, _ := rec[key].(string); !strings.Contains(s, "password") || strings.Contains(s, "hunter2hunter2") {
				t.Errorf("%s of %s = %q", key, body, s)
			}
		}
	}
}

func caseBodyOnlyErrors(t *testing.T) {
	cfg := both(100)
	cfg.Body.MinStatus = 500
	for status, there := range map[int]any{200: nil, 404: nil, 500: "hello", 503: "hello"} {
		_, rec := serve(t, cfg, post("text/plain", "hello"), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(status)
			io.Copy(w, r.Body)
		})
		want(t, rec, map[string]any{"request_body": there, "response_body": there})
	}
}

func caseExpectContinue(t *testing.T) {
	srv, _, _ := server(t, both(100), answer(401))
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(line, " 401 ") {
		t.Errorf("first line %q, %v", line, err)
	}
}
