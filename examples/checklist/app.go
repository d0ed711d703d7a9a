package main

import (
	"context"
	"net/http"
	"time"
)

// app is the service itself: what it needs, and its routes. It knows nothing of addresses, limits or origins; these are
// the stack's (stack.go).
type app struct {
	store     *Store
	passwords *Passwords
	body      *decoder
	now       func() time.Time

	loggedIn func(context.Context)                        // gives the log-in's tokens back to the limiter
	report   func(ctx context.Context, err error)         // the log: an error that nobody foresaw
	trace    func(ctx context.Context) (requestID string) // what connects a 500 with its record
}

// routes is the table of the API. Patterns name their method, so that a wrong one is a 405; a route that needs a user goes
// through a.user, and its path must lie where needsUser looks.
func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.handler(index))
	mux.HandleFunc("POST /api/signup", a.handler(a.signUp))
	mux.HandleFunc("POST /api/login", a.handler(a.logIn))
	mux.HandleFunc("POST /api/logout", a.handler(a.logOut))
	mux.HandleFunc("GET /api/notes", a.user(a.listNotes))
	mux.HandleFunc("POST /api/notes", a.user(a.createNote))
	mux.HandleFunc("GET /api/notes/{id}", a.user(a.readNote))
	mux.HandleFunc("PUT /api/notes/{id}", a.user(a.updateNote))
	mux.HandleFunc("DELETE /api/notes/{id}", a.user(a.deleteNote))
	return jsonErrors(mux)
}

// index is for whoever opens the address in a browser, and for scanners that judge a service by its first page.
func index(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]any{
		"service": "checklist",
		"routes":  []string{"/api/signup", "/api/login", "/api/logout", "/api/notes", "/api/notes/{id}", "/health"},
	})
}

// handler lets handlers return their error; this is the one place that turns errors into answers.
func (a *app) handler(fn func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := fn(w, r); err != nil {
			a.fail(w, r, err)
		}
	}
}

// fail answers for an error. Server errors carry the request id, which is all that a client can tell whoever reads the log.
func (a *app) fail(w http.ResponseWriter, r *http.Request, err error) {
	p, foreseen := asProblem(r.Context(), err)
	if !foreseen {
		a.store.Suspect(err)
		a.report(r.Context(), err)
	}
	if p.Status >= http.StatusInternalServerError {
		traced := *p // p may be shared
		traced.RequestID = a.trace(r.Context())
		p = &traced
	}
	p.write(w)
}
