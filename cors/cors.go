package cors

import (
	"errors"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/gambeson-go/gambeson/internal/layer"
	"github.com/gambeson-go/gambeson/internal/problem"
)

// Middleware answers preflights and puts CORS headers on the answers of the handlers that it wraps. Make it with [New];
// one that New did not make, nil or zero, allows no origin. It is safe for concurrent use, and one Middleware may wrap
// any number of handlers; Reconfigure then changes all of them.
type Middleware struct {
	policy atomic.Pointer[policy]
}

// New checks the whole configuration and compiles it. Its error joins one [ConfigError] for each problem.
func New(cfg Config) (*Middleware, error) {
	m := new(Middleware) // not a copy of anything: it holds an atomic pointer
	if err := m.Reconfigure(cfg); err != nil {
		return nil, err
	}
	return m, nil
}

// Reconfigure puts another configuration in place, for origins that live in a database. It is safe while requests are
// served: each sees the old one or the new one whole. On an error, which is that of [New], the old one stays.
func (m *Middleware) Reconfigure(cfg Config) error {
	if m == nil {
		return errors.New("cors: Reconfigure on a nil Middleware")
	}
	p, err := newPolicy(cfg)
	if err != nil {
		return err
	}
	m.policy.Store(p)
	return nil
}

// Config is a copy of the configuration in place.
func (m *Middleware) Config() Config { return m.load().cfg.clone() }

// Origins are the exact origins in place, in the order of the configuration, each once. They are what
// [http.CrossOriginProtection] may trust; patterns and "*" are not among them.
func (m *Middleware) Origins() []string {
	p := m.load()
	var origins []string
	seen := make(map[string]bool, len(p.origins.exact))
	for _, origin := range p.cfg.AllowedOrigins {
		if _, exact := p.origins.exact[origin]; exact && !seen[origin] {
			seen[origin] = true
			origins = append(origins, origin)
		}
	}
	return slices.Clip(origins)
}

// Lists says whether origin is one of [Middleware.Origins], without making a copy of them.
func (m *Middleware) Lists(origin string) bool {
	_, ok := m.load().origins.exact[origin]
	return ok
}

// Check decides about a request without answering it: the same decision that Wrap acts on, for tests, for a page that
// explains CORS errors, and for a layer that answers in its own way. It does not call OnDecision. Unlike Wrap it always
// puts the reason into words, which costs some allocations.
func (m *Middleware) Check(r *http.Request) Decision {
	p := m.load()
	var v verdict
	p.decide(r, r.Header["Origin"], &v)
	return p.explain(&v, r)
}

// Wrap answers preflights, with 204 where they are allowed and 403 without CORS headers where not. All other requests
// reach next; those of a page that is not allowed without CORS headers, so that the browser keeps the answer from it.
// Wrap goes outside authentication and outside a mux with method patterns: a preflight carries no credentials, and a
// mux would answer it 405.
func (m *Middleware) Wrap(next http.Handler) http.Handler {
	return layer.Wrap(m, next, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			p := m.load()
			var v verdict
			origins := r.Header["Origin"]
			if len(origins) == 0 { // most requests: the rest need not be set up
				p.answers.plain.replay(w.Header(), &v)
				next.ServeHTTP(w, r)
				return
			}
			p.decide(r, origins, &v)
			// Before the answer, so that a log line stands above what the request does next.
			if p.cfg.OnDecision != nil && v.kind != NotCORS {
				p.cfg.OnDecision(r, p.explain(&v, r))
			}
			if v.kind == Preflight {
				p.answerPreflight(w, &v)
				return
			}
			p.decorate(w.Header(), &v)
			next.ServeHTTP(w, r)
		}
	})
}

// load is safe on a nil and on a zero Middleware, which get a policy that allows nothing.
func (m *Middleware) load() *policy {
	if m != nil {
		if p := m.policy.Load(); p != nil {
			return p
		}
	}
	return closed()
}

// answerPreflight answers 403 where rs/cors answers 204 without a grant: to the browser both are a refusal (Fetch section
// 3.3.3), to whoever reads a log or a network panel only one is.
func (p *policy) answerPreflight(w http.ResponseWriter, v *verdict) {
	if v.cause == allowed {
		p.answers.preflight.replay(w.Header(), v)
		w.WriteHeader(http.StatusNoContent) // 204: the one success that old proxies leave without a body
		return
	}
	withdraw(w.Header())
	p.answers.refused.replay(w.Header(), v)
	problem.Send(w, http.StatusForbidden, p.refusals[v.cause])
}

// decorate sets the headers of an answer that the handler gives. They are set before the handler runs, so that no
// ResponseWriter need be wrapped, and so that they are there when a layer further in refuses the request.
func (p *policy) decorate(h http.Header, v *verdict) {
	switch {
	case v.cause != allowed:
		withdraw(h)
		p.answers.plain.replay(h, v)
	case v.kind == Actual:
		p.answers.actual.replay(h, v)
	default:
		p.answers.plain.replay(h, v)
	}
}
