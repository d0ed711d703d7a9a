package gambeson_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/gambeson-go/gambeson/logging"
)

// A carrier brings one secret into the stack. What the app does with it is what apps do.
type carrier struct {
	name    string
	canary  string
	request func(canary string) *http.Request
	app     func(w http.ResponseWriter, r *http.Request, canary string)
	attr    func(canary string) slog.Attr // what the app logs beside
	given   bool                          // the app answers with it on purpose, as a login does
}

// carriers are all the ways that a secret takes. Each has a canary of its own, so that a find says where it came from.
func carriers() []carrier {
	get := func(name, value string) func(string) *http.Request {
		return func(c string) *http.Request {
			r := request("GET", "/orders")
			r.Header.Set(name, strings.ReplaceAll(value, "CANARY", c))
			return r
		}
	}
	target := func(path string) func(string) *http.Request {
		return func(c string) *http.Request { return request("GET", strings.ReplaceAll(path, "CANARY", c)) }
	}
	post := func(contentType, body string) func(string) *http.Request {
		return func(c string) *http.Request {
			r := httptest.NewRequest("POST", "/orders", strings.NewReader(strings.ReplaceAll(body, "CANARY", c)))
			r.Header.Set("Content-Type", contentType)
			return r
		}
	}
	parts := func(c string) *http.Request {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		m.WriteField("new_password", c)
		m.Close()
		r := httptest.NewRequest("POST", "/orders", &b)
		r.Header.Set("Content-Type", m.FormDataContentType())
		return r
	}
	type app = func(http.ResponseWriter, *http.Request, string)
	fails := func(f func(c string) error) app {
		return func(w http.ResponseWriter, r *http.Request, c string) {
			err := f(c)
			logging.Add(r.Context(), slog.Any("err", err))
			logging.Logger(r.Context()).Error("query failed", "err", err)
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
	panics := func(v func(c string) any) app {
		return func(w http.ResponseWriter, r *http.Request, c string) { panic(v(c)) }
	}
	login := struct{ User, Password string }{User: "bob"}
	dsn := func(c string) error {
		return fmt.Errorf("dial postgres://app:%s@db.example.com:5432/orders: timeout", c)
	}
	list := []carrier{
		{name: "Authorization", request: get("Authorization", "Bearer CANARY")},
		{name: "Authorization of another scheme", request: get("Authorization", `Digest username="bob", response="CANARY"`)},
		{name: "Cookie", request: get("Cookie", "theme=dark; session=CANARY")},
		{name: "X-Api-Key", request: get("X-Api-Key", "CANARY")},
		{name: "userinfo in Referer", request: get("Referer", "https://bob:CANARY@www.example.com/")},
		{name: "query in Referer", request: get("Referer", "https://www.example.com/?reset_token=CANARY")},
		{name: "User-Agent", request: get("User-Agent", "bot/1.0 (token=CANARY)")},
		{name: "query", request: target("/orders?access_token=CANARY&page=2")},
		{name: "escaped query", request: target("/orders?next=%2Fcb%3Fapi_key%3DCANARY")},
		{name: "path", request: target("/reset-password/CANARY")},
		{name: "JSON", request: post("application/json", `{"user":"bob","password":"CANARY"}`)},
		{name: "JSON in JSON", request: post("application/json", `{"a":"{\"b\":[{\"client_secret\":\"CANARY\"}]}"}`)},
		{name: "JSON, broken", request: post("application/json", `{"user":"bob","token":"CANARY`)},
		{name: "JSON, long", request: post("application/json", `{"pad":"`+strings.Repeat("lorem ipsum ", 170)+`","token":"CANARY"}`)},
		{name: "form", request: post("application/x-www-form-urlencoded", "user=bob&password=CANARY")},
		{name: "text", request: post("text/plain", "user: bob\npassword: CANARY\n")},
		{name: "multipart", request: parts},
		{name: "panic with a text", app: panics(func(c string) any { return "no token=" + c })},
		{name: "panic with an error", app: panics(func(c string) any { return dsn(c) })},
		{name: "panic with a struct", app: panics(func(c string) any { l := login; l.Password = c; return l })},
		{name: "panic behind the header", app: func(w http.ResponseWriter, r *http.Request, c string) {
			w.WriteHeader(http.StatusAccepted)
			panic(dsn(c))
		}},
		{name: "database error", app: fails(dsn)},
		{name: "database error, wrapped", app: fails(func(c string) error { return errors.Join(errors.New("a"), fmt.Errorf("b: %w", dsn(c))) })},
		{name: "database error, statement", app: fails(func(c string) error { return errors.New("exec UPDATE users SET password='" + c + "' WHERE id=7") })},
		{name: "attribute", attr: func(c string) slog.Attr { return slog.String("client_secret", c) }},
		{name: "attribute, struct", attr: func(c string) slog.Attr { l := login; l.Password = c; return slog.Any("login", l) }},
		{name: "attribute, map", attr: func(c string) slog.Attr { return slog.Any("args", map[string]any{"token": []string{c}}) }},
		{name: "attribute, header", attr: func(c string) slog.Attr { return slog.Any("h", http.Header{"Authorization": {"Bearer " + c}}) }},
		{name: "attribute, URL", attr: func(c string) slog.Attr {
			return slog.Any("u", &url.URL{Scheme: "https", Host: "h", User: url.UserPassword("bob", c)})
		}},
		{name: "attribute, bytes", attr: func(c string) slog.Attr { return slog.Any("raw", []byte(`{"pin":"`+c+`"}`)) }},
		{name: "Set-Cookie", given: true, app: func(w http.ResponseWriter, r *http.Request, c string) {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: c, HttpOnly: true})
		}},
		{name: "token response", given: true, app: func(w http.ResponseWriter, r *http.Request, c string) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer"}`, c)
		}},
	}
	for i := range list {
		c := &list[i]
		c.canary = fmt.Sprintf("Kx7vN%02dqTz9mRb4wLp8sHd3j%02dGcY", i, 90-i)
		if c.request == nil {
			c.request = target("/orders")
		}
		if attr := c.attr; attr != nil {
			c.app = func(w http.ResponseWriter, r *http.Request, canary string) {
				logging.Add(r.Context(), attr(canary))
				logging.Logger(r.Context()).WarnContext(r.Context(), "odd", attr(canary), slog.Group("more", attr(canary)))
				http.Error(w, "no", http.StatusBadGateway)
			}
		}
		if c.app == nil {
			c.app = func(w http.ResponseWriter, r *http.Request, _ string) {
				io.Copy(io.Discard, r.Body)
				http.Error(w, "no", http.StatusInternalServerError)
			}
		}
	}
	return list
}

// window is how much of a canary is a leak.
const window = 12

// find says in which form text shows a part of the canary; "" if in none.
func find(text, canary string) string {
	lower := strings.ToLower(text)
	for at := 0; at+window <= len(canary); at++ {
		part := canary[at : at+window]
		if strings.Contains(text, part) {
			return "raw"
		}
		if strings.Contains(lower, strings.ToLower(part)) {
			return "another letter case"
		}
		if strings.Contains(lower, hex.EncodeToString([]byte(part))) {
			return "hex"
		}
		// In base64 a part looks the same at any place, if it begins at a multiple of three bytes there. All do, of the parts.
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if strings.Contains(text, enc.EncodeToString([]byte(part))) {
				return "base64"
			}
		}
	}
	return ""
}

// TestFind is the positive control: what find cannot find, the sweep would not, either.
func TestFind(t *testing.T) {
	const c = "Kx7vN00qTz9mRb4wLp8sHd3j90GcY"
	for form, text := range map[string]string{
		"raw":                 "x " + c + " y",
		"raw, cut at its end": `{"password":"` + c[:window],
		"raw, from within":    "…" + c[9:9+window] + "…",
		"another letter case": strings.ToUpper(c),
		"hex":                 fmt.Sprintf("%X", "a"+c),
		"hex, cut":            fmt.Sprintf("%x", c)[:2*window+5],
	} {
		if got := find(text, c); got == "" || !strings.HasPrefix(form, got) {
			t.Errorf("%s: found %q in %s", form, got, text)
		}
	}
	for _, before := range []string{"", "a", "ab", "abc", `{"user":"bob","password":"`} { // every alignment
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			if text := enc.EncodeToString([]byte(before + c + "~")); find(text, c) != "base64" {
				t.Errorf("not found in %s", text)
			}
		}
	}
	if got := find("Kx7vN00qTz9 Rb4wLp8sHd3 GcY", c); got != "" {
		t.Errorf("found %q where nothing is", got)
	}
}

// events is what OnError was told, printed in all ways that an error tracker may.
type events struct {
	mu sync.Mutex
	strings.Builder
}

func (e *events) add(ctx context.Context, ev logging.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	fmt.Fprintf(e, "%v %+v %#v %s %q\n", ev, ev, ev.Err, ev.Stack, ev.Panic)
	for err := ev.Err; err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(e, "%T %+v %s\n", err, err, err)
	}
	if b, err := httputil.DumpRequest(ev.Request, true); err == nil {
		e.Write(b)
	}
	fmt.Fprintf(e, "%+v %s %v\n", ev.Request.Header, ev.Request.RequestURI, ev.Request.URL)
}

// TestLeakSweep sends a canary on every way through the whole stack and looks for it in everything that comes out:
// records, lines that the app logs, captured bodies, error reports, metrics, responses.
func TestLeakSweep(t *testing.T) {
	for kind, handler := range map[string]func(io.Writer) slog.Handler{
		"own handler":  func(w io.Writer) slog.Handler { return logging.NewHandler(w, nil) },
		"JSON handler": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
		"text handler": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, &slog.HandlerOptions{AddSource: true}) },
	} {
		t.Run(kind, func(t *testing.T) {
			for _, c := range carriers() {
				out := sweep(t, c, handler)
				for where, text := range out {
					if c.given && where == "response" {
						if find(text, c.canary) == "" {
							t.Errorf("%s: the app's own answer was changed:\n%s", c.name, text)
						}
						continue
					}
					if form := find(text, c.canary); form != "" {
						t.Errorf("%s: %s in the %s:\n%s", c.name, form, where, text)
					}
				}
				if !strings.Contains(out["log"], "http request") || !strings.Contains(out["metrics"], "http_requests_total") {
					t.Errorf("%s: nothing to search: %v", c.name, out)
				}
				if len(out["reports"]) == 0 && !c.given {
					t.Errorf("%s: no report", c.name)
				}
			}
		})
	}
}

// sweep is everything that one request leaves behind.
func sweep(t *testing.T, c carrier, handler func(io.Writer) slog.Handler) map[string]string {
	t.Helper()
	l := newLayers(t, 100)
	log, reports := new(syncBuffer), new(events)
	names := []string{"Authorization", "Cookie", "X-Api-Key", "Referer", "User-Agent"}
	l.Logging = must[*logging.Middleware](t)(logging.New(logging.Config{
		Logger: slog.New(handler(log)), OnError: reports.add, RequestHeaders: names, ResponseHeaders: []string{"Set-Cookie"},
		Body: &logging.BodyCapture{MaxBytes: 2048, Request: true, Response: true},
	}))
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { c.app(w, r, c.canary) })
	h := l.build(t, l.Metrics.Route(mux))
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if v := recover(); v != nil && v != http.ErrAbortHandler {
				t.Errorf("%s: panic %v went through", c.name, v)
			}
		}()
		h.ServeHTTP(w, c.request(c.canary))
	}()
	if err := l.Logging.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	reports.mu.Lock()
	defer reports.mu.Unlock()
	return map[string]string{
		"log": log.b.String(), "reports": reports.String(), "metrics": body(t, do(l.Metrics.Handler(), request("GET", "/metrics"))),
		"response": fmt.Sprint(w.Code, w.Header(), w.Body),
	}
}

// TestLeakSweepBites is the other positive control: the same sweep over a chain without redaction finds the canary of
// every carrier, so that each of them does reach what is searched.
func TestLeakSweepBites(t *testing.T) {
	for _, c := range carriers() {
		log := new(syncBuffer)
		naive := slog.New(slog.NewTextHandler(log, nil))
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			dump, err := httputil.DumpRequest(r, true)
			naive.Info("http request", "dump", dump, "err", err)
			defer func() { naive.Info("panic", "value", recover()) }()
			if c.attr != nil {
				naive.Info("odd", c.attr(c.canary))
				return
			}
			rec := httptest.NewRecorder()
			c.app(rec, r, c.canary)
			naive.Info("answer", "header", rec.Header(), "body", rec.Body)
		})
		h.ServeHTTP(httptest.NewRecorder(), c.request(c.canary))
		if find(log.b.String(), c.canary) == "" {
			t.Errorf("%s: not found in\n%s", c.name, &log.b)
		}
	}
}
