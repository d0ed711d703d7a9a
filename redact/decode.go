package redact

import (
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// decoded searches src once more with the escapes of a layer read, and notes what it finds at its place in src.
func (s *scan) decoded(src string, layer layers) {
	buf := s.buf[s.depth][:0]
	if layer == percentLayer {
		buf = appendPercentDecoded(buf, src)
	} else {
		buf = appendUnescaped(buf, src)
	}
	s.buf[s.depth] = buf
	s.work += len(src)
	first := len(s.spans)
	text := unsafe.String(unsafe.SliceData(buf), len(buf)) // not written to before the next search at this depth
	s.depth++
	s.any(text)
	s.depth--
	s.settle(first)
	s.project(src, first, layer)
}

// project moves the spans from index first on, found in the decoded text, to their places in the encoded one. They are
// sorted, so one walk finds them all.
func (s *scan) project(src string, first int, layer layers) {
	part := s.spans[first:]
	if len(part) == 0 {
		return
	}
	s.work += len(src)
	at, i := 0, 0 // bytes decoded, bytes read
	var tmp [utf8.UTFMax]byte
	seek := func(to int) int {
		for at < to && i < len(src) {
			var n, size int
			if layer == percentLayer {
				n, size = 1, 1
				if percentAt(src, i) {
					n = 3
				}
			} else {
				n, size = unescape(src, i, &tmp)
			}
			at += size
			i += n
		}
		return i
	}
	for k := range part {
		p := &part[k]
		p.start = seek(p.start)
		p.end = seek(p.end)
		p.layers = p.layers.push(layer)
		if layer == percentLayer && p.form == plain {
			p.form = inURL
		}
	}
}

func percentAt(src string, i int) bool {
	return src[i] == '%' && i+2 < len(src) && class[src[i+1]]&class[src[i+2]]&hexByte != 0
}

// appendPercentDecoded reads percent escapes and the plus of forms. What is no escape stays.
func appendPercentDecoded(dst []byte, src string) []byte {
	for i := 0; i < len(src); i++ {
		switch {
		case src[i] == '+':
			dst = append(dst, ' ')
		case percentAt(src, i):
			dst = append(dst, unhex(src[i+1])<<4|unhex(src[i+2]))
			i += 2
		default:
			dst = append(dst, src[i])
		}
	}
	return dst
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	default:
		return c&^0x20 - 'A' + 10
	}
}

// appendUnescaped reads the escapes of a JSON string, RFC 8259 section 7.
func appendUnescaped(dst []byte, src string) []byte {
	var tmp [utf8.UTFMax]byte
	for i := 0; i < len(src); {
		if src[i] != '\\' {
			dst = append(dst, src[i])
			i++
			continue
		}
		n, size := unescape(src, i, &tmp)
		dst = append(dst, tmp[:size]...)
		i += n
	}
	return dst
}

// unescape reads the byte or the escape at i: n bytes that stand for size bytes in tmp.
func unescape(src string, i int, tmp *[utf8.UTFMax]byte) (n, size int) {
	c := src[i]
	if c != '\\' || i+1 == len(src) {
		tmp[0] = c
		return 1, 1
	}
	switch c = src[i+1]; c {
	case 'n':
		tmp[0] = '\n'
	case 't':
		tmp[0] = '\t'
	case 'r':
		tmp[0] = '\r'
	case 'b':
		tmp[0] = '\b'
	case 'f':
		tmp[0] = '\f'
	case 'u':
		if i+6 > len(src) || !hexQuad(src[i+2:i+6]) {
			tmp[0] = '\\'
			return 1, 1
		}
		r := quad(src[i+2:])
		n = 6
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if i+12 <= len(src) && src[i+6] == '\\' && src[i+7] == 'u' && hexQuad(src[i+8:i+12]) {
				low = quad(src[i+8:])
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				n = 12
			}
		}
		return n, utf8.EncodeRune(tmp[:], r)
	default: // \" \\ \/ and what is no escape
		tmp[0] = c
	}
	return 2, 1
}

func quad(s string) rune {
	return rune(unhex(s[0]))<<12 | rune(unhex(s[1]))<<8 | rune(unhex(s[2]))<<4 | rune(unhex(s[3]))
}
