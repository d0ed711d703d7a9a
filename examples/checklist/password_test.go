package main

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestPasswordHashAndCheck(t *testing.T) {
	p, err := newPasswords(owasp)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := p.Hash(t.Context(), testPassword)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %q", hash)
	}
	if again, _ := p.Hash(t.Context(), testPassword); again == hash {
		t.Error("two hashes are equal: the salt is missing")
	}
	for _, c := range []struct {
		desc, password, hash string
		ok                   bool
	}{
		{"right", testPassword, hash, true},
		{"wrong", testPassword + "r", hash, false},
		{"empty", "", hash, false},
		{"no account", testPassword, "", false},
		{"long", strings.Repeat("x", 1024), hash, false},
	} {
		ok, stale, err := p.Check(t.Context(), c.password, c.hash)
		if ok != c.ok || stale || err != nil {
			t.Errorf("%s: %v, stale %v, %v", c.desc, ok, stale, err)
		}
	}
}

// The parameters come from the stored hash, so old accounts go on after a change; stale says that it is time for a new one.
func TestPasswordOtherParameters(t *testing.T) {
	p, err := newPasswords(cheap)
	if err != nil {
		t.Fatal(err)
	}
	strong, err := newPasswords(argonParams{memory: 128, time: 2, threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := strong.Hash(t.Context(), testPassword)
	if err != nil {
		t.Fatal(err)
	}
	ok, stale, err := p.Check(t.Context(), testPassword, hash)
	if !ok || !stale || err != nil {
		t.Errorf("a hash with other parameters: %v, stale %v, %v", ok, stale, err)
	}
}

// Whether there is an account must not show in the time. Time itself is no measure in a test; the work is: the decoy
// costs what a real hash costs.
func TestPasswordDecoyCostsTheSame(t *testing.T) {
	p, err := newPasswords(owasp)
	if err != nil {
		t.Fatal(err)
	}
	params, salt, key, err := parsePHC(p.decoy)
	if err != nil || params != owasp || len(salt) != saltBytes || len(key) != keyBytes {
		t.Errorf("decoy %q: %+v, %d, %d, %v", p.decoy, params, len(salt), len(key), err)
	}
	if p.decoy, err = p.Hash(t.Context(), testPassword); err != nil {
		t.Fatal(err)
	}
	if ok, _, err := p.Check(t.Context(), testPassword, ""); ok || err != nil {
		t.Errorf("who knows the decoy's password logs in as nobody: %v", err)
	}
}

func TestPasswordSlotsAreBounded(t *testing.T) {
	p, err := newPasswords(cheap)
	if err != nil {
		t.Fatal(err)
	}
	if n := cap(p.slots); n < 1 || n > 4 {
		t.Errorf("%d at once", n)
	}
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Hash(ctx, testPassword); !errors.Is(err, errHashing) {
		t.Errorf("with no slot free: %v", err)
	}
	if _, _, err := p.Check(ctx, testPassword, ""); !errors.Is(err, errHashing) {
		t.Errorf("with no slot free: %v", err)
	}
}

func TestPasswordBadHashes(t *testing.T) {
	p, err := newPasswords(cheap)
	if err != nil {
		t.Fatal(err)
	}
	const salt, key = "c2FsdHNhbHRzYWx0c2FsdA", "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5"
	for _, hash := range []string{
		"plain", "$2a$10$x", "$argon2id$v=19$m=64,t=1,p=1$" + salt, "$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + key,
		"$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + key, "$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + key, "$argon2id$v=19$m=0,t=1,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=4294967295,t=1,p=1$" + salt + "$" + key, "$argon2id$v=19$m=64,t=1,p=1x$" + salt + "$" + key,
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "$", "$argon2id$v=19$m=64,t=1,p=1$!$" + key,
		"$argon2id$v=19$m=64,t=4294967295,p=1$" + salt + "$" + key,
	} {
		if ok, _, err := p.Check(t.Context(), testPassword, hash); ok || !errors.Is(err, errBadHash) {
			t.Errorf("%q: %v, %v", hash, ok, err)
		}
	}
}
