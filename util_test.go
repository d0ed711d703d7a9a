package gambeson_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/clientip"
	"github.com/gambeson-go/gambeson/cors"
	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/health"
	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/metrics"
	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/redact"
)

const page = "https://app.example.com" // the origin that CORS allows

// layers is one of each layer, and the log that they write.
type layers struct {
	gambeson.Stack
	log *syncBuffer
}

// must unwraps what New gives.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// newLayers makes them as an app would. The burst is what one client may send at once.
func newLayers(t testing.TB, burst int) layers {
	t.Helper()
	log := new(syncBuffer)
	return layers{log: log, Stack: gambeson.Stack{
		Health:    must[*health.Middleware](t)(health.New(health.Config{})),
		Logging:   must[*logging.Middleware](t)(logging.New(logging.Config{Logger: slog.New(logging.NewHandler(log, nil))})),
		Metrics:   must[*metrics.Middleware](t)(metrics.New(metrics.Config{})),
		Headers:   must[*headers.Middleware](t)(headers.New(headers.API())),
		CORS:      must[*cors.Middleware](t)(cors.New(cors.Config{AllowedOrigins: []string{page}, AllowedMethods: []string{"PUT"}})),
		RateLimit: newLimiter(t, burst, nil),
		LeakGuard: redact.Default(),
	}}
}

func newLimiter(t testing.TB, burst int, key func(*http.Request) string) *ratelimit.Middleware {
	t.Helper()
	return must[*ratelimit.Middleware](t)(ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{
		{Name: "client", Limit: ratelimit.Per(1, time.Hour), Burst: burst, Key: key},
	}}))
}

func resolver(t testing.TB, cfg clientip.Config) *clientip.Resolver {
	t.Helper()
	return must[*clientip.Resolver](t)(clientip.New(cfg))
}

func (l layers) build(t testing.TB, app http.Handler) http.Handler {
	t.Helper()
	return must[http.Handler](t)(l.Build(app))
}

// chain composes by hand, outermost first, as people do who write the order themselves.
func chain(app http.Handler, wraps ...func(http.Handler) http.Handler) http.Handler {
	for i := len(wraps) - 1; i >= 0; i-- {
		app = wraps[i](app)
	}
	return app
}

var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })

// request is what a server receives: httptest.NewRequest would set a scheme in the URL, which servers do not.
func request(method, path string, header ...string) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	r.URL.Scheme, r.URL.Host = "", ""
	r.Host = "api.example.com"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func do(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t testing.TB, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// scrape is the metrics page, lines of one family alone.
func scrape(t testing.TB, m *metrics.Middleware, family string) string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(body(t, do(m.Handler(), request("GET", "/metrics")))) {
		if strings.HasPrefix(line, family) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n")
}

// syncBuffer is a log that several goroutines may write.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// records is what was logged, a map for each line.
func (s *syncBuffer) records(t testing.TB) (records []map[string]any) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(s.b.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		records = append(records, m)
	}
	return records
}
