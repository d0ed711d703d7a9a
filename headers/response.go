package headers

import (
	"net/http"
	"strings"

	"github.com/gambeson-go/gambeson/internal/respwrap"
)

// inline is how many values lie in the per-request state itself: those of a profile.
const inline = 7

// response is the state of one response, in one allocation: the wrapper of the ResponseWriter
// and the values. Its values are its own: a slice shared with others, put into a header map,
// would let any handler change the headers of all (rs/cors#198).
type response struct {
	respwrap.Response
	hs    *headerSet
	more  []string // the values, where they are more than a profile's
	room  [inline]string
	early bool // a 1xx went out
	sent  bool // the final header went out
}

// values are the strings that the slices in the header map point at.
func (p *response) values() []string {
	if n := len(p.hs.names); n <= inline {
		return p.room[:n]
	}
	return p.more
}

// set puts the headers of hs into h, over what an outer layer had put there, and returns the
// nonce in them.
func (p *response) set(h http.Header, hs *headerSet) (nonce string) {
	p.hs = hs
	if len(hs.names) > inline {
		p.more = make([]string, len(hs.names))
	}
	values := p.values()
	nonce = hs.fill(values)
	for i, name := range hs.names {
		h[name] = values[i : i+1 : i+1] // full, so that Add by a handler copies
	}
	return nonce
}

// watch has BeforeHeader called before the header goes out: by the wrapper that is around w,
// or by an own one. The body does not come past here, so that files are still sent by the
// kernel.
func (p *response) watch(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if outer, ok := respwrap.Of(w); ok && outer.OnHeader(p) {
		return w
	}
	p.OnHeader(p)
	return p.Wrap(w, r)
}

// finish is for handlers that wrote nothing: net/http, or a recovery further out, sends the
// header.
func (p *response) finish(w http.ResponseWriter) {
	if !p.sent {
		p.settle(w.Header())
	}
}

// BeforeHeader leaves one line of each header. It implements [respwrap.HeaderHook].
func (p *response) BeforeHeader(h http.Header, status int) {
	p.settle(h)
	if status < 200 && status != http.StatusSwitchingProtocols {
		p.early = true // ReverseProxy clears the whole map after a 1xx of its backend
		return
	}
	p.sent = true
}

// settle looks at each of our headers once more. One line: nothing happened, or the handler's
// Set. None: the handler's Del. More: somebody called Add, as ReverseProxy does for every
// header of its backend (unrolled/secure#31), and two lines of COOP or X-Frame-Options are as
// good as none.
func (p *response) settle(h http.Header) {
	for i, name := range p.hs.names {
		switch lines := h[name]; {
		case len(lines) == 1:
		case len(lines) > 1:
			h[name] = one(name, lines, p.values()[i])
		case p.early:
			h[name] = []string{p.values()[i]}
		}
	}
}

// one makes one line of several: that of the handler, without ours. Where a header is a list,
// several of the handler mean the same as one with commas (RFC 9110 section 5.3); of any other
// the last stands.
func one(name string, lines []string, ours string) []string {
	if lines[0] == ours {
		lines = lines[1:]
	}
	switch name {
	case hCSP, hCSPReport, hCache, hPermissions, hReferrer:
		return []string{strings.Join(lines, ", ")}
	}
	return lines[len(lines)-1:]
}
