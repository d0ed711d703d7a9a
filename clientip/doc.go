// Package clientip answers two questions about a request: who is the client, and did it come over https.
//
// Every forwarding header can be sent by anybody. It says something only where it was written by a proxy of yours, so
// a [Resolver] has to be told which peers those are and which one header they write:
//
//	proxies, err := clientip.ParsePrefixes(os.Getenv("TRUSTED_PROXIES")) // "10.0.0.0/8, 192.168.1.7"
//	client, err := clientip.New(clientip.Config{TrustedProxies: proxies, Header: "X-Forwarded-For"})
//
// Give the same Resolver to the log, the limiter and the redirect, and they agree. A nil *Resolver is valid and
// believes the connection alone, which is right for a server that faces the network itself.
//
// # Rules
//
//   - The peer comes first: a request from a peer that is not listed is its own, whatever its headers say. Loopback
//     and private addresses are not listed by themselves.
//   - One header, no fall-back to others. The walk goes from the right, where the nearest proxy wrote, and ends at the
//     first address that is not a trusted proxy: that is the client. What stands further left is the client's
//     own invention and is not even read.
//   - An entry that is no address (garbage, "unknown", an obfuscated identifier of RFC 7239 section 6.3) ends the walk
//     at the last address that a trusted proxy vouched for.
//   - Addresses are unmapped (::ffff:192.0.2.1 is 192.0.2.1) and have no zone. The unspecified address is nobody.
//   - http.Request.RemoteAddr is never rewritten.
//
// # Where the proxies' addresses are unknown
//
// On platforms such as Railway, Render or Fly the balancer comes from addresses that nobody lists. Set Hops to
// the number of proxies that append to the header: the n-th entry from the right is then the client. This is
// safe only where nobody can reach the server past those proxies.
//
// # https
//
// [Resolver.HTTPS] is true over TLS, or when a trusted proxy says so: by the proto of the client's element in
// Forwarded, else by the last value of X-Forwarded-Proto. URL.Scheme is never asked: a client may send an absolute
// URL. The proxy must set that header itself on every request, as it does the address: one that passes X-Forwarded-Proto
// through lets clients choose. A proxy that speaks TLS to this server for a client that came over http counts as https; let such a proxy redirect itself.
package clientip
