package health

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// Bearer is for [Config].Authorize: it lets in whoever sends "Authorization: Bearer <token>" (RFC 6750 section 2.1). It
// compares in constant time. An empty token lets nobody in.
func Bearer(token string) func(*http.Request) bool {
	want := sha256.Sum256([]byte(token)) // of the same length whatever the client sends
	return func(r *http.Request) bool {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(given))
		return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && token != "" && strings.EqualFold(scheme, "Bearer")
	}
}
