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
	if len(s.r.names) == 0 && ordinary(src[max(0, nameEnd-maxName):nameEnd]) {
		return p + 1
	}
	name, from, quotedName := nameBefore(src, nameEnd)
	if name == "" {
		return p + 1
	}
	var buf [maxName]byte
	if strings.IndexByte(name, '%') >= 0 {
		name = string(appendPercentDecoded(buf[:0], name))
	}
	c := s.r.classify(name)
	if c == none {
		return p + 1
	}
	colon := src[p] == ':'
	i := p + 1
	for i < n && i < p+3 && (src[i] == '=' || src[i] == '>' || src[i] == ':') { // => := ==
		colon = false
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
	} else if c < plural {
		return i
	}
	return max(end, i)
}

// inQuery says whether the name at from, with its value at i, is a parameter of a query: a ? or & is in front of it, or it
// begins the text and a & comes behind it.
func inQuery(src string, from, i int) bool {
	if from > 0 {
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

// closing is the end of a quoted text whose opening quote had slashes backslashes in front of it: the next such quote with
// no more of them. A text that is not closed goes to the end of its line.
func closing(src string, i int, quote byte, slashes int) int {
	if slashes == 0 {
		for ; i < len(src); i++ {
			switch src[i] {
			case quote:
				return i
			case '\\':
				i++
			}
		}
		return len(src)
	}
	count := 0
	for ; i < len(src); i++ {
		switch src[i] {
		case '\\':
			count++
			continue
		case quote:
			if count <= slashes {
				return i - count
			}
		}
		count = 0
	}
	return len(src)
}

// valueEnd is the end of a value without quotes. Commas and closing brackets belong to it where it plainly goes on.
func (s *scan) valueEnd(src string, i int, query bool) int {
	start := i
	for ; i < len(src); i++ {
		c := src[i]
		if class[c]&wordByte != 0 {
			continue
		}
		switch c {
		case '"', '`', '<', '&', '|':
			if c == '<' && i == start { // token=<nil>
				if e := strings.IndexByte(src[i:min(len(src), i+12)], '>'); e > 0 {
					s.work += e
					return i + e + 1
				}
			}
			s.work += i - start
			return i
		case '\'':
			if i == start || i+1 == len(src) || class[src[i+1]]&alnum == 0 {
				return i
			}
		case '#':
			if query {
				return i
			}
		case ',', ';', ')', ']', '}', '>':
			if i+1 == len(src) || class[src[i+1]]&(alnum|other) == 0 && !(query && src[i+1] == '=') || !query && c == ',' && nameFollows(src, i+1) || !query && c == ';' && nameFollows(src, i+1) {
				if c != '}' || src[start] != '$' {
					s.work += i - start
					return i
				}
			}
		case '\\':
			if i+1 < len(src) && strings.IndexByte(`nrt"'`, src[i+1]) >= 0 {
				s.work += i - start
				return i
			}
		default:
			if class[c]&blank != 0 {
				s.work += i - start
				return i
			}
		}
	}
	s.work += i - start
	return i
}

// nameFollows says whether another name=value begins at i.
func nameFollows(src string, i int) bool {
	end := nameSet.run(src, i, 40)
	if end == i || end == len(src) {
		return false
	}
	return src[end] == '=' || src[end] == ':' || src[end] == ';'
}

// bracketed redacts what a sensitive name has in brackets: the dump of a header, a list or a map.
func (s *scan) bracketed(src string, i int, c nameClass) int {
	if c < plural {
		return i
	}
	open, depth := src[i], 0
	closer := open + 2 // [ ] and { }
	if open == '(' {
		closer = ')'
	}
	end, limit := i, min(len(src), i+2*firstLook)
	for ; end < limit && src[end] != '\n'; end++ {
		if src[end] == open {
			depth++
		} else if src[end] == closer {
			if depth--; depth == 0 {
				break
			}
		}
	}
	s.work += end - i
	if v := src[i+1 : end]; secretText(c, v, true) && !masked(src[i:min(len(src), end+1)]) && looksSecret(v, 4) {
		s.add(i+1, end, plain)
		return end
	}
	return i + 1
}

// isHeader says whether the values of a name have more than one word.
func isHeader(name string) bool {
	return hasFoldSuffix(name, "authorization") || hasFoldSuffix(name, "cookie")
}

func hasFoldSuffix(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

// headerValue is the end of "Bearer x" behind "Authorization:", or of "a=b; c=d" behind "Cookie:"; i if it is neither.
func headerValue(src string, i int, name string) int {
	if hasFoldSuffix(name, "cookie") {
		eq := tokenSet.run(src, i, maxRun)
		if strings.IndexByte(src[i:eq], '=') < 0 {
			return i
		}
		return cookiesEnd(src, i, lineEnd(src, i, "\"'`"))
	}
	first := nameSet.run(src, i, 40)
	if first == i || first+1 >= len(src) || src[first] != ' ' || class[src[first+1]]&blank != 0 {
		return i
	}
	switch scheme := strings.ToLower(src[i:first]); scheme {
	case "digest", "hawk", "oauth", "aws4-hmac-sha256", "signature", "token", "gnap", "mac":
		return lineEnd(src, first, "'") // parameters with quotes
	case "basic", "bearer", "negotiate", "ntlm", "apikey", "dpop", "key", "privatetoken", "splunk", "bot", "jwt", "sso-key", "genieky":
		stop := first + 1
		stop = tokenSet.run(src, stop, firstLook)
		if looksSecret(src[first+1:stop], 4) || stop == len(src) && stop-first > 4 {
			return tokenSet.run(src, stop, len(src))
		}
	}
	return i
}

// lineEnd is the end of the line, or of the text in front of one of the quotes.
func lineEnd(src string, i int, quotes string) int {
	for i < len(src) && src[i] != '\n' && src[i] != '\r' && strings.IndexByte(quotes, src[i]) < 0 {
		i++
	}
	return i
}

// cookiesEnd is the end of a list of cookies: words joined by "; ".
func cookiesEnd(src string, i, end int) int {
	for i < end {
		for i < end && class[src[i]]&blank == 0 {
			i++
		}
		if i < end && src[i-1] == ';' {
			i++
			continue
		}
		break
	}
	return i
}
