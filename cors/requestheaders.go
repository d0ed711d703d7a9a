package cors

import "strings"

// checkHeaders reads Access-Control-Request-Headers. Browsers send one line of sorted, unique names in lower case;
// gateways split it over lines, reorder it or put spaces in (rs/cors#184), and none of that is a reason to refuse.
//
// Work is bounded three times: by bytes, before anything is read; by names; and by empty elements. Without that a
// megabyte of commas is a denial of service (GO-2024-2883).
func (p *policy) checkHeaders(v *verdict, lines []string) {
	if len(lines) == 0 || len(lines) == 1 && lines[0] == "" {
		return
	}
	// Lines count for a byte each, so that empty ones are bounded too.
	size := 0
	for _, line := range lines {
		if size += len(line) + 1; size > p.maxHeaderBytes { // counted first: nothing longer is looked at
			v.cause = headersTooMany
			return
		}
	}
	names, empty := 0, 0
	tidy := len(lines) == 1 // as a browser writes it: what was asked is the answer
	for _, line := range lines {
		for more := true; more; {
			var element string
			element, line, more = strings.Cut(line, ",")
			name := trimOWS(element)
			if name == "" { // RFC 9110 section 5.6.1.2: a recipient must ignore some
				tidy = false
				if empty++; empty > maxEmptyElements {
					v.cause = headersEmpty
					return
				}
				continue
			}
			if names++; names > p.maxHeaderNames {
				v.cause = headersTooMany
				return
			}
			lower, why := p.checkHeader(name)
			if why != allowed {
				v.cause, v.culprit = why, name
				return
			}
			tidy = tidy && lower && len(name) == len(element)
		}
	}
	// Nearly always: no allocation, and the client's own string.
	if tidy {
		v.headers = lines[0]
		return
	}
	v.headers = joinNames(lines, size)
}

// checkHeader says whether one name is allowed, and whether it is in lower case already.
func (p *policy) checkHeader(name string) (lower bool, why cause) {
	if _, ok := p.headers[name]; ok {
		return true, allowed
	}
	var buf [64]byte // names of usual length are folded without an allocation
	folded := appendLower(buf[:0], name)
	if _, ok := p.headers[string(folded)]; ok {
		return false, allowed
	}
	switch {
	case !isToken(name):
		return false, headerMalformed
	case !p.anyHeader:
		return false, headerUnlisted
	case string(folded) == "authorization":
		return false, headerUnnamed
	}
	return string(folded) == name, allowed
}

// appendLower folds ASCII only: strings.ToLower also maps letters beyond ASCII onto ASCII.
func appendLower(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// trimOWS is RFC 9110 section 5.6.3.
func trimOWS(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// joinNames writes the names of checked lines the way a browser would. Browsers compare names without case (Fetch
// section 4.8), so the answer need not be written as the question was.
func joinNames(lines []string, size int) string {
	joined := make([]byte, 0, size)
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			name := trimOWS(element)
			if name == "" {
				continue
			}
			if len(joined) > 0 {
				joined = append(joined, ',')
			}
			joined = appendLower(joined, name)
		}
	}
	return string(joined)
}
