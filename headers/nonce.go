package headers

import (
	"context"
	"crypto/rand"
	"encoding/base64"

	"github.com/unrolled/secure"
)

// placeholder stands for the nonce in a policy of the Config, quotes and all. It is that of
// secure.
const placeholder = "$NONCE"

// nonceBytes is 128 bits, which CSP level 3 section 7.1 asks for at least.
const nonceBytes = 16

// nonceLen is their length in base64url without padding. html/template leaves its letters as
// they are; the plus and equals sign of plain base64 it would escape.
const nonceLen = (nonceBytes*8 + 5) / 6

// Nonce is the nonce of the request whose context this is, for <script nonce="{{.Nonce}}">. It
// is the same however often it is asked for, and "" where no policy has $NONCE.
// [secure.CSPNonce] gives the same.
func Nonce(ctx context.Context) string { return secure.CSPNonce(ctx) }

// appendNonce makes a nonce. It must not be guessable: whoever knows it before the page is
// made can run scripts in it.
func appendNonce(b []byte) []byte {
	var raw [nonceBytes]byte
	rand.Read(raw[:]) //nolint:errcheck // it never fails: it would end the program
	return base64.RawURLEncoding.AppendEncode(b, raw[:])
}
