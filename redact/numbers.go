package redact

// number looks at a word that begins with a digit: a card number, alone or in groups.
func (s *scan) number(src string, start, end int) int {
	if start > 0 {
		switch p := src[start-1]; p {
		case '+': // a phone number, or a blank in a query
			if start < 2 || class[src[start-2]]&wordByte == 0 {
				return end
			}
		case '.', '-':
			return end
		default:
			if class[p]&wordByte != 0 {
				return end
			}
		}
	}
	var pan [19]byte
	n, groups := 0, 0
	var sizes [6]int
	sep := byte(0)
	i := start
	for {
		size := 0
		for i < len(src) && class[src[i]]&digit != 0 {
			if n == len(pan) {
				return max(end, i)
			}
			pan[n] = src[i]
			n++
			size++
			i++
		}
		if groups == len(sizes) {
			return max(end, start+1)
		}
		sizes[groups] = size
		groups++
		if i+1 >= len(src) || src[i] != ' ' && src[i] != '-' && src[i] != '+' || sep != 0 && src[i] != sep || class[src[i+1]]&digit == 0 || n == len(pan) || size > 7 {
			break
		}
		sep = src[i]
		i++
	}
	if i < len(src) && (class[src[i]]&wordByte != 0 || src[i] == '-' && groups == 1 && i+1 < len(src) && class[src[i+1]]&alnum != 0 || src[i] == '.' && i+1 < len(src) && class[src[i+1]]&digit != 0) {
		return end
	}
	if groups > 1 && !grouped(sizes[:groups]) {
		// A number and others behind it: "charge 4543970936173053 1999".
		if sizes[0] >= 14 && sep == ' ' && card(pan[:sizes[0]]) {
			s.add(start, start+sizes[0], plain)
			return start + sizes[0]
		}
		return end
	}
	if !card(pan[:n]) {
		return end
	}
	s.add(start, i, plain)
	return i
}

// grouped says whether digits in groups are printed as cards print them.
func grouped(sizes []int) bool {
	switch len(sizes) {
	case 3:
		return sizes[0] == 4 && sizes[1] == 6 && (sizes[2] == 5 || sizes[2] == 4)
	case 4, 5:
		for _, n := range sizes[:3] {
			if n != 4 {
				return false
			}
		}
		return len(sizes) == 4 && (sizes[3] == 4 || sizes[3] == 2) || len(sizes) == 5 && sizes[3] == 4 && sizes[4] <= 3
	}
	return false
}

// card says whether the digits are a card number: an issuer's range, that issuer's length and the check digit of ISO/IEC
// 7812-1. The old Visa numbers of 13 digits are left out: every product code and every time in milliseconds is such a one.
func card(pan []byte) bool {
	n := len(pan)
	if n < 14 || n > 19 {
		return false
	}
	two := int(pan[0]-'0')*10 + int(pan[1]-'0')
	four := two*100 + int(pan[2]-'0')*10 + int(pan[3]-'0')
	three := four / 10
	ok := false
	switch {
	case two/10 == 4: // Visa
		ok = n == 16 || n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720: // Mastercard
		ok = n == 16
	case two == 34 || two == 37: // American Express
		ok = n == 15
	case three >= 300 && three <= 305, two == 36, two == 38, two == 39: // Diners Club
		ok = n == 14 || n == 16 && two != 36
	case four == 6011, three >= 644 && three <= 649, two == 65: // Discover
		ok = n == 16 || n == 19
	case four >= 3528 && four <= 3589: // JCB
		ok = n == 16
	case two == 62, two == 81: // UnionPay
		ok = n >= 16
	case four >= 2200 && four <= 2204: // Mir
		ok = n >= 16
	case two == 60, two == 82, three == 508: // RuPay
		ok = n == 16
	case four == 5018, four == 5020, four == 5038, four == 5893, four == 6304, four == 6759, four >= 6761 && four <= 6763: // Maestro
		ok = n == 16 || n == 18 || n == 19
	}
	return ok && luhn(pan)
}

func luhn(pan []byte) bool {
	sum, same := 0, true
	for i, c := range pan {
		d := int(c - '0')
		if (len(pan)-i)%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		same = same && c == pan[0]
	}
	return sum%10 == 0 && !same
}

// ibanLength is the length of an account number by country, from the SWIFT IBAN registry; 0 where there is none.
func ibanLength(a, b byte) int {
	switch string([]byte{a, b}) {
	case "NO":
		return 15
	case "BE":
		return 16
	case "DK", "FI", "FO", "GL", "NL", "SD", "FK":
		return 18
	case "MK", "SI":
		return 19
	case "AT", "BA", "EE", "KZ", "LT", "LU", "XK", "MN":
		return 20
	case "CH", "CR", "HR", "LI", "LV":
		return 21
	case "BG", "BH", "DE", "GB", "GE", "IE", "ME", "RS", "VA":
		return 22
	case "AE", "GI", "IL", "IQ", "OM", "SO", "TL":
		return 23
	case "AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG":
		return 24
	case "LY", "PT", "ST":
		return 25
	case "IS", "TR":
		return 26
	case "BI", "DJ", "FR", "GR", "IT", "MC", "MR", "SM":
		return 27
	case "AL", "AZ", "BY", "CY", "DO", "GT", "HN", "HU", "LB", "NI", "PL", "SV":
		return 28
	case "BR", "EG", "PS", "QA", "UA":
		return 29
	case "JO", "KW", "MU", "YE":
		return 30
	case "MT", "SC":
		return 31
	case "LC":
		return 32
	case "RU":
		return 33
	}
	return 0
}

// iban looks at a word that begins with two capitals and a digit: an account number, ISO 13616, alone or in groups of four.
func (s *scan) iban(src string, start, end int) int {
	n := ibanLength(src[start], src[start+1])
	if n == 0 || class[src[start+3]]&digit == 0 {
		return end
	}
	rest, seen, i := 0, 0, start
	for i < len(src) && seen < n {
		c := src[i]
		if (c == ' ' || c == '-' || c == '+') && seen%4 == 0 && seen > 0 {
			i++
			continue
		}
		if class[c]&(upper|digit) == 0 {
			return end
		}
		seen++
		i++
	}
	if seen < n || i < len(src) && class[src[i]]&wordByte != 0 {
		return end
	}
	// mod 97 with the first four at the end, letters as 10 to 35
	take := func(from, to, skip int) {
		k := 0
		for j := from; j < to; j++ {
			c := src[j]
			if class[c]&alnum == 0 {
				continue
			}
			if k++; k <= skip {
				continue
			}
			if class[c]&digit != 0 {
				rest = (rest*10 + int(c-'0')) % 97
			} else {
				rest = (rest*100 + int(c-'A') + 10) % 97
			}
		}
	}
	take(start, i, 4)
	take(start, start+4, 0)
	if rest != 1 {
		return end
	}
	s.add(start, i, plain)
	return i
}
