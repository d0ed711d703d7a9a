package metrics_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/internal/respwrap"
	"github.com/gambeson-go/gambeson/metrics"
)

func quietLog() *log.Logger { return log.New(io.Discard, "", 0) }

func TestStatusThatIsCounted(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	leaves, leave := context.WithCancel(t.Context())
	late, stop := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer stop()
	shutdown, drain := context.WithCancelCause(t.Context())
	drain(errBoom)
	tests := []struct {
		desc    string
		ctx     context.Context
		handler http.HandlerFunc
		code    string
		class   string // "" for no duration
		panics  float64
		aborted float64
	}{
		{desc: "nothing written", handler: func(http.ResponseWriter, *http.Request) {}, code: "200", class: "2xx"},
		{desc: "write alone", handler: func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("x")) }, code: "200", class: "2xx"},
		{desc: "flush alone", handler: func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() }, code: "200", class: "2xx"},
		{desc: "status", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, code: "503", class: "5xx"},
		{desc: "early hints first", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(404) }, code: "404", class: "4xx"},
		{desc: "early hints alone", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103) }, code: "200", class: "2xx"},
		{desc: "superfluous status", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204); w.WriteHeader(500) }, code: "204", class: "2xx"},
		{desc: "status after body", handler: func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("x")); w.WriteHeader(500) }, code: "200", class: "2xx"},
		{desc: "101 by hand", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(101) }, code: "101"},
		{desc: "hijacked", handler: func(w http.ResponseWriter, _ *http.Request) { w.(http.Hijacker).Hijack() }, code: "101"},
		{desc: "hijacked after a status", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200); w.(http.Hijacker).Hijack() }, code: "200"},
		{desc: "hijacked, client gone", ctx: gone, handler: func(w http.ResponseWriter, _ *http.Request) { w.(http.Hijacker).Hijack() }, code: "101"},
		{desc: "panic after a hijack", handler: func(w http.ResponseWriter, _ *http.Request) { w.(http.Hijacker).Hijack(); panic("x") }, code: "101", panics: 1},
		{desc: "the last status", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(599) }, code: "599", class: "5xx"},
		{desc: "one more", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(600) }, code: "other", class: "other"},
		{desc: "no status of HTTP", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(799) }, code: "other", class: "other"},
		{desc: "panic", handler: func(http.ResponseWriter, *http.Request) { panic("x") }, code: "500", class: "5xx", panics: 1},
		{desc: "panic with nil", handler: func(http.ResponseWriter, *http.Request) { panic(nil) }, code: "500", class: "5xx", panics: 1},
		{desc: "panic after status", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(202); panic("x") }, code: "202", class: "2xx", panics: 1},
		{desc: "panic, client gone", ctx: gone, handler: func(http.ResponseWriter, *http.Request) { panic("x") }, code: "499", class: "4xx", panics: 1},
		{desc: "panic because the client is gone", ctx: gone, handler: func(_ http.ResponseWriter, r *http.Request) { panic(fmt.Errorf("query: %w", r.Context().Err())) }, code: "499", class: "4xx", aborted: 1},
		{desc: "panic with a cancellation of its own", handler: func(http.ResponseWriter, *http.Request) { panic(context.Canceled) }, code: "500", class: "5xx", panics: 1},
		{desc: "abort", handler: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, code: "500", class: "5xx", aborted: 1},
		{desc: "abort after status", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200); panic(http.ErrAbortHandler) }, code: "200", class: "2xx", aborted: 1},
		{desc: "abort, client gone", ctx: gone, handler: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, code: "499", class: "4xx", aborted: 1},
		{desc: "client gone, nothing written", ctx: gone, handler: func(http.ResponseWriter, *http.Request) {}, code: "499", class: "4xx", aborted: 1},
		{desc: "client gone, error written", ctx: gone, handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, code: "499", class: "4xx", aborted: 1},
		{desc: "client gone after the status", ctx: leaves, handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200); leave() }, code: "200", class: "2xx"},
		{desc: "deadline, nothing written", ctx: late, handler: func(http.ResponseWriter, *http.Request) {}, code: "200", class: "2xx"},
		{desc: "shutdown, nothing written", ctx: shutdown, handler: func(http.ResponseWriter, *http.Request) {}, code: "200", class: "2xx"},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			m := newMiddleware(t, metrics.Config{})
			r := httptest.NewRequest("GET", "/", nil)
			if tt.ctx != nil {
				r = r.WithContext(tt.ctx)
			}
			func() {
				defer func() {
					if p := recover(); (p != nil) != strings.Contains(tt.desc, "panic") && p != any(http.ErrAbortHandler) {
						t.Error("panicked with", p)
					}
				}()
				m.Wrap(tt.handler).ServeHTTP(lenient{httptest.NewRecorder()}, r)
			}()
			all := series(t, m)
			expect := map[string]float64{
				`http_requests_total{code="` + tt.code + `",method="GET",route="unmatched"}`:      1,
				`http_panics_total{route="unmatched"}`:                                            tt.panics,
				`http_requests_aborted_total{route="unmatched"}`:                                  tt.aborted,
				`http_requests_in_flight`:                                                         0,
				`http_request_duration_seconds_count{class="1xx",method="GET",route="unmatched"}`: -1,
			}
			if tt.class != "" {
				expect[`http_request_duration_seconds_count{class="`+tt.class+`",method="GET",route="unmatched"}`] = 1
			} else if d := labelSets(all, "http_request_duration_seconds_count"); sum(d) != 0 {
				t.Errorf("a duration: %v", d)
			}
			want(t, all, expect)
			if n := len(labelSets(all, "http_requests_total")); n != 1 {
				t.Errorf("%d label sets", n)
			}
		})
	}
}

// lenient takes any status, as a writer of an outer layer might, and gives up its connection.
type lenient struct{ *httptest.ResponseRecorder }

func (lenient) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }

func (l lenient) WriteHeader(code int) {
	if code >= 200 && code < 600 {
		l.ResponseRecorder.WriteHeader(code)
	}
}

func TestPanicGoesOnUnchanged(t *testing.T) {
	m := newMiddleware(t, metrics.Config{})
	for path, value := range map[string]any{"/panic": errBoom, "/abort": http.ErrAbortHandler} {
		if _, got := serve(m.Wrap(app()), "GET", path); got != value {
			t.Errorf("%s: panicked with %v", path, got)
		}
	}
	var stack []byte
	func() {
		defer func() {
			stack = make([]byte, 1<<16)
			stack = stack[:runtime.Stack(stack, false)]
			recover()
		}()
		m.Wrap(http.HandlerFunc(theCulprit)).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}()
	if !bytes.Contains(stack, []byte("theCulprit")) {
		t.Error("a recovery outside does not see the frame that panicked")
	}
}

func theCulprit(http.ResponseWriter, *http.Request) { panic("culprit") }

func TestGoexitIsCounted(t *testing.T) {
	m := newMiddleware(t, metrics.Config{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		serve(m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() })), "GET", "/")
	}()
	after(t, "the goroutine", done)
	want(t, series(t, m), map[string]float64{
		`http_requests_total{code="500",method="GET",route="unmatched"}`: 1,
		`http_requests_aborted_total{route="unmatched"}`:                 1,
		`http_panics_total{route="unmatched"}`:                           0,
		`http_requests_in_flight`:                                        0,
	})
}

func TestHijackedConnection(t *testing.T) {
	m := newMiddleware(t, metrics.Config{Sizes: true})
	done := make(chan struct{})
	srv := server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		m.Wrap(app()).ServeHTTP(w, r)
	}))
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /hijack HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "101") {
		t.Fatalf("%q %v", line, err)
	}
	after(t, "the handler", done)
	all := series(t, m)
	want(t, all, map[string]float64{`http_requests_total{code="101",method="GET",route="/hijack"}`: 1})
	for _, name := range []string{"http_request_duration_seconds_count", "http_response_size_bytes_count"} {
		if n := sum(labelSets(all, name)); n != 0 {
			t.Errorf("%s: %v", name, n)
		}
	}
}

func TestClientThatLeft(t *testing.T) {
	m := newMiddleware(t, metrics.Config{})
	started := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done()
	})
	srv := server(t, m.Wrap(mux))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	req, _ := http.NewRequestWithContext(ctx, "GET", srv.URL+"/slow", nil)
	if _, err := srv.Client().Do(req); err == nil {
		t.Fatal("an answer came")
	}
	srv.Close()
	want(t, series(t, m), map[string]float64{
		`http_requests_total{code="499",method="GET",route="/slow"}`: 1,
		`http_requests_aborted_total{route="/slow"}`:                 1,
	})
}

func TestRouteLabel(t *testing.T) {
	inner := http.NewServeMux()
	inner.HandleFunc("GET /v1/users/{id}", func(http.ResponseWriter, *http.Request) {})
	set := func(pattern string) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { r.Pattern = pattern })
	}
	mux := func(pattern string, h http.Handler) *http.ServeMux {
		mux := http.NewServeMux()
		mux.Handle(pattern, h)
		return mux
	}
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	m := newMiddleware(t, metrics.Config{})
	tests := []struct {
		desc, target, route string
		h                   http.Handler
	}{
		{"method in the pattern", "/items/1", "/items/{id}", mux("GET /items/{id}", ok)},
		{"no method", "/items/1", "/items/{id}", mux("/items/{id}", ok)},
		{"tab and spaces", "/a", "/a", mux("GET \t /a", ok)},
		{"host", "http://h.example/a", "h.example/a", mux("GET h.example/a", ok)},
		{"end marker", "/a/", "/a/{$}", mux("/a/{$}", ok)},
		{"no match", "/secret-guess", "unmatched", mux("/a", ok)},
		{"wrong method", "/a", "unmatched", mux("POST /a", ok)},
		{"nested mux", "/v1/users/7", "/v1/users/{id}", mux("/v1/", inner)},
		{"nested without a match", "/v1/nothing", "unmatched", mux("/v1/", inner)},
		{"stripped prefix", "/v2/v1/users/7", "/v2/", mux("/v2/", http.StripPrefix("/v2", inner))},
		{"copied request", "/items/1", "unmatched", copying(mux("/items/{id}", ok))},
		{"copied request, Route", "/items/1", "/items/{id}", copying(m.Route(mux("/items/{id}", ok)))},
		{"copied twice, Route", "/items/1", "/items/{id}", copying(copying(m.Route(mux("/items/{id}", ok))))},
		{"Route around a nested mux", "/v2/v1/users/7", "/v1/users/{id}", mux("/v2/", http.StripPrefix("/v2", m.Route(inner)))},
		{"Route without a match", "/nothing", "unmatched", copying(m.Route(mux("/a", ok)))},
		{"Route of nothing", "/nothing", "unmatched", m.Route(nil)},
		{"Route inside a TimeoutHandler", "/items/1", "unmatched", http.TimeoutHandler(m.Route(mux("/items/{id}", ok)), time.Minute, "")},
		{"TimeoutHandler inside the mux", "/items/1", "/items/{id}", mux("/items/{id}", http.TimeoutHandler(ok, time.Minute, ""))},
		{"not UTF-8", "/", "/\uFFFDx", set("/\xff\xfex")},
		{"space in a path", "/", "/a b", set("/a b")},
		{"method alone", "/", "unmatched", set("GET ")},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			m := newMiddleware(t, metrics.Config{})
			serve(m.Wrap(tt.h), "GET", tt.target)
			all := labelSets(series(t, m), "http_requests_total")
			for set := range all {
				if len(all) == 1 && strings.HasSuffix(set, `route="`+tt.route+`"}`) {
					return
				}
			}
			t.Errorf("%v, want route %q", all, tt.route)
		})
	}
}

func TestPanicBehindCopyHasItsRoute(t *testing.T) {
	m := newMiddleware(t, metrics.Config{})
	serve(m.Wrap(copying(m.Route(app()))), "GET", "/panic")
	want(t, series(t, m), map[string]float64{`http_panics_total{route="/panic"}`: 1})
}

func TestMethodLabel(t *testing.T) {
	m := newMiddleware(t, metrics.Config{})
	known := []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"}
	h := m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { r.Method = "OVERRIDDEN" }))
	for _, method := range append(known, "get", "BREW", "PROPFIND", strings.Repeat("A", 5000)) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Method = method
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	expect := map[string]float64{`http_requests_total{code="200",method="_OTHER",route="unmatched"}`: 4}
	for _, method := range known {
		expect[`http_requests_total{code="200",method="`+method+`",route="unmatched"}`] = 1
	}
	all := series(t, m)
	want(t, all, expect)
	if n := len(labelSets(all, "http_requests_total")); n != len(known)+1 {
		t.Errorf("%d label sets", n)
	}
}

// A writer that an outer layer has wrapped is used as it is, and what that layer knows counts.
func TestInsideAnotherLayer(t *testing.T) {
	m := newMiddleware(t, metrics.Config{Sizes: true})
	var got http.ResponseWriter
	h := m.Wrap(copying(m.Route(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, r.Pattern = w, "PUT /a"
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, "12345")
	}))))
	r := httptest.NewRequest("PUT", "/", nil)
	var res respwrap.Response
	w := res.Wrap(httptest.NewRecorder(), r)
	h.ServeHTTP(w, r)
	if got != w {
		t.Error("wrapped again")
	}
	want(t, series(t, m), map[string]float64{
		`http_requests_total{code="202",method="PUT",route="/a"}`: 1,
		`http_response_size_bytes_sum{route="/a"}`:                5,
	})
}

func TestWriterKeepsItsInterfaces(t *testing.T) {
	m := newMiddleware(t, metrics.Config{})
	var flush, hijack, from bool
	var deadline error
	srv := server(t, m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, flush = w.(http.Flusher)
		_, hijack = w.(http.Hijacker)
		_, from = w.(io.ReaderFrom)
		deadline = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute))
	})))
	if _, err := srv.Client().Get(srv.URL); err != nil {
		t.Fatal(err)
	}
	if !flush || !hijack || !from || deadline != nil {
		t.Error(flush, hijack, from, deadline)
	}
	serve(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, hijack = w.(http.Hijacker) })), "GET", "/")
	if hijack {
		t.Error("a writer without Hijack has it now")
	}
}

func TestDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMiddleware(t, metrics.Config{Buckets: []float64{0.1, 0.12, 1}})
		h := m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(120 * time.Millisecond) }))
		serve(h, "GET", "/")
		const labels = `class="2xx",method="GET",route="unmatched"`
		want(t, series(t, m), map[string]float64{
			`http_request_duration_seconds_sum{` + labels + `}`:                0.12,
			`http_request_duration_seconds_bucket{` + labels + `,le="0.1"}`:    0,
			`http_request_duration_seconds_bucket{` + labels + `,le="0.12"}`:   1,
			`http_request_duration_seconds_bucket{` + labels + `,le="1.0"}`:    -1,
			`http_request_duration_seconds_bucket{` + labels + `,le="+Inf"}`:   1,
			`http_request_duration_seconds_bucket{` + labels + `,le="0.005"}`:  -1,
			`http_requests_total{code="200",method="GET",route="unmatched"}`:   1,
			`http_metrics_label_overflow_total`:                                0,
			`http_response_size_bytes_count{route="unmatched"}`:                -1,
			`http_request_duration_seconds_count{` + labels + `,code="200"}`:   -1,
			`http_requests_total{code="200",method="_OTHER",route="overflow"}`: -1,
		})
	})
}

func TestSharedBetweenHandlers(t *testing.T) {
	m := newMiddleware(t, metrics.Config{})
	a, b := m.Wrap(app()), m.Wrap(app())
	var wg sync.WaitGroup
	for range 4 {
		for _, h := range []http.Handler{a, b} {
			wg.Go(func() {
				for i := range 100 {
					serve(h, "GET", fmt.Sprintf("/items/%d", i))
				}
			})
		}
	}
	wg.Wait()
	want(t, series(t, m), map[string]float64{`http_requests_total{code="200",method="GET",route="/items/{id}"}`: 800})
}

func TestNotMadeByNew(t *testing.T) {
	var none *metrics.Middleware
	for _, m := range []*metrics.Middleware{none, {}} {
		for _, h := range []http.Handler{m.Wrap(app()), m.Wrap(nil), m.Handler()} {
			if w, p := serve(h, "GET", "/items/1"); w.Code != 500 || p != nil {
				t.Errorf("%d, panic %v", w.Code, p)
			}
		}
		if m.Registry() != nil || m.Config().MaxSeries != 0 {
			t.Error("it has something")
		}
		if w, _ := serve(m.Route(app()), "GET", "/items/1"); w.Code != 200 {
			t.Error("Route", w.Code)
		}
	}
}

func TestNilNext(t *testing.T) {
	m := newMiddleware(t, metrics.Config{})
	if w, _ := serve(m.Wrap(nil), "GET", "/"); w.Code != 404 {
		t.Error(w.Code)
	}
	want(t, series(t, m), map[string]float64{`http_requests_total{code="404",method="GET",route="unmatched"}`: 1})
}
