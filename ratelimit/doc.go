// Package ratelimit limits how many requests a client may send, and says so in the way that
// clients understand.
//
//	limiter, err := ratelimit.New(ratelimit.Config{
//		Policies: []ratelimit.Policy{
//			{Name: "burst", Limit: ratelimit.Per(10, time.Second), Burst: 20},
//			{Name: "hourly", Limit: ratelimit.Per(5000, time.Hour), Burst: 5000},
//		},
//		ClientIP: resolver, // behind a proxy; nil believes the connection
//	})
//	…
//	http.ListenAndServe(addr, limiter.Wrap(mux))
//
// Each policy is a token bucket for each key, and the key is the client's address unless
// the policy has another. All policies must admit a request, or it is denied and no bucket
// is charged. Denied is 429 with Retry-After and a problem document (RFC 9457) that names
// the violated policies; every response has RateLimit and RateLimit-Policy.
//
// # Rules
//
//   - Behind a proxy, set ClientIP. Without it all clients are the proxy, and one can lock out all others.
//   - Put CORS outside of this layer and authentication inside: a 429 without CORS headers is a network error to a
//     browser, a preflight is not worth a token, and guesses must be counted before the password is looked up.
//   - A limit for each user goes inside authentication, as a second middleware with a Key of its own. Responses list the
//     policies of both, a 429 those that denied; the older header styles have room for one, that with the fewest tokens.
//   - A Key that gives "" exempts. Give clients that you cannot tell apart a key in common instead.
//   - Never make a key of what a client can make up, such as a path or an unchecked token: each is a fresh bucket.
//   - Charge logins before the password is checked and [Refund] after success. Charging failures afterwards lets guesses
//     that are sent at once slip through.
//   - A Cost beyond Burst can never pass. OnDecision is given a *[ConfigError] for it; look there.
//   - Try new limits as Shadow policies first and watch Decision.Shadowed.
//
// # Exactness and memory
//
// Buckets run on GCRA: one 64-bit instant for each key, in a table of fixed size, 16 bytes
// a slot. There is no window whose edge admits twice, nothing to clean up, and nothing that
// grows: see [Memory] for what happens when it is full. Keys are hashed with a random seed
// and not kept.
//
// Package golang.org/x/time/rate gives the unit of a limit and is the engine of [Global];
// for buckets by the million it would need ten times the memory and a sweeper.
//
// Several processes limit together through a [Store] such as package redisstore. Each of
// them would otherwise admit the full limit.
//
// # Beside it
//
// [NewGlobal] is one bucket for the whole server, [NewConcurrency] bounds how many requests
// are served at once. Both protect the server, not one client from another.
//
// Fields: draft-ietf-httpapi-ratelimit-headers-11. 429: RFC 6585 section 4. Retry-After:
// RFC 9110 section 10.2.3.
package ratelimit
