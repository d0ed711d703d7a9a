package gambeson_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/metrics"
)

// Each test here is a row of the order: the layers put together in the wrong order show the failure that the row names,
// and Stack does not.

// pipes is a listener whose connections lie in memory, so that a server lives in a synctest bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipes() pipes { return pipes{make(chan net.Conn), make(chan struct{})} }
func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error   { close(p.done); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// dial is a client that opens a connection and sends text.
func (p pipes) dial(text string) net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	if text != "" {
		client.Write([]byte(text))
	}
	return client
}

func Test0ServerTimeouts(t *testing.T) {
	// Slow clients send the beginning of a header and then nothing. How many connections do they still hold after a minute?
	held := func(srv *http.Server) int {
		ln := newPipes()
		go srv.Serve(ln)
		defer srv.Close()
		open := 0
		var conns []net.Conn
		for range 300 {
			conns = append(conns, ln.dial("GET / HTTP/1.1\r\nHost: a\r\n"))
		}
		time.Sleep(6 * time.Second)
		for _, c := range conns {
			c.SetReadDeadline(time.Now().Add(time.Millisecond))
			if _, err := c.Read(make([]byte, 1)); err != nil && err != io.EOF && strings.Contains(err.Error(), "timeout") {
				open++
			}
			c.Close()
		}
		return open
	}
	synctest.Test(t, func(t *testing.T) {
		if n := held(&http.Server{Handler: hello}); n != 300 {
			t.Errorf("a bare server holds %d of 300 slow connections; the test needs all", n)
		}
		if n := held(gambeson.Server("", hello)); n != 0 {
			t.Errorf("Server holds %d of 300 slow connections", n)
		}
	})
}

// net/http answers OPTIONS * by itself, past every layer, unless it is told not to.
func Test0OptionsAsterisk(t *testing.T) {
	ask := func(srv *http.Server) (status int) {
		ln := newPipes()
		go srv.Serve(ln)
		defer srv.Close()
		conn := ln.dial("")
		defer conn.Close()
		go io.WriteString(conn, "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode
	}
	l := newLayers(t, 10)
	cfg := headers.API()
	cfg.AllowedHosts = []string{"api.example.com"}
	l.Headers = must[*headers.Middleware](t)(headers.New(cfg))
	h := l.build(t, hello)
	if got := ask(&http.Server{Handler: h}); got != 200 {
		t.Errorf("a bare server: %d; the failure to show is its own answer", got)
	}
	if got := ask(gambeson.Server("", h)); got != 421 {
		t.Errorf("Server: %d, want the host refused", got)
	}
}

func Test1HealthOutermost(t *testing.T) {
	redirecting := func(t *testing.T) layers {
		l := newLayers(t, 1)
		cfg := headers.API()
		cfg.RedirectHTTPS, cfg.AllowedHosts = true, []string{"api.example.com"}
		l.Headers = must[*headers.Middleware](t)(headers.New(cfg))
		return l
	}
	probe := func(h http.Handler) (codes []int) {
		for range 3 {
			r := request("GET", "/livez")
			r.Host = "10.0.0.7:8080" // a load balancer asks the address, over http
			codes = append(codes, do(h, r).StatusCode)
		}
		return codes
	}
	l := redirecting(t)
	if got := fmt.Sprint(probe(chain(hello, l.RateLimit.Wrap, l.Health.Wrap))); got != "[200 429 429]" {
		t.Errorf("limiter outside of health: %s", got)
	}
	if got := probe(chain(hello, l.Headers.Wrap, l.Health.Wrap)); got[0] == 200 {
		t.Errorf("headers outside of health: %v, want a redirect or a refused host", got)
	}
	l = redirecting(t)
	if got := fmt.Sprint(probe(l.build(t, hello))); got != "[200 200 200]" {
		t.Errorf("Stack: %s", got)
	}
	if n := len(l.log.records(t)); n != 0 {
		t.Errorf("Stack logs %d probes", n)
	}
}

func Test2BodyLimitOutsideOfWriters(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		}
	})
	// send posts more than is allowed, in chunks, and tells whether the server closes the connection after its 413.
	send := func(h http.Handler) (status int, closes bool) {
		srv := httptest.NewServer(h)
		defer srv.Close()
		res, err := http.Post(srv.URL, "text/plain", io.LimitReader(zeros{}, 100<<10))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode, res.Close
	}
	limit := func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, 1<<10) }

	l := newLayers(t, 10)
	if status, closes := send(chain(app, l.Logging.Wrap, limit)); status != 413 || closes {
		t.Errorf("limit inside of logging: %d, closes %v; the failure to show is 413 on a connection that stays", status, closes)
	}
	l = newLayers(t, 10)
	l.MaxBodyBytes = 1 << 10
	if status, closes := send(l.build(t, app)); status != 413 || !closes {
		t.Errorf("Stack: %d, closes %v", status, closes)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func Test3LoggingSeesRejections(t *testing.T) {
	attack := func(h http.Handler) {
		for range 5 {
			do(h, request("GET", "/wp-login.php"))
		}
	}
	l := newLayers(t, 1)
	attack(chain(hello, l.RateLimit.Wrap, l.Logging.Wrap))
	if n := len(l.log.records(t)); n != 1 {
		t.Errorf("logging inside of the limiter: %d of 5 requests logged, want the one that passed", n)
	}
	l = newLayers(t, 1)
	attack(l.build(t, hello))
	records := l.log.records(t)
	if len(records) != 5 {
		t.Fatalf("Stack logs %d of 5 requests", len(records))
	}
	if got := records[4]["http.response.status_code"]; got != 429.0 {
		t.Errorf("Stack logs status %v for a 429", got)
	}
}

func Test3LoggingRecovers(t *testing.T) {
	app := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })
	l := newLayers(t, 10)
	res := do(l.build(t, app), request("GET", "/"))
	records := l.log.records(t)
	if res.StatusCode != 500 || len(records) != 1 || records[0]["http.response.status_code"] != 500.0 || records[0]["level"] != "ERROR" {
		t.Errorf("answer %d, records %v", res.StatusCode, records)
	}
}

func Test4MetricsInsideOfRecovery(t *testing.T) {
	app := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })
	l := newLayers(t, 10)
	do(chain(app, l.Metrics.Wrap, l.Logging.Wrap), request("GET", "/"))
	if got := scrape(t, l.Metrics, "http_panics_total{"); !strings.HasSuffix(got, " 0") {
		t.Errorf("metrics outside of recovery count %s; the failure to show is a panic that nobody counted", got)
	}
	l = newLayers(t, 10)
	do(l.build(t, app), request("GET", "/"))
	if got := scrape(t, l.Metrics, "http_panics_total{"); !strings.HasSuffix(got, " 1") {
		t.Errorf("Stack counts panics %q", got)
	}
	if got := scrape(t, l.Metrics, "http_requests_total{"); !strings.Contains(got, `code="500"`) {
		t.Errorf("Stack counts requests %q", got)
	}
}

func Test4MetricsCountRefusals(t *testing.T) {
	l := newLayers(t, 10)
	cfg := headers.API()
	cfg.AllowedHosts = []string{"other.example.com"}
	l.Headers = must[*headers.Middleware](t)(headers.New(cfg))
	do(chain(hello, l.Headers.Wrap, l.Metrics.Wrap), request("GET", "/"))
	if got := scrape(t, l.Metrics, "http_requests_total{"); got != "" {
		t.Errorf("metrics inside of headers count %s; the failure to show is a refused host that nobody counted", got)
	}
	do(l.build(t, hello), request("GET", "/"))
	if got := scrape(t, l.Metrics, "http_requests_total{"); !strings.Contains(got, `code="421"`) {
		t.Errorf("Stack counts %q", got)
	}
}

func Test5HeadersOnEveryAnswer(t *testing.T) {
	secure := func(res *http.Response) bool {
		return res.Header.Get("Strict-Transport-Security") != "" && res.Header.Get("X-Content-Type-Options") == "nosniff"
	}
	answers := func(h http.Handler) (limited, preflight *http.Response) {
		overTLS := func(r *http.Request) *http.Request {
			r.TLS = httptest.NewRequest("GET", "https://x/", nil).TLS
			return r
		}
		preflight = do(h, overTLS(request("OPTIONS", "/", "Origin", page, "Access-Control-Request-Method", "PUT")))
		do(h, overTLS(request("GET", "/")))
		return do(h, overTLS(request("GET", "/"))), preflight
	}
	l := newLayers(t, 1)
	if limited, _ := answers(chain(hello, l.RateLimit.Wrap, l.Headers.Wrap)); limited.StatusCode != 429 || secure(limited) {
		t.Errorf("headers inside of the limiter: %d with %v", limited.StatusCode, limited.Header)
	}
	if _, preflight := answers(chain(hello, l.CORS.Wrap, l.Headers.Wrap)); secure(preflight) {
		t.Errorf("headers inside of CORS: preflight with %v", preflight.Header)
	}
	l = newLayers(t, 1)
	limited, preflight := answers(l.build(t, hello))
	if limited.StatusCode != 429 || !secure(limited) || !secure(preflight) {
		t.Errorf("Stack: 429 with %v, preflight with %v", limited.Header, preflight.Header)
	}
}

// bearer is an authentication that lets one token pass and counts how often it was asked.
func bearer(asked *int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			*asked++
			if r.Header.Get("Authorization") != "Bearer right" {
				http.Error(w, "who are you?", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, "ann")))
		})
	}
}

type userKey struct{}

func Test6CORSOutsideOfAuthAndLimit(t *testing.T) {
	var asked int
	answers := func(h http.Handler) (preflight, unauthorized, limited *http.Response) {
		preflight = do(h, request("OPTIONS", "/", "Origin", page, "Access-Control-Request-Method", "PUT"))
		unauthorized = do(h, request("GET", "/", "Origin", page))
		return preflight, unauthorized, do(h, request("GET", "/", "Origin", page))
	}
	readable := func(res *http.Response) bool { return res.Header.Get("Access-Control-Allow-Origin") == page }

	l := newLayers(t, 1)
	if preflight, _, _ := answers(chain(hello, bearer(&asked), l.CORS.Wrap)); preflight.StatusCode != 401 {
		t.Errorf("CORS inside of auth: preflight %d", preflight.StatusCode)
	}
	if _, _, limited := answers(chain(hello, l.RateLimit.Wrap, l.CORS.Wrap)); limited.StatusCode != 429 || readable(limited) {
		t.Errorf("CORS inside of the limiter: %d, readable %v", limited.StatusCode, readable(limited))
	}
	l = newLayers(t, 1)
	l.Auth = bearer(&asked)
	preflight, unauthorized, limited := answers(l.build(t, hello))
	if preflight.StatusCode/100 != 2 || !readable(preflight) || unauthorized.StatusCode != 401 || !readable(unauthorized) || limited.StatusCode != 429 || !readable(limited) {
		t.Errorf("Stack: preflight %d, then %d, then %d; headers %v", preflight.StatusCode, unauthorized.StatusCode, limited.StatusCode, limited.Header)
	}
}

func Test6CORSHasTheLastWord(t *testing.T) {
	const evil = "https://evil.example"
	for desc, app := range map[string]http.HandlerFunc{
		"says nothing": func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Access-Control-Allow-Origin", "*") },
		"writes": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			w.Header().Set("Access-Control-Allow-Credentials", "true")
			io.WriteString(w, "x")
		},
		"changes in place": func(w http.ResponseWriter, r *http.Request) {
			if v := w.Header()["Access-Control-Allow-Origin"]; len(v) > 0 {
				v[0] = evil
			}
			w.WriteHeader(http.StatusTeapot)
		},
		"adds": func(w http.ResponseWriter, r *http.Request) { w.Header().Add("Access-Control-Allow-Origin", evil) },
		"panics": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			panic("boom")
		},
	} {
		l := newLayers(t, 10)
		if res := do(chain(app, l.Logging.Wrap, l.CORS.Wrap), request("GET", "/", "Origin", evil)); desc == "says nothing" && res.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: CORS alone gives %v; the failure to show is the handler's word", desc, res.Header)
		}
		h := l.build(t, app)
		for origin, want := range map[string]string{evil: "", page: page} {
			res := do(h, request("GET", "/", "Origin", origin))
			if got := strings.Join(res.Header.Values("Access-Control-Allow-Origin"), " "); got != want || res.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s: %s gets %q, credentials %q", desc, origin, got, res.Header.Get("Access-Control-Allow-Credentials"))
			}
		}
	}
}

func Test7LimitOutsideOfAuth(t *testing.T) {
	guess := func(h http.Handler) {
		for i := range 100 {
			do(h, request("GET", "/", "Authorization", fmt.Sprint("Bearer guess", i)))
		}
	}
	var asked int
	l := newLayers(t, 1)
	guess(chain(hello, bearer(&asked), l.RateLimit.Wrap))
	if asked != 100 {
		t.Errorf("limiter inside of auth: %d of 100 guesses reach it", asked)
	}
	asked = 0
	l = newLayers(t, 1)
	l.Auth = bearer(&asked)
	guess(l.build(t, hello))
	if asked != 1 {
		t.Errorf("Stack: %d of 100 guesses reach the authentication", asked)
	}
}

func Test7LimitOutsideOfCSRF(t *testing.T) {
	forged := func(h http.Handler) int {
		do(h, request("POST", "/", "Sec-Fetch-Site", "cross-site"))
		return do(h, request("POST", "/", "Sec-Fetch-Site", "cross-site")).StatusCode
	}
	var protection http.CrossOriginProtection
	if got := forged(chain(hello, protection.Handler, newLimiter(t, 1, nil).Wrap)); got != 403 {
		t.Errorf("limiter inside of CSRF: %d", got)
	}
	if got := forged(newLayers(t, 1).build(t, hello)); got != 429 {
		t.Errorf("Stack: %d, forged requests cost nothing", got)
	}
}

func Test8CSRFInsideOfCORS(t *testing.T) {
	forged := func(h http.Handler) *http.Response {
		return do(h, request("POST", "/", "Origin", page, "Sec-Fetch-Site", "cross-site"))
	}
	var protection http.CrossOriginProtection // of somebody who forgot that CORS allows the page
	l := newLayers(t, 10)
	if res := forged(chain(hello, protection.Handler, l.CORS.Wrap)); res.StatusCode != 403 || res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("CSRF outside of CORS: %d with %v", res.StatusCode, res.Header)
	}
	l.CSRF = &protection
	if res := forged(l.build(t, hello)); res.StatusCode != 403 || res.Header.Get("Access-Control-Allow-Origin") != page {
		t.Errorf("Stack with the same protection: %d with %v", res.StatusCode, res.Header)
	}
	l.CSRF = nil
	if res := forged(l.build(t, hello)); res.StatusCode != 200 {
		t.Errorf("Stack: %d for an origin that CORS allows", res.StatusCode)
	}
	res := do(l.build(t, hello), request("POST", "/", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"))
	if res.StatusCode != 403 {
		t.Errorf("Stack: %d for a stranger's origin", res.StatusCode)
	}
}

func Test9LeakGuardAndDeadline(t *testing.T) {
	leak := func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "dial postgres://app:S3cr3tPw9@db/app: refused", http.StatusInternalServerError)
	}
	l := newLayers(t, 10)
	if got := body(t, do(chain(http.HandlerFunc(leak), l.CORS.Wrap), request("GET", "/"))); !strings.Contains(got, "S3cr3tPw9") {
		t.Errorf("no leak guard: %q; the failure to show is the leak", got)
	}
	// In the app and in what stands around it alike.
	l.BeforeAuth = []func(http.Handler) http.Handler{func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, ok := r.Context().Deadline(); !ok {
				t.Error("no deadline before auth")
			}
			if r.URL.Path == "/before" {
				leak(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}}
	h := l.build(t, http.HandlerFunc(leak))
	for _, path := range []string{"/", "/before"} {
		if res := do(h, request("GET", path)); res.StatusCode != 500 || strings.Contains(body(t, res), "S3cr3tPw9") {
			t.Errorf("Stack leaks at %s", path)
		}
	}
}

func Test10PerUserLimitAfterAuth(t *testing.T) {
	byUser := func(r *http.Request) string { user, _ := r.Context().Value(userKey{}).(string); return user }
	second := func(h http.Handler) int {
		do(h, request("GET", "/", "Authorization", "Bearer right"))
		return do(h, request("GET", "/", "Authorization", "Bearer right")).StatusCode
	}
	var asked int
	if got := second(chain(hello, newLimiter(t, 1, byUser).Wrap, bearer(&asked))); got != 200 {
		t.Errorf("limit per user outside of auth: %d; the failure to show is that it knows no user", got)
	}
	l := newLayers(t, 10)
	l.Auth = bearer(&asked)
	l.AfterAuth = []func(http.Handler) http.Handler{newLimiter(t, 1, byUser).Wrap}
	if got := second(l.build(t, hello)); got != 429 {
		t.Errorf("Stack: %d", got)
	}
}

func Test11RouteBesideTheMux(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("GET /items/{id}", hello)
	var asked int
	ask := func(h http.Handler) { do(h, request("GET", "/items/7", "Authorization", "Bearer right")) }

	m := must[*metrics.Middleware](t)(metrics.New(metrics.Config{}))
	ask(chain(mux, m.Wrap, bearer(&asked))) // auth hands on a copy of the request
	if got := scrape(t, m, "http_requests_total{"); !strings.Contains(got, `route="unmatched"`) {
		t.Errorf("no Route beside the mux: %s", got)
	}
	l := newLayers(t, 10)
	l.Auth = bearer(&asked)
	l.AfterAuth = []func(http.Handler) http.Handler{bearer(&asked)} // another copy
	ask(l.build(t, mux))
	if got := scrape(t, l.Metrics, "http_requests_total{"); !strings.Contains(got, `route="/items/{id}"`) {
		t.Errorf("Stack: %s", got)
	}
	if records := l.log.records(t); len(records) != 1 || !strings.Contains(fmt.Sprint(records[0]["http.route"]), "/items/{id}") {
		t.Errorf("Stack logs %v", records)
	}
}

// The connection works through the whole Stack as it does without.
func TestStackKeepsTheConnection(t *testing.T) {
	l := newLayers(t, 100)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /flush", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("GET /hijack", func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		rw.Flush()
		line, _ := rw.ReadString('\n')
		rw.WriteString(line)
		rw.Flush()
	})
	srv := httptest.NewServer(l.build(t, mux))
	defer srv.Close()
	res, err := http.Get(srv.URL + "/flush")
	if err != nil || body(t, res) != "first" {
		t.Errorf("flush: %v", err)
	}
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /hijack HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(conn)
	if up, err := http.ReadResponse(r, nil); err != nil || up.StatusCode != 101 {
		t.Fatalf("hijack: %v", err)
	}
	fmt.Fprintf(conn, "echo\n")
	if line, err := r.ReadString('\n'); line != "echo\n" {
		t.Errorf("echo %q, %v", line, err)
	}
}
