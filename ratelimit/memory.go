package ratelimit

import (
	"context"
	"hash/maphash"
	"math"
	"math/bits"
	"runtime/debug"
	"sync"
	"time"
)

const (
	defaultSlots = 1 << 16
	minSlots     = 64
	maxSlots     = 1 << 28 // 4 GiB a policy
	maxStripes   = 1 << 10
	slotBytes    = 16
)

// Memory is a Store in this process: exact, of fixed size, without pointers for the garbage
// collector to follow and without anything to clean up. Each policy has a table of its own,
// made when the policy is first known.
//
// A table never refuses a key and never forgets the wrong one. Whose bucket is full again
// needs no entry, so its slot is free. Where all eight slots that a key may use are taken,
// the entry closest to a full bucket gives way: a flood of fresh keys pushes out other
// fresh keys, and those who are exhausted stay so. Which keys share slots depends on a
// random seed; nobody can aim.
//
// Several middlewares may share one Memory. Policies of the same name then share their
// buckets.
type Memory struct {
	slots   int
	epoch   time.Time // all times are counted from here, so that virtual time works in tests
	seed    maphash.Seed
	shift   uint // of a hash, to its stripe
	stripes []stripe
	tables  sync.Map // policy name → *table
	bad     string   // why it cannot be used; New reports it
}

// NewMemory makes a Memory of so many slots for each policy, 16 bytes each; 0 is 65,536,
// which is 1 MiB. A slot is in use while a bucket is not full, so plan for the clients that
// are active within one window (Burst divided by Limit). With two slots for each of them, 1
// in 100 gives way to another; with one and a half, 3 in 100: those who used least. [Stats]
// counts them. A number below 0, and tables that cannot fit the memory, are reported by
// [New].
func NewMemory(slots int) *Memory {
	m := &Memory{slots: slots, epoch: time.Now(), seed: maphash.MakeSeed()}
	if slots == 0 {
		slots = defaultSlots
	}
	switch {
	case slots < 0:
		m.bad = "a table has no negative number of slots"
		return m
	case slots > maxSlots:
		m.bad = "a table of more than 268,435,456 slots (4 GiB) does not fit"
		return m
	}
	sets := (max(slots, minSlots) + 7) / 8
	stripes := min(maxStripes, 1<<(bits.Len(uint(sets))-1))
	// A stripe must own whole sets: as many of them each.
	m.slots = (sets + stripes - 1) / stripes * stripes * 8
	m.shift = uint(64 - bits.TrailingZeros(uint(stripes)))
	m.stripes = make([]stripe, stripes)
	return m
}

// fits says whether so many tables lie within GOMEMLIMIT, where there is one. They are all
// the memory that this package takes, but the program wants some too.
func (m *Memory) fits(tables int) bool {
	limit := debug.SetMemoryLimit(-1) // a negative one only reads
	return limit == math.MaxInt64 || int64(m.slots)*slotBytes < limit/int64(max(tables, 1))
}

// ready says whether NewMemory made it and found nothing wrong.
func (m *Memory) ready() bool { return m != nil && m.stripes != nil }

// table is that of a policy. It is made once and stays.
func (m *Memory) table(policy string) *table {
	if t, ok := m.tables.Load(policy); ok {
		return t.(*table)
	}
	t, _ := m.tables.LoadOrStore(policy, &table{sets: make([]set, m.slots/8)})
	return t.(*table)
}

// now is the time on the clock of this Memory. It is monotonic: setting the computer's
// clock changes no limit.
func (m *Memory) now() int64 { return max(0, int64(time.Since(m.epoch))) }

// hash of a key; what is stored of it. Bytes and String of the same bytes are the same.
func (m *Memory) hash(key string) uint64 { return maphash.String(m.seed, key) }

// Take implements [Store]. Its only errors are those of a Memory or of asks that are not
// valid.
func (m *Memory) Take(_ context.Context, asks []Ask) ([]State, error) {
	cs, err := m.charges(asks)
	if err != nil {
		return nil, err
	}
	m.take(m.now(), cs)
	return states(cs), nil
}

// Peek decides like Take and charges nothing. With [Memory.Learn] it makes a Memory the
// front of a slower Store: what the front denies, the Store behind it would deny too.
func (m *Memory) Peek(asks []Ask) ([]State, error) {
	cs, err := m.charges(asks)
	if err != nil {
		return nil, err
	}
	now := m.now()
	m.lock(cs)
	for i := range cs {
		c := &cs[i]
		c.slot, c.debt = c.table.find(c.hash, now)
		c.denied = c.exceeds()
	}
	m.unlock(cs)
	return states(cs), nil
}

// Learn notes what another Store answered: no bucket is then fuller here than it is there.
// sent is when the call was sent, not when the answer came: the Store decided in between,
// so that no client is denied too long. Learn never makes a bucket fuller; what was given
// back there is given back here with Take.
func (m *Memory) Learn(sent time.Time, asks []Ask, answers []State) error {
	cs, err := m.charges(asks)
	if err != nil {
		return err
	}
	if len(answers) != len(asks) {
		return errBadStore
	}
	now, then := m.now(), int64(sent.Sub(m.epoch))
	m.lock(cs)
	for i := range cs {
		c := &cs[i]
		tat := then + min(int64(answers[i].Debt), c.capacity) // a bucket cannot owe more than itself
		slot, debt := c.table.find(c.hash, now)
		if tat > now+debt {
			m.put(slot, c.hash, tat, now)
		}
	}
	m.unlock(cs)
	return nil
}

// charges checks the asks of somebody else: New has done that for the middleware's own.
func (m *Memory) charges(asks []Ask) ([]charge, error) {
	if !m.ready() {
		return nil, errNotMade
	}
	cs := make([]charge, len(asks))
	for i, a := range asks {
		for _, b := range asks[:i] {
			if a.Policy == b.Policy {
				return nil, errTwice
			}
		}
		c, err := a.charge()
		if err != nil {
			return nil, err
		}
		c.hash = m.hash(a.Key)
		c.table = m.table(a.Policy)
		cs[i] = c
	}
	return cs, nil
}

// states are the public form of what came of charges.
func states(cs []charge) []State {
	out := make([]State, len(cs))
	for i := range cs {
		out[i] = State{Debt: time.Duration(cs[i].debt), Denied: cs[i].denied}
	}
	return out
}

// Stats are counted since the start.
type Stats struct {
	Slots       int    // of each policy's table
	Evicted     uint64 // buckets that were given up before they were full: when it grows, give NewMemory more slots
	StoreErrors uint64 // calls of another Store that failed; always 0 for a Memory
}

// Stats of this Memory.
func (m *Memory) Stats() Stats {
	if !m.ready() {
		return Stats{}
	}
	s := Stats{Slots: m.slots}
	for i := range m.stripes {
		m.stripes[i].Lock()
		s.Evicted += m.stripes[i].evicted
		m.stripes[i].Unlock()
	}
	return s
}
