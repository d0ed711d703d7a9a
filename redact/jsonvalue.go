package redact

import (
	"strings"
)

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
	if top != nil && top.object && haveKey && key.end-key.start <= 3 {
		s.keyPart(src, top, key, i, end)
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

// keyPart redacts the private members of a JSON Web Key, RFC 7518 section 6. Its "kty" may come after them.
func (s *scan) keyPart(src string, top *frame, key span, i, end int) {
	switch src[key.start:key.end] {
	case "kty":
		top.jwk = true
		for _, p := range top.parts {
			s.add(p.start, p.end, plain)
		}
	case "d", "p", "q", "dp", "dq", "qi", "k":
		if end-i < 16 || base64url.run(src, i, end-i) != end {
			return
		}
		if top.jwk {
			s.add(i, end, plain)
			return
		}
		for k := range top.parts {
			if top.parts[k].end == 0 {
				top.parts[k] = span{start: i, end: end}
				break
			}
		}
	}
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
