package redact

// Classes of bytes. One table look-up a byte is what makes the scanners fast.
const (
	lower uint8 = 1 << iota
	upper
	digit
	other   // '_': a part of a word
	blank   // space, tab, CR, LF and the other control bytes
	trigger // a byte that a rule begins at
	hexByte
	wide // not ASCII: a part of a name, but a token may stand behind it

	alnum    = lower | upper | digit
	letter   = lower | upper
	inWord   = alnum | other
	wordByte = inWord | wide
)

var class = func() (t [256]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		t[c] = lower
		t[c-'a'+'A'] = upper
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = digit | hexByte
	}
	for _, c := range "abcdefABCDEF" {
		t[c] |= hexByte
	}
	for c := 0; c <= ' '; c++ {
		t[c] = blank
	}
	for c := 0x80; c < 256; c++ {
		t[c] = wide
	}
	t['_'] = other
	t[0x7f] = blank
	for _, c := range `=:%-<\'@+{[~` {
		t[c] |= trigger
	}
	return t
}()

// A charset is the set of bytes that a kind of token is made of.
type charset [256]bool

func newCharset(list string) *charset {
	set, _ := parseChars(list)
	return set
}

var (
	base64url  = newCharset("A-Za-z0-9_-")
	alnumSet   = newCharset("A-Za-z0-9")
	wordSet    = newCharset("A-Za-z0-9_")
	hexSet     = newCharset("a-f0-9")
	hexDashSet = newCharset("a-fA-F0-9-")
	upperSet   = newCharset("A-Z0-9")
	base64Set  = newCharset("A-Za-z0-9+/=_-")
	dottedSet  = newCharset("A-Za-z0-9_.=-")
	tokenSet   = newCharset("A-Za-z0-9_.~+/=-") // token68, RFC 9110 section 11.2
	nameSet    = newCharset("A-Za-z0-9_.-")
	shellSet   = newCharset("A-Z_")
	lowerSet   = newCharset("a-z_0-9")
	entraSet   = newCharset("A-Za-z0-9_~.-")
	callSet    = newCharset("A-Za-z_.")
)

// run is the end of the bytes of set from i on, at most most of them.
func (set *charset) run(s string, i, most int) int {
	end := min(len(s), i+most)
	for i < end && set[s[i]] {
		i++
	}
	return i
}

// looksSecret says whether v, at least least bytes long, looks made by a machine or for a password prompt: letters and
// digits mixed, upper and lower case mixed within a word, padding or punctuation that words do not have.
func looksSecret(v string, least int) bool {
	if len(v) < least {
		return false
	}
	var have uint8
	changes, odd := 0, false
	last := uint8(0)
	for i := 0; i < len(v) && i < 256; i++ {
		c := class[v[i]]
		have |= c
		if last == lower && c&upper != 0 { // aB, not Ab
			changes++
		}
		last = c & letter
		switch v[i] {
		case '!', '#', '$', '^', '*', '~':
			odd = true
		}
	}
	switch {
	case have&digit != 0 && have&letter != 0:
		return true
	case have&letter == 0:
		return false
	case odd && len(v) >= 6:
		return true
	case changes >= 2 && len(v) >= 10, changes >= 1 && len(v) >= 16 && have&other == 0:
		return true
	}
	return len(v) >= 8 && v[len(v)-1] == '=' && class[v[0]]&alnum != 0
}

// scrambled says whether v is as mixed as random bytes of set are, and names made of words are not. What is behind s.R
// in s.ReadUint16LengthPrefixed changes between capitals, small letters and digits 7 times, random ones about 14 times.
func scrambled(v string, set *charset) bool {
	var have, last uint8
	turns, same := 0, 0
	for i := 0; i < len(v); i++ {
		if i > 0 && v[i] == v[i-1] {
			if same++; same == 3 && v[i] == 'A' { // zeros in base64
				return false
			}
		} else {
			same = 0
		}
		c := class[v[i]] & alnum
		if c == 0 {
			continue
		}
		have |= c
		if last != 0 && c != last {
			turns++
		}
		last = c
	}
	switch {
	case !set['A'] || !set['a']:
		return have&digit != 0
	case have&letter != letter:
		return false
	case have&digit == 0: // as few random texts are
		return turns*2 >= len(v)
	}
	return turns >= max(8, len(v)/4)
}

// placeholder says whether v stands for a secret without being one.
func placeholder(v string) bool {
	switch v {
	case "", "<nil>", "nil", "null", "none", "undefined", "true", "false", "NULL", "None", "True", "False", "REDACTED",
		"%s", "%v", "%q", "%+v", "<redacted>", "<hidden>", "<empty>", "(empty)", "<none>":
		return true
	}
	return reference(v) || masked(v)
}

// reference says whether v says where a secret is to be taken from: a parameter of SQL (? $1 :name @p1), a variable of a
// shell ($NAME, $(command)), a call.
func reference(v string) bool {
	n := len(v)
	switch v[0] {
	case '?':
		return n == 1
	case '$':
		return n > 1 && (digits(v[1:]) || v[1] == '(' || n > 3 && shellSet.run(v, 1, n) == n)
	case ':', '@':
		return n > 2 && (v[0] == ':' || v[1] == 'p' && digits(v[2:])) && lowerSet.run(v, 1, n) == n
	}
	return v[n-1] == '(' && callSet.run(v, 0, n) == n-1
}

// masked is the part of placeholder that holds for any value: a mark, stars, or a reference to a variable.
func masked(v string) bool {
	if v == "" || v == defaultMark || v == "REDACTED" {
		return true
	}
	n := len(v)
	switch v[0] {
	case '*', 'x', 'X':
		for i := 1; i < n; i++ {
			if v[i] != v[0] {
				return false
			}
		}
		return n >= 3
	case '$': // ${DB_PASSWORD}
		if n > 3 && v[1] == '{' && v[n-1] == '}' {
			return wordSet.run(v, 2, n) == n-1
		}
	case '[': // [REDACTED:3fa9c1]
		return n <= 32 && len(v) > 10 && v[:10] == "[REDACTED:" && v[n-1] == ']' && hexSet.run(v, 10, n) == n-1
	}
	return false
}
