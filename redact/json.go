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
}

// any searches a text that may be JSON.
func (s *scan) any(src string) {
	i := 0
	for i < len(src) && (class[src[i]]&blank != 0) {
		i++
	}
	if i < len(src) && (src[i] == '{' || src[i] == '[') {
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
func (s *scan) json(src string) bool { return s.jsonIn(src, len(s.stack)) }

// jsonIn is json within the frames from bottom on: a frame that is there already stands for the value's name.
func (s *scan) jsonIn(src string, bottom int) bool {
	s.work += len(src)
	base := len(s.stack)
	var (
		key      span // of the member whose value comes next; start < 0: none
		haveKey  bool
		class0   nameClass // what that key says
		top      *frame
		deep     int // levels beyond maxDepth
		deepFrom int
		ok       = true
	)
	if base > bottom {
		top = &s.stack[base-1]
	}
	i := 0
	if strings.HasPrefix(src, "\ufeff") {
		i = 3
	}
	for i < len(src) {
		switch c := src[i]; c {
		case ' ', '\t', '\n', '\r':
			i++
		case ',':
			haveKey, class0 = false, none
			i++
		case ':':
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
					return ok
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
	return ok
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

// key judges the key of a member and looks for secrets in the key itself.
func (s *scan) key(src string, k span, escaped bool, top *frame) nameClass {
	name := src[k.start:k.end]
	if escaped {
		var buf [maxName * 2]byte
		if len(name) > maxName*2 {
			name = name[len(name)-maxName*2:]
		}
		name = string(appendUnescaped(buf[:0], name)) // rare: costs an allocation
	}
	if len(name) >= 16 {
		s.jsonText(src, k.start, k.end, escaped)
	}
	parent := src[top.name.start:top.name.end]
	return s.r.under(parent, name)
}

// jsonText searches the inside of a string.
func (s *scan) jsonText(src string, i, end int, escaped bool) {
	if end-i < shortest {
		return
	}
	first := len(s.spans)
	text := src[i:end]
	if !escaped {
		s.any(text)
		s.shift(first, i)
		return
	}
	if s.depth >= maxLayers-1 {
		s.text(text)
		s.shift(first, i)
		return
	}
	s.decoded(text, jsonLayer)
	s.shift(first, i)
}

// jsonString judges a string value.
func (s *scan) jsonString(src string, i, end int, escaped, closed bool, top *frame, key span, haveKey bool, c nameClass) {
	text := src[i:end]
	if top != nil && top.class > c {
		c = top.class
	}
	if top != nil && top.object && haveKey {
		switch pairRole(src[key.start:key.end]) {
		case nameRole:
			if k := s.r.classify(text); k >= plural && len(text) <= maxName {
				top.pair, top.pclass = true, k
				if top.value.end > 0 && secretText(k, src[top.value.start:top.value.end], false) {
					if top.vstring {
						s.add(top.value.start, top.value.end, plain)
					} else if k == strong {
						s.add(top.value.start, top.value.end, quoted)
					}
				}
			}
		case valueRole:
			if top.pair {
				c = max(c, top.pclass)
			} else {
				top.value, top.vstring = span{start: i, end: end}, true
			}
		}
	}
	if top != nil && !top.object && len(text) <= maxName { // ["Authorization", "Basic …"]
		if top.pclass >= plural && looksSecret(text, 8) {
			c = max(c, top.pclass)
		}
		top.pclass = groupClass(s.r.classify(text))
	}
	if c > queryOnly || c == looks {
		if secretText(c, text, false) || !closed && c >= plural {
			s.add(i, end, plain)
			return
		}
		if c >= plural {
			return
		}
	}
	s.jsonText(src, i, end, escaped)
}

// jsonScalar judges a number or a literal. It returns false for what JSON does not have.
func (s *scan) jsonScalar(src string, i, end int, top *frame, key span, haveKey bool, c nameClass) bool {
	text := src[i:end]
	switch text {
	case "true", "false", "null":
		return true
	}
	if class[text[0]]&digit == 0 && text[0] != '-' {
		return end == len(src) && strings.HasPrefix("true,false,null", text) // or cut off
	}
	if top != nil {
		c = max(c, top.class)
		if top.object && haveKey && pairRole(src[key.start:key.end]) == valueRole {
			if top.pair {
				c = max(c, top.pclass)
			} else {
				top.value, top.vstring = span{start: i, end: end}, false
			}
		}
	}
	if c == strong {
		s.add(i, end, quoted)
		return true
	}
	if len(text) >= 14 && len(text) <= 19 && digits(text) && card([]byte(text)) && !(haveKey && countName(src[key.start:key.end])) {
		s.add(i, end, quoted)
	}
	return true
}

// countName says that a number under this name is an identifier or a time.
func countName(name string) bool {
	start, stop := lastWord(name, len(name))
	if start < 0 {
		return false
	}
	var buf [longWord]byte
	switch string(lowered(&buf, name[start:stop])) {
	case "id", "ids", "ts", "time", "at", "timestamp", "ns", "us", "ms", "nanos", "micros", "seq", "offset", "size", "bytes", "count", "total", "version":
		return true
	}
	return false
}

type role uint8

const (
	nameRole role = iota + 1
	valueRole
)

// pairRole knows the keys of lists such as [{"name": "password", "value": "x"}].
func pairRole(key string) role {
	if len(key) > 9 || len(key) == 0 {
		return 0
	}
	if class[key[0]]&upper != 0 {
		key = strings.ToLower(key)
	}
	switch key {
	case "name", "key", "header", "field", "param", "parameter", "k", "n", "variable", "var", "attribute", "label", "property":
		return nameRole
	case "value", "values", "val", "v", "content", "data", "text", "default":
		return valueRole
	}
	return 0
}

// root searches one JSON value that stands under a name of class c.
func (s *scan) root(src string, c nameClass) {
	if c < plural {
		s.document(src)
		return
	}
	saved := len(s.stack)
	s.stack = append(s.stack, frame{class: c})
	s.jsonIn(src, saved)
	s.stack = s.stack[:saved]
	s.settle(0)
}
