package cors

// isPunycode says whether s decodes as RFC 3492 section 6.2 describes, to something that needed encoding. A browser
// refuses a host with any other label behind "xn--", so that such an origin could never match. What it decodes to is not
// looked at: that would take the tables of IDNA.
func isPunycode(s string) bool {
	const base, tMin, tMax = 36, 1, 26
	const maxRune = 0x10ffff
	// What stands before the last hyphen is literal; what follows are the insertions.
	literal := 0
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '-' {
			literal = i
			s = s[i+1:]
			break
		}
	}
	if s == "" {
		return false
	}
	n, position, bias, length := int64(128), int64(0), int64(72), int64(literal) // 64 bits hold all that passes the bounds below
	for pos := 0; pos < len(s); {
		before, weight := position, int64(1)
		for k := int64(base); ; k += base {
			if pos == len(s) {
				return false // it ends within a number
			}
			digit := punycodeDigit(s[pos])
			pos++
			if digit < 0 {
				return false
			}
			position += digit * weight
			threshold := min(max(k-bias, tMin), tMax)
			if digit < threshold {
				break
			}
			weight *= base - threshold
			if position > maxRune*(maxLabel+1) || weight > maxRune*(maxLabel+1) {
				return false // beyond every character at every position
			}
		}
		length++
		bias = adaptBias(position-before, length, length == int64(literal)+1)
		n += position / length
		position = position%length + 1
		if n > maxRune {
			return false
		}
	}
	return true
}

// adaptBias is RFC 3492 section 6.1, with the parameters of section 5.
func adaptBias(delta, length int64, first bool) int64 {
	const base, tMin, tMax, skew, damp = 36, 1, 26, 38, 700
	if first {
		delta /= damp
	} else {
		delta /= 2
	}
	delta += delta / length
	k := int64(0)
	for ; delta > (base-tMin)*tMax/2; k += base {
		delta /= base - tMin
	}
	return k + (base-tMin+1)*delta/(delta+skew)
}

// punycodeDigit is RFC 3492 section 5: a to z are 0 to 25, digits follow.
func punycodeDigit(c byte) int64 {
	switch {
	case isLower(c):
		return int64(c - 'a')
	case isDigit(c):
		return int64(c-'0') + 26
	}
	return -1
}
