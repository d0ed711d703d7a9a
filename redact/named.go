package redact

import "strings"

// named looks at name="password" and key="ApiKey", whose = is at p: the value comes after it, as the value="…" of the same
// XML element or as the body of a part of multipart/form-data.
func (s *scan) named(src string, p int) int {
	if p < 3 || p+2 >= len(src) || src[p+1] != '"' || !hasFoldSuffix(src[p-3:p], "key") && !hasFoldSuffix(src[max(0, p-4):p], "name") {
		return p + 1
	}
	end := strings.IndexByte(src[p+2:min(len(src), p+2+maxName)], '"')
	if end <= 0 {
		return p + 1
	}
	end += p + 2
	s.work += end - p
	c := s.r.classify(src[p+2 : end])
	if c < plural {
		return p + 1
	}
	rest := src[end+1:]
	if v := strings.TrimLeft(rest[:min(len(rest), 16)], " \t"); len(v) > 7 && equalFold(v[:7], `value="`) {
		from := end + 1 + strings.IndexByte(rest, '"') + 1
		stop := closing(src, from, '"', 0)
		s.work += stop - from
		if secretText(c, src[from:stop], true) {
			s.add(from, stop, plain)
		}
		return stop
	}
	if len(rest) > 1 && rest[0] == '>' && rest[1] != '<' { // <entry key="ApiKey">x</entry>
		from := end + 2
		stop := from
		for stop < len(src) && src[stop] != '<' && src[stop] != '\n' {
			stop++
		}
		s.work += stop - from
		if stop < len(src) && src[stop] == '<' && secretText(c, src[from:stop], true) {
			s.add(from, stop, plain)
		}
		return stop
	}
	head := rest[:min(len(rest), 2*firstLook)] // further fields of the part's header
	s.work += len(head)
	body := strings.Index(head, "\r\n\r\n")
	if body < 0 {
		return end
	}
	from := end + 1 + body + len("\r\n\r\n")
	stop := strings.Index(src[from:], "\r\n--")
	if stop < 0 {
		stop = len(src) - from
	}
	s.work += stop
	if secretText(c, src[from:from+stop], true) {
		s.add(from, from+stop, plain)
	}
	return from + stop
}

// listed looks at the : at p, behind a word that names things: is it {"name": "password", "value": "x"} or the same in
// YAML? The value must follow at once.
func (s *scan) listed(src string, p, nameEnd int) int {
	const quotes = "\"'\\ "
	name, _, _ := nameBefore(src, nameEnd)
	if pairRole(name) != nameRole {
		return p + 1
	}
	from := skip(src, p+1, quotes, 8)
	end := nameSet.run(src, from, maxCached)
	s.work += end - p
	c := s.r.classify(src[from:end])
	if c < plural {
		return p + 1
	}
	key := skip(src, end, quotes+",\r\n\t", 24)
	stop := alnumSet.run(src, key, 8)
	s.work += stop - end
	if pairRole(src[key:stop]) != valueRole {
		return p + 1
	}
	at := skip(src, stop, quotes[:3], 4)
	if at >= len(src) || src[at] != ':' {
		return p + 1
	}
	at = skip(src, at+1, " ", 8)
	slashes := skip(src, at, "\\", 8) - at
	if q := at + slashes; q < len(src) && (src[q] == '"' || src[q] == '\'') {
		at, stop = q+1, closing(src, q+1, src[q], slashes)
		s.work += stop - at
	} else {
		stop = s.valueEnd(src, at, false)
	}
	if secretText(c, src[at:stop], true) {
		s.add(at, stop, plain)
	}
	return max(stop, p+1)
}

// skip is the first place from i on, at most most bytes further, that is none of the bytes of set.
func skip(src string, i int, set string, most int) int {
	for end := min(len(src), i+most); i < end && strings.IndexByte(set, src[i]) >= 0; {
		i++
	}
	return i
}

// entity is the length of a quote in HTML that text ends in, or 0.
func entity(text string) int {
	for _, e := range []string{"&quot;", "&#34;", "&#39;", "&apos;", "&#x22;", "&#x27;"} {
		if strings.HasSuffix(text, e) {
			return len(e)
		}
	}
	return 0
}
