package ratelimit

import (
	"math/bits"
	"sync"
)

// stripe is a lock for a part of each table. The same key has the same stripe everywhere,
// so that several policies on one key take one lock. It fills a cache line: neighbours do
// not slow each other down.
type stripe struct {
	sync.Mutex
	evicted uint64
	_       [48]byte
}

// table has the buckets of one policy. Policies do not share a table: in a common one,
// clients who have barely touched a daily quota would look busier than those who have used
// up their second, and push them out.
type table struct{ sets []set }

// set is where a key may be. Eight slots are two cache lines; with fewer, chance fills a
// set long before the table.
type set [8]slot

// slot is one bucket: 64 bits of its key's hash, and the instant when it is full again. The
// zero slot is an empty one, and so is any whose instant has passed, since a full bucket is
// what a key without a slot has. At a million keys, the chance that any two of them have
// the same 64 bits is 1 in 37 million; which two it would be depends on the seed.
type slot struct {
	hash uint64
	tat  int64
}

// take decides all charges together: first look, then charge all or none. Their tables are
// different ones, so that no two of them can choose the same slot.
func (m *Memory) take(now int64, cs []charge) bool {
	admitted := true
	m.lock(cs) // no defer: nothing in here can panic
	for i := range cs {
		c := &cs[i]
		c.slot, c.debt = c.table.find(c.hash, now)
		if c.denied = c.exceeds(); c.denied && !c.shadow {
			admitted = false
		}
	}
	if admitted {
		for i := range cs {
			if c := &cs[i]; !c.denied && c.cost != 0 {
				c.debt = max(0, c.debt+c.cost*c.emission) // a refund never overfills
				// What has no slot and owes nothing needs none: a refund that came too
				// late.
				if c.debt > 0 || c.slot.hash == c.hash {
					m.put(c.slot, c.hash, now+c.debt, now)
				}
			}
		}
	}
	m.unlock(cs)
	return admitted
}

// find is the slot of a key, and how long its bucket takes to be full. For a key without a
// slot it is the one to use: that with the earliest instant, which is a free one if any is.
func (t *table) find(hash uint64, now int64) (*slot, int64) {
	// The high half of the product spreads the hash over any number of sets, without a
	// division. It keeps the order, so that each stripe, which is the first bits of the
	// hash, owns whole sets.
	hi, _ := bits.Mul64(hash, uint64(len(t.sets)))
	set := &t.sets[hi]
	least := &set[0]
	for i := range set {
		s := &set[i]
		if s.hash == hash {
			return s, max(0, s.tat-now)
		}
		if s.tat < least.tat {
			least = s
		}
	}
	return least, 0
}

// put writes a slot whose stripe is locked, and counts when that pushes out a bucket which
// was not full.
func (m *Memory) put(s *slot, hash uint64, tat, now int64) {
	if s.hash != hash && s.tat > now {
		m.stripes[hash>>m.shift].evicted++
	}
	s.hash, s.tat = hash, tat
}

// lock takes the stripes of all charges, each once and in one order, so that two requests
// never wait for each other.
func (m *Memory) lock(cs []charge) {
	for at := m.next(cs, -1); at >= 0; at = m.next(cs, at) {
		m.stripes[at].Lock()
	}
}

func (m *Memory) unlock(cs []charge) {
	for at := m.next(cs, -1); at >= 0; at = m.next(cs, at) {
		m.stripes[at].Unlock()
	}
}

// next is the lowest stripe of the charges after one; -1 when there is none. To search
// again for each is slower than to sort, but needs no memory, and there are one or two
// nearly always.
func (m *Memory) next(cs []charge, after int) int {
	lowest := -1
	for i := range cs {
		at := int(cs[i].hash >> m.shift)
		if at > after && (lowest < 0 || at < lowest) {
			lowest = at
		}
	}
	return lowest
}
