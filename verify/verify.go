package verify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// App is what is judged in process. Only Handler is required; what is left out skips the checks that need it.
type App struct {
	Handler http.Handler // the whole public side, as http.Server gets it
	Admin   http.Handler // the private listener, with the scrape page
	// Wrap puts the same layers as in Handler around another app. verify puts handlers of its own there that panic, stream,
	// block and leak. Log and metrics are those of this App.
	Wrap func(http.Handler) http.Handler
	// Logs returns everything that was logged so far.
	Logs func() []byte
	// FailDependency makes what readiness looks at fail, or work again.
	FailDependency func(down bool)
	// Server is the http.Server that Handler runs in: its timeouts and its header limit are judged. Only its fields are
	// read.
	Server *http.Server
	// Close ends what newApp has started. Inside Run t.Cleanup serves as well.
	Close func()
}

// Run judges the apps that newApp makes, each check a sub-test with a fresh one: a burst must not disturb what comes
// next. Checks that wait run in a testing/synctest bubble, newApp included. A skipped or inconclusive check is a
// skipped sub-test; a warning is logged.
func Run(t *testing.T, newApp func(*testing.T) App, cfg Config) {
	t.Helper()
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	run(t, newApp, cfg, func(t *testing.T, r Result) {
		for _, f := range r.Findings {
			if r.Status == Fail {
				t.Errorf("%s: %s", r.ID, f)
			} else {
				t.Logf("%s: %s: %s", r.Status, r.ID, f)
			}
		}
		switch r.Status {
		case Fail:
			t.Logf("%s\nwhy:  %s\nfix:  %s\nread: %s", r.Title, r.Why, r.Hint, r.Ref)
		case Skip, Inconclusive:
			t.Skipf("%s: %s", r.Status, r.Reason)
		}
	})
}

// run is Run with the reporting apart.
func run(t *testing.T, newApp func(*testing.T) App, cfg Config, report func(*testing.T, Result)) {
	t.Helper()
	cfg = cfg.withDefaults()
	var g gated
	for _, c := range cfg.selected() {
		t.Run(c.ID, func(t *testing.T) {
			one := func(t *testing.T, virtual bool) {
				r := g.judge(t.Context(), c, cfg, virtual, func() (App, error) { return newApp(t), nil })
				if cfg.OnResult != nil {
					cfg.OnResult(r)
				}
				report(t, r)
			}
			if c.Waits && !cfg.RealTime {
				synctest.Test(t, func(t *testing.T) { one(t, true) })
				return
			}
			one(t, false)
		})
	}
}

// Audit judges like Run, outside of a test. It waits in real time, at most Limits.MaxWait at once; what would take
// longer is inconclusive.
func Audit(ctx context.Context, newApp func() (App, error), cfg Config) *Report {
	rep := &Report{Target: "handler", Started: time.Now()}
	defer func() { rep.Duration = time.Since(rep.Started) }()
	if rep.Err = cfg.Check(); rep.Err != nil {
		return rep
	}
	cfg = cfg.withDefaults()
	var g gated
	for _, c := range cfg.selected() {
		rep.add(&cfg, g.judge(ctx, c, cfg, false, newApp))
	}
	if ctx.Err() != nil {
		rep.Err = context.Cause(ctx)
	}
	return rep
}

// AuditURL judges a deployed service: base is its scheme and host, https://api.example.com. Err is set where it does
// not answer at all.
func AuditURL(ctx context.Context, base string, cfg Config) *Report {
	rep := &Report{Target: conf.Show(base), Started: time.Now()}
	defer func() { rep.Duration = time.Since(rep.Started) }()
	if rep.Err = cfg.Check(); rep.Err != nil {
		return rep
	}
	cfg = cfg.withDefaults()
	t, err := newRemote(base, &cfg)
	if err != nil {
		rep.Err = err
		return rep
	}
	defer t.stop()
	probe := func() *Probe { return &Probe{ctx: ctx, cfg: cfg, remote: t} }
	if _, err := t.do(ctx, probe().fill(Request{})); err != nil {
		rep.Err = fmt.Errorf("verify: %s does not answer: %w", rep.Target, err)
		return rep
	}
	gate := probe()
	closed := gate.try(func(p *Probe) {
		if reason := p.gate(); reason != "" {
			p.Inconclusive("%s", reason)
		}
	})
	for _, c := range cfg.selected() {
		start := time.Now()
		p := probe()
		switch {
		case c.where()&Deployed == 0:
			p.stopped = &stop{Skip, "is judged in process only, with Run or Audit"}
		case closed != nil && c.ID != controlID:
			p.stopped = closed
		default:
			p.stopped = p.try(c.Run)
		}
		r := p.result(c).final(cfg)
		r.Duration = time.Since(start)
		rep.add(&cfg, r)
	}
	rep.Requests = t.requests + t.bursts
	if ctx.Err() != nil {
		rep.Err = context.Cause(ctx)
	}
	return rep
}

func (r *Report) add(cfg *Config, res Result) {
	r.Results = append(r.Results, res)
	if cfg.OnResult != nil {
		cfg.OnResult(res)
	}
}

// gated remembers that the control failed, so that a server that hangs is not waited for by every check anew.
type gated struct{ closed string }

func (g *gated) judge(ctx context.Context, c Check, cfg Config, virtual bool, newApp func() (App, error)) Result {
	if g.closed != "" {
		p := &Probe{cfg: cfg, stopped: &stop{Inconclusive, g.closed}}
		return p.result(c).final(cfg)
	}
	r := judgeApp(ctx, c, cfg, virtual, newApp)
	if c.ID == controlID && len(r.Findings) > 0 && !r.Stale {
		g.closed = r.Findings[0]
	}
	return r
}

// judgeApp runs one check on a fresh app.
func judgeApp(ctx context.Context, c Check, cfg Config, virtual bool, newApp func() (App, error)) Result {
	start := time.Now()
	p := &Probe{ctx: ctx, cfg: cfg, virtual: virtual}
	if c.where()&InProcess == 0 {
		p.stopped = &stop{Skip, "is judged on a URL only"}
	} else {
		p.stopped = p.try(func(p *Probe) {
			app, err := newApp()
			if err == nil && app.Handler == nil {
				err = errors.New("App.Handler is nil")
			}
			if err != nil {
				p.Fail("the app could not be made: %v", err)
				return
			}
			p.local = newInProcess(app, &p.cfg)
			defer p.local.stop()
			if c.ID != controlID {
				if reason := p.gate(); reason != "" {
					p.Inconclusive("%s", reason)
				}
			}
			c.Run(p)
		})
	}
	r := p.result(c).final(cfg)
	r.Duration = time.Since(start)
	return r
}

// try runs a check until it returns or stops itself.
func (p *Probe) try(run func(*Probe)) (stopped *stop) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *stop:
			stopped = v
		default:
			panic(v)
		}
	}()
	run(p)
	return nil
}

// random is n characters that nobody could have guessed.
func random(n int) string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}
