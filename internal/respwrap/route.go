package respwrap

import "net/http"

// Route goes beside the mux and carries r.Pattern up to every [Response] around it. ServeMux sets the pattern on the
// request that it was given; a middleware above that handed on a copy never sees it there.
func Route(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer notePattern(w, r) // a handler that panics had a route too
		mux.ServeHTTP(w, r)
	})
}

func notePattern(w http.ResponseWriter, r *http.Request) {
	if r.Pattern == "" {
		return
	}
	for {
		if p, ok := Of(w); ok && p.routed == nil { // the innermost mux knows best
			p.routed = r
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		w = u.Unwrap()
	}
}
