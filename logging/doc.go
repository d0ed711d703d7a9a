// Package logging gives each request an id, recovers its panics and writes one record of it: as a log/slog record with
// OpenTelemetry's names, redacted, with the ids of the request and of its trace.
//
//	logs, err := logging.New(logging.Config{}) // JSON on standard error
//	if err != nil { … }
//	http.ListenAndServe(addr, logs.Wrap(mux))
//
// In a handler, [Logger] gives a logger whose lines carry the ids, [Add] puts attributes onto the request's own record,
// and [RequestID] is what to tell the user who reports a failure; it is in the response as X-Request-Id, too.
//
// # What a record holds
//
// The message is always "http request". The keys are http.request.method, http.route, http.response.status_code,
// url.path, url.query, duration_ms, http.request.body.size, http.response.body.size, client.address, server.address,
// user_agent.original, network.protocol.version, error.type, request_id, and with a valid traceparent header trace_id,
// span_id and trace_flags. What there is nothing to say of is left out.
//
// Where something went wrong: exception.message and exception.stacktrace of a panic; error.message of an error while
// writing; aborted=true for an answer that is not complete; status_unheard, the status that nobody was there to hear;
// slow=true; hijacked=true for a connection that the handler took over.
//
// # Rules
//
//   - Everything is redacted, and there is no switch for it. Values are cut after that, never before.
//   - A String method of what a handler panicked with is asked only where the fields tell of no secret in it. An error
//     speaks for itself: what its text says is redacted as any text is, whatever its fields are named.
//   - A panic before the first byte is answered 500 as problem details with the request id. After it, the connection is
//     aborted: a client must not take half an answer for a whole one. [http.ErrAbortHandler] passes through, and so does
//     runtime.Goexit, which t.FailNow is: aborted at WARN, too, with the error.type "goexit".
//   - A client that went away before the answer is status 499 at INFO: it is no failure of the service. That holds only
//     for a request context that net/http cancelled. Give BaseContext a context whose cancellation has a cause, as
//     [os/signal.NotifyContext] makes it, or a shutdown looks the same.
//   - A 5xx and a panic are logged whatever Skip and SampleEvery say.
//   - Streams are never slow and never captured.
//   - Level, Skip, Match and OnError may panic: the request does not notice.
//
// # Traps
//
// http.route is r.Pattern, which http.ServeMux sets on the request that it was given. A middleware in between that hands
// on a copy hides it; then put [github.com/gambeson-go/gambeson/metrics.Middleware.Route] beside the mux, which
// gambeson.Stack does by itself.
//
// Attributes of a logger that was made with With before it came here are formatted already: only a handler of this
// package or of redact has cleaned those. In a foreign handler with an open group the ids stand in that group; the one
// of [NewHandler] has them at the top level always.
//
// Do not drop ids into [NewHandler] by hand; pass the context: logger.InfoContext(r.Context(), …).
//
// Specifications: W3C Trace Context section 3.2 (traceparent), RFC 9457 (problem details), OpenTelemetry semantic
// conventions for HTTP and trace context in non-OTLP logs.
package logging
