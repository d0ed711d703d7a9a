package tests

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/gambeson-go/gambeson/internal/respwrap"
)

// wrapped serves h behind three wrappers, as a stack of layers would, and hands the outermost state to look at. The
// state is sent when the handler has returned.
func wrapped(h http.HandlerFunc, unwrapped func(http.ResponseWriter) http.ResponseWriter) (http.Handler, chan *respwrap.Response) {
	states := make(chan *respwrap.Response, 8)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if unwrapped != nil {
			w = unwrapped(w)
		}
		outer := new(respwrap.Response)
		w = outer.Wrap(w, r)
		w = new(respwrap.Response).Wrap(w, r)
		w = new(respwrap.Response).Wrap(w, r)
		defer func() { states <- outer }()
		h(w, r)
	}), states
}

func serve(t *testing.T, h http.HandlerFunc) (*httptest.Server, chan *respwrap.Response) {
	t.Helper()
	handler, states := wrapped(h, nil)
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return srv, states
}

// get reads a whole answer.
func get(t *testing.T, client *http.Client, url string) (*http.Response, string) {
	t.Helper()
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestServerSentEvents(t *testing.T) {
	heard := make(chan struct{})
	srv, states := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			<-heard // an event that stays in a buffer blocks here for good
		}
	})
	res, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	events := bufio.NewScanner(res.Body)
	for i := 0; events.Scan(); {
		if events.Text() == "" {
			continue
		}
		if want := fmt.Sprintf("data: %d", i); events.Text() != want {
			t.Fatalf("event %q, want %q", events.Text(), want)
		}
		i++
		heard <- struct{}{}
	}
	if p := <-states; p.Status() != 200 || p.Bytes() != 27 {
		t.Errorf("Status = %d, Bytes = %d", p.Status(), p.Bytes())
	}
}

func TestWebSocket(t *testing.T) {
	srv, states := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.CloseNow()
		for {
			kind, msg, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if err := c.Write(r.Context(), kind, msg); err != nil {
				t.Error(err)
				return
			}
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		want := fmt.Sprint("message ", i)
		if err := c.Write(ctx, websocket.MessageText, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(ctx); err != nil || string(got) != want {
			t.Fatalf("echo %d = %q, %v", i, got, err)
		}
	}
	c.Close(websocket.StatusNormalClosure, "")
	if p := <-states; p.Status() != 101 || !p.Hijacked() {
		t.Errorf("Status = %d, Hijacked = %v", p.Status(), p.Hijacked())
	}
}

// spy tells whether ReadFrom of the server's own writer was reached: that is the way to sendfile.
type spy struct {
	http.ResponseWriter
	reached *int
}

func (s spy) ReadFrom(src io.Reader) (int64, error) {
	*s.reached++
	if _, ok := src.(syscall.Conn); !ok {
		return 0, fmt.Errorf("the source came as a %T, not as a file", src)
	}
	return s.ResponseWriter.(io.ReaderFrom).ReadFrom(src)
}

func TestSendfile(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 6400) // 100 KiB
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	reached := 0
	handler, states := wrapped(func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(name)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		if _, err := io.Copy(w, f); err != nil {
			t.Error(err)
		}
	}, func(w http.ResponseWriter) http.ResponseWriter { return spy{w, &reached} })
	srv := httptest.NewServer(handler)
	defer srv.Close()
	if _, body := get(t, srv.Client(), srv.URL); body != string(content) {
		t.Error("the file came through changed")
	}
	if p := <-states; reached != 1 || p.Bytes() != int64(len(content)) {
		t.Errorf("ReadFrom below reached %d times, %d bytes counted", reached, p.Bytes())
	}
}

func TestHTTP2(t *testing.T) {
	handler, states := wrapped(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := w.(http.Hijacker); ok {
			t.Error("a Hijacker over HTTP/2")
		}
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, "over ")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		io.WriteString(w, r.Proto)
		w.Header().Set(http.TrailerPrefix+"X-Sum", "42")
	}, nil)
	srv := httptest.NewUnstartedServer(handler)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	res, body := get(t, srv.Client(), srv.URL)
	if res.StatusCode != 201 || body != "over HTTP/2.0" || res.Trailer.Get("X-Sum") != "42" {
		t.Errorf("%d %q, trailer %v", res.StatusCode, body, res.Trailer)
	}
	if p := <-states; p.Status() != 201 || p.Bytes() != int64(len(body)) {
		t.Errorf("Status = %d, Bytes = %d", p.Status(), p.Bytes())
	}
}

func TestEarlyHints(t *testing.T) {
	srv, states := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusNotFound)
	})
	var hints []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			hints = append(hints, fmt.Sprint(code, " ", h.Get("Link")))
			return nil
		},
	})
	req, _ := http.NewRequestWithContext(ctx, "GET", srv.URL, nil)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 404 || fmt.Sprint(hints) != "[103 </style.css>; rel=preload]" {
		t.Errorf("status %d, hints %v", res.StatusCode, hints)
	}
	if p := <-states; p.Status() != 404 {
		t.Errorf("Status = %d", p.Status())
	}
}

func TestFullDuplex(t *testing.T) {
	srv, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			fmt.Fprintln(w, strings.ToUpper(lines.Text()))
			http.NewResponseController(w).Flush()
		}
	})
	body, send := io.Pipe()
	req, _ := http.NewRequestWithContext(t.Context(), "POST", srv.URL, body)
	go io.WriteString(send, "one\n")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answers := bufio.NewScanner(res.Body)
	for _, word := range []string{"one", "two", "three"} {
		if !answers.Scan() || answers.Text() != strings.ToUpper(word) {
			t.Fatalf("answer %q to %q, %v", answers.Text(), word, answers.Err())
		}
		if word != "three" {
			next := map[string]string{"one": "two\n", "two": "three\n"}[word]
			go io.WriteString(send, next)
		}
	}
	send.Close()
}

func TestDeadlines(t *testing.T) {
	slow := make(chan error, 1)
	srv, states := serve(t, func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if err := errors.Join(rc.SetWriteDeadline(time.Now().Add(time.Minute)), rc.SetReadDeadline(time.Now().Add(50*time.Millisecond))); err != nil {
			t.Error(err)
		}
		_, err := io.ReadAll(r.Body) // of a client that sends nothing
		slow <- err
	})
	body, send := io.Pipe()
	defer send.Close()
	req, _ := http.NewRequestWithContext(t.Context(), "POST", srv.URL, body)
	if res, err := http.DefaultClient.Do(req); err == nil {
		res.Body.Close()
	}
	if err := <-slow; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading a silent body gave %v, want the deadline", err)
	}
	<-states
}

func TestHead(t *testing.T) {
	srv, states := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "hello")
	})
	res, err := http.Head(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if p := <-states; p.Status() != 200 || p.Bytes() != 0 || res.ContentLength != 5 {
		t.Errorf("Status = %d, Bytes = %d, Content-Length %d", p.Status(), p.Bytes(), res.ContentLength)
	}
}

// A goroutine that outlives its handler writes into a response that is over, never into a stranger's: nothing is pooled.
func TestLateWrite(t *testing.T) {
	var late http.ResponseWriter
	srv, states := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			late = w
			return
		}
		late.Write([]byte("late"))
		io.WriteString(w, "mine")
	})
	get(t, srv.Client(), srv.URL+"/first")
	<-states
	if _, body := get(t, srv.Client(), srv.URL+"/second"); body != "mine" {
		t.Errorf("body %q", body)
	}
	<-states
}
