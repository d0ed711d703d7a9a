package headers_test

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/cors"
	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/ratelimit"
)

// ReverseProxy empties the header after each 1xx of its backend. What any layer had set before is there all the same, in
// whatever company the layers stand.
func TestEveryLayersHeadersSurviveEarlyHints(t *testing.T) {
	const origin = "https://app.example.com"
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hints":
			w.Header().Set("Link", "</a.css>; rel=preload")
			w.Header().Set("Cross-Origin-Opener-Policy", "unsafe-none")
			w.Header().Set("Access-Control-Allow-Origin", "https://backend.example")
			w.WriteHeader(http.StatusEarlyHints)
			clear(w.Header())
		case "/continue":
			io.Copy(io.Discard, r.Body) // answers 100
		}
		w.Header().Set("Vary", "Accept")
		io.WriteString(w, "x")
	}))
	defer backend.Close()
	target, _ := url.Parse(backend.URL)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}

	h := mustNew(t, headers.API())
	c, err := cors.New(cors.Config{AllowedOrigins: []string{origin}, ExposedHeaders: []string{"X-A"}, AllowCredentials: true})
	if err != nil {
		t.Fatal(err)
	}
	limit, err := ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{{Name: "a", Limit: 1000, Burst: 1000}}})
	if err != nil {
		t.Fatal(err)
	}
	log, err := logging.New(logging.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for desc, handler := range map[string]http.Handler{
		"headers, cors":                     h.Wrap(c.Wrap(proxy)),
		"cors, headers":                     c.Wrap(h.Wrap(proxy)),
		"logging, headers, cors, ratelimit": log.Wrap(h.Wrap(c.Wrap(limit.Wrap(proxy)))),
		"logging, cors, ratelimit":          log.Wrap(c.Wrap(limit.Wrap(proxy))),
	} {
		front := httptest.NewServer(handler)
		ask := func(method, path string, body io.Reader) string {
			r, _ := http.NewRequest(method, front.URL+path, body)
			r.Header.Set("Origin", origin)
			if body != nil {
				r.Header.Set("Expect", "100-continue")
			}
			res, err := front.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			var lines []string
			for _, name := range slices.Sorted(maps.Keys(res.Header)) {
				value := fmt.Sprint(res.Header[name])
				switch name {
				case "Date", "X-Request-Id", "Ratelimit":
					value = fmt.Sprint(len(res.Header[name])) // they differ each time
				case "Vary":
					list := strings.Split(strings.Join(res.Header[name], ", "), ", ")
					slices.Sort(list)
					value = fmt.Sprint(list)
				}
				lines = append(lines, name+": "+value)
			}
			return strings.Join(lines, "\n")
		}
		want := ask("GET", "/", nil)
		if !strings.Contains(want, "Access-Control-Allow-Origin: ["+origin+"]") || !strings.Contains(want, "Vary: [Accept Origin]") {
			t.Errorf("%s: without a 1xx:\n%s", desc, want)
		}
		if got := ask("GET", "/hints", nil); got != want {
			t.Errorf("%s: after a 103:\n%s\nwant\n%s", desc, got, want)
		}
		if got := ask("POST", "/continue", strings.NewReader("body")); got != want {
			t.Errorf("%s: after a 100:\n%s\nwant\n%s", desc, got, want)
		}
		front.Close()
	}
}

// What a handler deleted before or after a 1xx stays deleted: only an emptied header is filled again.
func TestDeletedAroundEarlyHints(t *testing.T) {
	const name = "Referrer-Policy"
	m := mustNew(t, headers.API())
	for desc, handler := range map[string]http.HandlerFunc{
		"before": func(w http.ResponseWriter, _ *http.Request) { w.Header().Del(name); w.WriteHeader(103) },
		"after":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.Header().Del(name) },
		"between two, then emptied": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(103)
			w.Header().Del(name)
			w.WriteHeader(103)
			clear(w.Header())
		},
		"before, then emptied": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Del(name)
			w.WriteHeader(103)
			clear(w.Header())
		},
	} {
		for _, last := range []int{0, 204} {
			rec := answer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				handler(w, r)
				if last != 0 {
					w.WriteHeader(last)
				}
			})), request("GET", "a.example", "/", true))
			if h := rec.Header(); lines(h, name) != "" || lines(h, "X-Content-Type-Options") != "nosniff" || len(h) != 6 {
				t.Errorf("%s, %d: %v", desc, last, h)
			}
		}
	}
}

// A cache that revalidates a page takes the headers of the 304 and keeps the page, with the old nonce in it.
func TestNotModifiedHasNoNonce(t *testing.T) {
	cfg := headers.Web()
	cfg.ContentSecurityPolicy = "default-src 'self'; script-src $NONCE; frame-ancestors 'none'"
	cfg.ContentSecurityPolicyReportOnly = "img-src 'none'; report-to main"
	status := func(own string, code int) http.Header {
		return answer(mustNew(t, cfg).Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if own != "" {
				w.Header().Set("Content-Security-Policy", own)
			}
			w.WriteHeader(code)
		})), request("GET", "a.example", "/", true)).Header()
	}
	if h := status("", 200); !strings.Contains(lines(h, "Content-Security-Policy"), "'nonce-") {
		t.Error(h)
	}
	if h := status("", 304); lines(h, "Content-Security-Policy") != "" || lines(h, "Content-Security-Policy-Report-Only") == "" || lines(h, sts) == "" {
		t.Error(h)
	}
	if h := status("default-src 'none'", 304); lines(h, "Content-Security-Policy") != "default-src 'none'" {
		t.Errorf("the handler's own policy is gone: %v", h)
	}
}

// http.FileServer deletes Cache-Control from its errors.
func TestErrorsAreNotCached(t *testing.T) {
	m := mustNew(t, headers.API())
	files := m.Wrap(http.FileServer(http.Dir(t.TempDir())))
	rec := answer(files, request("GET", "a.example", "/missing", true))
	if rec.Code != 404 || lines(rec.Header(), "Cache-Control") != "no-store" {
		t.Error(rec.Code, rec.Header())
	}
	for code, want := range map[int]string{200: "", 404: "no-store", 500: "no-store"} {
		rec := answer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Del("Cache-Control")
			w.WriteHeader(code)
		})), request("GET", "a.example", "/", true))
		if got := lines(rec.Header(), "Cache-Control"); got != want {
			t.Errorf("%d: %q, want %q", code, got, want)
		}
	}
	if h := answer(mustNew(t, headers.Web()).Wrap(http.NotFoundHandler()), request("GET", "a.example", "/", true)).Header(); lines(h, "Cache-Control") != "" {
		t.Error("it was left out", h)
	}
}
