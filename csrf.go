package gambeson

import (
	"net/http"

	"github.com/gambeson-go/gambeson/internal/problem"
)

var crossSite = problem.Problem{Status: http.StatusForbidden, Detail: "Requests that change something are accepted from other sites only if their origin is allowed by name."}.Body()

// crossOrigin is CSRF protection as net/http does it: an unsafe request that the browser says comes from another site is
// refused, unless that site is an origin which CORS allows by name. The origins are asked for each refusal anew,
// because cors.Middleware.Reconfigure may change them.
func (s Stack) crossOrigin() func(http.Handler) http.Handler {
	if s.CSRF != nil {
		return s.CSRF.Handler
	}
	return func(next http.Handler) http.Handler {
		var protection http.CrossOriginProtection
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if protection.Check(r) != nil && !s.trusts(r.Header["Origin"]) {
				problem.Send(w, http.StatusForbidden, crossSite)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func (s Stack) trusts(origin []string) bool {
	return s.CORS != nil && len(origin) == 1 && s.CORS.Lists(origin[0])
}
