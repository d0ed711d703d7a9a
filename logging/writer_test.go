package logging_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/internal/respwrap"
	"github.com/gambeson-go/gambeson/logging"
)

func caseStatusNone(t *testing.T) {
	_, rec := serve(t, logging.Config{}, get("/"), nothing)
	want(t, rec, map[string]any{"http.response.status_code": 200, "http.response.body.size": 0, "level": "INFO"})
}

func caseStatusExplicit(t *testing.T) {
	_, rec := serve(t, logging.Config{}, get("/"), func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(201)
		io.WriteString(w, "12345")
	})
	want(t, rec, map[string]any{"http.response.status_code": 201, "http.response.body.size": 5})
}

func TestEarlyHintsAreNotTheStatus(t *testing.T) {
	for _, final := range []int{0, 404} {
		srv, out, _ := server(t, logging.Config{}, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			if final != 0 {
				w.WriteHeader(final)
				w.WriteHeader(200) // superfluous: the first one counts
			}
			io.WriteString(w, "x")
		})
		resp, err := http.Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		srv.Close()
		want(t, out.one(t), map[string]any{"http.response.status_code": resp.StatusCode})
		if final != 0 && resp.StatusCode != final {
			t.Errorf("client got %d, want %d", resp.StatusCode, final)
		}
	}
}

// caseHijack takes the connection over, by the interface or by the ResponseController.
func caseHijack(controller bool) func(*testing.T) {
	return func(t *testing.T) {
		srv, out, complaints := server(t, logging.Config{SlowThreshold: time.Millisecond}, func(w http.ResponseWriter, _ *http.Request) {
			hijack := http.NewResponseController(w).Hijack
			if !controller {
				hijack = w.(http.Hijacker).Hijack
			}
			conn, rw, err := hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			rw.Flush()
			for range 100 {
				line, err := rw.ReadString('\n')
				if err != nil {
					t.Error(err)
					return
				}
				fmt.Fprint(rw, line)
				rw.Flush()
			}
			time.Sleep(5 * time.Millisecond) // a real connection: there is no other clock here
		})
		r, _ := http.NewRequest("GET", srv.URL, nil)
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "echo")
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		rw := resp.Body.(io.ReadWriter)
		back := bufio.NewReader(rw)
		for i := range 100 {
			fmt.Fprintf(rw, "%d\n", i)
			if line, _ := back.ReadString('\n'); line != fmt.Sprintf("%d\n", i) {
				t.Fatalf("echo %d is %q", i, line)
			}
		}
		back.ReadByte() // until the handler closes
		resp.Body.Close()
		srv.Close()
		rec := waitForOne(t, out)
		want(t, rec, map[string]any{"http.response.status_code": 101, "hijacked": true, "level": "INFO", "slow": nil})
		if d := rec["duration_ms"].(float64); d < 5 {
			t.Errorf("duration_ms = %v", d)
		}
		if complaints.String() != "" {
			t.Errorf("the server complains: %s", complaints)
		}
	}
}

func caseWebSocket(t *testing.T) { caseHijack(false)(t) }

// waitForOne waits for the record of a hijacked connection, which the server does not wait for.
func waitForOne(t *testing.T, out *sink) map[string]any {
	t.Helper()
	for range 2000 {
		if out.String() != "" {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return out.one(t)
}

func caseReadFrom(t *testing.T) {
	const size = 100 << 10
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	srv, out, _ := server(t, logging.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		f, err := os.Open(name)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Length", fmt.Sprint(size))
		io.Copy(w, f)
	})
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := io.Copy(io.Discard, resp.Body)
	srv.Close()
	want(t, out.one(t), map[string]any{"http.response.body.size": size})
	if n != size {
		t.Errorf("client got %d bytes", n)
	}
}

func caseContentLength(t *testing.T) {
	srv, out, _ := server(t, logging.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "0123456789")
		if _, err := io.WriteString(w, "0123456789"); !errors.Is(err, http.ErrContentLength) {
			t.Errorf("the handler got %v", err)
		}
	})
	if resp, err := http.Get(srv.URL); err == nil {
		resp.Body.Close()
	}
	srv.Close()
	want(t, out.one(t), map[string]any{"http.response.body.size": 10, "http.response.status_code": 200})
}

type bare struct {
	header http.Header
	body   bytes.Buffer
}

func (b *bare) Header() http.Header         { return b.header }
func (b *bare) Write(p []byte) (int, error) { return b.body.Write(p) }
func (b *bare) WriteHeader(int)             {}

type readerFrom struct {
	bare
	called int
}

func (r *readerFrom) ReadFrom(src io.Reader) (int64, error) { r.called++; return r.body.ReadFrom(src) }

func caseReaderFromBelow(t *testing.T) {
	m, out := middleware(t, logging.Config{})
	w := &readerFrom{bare: bare{header: http.Header{}}}
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.(io.ReaderFrom).ReadFrom(strings.NewReader("hello"))
	})).ServeHTTP(w, get("/"))
	want(t, out.one(t), map[string]any{"http.response.body.size": 5})
	if w.called != 1 {
		t.Errorf("ReadFrom below was called %d times", w.called)
	}
}

func caseBareWriter(t *testing.T) {
	m, _ := middleware(t, logging.Config{})
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, f := w.(http.Flusher)
		_, h := w.(http.Hijacker)
		_, p := w.(http.Pusher)
		_, r := w.(io.ReaderFrom)
		if f || h || p || r {
			t.Errorf("claims Flusher %v, Hijacker %v, Pusher %v, ReaderFrom %v", f, h, p, r)
		}
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("Flush = %v", err)
		}
	})).ServeHTTP(&bare{header: http.Header{}}, get("/"))
}

// A writer that a goroutine kept belongs to its own request for good.
func caseLateWrite(t *testing.T) {
	m, out := middleware(t, logging.Config{})
	over, done := make(chan struct{}), make(chan struct{})
	h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" {
			go func() {
				defer close(done)
				<-over
				w.WriteHeader(500)
				io.WriteString(w, "late")
			}()
		}
	}))
	h.ServeHTTP(httptest.NewRecorder(), get("/late"))
	close(over)
	for range 50 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, get("/other"))
		if w.Code != 200 || w.Body.Len() != 0 {
			t.Fatalf("another request got %d %q", w.Code, w.Body)
		}
	}
	<-done
	for _, rec := range out.records(t) {
		want(t, rec, map[string]any{"http.response.status_code": 200, "http.response.body.size": 0})
	}
}

func caseConcurrent(t *testing.T) {
	m, out := middleware(t, logging.Config{})
	h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := len(r.URL.Path) - 1
		logging.Add(r.Context(), slog.Int("n", n))
		w.WriteHeader(200 + n%4)
		w.Write(make([]byte, n))
	}))
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			for range 50 {
				h.ServeHTTP(httptest.NewRecorder(), get("/"+strings.Repeat("x", i)))
			}
		})
	}
	wg.Wait()
	all := out.records(t)
	if len(all) != 200*50 {
		t.Fatalf("%d records", len(all))
	}
	ids := map[any]bool{}
	for _, rec := range all {
		n := int(rec["n"].(float64))
		ids[rec["request_id"]] = true
		if len(rec["url.path"].(string)) != n+1 || rec["http.response.body.size"] != float64(n) || rec["http.response.status_code"] != float64(200+n%4) {
			t.Fatalf("fields of different requests: %v", rec)
		}
	}
	if len(ids) != len(all) {
		t.Errorf("%d ids for %d requests", len(ids), len(all))
	}
}

func caseTrailer(t *testing.T) {
	srv, _, _ := server(t, logging.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		io.WriteString(w, "body")
		w.Header().Set("X-Sum", "42")
	})
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	if resp.Trailer.Get("X-Sum") != "42" {
		t.Errorf("trailer %v", resp.Trailer)
	}
}

type broken struct{ bare }

func (b *broken) Write(p []byte) (int, error) {
	if b.body.Len() > 0 {
		return 0, syscall.EPIPE
	}
	return b.body.Write(p)
}

func caseWriteError(t *testing.T) {
	m, out := middleware(t, logging.Config{})
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "first")
		io.WriteString(w, "second")
	})).ServeHTTP(&broken{bare{header: http.Header{}}}, get("/"))
	want(t, out.one(t), map[string]any{"http.response.status_code": 200, "http.response.body.size": 5, "error.type": "syscall.Errno",
		"error.message": "broken pipe", "aborted": true, "level": "INFO"})
}

// Directly inside of another layer's wrapper there is nothing to wrap.
func TestUsesTheWrapperAround(t *testing.T) {
	m, out := middleware(t, logging.Config{})
	var outer respwrap.Response
	r := get("/")
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if p, ok := respwrap.Of(w); !ok || p != &outer {
			t.Error("wrapped once more")
		}
		w.WriteHeader(418)
	})).ServeHTTP(outer.Wrap(httptest.NewRecorder(), r), r)
	want(t, out.one(t), map[string]any{"http.response.status_code": 418})
}
