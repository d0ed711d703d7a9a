package redact

import (
	"strings"
	"sync/atomic"
)

// nameCache remembers what attribute keys say. Programs have few and use them over and over. It never forgets and never
// grows: a slot that is taken stays taken, so that keys which come from a client can neither fill memory nor push others
// out again and again. Keys of JSON documents do not go through it.
type nameCache [128]atomic.Pointer[cachedName]

type cachedName struct {
	name  string
	class nameClass
}

const maxCached = 64 // bytes of a key

// attrClass is classify for the key of an attribute.
func (r *Redactor) attrClass(name string) nameClass {
	if !r.custom() && ordinary(name) {
		return none
	}
	n := len(name)
	if n == 0 || n > maxCached {
		return r.classify(name)
	}
	slot := &r.cache[(uint(name[0])*7+uint(name[n-1])*3+uint(name[n/2])*5+uint(n))%uint(len(r.cache))]
	e := slot.Load()
	if e != nil && e.name == name {
		return e.class
	}
	c := r.classify(name)
	if e == nil {
		slot.CompareAndSwap(nil, &cachedName{strings.Clone(name), c})
	}
	return c
}
