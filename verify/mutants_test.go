package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/health"
	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/ratelimit"
)

// mutant is the hardened app with one thing broken. The check must fail, and also those of also, and no other.
type mutant struct {
	check  string
	name   string // what was broken, as the documentation lists it
	also   []string
	breaks func(t testing.TB, a *hardened)
}

type layerFunc = func(http.Handler) http.Handler

func outside(wrap layerFunc) func(testing.TB, *hardened) {
	return func(_ testing.TB, a *hardened) { a.outside = wrap }
}

func inside(wrap layerFunc) func(testing.TB, *hardened) {
	return func(_ testing.TB, a *hardened) { a.inside = wrap }
}

// header edits every answer on its way out. The editor hides the server's writer, so the limit of bodies stands outside.
func header(change func(h http.Header, r *http.Request, status int)) func(testing.TB, *hardened) {
	return outside(func(next http.Handler) http.Handler { return http.MaxBytesHandler(edit(change)(next), testLimit) })
}

// before runs a handler first, which says whether it has answered.
func before(answered func(w http.ResponseWriter, r *http.Request) bool) layerFunc {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !answered(w, r) {
				next.ServeHTTP(w, r)
			}
		})
	}
}

// order builds the layers by hand, outermost first, as somebody does who does not use Stack.
func order(names ...string) func(testing.TB, *hardened) {
	return func(t testing.TB, a *hardened) {
		a.build = func(a *hardened, app http.Handler) (http.Handler, error) {
			rest := a.Stack // what is not named is built by Stack, within
			wraps := map[string]layerFunc{"health": a.Health.Wrap, "logging": a.Logging.Wrap, "metrics": a.Metrics.Wrap, "headers": a.Headers.Wrap,
				"cors": a.CORS.Wrap, "limit": a.RateLimit.Wrap, "csrf": csrf().Handler, "auth": authOfAll}
			rest.Health, rest.Logging, rest.Metrics, rest.Headers, rest.CORS, rest.RateLimit = nil, nil, nil, nil, nil, nil
			rest.DangerouslyNoCSRF = true
			if !a.loose {
				rest.BeforeAuth = append(rest.BeforeAuth, dropInnerCORS)
			}
			maxBody := rest.MaxBodyBytes
			rest.MaxBodyBytes = -1
			h, err := rest.Build(app)
			h = declaredLength(maxBody, h)
			for i := len(names) - 1; i >= 0; i-- {
				h = wraps[names[i]](h)
			}
			return http.MaxBytesHandler(h, maxBody), err
		}
	}
}

func declaredLength(max int64, next http.Handler) http.Handler {
	return before(func(w http.ResponseWriter, r *http.Request) bool {
		if r.ContentLength > max {
			w.Header().Set("Connection", "close")
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		}
		return r.ContentLength > max
	})(next)
}

// authOfAll asks preflights for a credential too, which browsers do not send.
func authOfAll(next http.Handler) http.Handler {
	return before(func(w http.ResponseWriter, r *http.Request) bool {
		refuse := (r.Method == http.MethodOptions || r.URL.Path == "/notes") && r.Header.Get("Authorization") == ""
		if refuse {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "who are you?", http.StatusUnauthorized)
		}
		return refuse
	})(next)
}

func csrf() *http.CrossOriginProtection {
	c := http.NewCrossOriginProtection()
	c.AddTrustedOrigin(testOrigin)
	c.AddTrustedOrigin("https://admin.example.com")
	return c
}

// recovery answers panics as somebody writes it in a hurry; sound says what it does right.
func recovery(answer func(w http.ResponseWriter, v any, written bool)) layerFunc {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			e := &editor{ResponseWriter: w, edit: func(http.Header, int) {}}
			defer func() {
				if v := recover(); v != nil {
					answer(e, v, e.done)
				}
			}()
			next.ServeHTTP(e, r)
		})
	}
}

func originMutant(name string, allows func(origin string) bool, also ...string) mutant {
	return mutant{"cors-hostile", name, also, header(func(h http.Header, r *http.Request, _ int) {
		if o := r.Header.Get("Origin"); o != "" && allows(o) {
			h.Set("Access-Control-Allow-Origin", o)
		}
	})}
}

// logLine writes a line of its own for every request.
func logLine(line func(r *http.Request) string) func(testing.TB, *hardened) {
	return func(_ testing.TB, a *hardened) {
		a.outside = before(func(_ http.ResponseWriter, r *http.Request) bool {
			io.WriteString(a.log, line(r)+"\n")
			return false
		})
	}
}

// debugLine is a record of an app, with something in it.
func debugLine(v string) string {
	value, _ := json.Marshal(v)
	return fmt.Sprintf(`{"time":%q,"level":"DEBUG","msg":"debug","value":%s}`, time.Now().Format(time.RFC3339), value)
}

func limiterKey(key func(r *http.Request) string) func(testing.TB, *hardened) {
	return func(t testing.TB, a *hardened) { a.RateLimit = newLimiter(t, ratelimit.Config{}, key) }
}

func peer(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}

// network is the peer, IPv6 by its /64 as it should be.
func network(r *http.Request) string {
	addr := netip.MustParseAddr(peer(r))
	if addr.Is4() {
		return addr.String()
	}
	prefix, _ := addr.Prefix(64)
	return prefix.String()
}

// first is the left-most address of X-Forwarded-For, which the client writes.
func first(r *http.Request) string {
	addr, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ",")
	return addr
}

func route(pattern, answer string) func(testing.TB, *hardened) {
	return func(_ testing.TB, a *hardened) {
		a.mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) })
	}
}

func relogged(cfg logging.Config) func(testing.TB, *hardened) {
	return func(t testing.TB, a *hardened) {
		cfg.Redactor, cfg.Logger = newRedactor(t), slog.New(logging.NewHandler(a.log, nil))
		a.Logging = must[*logging.Middleware](t)(logging.New(cfg))
	}
}

func rehealth(check health.Check, cfg health.Config) func(testing.TB, *hardened) {
	return func(t testing.TB, a *hardened) {
		old := a.Health.Config().Checks[0]
		check.Name, check.Func = old.Name, old.Func
		cfg.Checks = []health.Check{check}
		a.Health = must[*health.Middleware](t)(health.New(cfg))
	}
}

func reheader(change func(*headers.Config)) func(testing.TB, *hardened) {
	return func(t testing.TB, a *hardened) {
		cfg := a.Headers.Config()
		change(&cfg)
		a.Headers = must[*headers.Middleware](t)(headers.New(cfg))
	}
}

// adminPage edits the scrape page.
func adminPage(a *hardened, change func(page []byte) []byte) {
	next := a.admin
	a.admin = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &memory{header: http.Header{}}
		next.ServeHTTP(rec, r)
		w.Write(change(rec.body.Bytes()))
	})
}

type memory struct {
	header http.Header
	body   bytes.Buffer
}

func (m *memory) Header() http.Header         { return m.header }
func (m *memory) Write(b []byte) (int, error) { return m.body.Write(b) }
func (m *memory) WriteHeader(int)             {}

// seen is a set that grows with requests, as label values do.
type seen struct {
	mu  sync.Mutex
	all map[string]bool
}

func (s *seen) add(v string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]bool{}
	}
	s.all[v] = true
}

func (s *seen) page() (b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v := range s.all {
		b = fmt.Appendf(b, "app_seen{value=%q} 1\n", v)
	}
	return b
}

var errAborted = http.ErrAbortHandler

func isAbort(v any) bool {
	err, ok := v.(error)
	return ok && errors.Is(err, errAborted)
}

// onLoopback lets the app be served on loopback.
func onLoopback(c *headers.Config) { c.AllowedHosts = []string{"127.0.0.1"} }

// widen lets an audit through the limiter.
func widen(t testing.TB, a *hardened) {
	cfg := a.RateLimit.Config()
	cfg.Policies[0].Limit, cfg.Policies[0].Burst, cfg.Store = 1, 400, nil
	a.RateLimit = must[*ratelimit.Middleware](t)(ratelimit.New(cfg))
}
