package logging

import (
	"log/slog"
)

// line is one record while it is encoded. Lines are pooled; nothing of one leaves this package.
type line struct {
	h       *handler
	buf     []byte
	scratch []byte
	groups  []string // open ones, for ReplaceAttr
	depth   int      // how many are open
	comma   bool     // what comes next needs one
	parts   int      // how many more members an attribute may have, where ReplaceAttr makes them
	clean   bool     // values were redacted as a whole
}

// maxPooled keeps the buffer of one giant record from staying for good.
const maxPooled = 16 << 10

// begin takes a line from the pool. It belongs to one call of Handle or With; free gives it back.
func (h *handler) begin() *line {
	l, _ := h.out.lines.Get().(*line)
	if l == nil {
		l = &line{buf: make([]byte, 0, 1024)}
	}
	l.h = h
	return l
}

// free also runs while a ReplaceAttr panics: nothing of the state that it left may reach the next record.
func (l *line) free() {
	if cap(l.buf)+cap(l.scratch) > maxPooled {
		return
	}
	clear(l.groups)
	out := l.h.out
	*l = line{buf: l.buf[:0], scratch: l.scratch[:0], groups: l.groups[:0]}
	out.lines.Put(l)
}

// state is how far a line is, to go back to.
type state struct {
	length, depth, groups int
	comma                 bool
}

func (l *line) state() state { return state{len(l.buf), l.depth, len(l.groups), l.comma} }

// back also takes the comma back, which slog.JSONHandler forgets: after a group that came to nothing its line is no JSON.
func (l *line) back(to state) {
	l.buf, l.groups = l.buf[:to.length], l.groups[:to.groups]
	l.depth, l.comma = to.depth, to.comma
}

// open writes what With left and, if there is more to come, opens the groups that are not open yet. It returns the
// state to go back to if nothing came, because empty groups are not written.
func (l *line) open(more bool) state {
	h := l.h
	if len(h.pre) > 0 {
		if l.comma {
			l.buf = append(l.buf, ',')
		}
		l.buf = append(l.buf, h.pre...)
		l.comma = h.pre[len(h.pre)-1] != '{' // a group may have been opened for what then came to nothing
	}
	l.depth = h.opened
	l.groups = append(l.groups, h.groups[:h.opened]...)
	before := l.state()
	if more {
		for i := h.opened; i < len(h.groups); i++ {
			l.openGroup(h.groups[i], h.shown[i])
		}
	}
	return before
}

// openGroup keeps the true name for ReplaceAttr and the rules, and writes the one that may be shown.
func (l *line) openGroup(name, shown string) {
	l.name(shown)
	l.buf = append(l.buf, '{')
	l.comma = false
	l.depth++
	l.groups = append(l.groups, name)
}

func (l *line) closeGroup() {
	l.buf = append(l.buf, '}')
	l.comma = true
	l.depth--
	l.groups = l.groups[:len(l.groups)-1]
}

// add writes one attribute by the rules of slog.Handler: values are resolved, the zero Attr and empty groups are left
// out, a group without a key is inlined. It says whether there was anything to write.
func (l *line) add(a slog.Attr) bool {
	a.Value = resolved(a.Value, l.h.rules.red)
	l.parts = maxParts
	return l.member(a)
}

// member is add for an attribute whose value is resolved. One that ReplaceAttr makes grow without end is cut short.
func (l *line) member(a slog.Attr) bool {
	if l.h.opts.ReplaceAttr != nil {
		if l.parts--; l.parts < 0 || len(l.groups) > len(l.h.groups)+maxNest {
			a.Value = slog.StringValue(mark(l.h.rules.red))
		} else {
			a = l.replaced(a)
		}
	}
	return l.judged(a)
}

// judged writes an attribute that ReplaceAttr has seen.
func (l *line) judged(a slog.Attr) bool {
	a, ok := shown(a)
	if !ok {
		return false
	}
	if l.clean {
		return l.put(a)
	}
	// Most attributes end here: a name that is known to be harmless, and a value that is written as it is or scanned
	// while it is written.
	k := l.h.rules.know(a.Key)
	switch l.judge(a.Value, k.plain) {
	case judgePlain:
		if a.Value.Kind() == slog.KindGroup {
			return l.group(a)
		}
		l.key(k.key)
		l.value(a.Value)
		return true
	case judgeText:
		l.key(k.key)
		l.redacted(a.Value.String())
		return true
	case judgeSlow:
		was := a.Value
		a.Value, _ = structure(was)
		a = l.h.rules.redact(a, l.groups)
		a.Value = asBytes(was, a.Value)
		l.clean = true
		some := l.put(a)
		l.clean = false
		return some
	}
	return l.put(a)
}

// judge is the rules' judgement. Where ReplaceAttr has yet to see the members of a group, they are judged one by one;
// their names mean what they mean in that group, which only the redactor knows.
func (l *line) judge(v slog.Value, plain bool) judgement {
	if l.h.opts.ReplaceAttr != nil {
		if v.Kind() == slog.KindGroup {
			return judgePlain
		}
		if len(l.groups) > len(l.h.rules.parents) {
			return judgeSlow
		}
	}
	return judge(v, plain)
}

// replaced asks ReplaceAttr. What its name gives away is redacted first: the function may rename it.
func (l *line) replaced(a slog.Attr) slog.Attr {
	if !l.clean && l.h.rules.red.Sensitive(a.Key) {
		a = l.h.rules.redact(a, l.groups)
	}
	if a.Value.Kind() == slog.KindGroup {
		return a
	}
	a = l.h.opts.ReplaceAttr(l.groups, a)
	a.Value = resolved(a.Value, l.h.rules.red)
	return a
}

// builtin writes what stands in every record, outside of all groups, where there is a ReplaceAttr.
func (l *line) builtin(a slog.Attr) {
	a = l.h.opts.ReplaceAttr(nil, a)
	a.Value = resolved(a.Value, l.h.rules.red)
	if a, ok := shown(a); ok {
		l.clean = true
		l.put(l.h.rules.red.Attr(a))
		l.clean = false
	}
}

// own writes what this package made, and redacted where it had to, where there is a ReplaceAttr. Unless that changes it
// there is nothing to judge, whatever the user's own names say of the key.
func (l *line) own(a slog.Attr) {
	kind := a.Value.Kind()
	if kind == slog.KindAny || kind == slog.KindGroup {
		l.add(a)
		return
	}
	r := l.h.opts.ReplaceAttr(l.groups, a)
	if r.Key == a.Key && r.Value.Kind() == kind && r.Value.Equal(a.Value) {
		l.put(a)
		return
	}
	r.Value, l.parts = resolved(r.Value, l.h.rules.red), maxParts
	l.judged(r)
}

// shown says whether an attribute is written at all, and turns a source position into the group that stands for it.
func shown(a slog.Attr) (slog.Attr, bool) {
	if a.Value.Kind() != slog.KindAny {
		return a, true
	}
	if src, ok := a.Value.Any().(*slog.Source); ok {
		a.Value = sourceValue(src)
		return a, len(a.Value.Group()) > 0
	}
	return a, a.Key != "" || a.Value.Any() != nil
}

// put writes an attribute that needs no more judgement.
func (l *line) put(a slog.Attr) bool {
	if a.Value.Kind() == slog.KindGroup {
		return l.group(a)
	}
	l.name(a.Key)
	l.value(a.Value)
	return true
}

// group writes a group and its members. One that turns out to be empty leaves no trace.
func (l *line) group(a slog.Attr) bool {
	members := a.Value.Group()
	if len(members) == 0 {
		return true // as slog has it: nothing is written, yet the group around counts as not empty
	}
	before := l.state()
	if a.Key != "" {
		l.openGroup(a.Key, a.Key)
	}
	some := false
	for _, m := range members {
		some = l.member(m) || some
	}
	if !some {
		l.back(before)
		return false
	}
	if a.Key != "" {
		l.closeGroup()
	}
	return true
}

// sourceValue shows a source position as slog does: a group of what is known of it.
func sourceValue(src *slog.Source) slog.Value {
	var as []slog.Attr
	if src == nil {
		return slog.GroupValue()
	}
	if src.Function != "" {
		as = append(as, slog.String("function", src.Function))
	}
	if src.File != "" {
		as = append(as, slog.String("file", src.File))
	}
	if src.Line != 0 {
		as = append(as, slog.Int("line", src.Line))
	}
	return slog.GroupValue(as...)
}
