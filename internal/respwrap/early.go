package respwrap

import (
	"net/http"
	"slices"
	"strings"
)

// A handler may empty the whole header after a 1xx: [net/http/httputil.ReverseProxy] does so after each one of its
// backend, to be rid of what the backend sent with it. What the layers around the handler had set is lost then: CORS,
// Vary, the limits, the request's id. So a [Response] remembers it at a 1xx and puts it back. Nothing of this costs
// anything where there is no 1xx.

// memory takes the place of the hook once a 1xx went out, and calls it.
type memory struct {
	hook  HeaderHook
	lines http.Header // what is put back
	armed bool        // the mark lies in the header
	owner bool        // this Response put it there
}

// mark lies in the header from a 1xx on, to tell a header that was emptied from one where a handler deleted something
// on purpose. It is no field name and has no value, for each of which net/http leaves it out.
const mark = ":1xx"

func isEarly(status int) bool {
	return status >= 100 && status < 200 && status != http.StatusSwitchingProtocols
}

// early sends a 1xx.
func (p *Response) early(status int) {
	h := p.below.Header()
	m, again := p.hook.(*memory)
	if _, marked := h[mark]; !again || marked { // else it was emptied, and what is remembered is better
		lines := layersLines(h)
		switch {
		case again:
			m.lines = lines
		case p.hook != nil || lines != nil:
			m = &memory{hook: p.hook, lines: lines}
			p.hook = m
		}
	}
	p.announce(status)
	p.below.WriteHeader(status)
	if m == nil { // there is nothing to lose
		return
	}
	if _, marked := h[mark]; !marked {
		h[mark] = nil
		m.owner = true // the outermost Response: those inside find the mark of this one
	}
	m.armed = true
}

// layersLines is a copy of what the layers set: the first line of each header, since ReverseProxy adds those of its
// backend behind it, and of Vary all.
func layersLines(h http.Header) http.Header {
	var all http.Header
	for name, lines := range h {
		if len(lines) == 0 || !isLayers(name) {
			continue
		}
		if name != "Vary" {
			lines = lines[:1]
		}
		if all == nil {
			all = http.Header{}
		}
		all[name] = slices.Clone(lines)
	}
	return all
}

// isLayers names the headers that the layers of this library set before the handler runs, but those of package headers,
// which puts back its own. It is not everything that stood there: the headers of a 1xx belong to that alone, and a
// Cache-Control or Content-Length among them would be wrong in the answer.
func isLayers(name string) bool {
	return name == "Vary" || name == "X-Request-Id" ||
		strings.HasPrefix(name, "Access-Control-") || strings.HasPrefix(name, "Ratelimit") || strings.HasPrefix(name, "X-Ratelimit-")
}

// BeforeHeader puts back what was lost, before the hook looks at the header.
func (m *memory) BeforeHeader(h http.Header, status int, _ bool) {
	_, marked := h[mark]
	emptied := m.armed && !marked
	if emptied {
		m.putBack(h)
	}
	if m.hook != nil {
		m.hook.BeforeHeader(h, status, emptied)
	}
	if isEarly(status) {
		return
	}
	if m.owner {
		delete(h, mark)
	}
	m.armed = false
}

// putBack leaves what the handler has set since. Only Vary is the sum of both: an answer that varies with less is given
// to the wrong client.
func (m *memory) putBack(h http.Header) {
	for name, lines := range m.lines {
		switch {
		case len(h[name]) == 0:
			h[name] = slices.Clone(lines)
		case name == "Vary":
			for _, line := range lines {
				if !slices.ContainsFunc(h[name], func(s string) bool { return covers(s, line) }) {
					h[name] = append(slices.Clip(h[name]), line)
				}
			}
		}
	}
}

// covers says whether a line of Vary names line among its elements.
func covers(elements, line string) bool {
	for element := range strings.SplitSeq(elements, ",") {
		if strings.EqualFold(strings.TrimSpace(element), line) {
			return true
		}
	}
	return strings.EqualFold(elements, line)
}
