package cors_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/cors"
)

type vectorConfig struct {
	AllowedOrigins   []string `json:"allowed_origins"`
	AllowedMethods   []string `json:"allowed_methods"`
	AllowedHeaders   []string `json:"allowed_headers"`
	ExposedHeaders   []string `json:"exposed_headers"`
	AllowCredentials bool     `json:"allow_credentials"`
	MaxAge           int      `json:"max_age"`
}

func (c vectorConfig) config() cors.Config {
	return cors.Config{
		AllowedOrigins: c.AllowedOrigins, AllowedMethods: c.AllowedMethods, AllowedHeaders: c.AllowedHeaders,
		ExposedHeaders: c.ExposedHeaders, AllowCredentials: c.AllowCredentials, MaxAge: time.Duration(c.MaxAge) * time.Second,
	}
}

type generated struct {
	Name, Unit   string
	Count, Lines int
}

type exchange struct {
	ID, Severity, Why string
	Config            vectorConfig
	Request           struct {
		Method           string
		Headers          [][2]string
		HeadersGenerated []generated `json:"headers_generated"`
	}
	PreHeaders     [][2]string `json:"pre_headers"`
	HandlerHeaders [][2]string `json:"handler_headers"`
	Expect         expectation
}

type expectation struct {
	IsPreflightHandled  bool                `json:"is_preflight_handled"`
	HandlerCalled       bool                `json:"handler_called"`
	Status              string              `json:"status"`
	Headers             map[string]string   `json:"headers"`
	HeadersList         map[string][]string `json:"headers_list"`
	HeadersAbsent       []string            `json:"headers_absent"`
	HeadersAbsentShould []string            `json:"headers_absent_should"`
	HeaderValuesExclude map[string][]string `json:"header_values_exclude"`
	VaryContains        []string            `json:"vary_contains"`
	VaryExcludes        []string            `json:"vary_excludes"`
	CacheSafe           bool                `json:"cache_safe"`
	Browser             []struct{ Credentials, Verdict, Origin string }
	Limits              *struct {
		MaxAllocBytes uint64        `json:"max_alloc_bytes_per_request"`
		MaxTime       time.Duration `json:"max_time_vs_benign"`
	}
}

// load reads cases and refuses keys that no test here looks at.
func load[T any](t *testing.T, name string) []T {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dec := json.NewDecoder(f)
	dec.DisallowUnknownFields()
	var cases []T
	if err := dec.Decode(&cases); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return cases
}

type configCase struct {
	ID, Severity, Why     string
	NeedsPublicSuffixList bool `json:"needs_public_suffix_list"` // we have one
	Config                vectorConfig
}

func TestVectorsBadConfigs(t *testing.T) {
	for _, c := range load[configCase](t, "bad_configs.json") {
		t.Run(c.ID, func(t *testing.T) {
			m, err := cors.New(c.Config.config())
			if err == nil || m != nil {
				t.Fatalf("New accepts it; %s", c.Why)
			}
			t.Log(err)
		})
	}
}

func TestVectorsGoodConfigs(t *testing.T) {
	for _, c := range load[configCase](t, "good_configs.json") {
		t.Run(c.ID, func(t *testing.T) { mustNew(t, c.Config.config()) })
	}
}

func TestVectorsExchanges(t *testing.T) {
	for _, c := range load[exchange](t, "exchanges.json") {
		t.Run(c.ID, func(t *testing.T) {
			m := mustNew(t, c.Config.config())
			s := &spy{header: http.Header{}}
			for _, h := range c.HandlerHeaders {
				s.header.Add(h[0], h[1])
			}
			r := c.request()
			w := httptest.NewRecorder()
			for _, h := range c.PreHeaders {
				w.Header().Add(h[0], h[1])
			}
			m.Wrap(s).ServeHTTP(w, r)
			c.judge(t, w.Result(), s.called, r)
			if d := m.Check(r); (d.Kind == cors.Preflight) != c.Expect.IsPreflightHandled {
				t.Errorf("Check says %v", d.Kind)
			}
			if c.Expect.Limits != nil {
				c.measure(t, m)
			}
		})
	}
}

func (c exchange) request() *http.Request {
	r := request(c.Request.Method)
	for _, h := range c.Request.Headers {
		r.Header.Add(h[0], h[1])
	}
	for _, g := range c.Request.HeadersGenerated {
		for range g.Lines {
			r.Header.Add(g.Name, strings.Repeat(g.Unit, g.Count))
		}
	}
	return r
}

func (c exchange) judge(t *testing.T, res *http.Response, called bool, r *http.Request) {
	e, h := c.Expect, res.Header
	if called != e.HandlerCalled {
		t.Errorf("handler called: %t, want %t", called, e.HandlerCalled)
	}
	switch e.Status {
	case "handler":
		if res.StatusCode != handlerStatus {
			t.Errorf("status %d, want the handler's", res.StatusCode)
		}
	case "2xx":
		if res.StatusCode/100 != 2 {
			t.Errorf("status %d, want 2xx", res.StatusCode)
		}
	case "any":
	default:
		t.Errorf("a status %q that this test does not know", e.Status)
	}
	for name, want := range e.Headers {
		if got := h.Values(name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want one line %q", name, got, want)
		}
	}
	for name, want := range e.HeadersList {
		got, _ := extract(h, name)
		star := slices.Contains(got, "*") && !c.Config.AllowCredentials
		for _, token := range want {
			if !star && !slices.ContainsFunc(got, func(s string) bool { return strings.EqualFold(s, token) }) {
				t.Errorf("%s: %q does not cover %q", name, got, token)
			}
		}
	}
	for _, name := range slices.Concat(e.HeadersAbsent, e.HeadersAbsentShould) {
		if got, ok := h[http.CanonicalHeaderKey(name)]; ok {
			t.Errorf("%s: %q, want none", name, got)
		}
	}
	for name, values := range e.HeaderValuesExclude {
		for _, v := range values {
			if slices.Contains(h.Values(name), v) {
				t.Errorf("%s holds %q", name, v)
			}
		}
	}
	vary, _ := extract(h, "Vary")
	for _, name := range e.VaryContains {
		if !slices.Contains(vary, name) {
			t.Errorf("Vary %q without %s", vary, name)
		}
	}
	for _, name := range e.VaryExcludes {
		if slices.Contains(vary, name) {
			t.Errorf("Vary %q with %s", vary, name)
		}
	}
	if e.CacheSafe && h.Get("Access-Control-Allow-Origin") == "" && !slices.Contains(vary, "Origin") {
		t.Errorf("a cache would mix up origins: neither Access-Control-Allow-Origin nor Vary: Origin")
	}
	c.browse(t, res, r)
}

// browse asks the browser model what the page gets.
func (c exchange) browse(t *testing.T, res *http.Response, r *http.Request) {
	for _, b := range c.Expect.Browser {
		p := page{origin: r.Header.Get("Origin"), credentials: b.Credentials, method: r.Header.Get("Access-Control-Request-Method")}
		if b.Origin != "" {
			p.origin = b.Origin
		}
		p.unsafe, _ = extract(r.Header, "Access-Control-Request-Headers")
		passes := p.corsCheck(res.Header)
		if c.Expect.IsPreflightHandled {
			passes = p.preflightPasses(res)
		}
		if passes != (b.Verdict == "allow") {
			t.Errorf("credentials %s: the browser lets it pass: %t, want %s; %d %v", b.Credentials, passes, b.Verdict, res.StatusCode, res.Header)
		}
	}
}

// measure compares the hostile request with a preflight that a browser sends. Time is the least of many runs, as a
// ratio within one run: the bound is far above what it takes and far below what any copy of the header would cost.
func (c exchange) measure(t *testing.T, m *cors.Middleware) {
	h := m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	cost := func(r *http.Request) (least time.Duration, bytes uint64) {
		const runs = 200
		least = time.Hour
		var before, after runtime.MemStats
		for range runs {
			w := &bare{h: make(http.Header)}
			start := time.Now()
			h.ServeHTTP(w, r)
			least = min(least, time.Since(start))
		}
		runtime.ReadMemStats(&before)
		for range runs {
			h.ServeHTTP(&bare{h: make(http.Header)}, r)
		}
		runtime.ReadMemStats(&after)
		return least, (after.TotalAlloc - before.TotalAlloc) / runs
	}
	benign, _ := cost(preflight(c.Config.AllowedOrigins[0], "PUT", "Access-Control-Request-Headers", "x-request-id"))
	hostile, bytes := cost(c.request())
	t.Logf("hostile %v, %d B; benign %v", hostile, bytes, benign)
	if bytes > c.Expect.Limits.MaxAllocBytes {
		t.Errorf("%d B for a request, want at most %d", bytes, c.Expect.Limits.MaxAllocBytes)
	}
	if hostile > c.Expect.Limits.MaxTime*max(benign, time.Microsecond) {
		t.Errorf("%v, more than %d times a benign preflight (%v)", hostile, c.Expect.Limits.MaxTime, benign)
	}
}

// bare is a ResponseWriter that keeps nothing but its header.
type bare struct {
	h      http.Header
	status int
}

func (b *bare) Header() http.Header         { return b.h }
func (b *bare) Write(p []byte) (int, error) { return len(p), nil }
func (b *bare) WriteHeader(status int)      { b.status = status }
