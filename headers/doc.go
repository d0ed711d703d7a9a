// Package headers gives every response the security headers that browsers obey, decides which hosts a server answers
// for, and sends plain http to https.
//
//	h, err := headers.New(headers.API()) // for pages: headers.Web()
//	if err != nil {
//		log.Fatal(err) // every problem at once, each with its fix
//	}
//	http.ListenAndServe(addr, h.Wrap(mux))
//
// # Rules
//
//   - Values are checked by [New], not by the browser: a policy with an unquoted self, a Permissions-Policy with one
//     parse error or a COOP in the wrong letter case protects nothing, and nobody is told. Here the server does not start.
//   - Whether a request came over https is what the connection says, or a proxy that [Config.ClientIP] trusts; never
//     what r.URL.Scheme or an unknown peer claims. Behind a proxy that ends TLS, set ClientIP: without it every request
//     looks like http, and RedirectHTTPS redirects for ever.
//   - Strict-Transport-Security goes out over https only (RFC 6797 section 7.2), and never for a host that is an IP
//     address: browsers ignore it there (section 8.1.1). One that a handler sets is the handler's business. So does upgrade-insecure-requests: over http it breaks
//     pages on localhost.
//   - A redirect goes to a host that you named, without port and userinfo, or it does not happen.
//   - What a handler sets wins over what this package set, and one line of each header goes out: behind
//     [net/http/httputil.ReverseProxy], which adds the headers of its backend to those that are there, the backend's stand.
//     So Add replaces: a handler that wants a tighter Content-Security-Policy sets the whole of it. A 101 that
//     ReverseProxy writes to a connection it took over is not seen here; browsers obey no policy on it.
//   - A handler that deletes a header has deleted it, but for Cache-Control on 4xx and 5xx: [net/http.FileServer] and its
//     like delete what was meant for the file, and an error is not to be stored either.
//   - What ReverseProxy clears after a 1xx of its backend is put back, for this layer and those inside it.
//   - Put this layer outside of everything that can refuse a request, or a 429 has no headers.
//
// # Which headers
//
// Both profiles send seven headers, because a Go map grows at the ninth entry, and a response has a Content-Type too.
// X-Frame-Options is left out where the policy has frame-ancestors, which every browser of today obeys instead; a policy
// without it brings X-Frame-Options: DENY back. X-XSS-Protection, Expect-CT, Feature-Policy and Public-Key-Pins
// are dead or harmful and cannot be sent.
//
// # Content-Security-Policy
//
// The policy must be one line; [Web] is a start. 'unsafe-eval', and 'unsafe-inline' in style-src, weaken a policy and
// are taken. 'unsafe-inline', *, http:, https: or data: for scripts make it worthless: that needs
// [Config.DangerouslyAllowUnsafeScripts], unless a nonce, a hash or 'strict-dynamic' makes browsers ignore it. Inline
// scripts get a nonce: write $NONCE in the policy and [Nonce] in the template.
//
// A page with a nonce in it is for one answer: send it with Cache-Control: no-store, or private at most. From a shared
// cache all visitors get the same nonce. A 304 goes out without a policy that has one, since a cache would put it beside
// the page that it holds, whose scripts have the old nonce (RFC 9111 section 4.3.4).
//
// The header set is compiled by [github.com/unrolled/secure] in New; requests only copy it.
package headers
