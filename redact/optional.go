package redact

import (
	"net/netip"
	"strings"
)

// phone redacts an international number, E.164: a plus, 8 to 15 digits, blanks, dots, hyphens and brackets among them.
func (s *scan) phone(src string, i int) int {
	if !s.r.cfg.Phones || i+1 >= len(src) || class[src[i+1]]&digit == 0 || i > 0 && class[src[i-1]]&wordByte != 0 {
		return i + 1
	}
	n, end := 0, i+1
	for j := i + 1; j < len(src) && n <= 16; j++ {
		if class[src[j]]&digit != 0 {
			n++
			end = j + 1
		} else if strings.IndexByte(" .-()/", src[j]) < 0 || j-end > 2 {
			break
		}
	}
	if n < 8 || n > 15 {
		return i + 1
	}
	s.add(i, end, plain)
	return end
}

// addresses redacts IP addresses.
func (s *scan) addresses(src string) {
	s.work += len(src)
	for i := 0; i < len(src); {
		c := class[src[i]]
		if c&hexByte == 0 && src[i] != ':' || i > 0 && class[src[i-1]]&wordByte != 0 {
			i++
			continue
		}
		end, dots, colons := i, 0, 0
		for ; end < len(src) && end < i+46; end++ {
			if src[end] == '.' {
				dots++
			} else if src[end] == ':' {
				colons++
			} else if class[src[end]]&hexByte == 0 {
				break
			}
		}
		stop := end
		if colons == 1 && dots == 3 { // 203.0.113.9:52144
			stop = i + strings.IndexByte(src[i:end], ':')
		}
		for stop > i && (src[stop-1] == '.' || src[stop-1] == ':' && !strings.HasSuffix(src[i:stop], "::")) {
			stop--
		}
		if dots == 3 || dots == 4 || colons >= 2 {
			if _, err := netip.ParseAddr(src[i:stop]); err == nil && (stop == len(src) || class[src[stop]]&wordByte == 0) {
				s.add(i, stop, plain)
			}
		}
		i = max(end, i+1)
	}
}
