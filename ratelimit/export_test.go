package ratelimit

import "time"

// Buckets is one table at instants of the test's choosing, for floods that would take too long through requests.
type Buckets struct {
	m *Memory
	c [1]charge
}

// NewBuckets is the table of a policy of a Memory of its own.
func NewBuckets(slots int, emission time.Duration, burst int64) *Buckets {
	b := &Buckets{m: NewMemory(slots)}
	b.c[0] = charge{table: b.m.table("p"), emission: int64(emission), capacity: burst * int64(emission)}
	return b
}

// Take is one request of the client key at an instant since the start.
func (b *Buckets) Take(at time.Duration, key uint64, cost int64) bool {
	var raw [8]byte
	for i := range raw {
		raw[i] = byte(key >> (8 * i))
	}
	b.c[0].hash, b.c[0].cost, b.c[0].denied = b.m.hash(string(raw[:])), cost, false
	return b.m.take(int64(at), b.c[:])
}

// Evicted is how many buckets were given up before they were full.
func (b *Buckets) Evicted() uint64 { return b.m.Stats().Evicted }
