package redisstore

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// Redis counts microseconds, an Ask nanoseconds. Within the Store, an emission is a whole
// number of microseconds, rounded down: rounded up, a request exactly on the second would be
// denied. The tables in this process count by the same emission, so that they and Redis never
// disagree. Who asked gets its answer in its own unit.

// whole gives asks with emissions that Redis can count. They are a copy only where they must.
func whole(asks []ratelimit.Ask) ([]ratelimit.Ask, error) {
	copied := false
	for i := range asks {
		e := asks[i].Emission
		if e > 0 && e < time.Microsecond {
			return nil, fmt.Errorf("redisstore: policy %q: Redis counts microseconds, so a limit is at most 1,000,000 tokens a second; "+
				"lower its Limit, or keep it in a ratelimit.Memory", asks[i].Policy)
		}
		if e%time.Microsecond == 0 {
			continue
		}
		if !copied {
			asks, copied = append([]ratelimit.Ask(nil), asks...), true
		}
		asks[i].Emission = e.Truncate(time.Microsecond)
	}
	return asks, nil
}

// unit turns the debts of states into the unit of those who asked: the same number of tokens.
func unit(asks, counted []ratelimit.Ask, states []ratelimit.State) []ratelimit.State {
	for i := range states {
		if from, to := counted[i].Emission, asks[i].Emission; from != to {
			states[i].Debt = muldiv(states[i].Debt, to, from)
		}
	}
	return states
}

// muldiv is a·b/c without overflow in between. The result must fit; all are positive.
func muldiv(a, b, c time.Duration) time.Duration {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, _ := bits.Div64(hi, lo, uint64(c))
	return time.Duration(q)
}
