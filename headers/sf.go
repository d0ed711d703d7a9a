package headers

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Structured fields, RFC 9651, as far as the syntax of headers that a server sends must be
// checked. A browser drops the whole header over one error, so the parser is as strict as
// section 4.2 and says where it stopped.

type sfKind uint8

const (
	sfToken sfKind = iota + 1
	sfString
	sfOther // number, date, byte sequence, boolean, display string
	sfList  // inner list
	sfTrue  // a member or parameter without a value
)

// sfItem is an item or an inner list. What its parameters say is not kept, only the names: no
// header that is checked here gives them a meaning that could be wrong.
type sfItem struct {
	kind   sfKind
	text   string // of a token or string, unescaped
	items  []sfItem
	params []string
}

type sfMember struct {
	key  string
	item sfItem
}

type sfParser struct {
	s string
	i int
}

// parseSFDictionary follows section 4.2.2, but keeps members that come twice.
func parseSFDictionary(s string) ([]sfMember, error) {
	p := &sfParser{s: strings.Trim(s, " ")}
	var all []sfMember
	for p.i < len(p.s) {
		key, err := p.key()
		if err != nil {
			return nil, err
		}
		m := sfMember{key: key, item: sfItem{kind: sfTrue}}
		if p.eat('=') {
			m.item, err = p.itemOrList()
		} else {
			m.item.params, err = p.params()
		}
		if err != nil {
			return nil, err
		}
		all = append(all, m)
		p.skip(" \t")
		if p.i == len(p.s) {
			return all, nil
		}
		if !p.eat(',') {
			return nil, p.fail("a comma is missing")
		}
		p.skip(" \t")
		if p.i == len(p.s) {
			return nil, errors.New("a comma at the end")
		}
	}
	return all, nil
}

// parseSFItem follows section 4.2.3.
func parseSFItem(s string) (sfItem, error) {
	p := &sfParser{s: strings.Trim(s, " ")}
	item, err := p.item()
	if err == nil && p.i < len(p.s) {
		err = p.fail("more than one value")
	}
	return item, err
}

// fail is an error that shows where the parser stands.
func (p *sfParser) fail(reason string) error {
	at := "at the end"
	if p.i < len(p.s) {
		at = fmt.Sprintf("at %q", p.s[p.i:min(p.i+20, len(p.s))])
	}
	return errors.New(reason + " " + at)
}

func (p *sfParser) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *sfParser) eat(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.i++
	return true
}

func (p *sfParser) skip(set string) { p.run(set) }

// run takes the longest run of bytes of set.
func (p *sfParser) run(set string) string {
	start := p.i
	for p.i < len(p.s) && strings.IndexByte(set, p.s[p.i]) >= 0 {
		p.i++
	}
	return p.s[start:p.i]
}

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
	alnum  = lower + upper + digits
	tchar  = alnum + "!#$%&'*+-.^_`|~"
)

// key follows section 4.2.3.3. Upper case is the usual mistake.
func (p *sfParser) key() (string, error) {
	if c := p.peek(); c != '*' && (c < 'a' || c > 'z') {
		return "", p.fail("a name starts with a lower-case letter, not")
	}
	return p.run(lower + digits + "_-.*"), nil
}

// itemOrList follows sections 4.2.1.1 and 4.2.1.2: an inner list has items, but no lists.
func (p *sfParser) itemOrList() (sfItem, error) {
	if !p.eat('(') {
		return p.item()
	}
	list := sfItem{kind: sfList}
	for {
		p.skip(" ")
		if p.eat(')') {
			var err error
			list.params, err = p.params()
			return list, err
		}
		if p.i == len(p.s) {
			return list, p.fail("a closing parenthesis is missing")
		}
		item, err := p.item()
		if err != nil {
			return list, err
		}
		list.items = append(list.items, item)
		if c := p.peek(); c != ' ' && c != ')' {
			return list, p.fail("a space or closing parenthesis is missing")
		}
	}
}

func (p *sfParser) item() (sfItem, error) {
	item, err := p.bare()
	if err == nil {
		item.params, err = p.params()
	}
	return item, err
}

// params follows section 4.2.3.2.
func (p *sfParser) params() (names []string, err error) {
	for err == nil && p.eat(';') {
		p.skip(" ")
		var name string
		if name, err = p.key(); err == nil && p.eat('=') {
			_, err = p.bare()
		}
		names = append(names, name)
	}
	return names, err
}

// bare follows section 4.2.3.1: the first byte tells the type.
func (p *sfParser) bare() (sfItem, error) {
	switch c := p.peek(); {
	case c == '"':
		return p.str()
	case c == '*' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		return sfItem{kind: sfToken, text: p.run(tchar + ":/")}, nil
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	case c == '@':
		p.i++
		start := p.i
		item, err := p.number()
		if err == nil && strings.Contains(p.s[start:p.i], ".") {
			err = p.fail("a date of whole seconds expected")
		}
		return item, err
	case c == '?':
		p.i++
		if !p.eat('0') && !p.eat('1') {
			return sfItem{}, p.fail("?0 or ?1 expected")
		}
		return sfItem{kind: sfOther}, nil
	case c == ':':
		return p.bytes()
	case c == '%':
		return p.display()
	}
	return sfItem{}, p.fail("a value expected")
}

// str follows section 4.2.5: visible ASCII and two escapes.
func (p *sfParser) str() (sfItem, error) {
	var text []byte
	for p.i++; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; {
		case c == '"':
			p.i++
			return sfItem{kind: sfString, text: string(text)}, nil
		case c < ' ' || c > '~':
			return sfItem{}, p.fail("a string holds visible ASCII, not")
		case c == '\\':
			if p.i++; p.peek() != '"' && p.peek() != '\\' {
				return sfItem{}, p.fail("a backslash escapes only a quote or itself")
			}
		}
		text = append(text, p.s[p.i])
	}
	return sfItem{}, p.fail("a closing quote is missing")
}

// number follows section 4.2.4: an integer of up to 15 digits, or a decimal of up to 12 and 3.
func (p *sfParser) number() (sfItem, error) {
	p.eat('-')
	whole := p.run(digits)
	if whole == "" || len(whole) > 15 {
		return sfItem{}, p.fail("a number of 1 to 15 digits expected")
	}
	if p.eat('.') {
		if n := len(p.run(digits)); n < 1 || n > 3 || len(whole) > 12 {
			return sfItem{}, p.fail("a decimal of up to 12 and 3 digits expected")
		}
	}
	return sfItem{kind: sfOther}, nil
}

// bytes follows section 4.2.7.
func (p *sfParser) bytes() (sfItem, error) {
	p.i++
	text := p.run(alnum + "+/=")
	if _, err := base64.StdEncoding.DecodeString(text); err != nil || !p.eat(':') {
		return sfItem{}, p.fail("base64 between colons expected")
	}
	return sfItem{kind: sfOther}, nil
}

// display follows section 4.2.10: %"…", UTF-8 in lower-case escapes.
func (p *sfParser) display() (sfItem, error) {
	start := p.i
	p.i++
	if !p.eat('"') {
		return sfItem{}, p.fail("a quote expected")
	}
	for ; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; {
		case c == '"':
			p.i++
			text := p.s[start+2 : p.i-1]
			if !hasGoodEscapes(text) || !isDisplay(text) {
				return sfItem{}, p.fail("not UTF-8 in lower-case escapes, before")
			}
			return sfItem{kind: sfOther}, nil
		case c < ' ' || c > '~':
			return sfItem{}, p.fail("a display string holds visible ASCII, not")
		}
	}
	return sfItem{}, p.fail("a closing quote is missing")
}
