package redact

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// A shape is what encoding/json makes of a struct type.
type shape struct {
	members []member
	rest    []member // fields that it leaves out: unexported, "-", in the shadow of others
}

// A member is a field, maybe of an embedded struct.
type member struct {
	name, key string // Go's and JSON's
	index     []int
	tagged    bool // the key is from the tag
	omitEmpty bool
	omitZero  bool
	quoted    bool // "string" in the tag of a type that it has a meaning for
	marshals  bool // a pointer to it does; then quoted means nothing
}

var (
	marshalerType = reflect.TypeFor[json.Marshaler]()
	texterType    = reflect.TypeFor[encoding.TextMarshaler]()
	zeroerType    = reflect.TypeFor[interface{ IsZero() bool }]()
)

func (r *Redactor) shape(t reflect.Type) *shape {
	if known, ok := r.shapes.Load(t); ok {
		return known.(*shape)
	}
	known, _ := r.shapes.LoadOrStore(t, shapeOf(t))
	return known.(*shape)
}

// shapeOf goes through the embedded structs level by level. Of fields with one key the least deep wins, of those the one
// with a tag; where two are left, none does.
func shapeOf(t reflect.Type) *shape {
	type embedded struct {
		typ   reflect.Type
		index []int
	}
	s, keys := new(shape), make(map[string][]member)
	visited := make(map[reflect.Type]bool)
	for level := []embedded{{typ: t}}; len(level) > 0; {
		count := make(map[reflect.Type]int)
		for _, e := range level {
			count[e.typ]++
		}
		var next []embedded
		for _, e := range level {
			if visited[e.typ] {
				continue
			}
			visited[e.typ] = true
			for i := range e.typ.NumField() {
				f := e.typ.Field(i)
				m, in, ok := memberOf(f, append(slices.Clip(e.index), i))
				switch {
				case in != nil:
					next = append(next, embedded{in, m.index})
				case !ok:
					s.rest = append(s.rest, m)
				default:
					keys[m.key] = append(keys[m.key], m)
					if count[e.typ] > 1 { // the same type twice on a level shadows itself
						keys[m.key] = append(keys[m.key], m)
					}
				}
			}
		}
		level = next
	}
	for _, all := range keys {
		slices.SortStableFunc(all, func(a, b member) int {
			return cmp.Or(cmp.Compare(len(a.index), len(b.index)), cmp.Compare(order(b.tagged), order(a.tagged)))
		})
		if len(all) > 1 && len(all[0].index) == len(all[1].index) && all[0].tagged == all[1].tagged {
			s.rest = append(s.rest, all...)
			continue
		}
		s.members = append(s.members, all[0])
		s.rest = append(s.rest, all[1:]...)
	}
	slices.SortFunc(s.members, func(a, b member) int { return slices.Compare(a.index, b.index) })
	return s
}

func order(b bool) int {
	if b {
		return 1
	}
	return 0
}

// memberOf reads the tag of a field. in is the struct whose fields stand for an embedded one; ok is false for a field
// that is left out.
func memberOf(f reflect.StructField, index []int) (m member, in reflect.Type, ok bool) {
	tag := f.Tag.Get("json")
	key, options, _ := strings.Cut(tag, ",")
	if !goodKey(key) {
		key = ""
	}
	m = member{name: f.Name, key: cmp.Or(key, f.Name), index: index, tagged: key != ""}
	t := f.Type
	if t.Name() == "" && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if tag == "-" || !f.IsExported() && (!f.Anonymous || t.Kind() != reflect.Struct) {
		return m, nil, false
	}
	if f.Anonymous && key == "" && t.Kind() == reflect.Struct {
		return m, t, true
	}
	for o := range strings.SplitSeq(options, ",") {
		switch o {
		case "omitempty":
			m.omitEmpty = true
		case "omitzero":
			m.omitZero = true
		case "string":
			k := t.Kind()
			m.quoted = (k >= reflect.Bool && k <= reflect.Float64 || k == reflect.String) && !marshals(t)
			m.marshals = marshals(reflect.PointerTo(t))
		}
	}
	return m, nil, true
}

func marshals(t reflect.Type) bool { return t.Implements(marshalerType) || t.Implements(texterType) }

// goodKey is encoding/json's rule for names in tags.
func goodKey(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool {
		return !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c)
	}) < 0
}

// in is the field of v, unless it is behind a nil pointer.
func (m *member) in(v reflect.Value) (reflect.Value, bool) {
	for i, x := range m.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, true
}

// skipped says whether omitempty or omitzero leave the field out.
func (m *member) skipped(v reflect.Value) bool {
	if m.omitZero && zero(v) {
		return true
	}
	if !m.omitEmpty {
		return false
	}
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// zero asks the value itself where it has something to say.
func zero(v reflect.Value) bool {
	switch {
	case !v.CanInterface():
	case v.Type().Implements(zeroerType):
		if k := v.Kind(); (k == reflect.Interface || k == reflect.Pointer) && v.IsNil() || k == reflect.Interface && nilPointer(v.Interface()) {
			return true
		}
		return v.Interface().(interface{ IsZero() bool }).IsZero()
	case reflect.PointerTo(v.Type()).Implements(zeroerType):
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		return p.Interface().(interface{ IsZero() bool }).IsZero()
	}
	return v.IsZero()
}

// appendStruct renders the fields that encoding/json renders, under the names that it gives them.
func (w *walker) appendStruct(dst []byte, v reflect.Value, parent string, c nameClass) ([]byte, bool) {
	s := w.s.r.shape(v.Type())
	for i := range s.rest {
		if fv, ok := s.rest[i].in(v); ok && !w.unseen {
			w.unseen = w.hidden(fv, s.rest[i].name, max(c, w.s.r.under(parent, s.rest[i].name)))
		}
	}
	pair := w.pairClass(func(yield func(string, reflect.Value) bool) {
		for i := range s.members {
			if fv, ok := s.members[i].in(v); ok && !yield(s.members[i].name, fv) {
				return
			}
		}
	})
	dst = append(dst, '{')
	for i := range s.members {
		f := &s.members[i]
		fv, ok := f.in(v)
		if !ok || f.skipped(fv) {
			continue
		}
		m := max(c, w.s.r.under(parent, f.name), w.s.r.under(parent, f.key))
		if pair != none && pairRole(f.name) == valueRole {
			m = max(m, pair)
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = w.appendKey(dst, f.key)
		start := len(dst)
		if dst, ok = w.appendAny(dst, fv, f.key, m); !ok {
			return dst, false
		}
		if f.quoted {
			dst = f.quote(dst, start, fv)
		}
	}
	return append(dst, '}'), true
}

// quote puts what stands from start on into a JSON string. A text that was redacted stays as it is.
func (m *member) quote(dst []byte, start int, v reflect.Value) []byte {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return dst
		}
		v = v.Elem()
	}
	if m.marshals && v.CanAddr() {
		return dst
	}
	shown := string(dst[start:])
	if shown[0] != '"' || v.Kind() == reflect.String && bytes.Equal(dst[start:], appendQuoted(nil, v.String())) {
		return appendQuoted(dst[:start], shown)
	}
	return dst
}

// hidden says whether a field that is not rendered has a secret in it: a name says so, and the value is not empty. Behind
// a pointer the names alone decide, and pointers in the field are not followed: somebody may be writing there, under a
// lock of his own.
func (w *walker) hidden(v reflect.Value, name string, c nameClass) bool {
	switch k := v.Kind(); {
	case k == reflect.String:
		return c != none && c != queryOnly && (v.CanAddr() || secretText(c, v.String(), false))
	case c >= plural && k != reflect.Bool:
		return v.CanAddr() || !v.IsZero()
	case k == reflect.Struct:
		for i := range v.NumField() {
			inner := v.Type().Field(i).Name
			if w.hidden(v.Field(i), inner, max(c, w.s.r.under(name, inner))) {
				return true
			}
		}
	}
	return false
}
