package logging

import (
	"hash/maphash"
	"sync/atomic"
)

// memo remembers texts that the redactor found clean: messages, hosts, routes and User-Agents come again and again. It
// keeps 64-bit hashes under a random seed, in a table of fixed size: nothing is allocated, nothing grows, and that a
// text with a secret in it has the hash of a clean one is as likely as to guess the seed.
type memo struct {
	seed  maphash.Seed
	clean [memoSlots]atomic.Uint64
}

const (
	memoSlots   = 1024
	maxMemoized = 128 // longer texts seldom come twice
)

func newMemo() *memo { return &memo{seed: maphash.MakeSeed()} }

// knows says whether s was found clean before, and gives what to note where it is found so now; 0 is never noted.
func (m *memo) knows(s string) (clean bool, hash uint64) {
	if len(s) > maxMemoized {
		return false, 0
	}
	hash = maphash.String(m.seed, s)
	return hash != 0 && m.clean[hash%memoSlots].Load() == hash, hash
}

func (m *memo) note(hash uint64) {
	if hash != 0 {
		m.clean[hash%memoSlots].Store(hash)
	}
}
