package redact

// segment looks at the part of a path that begins at start: /reset-password/Zk3…, /token/Zk3… It is a secret if one of the
// two in front has a sensitive name and it is long and of all kinds of characters, as no UUID, hash or slug is.
func (s *scan) segment(src string, start, wordEnd int) int {
	end := base64url.run(src, start, firstLook)
	s.work += end - start
	if end-start < 20 || end < len(src) && src[end] == '.' || !mixed(src[start:end]) {
		return wordEnd
	}
	for tries, at := 0, start-1; tries < 2 && at > 0; tries++ {
		i := at
		for i > 0 && at-i < longWord && (class[src[i-1]]&alnum != 0 || src[i-1] == '-' || src[i-1] == '_') {
			i--
		}
		if i == 0 || src[i-1] != '/' {
			break
		}
		if groupClass(s.r.classify(src[i:at])) != none {
			end = base64url.run(src, end, len(src))
			s.add(start, end, inURL)
			return end
		}
		at = i - 1
	}
	return wordEnd
}

// mixed says whether v has capitals, small letters and digits, among each other.
func mixed(v string) bool {
	have, turns := uint8(0), 0
	for i := 0; i < len(v); i++ {
		c := class[v[i]] & alnum
		have |= c
		if i > 0 && c != class[v[i-1]]&alnum {
			turns++
		}
	}
	return have == alnum && turns >= 6
}
