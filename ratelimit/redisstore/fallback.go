package redisstore

import (
	"context"
	"math"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// maxWindow of a bucket, that of package ratelimit, in nanoseconds.
const maxWindow = 1 << 61

// decide answers without Redis. It starts from what Redis said last, so that who was over the
// limit stays so, and charges a table of its own: what is charged here is unknown to Redis,
// and must not be remembered as its answer.
func (s *Store) decide(ctx context.Context, asks, counted []ratelimit.Ask) ([]ratelimit.State, error) {
	s.local.Add(1)
	known, err := s.front.Peek(counted)
	if err != nil {
		return nil, err
	}
	shares := make([]ratelimit.Ask, len(asks))
	for i, a := range counted {
		shares[i] = share(a, s.cfg.FallbackShare)
		// The same part of the bucket is used up.
		known[i].Debt = time.Duration(float64(known[i].Debt) * window(shares[i]) / window(a))
	}
	if err := s.spare.Learn(time.Now(), shares, known); err != nil {
		return nil, err
	}
	states, err := s.spare.Take(ctx, shares)
	if err != nil {
		return nil, err
	}
	for i := range states {
		states[i].Local = true
	}
	if s.cfg.FallbackShare == 1 {
		return unit(asks, counted, states), nil
	}
	for i := range states {
		states[i].Debt = owed(asks[i], shares[i], states[i])
	}
	return states, nil
}

// returnLocal returns tokens that decide took. Redis never had them, and would admit others for
// them.
func (s *Store) returnLocal(ctx context.Context, asks []ratelimit.Ask) ([]ratelimit.State, error) {
	shares := make([]ratelimit.Ask, len(asks))
	for i, a := range asks {
		a.Cost = min(a.Cost, 0)
		shares[i] = share(a, s.cfg.FallbackShare)
	}
	states, err := s.spare.Take(ctx, shares)
	for i := range states {
		states[i].Local = true
	}
	return states, err
}

// share is a part of an ask's limit and of its burst, but at least one token: the window stays
// what it is.
func share(a ratelimit.Ask, part float64) ratelimit.Ask {
	if part == 1 {
		return a
	}
	burst := max(1, int64(float64(a.Burst)*part))
	a.Emission = min(maxWindow/time.Duration(burst), time.Duration(min(float64(a.Emission)/part, maxWindow)))
	if a.Cost <= a.Burst {
		a.Cost = min(a.Cost, burst) // dearer than the share: all of the share
	}
	a.Burst = burst
	return a
}

func window(a ratelimit.Ask) float64 { return float64(a.Burst) * float64(a.Emission) }

// owed is the state of a share as the debt of the whole bucket: one with as many tokens left,
// or, if it was denied, one that asks for the same wait.
func owed(whole, part ratelimit.Ask, st ratelimit.State) time.Duration {
	capacity := window(whole)
	left := window(part) - float64(st.Debt)
	debt := capacity - math.Floor(left/float64(part.Emission))*float64(whole.Emission)
	if st.Denied {
		wait := float64(part.Cost)*float64(part.Emission) - left
		debt = capacity - float64(whole.Cost)*float64(whole.Emission) + wait
	}
	return time.Duration(max(0, min(debt, capacity)))
}
