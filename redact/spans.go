package redact

import (
	"slices"
	"strings"
)

// Everything that looks for secrets only notes where they are. One list of spans, applied once at the end, is what keeps
// the rest of the text byte for byte, costs nothing where nothing is found, and lets a find inside an escaped string be
// put back at the place in the outer text that it came from.

// A span is one secret: bytes start to end of the text that was searched.
type span struct {
	start, end int
	form       form
	layers     layers
}

// form is how the mark stands in the place of a span.
type form uint8

const (
	plain  form = iota // [REDACTED]
	inURL              // REDACTED, which needs no escaping in a URL
	quoted             // "[REDACTED]", for a JSON number that becomes a string
)

// layers lists the encodings between a span and the outermost text, the innermost first, two bits each. The quotes of a
// quoted mark need them.
type layers uint16

const (
	jsonLayer    layers = 1
	percentLayer layers = 2
	maxLayers           = 5 // decodings on top of each other; three levels of JSON in strings and a query in there
)

func (l layers) push(layer layers) layers {
	for shift := 0; shift < 16; shift += 2 {
		if l>>shift&3 == 0 {
			return l | layer<<shift
		}
	}
	return l
}

// quote is a double quote as it is written below the layers.
func (l layers) quote() string {
	q := `"`
	for ; l != 0; l >>= 2 {
		if l&3 == jsonLayer {
			q = strings.ReplaceAll(strings.ReplaceAll(q, `\`, `\\`), `"`, `\"`)
		} else {
			q = strings.ReplaceAll(strings.ReplaceAll(q, `\`, "%5C"), `"`, "%22")
		}
	}
	return q
}

// A scan is the state of one search. It is pooled: searching a clean text allocates nothing.
type scan struct {
	r     *Redactor
	spans []span
	depth int               // decodings around the text at hand
	nest  int               // values around the value at hand, for the walk through any
	nodes int               // parts of the attribute at hand
	work  int               // bytes looked at, for the tests of linearity
	cut   bool              // the text ends where the reader stopped, not where the writer did
	guard bool              // the answer goes to a client: a connection string goes whole
	buf   [maxLayers][]byte // decoded texts, one for each depth
	stack []frame           // open objects and arrays of the JSON scanner
}

// maxKept bounds what a pooled scan may keep.
const maxKept = 64 << 10

func (r *Redactor) scan() *scan {
	s, _ := r.pool.Get().(*scan)
	if s == nil {
		s = new(scan)
	}
	s.r = r
	return s
}

func (r *Redactor) done(s *scan) {
	for i := range s.buf {
		if cap(s.buf[i]) > maxKept {
			s.buf[i] = nil
		}
	}
	if cap(s.spans) > maxKept/32 {
		s.spans = nil
	}
	if cap(s.stack) > maxKept/64 {
		s.stack = nil
	}
	s.spans, s.stack = s.spans[:0], s.stack[:0]
	s.depth, s.nest, s.nodes, s.work, s.cut, s.guard = 0, 0, 0, 0, false, false
	r.pool.Put(s)
}

func (s *scan) add(start, end int, f form) {
	if start < end {
		s.spans = append(s.spans, span{start: start, end: end, form: f})
	}
}

// shift moves the spans from index n on by base: they were found in a part of the text.
func (s *scan) shift(n, base int) {
	for i := n; i < len(s.spans); i++ {
		s.spans[i].start += base
		s.spans[i].end += base
	}
}

// settle sorts the spans from index n on and joins those that overlap. A joined span takes the form
// of the outer one.
func (s *scan) settle(n int) {
	part := s.spans[n:]
	if len(part) < 2 {
		return
	}
	slices.SortFunc(part, func(a, b span) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	out := part[:1]
	for _, p := range part[1:] {
		last := &out[len(out)-1]
		if p.start >= last.end {
			out = append(out, p)
			continue
		}
		if last.form == plain && p.form == inURL && (p.end > last.end || p.start == last.start && p.end == last.end) {
			last.form = inURL // fits everywhere
		}
		last.end = max(last.end, p.end)
	}
	s.spans = s.spans[:n+len(out)]
}

// apply appends src with the mark in the place of every span.
func (s *scan) apply(dst []byte, src string) []byte {
	s.settle(0)
	at := 0
	for _, p := range s.spans {
		dst = append(dst, src[at:p.start]...)
		dst = s.r.appendMark(dst, src[p.start:p.end], p)
		at = p.end
	}
	return append(dst, src[at:]...)
}

func (r *Redactor) appendMark(dst []byte, secret string, p span) []byte {
	switch p.form {
	case inURL:
		return r.appendURLMark(dst, secret)
	case quoted:
		q := p.layers.quote()
		dst = append(dst, q...)
		dst = r.appendPlainMark(dst, secret)
		return append(dst, q...)
	}
	return r.appendPlainMark(dst, secret)
}
