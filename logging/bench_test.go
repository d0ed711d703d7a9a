package logging_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/redact"
)

// discard is a writer for the benchmarks: its header map is emptied, not made, for each request.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

func request() *http.Request {
	r := get("/api/v1/users/1234/orders?page=2&sort=created_at")
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
	r.RemoteAddr = "203.0.113.9:4711"
	return r
}

var payload = []byte("hello, world")

func hello(w http.ResponseWriter, _ *http.Request) { w.Write(payload) }

// byHand is the access log that people write: LogAttrs with twelve fields to a JSONHandler, nothing redacted.
func byHand(next http.HandlerFunc) http.HandlerFunc {
	logger := slog.New(slog.NewJSONHandler(io.Discard, nil))
	return func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		next(w, r)
		logTwelve(r.Context(), logger, r, time.Since(start))
	}
}

func logTwelve(ctx context.Context, logger *slog.Logger, r *http.Request, d time.Duration) {
	addr, _ := netip.ParseAddrPort(r.RemoteAddr)
	logger.LogAttrs(ctx, slog.LevelInfo, "http request",
		slog.String("http.request.method", r.Method),
		slog.String("http.route", "/api/v1/users/{id}/orders"),
		slog.Int("http.response.status_code", 200),
		slog.String("url.path", r.URL.Path),
		slog.String("url.query", r.URL.RawQuery),
		slog.Float64("duration_ms", float64(d.Microseconds())/1000),
		slog.Int64("http.request.body.size", r.ContentLength),
		slog.Int64("http.response.body.size", 12),
		slog.String("client.address", addr.Addr().String()),
		slog.String("user_agent.original", r.UserAgent()),
		slog.String("network.protocol.version", "1.1"),
		slog.String("request_id", "0198f6c17c1e7d4b9c462f7b1b7f0a55"),
	)
}

func handlers(b testing.TB) map[string]http.Handler {
	wrap := func(h slog.Handler) http.Handler {
		m, err := logging.New(logging.Config{Logger: slog.New(h)})
		if err != nil {
			b.Fatal(err)
		}
		return m.Wrap(http.HandlerFunc(hello))
	}
	return map[string]http.Handler{
		"byhand":      byHand(hello),
		"newhandler":  wrap(logging.NewHandler(io.Discard, nil)),
		"jsonhandler": wrap(slog.NewJSONHandler(io.Discard, nil)),
		"off":         wrap(logging.NewHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError})),
	}
}

// BenchmarkAccessLog: newhandler over byhand is at most 1.0, jsonhandler over byhand at most 1.6.
func BenchmarkAccessLog(b *testing.B) {
	all := handlers(b)
	for _, name := range []string{"byhand", "newhandler", "jsonhandler", "off"} {
		b.Run(name, func(b *testing.B) {
			h, r := all[name], request()
			w := &discard{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	}
}

// BenchmarkAccessLogVaried has other paths, queries and clients in each request, so that nothing of them is remembered.
func BenchmarkAccessLogVaried(b *testing.B) {
	all := handlers(b)
	requests := make([]*http.Request, 4096)
	for i := range requests {
		requests[i] = request()
		requests[i].URL.Path = fmt.Sprintf("/api/v1/users/%d/orders", i)
		requests[i].URL.RawQuery = fmt.Sprintf("page=%d&sort=created_at", i)
		requests[i].Header.Set("User-Agent", fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/128.0", i))
	}
	for _, name := range []string{"byhand", "newhandler", "jsonhandler"} {
		b.Run(name, func(b *testing.B) {
			h, w, i := all[name], &discard{http.Header{}}, 0
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, requests[i%len(requests)])
				i++
			}
		})
	}
}

// BenchmarkHandler logs twelve fields of an application through a logger.
func BenchmarkHandler(b *testing.B) {
	r := request()
	for _, bc := range []struct {
		name string
		h    slog.Handler
	}{
		{"slog", slog.NewJSONHandler(io.Discard, nil)},
		{"slog behind redact", redact.Default().Handler(slog.NewJSONHandler(io.Discard, nil))},
		{"this", logging.NewHandler(io.Discard, nil)},
	} {
		b.Run(bc.name, func(b *testing.B) {
			logger := slog.New(bc.h)
			b.ReportAllocs()
			for b.Loop() {
				logTwelve(context.Background(), logger, r, 1234*time.Microsecond)
			}
		})
	}
	b.Run("this, mixed", func(b *testing.B) {
		logger := slog.New(logging.NewHandler(io.Discard, nil))
		err := errors.New("connection refused")
		b.ReportAllocs()
		for b.Loop() {
			logger.LogAttrs(context.Background(), slog.LevelInfo, "m", slog.Any("err", err), slog.String("password", "hunter2"), slog.Group("g", slog.Int("n", 1)))
		}
	})
}

func BenchmarkRequestID(b *testing.B) {
	m, err := logging.New(logging.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	h, w, r := m.Wrap(http.HandlerFunc(nothing)), &discard{http.Header{}}, get("/")
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

func TestAllocations(t *testing.T) {
	if raceOn {
		t.Skip("the race detector changes the count")
	}
	all := handlers(t)
	for name, most := range map[string]float64{"newhandler": 4, "off": 2} {
		r, w := request(), &discard{http.Header{}}
		h := all[name]
		n := testing.AllocsPerRun(500, func() {
			clear(w.header)
			h.ServeHTTP(w, r)
		})
		if n > most {
			t.Errorf("%s: %v allocations a request, want at most %v", name, n, most)
		}
		t.Logf("%s: %v", name, n)
	}
	r := request()
	count := func(h slog.Handler) float64 {
		logger := slog.New(h)
		return testing.AllocsPerRun(500, func() { logTwelve(context.Background(), logger, r, time.Millisecond) })
	}
	if plain, own := count(slog.NewJSONHandler(io.Discard, nil)), count(logging.NewHandler(io.Discard, nil)); own > plain {
		t.Errorf("a record: %v allocations, slog.JSONHandler has %v", own, plain)
	}
}
