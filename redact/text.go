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
		if c&wordByte != 0 {
			start := i
			for i++; i < n && class[src[i]]&wordByte != 0; i++ {
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
		if c&(wordByte|trigger) == 0 {
			i++
			continue
		}
		if c&trigger != 0 {
			switch src[i] {
			case '-':
				if i+2 < n && (src[i+1] == '-' || i > 0 && src[i-1] == ' ') {
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
		for i++; i < n && class[src[i]]&wordByte != 0; i++ {
		}
		if start+2 >= n {
			return n
		}
		size := i - start
		switch {
		case x.has(src[start], src[start+1], src[start+2]):
			return start
		case c&digit != 0:
			if size >= 14 || size == 4 && i < n && class[src[start+1]]&class[src[start+2]]&class[src[i-1]]&digit != 0 && (src[i] == ' ' || src[i] == '-' || src[i] == '+') {
				return start
			}
		case c&upper != 0 && size >= 4 && class[src[start+2]]&digit != 0:
			return start
		}
		if (size >= 20 || i < n && src[i] == '-') && start > 0 && src[start-1] == '/' {
			return start
		}
	}
	return i
}

func hexQuad(q string) bool {
	return class[q[0]]&class[q[1]]&class[q[2]]&class[q[3]]&hexByte != 0
}

// word looks at a word that begins as a token or a keyword does, and returns where to go on.
func (s *scan) word(x *index, src string, start, end int) int {
	rules := x.rules[uint16(src[start])<<8|uint16(src[start+1])]
	for k := range rules {
		t := &rules[k]
		if strings.HasPrefix(src[start:], t.prefix) {
			if stop := s.match(t, src, start+len(t.prefix)); stop > 0 {
				s.add(start, stop, plain)
				return stop
			}
		}
	}
	switch w := src[start:end]; w[0] | 0x20 {
	case 'e':
		if strings.HasPrefix(w, "eyJ") {
			return s.jwt(src, start, end)
		}
	case 'b', 'd':
		if equalFold(w, "bearer") || equalFold(w, "basic") || equalFold(w, "dpop") {
			return s.scheme(src, start, end)
		}
	case 'p':
		if equalFold(w, "password") || equalFold(w, "passwd") || equalFold(w, "passphrase") {
			return s.spoken(src, end)
		}
	}
	if class[src[start]]&digit != 0 && end-start >= 3 {
		return s.number(src, start, end)
	}
	if end-start >= 4 && class[src[start]]&class[src[start+1]]&upper != 0 && class[src[start+2]]&digit != 0 {
		return s.iban(src, start, end)
	}
	return end
}

// firstLook is how far a rule reads that may yet find nothing. Only what is redacted, and so never read again, is longer.
const firstLook = 256

// match returns the end of the token whose prefix ends at i, or 0.
func (s *scan) match(t *rule, src string, i int) int {
	if t.re != nil {
		window := src[i:min(len(src), i+t.max)]
		s.work += len(window)
		if at := t.re.FindStringIndex(window); at != nil && at[0] == 0 && at[1] > 0 {
			return i + at[1]
		}
		return 0
	}
	stop := t.set.run(src, i, min(t.max, max(t.min, firstLook)))
	s.work += stop - i
	if t.exact && stop < len(src) && (t.set[src[stop]] || class[src[stop]]&wordByte != 0) {
		return 0
	}
	if stop-i < t.min {
		// The text may have been cut within the token.
		if stop == len(src) && t.set == upperSet && stop-i >= 4 { // AKIALUNC
			return stop
		}
		if stop != len(src) || t.has != "" || t.exact && t.min < 20 && stop-i < 6 || !cutToken(t.prefix, src[i:]) {
			return 0
		}
		return stop
	}
	if t.has != "" && !strings.Contains(src[i:stop], t.has) || !t.exact && !looksSecret(src[i:stop], 1) && !(stop == len(src) && cutDigits(t.prefix, src[i:])) {
		return 0
	}
	if !t.exact { // what follows belongs to it, however long
		stop = t.set.run(src, stop, len(src))
	}
	for stop > i+1 && (src[stop-1] == '.' || src[stop-1] == '-') {
		stop--
	}
	return stop
}

// cutToken says whether rest, which ends the text, may be the beginning of a token. Short prefixes are words too.
func cutToken(prefix, rest string) bool {
	if len(rest) < 4 {
		return false
	}
	return looksSecret(rest, 4) && (len(prefix) >= 4 || len(rest) >= 12)
}

// cutDigits says whether rest, which ends the text, may be the first numbers of a token such as xoxb-8902-0208-…
func cutDigits(prefix, rest string) bool {
	return len(prefix) >= 5 && prefix[0] == 'x' && len(rest) >= 10 && strings.Trim(rest, "0123456789-") == ""
}

// jwt redacts a signed or encrypted token, RFC 7519: base64url of {" and at least one dot.
func (s *scan) jwt(src string, start, end int) int {
	head := base64url.run(src, start, len(src))
	s.work += head - start
	if head == len(src) {
		if head-start >= 16 && joseHeader(src[start:head]) {
			s.add(start, head, plain)
		}
		return head
	}
	if src[head] != '.' || head-start < 10 {
		return max(end, head)
	}
	stop := head
	for stop < len(src) && (base64url[src[stop]] || src[stop] == '.') {
		stop++
	}
	s.work += stop - head
	cut := stop == len(src)
	for src[stop-1] == '.' && stop > head {
		stop--
	}
	if stop-head < 8 && !(cut && head-start >= 16 && joseHeader(src[start:head])) {
		return stop
	}
	s.add(start, stop, plain)
	return stop
}

// joseHeader tells the header of a token, which begins with one of a few members, from other JSON in base64.
func joseHeader(b64 string) bool {
	for _, p := range []string{"eyJhbGci", "eyJ0eXAi", "eyJraWQi", "eyJlbmMi", "eyJjdHki", "eyJ4NXQi", "eyJqa3Ui", "eyJ6aXAi"} {
		if strings.HasPrefix(b64, p) {
			return true
		}
	}
	return false
}
