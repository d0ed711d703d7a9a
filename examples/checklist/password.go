package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
)

// argonParams are the cost of one hash. What is stored carries its own, so they can be raised at any time.
type argonParams struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
}

// owasp is what the OWASP Password Storage Cheat Sheet recommends for argon2id: 19 MiB, two passes, one lane.
var owasp = argonParams{memory: 19 * 1024, time: 2, threads: 1}

const (
	saltBytes = 16
	keyBytes  = 32
)

var (
	errHashing      = errors.New("password: no time left to hash")
	errBadHash      = errors.New("password: the stored hash is not an argon2id PHC string")
	phcEncoding     = base64.RawStdEncoding.Strict()
	phcFormat       = fmt.Sprintf("$argon2id$v=%d$m=%%d,t=%%d,p=%%d", argon2.Version)
	maxStoredMemory = uint32(1 << 20) // 1 GiB: a damaged row must not eat the machine
)

// Passwords hashes and checks passwords, a few at a time. Each hash takes 19 MiB, so a thousand log-ins at once would
// take 19 GiB: the rest waits for a slot as long as its request lives.
type Passwords struct {
	params argonParams
	slots  chan struct{}
	decoy  string // what is checked where there is no account, so that it takes the same time
}

func newPasswords(params argonParams) (*Passwords, error) {
	p := &Passwords{params: params, slots: make(chan struct{}, min(4, runtime.GOMAXPROCS(0)))}
	var err error
	p.decoy, err = p.Hash(context.Background(), rand.Text())
	return p, err
}

// Hash returns a PHC string: $argon2id$v=19$m=19456,t=2,p=1$salt$key.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails
	key, err := p.key(ctx, password, salt, p.params, keyBytes)
	if err != nil {
		return "", err
	}
	head := fmt.Sprintf(phcFormat, p.params.memory, p.params.time, p.params.threads)
	return strings.Join([]string{head, phcEncoding.EncodeToString(salt), phcEncoding.EncodeToString(key)}, "$"), nil
}

// Check tells whether the password is right. stale means that the hash was made with other parameters than today's and
// should be made again. An empty hash stands for "no such account": it costs the same and is never right.
func (p *Passwords) Check(ctx context.Context, password, hash string) (ok, stale bool, err error) {
	known := hash != ""
	if !known {
		hash = p.decoy
	}
	params, salt, want, err := parsePHC(hash)
	if err != nil {
		return false, false, err
	}
	got, err := p.key(ctx, password, salt, params, uint32(len(want)))
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(got, want) == 1 && known
	return ok, params != p.params, nil
}

func (p *Passwords) key(ctx context.Context, password string, salt []byte, a argonParams, n uint32) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", errHashing, context.Cause(ctx))
	}
	return argon2.IDKey([]byte(password), salt, a.time, a.memory, a.threads, n), nil
}

// parsePHC reads a stored hash. Parameters out of bounds are an error: argon2 would panic or take all memory.
func parsePHC(s string) (a argonParams, salt, key []byte, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 {
		return a, nil, nil, errBadHash
	}
	head := strings.Join(parts[:4], "$")
	if _, err := fmt.Sscanf(head, phcFormat, &a.memory, &a.time, &a.threads); err != nil ||
		head != fmt.Sprintf(phcFormat, a.memory, a.time, a.threads) {
		return a, nil, nil, errBadHash
	}
	salt, saltErr := phcEncoding.DecodeString(parts[4])
	key, keyErr := phcEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(salt) < 8 || len(key) < 16 || len(key) > 64 ||
		a.memory == 0 || a.memory > maxStoredMemory || a.time == 0 || a.time > 100 || a.threads == 0 {
		return a, nil, nil, errBadHash
	}
	return a, salt, key, nil
}
