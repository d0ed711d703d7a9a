package headers

import (
	"net/http"
	"slices"
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
	stood uint16 // which of the headers stood there at the last 1xx, by their index
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
// header. w is what watch returned.
func (p *response) finish(w http.ResponseWriter) {
	if around, ok := respwrap.Of(w); ok {
		around.Finish()
	}
}

// BeforeHeader leaves one line of each header. It implements [respwrap.HeaderHook].
func (p *response) BeforeHeader(h http.Header, status int, emptied bool) {
	p.settle(h, emptied)
	switch {
	case status < 200 && status != http.StatusSwitchingProtocols:
		p.note(h)
	case status == http.StatusNotModified:
		p.dropNonces(h)
	case status >= 400:
		p.keepUncached(h)
	}
}

// settle looks at each of our headers once more. One line: nothing happened, or the handler's
// Set. None: the handler's Del, unless it emptied the header after a 1xx, as ReverseProxy does.
// More: somebody called Add, as ReverseProxy does for every header of its backend
// (unrolled/secure#31), and two lines of COOP or X-Frame-Options are as good as none.
func (p *response) settle(h http.Header, emptied bool) {
	for i, name := range p.hs.names {
		switch lines := h[name]; {
		case len(lines) == 1:
		case len(lines) > 1:
			h[name] = one(name, lines, p.values()[i])
		case emptied && p.stood&(1<<i) != 0:
			h[name] = []string{p.values()[i]}
		}
	}
}

// note remembers at a 1xx which headers there are: what was deleted before stays so.
func (p *response) note(h http.Header) {
	p.stood = 0
	for i, name := range p.hs.names {
		if len(h[name]) > 0 {
			p.stood |= 1 << i
		}
	}
}

// dropNonces leaves the policies with a nonce out of a 304. A cache would put them in place of
// those that it holds (RFC 9111 section 4.3.4), beside a page whose scripts have the old nonce.
func (p *response) dropNonces(h http.Header) {
	for _, t := range p.hs.templates {
		name := p.hs.names[t.at]
		if lines := h[name]; len(lines) == 1 && lines[0] == p.values()[t.at] {
			delete(h, name)
		}
	}
}

// keepUncached is for [http.FileServer] and its like, which delete Cache-Control from their
// errors: it was meant for the file. An error is as good a reason for ours as any answer.
func (p *response) keepUncached(h http.Header) {
	if i := slices.Index(p.hs.names, hCache); i >= 0 && len(h[hCache]) == 0 {
		h[hCache] = []string{p.values()[i]}
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
