package ratelimit

import (
	"context"
	"errors"
	"hash/maphash"
	"net/http"
	"strconv"
	"time"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// Decision is what came of one request. A denied one has a policy that denied it, unless it
// is Closed.
type Decision struct {
	// Allowed says whether the request may pass.
	Allowed bool

	// Policy is the one that decided: of those that denied, the one whose wait is longest;
	// else the one with the fewest tokens left. "" when no policy applied.
	Policy string

	// Remaining is how many whole tokens the bucket of Policy has left.
	Remaining int

	// RetryAfter is the time until the request would pass. 0 when it did pass, and when no
	// wait would help.
	RetryAfter time.Duration

	// Violated are the policies that denied the request.
	Violated []string

	// Shadowed are the Shadow policies that would have denied it.
	Shadowed []string

	// Closed means denied because the Store failed and a policy is FailClosed: 503, not
	// 429. The client did nothing wrong.
	Closed bool

	// Err is why the decision is not what it should be: the Store's error when the Store
	// failed, and a *ConfigError for each policy whose full bucket the request costs more than. It does not
	// mean denied. It is not for clients: it may name servers.
	Err error
}

// result is a decision as the hot path has it. The Decision, with its slices, is made only
// for those who want one.
type result struct {
	err      error   // of the Store
	mem      *Memory // where it was charged; nil: the Store
	admitted bool
	closed   bool
}

// decide asks all policies and charges them. The charges are appended to cs, which may lie
// on the caller's stack.
func (m *Middleware) decide(r *http.Request, cs []charge) ([]charge, result) {
	cs = m.charges(r, cs)
	if len(cs) == 0 {
		return cs, result{admitted: true}
	}
	if m.mem != nil {
		return cs, result{admitted: m.mem.take(m.mem.now(), cs), mem: m.mem}
	}
	res := result{admitted: true}
	if res.err = m.ask(r.Context(), cs); res.err == nil {
		for i := range cs {
			if cs[i].denied && !cs[i].shadow {
				res.admitted = false
			}
		}
		return cs, res
	}
	m.storeErrors.Add(1)
	// Nothing is known. A policy that must not guess stops the request; all others decide
	// on what this process has seen since the Store began to fail. Shadow policies may not
	// deny, so they may not close either.
	for i := range cs {
		p := &m.policies[cs[i].policy]
		if p.closed && !p.shadow {
			res.closed, res.admitted = true, false
			return cs, res
		}
		cs[i].hash, cs[i].table = m.local.hash(cs[i].key), m.local.table(p.name)
	}
	res.mem = m.local
	res.admitted = m.local.take(m.local.now(), cs)
	return cs, res
}

// charges are the policies that apply to a request. With a Memory, keys become hashes at
// once, so that the address never becomes a string; another Store is given the keys
// themselves.
func (m *Middleware) charges(r *http.Request, cs []charge) []charge {
	var buf [maxAddrKey]byte
	var addr []byte // the client's address as a key, found when a policy wants it
	var addrHash uint64
	var addrKey string
	for i := range m.policies {
		p := &m.policies[i]
		c := charge{policy: i, table: p.table, emission: p.emission, capacity: p.emission * p.burst, cost: 1, shadow: p.shadow}
		if p.key == nil {
			if addr == nil {
				addr = appendAddr(buf[:0], m.cfg.ClientIP.Addr(r), m.prefix)
				if m.mem != nil {
					addrHash = maphash.Bytes(m.mem.seed, addr)
				} else {
					addrKey = string(addr)
				}
			}
			c.hash, c.key = addrHash, addrKey
		} else {
			key := p.key(r)
			if key == "" {
				continue
			}
			if m.mem != nil {
				c.hash = m.mem.hash(key)
			} else {
				c.key = key
			}
		}
		if p.cost != nil {
			c.asked = p.cost(r)
			c.cost = max(0, min(int64(c.asked), p.burst+1)) // one more than all is never admitted, and cannot overflow
		}
		cs = append(cs, c)
	}
	return cs
}

// ask is decide's way to a Store that is no Memory. What the Store answers is bounded: a
// broken one must not make us promise a Retry-After of centuries, or overflow.
func (m *Middleware) ask(ctx context.Context, cs []charge) error {
	asks := make([]Ask, len(cs))
	for i := range cs {
		asks[i] = m.askOf(&cs[i])
	}
	states, err := m.cfg.Store.Take(context.WithoutCancel(ctx), asks)
	if err != nil {
		return err
	}
	if len(states) != len(cs) {
		return errBadStore
	}
	for i := range cs {
		cs[i].debt = max(0, min(int64(states[i].Debt), cs[i].capacity))
		cs[i].denied, cs[i].local = states[i].Denied, states[i].Local
	}
	return nil
}

// askOf is a charge as a Store sees it.
func (m *Middleware) askOf(c *charge) Ask {
	p := &m.policies[c.policy]
	return Ask{
		Policy: p.name, Key: c.key, Emission: time.Duration(p.emission), Burst: p.burst, Cost: c.cost,
		Shadow: p.shadow, FailClosed: p.closed, Refundable: p.refundable, Local: c.local,
	}
}

// retry is the longest wait of the policies that denied, in nanoseconds, and the policy
// that it belongs to: a client that comes back earlier is denied by that one. It is 0 when
// one of them can never admit the request, for then a time, any time, would be a lie that
// has the client try for ever.
func retry(cs []charge) (wait int64, longest *charge) {
	hopeless := false
	for i := range cs {
		c := &cs[i]
		if !c.denied || c.shadow {
			continue
		}
		if c.impossible() {
			if !hopeless {
				longest, hopeless = c, true
			}
			continue
		}
		if w := c.wait(); !hopeless && (longest == nil || w > wait) {
			wait, longest = w, c
		}
	}
	if hopeless {
		return 0, longest
	}
	return max(wait, 1), longest
}

// tightest is the charge with the fewest tokens left.
func tightest(cs []charge) *charge {
	var least *charge
	for i := range cs {
		if least == nil || cs[i].remaining() < least.remaining() {
			least = &cs[i]
		}
	}
	return least
}

// enforced is what a client should go by when it is told of one policy only. It is not a
// Shadow policy where there is another: clients that hold back for a trial would spoil it.
func enforced(cs []charge) *charge {
	var least *charge
	for i := range cs {
		if !cs[i].shadow && (least == nil || cs[i].remaining() < least.remaining()) {
			least = &cs[i]
		}
	}
	if least == nil {
		return tightest(cs)
	}
	return least
}

// decision is the public form of a result.
func (m *Middleware) decision(cs []charge, res result) Decision {
	d := Decision{Allowed: res.admitted, Closed: res.closed, Err: res.err}
	if len(cs) == 0 {
		return d
	}
	if res.closed {
		for i := range cs {
			if p := &m.policies[cs[i].policy]; p.closed && !p.shadow {
				d.Policy = p.name
				break
			}
		}
		return d
	}
	decisive := tightest(cs)
	if !res.admitted {
		var wait int64
		wait, decisive = retry(cs)
		d.RetryAfter = time.Duration(wait)
	}
	d.Policy = m.policies[decisive.policy].name
	d.Remaining = int(decisive.remaining())
	for i := range cs {
		c := &cs[i]
		if !c.denied {
			continue
		}
		name := m.policies[c.policy].name
		if c.shadow {
			d.Shadowed = append(d.Shadowed, name)
		} else {
			d.Violated = append(d.Violated, name)
		}
		if c.impossible() {
			d.Err = errors.Join(d.Err, m.tooDear(c))
		}
	}
	return d
}

// tooDear is the error of a request that no bucket could ever pay for.
func (m *Middleware) tooDear(c *charge) error {
	at := "Policies[" + strconv.Itoa(c.policy) + "]"
	burst := strconv.FormatInt(m.policies[c.policy].burst, 10)
	p := conf.For("ratelimit")
	p.Add(at+".Cost", c.asked,
		"a request of this cost is denied for ever, since a full bucket has "+burst+" tokens",
		"raise Burst, or bound Cost by it")
	return p.Err()
}
