// Package gambeson puts the layers that every net/http app needs in production around yours, in the one order that works.
//
// A gambeson is the padded coat worn under armour. Here it is a [Stack]: a struct with one field for each layer, so
// that a wrong order cannot be written down. Wrap an existing server:
//
//	stack, err := gambeson.Default() // health, logging, metrics, headers, CSRF, leak guard, limits of size and time
//	if err != nil {
//		log.Fatal(err)
//	}
//	handler, err := stack.Build(mux)
//	if err != nil {
//		log.Fatal(err)
//	}
//	log.Fatal(stack.Health.Serve(ctx, gambeson.Server(":8080", handler), nil))
//
// What needs an answer from you is not in [Default]: which origins may call (package cors), how many requests a client
// may send (package ratelimit), which proxies are yours (package clientip), who the user is (Auth). Set those fields
// before Build.
//
// # Rules
//
//   - Every layer is made by the New of its package, which refuses a bad configuration with all its problems at once.
//     [Stack.Build] adds those that lie between the layers: credentials in CORS with CSRF protection off, a limiter told
//     of proxies that the log is not told of, one middleware given twice.
//   - A nil layer is off. Size and time limits and CSRF protection are on in the zero Stack; what turns the protection
//     off begins with Dangerously.
//   - Give Build the mux itself, or what you put right around it. What sets identity goes into Auth: limits by address
//     come before it, limits by user go into AfterAuth.
//   - The scrape page is never on the public handler: serve Metrics.Handler() on a second, private listener.
//   - [Stack.String] prints the order with its reasons.
//
// # Traps
//
//   - The deadline of Timeout is the request context's. A handler that ignores its context is not stopped; one that
//     streams or takes over the connection is, unless NoTimeout says so.
//   - http.Server's WriteTimeout, which [Server] sets, cuts streams as well: lift it in the handler with
//     http.ResponseController.SetWriteDeadline(time.Time{}).
//   - CORS with "*" or a pattern lets those pages read. Their POST, PUT and DELETE still get 403 from CSRF protection,
//     which trusts origins that are listed by name.
//   - Build looks at CORS once. Do not allow credentials in a later Reconfigure where DangerouslyNoCSRF is set.
//   - A middleware inside the app that hands on a copy of the request hides the route from log and metrics. Put
//     metrics.Route around the mux then.
package gambeson
