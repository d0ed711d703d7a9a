package redact

import (
	"context"
	"log/slog"
	"slices"
)

// Handler puts the redactor in front of a slog handler: message, attributes, groups and the context of With. A record
// without secrets is handed on as it is, without an allocation, unless it has values other than strings, numbers, times
// and groups: those are rendered here, because what a handler prints of them is not known.
func (r *Redactor) Handler(next slog.Handler) slog.Handler {
	r = r.self()
	if h, ok := next.(*handler); ok && h.r == r {
		return h
	}
	if next == nil {
		next = slog.DiscardHandler
	}
	return &handler{r: r, next: next}
}

type handler struct {
	r      *Redactor
	next   slog.Handler
	parent string    // the innermost open group
	class  nameClass // what the names of the open groups say
}

func (h *handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	out := make([]slog.Attr, len(attrs))
	s := h.r.scan()
	defer h.r.done(s)
	for i, a := range attrs {
		out[i], _ = s.attr(a, h.parent, h.class)
	}
	c := *h
	c.next = h.next.WithAttrs(out)
	return &c
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.parent, c.class = name, max(h.class, groupClass(h.r.under(h.parent, name)))
	c.next = h.next.WithGroup(h.r.Text(name))
	return &c
}

func (h *handler) Handle(ctx context.Context, rec slog.Record) error {
	s := h.r.scan() // lost, not returned, should something below panic
	msg, changed := s.value(rec.Message)
	dirty := changed
	if !dirty {
		rec.Attrs(func(a slog.Attr) bool {
			dirty = s.touches(a, h.parent, h.class)
			return !dirty
		})
	}
	if !dirty {
		h.r.done(s)
		return h.next.Handle(ctx, rec)
	}
	out := slog.NewRecord(rec.Time, rec.Level, msg, rec.PC)
	attrs := make([]slog.Attr, 0, rec.NumAttrs())
	rec.Attrs(func(a slog.Attr) bool {
		a, _ = s.attr(a, h.parent, h.class)
		attrs = append(attrs, a)
		return true
	})
	out.AddAttrs(attrs...)
	h.r.done(s)
	return h.next.Handle(ctx, out)
}

// Attr is a with its key, its value and everything in it redacted.
func (r *Redactor) Attr(a slog.Attr) slog.Attr {
	r = r.self()
	s := r.scan()
	defer r.done(s)
	a, _ = s.attr(a, "", none)
	return a
}

// groupClass is what a group's own name says about its members: only certain names count.
func groupClass(c nameClass) nameClass {
	if c >= plural {
		return c
	}
	return none
}

// value redacts a text by its content.
func (s *scan) value(v string) (string, bool) {
	if len(v) < shortest {
		return v, false
	}
	s.spans = s.spans[:0]
	s.any(v)
	if len(s.spans) == 0 {
		return v, false
	}
	return string(s.apply(nil, v)), true
}

// touches says, without allocating, whether attr would change a. It may say so where attr does not.
func (s *scan) touches(a slog.Attr, parent string, inherited nameClass) bool {
	if len(a.Key) >= 16 {
		s.spans = s.spans[:0]
		if s.any(a.Key); len(s.spans) > 0 {
			return true
		}
	}
	switch a.Value.Kind() {
	case slog.KindString:
		v := a.Value.String()
		if inherited != none || s.r.custom() || !ordinary(a.Key) {
			if c := max(inherited, s.r.attrUnder(parent, a.Key)); c != none && secretText(c, v, false) && (c != queryOnly || signatureField(a.Key)) {
				return true
			}
		}
		if len(v) < shortest {
			return false
		}
		s.spans = s.spans[:0]
		if c := class[v[0]]; c&wordByte != 0 && v[0] < 0x80 || v[0] == '/' { // not JSON
			s.text(v)
		} else {
			s.any(v)
		}
		return len(s.spans) > 0
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64:
		return s.secretNumber(a, parent, inherited)
	case slog.KindBool, slog.KindTime, slog.KindDuration:
		return false
	case slog.KindGroup:
		c := max(inherited, groupClass(s.r.attrUnder(parent, a.Key)))
		if a.Key != "" {
			parent = a.Key
		}
		return slices.ContainsFunc(a.Value.Group(), func(m slog.Attr) bool { return s.touches(m, parent, c) })
	}
	return true
}

func (s *scan) secretNumber(a slog.Attr, parent string, inherited nameClass) bool {
	if (inherited != none || s.r.custom() || !ordinary(a.Key)) && max(inherited, s.r.attrUnder(parent, a.Key)) == strong {
		return true
	}
	var n uint64
	switch a.Value.Kind() {
	case slog.KindInt64:
		n = uint64(a.Value.Int64())
	case slog.KindUint64:
		n = a.Value.Uint64()
	default:
		return false
	}
	return cardNumber(n) && !countName(a.Key)
}

func cardNumber(n uint64) bool {
	const least, most = 1e13, 1e19
	if n < least || n >= most {
		return false
	}
	var buf [20]byte
	i := len(buf)
	for ; n > 0; n /= 10 {
		i--
		buf[i] = '0' + byte(n%10)
	}
	return card(buf[i:])
}

// attr redacts one attribute and says whether it is another than before.
func (s *scan) attr(a slog.Attr, parent string, inherited nameClass) (slog.Attr, bool) {
	key, changed := a.Key, false
	if len(key) >= 16 {
		key, changed = s.value(key)
	}
	c := max(inherited, s.r.attrUnder(parent, a.Key))
	v := resolve(a.Value)
	switch v.Kind() {
	case slog.KindString:
		text := v.String()
		if c != none && (c != queryOnly || signatureField(a.Key)) && secretText(c, text, false) {
			return slog.String(key, s.marked(text)), true
		}
		text, dirty := s.value(text)
		if !dirty && !changed && a.Value.Kind() == slog.KindString {
			return a, false
		}
		return slog.String(key, text), true
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64:
		if s.secretNumber(slog.Attr{Key: a.Key, Value: v}, parent, inherited) {
			return slog.String(key, s.marked(v.String())), true
		}
	case slog.KindGroup:
		if s.nest++; s.nest > maxNest {
			s.nest--
			return slog.String(key, s.r.mark()), true
		}
		if a.Key != "" {
			parent = a.Key
		}
		members := v.Group()
		out := make([]slog.Attr, len(members))
		for i, m := range members {
			out[i], _ = s.attr(m, parent, max(inherited, groupClass(c)))
		}
		s.nest--
		return slog.Attr{Key: key, Value: slog.GroupValue(out...)}, true
	case slog.KindAny:
		return slog.Attr{Key: key, Value: s.anyValue(v.Any(), a.Key, c)}, true
	}
	return slog.Attr{Key: key, Value: v}, true
}

func (s *scan) marked(secret string) string { return string(s.r.appendPlainMark(nil, secret)) }

// resolve is Value.Resolve for a LogValuer that may panic beyond what slog catches, on a nil receiver for example.
func resolve(v slog.Value) (out slog.Value) {
	if v.Kind() != slog.KindLogValuer {
		return v
	}
	defer func() {
		if recover() != nil {
			out = slog.StringValue(defaultMark)
		}
	}()
	return v.Resolve()
}
