package logging

import (
	"encoding/json"
	"log/slog"
	"reflect"
	"slices"

	"github.com/gambeson-go/gambeson/redact"
)

// maxParts bounds the attributes within one, and maxNest how deep they nest, as redact does: a LogValuer that gives two
// of itself would grow by powers.
const (
	maxParts = 1 << 16
	maxNest  = 32
)

// resolver asks the LogValuers in one value.
type resolver struct {
	red  *redact.Redactor
	left int
}

// resolved is v with every LogValuer in it asked, at any depth of groups. What nests too deep is replaced by the mark, and
// so is the whole of a value that has no end.
func resolved(v slog.Value, red *redact.Redactor) slog.Value {
	if k := v.Kind(); k != slog.KindGroup && k != slog.KindLogValuer {
		return v
	}
	r := resolver{red, maxParts}
	if out, _ := r.value(v, maxNest); r.left >= 0 {
		return out
	}
	return r.mark()
}

func (r *resolver) mark() slog.Value { return slog.StringValue(mark(r.red)) }

// mark is what stands for a value that nobody could judge.
func mark(red *redact.Redactor) string {
	if m := red.Config().Mark; m != "" {
		return m
	}
	return "[REDACTED]"
}

// value says whether out is another value than v: groups without a LogValuer are not copied.
func (r *resolver) value(v slog.Value, depth int) (out slog.Value, changed bool) {
	switch v.Kind() {
	case slog.KindLogValuer:
		v, changed = v.Resolve(), true
		if v.Kind() != slog.KindGroup {
			return v, true
		}
	case slog.KindGroup:
	default:
		return v, false
	}
	if depth == 0 {
		return r.mark(), true
	}
	return rebuilt(v, changed, func(m slog.Value) (slog.Value, bool) {
		if r.left--; r.left < 0 {
			return m, false
		}
		return r.value(m, depth-1)
	})
}

// rebuilt is a group with f applied to its members, copied where f changed one.
func rebuilt(v slog.Value, changed bool, f func(slog.Value) (slog.Value, bool)) (slog.Value, bool) {
	members, copied := v.Group(), false
	for i := range members {
		m, other := f(members[i].Value)
		if !other {
			continue
		}
		if !copied {
			members, copied = slices.Clone(members), true
		}
		members[i].Value = m
	}
	if copied {
		return slog.GroupValue(members...), true
	}
	return v, changed
}

// structured is an error that is JSON by itself. slog.JSONHandler writes that; the redactor takes errors for texts.
type structured struct{ json.Marshaler }

// structure has the errors that are JSON by themselves stand as that, also in groups.
func structure(v slog.Value) (slog.Value, bool) {
	switch v.Kind() {
	case slog.KindGroup:
		return rebuilt(v, false, structure)
	case slog.KindAny:
		err, isErr := v.Any().(error)
		m, marshals := v.Any().(json.Marshaler)
		if isErr && marshals && !isNil(err) {
			return slog.AnyValue(structured{m}), true
		}
	}
	return v, false
}

func isNil(v any) bool {
	rv := reflect.ValueOf(v)
	return rv.Kind() == reflect.Pointer && rv.IsNil()
}

// asBytes keeps bytes without a secret in them what they are, base64, where the redactor shows their text. clean is what
// it made of v.
func asBytes(v, clean slog.Value) slog.Value {
	switch {
	case v.Kind() == slog.KindAny && clean.Kind() == slog.KindString:
		if b, ok := v.Any().([]byte); ok && clean.String() == string(b) {
			return v
		}
	case v.Kind() == slog.KindGroup && clean.Kind() == slog.KindGroup && len(v.Group()) == len(clean.Group()):
		i := -1
		clean, _ = rebuilt(clean, false, func(m slog.Value) (slog.Value, bool) {
			i++
			kept := asBytes(v.Group()[i].Value, m)
			return kept, kept.Kind() != m.Kind() || kept.Kind() == slog.KindGroup
		})
	}
	return clean
}
