package ratelimit

import (
	"math"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"github.com/gambeson-go/gambeson/internal/conf"
	"github.com/gambeson-go/gambeson/internal/layer"
	"github.com/gambeson-go/gambeson/internal/problem"
)

// Global is one bucket for all requests of a server, a rate.Limiter of golang.org/x/time as
// it is. It bounds what the server takes on; it is no defence, since one client can use up
// the bucket of all. Make it with [NewGlobal]; the zero value and nil admit nothing.
type Global struct {
	limiter *rate.Limiter
	body    []byte
}

// NewGlobal admits limit requests a second and burst at once. What is beyond is answered
// 429 with Retry-After. RFC 6585 section 4 leaves it to the server whether it counts for
// each client or for all. Errors are as those of [New].
func NewGlobal(limit rate.Limit, burst int) (*Global, error) {
	p := conf.For("ratelimit")
	if math.IsNaN(float64(limit)) || math.IsInf(float64(limit), 0) || limit == rate.Inf || limit <= 0 {
		p.Add("limit", float64(limit), "is not a positive, finite number", "write tokens a second, such as Per(1000, time.Second)")
	}
	if burst < 1 {
		p.Add("burst", burst, "admits nothing", "write at least 1")
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	return &Global{limiter: rate.NewLimiter(limit, burst), body: quotaExceeded("global")}, nil
}

// Limiter is the bucket itself: to take from it elsewhere, to read it, or to change its
// limit while the server runs.
func (g *Global) Limiter() *rate.Limiter {
	if g == nil {
		return nil
	}
	return g.limiter
}

// Wrap limits the requests that reach next.
func (g *Global) Wrap(next http.Handler) http.Handler {
	return layer.Wrap(g, next, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			switch {
			case g == nil || g.limiter == nil:
				problem.Problem{Status: http.StatusInternalServerError}.Write(w)
			case g.limiter.Allow():
				next.ServeHTTP(w, r)
			default:
				if after := g.wait(); after > 0 {
					setRetryAfter(w.Header(), after)
				}
				problem.Send(w, http.StatusTooManyRequests, g.body)
			}
		}
	})
}

// wait is the seconds until the next token; 0 when none will come, after SetLimit(0) or
// SetBurst(0).
func (g *Global) wait() int64 {
	if g.limiter.Limit() < 0 || g.limiter.Burst() < 1 {
		return 0
	}
	ns := (1 - g.limiter.Tokens()) / float64(g.limiter.Limit()) * float64(time.Second)
	if !(ns < maxWindow) {
		return 0
	}
	return seconds(int64(ns))
}
