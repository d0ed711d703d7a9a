// Package layer holds what a Wrap method returns: a handler that knows which middleware made it. gambeson.Stack reads
// that to tell when one middleware is given twice, which no function value could say.
package layer

import "net/http"

// Handler is one middleware around the next handler.
type Handler struct {
	Middleware any          // the pointer whose Wrap made this handler
	Next       http.Handler // what it wraps
	serve      http.HandlerFunc
}

// Wrap makes the handler of a middleware: serve does the work and calls next. A nil next answers 404, as an empty
// http.ServeMux does, so that no layer has to care.
func Wrap(middleware any, next http.Handler, serve func(next http.Handler) http.HandlerFunc) http.Handler {
	if next == nil {
		next = http.NotFoundHandler()
	}
	return &Handler{Middleware: middleware, Next: next, serve: serve(next)}
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.serve(w, r) }

// HandBack gives r what inner layers and the handler set on the copy of it that they were given: the pattern, which the
// log and the metrics read, and the multipart form, whose files net/http removes from the request that it made itself.
// Defer it, so that a panic does not lose them.
func HandBack(r, copied *http.Request) {
	if copied.Pattern != "" {
		r.Pattern = copied.Pattern
	}
	if copied.MultipartForm != nil {
		r.MultipartForm = copied.MultipartForm
	}
}
