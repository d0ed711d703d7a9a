package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-chi/httplog/v3"

	"github.com/gambeson-go/gambeson/logging"
)

// byHand is the access log that people write: LogAttrs with twelve fields, nothing redacted, no id made.
func byHand(next http.Handler) http.Handler {
	logger := slog.New(slog.NewJSONHandler(io.Discard, nil))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		next.ServeHTTP(w, r)
		client, _ := netip.ParseAddrPort(r.RemoteAddr)
		logger.LogAttrs(r.Context(), slog.LevelInfo, "http request",
			slog.String("http.request.method", r.Method),
			slog.String("http.route", "/items/{id}"),
			slog.Int("http.response.status_code", 200),
			slog.String("url.path", r.URL.Path),
			slog.String("url.query", r.URL.RawQuery),
			slog.Float64("duration_ms", float64(time.Since(start).Microseconds())/1000),
			slog.Int64("http.request.body.size", r.ContentLength),
			slog.Int64("http.response.body.size", 12),
			slog.String("client.address", client.Addr().String()),
			slog.String("user_agent.original", r.UserAgent()),
			slog.String("network.protocol.version", "1.1"),
			slog.String("request_id", "0198f6c17c1e7d4b9c462f7b1b7f0a55"))
	})
}

// varied is requests that differ in path, query and User-Agent, so that nothing of them is known from the last one.
func varied() func() *http.Request {
	requests := make([]*http.Request, 4096)
	for i := range requests {
		r := request("GET", "User-Agent", fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/128.0", i))
		r.URL.Path, r.URL.RawQuery = fmt.Sprintf("/items/%d", i), fmt.Sprintf("page=%d&sort=created_at", i)
		requests[i] = r
	}
	i := 0
	return func() *http.Request { i++; return requests[i%len(requests)] }
}

func loggingTasks() []task {
	payload := []byte("hello, world")
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(payload) })
	with := func(h slog.Handler) http.Handler {
		return must(logging.New(logging.Config{Logger: slog.New(h)})).Wrap(hello)
	}
	json := slog.New(slog.NewJSONHandler(io.Discard, &slog.HandlerOptions{ReplaceAttr: httplog.SchemaOTEL.ReplaceAttr}))
	return []task{
		{"logging, access log", 4, []side{
			serveNext("gambeson", with(logging.NewHandler(io.Discard, nil)), varied(), 0),
			serveNext("slog.LogAttrs by hand", byHand(hello), varied(), 1),
			serveNext("httplog v3", httplog.RequestLogger(json, &httplog.Options{Schema: httplog.SchemaOTEL})(hello), varied(), 0.4),
		}, 0},
		{"logging, access log over slog.JSONHandler", 8, []side{
			serveNext("gambeson", with(slog.NewJSONHandler(io.Discard, nil)), varied(), 0),
			serveNext("slog.LogAttrs by hand", byHand(hello), varied(), 1.6),
		}, 0},
		{"logging, level off", 2, []side{
			serveNext("gambeson", with(logging.NewHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 1})), varied(), 0),
			serveNext("nothing", hello, varied(), 0),
		}, 0},
	}
}
