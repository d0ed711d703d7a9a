package redact

import (
	"unicode/utf8"
)

// appendQuoted appends text as a JSON string.
func appendQuoted(dst []byte, text string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			if line := r == '\u2028' || r == '\u2029'; line { // as encoding/json: JavaScript takes them for line ends
				dst = append(append(dst, text[from:i]...), `\u202`...)
				dst = append(dst, hex[r&15])
				i += size
				from = i
				continue
			}
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, text[from:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c < ' ':
			dst = append(dst, `\u00`...)
			dst = append(dst, hex[c>>4], hex[c&15])
		default:
			dst = append(dst, `\ufffd`...)
		}
		i += size
		from = i
	}
	return append(append(dst, text[from:]...), '"')
}
