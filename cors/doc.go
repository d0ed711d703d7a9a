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
// given a private copy of that answer.
//
// # Rules
//
//   - An origin is what the browser sends: scheme, host, port, in lower case, without a default port or a slash.
//     It is compared byte for byte. What could never match does not pass New.
//   - "https://*.example.com" means every subdomain. It does not mean example.com, and no name that a stranger can
//     register below it, such as one on https://publicsuffix.org.
//   - "*" and credentials exclude each other; browsers see to it.
//   - GET, HEAD and POST need no permission and cannot be refused. Whoever must refuse them needs authentication.
//   - "*" in AllowedHeaders does not cover Authorization. Name it.
//   - A handler that sets Vary with Set wipes out "Vary: Origin", and a cache then serves one origin's answer to
//     another. Use Add. With "*" there is no Vary, and the header is on every response.
//   - A handler must not set Access-Control headers itself.
//
// # CORS is no protection
//
// CORS loosens the same-origin policy of browsers, and protects nothing: a refused POST still runs, only its answer is
// withheld from the page. Against forged requests use [http.CrossOriginProtection] and let it trust
// [Middleware.Origins].
//
// # Place
//
// Inside the layer that sets security headers, outside everything that can refuse a request: rate limits, CSRF
// protection, authentication, a mux with method patterns. A 401 or 429 without CORS headers reaches the developer as
// "CORS error", and a preflight carries no credentials that could pass authentication.
//
// # When the browser says "CORS error"
//
// [Config.OnDecision] and [Middleware.Check] say why in words: the origin that differs by its port, the method or the
// header that is not listed.
package cors
