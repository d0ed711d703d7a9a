// Package metrics counts and times HTTP requests for Prometheus, on client_golang.
//
//	m, err := metrics.New(metrics.Config{})
//	if err != nil {
//		log.Fatal(err)
//	}
//	go http.ListenAndServe("127.0.0.1:9090", m.Handler()) // the page, for Prometheus alone
//	http.ListenAndServe(":8080", m.Wrap(mux))
//
// # What is recorded
//
//	http_requests_total{method,route,code}             requests, counted when they end
//	http_request_duration_seconds{method,route,class}  histogram; class is "2xx", "5xx"
//	http_requests_in_flight                            requests being served, open WebSockets among them
//	http_request_size_bytes{route}                     histogram of bodies, with Config.Sizes
//	http_response_size_bytes{route}                    the same
//	http_panics_total{route}                           handlers that panicked
//	http_requests_aborted_total{route}                 clients that left before an answer, and http.ErrAbortHandler
//	http_metrics_label_overflow_total                  requests beyond Config.MaxSeries
//
// Counters go up only, and start again at 0 with the process: put rate() or increase() around them, never read them as
// they are. The average response time of each route over five minutes, in seconds:
//
//	sum by (route) (rate(http_request_duration_seconds_sum[5m]))
//	  /
//	sum by (route) (rate(http_request_duration_seconds_count[5m]))
//
// An average hides the slow tenth; this is the time that 95 of 100 requests keep:
//
//	histogram_quantile(0.95, sum by (route, le) (rate(http_request_duration_seconds_bucket[5m])))
//
// And the share of requests that failed:
//
//	sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))
//
// # What the labels mean
//
//   - route is the pattern that the mux matched, without its method: "/items/{id}". "unmatched" stands for no pattern,
//     that is 404, 405, or a pattern that did not come through, and "overflow" for what is beyond the cap. It is never
//     the path: a scanner would make a series with each guess.
//   - method is one of RFC 9110, PATCH or QUERY, else "_OTHER".
//   - code is the final status. 103 Early Hints is not final, and a second WriteHeader changes nothing. 101 is a
//     connection that was taken over, such as a WebSocket: it leaves no duration and no sizes. 499 is a client that went
//     away before there was an answer. A number that is no status of HTTP is "other".
//   - Host, user, address and trace id are never labels.
//
// # Rules
//
//   - One Middleware for a process. Wrap several handlers with it, and they share the metrics. A second one on the same
//     registry is an error of New, unless its ConstLabels have the same names and other values. Without
//     Config.Registry each has a registry of its own; register the app's metrics there, in [Middleware.Registry].
//   - Outside of all that refuses, or rejected requests are not counted. Inside of recovery, because a panic passes
//     through: it counts as 500 if nothing was sent, else as what was sent, and goes on unchanged.
//   - A middleware between Wrap and the mux that calls r.WithContext keeps the pattern to itself. Put
//     [Middleware.Route] around the mux: m.Wrap(auth(m.Route(mux))). It cannot see through a writer that has no
//     Unwrap method, such as that of [http.TimeoutHandler]: put that one around single routes, inside the mux.
//   - Give patterns their method: "GET /items". Behind one without, a client can make eleven label sets of each code, and
//     a scanner may use up Config.MaxSeries. What was seen before is still counted as it was; what is new then, even a
//     500, has the code "other".
//   - What a handler writes after its client went away is nobody's answer: 499, out of the error budget. A context that
//     the server cancels looks the same, unless it says why: end a base context with [context.WithCancelCause].
//   - http.ErrAbortHandler with nothing sent is a 500 without a panic: the client asked and got no answer. To turn
//     scanners away without spending the error budget, answer 404.
//   - The page of [Middleware.Handler] tells routes, traffic and versions. Give it a private listener.
//
// # Metrics of other layers
//
// No layer knows of Prometheus; each has a function to ask or to be told by. The adapters are ten lines each, compiled
// and shown in the examples of their packages, and register with [Middleware.Registry]:
//
//   - health: health_check_up{check} and health_ready, from Checks and Ready, read at each scrape, so that a process
//     which nobody probes shows them too (example Checks_prometheus).
//   - ratelimit: ratelimit_decisions_total{policy,outcome}, told as they are made, and ratelimit_evicted_total, from Stats
//     (example OnDecision). Never the key: it is the client's.
//   - redisstore: ratelimit_store_up, from Stats.
//
// # Cost
//
// One allocation for a request, and none where a layer outside has wrapped the writer already. The metrics of a label
// set are looked up by name once, then found by pointer, behind the cap as before it.
//
// The names follow https://prometheus.io/docs/practices/naming/, the default buckets
// https://opentelemetry.io/docs/specs/semconv/http/http-metrics/.
package metrics
