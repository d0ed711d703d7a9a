package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// Problem is an answer that says no, as problem details (RFC 9457). Its texts are fixed: neither what the client sent
// nor what the server knows inside is ever in them. It is an error, so that handlers just return it.
type Problem struct {
	Status    int          `json:"status"`
	Title     string       `json:"title"`
	Detail    string       `json:"detail,omitempty"`
	Errors    []FieldError `json:"errors,omitempty"` // with 422: which fields, and why
	RequestID string       `json:"request_id,omitempty"`

	header http.Header // what the status demands beside the body, such as Allow with 405
}

// FieldError is one field of the body that cannot be accepted. Reason never repeats the value, which may be a password.
type FieldError struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

func (p *Problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Title, p.Detail) }

// newProblem has the status text as its title. Say in detail what the client can do about it.
func newProblem(status int, detail string) *Problem {
	return &Problem{Status: status, Title: http.StatusText(status), Detail: detail}
}

// with adds a header line to the answer.
func (p *Problem) with(name, value string) *Problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(name, value)
	return p
}

// write sends the problem. A refusal must not be kept by a cache, nor guessed to be a page by a browser.
func (p *Problem) write(w http.ResponseWriter) {
	body, _ := json.Marshal(p) // strings and ints: it cannot fail
	h := w.Header()
	for name, values := range p.header {
		h[name] = append([]string(nil), values...)
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	w.Write(body) //nolint:errcheck // the client is gone: there is nobody to tell
}

// errUnauthorized is a 401, which always says how to log in (RFC 9110 section 15.5.2).
func errUnauthorized(challenge, detail string) *Problem {
	return newProblem(http.StatusUnauthorized, detail).with("WWW-Authenticate", challenge)
}

// errInvalid is a 422 with the fields that are wrong.
func errInvalid(fields ...FieldError) *Problem {
	p := newProblem(http.StatusUnprocessableEntity, "Some fields cannot be accepted.")
	p.Errors = fields
	return p
}

// writeJSON answers with a value of this program, which always marshals.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body) //nolint:errcheck // the client is gone: there is nobody to tell
	return nil
}

// jsonErrors puts the mux's own answers for an unknown path (404) and a wrong method (405, with Allow) into the same
// form as all others. The mux still routes: this only asks it first.
func jsonErrors(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := &headerProbe{header: http.Header{}}
		refuse.ServeHTTP(probe, r)
		if probe.status == http.StatusMethodNotAllowed {
			newProblem(http.StatusMethodNotAllowed, "This resource does not know the method; see Allow.").
				with("Allow", probe.header.Get("Allow")).write(w)
			return
		}
		errNoSuchPath.write(w)
	})
}

var errNoSuchPath = newProblem(http.StatusNotFound, "There is nothing at this path.")

// headerProbe is a ResponseWriter that keeps the status and the header, and drops the body.
type headerProbe struct {
	header http.Header
	status int
}

func (p *headerProbe) Header() http.Header         { return p.header }
func (p *headerProbe) Write(b []byte) (int, error) { return len(b), nil }
func (p *headerProbe) WriteHeader(status int)      { p.status = status }

// asProblem is the answer for an error of a handler. ok is false for one that nobody foresaw: that is a 500 whose cause
// goes to the log and not to the client.
//
// Whatever failed after the request's deadline failed because of it, whichever error the database made of that.
func asProblem(ctx context.Context, err error) (p *Problem, ok bool) {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p, true
	}
	switch {
	case errors.Is(err, errNotFound):
		return newProblem(http.StatusNotFound, "There is no such note."), true
	case isBusy(err), errors.Is(err, errHashing), ctx.Err() != nil:
		return newProblem(http.StatusServiceUnavailable, "The server is busy; try again.").with("Retry-After", "2"), true
	}
	return newProblem(http.StatusInternalServerError, "Something went wrong; the request_id leads to the cause."), false
}
