package tests

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/cors"
	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/redact"
	"github.com/gambeson-go/gambeson/verify"
)

const (
	judgedHost  = "api.example.com"
	judgedPage  = "https://app.example.com"
	judgedToken = "Bearer token-of-the-test"
	judgedBurst = 12
	judgedBody  = 4 << 10
)

// promises is what a small API with bearer tokens owes, whatever it is made with.
func promises() verify.Config {
	bearer := map[string]string{"Authorization": judgedToken}
	note := verify.Call{Path: "/notes", Header: bearer, Body: `{"text":"$INPUT"}`}
	return verify.Config{
		Host: judgedHost, HTTPS: true, HostCheck: true,
		CORS:      &verify.CORS{Origins: []string{judgedPage}, Path: "/notes", Method: "POST", Header: "Authorization"},
		CSRF:      &note,
		Rate:      &verify.Rate{Burst: judgedBurst},
		Login:     &verify.Login{Call: verify.Call{Path: "/login", Body: `{"user":"ann","password":"$INPUT"}`}, Attempts: 5},
		Body:      &verify.Body{Call: note, Limit: judgedBody},
		Auth:      &verify.Auth{Routes: []verify.Call{{Path: "/notes"}, {Path: "/notes", Body: `{"text":"x"}`}}, Credential: bearer},
		RequestID: "X-Request-Id",
		Inputs:    []verify.Call{{Path: "/search?q=$INPUT"}, note},
		Timeout:   time.Second, HeaderTimeout: time.Second,
	}
}

// framework makes the same API each in its own way. With usual it has the middlewares that its ecosystem recommends;
// without them it is the router, its routes and their authentication. inner, if any, answers below /gambeson-verify/.
type framework struct {
	name  string
	make  func(usual bool, log io.Writer, inner http.Handler) http.Handler
	fails map[string]string // with the usual middlewares: ID to reason
	stays map[string]string // within Stack too, because of the framework itself
}

// bare is how each is started in its introduction: router.Run, e.Start, http.ListenAndServe set no timeout.
func (f framework) bare() (verify.App, error) {
	out := new(lockedBuffer)
	wrap := func(inner http.Handler) http.Handler { return f.make(true, out, inner) }
	return verify.App{Handler: wrap(nil), Wrap: wrap, Logs: out.bytes, Server: &http.Server{}}, nil
}

// hardened is the same router with Stack in the place of the usual middlewares.
func (f framework) hardened() (verify.App, error) {
	out := new(lockedBuffer)
	stack, err := newStack(out)
	if err != nil {
		return verify.App{}, err
	}
	handler, err := stack.Build(f.make(false, out, nil))
	if err != nil {
		return verify.App{}, err
	}
	wrap := func(inner http.Handler) http.Handler {
		h, err := stack.Build(f.make(false, out, inner))
		if err != nil {
			panic(err) // the same stack has just been built
		}
		return h
	}
	server := gambeson.Server("", nil)
	server.ReadHeaderTimeout = time.Second
	return verify.App{Handler: handler, Wrap: wrap, Logs: out.bytes, Server: server}, nil
}

func newStack(out io.Writer) (s gambeson.Stack, err error) {
	var errs [4]error
	h := headers.API()
	h.RedirectHTTPS, h.AllowedHosts = true, []string{judgedHost}
	s = gambeson.Stack{LeakGuard: redact.Default(), MaxBodyBytes: judgedBody, Timeout: time.Second}
	s.Logging, errs[0] = logging.New(logging.Config{Logger: slog.New(logging.NewHandler(out, nil))})
	s.Headers, errs[1] = headers.New(h)
	s.CORS, errs[2] = cors.New(cors.Config{AllowedOrigins: []string{judgedPage},
		AllowedHeaders: []string{"Authorization", "Content-Type"}})
	byIP := ratelimit.ByIP(nil, 0)
	s.RateLimit, errs[3] = ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{
		{Name: "client", Limit: ratelimit.Per(1, time.Second), Burst: judgedBurst},
		{Name: "login", Limit: ratelimit.Per(1, time.Minute), Burst: 4, Key: func(r *http.Request) string {
			if r.URL.Path != "/login" {
				return ""
			}
			return byIP(r)
		}},
	}})
	return s, errors.Join(errs[:]...)
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.b.Bytes())
}

// What the usual middlewares of three frameworks leave open today, and that Stack closes it. Who upgrades one of them
// and sees a check gone from the list takes its line out.
func TestVerifyFrameworks(t *testing.T) {
	gin.SetMode(gin.TestMode)
	for _, f := range frameworks {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			failing(t, f.bare, f.fails)
			statuses := failing(t, f.hardened, f.stays)
			for _, id := range slices.Sorted(maps.Keys(f.fails)) {
				if statuses[id] != verify.Pass && f.stays[id] == "" {
					t.Errorf("%s within Stack: %s", id, statuses[id])
				}
			}
		})
	}
}

// failing wants just these checks to fail, and says how each ended.
func failing(t *testing.T, newApp func() (verify.App, error), want map[string]string) map[string]verify.Status {
	t.Helper()
	rep := verify.Audit(t.Context(), newApp, promises())
	if rep.Err != nil {
		t.Fatal(rep.Err)
	}
	statuses := map[string]verify.Status{}
	for _, r := range rep.Results {
		statuses[r.ID] = r.Status
		switch reason := want[r.ID]; {
		case r.Status == verify.Fail && reason == "":
			t.Errorf("not expected to fail: %s", r.Line(false))
		case r.Status != verify.Fail && reason != "":
			t.Errorf("expected to fail (%s): %s", reason, r.Line(false))
		}
	}
	return statuses
}

// What no framework or middleware of the three does by default.
const (
	noHeaders = "no middleware of security headers in use"
	noCache   = "an answer to a token says nothing of caches"
	noHost    = "any host is served"
	noCSRF    = "CORS hides the answer, and the request takes effect"
	noLogin   = "no narrower limit where passwords are guessed"
	noTimeout = "the server is started without timeouts"
	asItCame  = "the query, and the error of a panic, are logged as they came"
	textLog   = "the log is text"
	swallowed = "the recovery ends half an answer properly"
	inner     = "a handler sets the header after the layer"
)

var frameworks = []framework{
	{"gin", ginApp, map[string]string{
		"hdr-nosniff": noHeaders, "hdr-frame": noHeaders, "hdr-referrer": noHeaders, "hdr-hsts": noHeaders, "hdr-csp": noHeaders,
		"auth-cache":     noCache,
		"https-redirect": "gin has none",
		"host-check":     noHost,
		"cors-vary":      "Vary comes only with an Origin",
		"body-limit":     "gin has none",
		"panic-late":     swallowed,
		"abort":          "the recovery takes http.ErrAbortHandler for a client that has gone, and ends the answer",
		"stream":         ginWriter,
		"timeout":        "gin has none",
		"slow-header":    noTimeout,
		"reqid":          "gin has none",
		"log-json":       textLog,
		"log-one":        textLog,
		"log-leak":       asItCame,
		"rate-login":     "gin has no limiter", "rate-trigger": "gin has no limiter",
	}, map[string]string{
		"stream":  ginWriter,
		"timeout": "gin writes its 200 for a handler that wrote nothing: handlers must look at the context's error",
	}},
	{"echo", echoApp, map[string]string{
		"hdr-referrer": "Secure leaves it off", "hdr-hsts": "Secure leaves it off", "hdr-csp": "Secure leaves it off",
		"auth-cache":     noCache,
		"https-redirect": "a POST is redirected with 301, which makes it a GET",
		"host-check":     noHost + ", and the redirect repeats it",
		"cors-stack":     inner,
		"csrf":           noCSRF,
		"body-limit":     "413 keeps the connection; a JSON body in chunks is not read to its end",
		"panic-late":     swallowed,
		"timeout":        "ContextTimeout answers only where the handler returns the context's error",
		"slow-header":    noTimeout,
		"reqid":          "the client's id is taken, whatever it is",
		"log-json":       "a record has no level", "log-level": "a record has no level",
		"log-leak":     asItCame,
		"rate-login":   noLogin,
		"rate-trigger": "429 has no Retry-After",
		"rate-spoof":   "the client's address is what X-Forwarded-For or X-Real-Ip says", "rate-lockout": "the same",
		"rate-v6": "each IPv6 address is a client",
	}, nil},
	{"chi", chiApp, map[string]string{
		"hdr-nosniff": noHeaders, "hdr-frame": noHeaders, "hdr-referrer": noHeaders, "hdr-hsts": noHeaders, "hdr-csp": noHeaders,
		"auth-cache":     noCache,
		"https-redirect": "chi has none",
		"host-check":     noHost,
		"cors-stack":     inner,
		"csrf":           noCSRF,
		"body-limit":     "none in use",
		"panic-late":     swallowed,
		"slow-header":    noTimeout,
		"reqid":          "the id is for the log; no answer has it",
		"log-json":       textLog,
		"log-one":        textLog,
		"log-leak":       asItCame,
		"rate-login":     noLogin,
		"rate-spoof":     "RealIP believes the header of anybody", "rate-lockout": "RealIP believes the header of anybody",
	}, nil},
}

const ginWriter = "gin's writer keeps the status until the end, and so 103 as well"
