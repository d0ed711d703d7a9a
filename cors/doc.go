// Package cors decides which pages of other origins may call this server and read its answers, as the Fetch standard
// defines it (https://fetch.spec.whatwg.org/#http-cors-protocol).
//
//	c, err := cors.New(cors.Config{
//		AllowedOrigins: []string{"https://app.example.com"},
//		AllowedMethods: []string{"PUT", "DELETE"},
//		AllowedHeaders: []string{"Content-Type", "Authorization"},
//	})
//	if err != nil {
//		log.Fatal(err) // every problem at once, each with its fix
//	}
//	http.ListenAndServe(":8080", c.Wrap(mux))
//
// It is built on github.com/rs/cors: New asks rs/cors for its answer to each kind of request, and each request is then
// given a private copy of that answer. [FromRS] takes an existing configuration over.
//
// # Rules
//
//   - An origin is what the browser sends: scheme, host, port, in lower case, without a default port or a slash.
//     It is compared byte for byte. What could never match does not pass New.
//   - "https://*.example.com" means every subdomain. It does not mean example.com, and no name that
//     https://publicsuffix.org knows strangers to register below it. That list is compiled in, and not everybody who
//     rents out names is on it: do not write a pattern for a domain below which others than you get names.
//   - "*" and credentials exclude each other; browsers see to it.
//   - GET, HEAD and POST need no permission and cannot be refused. Whoever must refuse them needs authentication.
//   - "*" in AllowedHeaders does not cover Authorization. Name it.
//   - A handler that sets Vary with Set wipes out "Vary: Origin", and a cache then serves one origin's answer to
//     another. Use Add. With "*" there is no Vary, and the header is on every response.
//   - A handler must not set Access-Control headers itself: a second origin in the answer makes it void.
//   - [net/http/httputil.ReverseProxy] empties the header after a 1xx of its backend (103 Early Hints, or 100 to a request
//     with Expect), and what this package had set with it. Any layer of this library that wraps the ResponseWriter puts
//     it back: logging, metrics or headers around this one. This one does not wrap: alone around a proxy, it needs one of
//     them.
//
// # CORS is no protection
//
// CORS loosens the same-origin policy of browsers, and protects nothing: a refused POST still runs, only its answer is
// withheld from the page. Programs that are no browsers do not ask at all. Against forged requests use
// [http.CrossOriginProtection] and let it trust [Middleware.Origins].
//
// # Place
//
// Inside the layer that sets security headers, outside everything that can refuse a request: rate limits, CSRF
// protection, authentication, a mux with method patterns. A 401 or 429 without CORS headers reaches the developer as
// "CORS error", and a preflight carries no credentials that could pass authentication.
//
// # What is a preflight
//
// OPTIONS with Origin and Access-Control-Request-Method, all three (Fetch section 3.3.2). It is answered here: 204 with
// the grant, or 403 without any CORS header. Every other OPTIONS request is the handler's.
//
// A preflight is asked for by everything that an HTML form cannot send: other methods, JSON, headers of one's own. Each
// costs the visitor a round trip; MaxAge spares the repetitions. Firefox keeps an answer for up to 24 hours, Chromium
// for 2, Safari for 10 minutes, and without MaxAge all of them for 5 seconds.
//
// # Caches
//
// A shared cache that holds the answer for one origin must not give it to another (Fetch, "CORS protocol and HTTP
// caches"). So every answer that depends on the origin says "Vary: Origin", also those without CORS headers, which would
// be as wrong for an allowed origin. Answers to preflights are not cacheable (RFC 9110 section 9.3.7), but some caches can be told to
// keep them, so they name in Vary all that they depend on.
//
// # Origins from a database
//
// Call [Middleware.Reconfigure] when they change. It compiles the configuration anew and swaps it in one step. A
// function that decides for each request is not offered: nobody could check it, and its slips are silent.
//
// # When the browser says "CORS error"
//
// [Config.OnDecision] and [Middleware.Check] say why in words: the origin that differs by its port, the method or the
// header that is not listed.
package cors
