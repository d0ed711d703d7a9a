// Package health answers the probes of orchestrators, load balancers and uptime monitors, and ends a server without
// losing a request.
//
//	h, err := health.New(health.Config{
//		Checks: []health.Check{{Name: "database", Func: health.Ping(db)}},
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	err = h.Serve(ctx, &http.Server{Addr: ":8080", Handler: h.Wrap(app)}, nil)
//
// There are four answers, to GET and HEAD, as application/health+json (draft-inadarei-api-health-check-06):
//
//	/livez     200 as long as the process works; asks only the checks that are Live
//	/readyz    200 if it may have traffic: started, not draining, no check fails but optional ones
//	/startupz  200 once it has started
//	/health    as /readyz, with the status of each check by name; "warn" with 200 if an optional one fails
//
// "fail" is 503. Strangers see statuses and names only. Config.Authorize lets people see error texts and times; it never
// changes the status.
//
// # Rules
//
//   - Wrap is outermost. A probe that meets a redirect, a limiter or a login takes the instance out of service.
//   - Liveness does not ask the database. When that is down, every instance would be killed again and again, and none of
//     them would mend it. Live is for what a restart mends: see [Heartbeat].
//   - Readiness that asks a database which all instances share takes all of them out at once. If the service can do
//     anything without it, make the check Optional; its status still shows on /health.
//   - Checks run when a probe asks, not by themselves. However many probes ask, a check runs once at a time, and its result
//     is kept for TTL. A run belongs to no probe: a client that goes away spoils nothing.
//   - A check must honour its context. One that does not is given up after Timeout and fails; its goroutine is the only
//     one it can ever hold.
//   - A check that cannot tell does not pass. After a pass it takes FailureThreshold fails to fail; the first run counts
//     at once. Every answer is out within 800 ms, because a kubelet waits for one second.
//   - Exit only after [Middleware.Serve] has returned. http.Server.Serve returns as soon as the shutdown begins, with
//     requests still under way.
//   - DrainDelay is at least the probe's interval times the failures that the balancer needs, and its timeout on top.
//     Without a delay it sends requests to a closed port. In Kubernetes 5 s are usual, since endpoints are removed at the
//     same time as SIGTERM is sent.
//   - Streams and WebSockets watch [Middleware.Draining], and hijacked connections hold [Middleware.Track] until they end.
//
// Uptime monitors read GET /health and look for {"status":"pass" beside the code 200, or send HEAD to /livez. The brace
// belongs to the keyword: the answer begins with it, and the statuses of single checks come further on.
// [Middleware.Checks] and [Middleware.Ready] give the same to metrics, without HTTP.
package health
