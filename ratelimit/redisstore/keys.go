package redisstore

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// hashBytes of SHA-256 are kept of a client's key. To find two keys with the same 128 bits
// takes 2^64 attempts, and gains a bucket that one shares with oneself.
const hashBytes = 16

// tag is what stands for a client's key: all processes must agree on it, so it has no seed,
// and it is of fixed length, whatever the client sent.
func tag(key string) string {
	sum := sha256.Sum256([]byte(key))
	return base64.RawURLEncoding.EncodeToString(sum[:hashBytes])
}

// key is where the bucket of a policy lies. In a Cluster, the part within braces decides
// about the slot: all buckets of a client are on one node. The policy comes last, so that no
// two names can be mistaken for each other.
func (s *Store) key(tag, policy string) string {
	return s.cfg.Prefix + "{" + tag + "}" + policy
}

// slotOf is where a Cluster keeps what a tag stands for. The prefix may have a say in it.
func (s *Store) slotOf(tag string) int {
	t, _ := tagOf(s.key(tag, ""))
	return slot(t)
}

// tagOf finds the hash tag of a key, by the rule of Redis Cluster: what stands between the
// first { and the first } after it, if that is anything.
func tagOf(key string) (string, bool) {
	_, rest, found := strings.Cut(key, "{")
	t, _, closed := strings.Cut(rest, "}")
	return t, found && closed && t != ""
}

// slot of a hash tag: CRC16/XMODEM modulo 16,384, as the Cluster specification has it.
func slot(tag string) int {
	var crc uint16
	for i := range len(tag) {
		crc ^= uint16(tag[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc & 0x3fff)
}
