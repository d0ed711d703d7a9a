package redact

import (
	"cmp"
	"encoding"
	"reflect"
	"slices"
	"strconv"
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
