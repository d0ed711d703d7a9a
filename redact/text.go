package redact

import "strings"

// text searches a text of any kind, a word at a time. Only at the start of a word and at the few trigger bytes is
// anything looked up. Each byte is looked at a bounded number of times: a rule that reads ahead either consumes what it
// read or reads a bounded number of bytes.
func (s *scan) text(src string) {
	if len(src) < shortest {
		return
	}
	first := len(s.spans)
	s.work += len(src)
	x := s.r.index
	if x == nil {
		x = builtin
	}
	encoded, tried := layers(0), 0
	n := len(src)
	for i := x.quiet(src, 0); i < n; i = x.quiet(src, i) {
		c := class[src[i]]
		if c&inWord != 0 {
			start := i
			for i++; i < n && class[src[i]]&inWord != 0; i++ {
			}
			switch {
			case x.has(src[start], src[start+1], src[start+2]):
				i = s.word(x, src, start, i)
			case c&digit != 0:
				i = s.number(src, start, i)
			case c&upper != 0 && class[src[start+2]]&digit != 0:
				i = s.iban(src, start, i)
			}
			if start > 0 && src[start-1] == '/' {
				i = s.segment(src, start, i)
			}
			continue
		}
		switch src[i] {
		case '=', ':':
			i = s.pair(src, i)
		case '%':
			if encoded&percentLayer == 0 && i+2 < n && class[src[i+1]]&hexByte != 0 && class[src[i+2]]&hexByte != 0 {
				encoded |= percentLayer
			}
			i++
		case '\\':
			// The letter of an escape is not the start of a word: \nghp_…
			if i+5 < n && src[i+1] == 'u' && hexQuad(src[i+2:i+6]) {
				encoded |= jsonLayer
				i += 6
			} else if i+1 < n && strings.IndexByte(`nrtbf"\/`, src[i+1]) >= 0 {
				if src[i+1] == '"' || src[i+1] == '\\' { // JSON in a string
					encoded |= jsonLayer
				}
				i += 2
			} else {
				i++
			}
		case '-':
			i = s.dashes(src, i)
		case '{', '[':
			// JSON in a text is judged as JSON: its strings are read, its names have values. Where it is none, text it is.
			if i >= tried && i+2 < n && (src[i+1] == '"' || src[i+1] == '{' || src[i] == '{' && class[src[i+1]]&blank != 0) {
				end, ok := s.jsonWithin(src, i)
				if tried = end; ok {
					i = end
					continue
				}
			}
			i++
		case '<':
			i = s.element(src, i)
		case '\'':
			i = s.sqlLiteral(src, i)
		case '@':
			i = s.at(src, i)
		case '+':
			i = s.phone(src, i)
		case '~':
			i = s.entra(src, i)
		}
	}
	if encoded != 0 && s.depth < maxLayers-1 {
		// Once more with the escapes read: what they hide may be a name, a delimiter or a token.
		if encoded&percentLayer != 0 {
			s.decoded(src, percentLayer)
		}
		if encoded&jsonLayer != 0 {
			s.decoded(src, jsonLayer)
		}
	}
	if s.r.cfg.IPs {
		s.addresses(src)
	}
	if len(s.spans)-first > 1 {
		s.settle(first)
	}
}

// quiet is the next place from i on where a rule may begin, and the end of src where there is none. It keeps apart what
// nearly all bytes of nearly all texts go through.
func (x *index) quiet(src string, i int) int {
	for n := len(src); i < n; {
		c := class[src[i]]
		if c&(inWord|trigger) == 0 {
			i++
			continue
		}
		if c&trigger != 0 {
			switch src[i] {
			case '-':
				if i+2 < n && (src[i+1] == '-' || i > 0 && src[i-1] == ' ') {
					return i
				}
			case '~':
				if i >= 5 && src[i-1] == 'Q' {
					return i
				}
			case ':': // but not in 12:34 and 203.0.113.9:52144
				if i < 2 || i+1 == n || class[src[i-1]]&class[src[i+1]]&digit == 0 || class[src[i-2]]&digit == 0 && src[i-2] != '.' {
					return i
				}
			default:
				return i
			}
			i++
			continue
		}
		start := i
		for i++; i < n && class[src[i]]&inWord != 0; i++ {
		}
		if start+2 >= n {
			return n
		}
		size := i - start
		switch {
		case x.head[src[start]] && x.has(src[start], src[start+1], src[start+2]):
			return start
		case c&digit != 0:
			if size >= 14 || size == 4 && i < n && class[src[start+1]]&class[src[start+2]]&class[src[i-1]]&digit != 0 && (src[i] == ' ' || src[i] == '-' || src[i] == '+') {
				return start
			}
		case c&upper != 0 && size >= 4 && class[src[start+2]]&digit != 0:
			return start
		}
		if start > 0 && src[start-1] == '/' && (size >= 20 || i < n && src[i] == '-') {
			return start
		}
	}
	return i
}

func hexQuad(q string) bool {
	return class[q[0]]&class[q[1]]&class[q[2]]&class[q[3]]&hexByte != 0
}
