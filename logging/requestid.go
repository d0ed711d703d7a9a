package logging

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"sync"
)

const (
	headerRequestID = "X-Request-Id"
	maxRequestID    = 128

	idBytes = 16 // 128 random bits
	idChars = 2 * idBytes
	idBatch = 64
)

// ids makes request ids. It draws the randomness of 64 at once and cuts the ids from one string, which makes an id
// cost a few nanoseconds instead of a system call and an allocation.
type ids struct{ pool sync.Pool }

type batch struct{ left string }

func (g *ids) next() string {
	b, _ := g.pool.Get().(*batch)
	if b == nil {
		b = new(batch)
	}
	if b.left == "" {
		var random [idBytes * idBatch]byte
		rand.Read(random[:]) //nolint:errcheck // crypto/rand.Read never fails: it ends the program instead
		b.left = hex.EncodeToString(random[:])
	}
	id := b.left[:idChars]
	b.left = b.left[idChars:]
	g.pool.Put(b)
	return id
}

// clientID is the id that the client sent, or "" where it sent none, several, or one that is none.
func clientID(h http.Header) string {
	if v := h[headerRequestID]; len(v) == 1 && wellFormedID(v[0]) {
		return v[0]
	}
	return ""
}

// wellFormedID says whether an id may go into logs and headers as it is.
func wellFormedID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		c := id[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.' || c == '_' || c == ':' || c == '@' || c == '+' || c == '/' || c == '=' || c == '-':
		default:
			return false
		}
	}
	return true
}
