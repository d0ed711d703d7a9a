package redact

import (
	"cmp"
	"encoding"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

func (w *walker) appendMap(dst []byte, v reflect.Value, name string, c nameClass) ([]byte, bool) {
	type entry struct {
		key   string
		value reflect.Value
	}
	var all []entry
	for it := v.MapRange(); it.Next(); {
		k, ok := w.mapKey(it.Key())
		if w.s.nodes++; !ok || w.s.nodes > maxNodes {
			return dst, false
		}
		all = append(all, entry{k, it.Value()})
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	pair := w.pairClass(func(yield func(string, reflect.Value) bool) {
		for _, e := range all {
			if !yield(e.key, e.value) {
				return
			}
		}
	})
	dst = append(dst, '{')
	for i, e := range all {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = w.appendKey(dst, e.key)
		m := max(c, w.s.r.under(name, e.key))
		if pair != none && pairRole(e.key) == valueRole {
			m = max(m, pair)
		}
		var ok bool
		if dst, ok = w.appendAny(dst, e.value, e.key, m); !ok {
			return dst, false
		}
	}
	return append(dst, '}'), true
}

// pairClass is what the "name" among the members says about their "value".
func (w *walker) pairClass(members func(func(string, reflect.Value) bool)) nameClass {
	c := none
	members(func(key string, v reflect.Value) bool {
		if v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if v.IsValid() && v.Kind() == reflect.String && pairRole(key) == nameRole {
			c = max(c, groupClass(w.s.r.classify(v.String())))
		}
		return true
	})
	return c
}

func (w *walker) mapKey(k reflect.Value) (string, bool) {
	if k.Type() == secretType {
		return w.s.marked(k.String()), true
	}
	if k.Kind() == reflect.String {
		return k.String(), true
	}
	if t, ok := k.Interface().(encoding.TextMarshaler); ok {
		if nilPointer(t) {
			return "", true
		}
		b, err := t.MarshalText()
		return string(b), err == nil
	}
	switch {
	case k.CanInt():
		return strconv.FormatInt(k.Int(), 10), true
	case k.CanUint():
		return strconv.FormatUint(k.Uint(), 10), true
	case k.Kind() == reflect.Interface && !k.IsNil():
		return w.mapKey(k.Elem())
	case k.Kind() == reflect.Bool:
		return strconv.FormatBool(k.Bool()), true
	}
	return "", false
}

// appendStruct renders the exported fields under the names that encoding/json gives them.
func (w *walker) appendStruct(dst []byte, v reflect.Value, name string, c nameClass) ([]byte, bool) {
	dst = append(dst, '{')
	pair := w.pairClass(func(yield func(string, reflect.Value) bool) {
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !yield(f.Name, v.Field(i)) {
				return
			}
		}
	})
	dst, ok := w.appendFields(dst, v, name, c, pair)
	return append(dst, '}'), ok
}

func (w *walker) appendFields(dst []byte, v reflect.Value, parent string, c, pair nameClass) ([]byte, bool) {
	t := v.Type()
	for i := range t.NumField() {
		f, fv := t.Field(i), v.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" {
			e := fv
			if e.Kind() == reflect.Pointer {
				if e.IsNil() {
					continue
				}
				e = e.Elem()
			}
			if e.Kind() == reflect.Struct {
				if w.s.nest++; w.s.nest > maxNest {
					w.s.nest--
					return dst, false
				}
				var ok bool
				dst, ok = w.appendFields(dst, e, parent, c, pair)
				w.s.nest--
				if !ok {
					return dst, false
				}
				continue
			}
		}
		if !f.IsExported() || tag == "-" && options == "" {
			w.unseen = w.unseen || hidden(max(c, w.s.r.under(parent, f.Name)), fv)
			continue
		}
		if skipped(fv, options) {
			continue
		}
		key := cmp.Or(tag, f.Name)
		m := max(c, w.s.r.under(parent, f.Name), w.s.r.under(parent, key))
		if pair != none && pairRole(f.Name) == valueRole {
			m = max(m, pair)
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = w.appendKey(dst, key)
		var ok bool
		if dst, ok = w.appendAny(dst, fv, key, m); !ok {
			return dst, false
		}
	}
	return dst, true
}

// hidden says whether a field that is not rendered has a secret: its name says so, and it is not empty.
func hidden(c nameClass, v reflect.Value) bool {
	if v.Kind() == reflect.String {
		return c != none && c != queryOnly && secretText(c, v.String(), false)
	}
	return c >= plural && v.Kind() != reflect.Bool && !v.IsZero()
}

// skipped says whether omitempty or omitzero leave a field out.
func skipped(v reflect.Value, options string) bool {
	for o := range strings.SplitSeq(options, ",") {
		switch o {
		case "omitzero":
			if z, ok := v.Interface().(interface{ IsZero() bool }); ok && !nilPointer(z) && z.IsZero() || v.IsZero() {
				return true
			}
		case "omitempty":
			switch v.Kind() {
			case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
				if v.Len() == 0 {
					return true
				}
			case reflect.Struct:
			default:
				if v.IsZero() {
					return true
				}
			}
		}
	}
	return false
}
