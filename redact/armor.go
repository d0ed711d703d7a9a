package redact

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxKeyLines bounds the lines of one private key in a log: RSA with 16384 bits has 192.
const maxKeyLines = 256

// An armor follows a private key in PEM, RFC 7468, over the lines of a log. Anybody who has his words logged can open
// one, so it believes nothing: the first line that cannot be of a key ends it, and is shown.
type armor struct {
	left int  // lines that the key may still have; 0: none is open
	at   int  // bytes in front of the armor on its line up to a blank: a time or an indent, which the lines behind it may have too
	body bool // lines of the key itself came: no headers any more
}

// open looks at a line for the beginning of a key that the lines behind it go on with.
func (a *armor) open(line string) {
	*a = armor{}
	at := strings.LastIndex(line, "-----BEGIN ")
	if at < 0 {
		return
	}
	label, rest, ok := strings.Cut(line[at+len("-----BEGIN "):], "-----")
	if !ok || len(label) > 80 || !strings.Contains(label, "PRIVATE KEY") {
		return
	}
	// A quote closes it, unless the text goes on in the next line as source code does: "…\n" + or "…",
	rest = strings.TrimRight(rest, " \t\r\n")
	if q := strings.TrimRight(rest, "'\"`"); q != rest {
		return
	}
	rest = trimKeyLine(rest)
	for word := range strings.FieldsSeq(strings.NewReplacer(`\n`, " ", `\r`, " ").Replace(rest)) {
		if !keyMaterial(word) {
			return
		}
	}
	*a = armor{left: maxKeyLines, body: rest != ""}
	if at > 0 && class[line[at-1]]&blank != 0 {
		a.at = at
	}
}

// takes says whether line belongs to the open key, and what of it comes behind the key.
func (a *armor) takes(line string) (rest string, ok bool) {
	a.left--
	if end := strings.Index(line, "-----END "); end >= 0 && a.has(line[:end]) {
		a.left = 0
		rest = line[end+len("-----END "):]
		if _, behind, ok := strings.Cut(rest[:min(len(rest), 80)], "-----"); ok {
			rest = behind + rest[min(len(rest), 80):]
		}
		return strings.TrimRight(rest, "\r\n"), true
	}
	if !a.has(line) {
		a.left = 0
		return "", false
	}
	return "", true
}

// has says whether line may be one of the key: base64, a header of old PEM, nothing at all. One may have a time in front
// of it, as long as that of the first line, and a mark of what was cut off behind it.
func (a *armor) has(line string) bool {
	if a.is(line) || a.at > 0 && len(line) >= a.at && class[line[a.at-1]]&blank != 0 && a.is(line[a.at:]) {
		return true
	}
	words := strings.Fields(line)
	if len(words) < 2 {
		return false
	}
	first, last := words[0], words[len(words)-1]
	return longKeyLine(last) || len(words) < 4 && (longKeyLine(first) || keyMaterial(first) && strings.IndexByte("([<.\xe2", words[1][0]) >= 0)
}

func (a *armor) is(line string) bool {
	line = trimKeyLine(line)
	if line == "" {
		return true
	}
	if line[0] != '"' && json.Valid([]byte(line)) {
		return false // a record, or a number
	}
	if keyMaterial(line) {
		a.body = true
		return true
	}
	return !a.body && armorHeader(line)
}

// trimKeyLine takes away what source code, YAML and quotations put around the lines of a key, and what cutting leaves.
func trimKeyLine(line string) string {
	line = strings.TrimLeft(line, " \t\"'`|>")
	for {
		was := line
		line = strings.TrimRight(line, " \t\r\n\"'`,;+\\")
		for _, tail := range []string{`\n`, `\r`, "...", "…"} {
			line = strings.TrimSuffix(line, tail)
		}
		if line == was {
			return line
		}
	}
}

// keyMaterial says whether v is base64 and no word, path or number.
func keyMaterial(v string) bool {
	if len(v) == 5 && v[0] == '=' { // the checksum of OpenPGP, RFC 9580 section 6.1
		v = v[1:]
	}
	core := strings.TrimRight(v, "=")
	if len(v)-len(core) > 2 {
		return false
	}
	var have uint8
	for i := 0; i < len(core); i++ {
		c := class[core[i]] & alnum
		if c == 0 && core[i] != '/' && core[i] != '+' {
			return false
		}
		if i > 0 { // Capitals begin words
			have |= c
		}
	}
	return len(core) < 5 || have&(have-1) != 0
}

// longKeyLine says whether v is a line of a key even if other words stand beside it.
func longKeyLine(v string) bool {
	v = trimKeyLine(v)
	return len(v) >= 32 && keyMaterial(v) && scrambled(v, base64Set)
}

// armorHeader says whether line is a header as Proc-Type and DEK-Info, RFC 1421 section 4.6, or Version and Comment of
// OpenPGP. Others are known by the dash in their names: a log has "Error: …".
func armorHeader(line string) bool {
	name, _, ok := strings.Cut(line, ": ")
	if !ok || name == "" || len(name) > 40 || class[name[0]]&upper == 0 || nameSet.run(name, 0, len(name)) < len(name) {
		return false
	}
	switch name {
	case "Version", "Comment", "Hash", "Charset", "MessageID":
		return true
	}
	return strings.IndexByte(name, '-') > 0
}

// firstLine is the length of the first line of p, its newline included.
func firstLine(p []byte) int {
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		return i + 1
	}
	return len(p)
}
