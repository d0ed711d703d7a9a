package gambeson

import (
	"net/http"

	"github.com/gambeson-go/gambeson/internal/respwrap"
)

// The two headers that let a page in. What a handler says in the others opens nothing.
const (
	allowOrigin      = "Access-Control-Allow-Origin"
	allowCredentials = "Access-Control-Allow-Credentials"
)

// keepCORS gives the CORS layer the last word: a handler that sets Access-Control-Allow-Origin itself, as a proxied service
// or code from before may do, would let pages in that the layer refused.
func keepCORS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		k := &corsKeeper{origin: h.Get(allowOrigin), credentials: h.Get(allowCredentials)}
		k.OnHeader(k)
		defer k.Finish() // also for the 500 that a recovery further out will write
		next.ServeHTTP(k.Wrap(w, r), r)
	})
}

// corsKeeper remembers what the layer decided, as text: a handler may write into the slices of the header.
type corsKeeper struct {
	respwrap.Response
	origin, credentials string
}

func (k *corsKeeper) BeforeHeader(h http.Header, _ int, _ bool) {
	keep(h, allowOrigin, k.origin)
	keep(h, allowCredentials, k.credentials)
}

func keep(h http.Header, name, decided string) {
	switch v := h[name]; {
	case decided == "":
		delete(h, name)
	case len(v) != 1 || v[0] != decided:
		h[name] = []string{decided}
	}
}
