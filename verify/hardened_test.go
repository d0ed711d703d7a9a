package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/cors"
	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/health"
	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/metrics"
	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/redact"
	"github.com/gambeson-go/gambeson/verify"
)

const (
	testHost   = "api.example.com"
	testOrigin = "https://app.example.com"
	testToken  = "Bearer right-token-of-the-test"
	testBurst  = 12
	testLimit  = 4 << 10
)

// hardened is the app that every mutant is made from: our Stack around an app that does what Config declares.
type hardened struct {
	gambeson.Stack
	mux    *http.ServeMux
	admin  http.Handler
	log    *syncBuffer
	down   atomic.Bool
	server *http.Server
	// Where a mutant puts itself: around everything, or around the app within all layers.
	outside, inside func(http.Handler) http.Handler
	build           func(s *hardened, app http.Handler) (http.Handler, error) // nil: Stack.Build
	loose           bool                                                      // handlers overwrite what CORS decided, where the layers are put together by hand
}

// expectations is what the hardened app promises.
func expectations() verify.Config {
	bearer := map[string]string{"Authorization": testToken}
	notes := verify.Call{Method: "POST", Path: "/notes", Header: bearer, Body: `{"text":"$INPUT"}`}
	return verify.Config{
		Host: testHost, HTTPS: true, HostCheck: true,
		CORS:      &verify.CORS{Origins: []string{testOrigin, "https://admin.example.com"}, Method: "PUT", Header: "Authorization"},
		CSRF:      &notes,
		Rate:      &verify.Rate{Burst: testBurst},
		Login:     &verify.Login{Call: verify.Call{Path: "/login", Body: `{"user":"ann","password":"$INPUT"}`}, Attempts: 5},
		Health:    &verify.Health{Live: "/livez", Ready: "/readyz", Full: "/health"},
		Metrics:   &verify.Metrics{Private: []string{"/internal"}},
		Body:      &verify.Body{Call: notes, Limit: testLimit},
		Auth:      &verify.Auth{Routes: []verify.Call{{Path: "/notes"}, {Method: "POST", Path: "/notes", Body: `{"text":"x"}`}}, Credential: bearer, Refused: map[string]string{"a token that expired": "Bearer expired"}},
		RequestID: "X-Request-Id",
		Inputs:    []verify.Call{{Path: "/search?q=$INPUT"}, notes},
		Redirects: []string{"/go?next=$INPUT"},
		Secrets:   []verify.Call{{Path: "/token", Header: bearer}},
		Timeout:   10 * time.Second, HeaderTimeout: 6 * time.Second,
		Logs: &verify.Logs{SecretPaths: []string{"/reset-password/$INPUT"}},
	}
}

func newHardened(t testing.TB) *hardened {
	t.Helper()
	a := &hardened{log: new(syncBuffer), mux: http.NewServeMux(), server: gambeson.Server("", nil)}
	h := headers.API()
	h.RedirectHTTPS, h.AllowedHosts = true, []string{testHost}
	a.Stack = gambeson.Stack{
		Health: must[*health.Middleware](t)(health.New(health.Config{Checks: []health.Check{{Name: "database", Func: func(context.Context) error {
			if a.down.Load() {
				return errors.New("dial tcp 10.0.0.5:5432: connect: connection refused")
			}
			return nil
		}}}})),
		Logging: must[*logging.Middleware](t)(logging.New(logging.Config{Logger: slog.New(logging.NewHandler(a.log, nil)), Redactor: newRedactor(t)})),
		Metrics: must[*metrics.Middleware](t)(metrics.New(metrics.Config{})),
		Headers: must[*headers.Middleware](t)(headers.New(h)),
		CORS: must[*cors.Middleware](t)(cors.New(cors.Config{AllowedOrigins: []string{testOrigin, "https://admin.example.com"},
			AllowedMethods: []string{"PUT"}, AllowedHeaders: []string{"Authorization", "Content-Type"}})),
		RateLimit:    newLimiter(t, ratelimit.Config{}),
		LeakGuard:    redact.Default(),
		MaxBodyBytes: testLimit, Timeout: 10 * time.Second,
		Auth: authenticate,
	}
	a.routes()
	admin := http.NewServeMux()
	admin.Handle("GET /metrics", a.Metrics.Handler())
	a.admin = admin
	return a
}

// newRedactor knows the one route of the app with a secret in its path.
func newRedactor(t testing.TB) *redact.Redactor {
	t.Helper()
	return must[*redact.Redactor](t)(redact.New(redact.Config{Patterns: []redact.Pattern{
		{Name: "reset", Prefix: "reset-password/", Chars: "A-Za-z0-9_-", Min: 16},
	}}))
}

// dropInnerCORS keeps handlers from writing what the CORS layer has decided, as Stack does, for mutants that put the
// layers together themselves.
func dropInnerCORS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		decided := map[string][]string{}
		for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"} {
			decided[name] = w.Header()[name]
		}
		next.ServeHTTP(&editor{ResponseWriter: w, edit: func(h http.Header, _ int) {
			for name, values := range decided {
				if values == nil {
					h.Del(name)
				} else {
					h[name] = values
				}
			}
		}}, r)
	})
}

// newLimiter has the declared limits, with what cfg says of clients.
func newLimiter(t testing.TB, cfg ratelimit.Config, key ...func(*http.Request) string) *ratelimit.Middleware {
	t.Helper()
	login := ratelimit.Policy{Name: "login", Limit: ratelimit.Per(1, time.Minute), Burst: 4, Key: func(r *http.Request) string {
		if r.URL.Path != "/login" {
			return ""
		}
		return ratelimit.ByIP(cfg.ClientIP, 0)(r)
	}}
	client := ratelimit.Policy{Name: "client", Limit: ratelimit.Per(6, time.Minute), Burst: testBurst}
	if len(key) > 0 {
		client.Key = key[0]
	}
	cfg.Policies, cfg.Store = []ratelimit.Policy{client, login}, ratelimit.NewMemory(1<<10)
	return must[*ratelimit.Middleware](t)(ratelimit.New(cfg))
}

func (a *hardened) routes() {
	a.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "__Host-seen", Value: "1", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		io.WriteString(w, "hello")
	})
	a.mux.HandleFunc("GET /notes", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `["a note of Ann's"]`) })
	a.mux.HandleFunc("POST /notes", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Text string }
		err := json.NewDecoder(r.Body).Decode(&in)
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		} else if err != nil {
			http.Error(w, "not the JSON that was expected", http.StatusBadRequest)
		} else {
			w.WriteHeader(http.StatusCreated)
		}
	})
	a.mux.HandleFunc("POST /login", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "wrong password", http.StatusUnauthorized)
	})
	a.mux.HandleFunc("GET /search", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "[]") })
	a.mux.HandleFunc("GET /token", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"token":"tttttttttttttttttttttttt"}`)
	})
	a.mux.HandleFunc("GET /go", func(w http.ResponseWriter, r *http.Request) {
		next := r.URL.Query().Get("next")
		if len(next) < 2 || next[0] != '/' || bytes.ContainsAny([]byte(next[1:]), "/\\\t\r\n:") {
			next = "/"
		}
		http.Redirect(w, r, next, http.StatusSeeOther)
	})
}

func authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/notes" && r.Header.Get("Authorization") != testToken {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// app builds it around its own routes, and around what verify brings.
func (a *hardened) app(t testing.TB) verify.App {
	t.Helper()
	wrap := func(app http.Handler) http.Handler {
		if a.inside != nil {
			app = a.inside(app)
		}
		build := a.build
		if build == nil {
			build = func(a *hardened, app http.Handler) (http.Handler, error) { return a.Build(app) }
		}
		h, err := build(a, app)
		if err != nil {
			panic(fmt.Sprint("the app does not build: ", err))
		}
		if a.outside != nil {
			h = a.outside(h)
		}
		return h
	}
	return verify.App{Handler: wrap(a.mux), Admin: a.admin, Wrap: wrap, Logs: a.log.bytes, FailDependency: a.down.Store, Server: a.server}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// syncBuffer is a log that several goroutines write.
type syncBuffer struct {
	mu   sync.Mutex
	b    bytes.Buffer
	also io.Writer // a file, for what looks at a log from outside
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.also != nil {
		s.also.Write(p)
	}
	return s.b.Write(p)
}

func (s *syncBuffer) bytes() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.b.Bytes())
}

// The app that is hardened by our Stack passes all that can be judged in process.
func TestHardenedPasses(t *testing.T) {
	for _, r := range verify.Collect(t, func(t *testing.T) verify.App { return newHardened(t).app(t) }, expectations()) {
		if r.Status != verify.Pass && r.Reason != "is judged on a URL only" {
			t.Errorf("%s", r.Line(false))
		}
	}
}
