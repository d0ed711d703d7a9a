package redact

import (
	"encoding/base64"
	"strings"
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
	return colon
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

// dashes looks at a hyphen behind a blank, or two: -----BEGIN of a private key, --password or -p of a command line, an
// arrow, or nothing.
func (s *scan) dashes(src string, i int) int {
	if i+2 >= len(src) {
		return i + 1
	}
	if src[i+1] != '-' {
		if src[i+1] == '>' && src[i+2] == ' ' { // password -> x
			return s.pair(src, i)
		}
		if src[i+2] == ' ' && strings.IndexByte("upab", src[i+1]) >= 0 {
			return s.shortFlag(src, i, i+3)
		}
		if src[i+1] == 'p' && hasFoldSuffix(command(src, i), "mysql") { // -p and the password in one word
			return s.shortFlag(src, i, i+2)
		}
		return s.goFlag(src, i)
	}
	if strings.HasPrefix(src[i:], "-----BEGIN ") {
		return s.pem(src, i)
	}
	if i > 0 && class[src[i-1]]&blank == 0 && src[i-1] != '"' && src[i-1] != '\'' {
		return i + 1
	}
	end := nameSet.run(src, i+2, maxName)
	if end == i+2 || end+1 >= len(src) || src[end] != ' ' || src[end+1] == '-' || class[src[end+1]]&blank != 0 {
		return i + 1
	}
	if src[i+2:end] == "user" {
		return s.shortFlag(src, end-2, end+1)
	}
	if src[i+2:end] == "cookie" {
		return end // the pairs in it are found as such
	}
	if s.r.classify(src[i+2:end]) != strong {
		return i + 1
	}
	from := end + 1
	if q := src[from]; q == '"' || q == '\'' {
		stop := closing(src, from+1, q, 0)
		s.add(from+1, stop, plain)
		return stop
	}
	stop := s.valueEnd(src, from, false)
	if !placeholder(src[from:stop]) {
		s.add(from, stop, plain)
	}
	return max(stop, i+1)
}

// goFlag redacts the value of -password x, with one hyphen as Go and Java have it, if it cannot be a word.
func (s *scan) goFlag(src string, i int) int {
	end := wordSet.run(src, i+1, maxCached)
	if end-i < 4 || end+1 >= len(src) || src[end] != ' ' || s.r.classify(src[i+1:end]) != strong {
		return i + 1
	}
	stop := s.valueEnd(src, end+1, false)
	if looksSecret(src[end+1:stop], 6) && !placeholder(src[end+1:stop]) {
		s.add(end+1, stop, plain)
		return stop
	}
	return i + 1
}

// command is the first word of the line that src[i] stands in, if it is near.
func command(src string, i int) string {
	before := src[max(0, i-64):i]
	if nl := strings.LastIndexByte(before, '\n'); nl >= 0 {
		before = before[nl+1:]
	}
	for _, w := range []string{"mysql", "redis-cli", "curl", "login", "sshpass"} {
		if at := strings.LastIndex(before, w); at >= 0 {
			return before[at : at+len(w)]
		}
	}
	return ""
}

// shortFlag redacts the secret in "-u user:password", "login -p password", "mysql -ppassword", "redis-cli -a password" and
// "curl -b name=value". The flag's letter is at i+1, its value begins at from.
func (s *scan) shortFlag(src string, i, from int) int {
	stop := from
	for stop < len(src) && stop < from+256 && class[src[stop]]&blank == 0 {
		stop++
	}
	s.work += stop - i
	cmd := command(src, i)
	at := from
	v := src[from:stop]
	switch src[i+1] {
	case 'p':
		if cmd != "login" && cmd != "sshpass" && (cmd != "mysql" || from != i+2) || !looksSecret(strings.Trim(v, `"'`), 6) {
			return i + 1
		}
	case 'a':
		if cmd != "redis-cli" {
			return i + 1
		}
	case 'b':
		eq := strings.IndexByte(v, '=')
		if cmd != "curl" || eq < 0 || v[0] == '"' || v[0] == '\'' {
			return i + 1
		}
		at += eq + 1
	default:
		colon := strings.IndexByte(v, ':')
		if colon < 0 {
			return i + 1
		}
		v = v[colon+1:]
		if trimmed := strings.Trim(v, `"'`); digits(trimmed) || !looksSecret(trimmed, 4) && cmd != "curl" {
			return i + 1
		}
		at += colon + 1
	}
	for at < stop && (src[at] == '"' || src[at] == '\'') {
		at++
	}
	for stop > at && (src[stop-1] == '"' || src[stop-1] == '\'') {
		stop--
	}
	if at == stop || placeholder(src[at:stop]) {
		return i + 1
	}
	s.add(at, stop, plain)
	return stop
}

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
