package verify_test

import "net/http"

// editor changes a header just before it is written: what a mutant does to a sound answer.
type editor struct {
	http.ResponseWriter
	edit func(h http.Header, status int)
	done bool
}

func (e *editor) Unwrap() http.ResponseWriter { return e.ResponseWriter }

func (e *editor) WriteHeader(status int) {
	if !e.done && (status >= 200 || status == http.StatusSwitchingProtocols) {
		e.done = true
		e.edit(e.Header(), status)
	}
	e.ResponseWriter.WriteHeader(status)
}

func (e *editor) Write(b []byte) (int, error) {
	if !e.done {
		e.WriteHeader(http.StatusOK)
	}
	return e.ResponseWriter.Write(b)
}

func (e *editor) FlushError() error {
	if !e.done {
		e.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(e.ResponseWriter).Flush()
}

// edit is a middleware that changes the header of every answer.
func edit(change func(h http.Header, r *http.Request, status int)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&editor{ResponseWriter: w, edit: func(h http.Header, status int) { change(h, r, status) }}, r)
		})
	}
}
