package redact

import "strings"

// word looks at a word that begins as a token or a keyword does, and returns where to go on.
func (s *scan) word(x *index, src string, start, end int) int {
	rules := x.rules[uint16(src[start])<<8|uint16(src[start+1])]
	for k := range rules {
		t := &rules[k]
		if strings.HasPrefix(src[start:], t.prefix) {
			if stop := s.match(t, src, start+len(t.prefix)); stop > 0 {
				if t.within {
					start = s.front(src, start)
				}
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
		if t.lead > 0 && t.set.run(src, i, t.lead) < i+t.lead {
			return 0
		}
		window := src[i:min(len(src), i+t.max)]
		s.work += len(window)
		if at := t.re.FindStringIndex(window); at != nil && at[0] == 0 && at[1] > 0 {
			return i + at[1]
		}
		return 0
	}
	stop := t.set.run(src, i, min(t.max, max(t.min, firstLook)))
	s.work += stop - i
	if t.exact && stop < len(src) && (class[src[stop]]&inWord != 0 || t.set[src[stop]] && stop+1 < len(src) && t.set[src[stop+1]]) {
		return 0 // but the dot at the end of a sentence is not of it
	}
	run := src[i:stop]
	if t.common && !scrambled(run, t.set) {
		return 0
	}
	if len(run) < t.min {
		// The text may have been cut within the token.
		switch {
		case stop < len(src) || t.whole || !strings.Contains(run, t.has) || t.within && i-len(t.prefix)-s.front(src, i-len(t.prefix)) < 12:
			return 0
		case t.set == upperSet: // AKIALUNC
			if len(run) < 4 {
				return 0
			}
		case t.common:
			if len(run) < t.min*3/4 || !strings.ContainsAny(run, "0123456789") {
				return 0
			}
		case t.exact && (t.min < 20 && len(run) < 6 || !strings.ContainsAny(run, "0123456789")), !cutToken(t.prefix, run):
			return 0
		}
		return stop
	}
	if t.exact && t.set != upperSet && !strings.ContainsAny(run, "0123456789") && !scrambled(run, t.set) {
		return 0
	}
	if t.has != "" && !strings.Contains(run, t.has) || !t.exact && !t.user && !looksSecret(run, 1) && !(stop == len(src) && cutDigits(t.prefix, run)) {
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

// front is where a token begins of which i is behind a dot.
func (s *scan) front(src string, i int) int {
	if i == 0 || src[i-1] != '.' {
		return i
	}
	at := i - 1
	for at > 0 && i-at < 32 && class[src[at-1]]&alnum != 0 {
		at--
	}
	s.work += i - at
	return at
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
