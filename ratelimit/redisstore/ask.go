package redisstore

import (
	"context"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// ask asks Redis and remembers the answer. known is what the local table says, for the asks
// which need no answer any more.
func (s *Store) ask(ctx context.Context, asks []ratelimit.Ask, known []ratelimit.State) ([]ratelimit.State, error) {
	sent := time.Now()
	if s.cluster && s.prefixTag == "" {
		for i := range asks[1:] {
			if asks[i+1].Key != asks[0].Key {
				return s.askEach(ctx, asks, known)
			}
		}
	}
	answers, err := s.call(ctx, asks)
	if err != nil {
		return nil, err
	}
	return answers, s.learn(ctx, sent, asks, answers)
}

// askEach is for a Cluster, where the clients' keys of one request lie on different nodes,
// which have no common transaction. They are asked one after the other. When one denies, what
// those before it have taken goes back: never too many are admitted, and for a moment some
// bucket has less than it should.
func (s *Store) askEach(ctx context.Context, asks []ratelimit.Ask, known []ratelimit.State) ([]ratelimit.State, error) {
	answers := known
	var charged [][]int // groups
	var sent []time.Time
	for _, group := range groups(asks) {
		sent = append(sent, time.Now())
		got, err := s.call(ctx, pick(asks, group))
		if err != nil {
			// What was taken stays so, since the request may well pass without Redis. It is not
			// learned: that decision would count it once more.
			return nil, err
		}
		denied := false
		for i, at := range group {
			answers[at] = got[i]
			denied = denied || got[i].Denied && !asks[at].Shadow
		}
		if denied {
			if err := s.learn(ctx, sent[len(sent)-1], pick(asks, group), got); err != nil {
				return nil, err
			}
			s.giveBack(ctx, asks, answers, charged)
			return answers, nil
		}
		charged = append(charged, group)
	}
	for i, group := range charged { // only now is it sure that nothing goes back
		if err := s.learn(ctx, sent[i], pick(asks, group), pick(answers, group)); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// giveBack returns what groups of asks have taken, and notes what is owed after that. Where
// Redis does not take it, the tokens are lost.
func (s *Store) giveBack(ctx context.Context, asks []ratelimit.Ask, answers []ratelimit.State, charged [][]int) {
	for _, group := range charged {
		back := pick(asks, group)
		n := 0
		for i := range back {
			if answers[group[i]].Denied {
				back[i].Cost = 0 // a Shadow: nothing was taken
			}
			if back[i].Cost = -back[i].Cost; back[i].Cost != 0 {
				n++
			}
		}
		if n == 0 {
			continue
		}
		sent := time.Now()
		got, err := s.call(ctx, back)
		if err != nil {
			continue
		}
		for i, at := range group {
			answers[at].Debt = got[i].Debt
		}
		_ = s.learn(ctx, sent, back, got) // they are valid: they were learned from before
	}
}

// groups are the places of the asks that have the same key, in the order of the asks.
func groups(asks []ratelimit.Ask) [][]int {
	var out [][]int
next:
	for i := range asks {
		for g := range out {
			if asks[out[g][0]].Key == asks[i].Key {
				out[g] = append(out[g], i)
				continue next
			}
		}
		out = append(out, []int{i})
	}
	return out
}

// pick is a copy of some elements.
func pick[T any](all []T, at []int) []T {
	out := make([]T, len(at))
	for i := range at {
		out[i] = all[at[i]]
	}
	return out
}

// call asks the script once, unless the breaker of the keys is open.
func (s *Store) call(ctx context.Context, asks []ratelimit.Ask) ([]ratelimit.State, error) {
	first := tag(asks[0].Key)
	b := s.breaker(first)
	probe, err := b.pass(time.Now())
	if probe {
		go s.probe(context.WithoutCancel(ctx), b, first)
	}
	if err != nil {
		return nil, err
	}
	s.calls.Add(1)
	states, err := s.run(ctx, func(i int) string {
		if asks[i].Key == asks[0].Key {
			return s.key(first, asks[i].Policy)
		}
		return s.key(tag(asks[i].Key), asks[i].Policy)
	}, asks)
	if err != nil {
		s.failures.Add(1)
	}
	if b.note(time.Now(), err, s.cfg.ProbeEvery) {
		s.open.Add(1)
		go s.tell()
	}
	return states, err
}

// breaker is that of a client's key.
func (s *Store) breaker(tag string) *breaker {
	if len(s.breakers) == 1 {
		return &s.breakers[0]
	}
	return &s.breakers[s.slotOf(tag)*len(s.breakers)/(1<<14)]
}

// probe finds out whether Redis is back, away from requests: it takes and writes as they do,
// since a replica and a full server answer a PING all the same. The first call has time to
// connect, and only the second must be in time.
func (s *Store) probe(ctx context.Context, b *breaker, tag string) {
	s.probes.Add(1)
	ask := []ratelimit.Ask{{Emission: time.Microsecond, Burst: 1, Cost: 1}}
	at := func(int) string { return s.key(tag, "\n") } // no policy has this name
	var err error
	for _, limit := range []time.Duration{max(s.cfg.Deadline, s.cfg.ProbeEvery), s.cfg.Deadline} {
		within, cancel := context.WithTimeout(ctx, limit)
		if _, err = s.run(within, at, ask); err != nil {
			cancel()
			break
		}
		cancel()
	}
	if b.probed(time.Now(), err, s.cfg.ProbeEvery) {
		s.open.Add(-1)
		s.tell()
	}
}

// tell calls OnStateChange if what it was told last is no longer true. Changes that come while
// it works are told once it is back, and those that undo each other not at all.
func (s *Store) tell() {
	s.report.Lock()
	defer s.report.Unlock()
	var err error
	for i := range s.breakers {
		if err = s.breakers[i].reason(); err != nil {
			break
		}
	}
	down := err != nil
	if down == s.report.down {
		return
	}
	s.report.down = down
	if s.cfg.OnStateChange != nil {
		defer func() { _ = recover() }() // a hook that panics must not end the service in the middle of an outage
		s.cfg.OnStateChange(down, err)
	}
}
