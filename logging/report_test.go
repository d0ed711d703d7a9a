package logging_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"log/slog"

	"github.com/gambeson-go/gambeson/logging"
)

// hook runs the four kinds of ends through one middleware and returns what OnError saw of them.
func caseHook(t *testing.T) {
	var seen []logging.Event
	var ids []string
	m, _ := middleware(t, logging.Config{OnError: func(ctx context.Context, e logging.Event) {
		seen = append(seen, e)
		ids = append(ids, logging.RequestID(ctx))
		if ctx.Err() != nil {
			t.Error("the context is cancelled with the request")
		}
	}})
	h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/500":
			logging.Add(r.Context(), slog.Any("err", fmt.Errorf("db: password=hunter2hunter2: %w", errors.New("down"))))
			w.WriteHeader(500)
		case "/panic":
			panic("boom")
		case "/404":
			w.WriteHeader(404)
		case "/abort":
			panic(http.ErrAbortHandler)
		}
	}))
	for _, path := range []string{"/500", "/panic", "/404", "/abort"} {
		func() {
			defer func() { _ = recover() }()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			h.ServeHTTP(httptest.NewRecorder(), get(path).WithContext(ctx))
		}()
	}
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 2 || seen[0].Path != "/500" || seen[1].Path != "/panic" {
		t.Fatalf("OnError saw %+v", seen)
	}
	if e := seen[0]; e.Status != 500 || e.Panic != nil || e.Err == nil || strings.Contains(e.Err.Error(), "hunter2") || !strings.Contains(e.Err.Error(), "db:") {
		t.Errorf("the 500: %+v", e)
	}
	if e := seen[1]; e.Status != 500 || e.Panic != "boom" || !strings.Contains(string(e.Stack), "caseHook") || ids[1] != e.RequestID || e.RequestID == "" {
		t.Errorf("the panic: %+v", e)
	}
}

func caseSlowHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		m, out := middleware(t, logging.Config{OnError: func(context.Context, logging.Event) {
			time.Sleep(5 * time.Second)
			n++
		}})
		h := m.Wrap(answer(500))
		start := time.Now()
		for range 400 {
			h.ServeHTTP(httptest.NewRecorder(), get("/"))
			synctest.Wait()
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("the answers took %v", d)
		}
		if d := m.Dropped(); d != 400-256-1 { // one is with the hook, 256 wait
			t.Errorf("dropped %d", d)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := m.Flush(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush = %v", err)
		}
		if err := m.Flush(t.Context()); err != nil || n != 257 {
			t.Errorf("Flush = %v after %d events", err, n)
		}
		if len(out.records(t)) != 400 {
			t.Error("a record is missing")
		}
	})
}

func caseHookPanics(t *testing.T) {
	n := 0
	m, _ := middleware(t, logging.Config{OnError: func(context.Context, logging.Event) { n++; panic("hook") }})
	h := m.Wrap(answer(500))
	for range 3 {
		h.ServeHTTP(httptest.NewRecorder(), get("/"))
	}
	if err := m.Flush(t.Context()); err != nil || n != 3 {
		t.Errorf("Flush = %v, %d events", err, n)
	}
}

func caseHeaders(t *testing.T) {
	secret := []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "X-Auth-Token", "X-CSRF-Token", "X-Vault-Token"}
	cfg := logging.Config{RequestHeaders: append(secret, "Traceparent", "Accept", "Referer", "Absent")}
	r := get("/")
	for _, name := range secret {
		r.Header.Set(name, "Zk9x-s3cr3t-V4lu3-"+name)
	}
	r.Header.Set("Cookie", "sid=Zk9x-s3cr3t-V4lu3")
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Referer", "https://x.example/?token=Zk9xs3cr3tV4lu3")
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	_, rec := serve(t, cfg, r, nothing)
	for key, v := range rec {
		if s := fmt.Sprint(v); strings.Contains(s, "s3cr3t") {
			t.Errorf("%s = %v", key, v)
		}
	}
	for _, name := range append(secret, "Referer") {
		if _, ok := rec["http.request.header."+strings.ToLower(name)]; !ok {
			t.Errorf("%s is not there", name)
		}
	}
	for name, v := range map[string]string{"accept": "[text/html]", "traceparent": "[" + r.Header.Get("Traceparent") + "]", "absent": "<nil>"} {
		if got := fmt.Sprint(rec["http.request.header."+name]); got != v {
			t.Errorf("%s = %s, want %s", name, got, v)
		}
	}
}

func TestResponseHeaders(t *testing.T) {
	_, rec := serve(t, logging.Config{ResponseHeaders: []string{"Location", "Set-Cookie"}}, get("/"), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/next")
		w.Header().Add("Set-Cookie", "sid=Zk9xs3cr3tV4lu3; Path=/")
	})
	if s := fmt.Sprint(rec); strings.Contains(s, "s3cr3t") || fmt.Sprint(rec["http.response.header.location"]) != "[/next]" {
		t.Errorf("record %v", rec)
	}
}

func caseTracker(t *testing.T) {
	const secret = "hunter2hunter2"
	var event logging.Event
	m, out := middleware(t, logging.Config{OnError: func(_ context.Context, e logging.Event) { event = e }})
	r := httptest.NewRequest("POST", "http://ann:"+secret+"@x.example/a?password="+secret, strings.NewReader(secret))
	r.SetBasicAuth("ann", secret)
	r.AddCookie(&http.Cookie{Name: "session", Value: secret})
	r.Header.Set("Accept", "text/html")
	r.Header.Set("X-Api-Key", secret)
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		logging.Add(r.Context(), slog.String("password", secret), slog.Any("err", errors.New("password="+secret)))
		panic(map[string]string{"password": secret})
	})).ServeHTTP(httptest.NewRecorder(), r)
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := event.Request
	if c == nil || c.Header.Get("Accept") != "text/html" || c.URL.Path != "/a" || c.Method != "POST" {
		t.Fatalf("request %+v", c)
	}
	if c.Header.Get("Authorization") != "" || c.Header.Get("Cookie") != "" || r.Header.Get("Cookie") == "" {
		t.Errorf("credentials: %v, the handler's own: %v", c.Header, r.Header)
	}
	all := fmt.Sprintf("%+v %s %+v %s %s %v %v", event, c.URL, c.Header, c.RequestURI, event.Stack, c.PostForm, c.Form)
	for _, text := range []string{all, out.String()} {
		if strings.Contains(text, secret) {
			t.Errorf("the secret is in %s", text)
		}
	}
}
