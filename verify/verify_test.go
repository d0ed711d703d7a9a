package verify_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/verify"
)

// handler is an App of a handler alone.
func handler(h http.Handler) func() (verify.App, error) {
	return func() (verify.App, error) {
		return verify.App{Handler: h, Admin: h, Wrap: func(app http.Handler) http.Handler { return h }, Logs: func() []byte { return nil },
			FailDependency: func(bool) {}, Server: new(http.Server)}, nil
	}
}

// statuses is the IDs of a report that ended so.
func statuses(results []verify.Result, s verify.Status) (ids []string) {
	for _, r := range results {
		if r.Status == s {
			ids = append(ids, r.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// What proves nothing passes nothing, with every promise declared.
func TestNothingPasses(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"down":       func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"500":        func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) },
		"404":        http.NotFound,
		"always 200": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") },
		"always 200, with all the headers that there are": func(w http.ResponseWriter, r *http.Request) {
			for k, v := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
				"Strict-Transport-Security": "max-age=63072000", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
				"Access-Control-Allow-Origin": testOrigin, "Vary": "Origin", "Cache-Control": "no-store", "X-Request-Id": "0123456789abcdef"} {
				w.Header().Set(k, v)
			}
			io.WriteString(w, "{}")
		},
		"always a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+testHost+"/", http.StatusMovedPermanently)
		},
	} {
		t.Run(name, func(t *testing.T) {
			rep := verify.Audit(t.Context(), handler(h), expectations())
			if passed := statuses(rep.Results, verify.Pass); len(passed) > 0 {
				t.Errorf("in process: passed %v", passed)
			}
			if failed := statuses(rep.Results, verify.Fail); !slices.Equal(failed, []string{"control"}) || !rep.Failed() {
				t.Errorf("in process: failed %v", failed)
			}
			passed := statuses(verify.Collect(t, func(t *testing.T) verify.App { a, _ := handler(h)(); return a }, expectations()), verify.Pass)
			if len(passed) > 0 {
				t.Errorf("in a test: passed %v", passed)
			}
			rep = verify.AuditURL(t.Context(), serve(t, h), fastURL(expectations()))
			if passed := statuses(rep.Results, verify.Pass); len(passed) > 0 || !rep.Failed() {
				t.Errorf("URL: passed %v, failed %v, %v", passed, rep.Failed(), rep.Err)
			}
		})
	}
}

// A plain net/http server: what it does by itself passes, what nobody has built fails.
func TestBareServer(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	results := verify.Collect(t, func(t *testing.T) verify.App {
		return verify.App{Handler: mux, Wrap: func(app http.Handler) http.Handler { return app }, Server: new(http.Server)}
	}, verify.Config{HTTPS: true, HostCheck: true, CORS: &verify.CORS{Origins: []string{testOrigin}}, Rate: &verify.Rate{Burst: 20}, Timeout: time.Second,
		HeaderTimeout: 5 * time.Second, RequestID: "X-Request-Id"})
	want := []string{"cors-control", "cors-stack", "hdr-csp", "hdr-frame", "hdr-hsts", "hdr-nosniff", "hdr-referrer", "host-check", "https-redirect",
		"panic-500", "rate-trigger", "reqid", "slow-header", "timeout"}
	if got := statuses(results, verify.Fail); !slices.Equal(got, want) {
		t.Errorf("failed %v\nwant   %v", got, want)
	}
	want = []string{"abort", "control", "err-opaque", "exposed-files", "hdr-leak", "hostile-input", "metrics-private", "panic-late", "stream", "trace-off"}
	if got := statuses(results, verify.Pass); !slices.Equal(got, want) {
		t.Errorf("passed %v\nwant   %v", got, want)
	}
}

// Audit judges without a test: what would wait longer than it may is inconclusive, the rest is as in Run.
func TestAudit(t *testing.T) {
	cfg := expectations()
	cfg.Limits.MaxWait = 100 * time.Millisecond
	rep := verify.Audit(t.Context(), func() (verify.App, error) { return newHardened(t).app(t), nil }, cfg)
	if rep.Err != nil || rep.Failed() || rep.Target != "handler" {
		t.Errorf("%v, failed %v", rep.Err, statuses(rep.Results, verify.Fail))
	}
	if got := statuses(rep.Results, verify.Inconclusive); !slices.Equal(got, []string{"health-down", "rate-recover", "slow-header", "timeout"}) {
		t.Errorf("inconclusive: %v", got)
	}
	if len(rep.Results) != len(verify.All()) {
		t.Errorf("%d results of %d checks", len(rep.Results), len(verify.All()))
	}
}

func TestAuditErrors(t *testing.T) {
	boom := errors.New("no database")
	rep := verify.Audit(t.Context(), func() (verify.App, error) { return verify.App{}, boom }, verify.Config{Only: []string{"control"}})
	if r, _ := rep.Result("control"); r.Status != verify.Fail || !strings.Contains(r.Findings[0], "no database") {
		t.Errorf("an app that cannot be made: %+v", r)
	}
	rep = verify.Audit(t.Context(), handler(nil), verify.Config{Only: []string{"control"}})
	if r, _ := rep.Result("control"); r.Status != verify.Fail {
		t.Errorf("no handler: %+v", r)
	}
	if rep = verify.Audit(t.Context(), handler(http.NotFoundHandler()), verify.Config{Public: "x"}); rep.Err == nil || !rep.Failed() || len(rep.Results) != 0 {
		t.Errorf("a bad config: %+v", rep)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(boom)
	if rep = verify.Audit(ctx, handler(http.NotFoundHandler()), verify.Config{}); !errors.Is(rep.Err, boom) || len(statuses(rep.Results, verify.Pass)) > 0 {
		t.Errorf("a cancelled audit: %v", rep.Err)
	}
}

func TestSuppression(t *testing.T) {
	bare := http.NewServeMux()
	bare.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	var told []string
	rep := verify.Audit(t.Context(), handler(bare), verify.Config{
		Only:     []string{"hdr-csp", "hdr-leak", "hdr-frame"},
		Skip:     map[string]string{"hdr-csp": "the proxy sets it", "hdr-leak": "long gone"},
		OnResult: func(r verify.Result) { told = append(told, r.ID) },
	})
	if r, _ := rep.Result("hdr-csp"); r.Status != verify.Skip || !r.Suppressed || r.Reason != "suppressed: the proxy sets it" || len(r.Findings) == 0 {
		t.Errorf("a known failure: %+v", r)
	}
	if r, _ := rep.Result("hdr-leak"); r.Status != verify.Warn || !r.Stale || !strings.Contains(r.Findings[0], "take it out") {
		t.Errorf("a stale suppression: %+v", r)
	}
	if r, _ := rep.Result("hdr-frame"); r.Status != verify.Fail {
		t.Errorf("no suppression: %+v", r)
	}
	if !slices.Equal(told, []string{"hdr-frame", "hdr-csp", "hdr-leak"}) {
		t.Errorf("told of %v", told)
	}
}

// A check of a user's own is judged like ours: it needs an answer to pass, and comes with control, findings and suppression.
func TestCustomCheck(t *testing.T) {
	check := func(id string, run func(p *verify.Probe)) verify.Check {
		return verify.Check{ID: id, Title: "of my own", Run: run}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.RemoteAddr+" "+r.URL.String()+" "+r.RequestURI)
	})
	rep := verify.Audit(t.Context(), handler(mux), verify.Config{
		Only: []string{"my-pass", "my-fail", "my-warn", "my-skip", "my-unsure", "my-idle"},
		Checks: []verify.Check{
			check("my-pass", func(p *verify.Probe) {
				// Requests look as a server's: no scheme and host in the URL, the address that was asked for.
				res := p.Do(verify.Request{From: "192.0.2.9:1234", Path: "/?a=1"})
				if got := string(res.Body); got != "192.0.2.9:1234 /?a=1 /?a=1" {
					p.Fail("%s", got)
				}
			}),
			check("my-fail", func(p *verify.Probe) {
				p.Fail("first")
				p.Fail("second")
				p.Skip("and no further")
			}),
			check("my-warn", func(p *verify.Probe) { p.Get("/"); p.Warn("hm") }),
			check("my-skip", func(p *verify.Probe) { p.Skip("not here") }),
			check("my-unsure", func(p *verify.Probe) { p.Inconclusive("who knows") }),
			check("my-idle", func(*verify.Probe) {}),
		},
	})
	want := map[string]verify.Status{"my-pass": verify.Pass, "my-fail": verify.Fail, "my-warn": verify.Warn, "my-skip": verify.Skip, "my-unsure": verify.Inconclusive, "my-idle": verify.Pass}
	for id, status := range want {
		if r, ok := rep.Result(id); !ok || r.Status != status {
			t.Errorf("%s: %+v, want %s", id, r, status)
		}
	}
	if r, _ := rep.Result("my-fail"); len(r.Findings) != 2 {
		t.Errorf("findings %q", r.Findings)
	}
}

// Run reports through t: it is judged here by what its sub-tests become.
func TestRun(t *testing.T) {
	verify.Run(t, func(t *testing.T) verify.App { return newHardened(t).app(t) }, expectations())
}

func TestRegistry(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range verify.All() {
		if seen[c.ID] {
			t.Errorf("%s twice", c.ID)
		}
		seen[c.ID] = true
		if c.Title == "" || c.Why == "" || c.Hint == "" || !strings.HasPrefix(c.Ref, "https://") || c.Run == nil || strings.ToLower(c.ID) != c.ID {
			t.Errorf("%s lacks something: %+v", c.ID, c)
		}
	}
	for _, m := range mutants {
		if !seen[m.check] {
			t.Errorf("a mutant for %s, which is no check", m.check)
		}
	}
}

// With Strict a control that does not hold is a failure: an expired credential shows.
func TestStrict(t *testing.T) {
	cfg := expectations()
	cfg.Only = []string{"csrf", "body-limit", "hdr-csp", "health-down"}
	cfg.CSRF.Path, cfg.Body.Call.Path = "/notes", "/gone"
	cfg.Limits.MaxWait = time.Millisecond
	newApp := func() (verify.App, error) { return newHardened(t).app(t), nil }
	if got := statuses(verify.Audit(t.Context(), newApp, cfg).Results, verify.Inconclusive); !slices.Equal(got, []string{"body-limit", "health-down"}) {
		t.Errorf("inconclusive: %v", got)
	}
	cfg.Strict = true
	if got := statuses(verify.Audit(t.Context(), newApp, cfg).Results, verify.Fail); !slices.Equal(got, []string{"body-limit", "health-down"}) {
		t.Errorf("strict: failed %v", got)
	}
}

// A wildcard is declared as such: its names may call, look-alikes of it may not.
func TestWildcards(t *testing.T) {
	for name, c := range map[string]struct {
		allows func(host string) bool
		want   []string
	}{
		"sound":          {func(host string) bool { return strings.HasSuffix(host, ".example.com") }, nil},
		"a missing dot":  {func(host string) bool { return strings.HasSuffix(host, "example.com") }, []string{"cors-hostile"}},
		"anything after": {func(host string) bool { return strings.Contains(host, ".example.com") }, []string{"cors-hostile"}},
		"nobody":         {func(string) bool { return false }, []string{"cors-control"}},
	} {
		mux := http.NewServeMux()
		mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Vary", "Origin")
			if o, ok := strings.CutPrefix(r.Header.Get("Origin"), "https://"); ok && c.allows(o) {
				w.Header().Set("Access-Control-Allow-Origin", "https://"+o)
			}
		})
		rep := verify.Audit(t.Context(), handler(mux), verify.Config{CORS: &verify.CORS{Wildcards: []string{"https://*.example.com"}},
			Only: []string{"cors-control", "cors-hostile", "cors-vary"}})
		if got := statuses(rep.Results, verify.Fail); !slices.Equal(got, c.want) {
			t.Errorf("%s: failed %v, want %v: %+v", name, got, c.want, rep.Results)
		}
	}
}

// A server that hangs is waited for once, and not by every check.
func TestHung(t *testing.T) {
	asked := 0
	cfg := expectations()
	cfg.Limits.RequestTimeout = 20 * time.Millisecond
	rep := verify.Audit(t.Context(), handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked++
		<-r.Context().Done()
	})), cfg)
	if got := statuses(rep.Results, verify.Fail); asked != 1 || !slices.Equal(got, []string{"control"}) || rep.Count(verify.Pass) > 0 {
		t.Errorf("asked %d times, failed %v", asked, got)
	}
}

// An answer without end is cut, and the handler that writes it is let go.
func TestEndless(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	start := time.Now()
	rep := verify.Audit(t.Context(), handler(mux), verify.Config{Only: []string{"control", "hdr-leak"}})
	if rep.Count(verify.Pass) != 2 || time.Since(start) > 5*time.Second {
		t.Errorf("after %v: %+v", time.Since(start), rep.Results)
	}
}
