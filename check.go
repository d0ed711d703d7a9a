package gambeson

import (
	"fmt"
	"net/http"
	"net/netip"
	"reflect"
	"slices"

	"github.com/gambeson-go/gambeson/clientip"
	"github.com/gambeson-go/gambeson/internal/conf"
	"github.com/gambeson-go/gambeson/internal/layer"
	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/redact"
)

// placed is a middleware of this library and the place where it was given.
type placed struct {
	field      string
	middleware any
}

// found is the middlewares of this library that Build came across, innermost first.
type found struct {
	given []placed
	seen  map[http.Handler]bool
}

// look adds the layers that h is made of, down to what was looked at before. What another library's handler hides inside
// cannot be seen.
func (f *found) look(field string, h http.Handler) {
	var outermost []placed
	for {
		switch l := h.(type) {
		case *layer.Handler:
			if !f.seen[l] {
				f.seen[l] = true
				outermost = append(outermost, placed{field, l.Middleware})
				h = l.Next
				continue
			}
		case *built:
			for _, g := range l.given {
				outermost = append(outermost, placed{field, g.middleware})
			}
		}
		slices.Reverse(outermost)
		f.given = append(f.given, outermost...)
		return
	}
}

// isNil finds the nil pointer in an interface, too: a handler that panics on every request.
func isNil(h http.Handler) bool {
	if h == nil {
		return true
	}
	switch v := reflect.ValueOf(h); v.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
		return v.IsNil()
	}
	return false
}

// check finds what no layer can see alone. given is the middlewares of this library, outermost first.
func (s Stack) check(p *conf.Problems, given []placed) {
	checkTwice(p, given)
	checkMade(p, given)
	s.checkClients(p, given)
	if s.DangerouslyNoCSRF {
		if s.CSRF != nil {
			p.Add("CSRF", nil, "is set, and DangerouslyNoCSRF turns it off", "keep one of the two")
		}
		if s.CORS != nil && s.CORS.Config().AllowCredentials {
			p.Add("DangerouslyNoCSRF", true, "CORS allows credentials, and it only hides the answer: the request that another site sends with them takes effect",
				"leave CSRF protection on, or set cors.Config.AllowCredentials to false")
		}
	}
}

func checkTwice(p *conf.Problems, given []placed) {
	first := map[any]string{}
	for _, g := range given {
		if field, twice := first[g.middleware]; twice {
			p.Add(g.field, nil, "is the middleware that "+field+" already is", "give it once")
			continue
		}
		first[g.middleware] = g.field
	}
}

// checkMade refuses the zero value of a layer: no New has checked it. A zero Redactor is the default one.
func checkMade(p *conf.Problems, given []placed) {
	for _, g := range given {
		if _, ok := g.middleware.(*redact.Redactor); ok {
			continue
		}
		if v := reflect.ValueOf(g.middleware); v.Kind() == reflect.Pointer && (v.IsNil() || v.Elem().IsZero()) {
			p.Add(g.field, nil, fmt.Sprintf("is an empty %s, which no New has checked", v.Type()), "make it with New")
		}
	}
}

// checkClients wants one answer to the question who the client is. A limiter that believes a proxy which the log does not
// believe limits clients that nobody finds in the log; a redirect that knows of none loops.
func (s Stack) checkClients(p *conf.Problems, given []placed) {
	type teller struct {
		field    string
		resolver *clientip.Resolver
	}
	var tellers []teller
	if s.Logging != nil {
		tellers = append(tellers, teller{"Logging", s.Logging.Config().ClientIP})
	}
	if s.Headers != nil {
		tellers = append(tellers, teller{"Headers", s.Headers.Config().ClientIP})
	}
	for _, g := range given {
		if m, ok := g.middleware.(*ratelimit.Middleware); ok && m != nil && asksForClient(m) {
			tellers = append(tellers, teller{g.field, m.Config().ClientIP})
		}
	}
	for i := 1; i < len(tellers); i++ {
		if first := tellers[0]; !sameProxies(first.resolver, tellers[i].resolver) {
			p.Add(tellers[i].field, nil, "knows other proxies (ClientIP) than "+first.field+" does: they disagree on who the client is",
				"give both the same *clientip.Resolver")
		}
	}
}

// asksForClient says whether a limiter has a policy by address. One that has keys of its own alone asks nobody.
func asksForClient(m *ratelimit.Middleware) bool {
	return slices.ContainsFunc(m.Config().Policies, func(p ratelimit.Policy) bool { return p.Key == nil })
}

func sameProxies(a, b *clientip.Resolver) bool {
	x, y := a.Config(), b.Config()
	for _, list := range [][]netip.Prefix{x.TrustedProxies, y.TrustedProxies} {
		slices.SortFunc(list, netip.Prefix.Compare)
	}
	return slices.Equal(x.TrustedProxies, y.TrustedProxies) && x.Header == y.Header && x.Hops == y.Hops && x.TrustUnixSocket == y.TrustUnixSocket
}
