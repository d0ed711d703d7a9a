package redact

import "strings"

// maxDepth is how deep JSON may nest. What is deeper is replaced: it cannot be judged.
const maxDepth = 64

// A frame is one open object or array.
type frame struct {
	object  bool
	pair    bool      // an object whose "name" is sensitive: its "value" is secret
	class   nameClass // every scalar in it is secret: strong or plural
	pclass  nameClass // class of the sensitive "name" of a pair; in an array, of the element before
	name    span      // the key it stands under
	value   span      // a "value" that came before its "name"
	vstring bool      // and whether it is a string
	jwk     bool      // has a "kty": a key, RFC 7517
	parts   [4]span   // secret parts of a key that came before its "kty"
}

// any searches a text that may be JSON.
func (s *scan) any(src string) {
	i := 0
	for i < len(src) && (class[src[i]]&blank != 0) {
		i++
	}
	if i < len(src) && (src[i] == '{' || src[i] == '[' || src[i] == '"') {
		s.document(src)
		return
	}
	if len(src)-i >= 3 && src[i:i+3] == "\ufeff" {
		s.document(src)
		return
	}
	s.text(src)
}

// document searches JSON: one value or several. Where it is malformed it is searched as text too.
func (s *scan) document(src string) {
	first := len(s.spans)
	saved := len(s.stack)
	ok := s.json(src)
	s.stack = s.stack[:saved]
	if !ok {
		s.text(src)
	}
	if len(s.spans)-first > 1 {
		s.settle(first)
	}
}

// json walks over the tokens of src. It returns false at anything that JSON does not have; that text was cut off is no
// reason to.
func (s *scan) json(src string) bool {
	_, ok := s.jsonIn(src, len(s.stack), false)
	return ok
}

// jsonWithin looks at the { or [ at i of a text: is it the beginning of JSON? It returns where that ends, or how far it
// got: no JSON that is tried in between could get further.
func (s *scan) jsonWithin(src string, i int) (end int, ok bool) {
	first, saved := len(s.spans), len(s.stack)
	end, ok = s.jsonIn(src[i:], saved, true)
	s.stack = s.stack[:saved]
	if !ok {
		s.spans = s.spans[:first]
	}
	s.shift(first, i)
	return i + end, ok
}

// jsonIn is json within the frames from bottom on: a frame that is there already stands for the value's name. Of a
// single value it tells where it ends; there, what JSON does not have is the end, too.
func (s *scan) jsonIn(src string, bottom int, single bool) (end int, ok bool) {
	base := len(s.stack)
	var (
		key      span // of the member whose value comes next; start < 0: none
		haveKey  bool
		class0   nameClass // what that key says
		top      *frame
		deep     int // levels beyond maxDepth
		deepFrom int
	)
	ok = true
	if base > bottom {
		top = &s.stack[base-1]
	}
	i := 0
	if strings.HasPrefix(src, "\ufeff") {
		i = 3
	}
	defer func() { s.work += end }()
	for i < len(src) {
		if single && (!ok || i > 0 && len(s.stack) == base) {
			return i, ok
		}
		switch c := src[i]; c {
		case ' ', '\t', '\n', '\r':
			i++
		case ',':
			haveKey, class0 = false, none
			i++
		case ':':
			ok = ok && (haveKey || deep > 0) // else it is text such as "password":"x", without braces
			i++
		case '{', '[':
			if deep > 0 || len(s.stack)-bottom == maxDepth {
				if deep == 0 {
					deepFrom = i
				}
				deep++
				i++
				continue
			}
			f := frame{object: c == '{', name: key}
			if !haveKey {
				f.name = span{}
			}
			if top != nil && top.class >= plural {
				f.class = top.class
			}
			if haveKey && class0 >= plural && class0 > f.class {
				f.class = class0
			}
			if haveKey && top != nil && top.pair && pairRole(src[key.start:key.end]) == valueRole {
				f.class = max(f.class, top.pclass)
			}
			if !haveKey && top != nil && !top.object {
				f.name = top.name
			}
			s.stack = append(s.stack, f)
			top = &s.stack[len(s.stack)-1]
			haveKey, class0 = false, none
			i++
		case '}', ']':
			i++
			if deep > 0 {
				if deep--; deep == 0 {
					s.add(deepFrom, i, quoted)
				}
				continue
			}
			if len(s.stack) == base {
				ok = false
				continue
			}
			if top.object != (c == '}') {
				ok = false
			}
			s.stack = s.stack[:len(s.stack)-1]
			top = nil
			if len(s.stack) > bottom {
				top = &s.stack[len(s.stack)-1]
			}
			haveKey, class0 = false, none
		case '"':
			end, escaped, closed := stringEnd(src, i+1)
			if deep > 0 {
				i = end + 1
				continue
			}
			if top != nil && top.object && !haveKey {
				if !closed {
					s.jsonText(src, i+1, end, escaped)
					return len(src), ok
				}
				key = span{start: i + 1, end: end}
				haveKey = true
				class0 = s.key(src, key, escaped, top)
				top = &s.stack[len(s.stack)-1] // the search of the key may have moved the stack
				i = end + 1
				continue
			}
			s.jsonString(src, i+1, end, escaped, closed, top, key, haveKey, class0)
			if top != nil {
				top = &s.stack[len(s.stack)-1]
			}
			i = end + 1
			haveKey, class0 = false, none
		default:
			end := i
			for end < len(src) && (class[src[end]]&wordByte != 0 || src[end] == '-' || src[end] == '+' || src[end] == '.') {
				end++
			}
			if end == i {
				ok = false
				i++
				continue
			}
			if deep == 0 {
				if !s.jsonScalar(src, i, end, top, key, haveKey, class0) {
					ok = false
				}
			}
			i = end
			if top != nil && top.object {
				haveKey, class0 = false, none
			}
		}
	}
	if deep > 0 {
		s.add(deepFrom, len(src), plain)
	}
	return len(src), ok
}

// stringEnd finds the quote that ends a string. Without one the string was cut off.
func stringEnd(src string, i int) (end int, escaped, closed bool) {
	for short := min(len(src), i+16); i < short; i++ {
		if c := src[i]; c == '"' {
			return i, escaped, true
		} else if c == '\\' {
			escaped = true
			i++
		}
	}
	if !escaped && i < len(src) { // long: by the machine's own search
		end := strings.IndexByte(src[i:], '"')
		if end < 0 {
			end = len(src) - i
		}
		if esc := strings.IndexByte(src[i:i+end], '\\'); esc < 0 {
			return i + end, false, i+end < len(src)
		}
	}
	for ; i < len(src); i++ {
		if c := src[i]; c == '"' {
			return i, escaped, true
		} else if c == '\\' {
			escaped = true
			i++
		}
	}
	return len(src), escaped, false
}

const (
	nameRole role = iota + 1
	valueRole
)

// root searches one JSON value that stands under a name of class c.
func (s *scan) root(src string, c nameClass) {
	if c < plural {
		s.document(src)
		return
	}
	saved := len(s.stack)
	s.stack = append(s.stack, frame{class: c})
	s.jsonIn(src, saved, false)
	s.stack = s.stack[:saved]
	s.settle(0)
}
