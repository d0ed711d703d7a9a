package redisstore

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// At asks the script at an instant of virtual time, in microseconds, and nothing else of the Store.
func (s *Store) At(ctx context.Context, now int64, asks []ratelimit.Ask) ([]ratelimit.State, error) {
	virtual := *s.cfgOnly()
	clock := "{" + strconv.FormatInt(now/1e6, 10) + ", " + strconv.FormatInt(now%1e6, 10) + "}"
	virtual.source = strings.Replace(source, "call('TIME')", clock, 1)
	const expiry = "format('%.0f', ttl)"
	if virtual.source == source || !strings.Contains(source, expiry) {
		panic("the script has another clock")
	}
	virtual.source = strings.Replace(virtual.source, expiry, "3600000", 1) // real time must not take keys away
	virtual.digest = digest(virtual.source)
	counted, err := whole(asks)
	if err != nil {
		return nil, err
	}
	states, err := virtual.run(ctx, func(i int) string { return s.key(tag(asks[0].Key), asks[i].Policy) }, counted)
	if err != nil {
		return nil, err
	}
	return unit(asks, counted, states), nil
}

func (s *Store) cfgOnly() *Store { return &Store{cfg: s.cfg, prefixTag: s.prefixTag} }

// Key is where a bucket lies.
func (s *Store) Key(client, policy string) string { return s.key(tag(client), policy) }

var Slot = slot

// SlotOf is where the Store thinks that the buckets of a client are.
func (s *Store) SlotOf(client string) int { return s.slotOf(tag(client)) }

// Breaker is one apart from a Store, on a clock of the test.
type Breaker struct{ b breaker }

func (b *Breaker) Pass(now time.Time) (bool, error)       { return b.b.pass(now) }
func (b *Breaker) Note(now time.Time, err error) bool     { return b.b.note(now, err, time.Second) }
func (b *Breaker) Probed(now time.Time, err error) bool   { return b.b.probed(now, err, time.Second) }
func Jitter(d time.Duration) time.Duration                { return jitter(d) }
func Scale(a, b, c time.Duration) time.Duration           { return muldiv(a, b, c) }
func Whole(asks []ratelimit.Ask) ([]ratelimit.Ask, error) { return whole(asks) }
