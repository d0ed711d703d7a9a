package redact

import (
	"cmp"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"unsafe"
)

// A walker renders a value as encoding/json does, with two differences: it judges struct fields by their Go name as well
// as by their tag, and asks slog.LogValuer, error and the other types that hide something wherever they are nested.
type walker struct {
	s      *scan
	out    []byte
	unseen bool // a struct has a field with a secret that is not rendered
}

// maxNodes bounds the parts of one attribute: cycles with branches grow by powers.
const maxNodes = 1 << 16

// clean is an object whose parts are redacted already.
type clean [][2]any

type headerText http.Header

var (
	valuerType = reflect.TypeFor[slog.LogValuer]()
	valueType  = reflect.TypeFor[slog.Value]()
	secretType = reflect.TypeFor[Secret]()
)

// appendAny appends v as JSON. It returns false where v cannot be judged.
func (w *walker) appendAny(dst []byte, v reflect.Value, name string, c nameClass) ([]byte, bool) {
	w.s.nodes++
	if w.s.nest++; w.s.nest > maxNest || w.s.nodes > maxNodes || len(dst) > maxRender {
		w.s.nest--
		return dst, false
	}
	defer func() { w.s.nest-- }()
	if !v.IsValid() {
		return append(dst, "null"...), true
	}
	if v.CanInterface() {
		k := v.Kind()
		behind := v.CanAddr() && k != reflect.Pointer && k != reflect.Interface && !v.Type().Implements(valuerType)
		if behind {
			if out, ok, done := w.special(dst, v.Addr(), name, c); done {
				return out, ok
			}
		}
		// A struct behind a pointer is not copied: its owner may be writing to a field that is not rendered.
		if !behind || k != reflect.Struct && k != reflect.Array || v.Type() == valueType {
			if out, ok, done := w.special(dst, v, name, c); done {
				return out, ok
			}
		}
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(dst, v.Bool()), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := v.Int()
		return w.appendNumber(dst, strconv.FormatInt(n, 10), name, c, n > 0 && cardNumber(uint64(n))), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return w.appendNumber(dst, strconv.FormatUint(v.Uint(), 10), name, c, cardNumber(v.Uint())), true
	case reflect.Float32, reflect.Float64:
		b, err := json.Marshal(v.Interface())
		if err != nil {
			return append(dst, `"!ERROR"`...), true
		}
		return w.appendNumber(dst, string(b), name, c, false), true
	case reflect.String:
		return w.appendText(dst, v.String(), c), true
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return append(dst, "null"...), true
		}
		return w.appendAny(dst, v.Elem(), name, c)
	case reflect.Struct:
		return w.appendStruct(dst, v, name, c)
	case reflect.Map:
		return w.appendMap(dst, v, name, c)
	case reflect.Slice:
		if v.IsNil() {
			return append(dst, "null"...), true
		}
		if e := v.Type().Elem(); e.Kind() == reflect.Uint8 && !marshals(reflect.PointerTo(e)) {
			return w.appendBytes(dst, v.Bytes(), c), true
		}
		return w.appendList(dst, v, name, c)
	case reflect.Array:
		return w.appendList(dst, v, name, c)
	}
	return dst, false // functions, channels, complex numbers
}

// special renders values that say themselves what they look like.
func (w *walker) special(dst []byte, v reflect.Value, name string, c nameClass) (out []byte, ok, done bool) {
	if (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface || v.Kind() == reflect.Map) && v.IsNil() {
		return append(dst, "null"...), true, true
	}
	if v.Kind() == reflect.Interface {
		return dst, false, false
	}
	x := v.Interface()
	if k, is := w.known(x); is {
		x = k
	}
	switch x := x.(type) {
	case clean:
		return w.appendClean(dst, x), true, true
	case headerText:
		return w.appendHeader(dst, x), true, true
	case string:
		if v.Kind() != reflect.String { // what known made of it
			return w.appendText(dst, x, c), true, true
		}
	case json.Number:
		x = cmp.Or(x, "0") // as encoding/json has it
		if json.Valid([]byte(x)) {
			return w.appendNumber(dst, string(x), name, c, digits(string(x)) && len(x) <= 19 && card([]byte(x))), true, true
		}
	case Secret:
		return appendQuoted(dst, w.s.marked(string(x))), true, true
	case slog.LogValuer:
		out, ok = w.appendSlog(dst, resolve(slog.AnyValue(x)), name, c)
		return out, ok, true
	case slog.Value:
		out, ok = w.appendSlog(dst, resolve(x), name, c)
		return out, ok, true
	case json.Marshaler:
		b, err := x.MarshalJSON()
		if err != nil || !json.Valid(b) {
			return dst, false, true
		}
		return w.appendRaw(dst, b, c), true, true
	case error:
		return w.appendText(dst, x.Error(), c), true, true
	case encoding.TextMarshaler:
		b, err := x.MarshalText()
		if err != nil {
			return dst, false, true
		}
		return w.appendText(dst, string(b), c), true, true
	}
	return dst, false, false
}

// appendText appends a text as a JSON string.
func (w *walker) appendText(dst []byte, text string, c nameClass) []byte {
	if c != none && c != queryOnly && secretText(c, text, false) {
		return appendQuoted(dst, w.s.marked(text))
	}
	text, _ = w.s.value(text)
	return appendQuoted(dst, text)
}

func (w *walker) appendNumber(dst []byte, text, name string, c nameClass, card bool) []byte {
	if c == strong || card && !countName(name) {
		return appendQuoted(dst, w.s.marked(text))
	}
	return append(dst, text...)
}

// appendBytes shows bytes as encoding/json does, in base64, unless there is a secret in them: then as the text without it.
func (w *walker) appendBytes(dst, b []byte, c nameClass) []byte {
	text := string(b)
	if c >= plural || c == looks && secretText(c, text, false) {
		return appendQuoted(dst, w.s.marked(text))
	}
	if clean, dirty := w.s.value(text); dirty {
		return appendQuoted(dst, clean)
	}
	return appendQuoted(dst, base64.StdEncoding.EncodeToString(b))
}

// appendRaw appends JSON that a type made itself.
func (w *walker) appendRaw(dst, raw []byte, c nameClass) []byte {
	if c == looks || c == queryOnly {
		c = none
	}
	s := w.s
	s.spans = s.spans[:0]
	text := unsafe.String(unsafe.SliceData(raw), len(raw))
	s.root(text, c)
	return s.apply(dst, text)
}

func (w *walker) appendSlog(dst []byte, v slog.Value, name string, c nameClass) ([]byte, bool) {
	switch v.Kind() {
	case slog.KindString:
		return w.appendText(dst, v.String(), c), true
	case slog.KindGroup:
		dst = append(dst, '{')
		for i, a := range v.Group() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = w.appendKey(dst, a.Key)
			var ok bool
			if dst, ok = w.appendSlogMember(dst, a, name, c); !ok {
				return dst, false
			}
		}
		return append(dst, '}'), true
	case slog.KindLogValuer:
		return dst, false
	}
	return w.appendAny(dst, reflect.ValueOf(v.Any()), name, c)
}

func (w *walker) appendSlogMember(dst []byte, a slog.Attr, parent string, inherited nameClass) ([]byte, bool) {
	w.s.nodes++
	if w.s.nest++; w.s.nest > maxNest || w.s.nodes > maxNodes || len(dst) > maxRender {
		w.s.nest--
		return dst, false
	}
	defer func() { w.s.nest-- }()
	c := max(inherited, w.s.r.under(parent, a.Key))
	return w.appendSlog(dst, resolve(a.Value), a.Key, c)
}

func (w *walker) appendKey(dst []byte, key string) []byte {
	if len(key) >= 16 {
		key, _ = w.s.value(key)
	}
	return append(appendQuoted(dst, key), ':')
}

func (w *walker) appendList(dst []byte, v reflect.Value, name string, c nameClass) ([]byte, bool) {
	dst = append(dst, '[')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		var ok bool
		if dst, ok = w.appendAny(dst, v.Index(i), name, c); !ok {
			return dst, false
		}
	}
	return append(dst, ']'), true
}

func (w *walker) appendClean(dst []byte, members clean) []byte {
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, m[0].(string)), ':')
		switch v := m[1].(type) {
		case string:
			dst = w.appendText(dst, v, none)
		case headerText:
			dst = w.appendHeader(dst, v)
		}
	}
	return append(dst, '}')
}

func (w *walker) appendHeader(dst []byte, h headerText) []byte {
	dst = append(dst, '{')
	for i, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range h {
			if !yield(n) {
				return
			}
		}
	}) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, name), ':', '[')
		for j, v := range h[name] {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = appendQuoted(dst, v)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}
