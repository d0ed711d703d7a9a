package redact

import "strings"

// VendorSamples is a token of each built-in rule, of the least length that it takes, and the one that is too short.
func VendorSamples() (samples, short []string) {
	for _, t := range vendors {
		if t.re != nil { // a regular expression has no least length
			continue
		}
		var b strings.Builder
		b.WriteString(t.prefix)
		alphabet := []byte("a7bQ0z3KdR9fX1mC5tW8")
		n := 0
		for i := 0; n < t.min; i++ {
			if c := alphabet[i%len(alphabet)]; t.set[c] {
				b.WriteByte(c)
				n++
			}
			if t.has != "" && n == 20 {
				b.WriteString(t.has)
				n += len(t.has)
			}
		}
		samples = append(samples, b.String())
		short = append(short, t.prefix+"abc ")
	}
	return samples, short
}

// Work is the number of bytes that the rules look at in a text, and in a JSON text.
func Work(r *Redactor, text string) (asText, asJSON int) {
	s := r.scan()
	s.text(text)
	asText = s.work
	r.done(s)
	s = r.scan()
	s.document(text)
	asJSON = s.work
	r.done(s)
	return asText, asJSON
}
