package verify

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// window is how many characters of a secret in a row are a leak: what was cut off is still worth guessing the rest of.
const window = 12

// sweep looks for a secret in a text, in the forms in which secrets leave: as it is, with letters folded, cut, in hex, and
// in base64 at every alignment. It returns the form that was found.
func sweep(text []byte, secret string) (form string, found bool) {
	lower := bytes.ToLower(text)
	folded := strings.ToLower(secret)
	if bytes.Contains(text, []byte(secret)) {
		return "as it is", true
	}
	if bytes.Contains(lower, []byte(folded)) {
		return "with letters folded", true
	}
	for i := 0; i+window <= len(folded); i++ {
		if bytes.Contains(lower, []byte(folded[i:i+window])) {
			return "in part", true
		}
	}
	if bytes.Contains(lower, []byte(hex.EncodeToString([]byte(secret)))) {
		return "in hex", true
	}
	for shift := range 3 {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			// The first and last characters depend on what stands beside the secret.
			s := enc.EncodeToString(append(make([]byte, shift), secret...))
			first := (shift*8 + 5) / 6
			if core := s[first : len(s)-2]; bytes.Contains(text, []byte(core)) {
				return "in base64", true
			}
		}
	}
	return "", false
}
