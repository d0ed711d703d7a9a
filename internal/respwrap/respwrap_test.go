package respwrap_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/internal/respwrap"
)

// bare is a writer with the three base methods and nothing else.
type bare struct {
	header http.Header
	status []int
	body   strings.Builder
}

func (b *bare) Header() http.Header {
	if b.header == nil {
		b.header = http.Header{}
	}
	return b.header
}
func (b *bare) WriteHeader(status int)      { b.status = append(b.status, status) }
func (b *bare) Write(p []byte) (int, error) { return b.body.Write(p) }
func get() *http.Request                    { return &http.Request{Method: "GET"} }
func wrap(w http.ResponseWriter) (*respwrap.Response, http.ResponseWriter) {
	p := new(respwrap.Response)
	return p, p.Wrap(w, get())
}

// The optional interfaces, each as a part to embed.
type (
	flusher  struct{}
	hijacker struct{}
	reader   struct{}
	pusher   struct{}
)

func (flusher) Flush()                                        {}
func (hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }
func (reader) ReadFrom(src io.Reader) (int64, error)          { return io.Copy(io.Discard, src) }
func (pusher) Push(string, *http.PushOptions) error           { return nil }

func TestExactInterfaces(t *testing.T) {
	w := http.ResponseWriter(&bare{})
	type W = http.ResponseWriter
	type (
		f = flusher
		h = hijacker
		r = reader
		p = pusher
	)
	for i, below := range []http.ResponseWriter{
		w,
		struct {
			W
			f
		}{W: w},
		struct {
			W
			h
		}{W: w},
		struct {
			W
			f
			h
		}{W: w},
		struct {
			W
			r
		}{W: w},
		struct {
			W
			f
			r
		}{W: w},
		struct {
			W
			h
			r
		}{W: w},
		struct {
			W
			f
			h
			r
		}{W: w},
		struct {
			W
			p
		}{W: w},
		struct {
			W
			f
			p
		}{W: w},
		struct {
			W
			h
			p
		}{W: w},
		struct {
			W
			f
			h
			p
		}{W: w},
		struct {
			W
			r
			p
		}{W: w},
		struct {
			W
			f
			r
			p
		}{W: w},
		struct {
			W
			h
			r
			p
		}{W: w},
		struct {
			W
			f
			h
			r
			p
		}{W: w},
	} {
		_, got := wrap(below)
		_, flush := got.(http.Flusher)
		_, flushError := got.(interface{ FlushError() error })
		_, hijack := got.(http.Hijacker)
		_, readFrom := got.(io.ReaderFrom)
		_, push := got.(http.Pusher)
		for name, has := range map[string][2]bool{
			"Flusher":    {flush, i&1 != 0},
			"FlushError": {flushError, i&1 != 0},
			"Hijacker":   {hijack, i&2 != 0},
			"ReaderFrom": {readFrom, i&4 != 0},
			"Pusher":     {push, i&8 != 0},
		} {
			if has[0] != has[1] {
				t.Errorf("below %04b: %s = %v", i, name, has[0])
			}
		}
		if u, ok := got.(interface{ Unwrap() http.ResponseWriter }); !ok || u.Unwrap() != below {
			t.Errorf("below %04b: Unwrap does not give the writer below", i)
		}
		if i&1 == 0 {
			if err := http.NewResponseController(got).Flush(); !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("below %04b: Flush = %v, want ErrNotSupported", i, err)
			}
		}
		if again := new(respwrap.Response).Wrap(got, get()); fmt.Sprintf("%T", again) != fmt.Sprintf("%T", got) {
			t.Errorf("below %04b: wrapped twice it is a %T, once a %T", i, again, got)
		}
	}
}

func TestStatus(t *testing.T) {
	for _, tc := range []struct {
		desc    string
		handler func(w http.ResponseWriter)
		want    int
		below   string
	}{
		{"nothing", func(http.ResponseWriter) {}, 0, "[]"},
		{"explicit", func(w http.ResponseWriter) { w.WriteHeader(404) }, 404, "[404]"},
		{"write alone", func(w http.ResponseWriter) { io.WriteString(w, "x") }, 200, "[]"},
		{"empty write", func(w http.ResponseWriter) { w.Write(nil) }, 200, "[]"},
		{"early hints, then the answer", func(w http.ResponseWriter) { w.WriteHeader(103); w.WriteHeader(103); w.WriteHeader(404) }, 404, "[103 103 404]"},
		{"early hints, then a write", func(w http.ResponseWriter) { w.WriteHeader(103); w.Write([]byte("x")) }, 200, "[103]"},
		{"101 is final", func(w http.ResponseWriter) { w.WriteHeader(101); w.WriteHeader(500) }, 101, "[101 500]"},
		{"the first wins, the server hears of both", func(w http.ResponseWriter) { w.WriteHeader(204); w.WriteHeader(500) }, 204, "[204 500]"},
		{"write, then a status", func(w http.ResponseWriter) { w.Write([]byte("x")); w.WriteHeader(500) }, 200, "[500]"},
	} {
		below := &bare{}
		p, w := wrap(below)
		tc.handler(w)
		if p.Status() != tc.want || p.Written() != (tc.want != 0) {
			t.Errorf("%s: Status = %d, Written = %v; want %d", tc.desc, p.Status(), p.Written(), tc.want)
		}
		if got := fmt.Sprint(below.status); got != tc.below {
			t.Errorf("%s: the writer below saw %s, want %s", tc.desc, got, tc.below)
		}
	}
}

func TestInvalidStatusWasNotSent(t *testing.T) {
	p, w := wrap(httptest.NewRecorder())
	func() {
		defer func() {
			if recover() == nil {
				t.Error("WriteHeader(0) did not panic as net/http's does")
			}
		}()
		w.WriteHeader(0)
	}()
	if p.Written() {
		t.Error("a status that the server panicked on counts as sent")
	}
}

// upper is a filter that holds the status back until the first write and changes the body.
type upper struct{ status int }

func (f *upper) WriteHeader(_ http.ResponseWriter, status int) { f.status = status }
func (f *upper) Write(below http.ResponseWriter, p []byte) (int, error) {
	if f.status != 0 {
		below.WriteHeader(f.status)
		f.status = 0
	}
	_, err := below.Write([]byte(strings.ToUpper(string(p))))
	return len(p), err
}
func (f *upper) Flush(below http.ResponseWriter) error { return respwrap.Flush(below) }

func TestFilterSeesEverything(t *testing.T) {
	type W = http.ResponseWriter
	for desc, write := range map[string]func(w http.ResponseWriter){
		"Write":       func(w http.ResponseWriter) { w.Write([]byte("body")) },
		"WriteString": func(w http.ResponseWriter) { io.WriteString(w, "body") },
		"ReadFrom":    func(w http.ResponseWriter) { io.Copy(w, struct{ io.Reader }{strings.NewReader("body")}) },
	} {
		for _, status := range []int{0, 201} {
			below := &bare{}
			p := new(respwrap.Response)
			w := p.Wrap(struct {
				W
				reader
				flusher
			}{W: below}, get())
			p.SetFilter(&upper{})
			if status != 0 {
				w.WriteHeader(status)
				w.WriteHeader(500)
			}
			write(w)
			want := max(status, 200)
			if below.body.String() != "BODY" || fmt.Sprint(below.status) != fmt.Sprintf("[%d]", want) || p.Status() != want || p.Bytes() != 4 {
				t.Errorf("%s: below got %v %q; Status = %d, Bytes = %d", desc, below.status, below.body.String(), p.Status(), p.Bytes())
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Errorf("%s: Flush = %v", desc, err)
			}
		}
	}
}

func TestOf(t *testing.T) {
	p, w := wrap(&bare{})
	if got, ok := respwrap.Of(w); !ok || got != p {
		t.Error("Of does not find the wrapper")
	}
	if _, ok := respwrap.Of(struct{ http.ResponseWriter }{w}); ok {
		t.Error("Of looked through a stranger")
	}
}

func TestRoute(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("x") })
	for path, want := range map[string]string{"/items/1": "GET /items/{id}", "/panic": "GET /panic", "/none": ""} {
		outer, w := wrap(httptest.NewRecorder())
		inner, w := wrapInside(w)
		func() {
			defer func() { recover() }()
			r := httptest.NewRequest("GET", path, nil)
			respwrap.Route(mux).ServeHTTP(struct{ http.ResponseWriter }{w}, r.Clone(r.Context()))
		}()
		if outer.Pattern() != "" {
			t.Errorf("%s: seen through a writer that has no Unwrap", path)
		}
		func() {
			defer func() { recover() }()
			r := httptest.NewRequest("GET", path, nil)
			respwrap.Route(mux).ServeHTTP(w, r.Clone(r.Context()))
		}()
		if outer.Pattern() != want || inner.Pattern() != want {
			t.Errorf("%s: patterns %q, %q; want %q", path, outer.Pattern(), inner.Pattern(), want)
		}
	}
}

func wrapInside(w http.ResponseWriter) (*respwrap.Response, http.ResponseWriter) { return wrap(w) }

func TestInnermostRouteWins(t *testing.T) {
	inner := http.NewServeMux()
	inner.HandleFunc("GET /v1/users/{id}", func(http.ResponseWriter, *http.Request) {})
	outer := http.NewServeMux()
	outer.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		respwrap.Route(inner).ServeHTTP(w, r.Clone(r.Context()))
	})
	p, w := wrap(httptest.NewRecorder())
	respwrap.Route(outer).ServeHTTP(w, httptest.NewRequest("GET", "/v1/users/7", nil))
	if p.Pattern() != "GET /v1/users/{id}" {
		t.Errorf("Pattern = %q", p.Pattern())
	}
}

// sink has the optional interfaces of an HTTP/1 response.
type sink struct {
	bare
	flusher
	hijacker
	reader
}

func TestAllocations(t *testing.T) {
	w, r := &sink{}, get()
	if n := testing.AllocsPerRun(100, func() { new(respwrap.Response).Wrap(w, r).WriteHeader(103) }); n > 1 {
		t.Errorf("%v allocations, want 1", n)
	}
	var p respwrap.Response
	if n := testing.AllocsPerRun(100, func() { p = respwrap.Response{}; p.Wrap(w, r) }); n != 0 {
		t.Errorf("%v allocations in a layer's own state, want 0", n)
	}
}

func BenchmarkWrap(b *testing.B) {
	w, r := &sink{}, get()
	b.ReportAllocs()
	for b.Loop() {
		new(respwrap.Response).Wrap(w, r).Header()
	}
}
