package logging_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/redact"
)

// sink collects lines; a handler may write from any goroutine.
type sink struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// records are all lines so far.
func (s *sink) records(t testing.TB) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(s.String()) {
		all = append(all, decodeLine(t, []byte(line)))
	}
	return all
}

// one is the only record.
func (s *sink) one(t testing.TB) map[string]any {
	t.Helper()
	all := s.records(t)
	if len(all) != 1 {
		t.Fatalf("%d records, want 1: %s", len(all), s)
	}
	return all[0]
}

// middleware makes one that logs to a sink.
func middleware(t testing.TB, cfg logging.Config) (*logging.Middleware, *sink) {
	t.Helper()
	out := new(sink)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(logging.NewHandler(out, nil))
	}
	m, err := logging.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m, out
}

// serve sends one request through a middleware of cfg and returns the answer and the record.
func serve(t testing.TB, cfg logging.Config, r *http.Request, h http.HandlerFunc) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	m, out := middleware(t, cfg)
	w := httptest.NewRecorder()
	m.Wrap(h).ServeHTTP(w, r)
	return w, out.one(t)
}

func get(target string) *http.Request { return httptest.NewRequest("GET", target, nil) }

func nothing(http.ResponseWriter, *http.Request) {}

// want checks fields of a record; a nil value means that the field is not there.
func want(t testing.TB, rec map[string]any, fields map[string]any) {
	t.Helper()
	for key, v := range fields {
		got, ok := rec[key]
		if n, isInt := v.(int); isInt {
			v = float64(n)
		}
		if v == nil && ok || v != nil && got != v {
			t.Errorf("%s = %v (there: %v), want %v", key, got, ok, v)
		}
	}
	if t.Failed() {
		t.Logf("record: %v", rec)
	}
}

func TestRecord(t *testing.T) {
	r := httptest.NewRequest("POST", "http://app.example.com:8080/users/7?page=2", strings.NewReader("hello"))
	r.Header.Set("User-Agent", "curl/8")
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	mux := http.NewServeMux()
	mux.HandleFunc("POST /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, "12345")
	})
	w, rec := serve(t, logging.Config{}, r, mux.ServeHTTP)
	want(t, rec, map[string]any{
		"msg": "http request", "level": "INFO", "http.request.method": "POST", "http.route": "/users/{id}",
		"http.response.status_code": 201, "url.path": "/users/7", "url.query": "page=2", "http.request.body.size": 5,
		"http.response.body.size": 5, "client.address": "192.0.2.1", "server.address": "app.example.com",
		"user_agent.original": "curl/8", "network.protocol.version": "1.1", "request_id": w.Header().Get("X-Request-Id"),
		"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "trace_flags": "01",
		"error.type": nil, "aborted": nil, "slow": nil, "hijacked": nil, "sampled_1_in": nil,
	})
	if d, ok := rec["duration_ms"].(float64); !ok || d < 0 {
		t.Errorf("duration_ms = %v", rec["duration_ms"])
	}
}

// The same record comes out of any handler.
func TestRecordThroughForeignHandler(t *testing.T) {
	log := func(h func(io.Writer) slog.Handler) map[string]any {
		out := new(sink)
		r := get("/a?token=abc&x=1")
		r.Header.Set("User-Agent", "ua password=hunter2")
		r.Header.Set("X-Request-Id", "fixed")
		r.Header.Set("Accept", "text/html")
		_, _ = serveTo(t, logging.Config{Logger: slog.New(h(out)), TrustRequestID: true, RequestHeaders: []string{"accept", "Authorization"}}, r,
			func(w http.ResponseWriter, r *http.Request) {
				logging.Add(r.Context(), slog.String("password", "x1"), slog.Int("n", 3))
			})
		rec := out.one(t)
		delete(rec, "time")
		delete(rec, "duration_ms")
		return rec
	}
	own := log(func(w io.Writer) slog.Handler { return logging.NewHandler(w, nil) })
	foreign := log(func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) })
	a, _ := json.Marshal(own)
	b, _ := json.Marshal(foreign)
	if !bytes.Equal(a, b) {
		t.Errorf("\n own     %s\n foreign %s", a, b)
	}
	for _, secret := range []string{"hunter2", "abc", "x1"} {
		if bytes.Contains(a, []byte(`"`+secret)) || bytes.Contains(a, []byte("="+secret)) {
			t.Errorf("%q is in %s", secret, a)
		}
	}
}

func serveTo(t testing.TB, cfg logging.Config, r *http.Request, h http.HandlerFunc) (*logging.Middleware, *httptest.ResponseRecorder) {
	t.Helper()
	m, _ := middleware(t, cfg)
	w := httptest.NewRecorder()
	m.Wrap(h).ServeHTTP(w, r)
	return m, w
}

func TestLogger(t *testing.T) {
	for name, h := range map[string]func(io.Writer) slog.Handler{
		"own":     func(w io.Writer) slog.Handler { return logging.NewHandler(w, nil) },
		"foreign": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
		"multi":   func(w io.Writer) slog.Handler { return slog.NewMultiHandler(logging.NewHandler(w, nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			out := new(sink)
			r := get("/")
			r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
			_, w := serveTo(t, logging.Config{Logger: slog.New(h(out))}, r, func(w http.ResponseWriter, r *http.Request) {
				logging.Logger(r.Context()).Info("one", "password", "hunter2")
				logging.Logger(r.Context()).InfoContext(r.Context(), "two")
				logging.Logger(r.Context()).With("a", 1).Info("three")
			})
			all := out.records(t)
			if len(all) != 4 {
				t.Fatalf("%d records: %s", len(all), out)
			}
			for _, rec := range all {
				want(t, rec, map[string]any{"request_id": w.Header().Get("X-Request-Id"), "trace_id": "0af7651916cd43dd8448eb211c80319c"})
			}
			for line := range strings.Lines(out.String()) {
				if n := strings.Count(line, `"request_id"`); n != 1 {
					t.Errorf("%d ids in %s", n, line)
				}
			}
			if strings.Contains(out.String(), "hunter2") {
				t.Errorf("a secret of Logger is in %s", out)
			}
		})
	}
}

func TestOutsideOfARequest(t *testing.T) {
	ctx := context.Background()
	logging.Add(ctx, slog.Int("a", 1))
	if id := logging.RequestID(ctx); id != "" {
		t.Errorf("RequestID = %q", id)
	}
	if logging.Logger(ctx) == nil {
		t.Error("no logger")
	}
}

func TestAdd(t *testing.T) {
	m, out := middleware(t, logging.Config{})
	var leaked context.Context
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaked = r.Context()
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() { logging.Add(r.Context(), slog.Int("n", i)) })
		}
		wg.Wait()
	})).ServeHTTP(httptest.NewRecorder(), get("/"))
	logging.Add(leaked, slog.String("late", "x")) // must do nothing, and not race
	rec := out.one(t)
	want(t, rec, map[string]any{"attrs_dropped": 72, "late": nil})
	if n := strings.Count(out.String(), `"n":`); n != 128 {
		t.Errorf("%d attributes kept", n)
	}
}

func TestPatternIsCopiedBack(t *testing.T) {
	for _, panics := range []bool{false, true} {
		mux := http.NewServeMux()
		mux.HandleFunc("/x/{id}", func(http.ResponseWriter, *http.Request) {
			if panics {
				panic("boom")
			}
		})
		r := get("/x/1")
		serve(t, logging.Config{}, r, mux.ServeHTTP)
		if r.Pattern != "/x/{id}" {
			t.Errorf("panics %v: Pattern %q", panics, r.Pattern)
		}
	}
}

func TestSkipAndSample(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) }
	}
	skip := func(*http.Request) bool { return true }
	for _, tc := range []struct {
		desc string
		cfg  logging.Config
		h    http.HandlerFunc
		n    int
		want int
	}{
		{"skip", logging.Config{Skip: skip}, status(200), 3, 0},
		{"skip 404", logging.Config{Skip: skip}, status(404), 3, 0},
		{"never skips 5xx", logging.Config{Skip: skip}, status(503), 3, 3},
		{"never skips a panic", logging.Config{Skip: skip}, func(http.ResponseWriter, *http.Request) { panic("x") }, 3, 3},
		{"a Skip that panics", logging.Config{Skip: func(*http.Request) bool { panic("x") }}, status(200), 3, 3},
		{"one in ten", logging.Config{SampleEvery: 10}, status(200), 100, 10},
		{"one in one", logging.Config{SampleEvery: 1}, status(200), 5, 5},
		{"failures stay", logging.Config{SampleEvery: 10}, status(404), 100, 100},
		{"429 stays", logging.Config{SampleEvery: 10}, status(429), 100, 100},
	} {
		m, out := middleware(t, tc.cfg)
		h := m.Wrap(tc.h)
		for range tc.n {
			h.ServeHTTP(httptest.NewRecorder(), get("/"))
		}
		all := out.records(t)
		if len(all) != tc.want {
			t.Errorf("%s: %d records, want %d", tc.desc, len(all), tc.want)
		}
		for _, rec := range all {
			if tc.cfg.SampleEvery == 10 && rec["http.response.status_code"] == 200.0 && rec["sampled_1_in"] != 10.0 {
				t.Errorf("%s: sampled_1_in = %v", tc.desc, rec["sampled_1_in"])
			}
		}
	}
}

func TestTwiceIsOnce(t *testing.T) {
	m, out := middleware(t, logging.Config{})
	w := httptest.NewRecorder()
	m.Wrap(m.Wrap(http.HandlerFunc(nothing))).ServeHTTP(w, get("/"))
	out.one(t)
	other, out2 := middleware(t, logging.Config{})
	m.Wrap(other.Wrap(http.HandlerFunc(nothing))).ServeHTTP(w, get("/"))
	if a, b := out.records(t)[1]["request_id"], out2.one(t)["request_id"]; a != b {
		t.Errorf("ids of one request differ: %v, %v", a, b)
	}
}

func TestNotMadeByNew(t *testing.T) {
	for _, m := range []*logging.Middleware{nil, {}} {
		w := httptest.NewRecorder()
		m.Wrap(http.HandlerFunc(nothing)).ServeHTTP(w, get("/"))
		if w.Code != 500 {
			t.Errorf("status %d", w.Code)
		}
		if m.Dropped() != 0 || m.Flush(context.Background()) != nil || m.Config().SampleEvery != 0 {
			t.Error("a zero Middleware has something")
		}
	}
}

// broke is a handler that fails in one of the ways in which a handler can.
type broke struct {
	slog.Handler
	panics bool
}

func (b broke) Handle(context.Context, slog.Record) error {
	if b.panics {
		panic("the handler")
	}
	return errors.New("disk full")
}

func TestABrokenHandlerDoesNotBreakTheAnswer(t *testing.T) {
	for _, panics := range []bool{false, true} {
		m, err := logging.New(logging.Config{Logger: slog.New(broke{slog.NewTextHandler(io.Discard, nil), panics})})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201) })).ServeHTTP(w, get("/"))
		if w.Code != 201 {
			t.Errorf("status %d", w.Code)
		}
	}
}

// Rules of the user's own count everywhere: in records, in Add, in Logger, in headers, whatever the handler.
func TestOwnRedactor(t *testing.T) {
	red, err := redact.New(redact.Config{Names: []string{"shoe size"}, IPs: true, Mark: "[GONE]"})
	if err != nil {
		t.Fatal(err)
	}
	for name, h := range map[string]func(io.Writer) slog.Handler{
		"own":     func(w io.Writer) slog.Handler { return logging.NewHandler(w, nil).WithGroup("g") },
		"foreign": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
		"redact":  func(w io.Writer) slog.Handler { return redact.Default().Handler(slog.NewTextHandler(w, nil)) },
	} {
		out := new(sink)
		r := get("/?shoe_size=44eleven")
		r.Header.Set("Shoe-Size", "44eleven")
		cfg := logging.Config{Logger: slog.New(h(out)), Redactor: red, RequestHeaders: []string{"Shoe-Size"}}
		serveTo(t, cfg, r, func(_ http.ResponseWriter, r *http.Request) {
			logging.Add(r.Context(), slog.String("shoeSize", "44eleven"))
			logging.Logger(r.Context()).Info("m", "shoeSize", "44eleven")
		})
		if s := out.String(); strings.Contains(s, "44eleven") || strings.Contains(s, "192.0.2.1") || !strings.Contains(s, "[GONE]") {
			t.Errorf("%s: %s", name, s)
		}
	}
}

// With ReplaceAttr the ids stay at the top level, too, and there is one of each.
func TestReplaceAttrInAGroup(t *testing.T) {
	out := new(sink)
	rename := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "http.response.status_code" {
			a.Key = "status"
		}
		return a
	}
	logger := slog.New(logging.NewHandler(out, &slog.HandlerOptions{ReplaceAttr: rename})).WithGroup("http")
	_, w := serveTo(t, logging.Config{Logger: logger}, get("/"), nothing)
	rec := out.one(t)
	want(t, rec, map[string]any{"request_id": w.Header().Get("X-Request-Id")})
	want(t, rec["http"].(map[string]any), map[string]any{"status": 200, "request_id": nil, "http.request.method": "GET"})
}

func TestNilNext(t *testing.T) {
	m, out := middleware(t, logging.Config{})
	m.Wrap(nil).ServeHTTP(httptest.NewRecorder(), get("/"))
	want(t, out.one(t), map[string]any{"http.response.status_code": 404})
}

func TestConfigIsACopy(t *testing.T) {
	headers := []string{"Accept"}
	m, _ := middleware(t, logging.Config{RequestHeaders: headers, Body: &logging.BodyCapture{MaxBytes: 1, Request: true}})
	headers[0] = "Cookie"
	c := m.Config()
	c.Body.MaxBytes = 99
	if c := m.Config(); !slices.Equal(c.RequestHeaders, []string{"Accept"}) || c.Body.MaxBytes != 1 {
		t.Errorf("shared: %+v", c)
	}
}
