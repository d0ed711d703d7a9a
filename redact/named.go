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

// entity is the length of a quote in HTML that text ends in, or 0.
func entity(text string) int {
	for _, e := range []string{"&quot;", "&#34;", "&#39;", "&apos;", "&#x22;", "&#x27;"} {
		if strings.HasSuffix(text, e) {
			return len(e)
		}
	}
	return 0
}
