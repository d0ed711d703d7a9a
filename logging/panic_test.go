package logging_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/logging"
)

// server runs a middleware of cfg in front of h and collects what the server itself complains about.
func server(t *testing.T, cfg logging.Config, h http.HandlerFunc) (*httptest.Server, *sink, *sink) {
	t.Helper()
	m, out := middleware(t, cfg)
	complaints := new(sink)
	srv := httptest.NewUnstartedServer(m.Wrap(h))
	srv.Config.ErrorLog = log.New(complaints, "", 0)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv, out, complaints
}

func TestPanicBeforeTheAnswer(t *testing.T) {
	srv, out, complaints := server(t, logging.Config{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/boom" {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Length", "99999")
			panic("boom")
		}
	})
	resp, err := http.Get(srv.URL + "/boom")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	id := resp.Header.Get("X-Request-Id")
	if resp.StatusCode != 500 || resp.Header.Get("Content-Type") != "application/problem+json" || resp.Header.Get("Content-Encoding") != "" {
		t.Errorf("answer %d %v", resp.StatusCode, resp.Header)
	}
	if bytes.Contains(body, []byte("boom")) || !bytes.Contains(body, []byte(id)) || id == "" {
		t.Errorf("body %s, want the id %q and no more", body, id)
	}
	if resp, err := http.Get(srv.URL + "/fine"); err != nil || resp.StatusCode != 200 {
		t.Errorf("the next request: %v %v", resp, err)
	}
	srv.Close()
	rec := out.records(t)[0]
	want(t, rec, map[string]any{"level": "ERROR", "http.response.status_code": 500, "exception.message": "boom", "error.type": "panic",
		"request_id": id, "http.response.body.size": len(body), "aborted": nil})
	if s, _ := rec["exception.stacktrace"].(string); !strings.Contains(s, "TestPanicBeforeTheAnswer") {
		t.Errorf("the stack does not show the handler: %s", s)
	}
	if complaints.String() != "" {
		t.Errorf("the server complains: %s", complaints)
	}
}

func TestPanicAfterTheAnswerBegan(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"flushed": func(w http.ResponseWriter) { io.WriteString(w, "half"); http.NewResponseController(w).Flush() },
		"written": func(w http.ResponseWriter) { io.WriteString(w, "half") },
		"status":  func(w http.ResponseWriter) { w.WriteHeader(200) },
	} {
		t.Run(name, func(t *testing.T) {
			srv, out, complaints := server(t, logging.Config{}, func(w http.ResponseWriter, r *http.Request) {
				begin(w)
				panic("boom")
			})
			resp, err := http.Get(srv.URL)
			if err == nil {
				var body []byte
				if body, err = io.ReadAll(resp.Body); err == nil {
					t.Errorf("a complete answer: %d %q", resp.StatusCode, body)
				}
			}
			srv.Close()
			want(t, out.one(t), map[string]any{"level": "ERROR", "http.response.status_code": 200, "exception.message": "boom", "aborted": true})
			if complaints.String() != "" {
				t.Errorf("the server complains: %s", complaints)
			}
		})
	}
}

func TestAbortHandler(t *testing.T) {
	called := make(chan struct{}, 1)
	cfg := logging.Config{OnError: func(context.Context, logging.Event) { called <- struct{}{} }}
	srv, out, complaints := server(t, cfg, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if resp, err := http.Get(srv.URL); err == nil {
		t.Errorf("an answer: %d", resp.StatusCode)
	}
	srv.Close()
	want(t, out.records(t)[0], map[string]any{"level": "WARN", "aborted": true, "error.type": "aborted", "http.response.status_code": nil,
		"exception.stacktrace": nil})
	if complaints.String() != "" || len(called) != 0 {
		t.Errorf("complaints %q, OnError %d", complaints, len(called))
	}
}

func TestPanicValues(t *testing.T) {
	const token = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
	type login struct{ User, Password string }
	cause := errors.New("x")
	for _, tc := range []struct {
		desc  string
		value any
		kind  string
		in    string
		not   string
	}{
		{"error", fmt.Errorf("x: %w", cause), "*fmt.wrapError", "x: x", ""},
		{"nil", nil, "*runtime.PanicNilError", "nil", ""},
		{"dsn", "dsn postgres://u:S3cr3tPw9@h/db", "panic", "dsn postgres://", "S3cr3tPw9"},
		{"token in an error", fmt.Errorf("bad token %s", token), "*fmt.wrapError|*errors.errorString|*fmt.fmtError", "bad", token},
		{"struct", login{"ann", "hunter2"}, "panic", "ann", "hunter2"},
		{"pointer", &login{"ann", "hunter2"}, "panic", "ann", "hunter2"},
		{"map", map[string]string{"password": "hunter2"}, "panic", "password", "hunter2"},
		{"int", 42, "panic", "42", ""},
		{"huge", strings.Repeat("x", 1<<20), "panic", "xxx", strings.Repeat("x", 8<<10)},
		{"a nil error of a type", (*http.MaxBytesError)(nil), "*http.MaxBytesError", "", ""},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			var event logging.Event
			m, out := middleware(t, logging.Config{OnError: func(_ context.Context, e logging.Event) { event = e }})
			w := httptest.NewRecorder()
			m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(tc.value) })).ServeHTTP(w, get("/"))
			if err := m.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			rec := out.one(t)
			if kind, _ := rec["error.type"].(string); !strings.Contains(tc.kind, kind) || kind == "" {
				t.Errorf("error.type = %v", kind)
			}
			if s, _ := rec["exception.message"].(string); !strings.Contains(s, tc.in) {
				t.Errorf("exception.message = %q, want %q in it", s, tc.in)
			}
			all := fmt.Sprintf("%s %s %+v", out, w.Body, event)
			if tc.not != "" && strings.Contains(all, tc.not) {
				t.Errorf("%.20q leaks: %.2000s", tc.not, all)
			}
			if w.Code != 500 || event.Panic == nil || len(event.Stack) == 0 || event.RequestID == "" {
				t.Errorf("status %d, event %+v", w.Code, event)
			}
		})
	}
}

// Both places of a double panic are in the stack; of the first value the runtime keeps nothing that recover could give.
func TestPanicWhilePanicking(t *testing.T) {
	w, rec := serve(t, logging.Config{}, get("/"), func(http.ResponseWriter, *http.Request) {
		defer func() { panic("second") }()
		panic("first")
	})
	want(t, rec, map[string]any{"exception.message": "second", "http.response.status_code": 500})
	if s, _ := rec["exception.stacktrace"].(string); strings.Count(s, "\npanic(") != 2 {
		t.Errorf("stack: %s", s)
	}
	if w.Code != 500 {
		t.Errorf("status %d", w.Code)
	}
}

func TestClientGone(t *testing.T) {
	gone := func() (context.Context, context.CancelFunc) { return context.WithCancel(context.Background()) }
	for _, tc := range []struct {
		desc   string
		h      func(cancel func()) http.HandlerFunc
		status any
		level  string
		also   map[string]any
	}{
		{"returns without an answer", func(cancel func()) http.HandlerFunc {
			return func(http.ResponseWriter, *http.Request) { cancel() }
		}, 499, "INFO", map[string]any{"aborted": true, "error.type": "client_gone"}},
		{"answers 500 to nobody", func(cancel func()) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { cancel(); http.Error(w, "x", 500) }
		}, 499, "INFO", map[string]any{"status_unheard": 500}},
		{"went after the status", func(cancel func()) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { http.Error(w, "x", 500); cancel() }
		}, 500, "ERROR", map[string]any{"aborted": true}},
		{"panics with the context's error", func(cancel func()) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				cancel()
				panic(fmt.Errorf("query: %w", r.Context().Err()))
			}
		}, 499, "INFO", map[string]any{"exception.stacktrace": nil, "error.message": "query: context canceled"}},
		{"a real panic stays one", func(cancel func()) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { cancel(); panic("boom") }
		}, 499, "ERROR", map[string]any{"exception.message": "boom"}},
		{"not gone", func(func()) http.HandlerFunc { return nothing }, 200, "INFO", map[string]any{"aborted": nil}},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			ctx, cancel := gone()
			defer cancel()
			_, rec := serve(t, logging.Config{}, get("/").WithContext(ctx), tc.h(cancel))
			want(t, rec, map[string]any{"http.response.status_code": tc.status, "level": tc.level})
			want(t, rec, tc.also)
		})
	}
}

// A panic is logged even where Skip says yes and the client is gone.
func TestSkippedPanicOfAGoneClient(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	cfg := logging.Config{Skip: func(*http.Request) bool { return true }}
	_, rec := serve(t, cfg, get("/").WithContext(ctx), func(http.ResponseWriter, *http.Request) { panic("boom") })
	want(t, rec, map[string]any{"http.response.status_code": 499, "level": "ERROR", "exception.message": "boom"})
}

// A deadline and a shutdown with a cause are the server's doing.
func TestNotTheClient(t *testing.T) {
	deadline, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	shutdown, stop := context.WithCancelCause(context.Background())
	stop(errors.New("terminated"))
	for _, ctx := range []context.Context{deadline, shutdown} {
		_, rec := serve(t, logging.Config{}, get("/").WithContext(ctx), func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) })
		want(t, rec, map[string]any{"http.response.status_code": 503, "level": "ERROR", "aborted": nil})
	}
}

// A handler that ends by runtime.Goexit, as t.FailNow does, is no success: the client got no answer, or half of one.
func TestGoexit(t *testing.T) {
	for name, tc := range map[string]struct {
		begin  func(http.ResponseWriter)
		status any
	}{
		"nothing said":   {func(http.ResponseWriter) {}, nil},
		"half an answer": {func(w http.ResponseWriter) { io.WriteString(w, "half"); http.NewResponseController(w).Flush() }, 200},
	} {
		t.Run(name, func(t *testing.T) {
			events, called := make(chan logging.Event, 3), make(chan struct{}, 1) // each connection has its goroutine
			cfg := logging.Config{SampleEvery: 1000, OnError: func(context.Context, logging.Event) { called <- struct{}{} }}
			cfg.Level = func(e logging.Event) slog.Level { events <- e; return logging.DefaultLevel(e) }
			srv, out, complaints := server(t, cfg, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/fine" {
					tc.begin(w)
					runtime.Goexit()
				}
			})
			for _, path := range []string{"/fine", "/", "/"} { // the first of a sample is always kept
				resp, err := http.Post(srv.URL+path, "text/plain", nil) // a GET would be sent again
				if err == nil {
					_, err = io.ReadAll(resp.Body)
				}
				if (err == nil) != (path == "/fine") {
					t.Errorf("%s: %v", path, err)
				}
			}
			srv.Close()
			all := out.records(t)
			if len(all) != 3 {
				t.Fatalf("%d records, want 3", len(all))
			}
			for _, rec := range all[1:] {
				want(t, rec, map[string]any{"level": "WARN", "aborted": true, "error.type": "goexit", "http.response.status_code": tc.status,
					"exception.message": nil, "sampled_1_in": nil, "error.message": "the handler called runtime.Goexit: net/http: abort Handler"})
			}
			<-events // that of /fine
			for range 2 {
				if e := <-events; e.Panic != nil || !errors.Is(e.Err, http.ErrAbortHandler) {
					t.Errorf("event %+v", e)
				}
			}
			if len(called) != 0 || complaints.String() != "" {
				t.Errorf("OnError %d, complaints %q", len(called), complaints)
			}
		})
	}
}

// Without a server the goroutine ends as it would have without the middleware: no panic comes out of it.
func TestGoexitGoesOn(t *testing.T) {
	m, out := middleware(t, logging.Config{})
	w := httptest.NewRecorder()
	ended := make(chan any)
	go func() {
		defer func() { ended <- recover() }()
		m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() })).ServeHTTP(w, get("/"))
		t.Error("it went on")
	}()
	if v := <-ended; v != nil || w.Body.Len() != 0 {
		t.Errorf("a panic %v, a body %q", v, w.Body)
	}
	want(t, out.one(t), map[string]any{"level": "WARN", "aborted": true})
}
