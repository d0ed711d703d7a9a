package redact

import (
	"strings"
)

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
		return cookiesEnd(src, i)
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

// cookiesEnd is the end of a list of cookies: words joined by "; ", no quotes in them. It reads no further than that.
func cookiesEnd(src string, i int) int {
	for i < len(src) {
		for i < len(src) && class[src[i]]&blank == 0 && src[i] != '"' && src[i] != '\'' && src[i] != '`' {
			i++
		}
		if i == len(src) || src[i] != ' ' || src[i-1] != ';' {
			break
		}
		i++
	}
	return i
}
