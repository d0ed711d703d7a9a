package redact

import (
	"sync"
	"unsafe"
)

// A Redactor takes secrets out of text, JSON, URLs, headers and log records. It is immutable and safe for concurrent
// use. A Redactor that New did not make, the zero value or a nil pointer, has the rules of [Default].
type Redactor struct {
	cfg     Config
	names   []string // flattened
	allowed []string
	index   *index // built-in rules and Patterns; nil: the built-in ones
	urlMark string
	pool    sync.Pool // of *scan
	cache   nameCache
	shapes  sync.Map // of *shape by reflect.Type
}

// Default is a Redactor with every built-in rule and nothing of the opt-in kind.
func Default() *Redactor { return new(Redactor) }

// self makes a nil Redactor work as the default one.
func (r *Redactor) self() *Redactor {
	if r == nil {
		return new(Redactor)
	}
	return r
}

// Text redacts a text of any kind: a log message, an error, a body. A text that is JSON is treated as [Redactor.AppendJSON]
// does. A text without secrets comes back as it is, without an allocation.
func (r *Redactor) Text(s string) string {
	if len(s) < shortest {
		return s
	}
	r = r.self()
	sc := r.scan()
	defer r.done(sc)
	sc.any(s)
	if len(sc.spans) == 0 {
		return s
	}
	return string(sc.apply(nil, s))
}

// AppendText appends s, redacted as [Redactor.Text] does, and returns the extended slice.
func (r *Redactor) AppendText(dst []byte, s string) []byte {
	if len(s) < shortest {
		return append(dst, s...)
	}
	r = r.self()
	sc := r.scan()
	defer r.done(sc)
	sc.any(s)
	return sc.apply(dst, s)
}

// AppendJSON appends the JSON text src with the secrets in it redacted and returns the extended slice. It works on the
// bytes: the order, spelling and repetition of everything else is kept, and valid JSON stays valid. Several values one
// after the other are fine, so is text that is malformed or was cut off.
//
// dst and src must not overlap.
func (r *Redactor) AppendJSON(dst, src []byte) []byte {
	r = r.self()
	sc := r.scan()
	defer r.done(sc)
	// The scanner reads the bytes during this call and keeps nothing of them.
	text := unsafe.String(unsafe.SliceData(src), len(src))
	sc.document(text)
	return sc.apply(dst, text)
}

// Sensitive says whether the rules take every text under this name, of a field, key, header or attribute, for a secret.
// It allocates nothing.
func (r *Redactor) Sensitive(name string) bool {
	r = r.self()
	switch r.attrClass(name) {
	case strong, plural:
		return true
	}
	return false
}

// shortest is the length below which no text can hold a secret that a rule knows without a name: "pw=x".
const shortest = 4
