package health_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/health"
)

func TestAnswers(t *testing.T) {
	tests := []struct {
		desc   string
		cfg    health.Config
		drain  bool
		status map[string]int
		says   map[string]string
	}{
		{"no checks", health.Config{}, false,
			map[string]int{"/livez": 200, "/readyz": 200, "/startupz": 200, "/health": 200},
			map[string]string{"/livez": "pass", "/readyz": "pass", "/startupz": "pass", "/health": "pass"}},
		{"critical fails", health.Config{Checks: []health.Check{{Name: "db", Func: failing}, {Name: "ok", Func: passing}}}, false,
			map[string]int{"/livez": 200, "/readyz": 503, "/startupz": 200, "/health": 503},
			map[string]string{"/livez": "pass", "/readyz": "fail", "/startupz": "pass", "/health": "fail"}},
		{"optional fails", health.Config{Checks: []health.Check{{Name: "cache", Func: failing, Optional: true}, {Name: "ok", Func: passing}}}, false,
			map[string]int{"/livez": 200, "/readyz": 200, "/startupz": 200, "/health": 200},
			map[string]string{"/livez": "pass", "/readyz": "pass", "/startupz": "pass", "/health": "warn"}},
		{"optional and critical fail", health.Config{Checks: []health.Check{{Name: "db", Func: failing}, {Name: "cache", Func: failing, Optional: true}}}, false,
			map[string]int{"/livez": 200, "/readyz": 503, "/startupz": 200, "/health": 503},
			map[string]string{"/health": "fail"}},
		{"live fails", health.Config{Checks: []health.Check{{Name: "worker", Func: failing, Live: true}}}, false,
			map[string]int{"/livez": 503, "/readyz": 503, "/startupz": 200, "/health": 503},
			map[string]string{"/livez": "fail"}},
		{"not started", health.Config{ManualStart: true, Checks: []health.Check{{Name: "worker", Func: failing, Live: true}}}, false,
			map[string]int{"/livez": 200, "/readyz": 503, "/startupz": 503, "/health": 503},
			map[string]string{"/livez": "pass", "/readyz": "fail", "/startupz": "fail", "/health": "fail"}},
		{"draining", health.Config{Checks: []health.Check{{Name: "worker", Func: failing, Live: true}}}, true,
			map[string]int{"/livez": 200, "/readyz": 503, "/startupz": 200, "/health": 503},
			map[string]string{"/livez": "pass", "/readyz": "fail", "/startupz": "pass", "/health": "fail"}},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			m := mustNew(t, tt.cfg)
			h := m.Wrap(app)
			if tt.drain {
				m.Drain()
			}
			for range 2 { // the second is answered from what was kept
				for path, want := range tt.status {
					w := ask(h, "GET", path)
					if w.Code != want {
						t.Errorf("%s: %d, want %d", path, w.Code, want)
					}
					if says := tt.says[path]; says != "" && parse(t, w).Status != says {
						t.Errorf("%s says %q, want %q", path, parse(t, w).Status, says)
					}
					if strings.Contains(w.Body.String(), "refused") {
						t.Errorf("%s tells a stranger: %s", path, w.Body)
					}
				}
			}
		})
	}
}

func TestHeadersAndHead(t *testing.T) {
	m := mustNew(t, health.Config{Checks: []health.Check{{Name: "db", Func: failing}}})
	h := m.Wrap(app)
	for _, path := range []string{"/livez", "/readyz", "/startupz", "/health"} {
		get, head := ask(h, "GET", path), ask(h, "HEAD", path)
		for _, w := range []*httptest.ResponseRecorder{get, head} {
			for name, want := range map[string]string{
				"Content-Type": "application/health+json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
				"Content-Length": strconv.Itoa(get.Body.Len()),
			} {
				if got := w.Header()[name]; !slices.Equal(got, []string{want}) {
					t.Errorf("%s: %s is %q, want %q", path, name, got, want)
				}
			}
		}
		if head.Code != get.Code || head.Body.Len() != 0 {
			t.Errorf("HEAD %s: %d with %d bytes, GET has %d", path, head.Code, head.Body.Len(), get.Code)
		}
	}
}

// A header value belongs to one response and one name: what an outer middleware does to it must not reach another.
func TestHeaderValuesAreNotShared(t *testing.T) {
	h := mustNew(t, health.Config{}).Wrap(app)
	first, second := ask(h, "GET", "/readyz").Header(), ask(h, "GET", "/readyz").Header()
	want := first.Clone()
	for _, v := range first {
		_ = append(v, "appended")
	}
	if !reflect.DeepEqual(first, want) {
		t.Errorf("appended into another name: %v", first)
	}
	for _, v := range first {
		v[0] = "overwritten"
	}
	if third := ask(h, "GET", "/readyz").Header(); !reflect.DeepEqual(second, want) || !reflect.DeepEqual(third, want) {
		t.Errorf("reached another response: %v %v", second, third)
	}
}

func TestMethods(t *testing.T) {
	runs := 0
	m := mustNew(t, health.Config{Checks: []health.Check{{Name: "db", Live: true, Func: counted(&runs, passing)}}})
	h := m.Wrap(app)
	for _, path := range []string{"/livez", "/readyz", "/startupz", "/health"} {
		for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "BREW"} {
			w := ask(h, method, path)
			if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: %d %v", method, path, w.Code, w.Header())
			}
		}
	}
	if runs != 0 {
		t.Errorf("refused methods ran the check %d times", runs)
	}
}

func TestPathsAreExact(t *testing.T) {
	h := mustNew(t, health.Config{Paths: health.Paths{Live: "/internal/alive", Startup: "-"}}).Wrap(app)
	for _, path := range []string{"/livez", "/startupz", "/readyz/", "/READYZ", "/readyz/x", "//readyz", "/health.json", "/healthz", "/", "/-"} {
		if w := ask(h, "GET", path); w.Body.String() != "app" {
			t.Errorf("%s does not reach the app: %d %s", path, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/internal/alive", "/readyz", "/health", "/health?full=1"} {
		if w := ask(h, "GET", path); parse(t, w).Status != "pass" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := ask(mustNew(t, health.Config{}).Handler(), "GET", "/x"); w.Code != 404 {
		t.Errorf("Handler answers /x with %d", w.Code)
	}
}

func TestPassThrough(t *testing.T) {
	type key struct{ http.ResponseWriter }
	in := &key{httptest.NewRecorder()}
	r := httptest.NewRequest("POST", "/x", nil)
	called := 0
	h := mustNew(t, health.Config{}).Wrap(http.HandlerFunc(func(w http.ResponseWriter, got *http.Request) {
		called++
		if w != http.ResponseWriter(in) || got != r {
			t.Error("the writer or the request is another one")
		}
	}))
	h.ServeHTTP(in, r)
	if called != 1 || len(in.Header()) != 0 {
		t.Errorf("called %d times, header %v", called, in.Header())
	}
}

func TestAccept(t *testing.T) {
	h := mustNew(t, health.Config{}).Wrap(app)
	const plain, own = "application/json", "application/health+json"
	for _, tt := range []struct {
		accept []string
		want   string
	}{
		{nil, own},
		{[]string{""}, own},
		{[]string{"*/*"}, own},
		{[]string{"text/html"}, own},
		{[]string{plain}, plain},
		{[]string{"Application/JSON; q=0.5"}, plain},
		{[]string{"application/json;charset=utf-8, text/html"}, plain},
		{[]string{"application/json, text/plain, */*"}, own},
		{[]string{"application/json", "application/*;q=0.1"}, own},
		{[]string{"application/json, application/health+json"}, own},
		{[]string{"application/json, application/health+json;q=0"}, plain},
		{[]string{"application/json, */*; q=0.00"}, plain},
		{[]string{"application/json, */*; q=0.01"}, own},
		{[]string{"application/json;q=0"}, own},
		{[]string{",;,=;q,application/json,;"}, plain},
	} {
		r := httptest.NewRequest("GET", "/readyz", nil)
		r.Header["Accept"] = tt.accept
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Type"); got != tt.want {
			t.Errorf("Accept %q: %s, want %s", tt.accept, got, tt.want)
		}
	}
}

func TestDetails(t *testing.T) {
	m := mustNew(t, health.Config{
		Checks: []health.Check{
			{Name: "database", Func: failing, ComponentType: "datastore"},
			{Name: "queue", Func: passing},
		},
		Version: "1", ReleaseID: "1.4.2", Authorize: health.Bearer("s3cret"),
	})
	h := m.Wrap(app)
	for _, path := range []string{"/health", "/readyz"} {
		b := parse(t, ask(h, "GET", path, "Authorization", "bearer s3cret"))
		if b.Version != "1" || b.ReleaseID != "1.4.2" || b.Status != "fail" {
			t.Errorf("%s: %+v", path, b)
		}
		db, queue := b.Checks["database"], b.Checks["queue"]
		if len(db) != 1 || db[0].Output != failing(t.Context()).Error() || db[0].ComponentType != "datastore" || db[0].Status != "fail" {
			t.Errorf("%s: database %+v", path, db)
		}
		if len(queue) != 1 || queue[0].Output != "" || queue[0].Time == "" || queue[0].ObservedValue == nil || queue[0].ObservedUnit != "ms" {
			t.Errorf("%s: queue %+v", path, queue)
		}
	}
	wantStranger := `{"status":"fail","checks":{"database":[{"status":"fail"}],"queue":[{"status":"pass"}]}}` + "\n"
	for _, credentials := range []string{"", "Bearer wrong", "Bearer ", "Basic s3cret", "Bearer  s3cret", "s3cret"} {
		if w := ask(h, "GET", "/health", "Authorization", credentials); w.Code != 503 || w.Body.String() != wantStranger {
			t.Errorf("%q: %d %s", credentials, w.Code, w.Body)
		}
		if w := ask(h, "GET", "/readyz", "Authorization", credentials); w.Code != 503 || w.Body.String() != "{\"status\":\"fail\"}\n" {
			t.Errorf("%q: %d %s", credentials, w.Code, w.Body)
		}
	}
	m.Drain()
	if b := parse(t, ask(h, "GET", "/livez", "Authorization", "Bearer s3cret")); b.Status != "pass" || b.Output != "" || b.Version == "" {
		t.Errorf("a pass has no output: %+v", b)
	}
	if b := parse(t, ask(h, "GET", "/health", "Authorization", "Bearer s3cret")); b.Output != "draining" || b.Checks["queue"][0].Status != "pass" {
		t.Errorf("draining: %+v", b)
	}
}

// Before the start no check has run: there is nothing to say about one.
func TestBodiesBeforeTheStart(t *testing.T) {
	m := mustNew(t, health.Config{ManualStart: true, Checks: []health.Check{{Name: "database", Func: passing}}, Authorize: health.Bearer("x")})
	h := m.Wrap(app)
	if w := ask(h, "GET", "/health"); w.Body.String() != "{\"status\":\"fail\"}\n" {
		t.Errorf("a stranger: %s", w.Body)
	}
	if w := ask(h, "GET", "/health", "Authorization", "Bearer x"); w.Body.String() != "{\"status\":\"fail\",\"output\":\"not started yet\"}\n" {
		t.Errorf("a friend: %s", w.Body)
	}
}

func TestAuthorizeNeverDecidesTheStatus(t *testing.T) {
	for desc, authorize := range map[string]func(*http.Request) bool{
		"nil": nil, "no": func(*http.Request) bool { return false }, "yes": func(*http.Request) bool { return true },
		"panics": func(*http.Request) bool { panic("boom") }, "aborts": func(*http.Request) bool { panic(http.ErrAbortHandler) },
	} {
		for want, check := range map[int]health.Check{200: {Name: "c", Func: passing}, 503: {Name: "c", Func: failing}} {
			h := mustNew(t, health.Config{Checks: []health.Check{check}, Authorize: authorize}).Wrap(app)
			w := ask(h, "GET", "/health")
			if w.Code != want || strings.Contains(w.Body.String(), "time") != (desc == "yes") {
				t.Errorf("%s: %d, want %d: %s", desc, w.Code, want, w.Body)
			}
		}
	}
	if health.Bearer("")(httptest.NewRequest("GET", "/", nil)) {
		t.Error("an empty token lets in")
	}
}

func TestHostileErrorTexts(t *testing.T) {
	long := strings.Repeat("\xff\u2028<é>\x00", 5000)
	cfg := health.Config{Checks: []health.Check{
		{Name: "long", Func: returns(textError(long))}, {Name: "panics", Func: returns(panickyError{})},
	}, Authorize: func(*http.Request) bool { return true }}
	w := ask(mustNew(t, cfg).Wrap(app), "GET", "/health")
	if b := parse(t, w); w.Code != 503 || w.Body.Len() > 5000 || bytes.Contains(w.Body.Bytes(), []byte("<")) || b.Checks["panics"][0].Output == "" {
		t.Errorf("%d, %d bytes: %.300s", w.Code, w.Body.Len(), w.Body)
	}
}

func TestConnectionCloseWhileDraining(t *testing.T) {
	m := mustNew(t, health.Config{})
	h := m.Wrap(app)
	if got := ask(h, "GET", "/x").Header().Get("Connection"); got != "" {
		t.Errorf("before: Connection: %s", got)
	}
	m.Drain()
	for _, path := range []string{"/x", "/livez"} {
		if got := ask(h, "GET", path).Header().Get("Connection"); got != "close" {
			t.Errorf("%s: Connection: %q", path, got)
		}
	}
	if got := ask(h, "GET", "/ws", "Upgrade", "WebSocket").Header().Get("Connection"); got != "" {
		t.Errorf("a WebSocket: Connection: %q", got)
	}
}

func TestNotMadeByNew(t *testing.T) {
	for desc, m := range map[string]*health.Middleware{"zero": {}, "nil": nil} {
		m.Started()
		m.Drain()
		m.Track()()
		h := m.Wrap(app)
		if got := statuses(h, "GET", "/livez", "/readyz", "/startupz", "/health", "/x"); !slices.Equal(got, []int{503, 503, 503, 503, 200}) {
			t.Errorf("%s: %v", desc, got)
		}
		if m.Ready() || m.Checks() != nil || m.Draining() != nil || m.Config().Checks != nil {
			t.Errorf("%s: ready, or more", desc)
		}
		if err := m.Serve(t.Context(), &http.Server{}, nil); err == nil {
			t.Errorf("%s: Serve serves", desc)
		}
	}
}
