package gambeson_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/ratelimit"
)

// net/http removes the files of a multipart form from the request that it made. A layer that hands on a copy must not
// hide them from it, or clients fill the disk.
func TestMultipartFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 10); err != nil {
			t.Error(err)
		}
		if files, _ := os.ReadDir(dir); len(files) == 0 {
			t.Error("the form did not go to a file; the test needs one")
		}
	})
	l := newLayers(t, 100)
	web := headers.Web()
	web.ContentSecurityPolicy = "script-src $NONCE; object-src 'none'; base-uri 'none'"
	refundable := must[*ratelimit.Middleware](t)(ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{
		{Name: "client", Limit: ratelimit.Per(1, time.Hour), Burst: 10, Refundable: true}}}))
	for desc, h := range map[string]http.Handler{
		"logging":   l.Logging.Wrap(app),
		"nonce":     must[*headers.Middleware](t)(headers.New(web)).Wrap(app),
		"ratelimit": refundable.Wrap(app),
		"deadline":  must[http.Handler](t)(gambeson.Stack{DangerouslyNoCSRF: true}.Build(app)),
		"all":       l.build(t, app),
	} {
		srv := httptest.NewServer(h)
		var form bytes.Buffer
		mw := multipart.NewWriter(&form)
		part, _ := mw.CreateFormFile("file", "name")
		part.Write(make([]byte, 64<<10))
		mw.Close()
		if res, err := http.Post(srv.URL, mw.FormDataContentType(), &form); err == nil {
			res.Body.Close()
		}
		srv.Close() // waits for the end of the request
		if files, _ := os.ReadDir(dir); len(files) != 0 {
			t.Errorf("%s: %d files are left", desc, len(files))
			for _, f := range files {
				os.Remove(dir + "/" + f.Name())
			}
		}
	}
}

// A client that is too slow with its body is there and hears the answer; it is not one that went away.
func TestSlowBodyIsNotAClientThatLeft(t *testing.T) {
	l := newLayers(t, 10)
	srv := httptest.NewUnstartedServer(l.build(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			<-r.Context().Done() // net/http cancels it, as if the client had left
			http.Error(w, "too slow", http.StatusRequestTimeout)
		}
	})))
	srv.Config.ReadTimeout = 100 * time.Millisecond
	srv.Start()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
	answer, _ := io.ReadAll(conn)
	if !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
		t.Fatalf("answer %q", answer)
	}
	srv.Close()
	records := l.log.records(t)
	if len(records) != 1 || records[0]["http.response.status_code"] != 408.0 || records[0]["level"] != "WARN" || records[0]["aborted"] != nil {
		t.Errorf("records %v", records)
	}
	if got := scrape(t, l.Metrics, "http_requests_total{"); !strings.Contains(got, `code="408"`) {
		t.Errorf("metrics %s", got)
	}
}

// A client that sends all of its body before it looks must find the 413 there, not a connection that was reset.
func TestTooLargeIsHeard(t *testing.T) {
	l := newLayers(t, 1000)
	srv := httptest.NewServer(l.build(t, hello))
	defer srv.Close()
	const size = 1<<20 + 1
	for i := range 30 {
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		closing := []string{"", "Connection: close\r\n"}[i%2]
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n", closing, size)
		if _, err := io.CopyN(conn, zeros{}, size); err != nil {
			t.Fatalf("request %d, %q: sending: %v", i, closing, err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 413 ") {
			t.Fatalf("request %d, %q: %.60q, %v", i, closing, answer, err)
		}
		conn.Close()
	}
}

// Connection: close on an HTTP/2 answer would end the connection that a proxy shares between its users.
func TestTooLargeKeepsAnHTTP2Connection(t *testing.T) {
	l := newLayers(t, 10)
	l.MaxBodyBytes = 10
	srv := httptest.NewUnstartedServer(l.build(t, hello))
	srv.EnableHTTP2 = true
	conns := 0
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns++
		}
	}
	srv.StartTLS()
	for range 3 {
		res, err := srv.Client().Post(srv.URL, "text/plain", strings.NewReader("more than ten bytes"))
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != 413 || res.ProtoMajor != 2 {
			t.Fatalf("%s over %s", res.Status, res.Proto)
		}
	}
	srv.Close()
	if conns != 1 {
		t.Errorf("%d connections for 3 requests", conns)
	}
}
