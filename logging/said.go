package logging

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/gambeson-go/gambeson/redact"
)

// panicText is the redacted text of the value of a panic. A String method may print what the fields of the value tell to
// be a secret: it is asked only where they tell of none. Else the value is shown as the redactor shows it.
func (m *Middleware) panicText(value any) string {
	switch value := value.(type) {
	case string:
		return clip(m.red.Text(value), maxPanic)
	case error:
		return m.errorText(value)
	}
	shown := structureOf(m.red.Attr(slog.Attr{Key: "panic", Value: resolved(slog.AnyValue(value), m.red)}).Value)
	if _, ok := value.(fmt.Stringer); ok && !hides(value) && !strings.Contains(shown, mark(m.red)) {
		if secrets, ok := secretsOf(value, m.red); ok && len(secrets) == 0 {
			shown = fmt.Sprint(value)
		}
	}
	return clip(m.red.Text(shown), maxPanic)
}

// hides says whether a value has a form of its own for logs.
func hides(v any) bool {
	_, ok := v.(slog.LogValuer)
	return ok
}

// structureOf is a redacted value as JSON where it is more than a text.
func structureOf(v slog.Value) string {
	if v.Kind() == slog.KindAny {
		if j, ok := v.Any().(json.Marshaler); ok {
			if b, err := j.MarshalJSON(); err == nil {
				return string(b)
			}
		}
	}
	return v.String()
}

// errorText is the redacted text of an error, or the mark where it holds a secret that only a field of the error, or of
// one that it wraps, tells to be one.
func (m *Middleware) errorText(err error) string {
	text := fmt.Sprint(err)
	secrets, ok := secretsOf(err, m.red)
	if !ok {
		return mark(m.red)
	}
	folded := strings.ToLower(text)
	for _, s := range secrets {
		quoted := strconv.Quote(s)
		if strings.Contains(folded, strings.ToLower(s)) || strings.Contains(folded, strings.ToLower(quoted[1:len(quoted)-1])) {
			return mark(m.red)
		}
	}
	return clip(m.red.Text(text), maxPanic)
}

// A finder collects the texts and numbers in a value that are secrets by the names of their fields, of unexported ones,
// too: a method prints these as well. It reads no more of what is unexported than lies in the value itself: behind a
// pointer, or in a struct with a lock, somebody may be writing.
type finder struct {
	red   *redact.Redactor
	left  int
	seen  map[visit]bool
	found []string
}

type visit struct {
	at  uintptr
	typ reflect.Type
}

const maxLooked = 4096 // fields

// secretsOf is not ok where the value has too many fields to look at, or looking at it fails.
func secretsOf(v any, red *redact.Redactor) (found []string, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	f := finder{red: red, left: maxLooked, seen: make(map[visit]bool)}
	f.any(v)
	return f.found, f.left >= 0
}

// any looks at a value and, if it is an error, at those that it wraps.
func (f *finder) any(v any) {
	rv := reflect.ValueOf(v)
	if rv.Kind() == reflect.Pointer && f.seen[visit{rv.Pointer(), rv.Type()}] {
		return
	}
	f.value(rv, "", "", false, 0)
	if err, ok := v.(error); ok && f.left >= 0 && !isNil(v) {
		if many, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range many.Unwrap() {
				f.any(e)
			}
		} else if e := errors.Unwrap(err); e != nil {
			f.any(e)
		}
	}
}

func (f *finder) value(v reflect.Value, parent, name string, secret bool, depth int) {
	if f.left--; depth > maxNest {
		f.left = -1
	}
	if f.left < 0 {
		return
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
		secret = secret || f.red.Sensitive(name) // "credentials": so is all that is in there
	}
	switch v.Kind() {
	case reflect.String:
		f.leaf(slog.String(name, v.String()), v.String(), parent, secret)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		f.leaf(slog.Int64(name, v.Int()), strconv.FormatInt(v.Int(), 10), parent, secret)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		f.leaf(slog.Uint64(name, v.Uint()), strconv.FormatUint(v.Uint(), 10), parent, secret)
	case reflect.Pointer:
		at := visit{v.Pointer(), v.Type()}
		if !v.IsNil() && !f.seen[at] {
			f.seen[at] = true
			f.value(v.Elem(), parent, name, secret, depth+1)
		}
	case reflect.Interface:
		if !v.IsNil() {
			f.value(v.Elem(), parent, name, secret, depth+1)
		}
	case reflect.Struct:
		f.fields(v, name, secret, depth)
	case reflect.Map:
		for it := v.MapRange(); it.Next() && f.left >= 0; {
			key := ""
			if it.Key().Kind() == reflect.String {
				key = it.Key().String()
			}
			f.value(it.Value(), name, key, secret, depth+1)
		}
	case reflect.Slice, reflect.Array:
		f.list(v, parent, name, secret, depth)
	}
}

func (f *finder) fields(v reflect.Value, parent string, secret bool, depth int) {
	shared := v.CanAddr() && hasLock(v.Type())
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if shared && !field.IsExported() {
			if depth <= 1 && f.red.Sensitive(field.Name) {
				f.left = -1 // the method that is asked may print it
				return
			}
			continue
		}
		if !field.IsExported() && !field.Anonymous && !lies(field.Type) {
			continue
		}
		name := field.Name
		if tag, _, _ := strings.Cut(field.Tag.Get("json"), ","); f.red.Sensitive(tag) {
			name = tag
		}
		f.value(v.Field(i), parent, name, secret, depth+1)
	}
}

// hasLock says whether a struct has a lock, so that others may be writing to what is unexported in it.
func hasLock(t reflect.Type) bool {
	for i := range t.NumField() {
		switch f := t.Field(i).Type; f {
		case mutexType, rwMutexType, reflect.PointerTo(mutexType), reflect.PointerTo(rwMutexType):
			return true
		}
	}
	return false
}

var (
	mutexType   = reflect.TypeFor[sync.Mutex]()
	rwMutexType = reflect.TypeFor[sync.RWMutex]()
)

// lies says whether a field holds what it has, or a text or bytes, which nobody changes in place as a rule.
func lies(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Map, reflect.Interface:
		return false
	case reflect.Pointer:
		return t.Elem().Kind() == reflect.String
	case reflect.Slice:
		return t.Elem().Kind() == reflect.Uint8 || t.Elem().Kind() == reflect.String
	}
	return true
}

// list takes bytes for a text. Numbers in a list have no name of their own.
func (f *finder) list(v reflect.Value, parent, name string, secret bool, depth int) {
	switch kind := v.Type().Elem().Kind(); {
	case kind == reflect.Uint8:
		if v.Kind() == reflect.Slice || v.CanAddr() {
			f.leaf(slog.String(name, string(v.Bytes())), string(v.Bytes()), parent, secret)
		}
	case kind >= reflect.Bool && kind <= reflect.Complex128 && !secret:
	default:
		for i := 0; i < v.Len() && f.left >= 0; i++ {
			f.value(v.Index(i), parent, name, secret, depth+1)
		}
	}
}

// leaf asks the redactor: a secret is what it takes under this name and not by itself.
func (f *finder) leaf(a slog.Attr, text, parent string, secret bool) {
	if text == "" || text == "0" { // not set
		return
	}
	if !secret {
		unnamed := f.red.Attr(slog.Attr{Key: "v", Value: a.Value}).Value
		named := f.red.Attr(slog.Group(parent, a)).Value.Group()
		secret = len(named) != 1 || !named[0].Value.Equal(unnamed) && !named[0].Value.Equal(a.Value)
	}
	if secret {
		f.found = append(f.found, text)
	}
}
