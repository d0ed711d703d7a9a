package redact

import "strings"

// nameClass is what a name says about its value.
type nameClass uint8

const (
	none      nameClass = iota
	looks               // secret if the value looks it: session, auth
	queryOnly           // the same, in queries, forms and signed URLs only: code, sig, key
	plural              // texts are secret, numbers are counts: tokens
	strong              // secret: password
)

const (
	maxName  = 128 // of a longer name, only the end is judged
	longWord = 32
)

// classify judges a name by its last word that says something: "user_password" is a password, "password_policy" is a
// policy. Words are split at case changes, digits and everything that is not a letter.
func (r *Redactor) classify(name string) nameClass {
	custom := r.custom()
	if !custom && ordinary(name) {
		return none
	}
	if len(name) > maxName {
		name = name[len(name)-maxName:]
	}
	c := classifyWords(name)
	if !custom {
		return c
	}
	var buf [maxName]byte
	flat, starts := flatten(name, buf[:0])
	switch {
	case c >= plural && endsIn(flat, starts, r.allowed):
		return none
	case c < strong && endsIn(flat, starts, r.names):
		return strong
	}
	return c
}

func classifyWords(name string) nameClass {
	var buf [longWord]byte
	end := len(name)
	tails := 0
	for {
		start, stop := lastWord(name, end)
		if start < 0 {
			return none
		}
		end = start
		if class[name[start]]&digit != 0 {
			continue // password2, oauth2
		}
		w := lowered(&buf, name[start:stop])
		info, known := words[string(w)]
		switch {
		case info.head >= plural:
			return demote(name, info.head)
		case info.partner != 0:
			if info.partner&wordBefore(name, end) != 0 {
				return pairClass(name[start:stop])
			}
			if info.head != none && alone(name, end) {
				return info.head // "key", but not "cache_key"
			}
			if !info.tail {
				return caseTrick(name, stop)
			}
		case info.head != none:
			return info.head
		case !known:
			if c := ending(string(w)); c != none {
				return demote(name, c)
			}
			return caseTrick(name, stop)
		}
		if !info.tail {
			return caseTrick(name, stop)
		}
		if tails++; tails > 4 {
			return none
		}
	}
}

// custom says whether there are names of the user's: then no name is let go at a glance.
func (r *Redactor) custom() bool { return len(r.names)+len(r.allowed) > 0 }

// pairClass is the class of a pair such as "api key", told by whether its second word is a plural.
func pairClass(w string) nameClass {
	if c := w[len(w)-1] | 0x20; c == 's' && len(w) > 2 {
		return plural
	}
	return strong
}

// demote makes numbers under "max_token" and the like counts.
func demote(name string, c nameClass) nameClass {
	if c != strong {
		return c
	}
	for i := 0; i < len(name) && i < 5; i++ {
		if class[name[i]]&letter == 0 || i > 0 && class[name[i]]&upper != 0 {
			switch name[:i] {
			case "has", "is", "Has", "Is", "HAS", "IS":
				return looks // hasPassword: "yes"
			case "max", "min", "num", "n", "Max", "Min", "Num", "MAX", "MIN", "NUM":
				return plural
			}
			return c
		}
	}
	return c
}

// alone says whether nothing but separators is in front of end.
func alone(name string, end int) bool {
	start, _ := lastWord(name, end)
	return start < 0
}

// wordBefore says which partners the word that ends at end makes secret. Digits and empty words in between do not count.
func wordBefore(name string, end int) partner {
	var buf [longWord]byte
	for tries := 0; tries < 3; tries++ {
		start, stop := lastWord(name, end)
		if start < 0 {
			return 0
		}
		end = start
		if class[name[start]]&digit != 0 {
			continue
		}
		info := words[string(lowered(&buf, name[start:stop]))]
		if info.before != 0 || !info.tail {
			return info.before
		}
	}
	return 0
}

// lastWord finds the word of name that ends at or before end: letters of one case, a capital with the small letters after
// it, or digits. start is -1 where there is none.
func lastWord(name string, end int) (start, stop int) {
	for end > 0 && class[name[end-1]]&alnum == 0 {
		end--
	}
	if end == 0 {
		return -1, 0
	}
	i := end - 1
	c := class[name[i]] & alnum
	for i > 0 && class[name[i-1]]&c != 0 {
		i--
	}
	if c == lower && i > 0 && class[name[i-1]]&upper != 0 {
		i--
	}
	return i, end
}

func lowered(buf *[longWord]byte, w string) []byte {
	if len(w) > longWord {
		w = w[len(w)-longWord:]
	}
	for i := 0; i < len(w); i++ {
		buf[i] = w[i]
		if class[w[i]]&upper != 0 {
			buf[i] |= 0x20
		}
	}
	return buf[:len(w)]
}

// caseTrick catches names whose letter case was scrambled, "pAsSWoRd": it reads the letters up to end as one word.
func caseTrick(name string, end int) nameClass {
	i, turns := end, 0
	for i > 0 && class[name[i-1]]&letter != 0 && end-i < longWord {
		i--
		if i+1 < end && class[name[i]]&lower != 0 && class[name[i+1]]&upper != 0 {
			turns++
		}
	}
	if turns == 0 || end-i < 3 {
		return none
	}
	var buf [longWord]byte
	w := lowered(&buf, name[i:end])
	if info := words[string(w)]; info.head >= plural {
		return info.head
	}
	return ending(string(w))
}

// flatten brings a name to lower-case letters and digits, with a bit in starts for each byte that begins a word.
func flatten(name string, dst []byte) (flat []byte, starts [maxName]bool) {
	last := uint8(0)
	for i := 0; i < len(name) && len(dst) < maxName; i++ {
		c := class[name[i]] & alnum
		if c == 0 {
			last = 0
			continue
		}
		b := name[i]
		if c == upper {
			b |= 0x20
		}
		next := uint8(0)
		if i+1 < len(name) {
			next = class[name[i+1]] & alnum
		}
		starts[len(dst)] = c != last && (c != lower || last != upper) || c == upper && next == lower
		dst = append(dst, b)
		last = c
	}
	return dst, starts
}

// endsIn says whether the flattened name ends, at a word boundary, in one of the list.
func endsIn(flat []byte, starts [maxName]bool, list []string) bool {
	for _, n := range list {
		if at := len(flat) - len(n); at >= 0 && (at == 0 || starts[at]) && string(flat[at:]) == n {
			return true
		}
	}
	return false
}

// under judges a name inside a group or an object: "number" in "card", "id" in "session".
func (r *Redactor) under(parent, name string) nameClass {
	return r.inside(parent, name, r.classify(name))
}

// attrUnder is under for the key of an attribute.
func (r *Redactor) attrUnder(parent, name string) nameClass {
	c := r.attrClass(name)
	if parent == "" {
		return c
	}
	return r.inside(parent, name, c)
}

// inside is under for a name that is of class c by itself.
func (r *Redactor) inside(parent, name string, c nameClass) nameClass {
	if c >= plural || parent == "" || len(name) > 16 || ordinary(name) {
		return c
	}
	var buf [longWord]byte
	start, stop := lastWord(name, len(name))
	if start != 0 {
		return c
	}
	info := words[string(lowered(&buf, name[start:stop]))]
	if info.partner&(pKey|pNumber|pID|pString|pAnswer|pCode) != 0 && info.partner&wordBefore(parent, len(parent)) != 0 {
		return pairClass(name[start:stop])
	}
	return c
}

// equalFold is strings.EqualFold for ASCII names of known spelling.
func equalFold(s, t string) bool { return len(s) == len(t) && strings.EqualFold(s, t) }
