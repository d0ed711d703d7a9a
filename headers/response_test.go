package headers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/internal/respwrap"
)

func lines(h http.Header, name string) string { return strings.Join(h.Values(name), " | ") }

func TestHandlerOverrides(t *testing.T) {
	const name = "Referrer-Policy"
	outer := func(next http.Handler) http.Handler { // a layer of logging: its wrapper is used
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var p respwrap.Response
			next.ServeHTTP(p.Wrap(w, r), r)
		})
	}
	none := func(next http.Handler) http.Handler { return next }
	for desc, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"nothing":      {func(http.ResponseWriter, *http.Request) {}, "no-referrer"},
		"Set":          {func(w http.ResponseWriter, r *http.Request) { w.Header().Set(name, "origin") }, "origin"},
		"Add":          {func(w http.ResponseWriter, r *http.Request) { w.Header().Add(name, "origin") }, "origin"},
		"Add the same": {func(w http.ResponseWriter, r *http.Request) { w.Header().Add(name, "no-referrer") }, "no-referrer"},
		"Add two": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add(name, "origin")
			w.Header().Add(name, "same-origin")
		}, "origin, same-origin"},
		"Del":      {func(w http.ResponseWriter, r *http.Request) { w.Header().Del(name) }, ""},
		"clear":    {func(w http.ResponseWriter, r *http.Request) { clear(w.Header()) }, ""},
		"in place": {func(w http.ResponseWriter, r *http.Request) { w.Header()[name][0] = "origin" }, "origin"},
		"Add, WriteHeader": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add(name, "origin")
			w.WriteHeader(201)
		}, "origin"},
		"Add, Write": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add(name, "origin")
			io.WriteString(w, "x")
		}, "origin"},
		"Add, ReadFrom": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add(name, "origin")
			io.Copy(w, strings.NewReader("x"))
		}, "origin"},
		"Add, Flush": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add(name, "origin")
			http.NewResponseController(w).Flush()
		}, "origin"},
		"early hints, cleared": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			clear(w.Header())
			w.Header().Set("X-Other", "1")
		}, "no-referrer"},
		"panic": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add(name, "origin")
			panic("boom")
		}, "origin"},
	} {
		for kind, around := range map[string]func(http.Handler) http.Handler{"bare": none, "inside a wrapper": outer} {
			t.Run(desc+"/"+kind, func(t *testing.T) {
				m := mustNew(t, headers.Config{})
				s := httptest.NewServer(recovering(around(m.Wrap(c.handler))))
				defer s.Close()
				res, err := s.Client().Get(s.URL)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if got := lines(res.Header, name); got != c.want {
					t.Errorf("%q, want %q", got, c.want)
				}
				if c.want != "" && lines(res.Header, "X-Content-Type-Options") != "nosniff" {
					t.Errorf("nosniff: %q", res.Header.Values("X-Content-Type-Options"))
				}
			})
		}
	}
}

// What an outer layer had set is replaced, not doubled; what is not of this package is left alone.
func TestOtherHeadersUntouched(t *testing.T) {
	m := mustNew(t, headers.Config{})
	rec := httptest.NewRecorder()
	for _, name := range []string{"X-Content-Type-Options", "Content-Type", "Vary", "Set-Cookie"} {
		rec.Header().Set(name, "outer")
	}
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "inner")
		w.Header().Add("Set-Cookie", "inner")
		io.WriteString(w, "x")
	})).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	h := rec.Header()
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Content-Type": "outer", "Vary": "outer | inner", "Set-Cookie": "outer | inner"} {
		if got := lines(h, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// unrolled/secure#31: the headers of a backend are added by ReverseProxy to those that are there.
func TestReverseProxy(t *testing.T) {
	names := []string{"X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "Cache-Control",
		"Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy"}
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hints" {
			w.Header().Set("Link", "</a.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
		}
		if r.URL.Path != "/bare" {
			w.Header().Set("Referrer-Policy", "origin")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Cross-Origin-Opener-Policy", "unsafe-none")
			w.Header().Add("Content-Security-Policy", "img-src 'self'")
			w.Header().Add("Content-Security-Policy", "font-src 'self'")
		}
		w.Header().Set("Content-Type", "text/x-own")
		fmt.Fprint(w, "body")
	}))
	defer backend.Close()
	target, _ := url.Parse(backend.URL)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	m := mustNew(t, headers.Config{})
	for _, h := range []http.Handler{m.Wrap(proxy), m.Wrap(m.Wrap(proxy))} {
		front := httptest.NewServer(h)
		for path, want := range map[string]string{"/": "origin", "/hints": "origin", "/bare": "no-referrer"} {
			hints := 0
			ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
				Got1xxResponse: func(int, textproto.MIMEHeader) error { hints++; return nil },
			})
			r, _ := http.NewRequestWithContext(ctx, "GET", front.URL+path, nil)
			res, err := front.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			for _, name := range names {
				if n := len(res.Header.Values(name)); n != 1 {
					t.Errorf("%s: %d lines of %s: %q", path, n, name, res.Header.Values(name))
				}
			}
			if got := res.Header.Get("Referrer-Policy"); got != want {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
			if got := res.Header.Get("Content-Security-Policy"); path == "/" && got != "img-src 'self', font-src 'self'" {
				t.Errorf("two policies of the backend became %q", got)
			}
			if string(body) != "body" || res.Header.Get("Content-Type") != "text/x-own" || (hints > 0) != (path == "/hints") {
				t.Errorf("%s: %q %v, %d hints", path, body, res.Header, hints)
			}
		}
		front.Close()
	}
}

// No two responses share a slice: what a handler writes into one stays there.
func TestNothingIsShared(t *testing.T) {
	m := mustNew(t, headers.Web())
	vandal := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, v := range w.Header() {
			v[0] = "vandal"
			w.Header()[name] = append(v, "vandal")
		}
	}))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				answer(vandal, request("GET", "a.example", "/", true))
				h := answer(m.Wrap(empty), request("GET", "a.example", "/", true)).Header()
				if strings.Contains(fmt.Sprint(h), "vandal") {
					t.Error(h)
				}
			}
		})
	}
	wg.Wait()
}

// Add to one header of ours must not spill into its neighbour.
func TestAddDoesNotSpill(t *testing.T) {
	m := mustNew(t, headers.Config{})
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before := w.Header().Clone()
		for name := range before {
			w.Header().Add(name, "spill")
		}
		for name, v := range before {
			if got := w.Header()[name]; !slices.Equal(got, []string{v[0], "spill"}) {
				t.Errorf("%s: %q", name, got)
			}
		}
	})).ServeHTTP(httptest.NewRecorder(), request("GET", "a.example", "/", true))
}

// Files, streams, upgrades and deadlines work as without the layer.
func TestWriterKeepsItsAbilities(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat([]byte("x"), 1<<16)
	file.Write(content)
	m := mustNew(t, headers.Config{})
	s := httptest.NewServer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/file":
			if _, ok := w.(io.ReaderFrom); !ok {
				t.Error("no ReaderFrom")
			}
			http.ServeFile(w, r, file.Name())
		case "/hijack":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
			conn.Close()
		}
	})))
	defer s.Close()
	for path, want := range map[string][]byte{"/file": content, "/hijack": []byte("hi")} {
		res, err := s.Client().Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes", path, len(got))
		}
	}
}

// Over HTTP/2 a response has one line of each header too, and HSTS for a name but not for an address.
func TestOverHTTP2(t *testing.T) {
	m := mustNew(t, headers.Web())
	s := httptest.NewUnstartedServer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Referrer-Policy", "origin")
		io.WriteString(w, "x")
	})))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	for host, want := range map[string]int{"": 0, "app.example.com": 1} {
		r, _ := http.NewRequest("GET", s.URL, nil)
		r.Host = host
		res, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.ProtoMajor != 2 || len(res.Header.Values(sts)) != want || lines(res.Header, "Referrer-Policy") != "origin" {
			t.Errorf("%q: %s %v", host, res.Proto, res.Header)
		}
	}
}

// http.TimeoutHandler has a header map of its own; its 503 carries the headers all the same.
func TestTimeoutHandlerInside(t *testing.T) {
	m := mustNew(t, headers.Config{})
	h := m.Wrap(http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
		}
		w.Header().Add("Referrer-Policy", "origin")
	}), 1, "late"))
	rec := answer(h, request("GET", "a.example", "/slow", true))
	if rec.Code != 503 || lines(rec.Header(), "Referrer-Policy") != "no-referrer" || rec.Header().Get(sts) == "" {
		t.Error(rec.Code, rec.Header())
	}
}

// Several lines of a header that is no list would be unreadable: the handler's last stands.
func TestLastOfManyStands(t *testing.T) {
	const name = "Cross-Origin-Opener-Policy"
	m := mustNew(t, headers.Config{})
	h := answer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add(name, "unsafe-none")
		w.Header().Add(name, "same-origin-allow-popups")
	})), request("GET", "a.example", "/", true)).Header()
	if got := lines(h, name); got != "same-origin-allow-popups" {
		t.Errorf("%q", got)
	}
}
