package redisstore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// parts of a Cluster have a breaker each: a node has a range of slots, so that one which is
// down leaves most of the others alone.
const parts = 16

var errNotMade = errors.New("redisstore: not made by New")

// Store is a [ratelimit.Store] whose buckets lie in Redis or Valkey. Make it with [New]; it is
// safe for use by many goroutines, and has nothing to close but the Client, which is yours.
type Store struct {
	cfg       Config
	source    string
	digest    string
	cluster   bool
	prefixTag string
	front     *ratelimit.Memory // what Redis answered; never fuller of debt than Redis is
	spare     *ratelimit.Memory // what was decided without it
	breakers  []breaker
	open      atomic.Int32 // of the breakers

	report struct {
		sync.Mutex
		down bool // as told to OnStateChange
	}

	calls, failures, local, remembered, probes atomic.Uint64
}

var _ ratelimit.Store = (*Store)(nil)

// New makes a Store, or returns all problems of cfg at once, each a *[ConfigError]. It sends
// nothing: a service starts while Redis is down, and limits in this process until it is up.
func New(cfg Config) (*Store, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Store{
		cfg: cfg, source: source, digest: digest(source),
		front: ratelimit.NewMemory(cfg.Slots), spare: ratelimit.NewMemory(cfg.Slots),
		breakers: make([]breaker, 1),
	}
	s.prefixTag, _ = tagOf(cfg.Prefix)
	if _, s.cluster = cfg.Client.(*redis.ClusterClient); s.cluster {
		s.breakers = make([]breaker, parts)
	}
	return s, nil
}

// Config is what New was given, with the defaults filled in.
func (s *Store) Config() Config {
	if s == nil {
		return Config{}
	}
	return s.cfg
}

// Take implements [ratelimit.Store]. Asks that are not valid are an error, and so is a limit
// beyond 1,000,000 tokens a second. While Redis does not answer, an ask that is FailClosed and
// not Shadow is an error, which is not for clients: it names the server. All others are then
// decided in this process.
//
// Of ctx only the values count, for tracing: a client that hangs up is charged all the same.
func (s *Store) Take(ctx context.Context, asks []ratelimit.Ask) ([]ratelimit.State, error) {
	if s == nil || s.front == nil {
		return nil, errNotMade
	}
	counted, err := whole(asks)
	if err != nil {
		return nil, err
	}
	if len(asks) > 0 && asks[0].Local {
		return s.returnLocal(ctx, counted)
	}
	states, err := s.front.Peek(counted) // this also says whether the asks are valid
	if err != nil || len(asks) == 0 {
		return states, err
	}
	if certain(asks, states) {
		s.remembered.Add(1)
		return unit(asks, counted, states), nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Deadline)
	defer cancel()
	answers, err := s.ask(ctx, counted, states)
	if err == nil {
		return unit(asks, counted, answers), nil
	}
	for i := range asks {
		if asks[i].FailClosed && !asks[i].Shadow {
			return nil, err
		}
	}
	return s.decide(ctx, asks, counted)
}

// certain says that Redis would deny too. It knows of at least the debt that we know of,
// unless tokens came back in the meantime, from another process. What costs more than a full
// bucket needs no memory.
func certain(asks []ratelimit.Ask, states []ratelimit.State) bool {
	for i := range asks {
		a := &asks[i]
		if states[i].Denied && !a.Shadow && (!a.Refundable || a.Cost > a.Burst) {
			return true
		}
	}
	return false
}

// learn remembers an answer of Redis. Tokens that went back there are no longer owed here.
func (s *Store) learn(ctx context.Context, sent time.Time, asks []ratelimit.Ask, answers []ratelimit.State) error {
	for i := range asks {
		if asks[i].Cost < 0 {
			if _, err := s.front.Take(ctx, asks[i:i+1]); err != nil {
				return err
			}
		}
	}
	return s.front.Learn(sent, asks, answers)
}

// Stats are counted since New. Calls and Remembered show what the local table saves; Failures
// and Local, how often the limit was not a common one.
type Stats struct {
	Down       bool   // decides without Redis now, in a Cluster for a part of the keys
	Calls      uint64 // of the script, without probes; a server that does not have it yet is sent two commands
	Failures   uint64 // of these calls
	Local      uint64 // decisions without Redis
	Remembered uint64 // denials that needed no call, since Redis had told enough before
	Probes     uint64 // of a Redis that is down
	Evicted    uint64 // entries that the local tables gave up too early: when it grows, raise Slots
}

// Stats of this Store.
func (s *Store) Stats() Stats {
	if s == nil || s.front == nil {
		return Stats{}
	}
	return Stats{
		Down: s.open.Load() > 0, Calls: s.calls.Load(), Failures: s.failures.Load(), Local: s.local.Load(),
		Remembered: s.remembered.Load(), Probes: s.probes.Load(),
		Evicted: s.front.Stats().Evicted + s.spare.Stats().Evicted,
	}
}
