package redact

import (
	"context"
	"log/slog"

	"github.com/gambeson-go/gambeson/internal/memo"
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
	return &handler{r: r, next: next, known: memo.New()}
}

type handler struct {
	r      *Redactor
	next   slog.Handler
	known  *memo.Memo
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
		out[i] = s.attr(a, h.parent, h.class)
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
	p := h.r.probe(h.known) // its scan is lost, not returned, should something below panic
	dirty := p.text(rec.Message)
	if !dirty {
		rec.Attrs(func(a slog.Attr) bool {
			dirty = p.touches(&a, h.parent, h.class)
			return !dirty
		})
	}
	if !dirty {
		if p.s != nil {
			h.r.done(p.s)
		}
		return h.next.Handle(ctx, rec)
	}
	s := p.scan()
	msg, _ := s.value(rec.Message)
	out := slog.NewRecord(rec.Time, rec.Level, msg, rec.PC)
	attrs := make([]slog.Attr, 0, rec.NumAttrs())
	rec.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, s.attr(a, h.parent, h.class))
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
	return s.attr(a, "", none)
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

// attr redacts one attribute. One of too many parts becomes the mark.
func (s *scan) attr(a slog.Attr, parent string, inherited nameClass) slog.Attr {
	s.nodes = 0
	out := s.part(a, parent, inherited)
	if s.nodes > maxNodes {
		return slog.String(out.Key, s.r.mark())
	}
	return out
}

// part redacts an attribute or a member of one.
func (s *scan) part(a slog.Attr, parent string, inherited nameClass) slog.Attr {
	if s.nodes++; s.nodes > maxNodes {
		return a
	}
	key := a.Key
	if len(key) >= 16 {
		key, _ = s.value(key)
	}
	c := max(inherited, s.r.attrUnder(parent, a.Key))
	v := resolve(a.Value)
	switch v.Kind() {
	case slog.KindString:
		text := v.String()
		if c != none && (c != queryOnly || signatureField(a.Key)) && secretText(c, text, false) {
			return slog.String(key, s.marked(text))
		}
		text, _ = s.value(text)
		return slog.String(key, text)
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64:
		if s.r.secretNumber(&slog.Attr{Key: a.Key, Value: v}, parent, inherited) {
			return slog.String(key, s.marked(v.String()))
		}
	case slog.KindGroup:
		if s.nest++; s.nest > maxNest {
			s.nest--
			return slog.String(key, s.r.mark())
		}
		if a.Key != "" {
			parent = a.Key
		}
		members := v.Group()
		out := make([]slog.Attr, len(members))
		for i, m := range members {
			out[i] = s.part(m, parent, max(inherited, groupClass(c)))
		}
		s.nest--
		return slog.Attr{Key: key, Value: slog.GroupValue(out...)}
	case slog.KindAny:
		return slog.Attr{Key: key, Value: s.anyValue(v.Any(), a.Key, c)}
	}
	return slog.Attr{Key: key, Value: v}
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
