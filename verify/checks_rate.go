package verify

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

const (
	refRate  = "https://www.rfc-editor.org/rfc/rfc6585#section-4"
	refSpoof = "https://adam-p.ca/blog/2022/03/x-forwarded-for/"
	ownPeer  = "Take the client from the connection; believe a header from the addresses of your own proxies only, and read it from the right."
)

func rateChecks() []Check {
	return []Check{
		{ID: "rate-login", Title: "passwords cannot be guessed without end", Bursts: true, Waits: true,
			Why:  "A limiter inside of the authentication never sees a guess that fails: a hundred of a hundred get through.",
			Hint: "Put a limit by address, and a narrow one on the log-in, outside of the authentication.",
			Ref:  "https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#protect-against-automated-attacks", Run: checkRateLogin},
		{ID: "rate-trigger", Title: "beyond the declared burst a client gets 429, and is told when to come back", Bursts: true, Waits: true,
			Why:  "A limit that never shows is none; a 429 without Retry-After makes clients try again at once.",
			Hint: "Answer 429 with Retry-After in whole seconds, at least 1.", Ref: refRate, Run: checkRateTrigger},
		{ID: "rate-spoof", Title: "a header does not make a new client", Bursts: true, Waits: true,
			Why:  "A limiter that takes the address from X-Forwarded-For of anybody counts a new client with every request.",
			Hint: ownPeer, Ref: refSpoof, Run: checkRateSpoof},
		{ID: "rate-isolate", Title: "one client's burst does not stop another", Where: InProcess, Waits: true,
			Why:  "With one bucket for all, which is what a proxy's address as the key amounts to, one client takes the service from everybody.",
			Hint: "Key the limit by client address.", Ref: refRate, Run: checkRateIsolate},
		{ID: "rate-lockout", Title: "nobody can use up another's limit by naming his address", Where: InProcess, Waits: true,
			Why: "An attacker who sends the victim's address in a header has the victim refused.", Hint: ownPeer, Ref: refSpoof, Run: checkRateLockout},
		{ID: "rate-v6", Title: "one IPv6 network is one client", Where: InProcess, Waits: true,
			Why:  "Every home has a /64: 18 quintillion addresses to count as new clients.",
			Hint: "Key IPv6 by its /64, not by address.", Ref: "https://www.rfc-editor.org/rfc/rfc6177", Run: checkRateV6},
		{ID: "rate-recover", Title: "after Retry-After the client is served again", Waits: true, Bursts: true,
			Why:  "A promise that is not kept teaches clients to ignore it.",
			Hint: "Compute Retry-After from the bucket, rounded up.", Ref: refRate, Run: checkRateRecover},
		{ID: "rate-health", Title: "the probes are not limited", Waits: true, Bursts: true,
			Why:  "A balancer asks from one address, every few seconds. A 429 takes the instance out of service when it is needed most.",
			Hint: "Answer the probes outside of the limiter.", Ref: refHealth, Run: checkRateHealth},
	}
}

// most is how many requests at once must be enough to meet the limit.
func (r *Rate) most() int { return r.Burst + r.Slack + 1 }

const (
	attacker = "192.0.2.66"
	victim   = "198.51.100.7"
)

// burst sends the same request until it is refused with 429, n times at most, and returns the last answer and how many
// were let through.
func (p *Probe) burst(r Request, n int) (last *Response, admitted int) {
	r.May429, r.burst = true, true
	for i := range n {
		last = p.Do(r)
		if last.Status == http.StatusTooManyRequests {
			return last, i
		}
	}
	return last, n
}

// needRate is the declared limit; against a URL only where a burst is allowed.
func (p *Probe) needRate(n func(*Rate) int) *Rate {
	r := p.cfg.Rate
	if r == nil {
		p.Skip("no limit is declared (Rate)")
	}
	p.needBurst(n(r))
	return r
}

func (p *Probe) needBurst(n int) {
	if p.remote == nil {
		return
	}
	if left := p.cfg.Limits.Burst - p.remote.bursts; n > left {
		p.Skip("needs a burst of %d requests; %d of Limits.Burst (-burst) are left", n, max(left, 0))
	}
}

// exhausted has the attacker refused; the limit is what the caller wants to look at.
func (p *Probe) exhausted() *Rate {
	r := p.needRate((*Rate).most)
	if last, n := p.burst(Request{Path: r.Path, From: attacker}, r.most()); last.Status != http.StatusTooManyRequests {
		p.Inconclusive("the limiter does not refuse: %d requests were let through", n)
	}
	return r
}

// checkRateTrigger allows for some slack above the burst, as limiters on several instances have, and none below.
func checkRateTrigger(p *Probe) {
	r := p.needRate((*Rate).most)
	last, admitted := p.burst(Request{Path: r.Path, From: attacker}, r.most())
	if last.Status != http.StatusTooManyRequests {
		p.Fail("%d requests at once were let through, declared is a burst of %d", admitted, r.Burst)
		return
	}
	if admitted < r.Burst && p.local != nil {
		p.Fail("%d requests were let through, declared is a burst of %d", admitted, r.Burst)
	}
	if _, err := retryAfter(last); err != nil {
		p.Fail("%v", err)
	}
}

// retryAfter parses the header: seconds, or a date as RFC 9110 section 10.2.3 wants it.
func retryAfter(res *Response) (time.Duration, error) {
	v, n := res.one("Retry-After")
	if n != 1 {
		return 0, fmt.Errorf("429 has Retry-After %d times, want once", n)
	}
	if seconds, err := strconv.Atoi(v); err == nil {
		if seconds < 1 {
			return 0, fmt.Errorf("Retry-After: %s tells to come back at once", clip(v, 40))
		}
		return time.Duration(seconds) * time.Second, nil
	}
	at, err := time.Parse(http.TimeFormat, v)
	if err != nil {
		return 0, fmt.Errorf("Retry-After: %s is neither seconds nor an HTTP date", clip(v, 40))
	}
	return max(time.Until(at), time.Second), nil
}

// spoofs is the headers that say who the client is, for an address.
func spoofs(addr string) map[string]string {
	return map[string]string{"X-Forwarded-For": addr, "X-Real-Ip": addr, "True-Client-Ip": addr, "Cf-Connecting-Ip": addr, "X-Client-Ip": addr,
		"Fly-Client-Ip": addr, "X-Cluster-Client-Ip": addr, "X-Originating-Ip": addr, "Forwarded": "for=" + addr, "X-Azure-Clientip": addr}
}

// checkRateSpoof rotates addresses in headers only: a request that is let in now was taken for another client's.
func checkRateSpoof(p *Probe) {
	const tries = 3 // a bucket that fills meanwhile may let one through
	names := spoofs("")
	r := p.needRate(func(r *Rate) int { return r.most() + tries*(len(names)+1) })
	p.exhausted()
	n := byte(0)
	evaded := func(name string) bool {
		for range tries {
			n++
			addr := netip.AddrFrom4([4]byte{203, 0, 113, n}).String()
			req := Request{Path: r.Path, From: attacker, May429: true, burst: true}
			if name == "" {
				req = req.withAll(spoofs(addr))
			} else {
				req = req.with(name, spoofs(addr)[name])
			}
			if p.Do(req).Status == http.StatusTooManyRequests {
				return false
			}
		}
		return true
	}
	if evaded("") {
		p.Fail("all the usual headers together make a new client of one that was refused")
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if evaded(name) {
			p.Fail("%s makes a new client of one that was refused", name)
		}
	}
}

// checkRateIsolate is the control of a limiter by address: one bucket for all would pass the others.
func checkRateIsolate(p *Probe) {
	r := p.exhausted()
	if res := p.Do(Request{Path: r.Path, From: victim}); res.Status == http.StatusTooManyRequests {
		p.Fail("after a burst from %s, %s is refused as well", attacker, victim)
	}
}

// checkRateLockout is the other half of checkRateSpoof: who can name an address can also use up its limit.
func checkRateLockout(p *Probe) {
	r := p.exhausted()
	if res := p.Do(Request{Path: r.Path, From: victim}); res.Status == http.StatusTooManyRequests {
		p.Inconclusive("%s is refused without having been named", victim)
	}
	for range r.most() {
		p.Do(Request{Path: r.Path, From: "192.0.2.67", May429: true}.withAll(spoofs(victim)))
	}
	if res := p.Do(Request{Path: r.Path, From: victim}); res.Status == http.StatusTooManyRequests {
		p.Fail("%s is refused, after another named it in headers", victim)
	}
}

// checkRateV6 changes the lower half of the address alone.
func checkRateV6(p *Probe) {
	r := p.exhausted()
	network := netip.MustParseAddr("2001:db8:77:1::").As16()
	for i := range r.most() {
		network[14], network[15], network[9] = byte(i>>8), byte(i), byte(i*7)
		if p.Do(Request{Path: r.Path, From: netip.AddrFrom16(network).String()}).Status == http.StatusTooManyRequests {
			return
		}
	}
	p.Fail("%d requests from as many addresses of one /64 were let through", r.most())
}

// checkRateRecover keeps to the second that Retry-After names: clients do.
func checkRateRecover(p *Probe) {
	r := p.needRate((*Rate).most)
	last, _ := p.burst(Request{Path: r.Path, From: attacker}, r.most())
	if last.Status != http.StatusTooManyRequests {
		p.Inconclusive("the limiter does not refuse")
	}
	wait, err := retryAfter(last)
	if err != nil {
		p.Inconclusive("%v", err)
	}
	if !p.Sleep(wait + 10*time.Millisecond) {
		p.Inconclusive("waiting %v would take longer than Limits.MaxWait", wait)
	}
	if res := p.Do(Request{Path: r.Path, From: attacker, May429: true}); res.Status == http.StatusTooManyRequests {
		p.Fail("still refused after Retry-After: %s", last.Header.Get("Retry-After"))
	}
}

// checkRateHealth asks from the address that was refused: balancer and clients may share one behind a NAT.
func checkRateHealth(p *Probe) {
	h := p.needHealth()
	r := p.exhausted()
	for name, path := range h.paths() {
		if res := p.Do(Request{Path: path, From: attacker, May429: true}); res.Status != http.StatusOK {
			p.Fail("%s: %s, asked from where a client was refused", name, res)
		}
	}
	// A burst of probes alone: a limiter of their own would show now.
	if p.local == nil || h.Ready == "" {
		return
	}
	if last, n := p.burst(Request{Path: h.Ready, From: victim}, r.most()); last.Status == http.StatusTooManyRequests {
		p.Fail("%s is refused after %d probes", h.Ready, n)
	}
}

// checkRateLogin wants the first guess looked at, and one of the next refused with 429, whichever limit does it.
func checkRateLogin(p *Probe) {
	l := p.cfg.Login
	if l == nil {
		p.Skip("no log-in is declared (Login)")
	}
	p.needBurst(l.Attempts + 1)
	for i := range l.Attempts + 1 {
		r := l.Call.request("guess-" + random(12))
		r.From, r.May429, r.burst = attacker, true, true
		res := p.Do(r)
		switch {
		case res.Status == http.StatusTooManyRequests && i > 0:
			return
		case i == 0 && (res.Status/100 != 4 || res.Status == http.StatusNotFound || res.Status == http.StatusMethodNotAllowed || res.Status == http.StatusTooManyRequests):
			p.Inconclusive("%s to a wrong password: that is no log-in", res)
		}
	}
	p.Fail("%d wrong passwords in a row were all looked at", l.Attempts+1)
}
