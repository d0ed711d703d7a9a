package metrics_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/metrics"
)

func newMiddleware(tb testing.TB, cfg metrics.Config) *metrics.Middleware {
	tb.Helper()
	m, err := metrics.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// app is the mux of the acceptance cases.
func app() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello, world!") })
	mux.HandleFunc("POST /items", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	mux.HandleFunc("GET /empty", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/dir/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic(errBoom) })
	mux.HandleFunc("GET /abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("GET /early", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "body")
	})
	mux.HandleFunc("GET /double", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		w.WriteHeader(http.StatusInternalServerError)
	})
	mux.HandleFunc("GET /hijack", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n")
		conn.Close()
	})
	return mux
}

type boom struct{}

func (*boom) Error() string { return "boom" }

var errBoom error = &boom{}

// serve sends one request past a recorder, and returns it with what the handler panicked with.
func serve(h http.Handler, method, target string) (w *httptest.ResponseRecorder, panicked any) {
	w = httptest.NewRecorder()
	defer func() { panicked = recover() }()
	h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w, nil
}

// series is the scrape page, a value for each line.
func series(tb testing.TB, m *metrics.Middleware) map[string]float64 {
	tb.Helper()
	w, _ := serve(m.Handler(), "GET", "/metrics")
	if w.Code != http.StatusOK {
		tb.Fatalf("scrape: %d %s", w.Code, w.Body)
	}
	all := map[string]float64{}
	for line := range strings.Lines(w.Body.String()) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		v, err := strconv.ParseFloat(line[i+1:], 64)
		if err != nil {
			tb.Fatalf("line %q: %v", line, err)
		}
		all[line[:i]] = v
	}
	return all
}

// labelSets are the series of one metric.
func labelSets(all map[string]float64, name string) map[string]float64 {
	sets := map[string]float64{}
	for k, v := range all {
		if rest, ok := strings.CutPrefix(k, name); ok && (rest == "" || rest[0] == '{') {
			sets[rest] = v
		}
	}
	return sets
}

func sum(sets map[string]float64) (total float64) {
	for _, v := range sets {
		total += v
	}
	return total
}

// want compares some series with what they should be; -1 stands for a series that must not be there.
func want(tb testing.TB, all, expect map[string]float64) {
	tb.Helper()
	for name, value := range expect {
		got, ok := all[name]
		switch {
		case value == -1 && ok:
			tb.Errorf("%s is there, and %v", name, got)
		case value != -1 && !ok:
			tb.Errorf("%s is missing; there are %v", name, labelSets(all, name[:strings.IndexByte(name+"{", '{')]))
		case value != -1 && got != value:
			tb.Errorf("%s = %v, want %v", name, got, value)
		}
	}
}

// server is a real one; close it before looking at the metrics of the last request.
func server(tb testing.TB, h http.Handler) *httptest.Server {
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = quietLog()
	srv.Start()
	tb.Cleanup(srv.Close)
	return srv
}

// copying is a middleware that gives the request below a context of its own, as most do.
func copying(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.Clone(r.Context())) })
}

// after fails the test where something that must come does not.
func after(tb testing.TB, what string, c <-chan struct{}) {
	tb.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		tb.Fatal("waited 20 s for " + what)
	}
}
