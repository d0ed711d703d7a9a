package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/health"
)

// judge compares one answer with the shared part of a case's expectation.
func judge(t *testing.T, h http.Handler, method, path string, want map[string]any, header ...string) {
	t.Helper()
	w := ask(h, method, path, header...)
	oneOf := func(v any, got any) bool {
		if list, ok := v.([]any); ok {
			return slices.Contains(list, got)
		}
		return v == got
	}
	for key, v := range want {
		ok := true
		switch key {
		case "status":
			ok = oneOf(v, float64(w.Code))
		case "not_status":
			ok = !oneOf(v, float64(w.Code))
		case "body":
			ok = w.Body.String() == v
		case "content_type_prefix":
			ok = strings.HasPrefix(w.Header().Get("Content-Type"), v.(string))
		case "body_not_contains":
			for _, s := range v.([]any) {
				ok = ok && !strings.Contains(w.Body.String(), s.(string))
			}
		case "json":
			var got map[string]any
			ok = json.Unmarshal(w.Body.Bytes(), &got) == nil
			for k, x := range v.(map[string]any) {
				ok = ok && got[k] == x
			}
		case "headers":
			h := v.(map[string]any)
			ok = oneOf(h["content_type"], w.Header().Get("Content-Type")) && h["cache_control"] == w.Header().Get("Cache-Control") &&
				h["nosniff"] == (w.Header().Get("X-Content-Type-Options") == "nosniff")
		case "connection":
			ok = v == w.Header().Get("Connection")
		case "json_path", "details", "process": // judged by the case
		default:
			t.Errorf("nobody judges %q", key)
		}
		if !ok {
			t.Errorf("%s %s: %s should be %v: %d %v %s", method, path, key, v, w.Code, w.Header(), w.Body)
		}
	}
}

func codes(t *testing.T, want map[string]any, got ...int) {
	t.Helper()
	list := want["statuses"].([]any)
	for i := range list {
		if i >= len(got) || list[i] != float64(got[i]) {
			t.Errorf("got %v, want %v", got, list)
			return
		}
	}
}

// later are cases that need haproxy, and live beside the example.
var later = []string{"rolling-restart-control"}

// elsewhere are cases that a test of this package with real servers or with the allocation counter is.
var elsewhere = map[string]string{
	"inflight-completes": "TestServeLetsRequestsEnd", "shutdown-timeout": "TestServeCutsAtTheDeadline", "listen-error": "TestServeListenError",
	"hijacked-notified": "TestServeWaitsForHijacked", "writer-untouched": "TestPassThrough and TestAllocations", "cached-probe-cheap": "TestAllocations",
}

func TestVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			ID     string
			Expect map[string]any
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	done := 0
	for _, c := range file.Cases {
		if _, ok := elsewhere[c.ID]; ok || slices.Contains(later, c.ID) {
			continue
		}
		run, ok := vectors[c.ID]
		if !ok {
			t.Errorf("case %s has no test", c.ID)
			continue
		}
		done++
		t.Run(c.ID, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { run(t, c.Expect) })
		})
	}
	if done != len(vectors) {
		t.Errorf("%d cases ran, %d are written", done, len(vectors))
	}
}

func wrapped(t *testing.T, cfg health.Config) http.Handler { return mustNew(t, cfg).Wrap(app) }

func db(c health.Check) health.Config {
	c.Name = "database"
	return health.Config{Checks: []health.Check{c}}
}

func sleeps(d time.Duration) func(context.Context) error {
	return func(context.Context) error { time.Sleep(d); return nil }
}

var vectors = map[string]func(t *testing.T, want map[string]any){
	"livez-head":       func(t *testing.T, want map[string]any) { judge(t, wrapped(t, health.Config{}), "HEAD", "/livez", want) },
	"readyz-no-checks": func(t *testing.T, want map[string]any) { judge(t, wrapped(t, health.Config{}), "GET", "/readyz", want) },
	"health-db-pass": func(t *testing.T, want map[string]any) {
		h := wrapped(t, db(health.Check{Func: passing}))
		judge(t, h, "GET", "/health", want)
		if b := parse(t, ask(h, "GET", "/health")); len(b.Checks["database"]) != 1 || b.Checks["database"][0].Status != "pass" {
			t.Errorf("%+v", b)
		}
	},
	"other-path-passthrough": func(t *testing.T, want map[string]any) {
		judge(t, wrapped(t, health.Config{}), "GET", "/healthcheck", want)
	},
	"disabled-path": func(t *testing.T, want map[string]any) {
		judge(t, wrapped(t, health.Config{Paths: health.Paths{Health: "-"}}), "GET", "/health", want)
	},
	"path-without-slash-error": func(t *testing.T, want map[string]any) {
		if _, err := health.New(health.Config{Paths: health.Paths{Ready: "readyz"}}); (err != nil) != want["error"] {
			t.Error(err)
		}
	},
	"duplicate-check-error": func(t *testing.T, want map[string]any) {
		c := health.Check{Name: "database", Func: passing}
		if _, err := health.New(health.Config{Checks: []health.Check{c, c}}); (err != nil) != want["error"] {
			t.Error(err)
		}
	},
	"db-down-readyz": func(t *testing.T, want map[string]any) {
		judge(t, wrapped(t, db(health.Check{Func: failing, FailureThreshold: 1})), "GET", "/readyz", want)
	},
	"db-recovers": func(t *testing.T, want map[string]any) {
		h := wrapped(t, db(health.Check{Func: (&script{results: "fp"}).check, TTL: 50 * time.Millisecond}))
		first := ask(h, "GET", "/readyz").Code
		time.Sleep(120 * time.Millisecond)
		codes(t, want, first, ask(h, "GET", "/readyz").Code)
	},
	"details-wrong-token": func(t *testing.T, want map[string]any) {
		cfg := db(health.Check{Func: failing})
		cfg.Authorize = health.Bearer("right")
		judge(t, wrapped(t, cfg), "GET", "/health", want, "Authorization", "Bearer wrong")
	},
	"authoriser-panics": func(t *testing.T, want map[string]any) {
		cfg := db(health.Check{Func: failing})
		cfg.Authorize = func(*http.Request) bool { panic("boom") }
		h := wrapped(t, cfg)
		judge(t, h, "GET", "/health", want)
		if b := parse(t, ask(h, "GET", "/health")); b.Checks["database"][0].Time != "" || b.Checks["database"][0].Output != "" {
			t.Errorf("details: %+v", b)
		}
	},
	"details-vary": func(t *testing.T, want map[string]any) {
		cfg := db(health.Check{Func: passing})
		cfg.Authorize = health.Bearer("right")
		h := wrapped(t, cfg)
		stranger, friend := ask(h, "GET", "/health"), ask(h, "GET", "/health", "Authorization", "Bearer right")
		if stranger.Header().Get("Cache-Control") != want["cache_control"] || friend.Header().Get("Cache-Control") != want["cache_control"] ||
			(stranger.Body.String() != friend.Body.String()) != want["bodies_differ"] {
			t.Errorf("%s %s", stranger.Body, friend.Body)
		}
	},
	"hung-check-bounded": func(t *testing.T, want map[string]any) {
		release := make(chan struct{})
		h := wrapped(t, db(health.Check{Timeout: 100 * time.Millisecond, Func: func(context.Context) error { <-release; return nil }}))
		began := time.Now()
		if code := ask(h, "GET", "/readyz").Code; float64(code) != want["status"] || float64(time.Since(began).Milliseconds()) > want["max_ms"].(float64) {
			t.Errorf("%d after %v", code, time.Since(began))
		}
		close(release)
	},
	"hung-then-released": func(t *testing.T, want map[string]any) {
		release := make(chan struct{})
		h := wrapped(t, db(health.Check{Timeout: 100 * time.Millisecond, Func: func(context.Context) error { <-release; return nil }}))
		ask(h, "GET", "/readyz")
		synctest.Wait()
		if n := checkGoroutines(); n == 0 || float64(n) > want["goroutines_over_baseline_max"].(float64) {
			t.Errorf("%d goroutines", n)
		}
		close(release)
		time.Sleep(200 * time.Millisecond)
		if n := checkGoroutines(); n > 0 {
			t.Errorf("%d goroutines after the release", n)
		}
		time.Sleep(5 * time.Second)
		if code := ask(h, "GET", "/readyz").Code; float64(code) != want["status"] {
			t.Errorf("got %d", code)
		}
	},
	"check-ctx-deadline": func(t *testing.T, _ map[string]any) {
		var left time.Duration
		h := wrapped(t, db(health.Check{Timeout: 100 * time.Millisecond, Func: func(ctx context.Context) error {
			until, ok := ctx.Deadline()
			left = time.Until(until)
			if !ok {
				return errors.New("no deadline")
			}
			return nil
		}}))
		if code := ask(h, "GET", "/readyz").Code; code != 200 || left <= 0 || left > 100*time.Millisecond {
			t.Errorf("%d, deadline in %v", code, left)
		}
	},
	"late-result-not-pass": func(t *testing.T, want map[string]any) {
		judge(t, wrapped(t, db(health.Check{Func: sleeps(150 * time.Millisecond), Timeout: 50 * time.Millisecond})), "GET", "/readyz", want)
		time.Sleep(time.Second)
	},
	"failure-cached": func(t *testing.T, want map[string]any) {
		s := &script{results: "f"}
		h := wrapped(t, db(health.Check{Func: s.check, TTL: 500 * time.Millisecond}))
		for range 100 {
			if code := ask(h, "GET", "/health").Code; code != 503 {
				t.Errorf("got %d", code)
			}
			time.Sleep(2 * time.Millisecond)
		}
		if float64(s.runs) != want["check_runs"] {
			t.Errorf("%d runs", s.runs)
		}
	},
	"shared-run": func(t *testing.T, want map[string]any) {
		runs, got := 0, make([]int, 2)
		h := wrapped(t, db(health.Check{Func: counted(&runs, sleeps(100*time.Millisecond))}))
		var probes sync.WaitGroup
		for i, path := range []string{"/health", "/readyz"} {
			probes.Go(func() { got[i] = ask(h, "GET", path).Code })
		}
		probes.Wait()
		codes(t, want, got...)
		if float64(runs) != want["check_runs"] {
			t.Errorf("%d runs", runs)
		}
	},
	// 0 is the default here, so the smallest TTL stands for it: every result is old when the next probe comes.
	"ttl-zero-still-singleflight": func(t *testing.T, want map[string]any) {
		for _, ttl := range []time.Duration{0, 1} {
			runs := 0
			h := wrapped(t, db(health.Check{Func: counted(&runs, sleeps(100*time.Millisecond)), TTL: ttl}))
			var probes sync.WaitGroup
			for range 100 {
				probes.Go(func() {
					if code := ask(h, "GET", "/health").Code; code != 200 {
						t.Errorf("got %d", code)
					}
				})
			}
			probes.Wait()
			if float64(runs) > want["check_runs_max"].(float64) {
				t.Errorf("%d runs", runs)
			}
		}
	},
	"failure-threshold": func(t *testing.T, want map[string]any) {
		h := wrapped(t, db(health.Check{Func: (&script{results: "pf"}).check, FailureThreshold: 3, TTL: 10 * time.Millisecond}))
		ask(h, "GET", "/readyz")
		var got []int
		for range 3 {
			time.Sleep(30 * time.Millisecond)
			got = append(got, ask(h, "GET", "/readyz").Code)
		}
		codes(t, want, got...)
	},
	"first-run-not-assumed": func(t *testing.T, want map[string]any) {
		if code := ask(wrapped(t, db(health.Check{Func: failing, FailureThreshold: 3})), "GET", "/readyz").Code; float64(code) != want["status"] {
			t.Errorf("got %d", code)
		}
	},
	"not-started": func(t *testing.T, want map[string]any) {
		codes(t, want, statuses(wrapped(t, health.Config{ManualStart: true}), "GET", "/startupz", "/readyz", "/livez")...)
	},
	"drain-livez":  func(t *testing.T, want map[string]any) { drained(t, "/livez", want) },
	"drain-health": func(t *testing.T, want map[string]any) { drained(t, "/health", want) },
	"drain-app-still-served": func(t *testing.T, want map[string]any) {
		drained(t, "/x", want) // over a real HTTP/1.1 server: TestServeWhileDraining
	},
	"accept-health-json": func(t *testing.T, want map[string]any) {
		judge(t, wrapped(t, health.Config{}), "GET", "/health", want, "Accept", "application/health+json")
	},
	"nil-next": func(t *testing.T, want map[string]any) {
		codes(t, want, statuses(mustNew(t, health.Config{}).Wrap(nil), "GET", "/livez", "/x")...)
	},
	"race": func(t *testing.T, _ map[string]any) {
		var turn atomic.Int64
		m := mustNew(t, health.Config{ManualStart: true, Authorize: health.Bearer("x"),
			OnChange: func(string, health.Status, health.Status, error) {},
			Checks: []health.Check{{Name: "database", TTL: 1, FailureThreshold: 1, Func: func(context.Context) error {
				if turn.Add(1)%2 == 0 {
					return errors.New("every second time")
				}
				return nil
			}}}})
		h := m.Wrap(app)
		for _, change := range []func(){m.Started, m.Drain} {
			var all sync.WaitGroup
			for i := range 1000 {
				all.Go(func() {
					ask(h, "GET", []string{"/livez", "/readyz", "/startupz", "/health"}[i%4], "Authorization", []string{"", "Bearer x"}[i/4%2])
					if i%100 == 50 {
						change()
						m.Checks()
						m.Track()()
					}
				})
			}
			all.Wait()
		}
		if code := ask(h, "GET", "/readyz").Code; code != 503 || turn.Load() == 0 {
			t.Errorf("%d after the drain, %d runs", code, turn.Load())
		}
	},
}

func drained(t *testing.T, path string, want map[string]any) {
	t.Helper()
	m := mustNew(t, db(health.Check{Func: passing}))
	h := m.Wrap(app)
	ask(h, "GET", path) // what is kept must not be used
	m.Drain()
	judge(t, h, "GET", path, want)
}
