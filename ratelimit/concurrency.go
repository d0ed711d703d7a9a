package ratelimit

import (
	"context"
	"net/http"
	"time"

	"github.com/gambeson-go/gambeson/internal/conf"
	"github.com/gambeson-go/gambeson/internal/layer"
	"github.com/gambeson-go/gambeson/internal/problem"
)

// maxSeats keeps counters far from overflow; more requests at once fit no machine.
const maxSeats = 1 << 24

// ConcurrencyConfig says what [NewConcurrency] makes. The zero value is an error.
type ConcurrencyConfig struct {
	// Limit is how many requests are served at once. At least 1.
	Limit int

	// Queue is how many more may wait for a place, first come first served; 0: none.
	// Critical requests have a queue of the same length to themselves.
	Queue int

	// MaxWait bounds the wait of each; 0 is one second. Who waits longer frees its place in
	// the queue, and so does who goes away, if the server sees it: over HTTP/1 it does only
	// where the request has no body, since it reads on a connection no further than that.
	MaxWait time.Duration

	// Reserved is how many of Limit only critical requests may use. Less than Limit.
	Reserved int

	// Critical says which requests those are: by what the client cannot claim for itself,
	// such as a route or an identity that was checked. nil: none.
	Critical func(*http.Request) bool

	// OnReject sees each request that is answered 503, and how long it had waited.
	OnReject func(r *http.Request, waited time.Duration)
}

// Concurrency bounds how many requests are served at once, whoever sends them. A rate says
// nothing about requests that take long; this does. Make it with [NewConcurrency]; the zero
// value and nil admit nothing.
type Concurrency struct {
	cfg  ConcurrencyConfig
	gate gate
	body []byte
}

// NewConcurrency makes a Concurrency, or returns all problems of cfg at once, each a
// *[ConfigError].
func NewConcurrency(cfg ConcurrencyConfig) (*Concurrency, error) {
	p := conf.For("ratelimit")
	if cfg.Limit < 1 || cfg.Limit > maxSeats {
		p.Add("Limit", cfg.Limit, "is not a possible number of requests at once", "write 1 to 16777216")
	}
	if cfg.Queue < 0 || cfg.Queue > maxSeats {
		p.Add("Queue", cfg.Queue, "is not a possible number of waiting requests", "write 0 to 16777216")
	}
	if cfg.MaxWait < 0 {
		p.Add("MaxWait", cfg.MaxWait, "is negative", "write a duration, or 0 for one second")
	}
	if cfg.MaxWait > 0 && cfg.Queue == 0 {
		p.Add("MaxWait", cfg.MaxWait, "has no effect, since nobody may wait", "set Queue, or leave it out")
	}
	switch {
	case cfg.Reserved < 0:
		p.Add("Reserved", cfg.Reserved, "is negative", "write 0 for none")
	case cfg.Reserved > 0 && cfg.Reserved >= cfg.Limit:
		p.Add("Reserved", cfg.Reserved, "leaves nothing to the other requests", "write less than Limit")
	}
	if cfg.Reserved > 0 && cfg.Critical == nil {
		p.Add("Critical", nil, "is nil, so nobody could use what is Reserved", "write a function, or leave Reserved out")
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	c := &Concurrency{cfg: cfg, gate: gate{limit: cfg.Limit, reserved: cfg.Reserved, queue: cfg.Queue}}
	c.body = problem.Problem{
		Type:   typeCapacity,
		Title:  "The server is at its capacity",
		Status: http.StatusServiceUnavailable,
	}.Body()
	return c, nil
}

// Config is what NewConcurrency was given.
func (c *Concurrency) Config() ConcurrencyConfig {
	if c == nil {
		return ConcurrencyConfig{}
	}
	return c.cfg
}

// InFlight is how many requests are served now, and how many wait.
func (c *Concurrency) InFlight() (serving, waiting int) {
	if c == nil {
		return 0, 0
	}
	return c.gate.count()
}

// Wrap bounds the requests that are inside next at once. A place is free again when next
// returns, also by a panic.
func (c *Concurrency) Wrap(next http.Handler) http.Handler {
	return layer.Wrap(c, next, func(next http.Handler) http.HandlerFunc {
		if c == nil || c.cfg.Limit == 0 {
			return func(w http.ResponseWriter, _ *http.Request) {
				problem.Problem{Status: http.StatusInternalServerError}.Write(w)
			}
		}
		return func(w http.ResponseWriter, r *http.Request) { c.serve(next, w, r) }
	})
}

// serve takes a place, waits for one, or answers 503. A client that went away while it
// waited gets the 503 too, which only a log will see.
func (c *Concurrency) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	critical := c.cfg.Critical != nil && c.cfg.Critical(r)
	seat, ok := c.gate.enter(critical)
	if !ok {
		start := time.Now()
		if seat == nil || !c.await(r.Context(), seat) {
			if c.cfg.OnReject != nil {
				c.cfg.OnReject(r, time.Since(start))
			}
			setRetryAfter(w.Header(), 1) // nobody can know; the least there is
			problem.Send(w, http.StatusServiceUnavailable, c.body)
			return
		}
	}
	defer c.gate.leave() // a panic frees the place as well
	next.ServeHTTP(w, r)
}

// await waits for a seat and says whether it was given one.
func (c *Concurrency) await(ctx context.Context, seat *waiter) bool {
	limit := c.cfg.MaxWait
	if limit == 0 {
		limit = time.Second
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-seat.granted:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	// A seat that came at the last moment is used, unless nobody is there any more to use
	// it.
	if c.gate.giveUp(seat) {
		return false
	}
	if ctx.Err() != nil {
		c.gate.leave()
		return false
	}
	return true
}
