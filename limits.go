package gambeson

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/gambeson-go/gambeson/internal/layer"
	"github.com/gambeson-go/gambeson/internal/problem"
	"github.com/gambeson-go/gambeson/internal/respwrap"
)

var (
	tooLarge = problem.Problem{Status: http.StatusRequestEntityTooLarge, Detail: "The request body is larger than this server accepts."}.Body()
	tooSlow  = problem.Problem{Status: http.StatusServiceUnavailable, Detail: "The server did not finish in time. Try again later."}.Body()
)

// errDeadline is the cause with which the deadline ends a request's context.
var errDeadline = errors.New("gambeson: the request took longer than Stack.Timeout")

// limitBody bounds what can be read of a body. http.MaxBytesReader tells the writer that it is given to close the
// connection; only the server's own knows how, so this stands outside of every wrapper.
func limitBody(n int64) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Body != nil && r.Body != http.NoBody {
				// In place: the layers inside look at the body of this request, and the server keeps the one it made itself.
				r.Body = &respwrap.Body{ReadCloser: http.MaxBytesReader(w, r.Body, n)}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// refuseLength answers 413 to a body that says itself that it is too large. It stands where the refusal is logged, counted
// and readable for the page that asked.
func refuseLength(n int64) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength <= n {
				next.ServeHTTP(w, r)
				return
			}
			if r.ProtoMajor != 1 { // a stream ends by itself, and the connection is others' too
				problem.Send(w, http.StatusRequestEntityTooLarge, tooLarge)
				return
			}
			w.Header().Set("Connection", "close")
			problem.Send(w, http.StatusRequestEntityTooLarge, tooLarge)
			if r.Header.Get("Expect") == "" {
				linger(w, r)
			}
		})
	}
}

// linger reads what is on its way, up to the limit, after the answer is out. A connection that is closed with bytes unread
// is reset, and a client that is still sending then never sees its answer. Hitting the limit makes net/http wait a
// little, too.
func linger(w http.ResponseWriter, r *http.Request) {
	if r.Body != nil && http.NewResponseController(w).Flush() == nil {
		io.Copy(io.Discard, r.Body) //nolint:errcheck // it ends with the limit, or with the client
	}
}

// deadline ends the request's context after d, and answers for an app that returned because of it without a word.
func deadline(d time.Duration, exempt func(*http.Request) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if exempt != nil && exempt(r) {
				next.ServeHTTP(w, r)
				return
			}
			ctx, cancel := context.WithTimeoutCause(r.Context(), d, errDeadline)
			defer cancel()
			state, ok := respwrap.Of(w)
			if !ok {
				state = new(respwrap.Response)
				w = state.Wrap(w, r)
			}
			r2 := r.WithContext(ctx)
			defer layer.HandBack(r, r2)
			next.ServeHTTP(w, r2)
			if !state.Written() && context.Cause(ctx) == errDeadline {
				problem.Send(w, http.StatusServiceUnavailable, tooSlow)
			}
		})
	}
}
