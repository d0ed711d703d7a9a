package logging_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/clientip"
	"github.com/gambeson-go/gambeson/internal/respwrap"
	"github.com/gambeson-go/gambeson/logging"
)

func answer(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func caseLevelTable(t *testing.T) {
	for status, level := range map[int]string{
		200: "INFO", 204: "INFO", 301: "INFO", 304: "INFO", 400: "WARN", 401: "WARN", 403: "WARN", 404: "WARN", 409: "WARN",
		418: "WARN", 429: "INFO", 499: "INFO", 500: "ERROR", 502: "ERROR", 503: "ERROR",
	} {
		_, rec := serve(t, logging.Config{}, get("/"), answer(status))
		want(t, rec, map[string]any{"http.response.status_code": status, "level": level})
	}
	own := func(e logging.Event) slog.Level {
		if e.Status == 404 && e.Route == "" && e.Path == "/x" && e.Method == "GET" && e.Request.URL.Path == "/x" {
			return slog.LevelError
		}
		panic("contained")
	}
	_, rec := serve(t, logging.Config{Level: own}, get("/x"), answer(404))
	want(t, rec, map[string]any{"level": "ERROR"})
	_, rec = serve(t, logging.Config{Level: own}, get("/y"), answer(400))
	want(t, rec, map[string]any{"level": "WARN"})
}

func caseLevelDynamic(t *testing.T) {
	var level slog.LevelVar
	out := new(sink)
	m, _ := middleware(t, logging.Config{Logger: slog.New(logging.NewHandler(out, &slog.HandlerOptions{Level: &level}))})
	h := m.Wrap(http.HandlerFunc(nothing))
	for _, l := range []slog.Level{slog.LevelInfo, slog.LevelError, slog.LevelDebug} {
		level.Set(l)
		h.ServeHTTP(httptest.NewRecorder(), get("/"))
	}
	if n := len(out.records(t)); n != 2 {
		t.Errorf("%d records, want 2", n)
	}
}

func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := logging.Config{SlowThreshold: 50 * time.Millisecond, SampleEvery: 1000}
		sleep := func(d time.Duration, contentType string, status int) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", contentType)
				w.WriteHeader(status)
				time.Sleep(d)
			}
		}
		_, rec := serve(t, cfg, get("/"), sleep(60*time.Millisecond, "text/html", 200))
		want(t, rec, map[string]any{"level": "WARN", "slow": true, "duration_ms": 60, "sampled_1_in": nil})
		_, rec = serve(t, cfg, get("/"), sleep(50*time.Millisecond, "text/html", 200))
		want(t, rec, map[string]any{"level": "INFO", "slow": nil})
		_, rec = serve(t, cfg, get("/"), sleep(200*time.Millisecond, "text/event-stream; charset=utf-8", 200))
		want(t, rec, map[string]any{"level": "INFO", "slow": nil, "duration_ms": 200})
		_, rec = serve(t, cfg, get("/"), sleep(200*time.Millisecond, "text/html", 503))
		want(t, rec, map[string]any{"level": "ERROR", "slow": true})
	})
}

func caseSlowStream(t *testing.T) { TestSlow(t) }
func caseSlow5xx(t *testing.T)    { TestSlow(t) }

func caseOptions(t *testing.T) {
	r := httptest.NewRequest("OPTIONS", "/", nil)
	r.Header.Set("Origin", "https://app.example.com")
	r.Header.Set("Access-Control-Request-Method", "PUT")
	_, rec := serve(t, logging.Config{}, r, answer(204))
	want(t, rec, map[string]any{"http.request.method": "OPTIONS", "http.response.status_code": 204, "level": "INFO"})
}

func caseRoute(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", nothing)
	_, rec := serve(t, logging.Config{}, get("/users/7"), mux.ServeHTTP)
	want(t, rec, map[string]any{"http.route": "/users/{id}", "msg": "http request"})
	_, rec = serve(t, logging.Config{}, get("/nothing"), mux.ServeHTTP)
	want(t, rec, map[string]any{"http.route": nil, "msg": "http request", "http.response.status_code": 404})
}

func caseRouteOfACopy(t *testing.T) {
	type key struct{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", nothing)
	routed := respwrap.Route(mux)
	_, rec := serve(t, logging.Config{}, get("/users/7"), func(w http.ResponseWriter, r *http.Request) {
		routed.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, 1)))
	})
	want(t, rec, map[string]any{"http.route": "/users/{id}"})
}

func caseOddMethod(t *testing.T) {
	r := get("/")
	for _, method := range []string{"FOO", strings.Repeat("M", 9<<10)} {
		r.Method = method
		_, rec := serve(t, logging.Config{}, r, nothing)
		want(t, rec, map[string]any{"http.request.method": "_OTHER"})
		if o := rec["http.request.method_original"].(string); !strings.HasPrefix(method, strings.TrimSuffix(o, "…")) || len(o) > 40 {
			t.Errorf("method_original = %q", o)
		}
	}
}

func TestFieldsAreBounded(t *testing.T) {
	long := strings.Repeat("é", 1<<16)
	r := get("/")
	r.URL = &url.URL{Path: "/" + long, RawQuery: "a=" + long}
	r.Host = strings.Repeat("h", 1<<16)
	r.Header.Set("User-Agent", long)
	r.Header.Set("Accept", long)
	out := new(sink)
	for _, h := range []slog.Handler{logging.NewHandler(out, nil), slog.NewJSONHandler(out, nil)} {
		serveTo(t, logging.Config{Logger: slog.New(h), RequestHeaders: []string{"Accept"}}, r, nothing)
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > 5*2100+1000 || strings.Contains(line, "\ufffd") || strings.Contains(line, `\ufffd`) {
			t.Errorf("%d bytes: %s", len(line), line)
		}
		if n := strings.Count(line, "…"); n != 5 {
			t.Errorf("%d fields are marked as cut", n)
		}
	}
}

// What was redacted once is redacted again: only what was found clean is remembered as that.
func TestTheSameSecretTwice(t *testing.T) {
	for name, h := range map[string]func(io.Writer) slog.Handler{
		"own":     func(w io.Writer) slog.Handler { return logging.NewHandler(w, nil) },
		"foreign": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		out := new(sink)
		m, _ := middleware(t, logging.Config{Logger: slog.New(h(out))})
		handler := m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			logging.Logger(r.Context()).Info("password=hunter2hunter2", "note", "password=hunter2hunter2")
		}))
		r := get("/password=hunter2hunter2?password=hunter2hunter2")
		r.Header.Set("User-Agent", "password=hunter2hunter2")
		for range 3 {
			handler.ServeHTTP(httptest.NewRecorder(), r)
		}
		if strings.Contains(out.String(), "hunter2") {
			t.Errorf("%s: %s", name, out)
		}
	}
}

// A path that is cut behind a long secret ends in a whole rune.
func TestFieldCutBehindASecret(t *testing.T) {
	for n := range 4 {
		r := get("/")
		r.URL.Path = "/" + strings.Repeat("y", n) + "password=" + strings.Repeat("hunter2", 300) + " " + strings.Repeat("日", 500)
		_, rec := serve(t, logging.Config{}, r, nothing)
		if p := rec["url.path"].(string); strings.Contains(p, "hunter2") || strings.Contains(p, "\ufffd") {
			t.Errorf("url.path = %q", p)
		}
	}
}

func TestManyValuesOfAHeader(t *testing.T) {
	r := get("/")
	for range 1000 {
		r.Header.Add("Accept", "text/html")
	}
	_, rec := serve(t, logging.Config{RequestHeaders: []string{"Accept"}}, r, nothing)
	if n := len(rec["http.request.header.accept"].([]any)); n != 16 {
		t.Errorf("%d values", n)
	}
}

func caseForwardedFor(t *testing.T) {
	ip, err := clientip.New(clientip.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Header: "X-Forwarded-For"})
	if err != nil {
		t.Fatal(err)
	}
	r := get("/")
	r.RemoteAddr = "10.1.1.2:4711"
	r.Header.Set("X-Forwarded-For", "6.6.6.6, 203.0.113.9, 10.1.1.1")
	_, rec := serve(t, logging.Config{ClientIP: ip}, r, nothing)
	want(t, rec, map[string]any{"client.address": "203.0.113.9"})
}

func caseHTTP2(t *testing.T) {
	m, out := middleware(t, logging.Config{})
	srv := httptest.NewUnstartedServer(m.Wrap(http.HandlerFunc(nothing)))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	client := srv.Client()
	client.Transport.(*http.Transport).TLSClientConfig.ServerName = "example.com"
	client.Transport.(*http.Transport).DialTLSContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return tls.Dial(network, srv.Listener.Addr().String(), client.Transport.(*http.Transport).TLSClientConfig)
	}
	resp, err := client.Get("https://example.com/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	want(t, out.one(t), map[string]any{"network.protocol.version": "2", "server.address": "example.com"})
}

func caseWithGroup(t *testing.T) {
	trace := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	out := new(sink)
	for _, h := range []slog.Handler{logging.NewHandler(out, nil), slog.NewJSONHandler(out, nil)} {
		r := get("/")
		r.Header.Set("Traceparent", trace)
		serveTo(t, logging.Config{Logger: slog.New(h).WithGroup("http").With("svc", "a")}, r, answer(204))
	}
	all := out.records(t)
	own, foreign := all[0], all[1]["http"].(map[string]any)
	want(t, own["http"].(map[string]any), map[string]any{"svc": "a", "http.response.status_code": 204})
	want(t, own, map[string]any{"trace_id": "0af7651916cd43dd8448eb211c80319c"}) // at the top level
	want(t, foreign, map[string]any{"svc": "a", "http.response.status_code": 204, "trace_id": "0af7651916cd43dd8448eb211c80319c"})
}

func caseGeneratedID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		var inside, header string
		w, rec := serve(t, logging.Config{}, get("/"), func(w http.ResponseWriter, r *http.Request) {
			inside, header = logging.RequestID(r.Context()), w.Header().Get("X-Request-Id")
			w.WriteHeader(200)
		})
		id := w.Result().Header.Get("X-Request-Id")
		if id != inside || id != header || rec["request_id"] != id || len(id) != 32 || seen[id] {
			t.Fatalf("ids: %q %q %q %v", id, inside, header, rec["request_id"])
		}
		seen[id] = true
	}
}

func caseTrustedID(t *testing.T) {
	const good = "0198f6c1-7c1e-7d4b-9c46-2f7b1b7f0a55"
	for _, tc := range []struct {
		sent  []string
		trust bool
		kept  bool
	}{
		{[]string{good}, true, true},
		{[]string{good}, false, false},
		{[]string{"AZaz09._:@+/=-"}, true, true},
		{[]string{strings.Repeat("a", 128)}, true, true},
		{[]string{strings.Repeat("a", 129)}, true, false},
		{[]string{good, good}, true, false},
		{[]string{""}, true, false},
		{[]string{"a b"}, true, false},
		{[]string{"a\x1b[31m"}, true, false},
		{[]string{"a\"b"}, true, false},
		{[]string{"é"}, true, false},
		{[]string{"<script>"}, true, false},
		{[]string{"ghp_0123456789abcdefghijABCDEFGHIJ012345"}, true, false}, // a secret is no id
	} {
		r := get("/")
		r.Header["X-Request-Id"] = tc.sent
		w, rec := serve(t, logging.Config{TrustRequestID: tc.trust}, r, nothing)
		id := w.Header().Get("X-Request-Id")
		if rec["request_id"] != id || (id == tc.sent[0]) != tc.kept || !tc.kept && len(id) != 32 {
			t.Errorf("%q, trusted %v: id %q, record %v", tc.sent, tc.trust, id, rec["request_id"])
		}
	}
}

func caseIDFromContext(t *testing.T) {
	out := new(sink)
	logger := slog.New(logging.NewHandler(out, nil))
	r := get("/")
	r.Header.Set("Traceparent", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-later")
	_, w := serveTo(t, logging.Config{Logger: logger}, r, func(_ http.ResponseWriter, r *http.Request) {
		logger.InfoContext(r.Context(), "inside")
	})
	want(t, out.records(t)[0], map[string]any{"msg": "inside", "request_id": w.Header().Get("X-Request-Id"),
		"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "trace_flags": "00"})
}

func caseInvalidTrace(t *testing.T) {
	const id, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for _, lines := range [][]string{
		{"00-" + strings.Repeat("0", 32) + "-" + span + "-01"},
		{"00-" + id + "-" + strings.Repeat("0", 16) + "-01"},
		{"00-" + strings.ToUpper(id) + "-" + span + "-01"},
		{"00-" + id[1:] + "-" + span + "-01"},
		{"ff-" + id + "-" + span + "-01"},
		{"0x-" + id + "-" + span + "-01"},
		{"00-" + id + "-" + span + "-01-extra"},
		{"01-" + id + "-" + span + "-01extra"},
		{"00-" + id + "-" + span + "-zz"},
		{"00-" + id + "-" + span + "-0"},
		{"00_" + id + "_" + span + "_01"},
		{" 00-" + id + "-" + span + "-01"},
		{"00-" + id + "-" + span + "-01", "00-" + id + "-" + span + "-01"},
		{""}, {"00"},
	} {
		r := get("/")
		r.Header["Traceparent"] = lines
		_, rec := serve(t, logging.Config{}, r, nothing)
		if rec["trace_id"] != nil || rec["span_id"] != nil || rec["trace_flags"] != nil {
			t.Errorf("%q: %v", lines, rec["trace_id"])
		}
	}
}

// raw sends a request line as it is and returns the lines of the log, made by both of slog's formats.
func raw(t *testing.T, request string) (jsonLines, text string) {
	t.Helper()
	for _, format := range []func(io.Writer) slog.Handler{
		func(w io.Writer) slog.Handler { return logging.NewHandler(w, nil) },
		func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
	} {
		out := new(sink)
		srv, _, _ := server(t, logging.Config{Logger: slog.New(format(out)), RequestHeaders: []string{"X-Name"}}, nothing)
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, request)
		if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		srv.Close()
		if jsonLines == "" {
			jsonLines = out.String()
		} else {
			text = out.String()
		}
	}
	for _, lines := range []string{jsonLines, text} {
		if strings.Count(lines, "\n") != 1 || strings.Count(lines, "\r") != 0 {
			t.Errorf("more than a line: %q", lines)
		}
	}
	if !json.Valid([]byte(jsonLines)) {
		t.Errorf("not JSON: %s", jsonLines)
	}
	return jsonLines, text
}

func caseCRLF(t *testing.T) {
	j, text := raw(t, "GET /a%0d%0alevel=ERROR%20msg=forged HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if !strings.Contains(j, `/a\r\nlevel=ERROR msg=forged`) || !strings.Contains(text, `\r\n`) {
		t.Errorf("%s%s", j, text)
	}
}

func caseInvalidUTF8(t *testing.T) {
	j, _ := raw(t, "GET /%ff%fe HTTP/1.1\r\nHost: x\r\nX-Name: caf\xe9\r\nConnection: close\r\n\r\n")
	rec := decodeLine(t, []byte(j))
	want(t, rec, map[string]any{"url.path": "/\ufffd\ufffd"})
	if !strings.Contains(j, `["caf\ufffd"]`) {
		t.Errorf("header: %s", j)
	}
}

func caseBidi(t *testing.T) {
	j, _ := raw(t, "GET /%e2%80%ae%e2%80%a8x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	want(t, decodeLine(t, []byte(j)), map[string]any{"url.path": "/\u202e\u2028x"})
}
