package ratelimit

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// maxWindow bounds Burst·Emission in nanoseconds, about 73 years: three times of it still
// fit an int64.
const maxWindow = 1 << 61

// charge is one policy's part in one decision: what it asks, and then what came of it.
// Times are nanoseconds.
//
// The algorithm is GCRA, the token bucket kept as one number: the theoretical arrival time
// (TAT), the instant at which the bucket will be full again. It is exact: no window edge,
// no refill loop, and a denied request changes nothing.
//
// A charge is made on the stack of a request, filled by the engine or by a Store, and read
// by those who write headers.
type charge struct {
	key      string // for a Store; the table knows only the hash
	hash     uint64
	table    *table
	slot     *slot
	emission int64 // the worth of a token
	capacity int64 // the worth of a full bucket
	cost     int64 // in tokens
	debt     int64 // TAT - now, after the decision
	policy   int   // its place in the Config
	asked    int   // the cost as the policy said it, for its error
	shadow   bool
	denied   bool
	local    bool // the Store's own fallback decided
}

// exceeds says whether the bucket has too few tokens. A refund or a look never does.
func (c *charge) exceeds() bool {
	return c.cost > 0 && c.debt+c.cost*c.emission > c.capacity
}

// impossible says that no wait would help: a full bucket is too small.
func (c *charge) impossible() bool { return c.cost*c.emission > c.capacity }

// wait is the time until the tokens that were denied are there.
func (c *charge) wait() int64 { return c.debt + c.cost*c.emission - c.capacity }

// remaining is how many whole tokens are left.
func (c *charge) remaining() int64 { return max(0, c.capacity-c.debt) / c.emission }

// window is the effective window t of the RateLimit field: "remaining" requests in so many
// seconds are welcome. It is chosen so that remaining/window never goes beyond the limit,
// and window never beyond Retry-After.
func (c *charge) window() int64 {
	if c.denied && !c.impossible() {
		return seconds(c.wait())
	}
	if r := c.remaining(); r > 0 {
		return seconds(r * c.emission)
	}
	return seconds(c.debt + c.emission - c.capacity) // until the next whole token
}

// seconds rounds up to whole seconds, at least 1: a client that comes back a moment early
// is denied again.
func seconds(ns int64) int64 {
	if ns <= int64(time.Second) {
		return 1
	}
	return (ns-1)/int64(time.Second) + 1
}

// emission is the time in which one token grows, in whole nanoseconds rounded down. Rounded
// up, a request exactly on the second would be denied. What is a whole number but for the
// error of the float is taken as that number.
func emission(limit rate.Limit) int64 {
	ns := float64(time.Second) / float64(limit)
	if near := math.Round(ns); math.Abs(ns-near) <= ns*1e-15 {
		return int64(near)
	}
	return int64(ns)
}

// Per is n tokens in every d, as tokens a second: Per(100, time.Minute). Not positive
// arguments give a limit that [New] refuses.
func Per(n int, d time.Duration) rate.Limit {
	if n <= 0 || d <= 0 { // two wrongs would make a right
		return 0
	}
	return rate.Limit(float64(n) / d.Seconds())
}
