package ratelimit

import (
	"context"
	"errors"
	"time"
)

// A Store keeps one bucket for every pair of policy and key. [Memory] is the Store of one
// process; package redisstore has one that several processes share.
//
// Take decides the asks of one request together: when one that is not Shadow is denied,
// nothing is taken from any of them. It returns one State for each Ask, in the same order.
// An error means that nothing is known; the middleware then decides on a table of its own,
// or answers 503 where a policy is FailClosed.
//
// Take is called at once from many goroutines, and a request waits for it: it needs a
// deadline of its own, of some milliseconds. The ctx of a middleware carries the values of
// the request, but does not end with it. Clients that hang up in the middle would otherwise
// go uncharged, break the connections of the Store's pool, and look like its failures.
type Store interface {
	Take(ctx context.Context, asks []Ask) ([]State, error)
}

// Ask is what one policy wants to know about one request. The asks of one call have
// different policies.
//
// A bucket is described in time, as GCRA does it: a token is worth Emission, and a bucket
// owes Debt, the time until it is full again. A request passes if Debt + Cost·Emission ≤
// Burst·Emission, and then raises the Debt by Cost·Emission. This is the token bucket with
// one number in place of two.
type Ask struct {
	Policy   string        // the policy's name
	Key      string        // the client; any bytes, of any length: a Store that keeps it hashes it
	Emission time.Duration // the time in which one token grows, at least 1 ns
	Burst    int64         // tokens of a full bucket; Burst·Emission is at most 73 years
	Cost     int64         // tokens to take; 0 only looks; below 0 gives back, is never denied and never overfills

	Shadow     bool // a denial is reported in its State and stops nothing; the ask itself is then not charged
	FailClosed bool // a Store with a fallback of its own returns its error all the same when this is set
	Refundable bool // tokens may come back, from another process too: a remembered denial can be wrong
	Local      bool // with a Cost below 0: gives back what was taken when the State said Local
}

// State is the answer to one Ask.
type State struct {
	Debt   time.Duration // until the bucket is full, after the decision; 0 is full
	Denied bool          // this ask was not admitted
	Local  bool          // a Store with a fallback decided in this process alone: the others know nothing of it
}

// The errors of a caller who is no middleware, and of a Store that breaks its contract.
var (
	errNotMade  = errors.New("ratelimit: not made by New or NewMemory")
	errTwice    = errors.New("ratelimit: one call asks the same policy twice")
	errBadAsk   = errors.New("ratelimit: an ask needs an Emission and a Burst of at least 1, and a window of at most 73 years")
	errBadStore = errors.New("ratelimit: the Store returned another number of states than it was asked for")
)

// charge turns an Ask into what the table works with.
func (a Ask) charge() (charge, error) {
	c := charge{
		key:      a.Key,
		emission: int64(a.Emission),
		cost:     a.Cost,
		shadow:   a.Shadow,
	}
	if a.Emission < 1 || a.Burst < 1 || a.Burst > maxWindow/int64(a.Emission) {
		return c, errBadAsk
	}
	c.capacity = a.Burst * c.emission
	c.cost = max(-a.Burst, min(c.cost, a.Burst+1)) // one more than all is never admitted, and cannot overflow
	return c, nil
}
