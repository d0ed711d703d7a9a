package redact

import "strings"

// pair looks at the = or : at p: is what stands in front a sensitive name, and what follows a value? It returns where
// to go on.
func (s *scan) pair(src string, p int) int {
	n := len(src)
	if src[p] == ':' && p+2 < n && src[p+1] == '/' && src[p+2] == '/' {
		return s.authority(src, p)
	}
	if p+1 == n {
		return n
	}
	nameEnd, html := p, 0
	if p > 0 && src[p-1] == ';' { // &quot;password&quot;:&quot;…
		html = entity(src[max(0, p-8):p])
		nameEnd -= html
	}
	if src[p] == '=' && src[p+1] == '"' {
		if next := s.named(src, p); next > p+1 {
			return next
		}
	}
	if !s.r.custom() && ordinary(src[max(0, nameEnd-maxName):nameEnd]) {
		if nameEnd >= 4 && src[p] == ':' && hasFoldSuffix(src[nameEnd-3:nameEnd], "ame") || nameEnd >= 5 && src[nameEnd-1] == '"' && src[nameEnd-2] == 'e' {
			return s.listed(src, p, nameEnd)
		}
		return p + 1
	}
	name, from, quotedName := nameBefore(src, nameEnd)
	if name == "" {
		return p + 1
	}
	if !quotedName && name[len(name)-1] == ')' && (src[p] != '=' || p+1 == n || src[p+1] != '(') {
		return p + 1
	}
	var buf [maxName]byte
	if strings.IndexByte(name, '%') >= 0 {
		name = string(appendPercentDecoded(buf[:0], name))
	}
	c := s.r.classify(name)
	switch {
	case c == queryOnly && src[p] == ':' && pairRole(name) == nameRole: // key: ApiKey, value: x
		return s.listed(src, p, nameEnd)
	case c == none:
		return p + 1
	}
	colon := src[p] != '=' // or an arrow: what follows may be prose
	i := p + 1
	for i < n && i < p+3 && (src[i] == '=' || src[i] == '>' || src[i] == ':') { // => := == ->
		colon = src[p] == '-'
		i++
	}
	if colon && !quotedName && from > 0 && src[from-1] == ':' { // arn:aws:secretsmanager:…:secret:name
		return p + 1
	}
	query := !colon && inQuery(src, from, i)
	if c == queryOnly && !query && (colon || from > 0 && src[from-1] != ';') {
		return p + 1
	}
	// "secret = x" has a value behind the blank, "password= user=x" has none.
	spaced := colon || class[src[p-1]]&blank != 0 || quotedName
	gap := i
	if spaced {
		for i < n && i < gap+16 && (src[i] == ' ' || src[i] == '\t' || quotedName && (class[src[i]]&blank != 0 || src[i] == '+')) {
			i++
		}
		if i == gap && colon && i < n && (src[i] == '\n' || src[i] == '\r') {
			return i
		}
	}
	if html > 0 && i < n && src[i] == '&' {
		if e := strings.IndexByte(src[i:min(n, i+8)], ';'); e > 0 && entity(src[i:i+e+1]) > 0 {
			i += e + 1
			end := i
			for end < n && src[end] != '&' && src[end] != '<' && src[end] != '\n' {
				end++
			}
			s.work += end - i
			if secretText(c, src[i:end], false) && c >= plural {
				s.add(i, end, plain)
			}
			return end
		}
	}
	if i >= n {
		return n
	}
	slashes := 0
	for i+slashes < n && src[i+slashes] == '\\' {
		slashes++
	}
	if q := i + slashes; q < n && (src[q] == '"' || src[q] == '\'' || src[q] == '`') {
		end := closing(src, q+1, src[q], slashes)
		s.work += end - q
		if secretText(c, src[q+1:end], false) {
			s.add(q+1, end, plain)
		}
		return max(end, p+1)
	}
	if src[i] == '[' || src[i] == '(' || src[i] == '{' && c >= plural {
		return s.bracketed(src, i, c)
	}
	if c == strong && isHeader(name) {
		if end := headerValue(src, i, name); end > i {
			s.work += end - i
			s.add(i, end, plain)
			return end
		}
	}
	end := 0
	if c >= plural {
		end = s.valueEnd(src, i, query)
	} else if end = s.valueEnd(src[:min(len(src), i+firstLook)], i, query); looksSecret(src[i:end], 16) {
		end = s.valueEnd(src, i, query)
	}
	v := src[i:end]
	if quotedName && colon && c == strong && scalar(v) && !placeholder(v) {
		s.add(i, end, quoted)
		return end
	}
	if secretText(c, v, true) && (!colon || looksSecret(v, 4) || pinLike(c, v)) {
		f := plain
		if query {
			f = inURL
		}
		s.add(i, end, f)
	} else if c == queryOnly && end == n && (hasFoldSuffix(name, "sig") || hasFoldSuffix(name, "signature")) && looksSecret(v, 8) { // cut
		s.add(i, end, inURL)
	} else if c < plural {
		return i
	}
	return max(end, i)
}

// inQuery says whether the name at from, with its value at i, is a parameter of a query: a ? or & is in front of it, or it
// begins a word and a & comes behind it.
func inQuery(src string, from, i int) bool {
	if from > 0 && class[src[from-1]]&blank == 0 && strings.IndexByte(`="'`, src[from-1]) < 0 {
		return src[from-1] == '?' || src[from-1] == '&'
	}
	for end := min(len(src), i+maxRun); i < end && class[src[i]]&blank == 0 && src[i] != '"'; i++ {
		if src[i] == '&' {
			return true
		}
	}
	return false
}

// secretText decides about a text under a sensitive name.
func secretText(c nameClass, v string, bare bool) bool {
	switch {
	case bare && placeholder(v), masked(v):
		return false
	case c == strong:
		return true
	case c == plural:
		return !digits(v)
	}
	return looksSecret(v, 16) && !sentence(v)
}

// sentence says that v is several words.
func sentence(v string) bool { return strings.Count(v, " ") > 1 }

// pinLike lets the numbers through that "pin: 4831" is meant for, not "password: 2 attempts left".
func pinLike(c nameClass, v string) bool {
	return c == strong && len(v) >= 3 && strings.Trim(v, "0123456789-") == "" && v[0] != '-'
}

func digits(v string) bool {
	for i := 0; i < len(v); i++ {
		if class[v[i]]&digit == 0 {
			return false
		}
	}
	return true
}

// scalar says that v is a JSON number.
func scalar(v string) bool {
	return v != "" && (class[v[0]]&digit != 0 || v[0] == '-') && strings.Trim(v, "0123456789+-.eE") == ""
}

// nameBefore finds the name that ends in front of p: a quoted text, or a run of name bytes, together with the word before
// it where "API key:" needs that. from is where it begins, quotes not counted.
func nameBefore(src string, p int) (name string, from int, quotedName bool) {
	end := p
	for end > 0 && p-end < 8 && (src[end-1] == ' ' || src[end-1] == '\t') {
		end--
	}
	if end == 0 {
		return "", 0, false
	}
	low := max(0, end-maxName)
	if src[end-1] == ')' { // Key (token)=(x), as PostgreSQL says it
		if i := strings.LastIndexByte(src[low:end], '('); i >= 0 {
			return src[low+i : end], low + i, false
		}
		return "", 0, false
	}
	if q := src[end-1]; q == '"' || q == '\'' || q == '`' {
		end--
		for end > low && src[end-1] == '\\' {
			end--
		}
		i := end
		for i > low && src[i-1] != q && class[src[i-1]]&(blank&^class[' ']) == 0 && src[i-1] != '\n' {
			i--
		}
		return src[i:end], i, true
	}
	i := end
	for i > low && nameByte(src[i-1]) {
		i--
	}
	if i > low+1 && src[i-1] == ' ' && end-i <= 8 && end > i {
		var buf [longWord]byte
		if words[string(lowered(&buf, src[i:end]))].filler {
			return nameBefore(src[:i], i)
		}
		if words[string(lowered(&buf, src[i:end]))].partner != 0 {
			for i--; i > low && nameByte(src[i-1]); i-- {
			}
		}
	}
	return src[i:end], i, false
}

func nameByte(c byte) bool {
	if class[c]&wordByte != 0 {
		return true
	}
	switch c {
	case '-', '.', '[', ']', '%', '$':
		return true
	}
	return false
}
