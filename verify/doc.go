// Package verify judges whether a service is hardened: as an http.Handler in a unit test, and by its URL after the deploy,
// with the same checks under the same IDs. It knows no layer of this library and judges any handler, hardened by
// whatever means.
//
//	func TestHardened(t *testing.T) {
//		verify.Run(t, func(t *testing.T) verify.App {
//			return verify.App{Handler: newHandler(t)}
//		}, verify.Config{Public: "/", CORS: &verify.CORS{Origins: []string{"https://app.example.com"}}})
//	}
//
// [Run] makes a sub-test for each check and a fresh app for each sub-test. [Audit] does the same outside of a test and
// [AuditURL] asks a deployed service; both give a [Report], as text, JSON, JUnit XML, SARIF or a page of HTML. The
// command gambeson verify is AuditURL with a JSON file for the Config.
//
// # Rules
//
//   - Promises are declared in [Config], never guessed. What is not declared is skipped, and the report says so.
//   - A check passes only with a control: before "the hostile origin gets nothing" counts, the declared one must get
//     something. Where a control does not hold the result is inconclusive. A server that is down, or that answers every
//     path with 200, passes nothing.
//   - In process, requests come over a pipe through a real http.Server, so that they look as in production. Each has a
//     client address of its own, unless the check is about addresses.
//   - Known failures are suppressed by ID, with a reason. A suppressed check that passes is a warning: take it out.
//   - Warnings, skips and inconclusive results are no failures.
//   - A URL is asked politely: one host, no redirect followed, caps in [Limits], and no burst unless Limits.Burst allows it.
//     Only audit what is yours.
//
// # Traps
//
//   - App.Wrap is what lets verify look behind the layers: panics, streams, deadlines, leaks. Without it those checks are
//     skipped. Give it the same layers as Handler has.
//   - In [Run], checks that wait for the clock run in a testing/synctest bubble, and newApp with them: what it starts must
//     end with the test (t.Cleanup, App.Close), or synctest reports a deadlock. Config.RealTime turns that off.
//   - A limiter with a store outside of the process remembers from one check to the next, however fresh the app is.
package verify
