package cors

import "strings"

// checkHeaders reads Access-Control-Request-Headers. Browsers send one line of sorted, unique names in lower case;
// gateways split it over lines, reorder it or put spaces in (rs/cors#184), and none of that is a reason to refuse.
func (p *policy) checkHeaders(v *verdict, lines []string) {
	if len(lines) == 0 || len(lines) == 1 && lines[0] == "" {
		return
	}
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
			name := strings.Trim(element, " \t")
			if name == "" {
				tidy = false
				if empty++; empty > maxEmptyElements {
					v.cause = headersTooMany
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
	if len(name) > p.longestHeader && !p.anyHeader {
		return false, headerUnlisted
	}
	if !isToken(name) { // before ToLower, which maps letters beyond ASCII onto ASCII
		return false, headerMalformed
	}
	folded := strings.ToLower(name)
	if _, ok := p.headers[folded]; ok {
		return false, allowed
	}
	switch {
	case !p.anyHeader:
		return false, headerUnlisted
	case folded == "authorization":
		return false, headerUnnamed
	}
	return folded == name, allowed
}

// joinNames writes the names of checked lines the way a browser would.
func joinNames(lines []string, size int) string {
	var b strings.Builder
	b.Grow(size)
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			name := strings.Trim(element, " \t")
			if name == "" {
				continue
			}
			if b.Len() > 0 {
				b.WriteByte(',')
			}
			for i := range len(name) {
				c := name[i]
				if 'A' <= c && c <= 'Z' {
					c |= 0x20
				}
				b.WriteByte(c)
			}
		}
	}
	return b.String()
}
