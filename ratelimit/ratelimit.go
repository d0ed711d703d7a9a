package ratelimit

import (
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/gambeson-go/gambeson/internal/layer"
	"github.com/gambeson-go/gambeson/internal/problem"
)

// The problem types that draft-ietf-httpapi-ratelimit-headers registers: the client's own
// doing, and the server's.
const (
	typeQuota    = "https://iana.org/assignments/http-problem-types#quota-exceeded"
	typeCapacity = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"
)

// Middleware limits requests. Make it with [New]; the zero value and nil admit nothing.
type Middleware struct {
	cfg         Config
	policies    []policy
	prefix      int
	mem         *Memory  // the Store, when it is a Memory: then nothing of a decision leaves the stack
	local       *Memory  // what decides while another Store fails
	all         string   // RateLimit-Policy of all policies
	denied      [][]byte // documents by the set of violated policies: bit 0 is the first
	unavailable []byte
	refunds     bool // some policy is Refundable
	storeErrors atomic.Uint64
}

// New makes a Middleware, or returns all problems of cfg at once, each a *[ConfigError].
func New(cfg Config) (*Middleware, error) {
	cfg = cfg.clone()
	policies, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	m := &Middleware{cfg: cfg, policies: policies, prefix: cfg.IPv6Prefix}
	if m.prefix == 0 {
		m.prefix = defaultIPv6Prefix
	}
	switch store := cfg.Store.(type) {
	case nil:
		m.mem = NewMemory(0)
	case *Memory:
		m.mem = store
	default:
		m.local = NewMemory(0) // made ready now: the middle of an outage is no time to ask for memory
	}
	for i := range policies {
		p := &policies[i]
		if m.mem != nil {
			p.table = m.mem.table(p.name)
		} else {
			m.local.table(p.name)
		}
		m.refunds = m.refunds || p.refundable
	}
	for set := range 1 << min(len(policies), maxReady) {
		var names []string
		for i := range policies {
			if set>>i&1 != 0 {
				names = append(names, policies[i].name)
			}
		}
		m.denied = append(m.denied, quotaExceeded(names...))
	}
	m.all = m.joinItems()
	m.unavailable = problem.Problem{
		Type:   typeCapacity,
		Title:  "Limits cannot be checked at the moment",
		Status: http.StatusServiceUnavailable,
	}.Body()
	return m, nil
}

// maxReady is for how many policies the documents of all their sets are made in advance.
const maxReady = 4

// quotaExceeded is the document of a denial. Its texts are fixed but for names that the
// configuration gave.
func quotaExceeded(policies ...string) []byte {
	return problem.Problem{
		Type:             typeQuota,
		Title:            "Too many requests: the quota is used up",
		Status:           http.StatusTooManyRequests,
		ViolatedPolicies: policies,
	}.Body()
}

// Config is what New was given.
func (m *Middleware) Config() Config {
	if m == nil {
		return Config{}
	}
	return m.cfg.clone()
}

// Stats counts what an operator should know: evictions of the Memory in use, and calls of
// the Store that failed.
func (m *Middleware) Stats() Stats {
	if m == nil || m.policies == nil {
		return Stats{}
	}
	mem := m.mem
	if mem == nil {
		mem = m.local
	}
	s := mem.Stats()
	s.StoreErrors = m.storeErrors.Load()
	return s
}

// Check decides about a request and charges for it as Wrap does, without a response: for
// limits inside a handler, and for servers that are not net/http. It does not call
// OnDecision, since the caller has the Decision, and Refund does not know of it.
func (m *Middleware) Check(r *http.Request) Decision {
	if m == nil || m.policies == nil {
		return Decision{Err: errNotMade}
	}
	if m.cfg.Skip != nil && m.cfg.Skip(r) {
		return Decision{Allowed: true}
	}
	var buf [2]charge
	cs, res := m.decide(r, buf[:0])
	return m.decision(cs, res)
}

// Wrap limits the requests that reach next.
func (m *Middleware) Wrap(next http.Handler) http.Handler {
	return layer.Wrap(m, next, func(next http.Handler) http.HandlerFunc {
		if m == nil || m.policies == nil {
			return func(w http.ResponseWriter, _ *http.Request) {
				problem.Problem{Status: http.StatusInternalServerError}.Write(w)
			}
		}
		return func(w http.ResponseWriter, r *http.Request) { m.serve(next, w, r) }
	})
}

// serve is the whole way of a request. The charges live in its stack frame: room for two
// policies, which is what most have, costs nothing; more of them cost an allocation.
func (m *Middleware) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	if m.cfg.Skip != nil && m.cfg.Skip(r) {
		next.ServeHTTP(w, r)
		return
	}
	var buf [2]charge
	cs, res := m.decide(r, buf[:0])
	if m.cfg.OnDecision != nil {
		m.cfg.OnDecision(r, m.decision(cs, res))
	}
	switch {
	case res.closed:
		problem.Send(w, http.StatusServiceUnavailable, m.unavailable)
	case !res.admitted:
		m.deny(w, r, cs)
	default:
		if m.cfg.Headers != NoHeaders && len(cs) > 0 {
			m.writeFields(w.Header(), cs, true, 0)
		}
		if m.refunds {
			m.serveWithReceipt(next, w, r, cs, res.mem)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// deny answers without reading the body: who is over the limit does not get more of our
// time.
func (m *Middleware) deny(w http.ResponseWriter, r *http.Request, cs []charge) {
	h := w.Header()
	wait, _ := retry(cs)
	var after int64
	if wait > 0 {
		after = seconds(wait)
	}
	m.writeFields(h, cs, false, after)
	if m.cfg.Deny != nil {
		h[fieldCache] = []string{"no-store"} // RFC 6585 section 4: a 429 is never stored
		m.cfg.Deny.ServeHTTP(w, r)
		return
	}
	problem.Send(w, http.StatusTooManyRequests, m.document(cs))
}

// document is the problem document of a denial. It is ready but where there are many
// policies.
func (m *Middleware) document(cs []charge) []byte {
	set, ready := 0, true
	for i := range cs {
		if c := &cs[i]; c.denied && !c.shadow {
			set |= 1 << c.policy
			ready = ready && c.policy < maxReady
		}
	}
	if ready {
		return m.denied[set]
	}
	var violated []string
	for i := range cs {
		if c := &cs[i]; c.denied && !c.shadow {
			violated = append(violated, m.policies[c.policy].name)
		}
	}
	return quotaExceeded(violated...)
}

// setRetryAfter sends delay-seconds, never a date: clocks differ.
func setRetryAfter(h http.Header, seconds int64) {
	h[fieldRetryAfter] = []string{strconv.FormatInt(seconds, 10)}
}
