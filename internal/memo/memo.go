// Package memo remembers texts that were found to be without secrets: messages, hosts, routes and User-Agents come again
// and again.
package memo

import (
	"hash/maphash"
	"sync/atomic"
)

// A Memo keeps 64-bit hashes under a random seed, in a table of fixed size: nothing is allocated, nothing grows, and that
// a text with a secret in it has the hash of a clean one is as likely as to guess the seed. It is safe for concurrent use.
type Memo struct {
	seed  maphash.Seed
	clean [slots]atomic.Uint64
}

const (
	slots   = 1024
	longest = 128 // longer texts seldom come twice
)

// New makes an empty Memo of 8 KiB.
func New() *Memo { return &Memo{seed: maphash.MakeSeed()} }

// Knows says whether s was found clean before, and gives what to note where it is found so now; 0 is never noted.
func (m *Memo) Knows(s string) (clean bool, hash uint64) {
	if len(s) > longest {
		return false, 0
	}
	hash = maphash.String(m.seed, s)
	return hash != 0 && m.clean[hash%slots].Load() == hash, hash
}

// Note takes down the hash of a text that is clean.
func (m *Memo) Note(hash uint64) {
	if hash != 0 {
		m.clean[hash%slots].Store(hash)
	}
}
