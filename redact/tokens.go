package redact

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// scheme redacts the credentials behind "Bearer" or "Basic" if they look it: "Bearer token missing" is a sentence, and
// "Bearer realm=api" a challenge.
func (s *scan) scheme(src string, start, end int) int {
	i := end
	if i >= len(src) || src[i] != ' ' && src[i] != ':' && src[i] != '+' {
		return end
	}
	for i < len(src) && i < end+4 && (src[i] == ' ' || src[i] == ':' || src[i] == '+') {
		i++
	}
	stop := tokenSet.run(src, i, firstLook)
	if stop == i+firstLook {
		if !looksSecret(src[i:stop], 16) {
			return end
		}
		stop = tokenSet.run(src, stop, len(src))
	}
	s.work += stop - i
	for stop > i && src[stop-1] == '.' {
		stop--
	}
	v := src[i:stop]
	if eq := strings.IndexByte(v, '='); eq >= 0 && strings.Trim(v[eq:], "=") != "" { // an auth-param, RFC 9110 section 11.2
		return end
	}
	if src[start]|0x20 == 'b' && src[start+1]|0x20 == 'a' {
		if basicCredentials(v) || looksSecret(v, 16) {
			s.add(i, stop, plain)
			return stop
		}
		return end
	}
	least := 12
	if stop == len(src) {
		least = 8
	}
	if looksSecret(v, least) {
		s.add(i, stop, plain)
		return stop
	}
	return end
}

// basicCredentials says whether v is base64 of user:password, RFC 7617.
func basicCredentials(v string) bool {
	if len(v) < 4 || len(v) > 1024 {
		return false
	}
	var buf [768]byte
	n, err := base64.RawStdEncoding.Decode(buf[:], []byte(strings.TrimRight(v, "=")))
	if err != nil {
		return false
	}
	colon := false
	for _, c := range buf[:n] {
		if c < ' ' || c == 0x7f {
			return false
		}
		colon = colon || c == ':'
	}
	return colon && utf8.Valid(buf[:n]) // "Basic Options" is no header
}

// spoken redacts "password x" and "password is x" where x cannot be a word.
func (s *scan) spoken(src string, end int) int {
	i := end
	if i >= len(src) || src[i] != ' ' {
		return end
	}
	i++
	for _, w := range []string{"is ", "was ", "to ", "of "} {
		if strings.HasPrefix(src[i:], w) {
			i += len(w)
			break
		}
	}
	stop := i
	for stop < len(src) && stop < i+256 && class[src[stop]]&blank == 0 {
		stop++
	}
	v := strings.Trim(src[i:stop], `"'`+"`.,;:()")
	if len(v) < 8 || !looksSecret(v, 8) || digits(v) || strings.ContainsAny(v, "=:/@<>()[]{}") || uuid(v) {
		return end
	}
	at := i + strings.Index(src[i:stop], v)
	s.add(at, at+len(v), plain)
	return at + len(v)
}

func uuid(v string) bool { return len(v) == 36 && v[8] == '-' && hexDashSet.run(v, 0, 36) == 36 }

// pem redacts a private key, RFC 7468, with its armor. One whose end is missing goes to the end of the text.
func (s *scan) pem(src string, i int) int {
	label := i + len("-----BEGIN ")
	end := strings.Index(src[label:min(len(src), label+80)], "-----")
	if end < 0 {
		if len(src)-label < 80 && strings.Contains(src[label:], "PRIVATE") { // cut within the armor
			s.add(i, len(src), plain)
			return len(src)
		}
		return label
	}
	if !strings.Contains(src[label:label+end], "PRIVATE KEY") {
		return label + end
	}
	body := label + end + len("-----")
	stop := strings.Index(src[body:], "-----END ")
	if stop < 0 {
		s.work += len(src) - body
		s.add(i, len(src), plain)
		return len(src)
	}
	stop += body + len("-----END ")
	s.work += stop - body
	if e := strings.Index(src[stop:min(len(src), stop+80)], "-----"); e >= 0 {
		stop += e + len("-----")
	} else {
		stop = min(len(src), stop+80)
	}
	s.add(i, stop, plain)
	return stop
}

// element redacts the text of an XML element with a sensitive name.
func (s *scan) element(src string, i int) int {
	end := nameSet.run(src, i+1, maxName)
	if end < len(src) && src[end] == ':' {
		end = nameSet.run(src, end+1, maxName)
	}
	name := src[i+1 : end]
	if end > i+1 && end < len(src) && src[end] == ' ' && !ordinary(name) { // attributes
		if gt := strings.IndexAny(src[end:min(len(src), end+firstLook)], "<>"); gt > 0 {
			end += gt
		}
	}
	if end == i+1 || end+1 >= len(src) || src[end] != '>' || src[end+1] == '<' {
		return i + 1
	}
	c := s.r.classify(name)
	if c < plural {
		return i + 1
	}
	stop := strings.IndexByte(src[end:], '<')
	if stop < 0 {
		stop = len(src) - end
	}
	s.work += stop
	if v := src[end+1 : end+stop]; secretText(c, strings.TrimSpace(v), true) {
		s.add(end+1, end+stop, plain)
	}
	if len(name) >= 20 { // may be a token between angle brackets
		return i + 1
	}
	return end + stop
}

// sqlLiteral redacts the literal in PASSWORD 'x' and IDENTIFIED BY 'x'.
func (s *scan) sqlLiteral(src string, i int) int {
	if i < 3 || src[i-1] != ' ' {
		return i + 1
	}
	before := src[max(0, i-24) : i-1]
	at := strings.LastIndexAny(before, " \t\n(,;")
	w := before[at+1:]
	if !equalFold(w, "password") && !equalFold(w, "passwd") && !(equalFold(w, "by") && hasFoldSuffix(before[:max(at, 0)], "identified")) {
		return i + 1
	}
	stop := closing(src, i+1, '\'', 0)
	s.work += stop - i
	if v := src[i+1 : stop]; !placeholder(v) && v != "%" {
		s.add(i+1, stop, plain)
	}
	return stop
}

// escapeLetter says whether the letter at i is that of \n, \r or \t.
func escapeLetter(src string, i int) bool {
	return i > 0 && src[i-1] == '\\' && strings.IndexByte("nrt", src[i]) >= 0
}

// entra redacts a client secret of Microsoft Entra ID, which has no prefix: three bytes, a digit, Q~, and 31 to 34 more.
func (s *scan) entra(src string, i int) int {
	if i < 5 || src[i-1] != 'Q' || class[src[i-2]]&digit == 0 {
		return i + 1
	}
	start := i - 5
	if entraSet.run(src, start, 3) < i-2 || start > 0 && class[src[start-1]]&inWord != 0 && !escapeLetter(src, start-1) {
		return i + 1
	}
	stop := entraSet.run(src, i+1, 35)
	s.work += stop - start
	for src[stop-1] == '.' {
		stop--
	}
	if n := stop - i - 1; n > 34 || n < 31 && (stop < len(src) || n < 8) {
		return i + 1
	}
	s.add(start, stop, plain)
	return stop
}
