package redact

// An index finds the rules whose prefix may begin at a place: a look at three bytes tells that none does, nearly always.
type index struct {
	head  [256]bool // the first bytes: no digit but 1 and 4
	first [1 << 16 / 64]uint64
	rules map[uint16][]rule
}

// builtin is never changed after it is made.
var builtin = newIndex(vendors)

func newIndex(lists ...[]rule) *index {
	x := &index{rules: make(map[uint16][]rule)}
	for _, list := range lists {
		for _, t := range list {
			x.mark(t.prefix)
			k := uint16(t.prefix[0])<<8 | uint16(t.prefix[1])
			x.rules[k] = append(x.rules[k], t)
		}
	}
	// Words that rules of other shapes begin with, in any letter case.
	for _, w := range []string{"eyj", "bearer", "basic", "dpop", "password", "passwd", "passphrase"} {
		for bits := range 8 {
			b := []byte(w[:3])
			for i := range b {
				if bits>>i&1 != 0 {
					b[i] ^= 0x20
				}
			}
			x.mark(string(b))
		}
	}
	return x
}

// threeBytes spreads three bytes over 16 bits.
func threeBytes(a, b, c byte) uint32 {
	return (uint32(a) | uint32(b)<<8 | uint32(c)<<16) * 0x9E3779B1 >> 16
}

func (x *index) mark(prefix string) {
	k := threeBytes(prefix[0], prefix[1], prefix[2])
	x.head[prefix[0]] = true
	x.first[k>>6] |= 1 << (k & 63)
}

func (x *index) has(a, b, c byte) bool {
	k := threeBytes(a, b, c)
	return x.first[k>>6]>>(k&63)&1 != 0
}

// customIndex is the built-in index with the user's rules in front.
func customIndex(rules []rule) *index {
	if len(rules) == 0 {
		return nil
	}
	for _, t := range rules {
		if len(t.prefix) < 3 {
			return nil // New reports it
		}
	}
	return newIndex(rules, vendors)
}
