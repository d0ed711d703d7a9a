package redact

import "strings"

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
