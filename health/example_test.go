package health_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gambeson-go/gambeson/health"
)

// database stands for *sql.DB.
type database struct{ err error }

func (d database) PingContext(context.Context) error { return d.err }

func Example() {
	db := database{errors.New("dial tcp 10.0.0.5:5432: connection refused")}
	cache := func(context.Context) error { return nil } // as func(ctx) error { return redisClient.Ping(ctx).Err() }

	h, err := health.New(health.Config{
		Checks: []health.Check{
			{Name: "database", Func: health.Ping(db), ComponentType: "datastore"},
			{Name: "cache", Func: cache, Optional: true},
		},
		Authorize: health.Bearer("probe-token"),
	})
	if err != nil {
		log.Fatal(err)
	}
	app := http.NewServeMux()
	srv := httptest.NewServer(h.Wrap(app))
	defer srv.Close()

	for _, path := range []string{"/livez", "/readyz", "/health"} {
		res, err := http.Get(srv.URL + path)
		if err != nil {
			log.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Printf("%s %d %s", path, res.StatusCode, body)
	}
	// Output:
	// /livez 200 {"status":"pass"}
	// /readyz 503 {"status":"fail"}
	// /health 503 {"status":"fail","checks":{"cache":[{"status":"pass"}],"database":[{"status":"fail"}]}}
}

func ExampleNew_errors() {
	_, err := health.New(health.Config{
		Checks: []health.Check{{Name: "database", Func: health.Ping(database{}), Timeout: 500}},
		Paths:  health.Paths{Ready: "readyz"},
	})
	fmt.Println(err)
	// Output:
	// health: Checks[0].Timeout 500ns: must lie between 1ms and a day; write 500 * time.Millisecond, or leave it out
	// health: Paths.Ready "readyz": a path begins with a slash; write a path such as "/readyz", or "-" to leave it out
}

func ExampleMiddleware_Serve() {
	h, err := health.New(health.Config{DrainDelay: 10 * time.Millisecond}) // leave it out in production
	if err != nil {
		log.Fatal(err)
	}
	app := http.NewServeMux()
	srv := &http.Server{Handler: h.Wrap(app)}
	ln, err := net.Listen("tcp", "127.0.0.1:0") // nil in production: srv.Addr
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Millisecond) // SIGTERM does the same
	defer stop()
	fmt.Println("clean end:", h.Serve(ctx, srv, ln) == nil)
	// Output: clean end: true
}

// An event stream ends when the process is about to, and asks its client to wait before it comes back.
func ExampleMiddleware_Draining() {
	h, err := health.New(health.Config{})
	if err != nil {
		log.Fatal(err)
	}
	events := func(w http.ResponseWriter, r *http.Request) {
		news := time.NewTicker(time.Hour)
		defer news.Stop()
		for {
			select {
			case now := <-news.C:
				fmt.Fprintf(w, "data: %v\n\n", now)
			case <-h.Draining():
				fmt.Fprint(w, "retry: 10000\n\n")
				return
			case <-r.Context().Done():
				return
			}
		}
	}
	h.Drain()
	w := httptest.NewRecorder()
	events(w, httptest.NewRequest("GET", "/events", nil))
	fmt.Printf("%q\n", w.Body)
	// Output: "retry: 10000\n\n"
}

// A worker that is stuck is a reason to restart: its heartbeat is a check of liveness.
func ExampleNewHeartbeat() {
	beat := health.NewHeartbeat(time.Minute)
	go func() {
		for job := range make(chan string) { // the worker
			_ = job
			beat.Beat()
		}
	}()
	h, err := health.New(health.Config{Checks: []health.Check{
		{Name: "worker", Func: beat.Check, Live: true, FailureThreshold: 1},
		{Name: "disk", Func: health.DiskSpace(os.TempDir(), 1<<10), Optional: true},
	}})
	if err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/livez", nil))
	fmt.Println(w.Code)
	// Output: 200
}

// Metrics read the checks without HTTP; here they are printed.
func ExampleMiddleware_Checks() {
	h, err := health.New(health.Config{
		Checks: []health.Check{{Name: "database", Func: health.Ping(database{})}, {Name: "cache", Func: health.Ping(nil), Optional: true}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range h.Checks() {
		up := 0
		if c.Status == health.Pass {
			up = 1
		}
		fmt.Printf("health_check_up{check=%q} %d\n", c.Name, up)
	}
	fmt.Println("ready:", h.Ready())
	// Output:
	// health_check_up{check="database"} 1
	// health_check_up{check="cache"} 0
	// ready: true
}

// collector shows the checks to Prometheus. They are read at each scrape, so that a process which nobody probes shows them
// too; a result that is young enough costs no run.
type collector struct{ *health.Middleware }

var (
	checkUp = prometheus.NewDesc("health_check_up", "Whether a health check passes.", []string{"check"}, nil)
	ready   = prometheus.NewDesc("health_ready", "Whether the instance takes traffic.", nil, nil)
)

func (c collector) Describe(to chan<- *prometheus.Desc) { to <- checkUp; to <- ready }

func (c collector) Collect(to chan<- prometheus.Metric) {
	number := map[bool]float64{true: 1}
	for _, k := range c.Checks() {
		to <- prometheus.MustNewConstMetric(checkUp, prometheus.GaugeValue, number[k.Status == health.Pass], k.Name)
	}
	to <- prometheus.MustNewConstMetric(ready, prometheus.GaugeValue, number[c.Ready()])
}

// The checks as metrics, with the collector above. With package metrics the registry is that of its Registry method.
func ExampleMiddleware_Checks_prometheus() {
	h, err := health.New(health.Config{
		Checks: []health.Check{{Name: "database", Func: health.Ping(database{})}, {Name: "cache", Func: health.Ping(nil), Optional: true}},
	})
	if err != nil {
		log.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	if err := registry.Register(collector{h}); err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	fmt.Print(w.Body)
	// Output:
	// # HELP health_check_up Whether a health check passes.
	// # TYPE health_check_up gauge
	// health_check_up{check="cache"} 0
	// health_check_up{check="database"} 1
	// # HELP health_ready Whether the instance takes traffic.
	// # TYPE health_ready gauge
	// health_ready 1
}

// OnChange is where a fail gets into the log, once, with its error.
func ExampleConfig_onChange() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	h, err := health.New(health.Config{
		Checks: []health.Check{{Name: "database", Func: health.Ping(database{errors.New("connection refused")})}},
		OnChange: func(check string, from, to health.Status, err error) {
			logger.Warn("health changed", "check", check, "from", from, "to", to, "error", err)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		h.Ready()
	}
	// Output: level=WARN msg="health changed" check=database from="" to=fail error="connection refused"
}
