package metrics_test

import (
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

	"github.com/gambeson-go/gambeson/internal/respwrap"
	"github.com/gambeson-go/gambeson/metrics"
)

type ctx = context.Context

const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

func exemplars(m *metrics.Middleware) (found []string) {
	for line := range strings.Lines(scrape(m.Handler(), "GET", "Accept", openMetrics).Body.String()) {
		if _, x, ok := strings.Cut(line, " # "); ok {
			found = append(found, x)
		}
	}
	return found
}

func TestExemplar(t *testing.T) {
	m := newMiddleware(t, metrics.Config{TraceID: func(ctx) string { return traceID }})
	serve(m.Wrap(app()), "GET", "/items/1")
	if x := exemplars(m); len(x) != 1 || !strings.HasPrefix(x[0], `{trace_id="`+traceID+`"} `) {
		t.Error(x)
	}
	if strings.Contains(scrape(m.Handler(), "GET").Body.String(), traceID) {
		t.Error("exemplar in the classic format")
	}
}

func TestExemplarOncePerSecondAndCell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		m := newMiddleware(t, metrics.Config{Buckets: []float64{10}, TraceID: func(ctx) string { n++; return fmt.Sprint("t", n) }})
		h := m.Wrap(app())
		expect := func(id string) {
			t.Helper()
			if x := exemplars(m); len(x) != 1 || !strings.HasPrefix(x[0], `{trace_id="`+id+`"}`) {
				t.Errorf("%v, want %s", x, id)
			}
		}
		for range 5 {
			serve(h, "GET", "/items/1")
		}
		expect("t1")
		time.Sleep(999 * time.Millisecond)
		serve(h, "GET", "/items/1")
		expect("t1")
		time.Sleep(time.Millisecond)
		serve(h, "GET", "/items/1")
		expect("t2")
		serve(h, "GET", "/empty") // another cell has a second of its own
		if x := exemplars(m); len(x) != 2 {
			t.Error(x)
		}
		if n != 3 {
			t.Errorf("asked for %d trace ids, 3 were due", n)
		}
	})
}

// The second is counted from end to end: it is the slow request whose trace one wants to see.
func TestExemplarOfASlowRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		id := "fast"
		m := newMiddleware(t, metrics.Config{Buckets: []float64{10}, TraceID: func(ctx) string { return id }})
		h := m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if id == "slow" {
				time.Sleep(2 * time.Second)
			}
		}))
		serve(h, "GET", "/")
		time.Sleep(500 * time.Millisecond)
		id = "slow"
		serve(h, "GET", "/")
		if x := exemplars(m); len(x) != 1 || !strings.HasPrefix(x[0], `{trace_id="slow"} 2.0 `) {
			t.Error(x)
		}
	})
}

// What comes from a traceparent comes from a client, and client_golang panics on what is no exemplar.
func TestExemplarThatCannotBe(t *testing.T) {
	for desc, id := range map[string]func(ctx) string{
		"none":      func(ctx) string { return "" },
		"too long":  func(ctx) string { return strings.Repeat("a", 121) },
		"not UTF-8": func(ctx) string { return "a\xff" },
		"panic":     func(ctx) string { panic("no span") },
	} {
		t.Run(desc, func(t *testing.T) {
			m := newMiddleware(t, metrics.Config{TraceID: id})
			if w, p := serve(m.Wrap(app()), "GET", "/items/1"); w.Code != 200 || p != nil {
				t.Fatal(w.Code, p)
			}
			if _, p := serve(m.Wrap(app()), "GET", "/panic"); p != errBoom {
				t.Error("the handler's panic became", p)
			}
			if x := exemplars(m); len(x) != 0 {
				t.Error(x)
			}
			want(t, series(t, m), map[string]float64{`http_request_duration_seconds_count{class="2xx",method="GET",route="/items/{id}"}`: 1})
		})
	}
	for desc, id := range map[string]string{"longest": strings.Repeat("a", 120), "quotes": "\"\n\\"} {
		m := newMiddleware(t, metrics.Config{TraceID: func(ctx) string { return id }})
		serve(m.Wrap(app()), "GET", "/items/1")
		if x := exemplars(m); len(x) != 1 {
			t.Error(desc, x)
		}
	}
}

func TestTraceIDSeesTheRequestsContext(t *testing.T) {
	type key struct{}
	m := newMiddleware(t, metrics.Config{TraceID: func(c ctx) string { id, _ := c.Value(key{}).(string); return id }})
	r := httptest.NewRequest("GET", "/items/1", nil)
	m.Wrap(app()).ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithValue(r.Context(), key{}, traceID)))
	if x := exemplars(m); len(x) != 1 {
		t.Error(x)
	}
}

func TestNativeHistograms(t *testing.T) {
	for _, on := range []bool{false, true} {
		m := newMiddleware(t, metrics.Config{NativeHistograms: on, Sizes: true})
		serve(m.Wrap(app()), "GET", "/items/1")
		families, err := m.Registry().Gather()
		if err != nil {
			t.Fatal(err)
		}
		histograms := 0
		for _, f := range families {
			if !strings.HasPrefix(f.GetName(), "http_") || f.GetMetric()[0].GetHistogram() == nil {
				continue
			}
			histograms++
			h := f.GetMetric()[0].GetHistogram()
			spans := len(h.GetPositiveSpan()) + len(h.GetNegativeSpan())
			native := h.GetSchema() != 0 || h.GetZeroThreshold() != 0 || spans != 0
			if native != on || len(h.GetBucket()) < 6 {
				t.Errorf("NativeHistograms %v: %s has native %v and %d classic buckets", on, f.GetName(), native, len(h.GetBucket()))
			}
		}
		if histograms != 3 {
			t.Errorf("%d histograms", histograms)
		}
	}
}

func TestSizes(t *testing.T) {
	const announcedOnly = 9_000_000_000_000_000_000
	readAll := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "0123456789")
	}
	ignore := func(http.ResponseWriter, *http.Request) {}
	tests := []struct {
		desc, method string
		body         io.Reader
		length       int64
		handler      http.HandlerFunc
		in, out      float64
	}{
		{"no body", "GET", nil, 0, readAll, 0, 10},
		{"HEAD", "HEAD", nil, 0, readAll, 0, 0},
		{"read", "POST", strings.NewReader("12345"), 5, readAll, 5, 10},
		{"chunked", "POST", strings.NewReader("12345"), -1, readAll, 5, 10},
		{"not read", "POST", strings.NewReader("12345"), 5, ignore, 5, 0},
		{"chunked, not read", "POST", strings.NewReader("12345"), -1, ignore, 0, 0},
		{"a lie", "POST", strings.NewReader("12345"), announcedOnly, readAll, 1e7, 10},
		{"no body after all", "POST", http.NoBody, 0, readAll, 0, 10},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			m := newMiddleware(t, metrics.Config{Sizes: true})
			r := httptest.NewRequest(tt.method, "/", tt.body)
			r.ContentLength = tt.length
			m.Wrap(tt.handler).ServeHTTP(httptest.NewRecorder(), r)
			want(t, series(t, m), map[string]float64{
				`http_request_size_bytes_sum{route="unmatched"}`:    tt.in,
				`http_request_size_bytes_count{route="unmatched"}`:  1,
				`http_response_size_bytes_sum{route="unmatched"}`:   tt.out,
				`http_response_size_bytes_count{route="unmatched"}`: 1,
			})
		})
	}
}

func TestNoBodyStaysNoBody(t *testing.T) {
	m := newMiddleware(t, metrics.Config{Sizes: true})
	r := httptest.NewRequest("GET", "/", http.NoBody)
	m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			t.Error("a client would now send this body chunked")
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
}

func TestSkip(t *testing.T) {
	m := newMiddleware(t, metrics.Config{Skip: func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/static/") }})
	mux := app()
	mux.HandleFunc("/static/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	if w, _ := serve(m.Wrap(mux), "GET", "/static/a"); w.Code != 200 {
		t.Error(w.Code)
	}
	serve(m.Wrap(mux), "GET", "/items/1")
	if n := sum(labelSets(series(t, m), "http_requests_total")); n != 1 {
		t.Error(n)
	}
}

// Sizes counts the body without hiding that it came too slowly: that client is there, and hears the answer.
func TestSlowBodyIsNobodyWhoLeft(t *testing.T) {
	m := newMiddleware(t, metrics.Config{Sizes: true})
	ended := make(chan struct{})
	h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		w.WriteHeader(http.StatusRequestTimeout)
	}))
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		r.Body = &respwrap.Body{ReadCloser: r.Body} // as the body limit of a Stack does
		h.ServeHTTP(w, r)
	}))
	srv.Config.ReadTimeout = 50 * time.Millisecond
	srv.Start()
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9\r\n\r\n123")
	after(t, "the request", ended)
	want(t, series(t, m), map[string]float64{
		`http_requests_total{code="408",method="POST",route="unmatched"}`: 1,
		`http_requests_aborted_total{route="unmatched"}`:                  0,
		`http_request_size_bytes_sum{route="unmatched"}`:                  9,
	})
}
