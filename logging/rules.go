package logging

import (
	"hash/maphash"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gambeson-go/gambeson/internal/memo"
	"github.com/gambeson-go/gambeson/redact"
)

// rules judges attributes for one set of open groups. Most attributes have a harmless name and a plain value; for them
// it is enough to redact the text while it is encoded, or nothing at all. The rest goes through [redact.Redactor.Attr].
type rules struct {
	red     *redact.Redactor
	texts   *memo.Memo // shared by all groups: what a text holds does not depend on them
	parents []string   // groups opened by WithGroup: what is under "credentials" is one
	seed    maphash.Seed
	known   [knownSets][knownWays]atomic.Pointer[known]

	mu    sync.Mutex
	below map[string]*rules // one for each group: a logger made for each request finds what is known already
}

// known is a name that was judged. The names stand in a table of fixed size in which a newer one takes the place of an
// older one: names made from input cannot make it grow.
type known struct {
	name  string
	key   string // the name in quotes, with its colon
	plain bool
}

const (
	knownSets   = 128
	knownWays   = 4
	maxKnownLen = 64
	maxBelow    = 64
)

func newRules(red *redact.Redactor) *rules {
	return &rules{red: red, texts: memo.New(), seed: maphash.MakeSeed()}
}

// under is the rules within a group.
func (r *rules) under(group string) *rules {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.below[group]; c != nil {
		return c
	}
	c := &rules{red: r.red, texts: r.texts, seed: r.seed, parents: append(slices.Clip(r.parents), group)}
	if r.below == nil {
		r.below = make(map[string]*rules)
	}
	if len(r.below) < maxBelow && len(group) <= maxKnownLen {
		r.below[group] = c
	}
	return c
}

type judgement uint8

const (
	judgePlain judgement = iota // nothing to redact
	judgeText                   // a string under a harmless name
	judgeSlow                   // only the redactor can tell
)

// judge decides how much has to be done for an attribute with this name, whose value is resolved.
func judge(v slog.Value, plain bool) judgement {
	const card = 1e11 // shorter numbers are none of a card
	switch v.Kind() {
	case slog.KindString:
		if plain {
			return judgeText
		}
		return judgeSlow
	case slog.KindInt64:
		if n := v.Int64(); n >= card || n <= -card {
			return judgeSlow
		}
	case slog.KindUint64:
		if v.Uint64() >= card {
			return judgeSlow
		}
	case slog.KindFloat64:
		if f := v.Float64(); !(f < card && f > -card) {
			return judgeSlow
		}
	case slog.KindBool, slog.KindDuration, slog.KindTime:
	default:
		return judgeSlow
	}
	if plain {
		return judgePlain
	}
	return judgeSlow
}

// know judges a name. It is plain if it is harmless: no value is redacted because of it, and it is no secret itself.
func (r *rules) know(name string) *known {
	if len(name) > maxKnownLen {
		return r.learn(name)
	}
	hash := maphash.String(r.seed, name)
	set := &r.known[hash%knownSets]
	for i := range set {
		if k := set[i].Load(); k != nil && k.name == name {
			return k
		}
	}
	k := r.learn(strings.Clone(name))
	way := hash / knownSets % knownWays
	for i := range set {
		if set[i].Load() == nil {
			way = uint64(i)
			break
		}
	}
	set[way].Store(k)
	return k
}

// learn judges a name that is not known.
func (r *rules) learn(name string) *known {
	var l line
	l.quoted(name)
	return &known{name, string(l.buf) + ":", r.probe(name)}
}

// Values that look as secret as can be without being known for one. A name under which even these stay is harmless.
var probes = [...]slog.Value{
	slog.StringValue("qX7vR2mK9tW4zB6nY1pL8sD3fG5hJ0cV"),
	slog.StringValue("hunter2"),
	slog.Int64Value(738291),
}

// probe asks the redactor itself, so that there is only one rule for names.
func (r *rules) probe(name string) bool {
	for _, v := range probes {
		a := r.redact(slog.Attr{Key: name, Value: v}, nil)
		if a.Key != name || !a.Value.Equal(v) {
			return false
		}
	}
	return true
}

// redact is Redactor.Attr for an attribute within the groups of the handler and those of the record.
func (r *rules) redact(a slog.Attr, groups []string) slog.Attr {
	if len(groups) < len(r.parents) {
		groups = r.parents
	}
	if len(groups) == 0 {
		return r.red.Attr(a)
	}
	nested := a
	for _, name := range slices.Backward(groups) {
		nested = slog.Attr{Key: name, Value: slog.GroupValue(nested)}
	}
	nested = r.red.Attr(nested)
	for range groups {
		if nested.Value.Kind() != slog.KindGroup {
			return slog.Attr{Key: a.Key, Value: nested.Value} // the group as a whole was replaced
		}
		members := nested.Value.Group()
		if len(members) != 1 {
			return a // an empty group, which is left out
		}
		nested = members[0]
	}
	return nested
}
