package headers

import (
	"net/http"
	"strings"

	"github.com/unrolled/secure"

	"github.com/gambeson-go/gambeson/clientip"
	"github.com/gambeson-go/gambeson/internal/layer"
	"github.com/gambeson-go/gambeson/internal/problem"
)

// Middleware sets the headers. Make it with [New]; it is safe for concurrent use. One that New
// did not make answers 500.
type Middleware struct {
	cfg      Config
	made     bool
	sets     headerSets
	hosts    hostSet
	redirect redirect
	clientIP *clientip.Resolver

	checksHost bool // there are allowed hosts, or a redirect

	badHost, wrongHost []byte // bodies of 400 and 421
}

// New checks cfg and compiles its headers. The error joins all problems, each a *ConfigError.
func New(cfg Config) (*Middleware, error) {
	cfg = cfg.clone()
	hosts, redirect, err := validate(cfg)
	if err != nil {
		return nil, err
	}
	return &Middleware{
		cfg:      cfg,
		made:     true,
		sets:     compile(cfg),
		hosts:    hosts,
		redirect: redirect,
		clientIP: cfg.ClientIP,

		checksHost: !hosts.empty() || redirect.on,
		badHost: problem.Problem{Status: http.StatusBadRequest,
			Detail: "The request does not name one valid host."}.Body(),
		wrongHost: problem.Problem{Status: http.StatusMisdirectedRequest,
			Detail: "This server does not answer for the host that the request names."}.Body(),
	}, nil
}

// Config is a copy of what New was given.
func (m *Middleware) Config() Config {
	if m == nil {
		return Config{}
	}
	return m.cfg.clone()
}

// Wrap puts the headers on every response of next, refuses hosts that are not allowed and
// redirects http, as configured.
func (m *Middleware) Wrap(next http.Handler) http.Handler {
	return layer.Wrap(m, next, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, next) }
	})
}

// serve sets the headers first, on refusals and redirects too: a 421 that can be framed, or
// whose type is sniffed, is an answer of this host like any other.
func (m *Middleware) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if m == nil || !m.made {
		problem.Problem{Status: http.StatusInternalServerError}.Write(w)
		return
	}
	v := m.judge(r)
	res := new(response)
	nonce := res.set(w.Header(), v.set)
	switch v.status {
	case 0:
	case http.StatusBadRequest:
		problem.Send(w, v.status, m.badHost)
		return
	case http.StatusMisdirectedRequest:
		problem.Send(w, v.status, m.wrongHost)
		return
	default:
		w.Header().Set("Location", v.location)
		w.WriteHeader(v.status)
		return
	}
	w = res.watch(w, r)
	defer res.finish(w)
	if nonce == "" {
		next.ServeHTTP(w, r)
		return
	}
	// The context is secure's own, so that code which asks secure.CSPNonce goes on working.
	inner := r.WithContext(secure.WithCSPNonce(r.Context(), nonce))
	defer layer.HandBack(r, inner)
	next.ServeHTTP(w, inner)
}

// verdict is what is done with a request: passed on where status is 0.
type verdict struct {
	set      *headerSet
	status   int
	location string
}

// judge decides without touching the response. The host comes before the redirect, so that a
// redirect never goes to a host that is not ours, and exempt paths are not exempt from it.
func (m *Middleware) judge(r *http.Request) verdict {
	https := m.clientIP.HTTPS(r)
	v := verdict{set: &m.sets.http}
	if https {
		v.set = &m.sets.https
	}
	// The usual case: hosts are not checked, and the host only matters if it could be an
	// address.
	if !m.checksHost && (!https || isPlainName(r.Host)) {
		if doubledHost(r) {
			v.status = http.StatusBadRequest
		}
		return v
	}
	h, ok := parseHost(r.Host)
	if https && ok && h.isAddr() {
		v.set = &m.sets.addr
	}
	switch {
	case doubledHost(r), !ok && m.checksHost:
		v.status = http.StatusBadRequest
	case !m.hosts.empty() && !m.hosts.has(h):
		v.status = http.StatusMisdirectedRequest
	case m.redirect.on && !https && !m.redirect.exempts(r.URL.Path):
		v.status = redirectStatus(r.Method)
		v.location = m.redirect.location(r, h)
	}
	return v
}

// doubledHost says whether the request names its host twice: net/http refuses two Host lines
// of HTTP/1, but HTTP/2 may carry a Host beside :authority, which must not differ (RFC 9113
// section 8.3.1) but in letter case.
func doubledHost(r *http.Request) bool {
	lines := r.Header["Host"]
	return len(lines) > 1 || len(lines) == 1 && !strings.EqualFold(lines[0], r.Host)
}
