package verify

import (
	"net/http"
	"regexp"
	"strings"
	"time"
)

func appChecks() []Check {
	return []Check{
		{ID: "panic-500", Title: "a panic is answered with 500, and the next request is served", Where: InProcess,
			Why:  "net/http cuts the connection instead: the client knows nothing, and a proxy may send the request again.",
			Hint: "Recover around the app, answer 500 where nothing was written yet, and let http.ErrAbortHandler pass.",
			Ref:  "https://pkg.go.dev/net/http#Handler", Run: checkPanic},
		{ID: "panic-late", Title: "a panic in the middle of an answer breaks it off", Where: InProcess,
			Why:  "A recovery that swallows it ends the answer properly: half a file, status 200, and nobody notices.",
			Hint: "Where something was written already, log the panic and panic again with http.ErrAbortHandler.",
			Ref:  "https://pkg.go.dev/net/http#ErrAbortHandler", Run: checkLatePanic},
		{ID: "abort", Title: "http.ErrAbortHandler cuts the connection and is no error", Where: InProcess,
			Why:  "It is how a reverse proxy says that its upstream broke off. Answered with 500, or logged as a bug, it is misread.",
			Hint: "Re-panic http.ErrAbortHandler in every recovery.", Ref: "https://pkg.go.dev/net/http#ErrAbortHandler", Run: checkAbort},
		{ID: "stream", Title: "Flush, Hijack, write deadlines and 103 work through the layers", Where: InProcess,
			Why:  "A ResponseWriter wrapped without Unwrap breaks server-sent events, WebSockets and long downloads, in production first.",
			Hint: "Give every wrapper an Unwrap method, and use http.ResponseController in handlers.",
			Ref:  "https://pkg.go.dev/net/http#ResponseController", Run: checkStream},
		{ID: "timeout", Title: "a handler that blocks is answered for in time, and its context ends", Where: InProcess, Waits: true,
			Why:  "One slow dependency holds every request, every connection and all memory, until nothing is served any more.",
			Hint: "Put a deadline on the request's context, below http.Server.WriteTimeout, and answer 503 when it passes.",
			Ref:  "https://pkg.go.dev/net/http#TimeoutHandler", Run: checkTimeout},
		{ID: "slow-header", Title: "a client that sends its header slowly is cut off", Waits: true,
			Why:  "A few hundred such connections hold every socket of a server (slowloris), and no middleware sees them.",
			Hint: "Set http.Server.ReadHeaderTimeout: its zero is none.", Ref: "https://pkg.go.dev/net/http#Server", Run: checkSlowHeader},
		{ID: "reqid", Title: "every answer has a request id of its own, and no client chooses it freely",
			Why:  "Without one nobody finds the record of a complaint; an id that clients choose forges records.",
			Hint: "Make an id of at least 64 random bits for each request, take one from the client only if it is well formed, and log it.",
			Ref:  "https://www.w3.org/TR/trace-context/", Run: checkRequestID},
	}
}

// checkPanic asks again afterwards: a recovery that leaves a lock held shows in the next request.
func checkPanic(p *Probe) {
	p.innerWorks()
	res, err := p.Try(p.inner("panic"))
	switch {
	case err != nil:
		p.Fail("no answer: %v", err)
	case res.Status != http.StatusInternalServerError:
		p.Fail("%s, want 500", res)
	}
	if res, err := p.Try(p.inner("ok")); err != nil || res.Status != http.StatusOK {
		p.Fail("after a panic nothing is served any more")
	}
}

// checkLatePanic sends more than the server's buffer of 4 KiB, so that the status is out when the panic comes.
func checkLatePanic(p *Probe) {
	p.innerWorks()
	if res, err := p.Try(p.inner("late")); err == nil && res.BodyErr == nil {
		p.Fail("%s with a proper end after %d bytes, although the handler panicked", res, len(res.Body))
	}
}

// checkAbort has nothing written before: a naive recovery would send its 500.
func checkAbort(p *Probe) {
	p.innerWorks()
	if res, err := p.Try(p.inner("abort")); err == nil && res.BodyErr == nil {
		p.Fail("%s instead of a cut connection", res)
	}
}

// checkTimeout wants both: an answer for the client, and an end for the handler. http.TimeoutHandler and a deadline on
// the context do that; a write timeout of the server that is shorter cuts the answer off.
func checkTimeout(p *Probe) {
	limit := p.cfg.Timeout
	if limit == 0 {
		p.Skip("no time for a request is declared (Timeout)")
	}
	const grace = time.Second
	if !p.canWait(limit + grace) {
		p.Inconclusive("waiting %v would take longer than Limits.MaxWait", limit+grace)
	}
	p.innerWorks()
	p.cfg.Limits.RequestTimeout = limit + grace
	res, err := p.Try(p.inner("block"))
	switch {
	case err != nil:
		p.Fail("a handler that blocks is not answered for within %v", limit+grace)
	case res.Status != http.StatusServiceUnavailable && res.Status != http.StatusGatewayTimeout:
		p.Fail("%s for a handler that blocked, want 503 or 504", res)
	case !p.local.innerApp.ended():
		p.Fail("the client is answered, but the handler's context does not end: it blocks on")
	}
}

// ended tells whether the context of /block ended; the handler may take a moment to notice.
func (a *innerApp) ended() bool {
	for range 50 {
		if a.cancelled.Load() {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

var goodID = regexp.MustCompile(`^[\w.:@+/=-]{11,128}$`)

// checkRequestID sends ids that would forge a log record, a page or a terminal line if they were taken as they are.
func checkRequestID(p *Probe) {
	name := p.cfg.RequestID
	if name == "" {
		p.Skip("the header with the request's id is not declared (RequestID)")
	}
	id := func(r Request) string {
		res := p.Do(r)
		v, n := res.one(name)
		if n != 1 || !goodID.MatchString(v) {
			p.Fail("%s: %s is %q (%d times), want one of 11 to 128 letters, digits or ._:@+/=-", res, name, clip(v, 60), n)
		}
		return v
	}
	first, second := id(Request{}), id(Request{})
	if first == second && first != "" {
		p.Fail("two requests have the same id %s", clip(first, 60))
	}
	for _, hostile := range []string{`"><script>alert(1)</script>`, `x","level":"ERROR","msg":"forged`, "a b", strings.Repeat("A", 4000), "é\x9b31m"} {
		if got := id(Request{}.with(name, hostile)); got == hostile {
			p.Fail("the client's id %s is taken", clip(hostile, 40))
		}
	}
	// In the record that the id is for.
	if p.hasLogs() {
		var got string
		if log := p.logged(func() { got = id(Request{}) }); got != "" && !containsText(log, got) {
			p.Fail("the id %s of an answer is not in the log", clip(got, 60))
		}
	}
}
