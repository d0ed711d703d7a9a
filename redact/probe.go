package redact

import (
	"log/slog"

	"github.com/gambeson-go/gambeson/internal/memo"
)

// A probe says whether a record has to be changed. Most have not: it takes a scan only for a text that is not quiet.
type probe struct {
	r     *Redactor
	s     *scan
	x     *index     // nil: every text takes a scan
	known *memo.Memo // texts that need not be looked at again
	nodes int        // members of groups
	named bool       // the user added names: those of ordinary words too
}

// worthKnowing is the length from which on it is quicker to remember a text than to look at it.
const worthKnowing = 24

func (r *Redactor) probe(known *memo.Memo) probe {
	p := probe{r: r, x: r.index, known: known, named: r.custom()}
	if p.x == nil {
		p.x = builtin
	}
	if r.cfg.IPs {
		p.x = nil
	}
	return p
}

func (p *probe) scan() *scan {
	if p.s == nil {
		p.s = p.r.scan()
	}
	return p.s
}

// text says whether there is a secret in v.
func (p *probe) text(v string) bool {
	if len(v) < shortest {
		return false
	}
	if len(v) < worthKnowing {
		return p.look(v)
	}
	clean, hash := p.known.Knows(v)
	if clean {
		return false
	}
	if p.look(v) {
		return true
	}
	p.known.Note(hash)
	return false
}

func (p *probe) look(v string) bool {
	// Quotes and brackets in front may be JSON, and blanks what is in front of it.
	if c := class[v[0]]; (c&alnum != 0 || v[0] == '/') && p.x != nil && p.x.quiet(v, 0) == len(v) {
		return false
	}
	s := p.scan()
	s.spans = s.spans[:0]
	s.any(v)
	return len(s.spans) > 0
}

// touches says, without allocating, whether attr would change a.
func (p *probe) touches(a *slog.Attr, parent string, inherited nameClass) bool {
	if len(a.Key) >= 16 && p.text(a.Key) {
		return true
	}
	switch a.Value.Kind() {
	case slog.KindString:
		v := a.Value.String()
		if inherited != none || p.named || !ordinary(a.Key) {
			if c := max(inherited, p.r.attrUnder(parent, a.Key)); c != none && secretText(c, v, false) && (c != queryOnly || signatureField(a.Key)) {
				return true
			}
		}
		return p.text(v)
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64:
		return p.r.secretNumber(a, parent, inherited)
	case slog.KindBool, slog.KindTime, slog.KindDuration:
		return false
	case slog.KindGroup:
		c := max(inherited, groupClass(p.r.attrUnder(parent, a.Key)))
		if a.Key != "" {
			parent = a.Key
		}
		for members := a.Value.Group(); len(members) > 0; members = members[1:] {
			if p.nodes++; p.nodes > maxNodes || p.touches(&members[0], parent, c) {
				return true
			}
		}
		return false
	}
	return true
}

func (r *Redactor) secretNumber(a *slog.Attr, parent string, inherited nameClass) bool {
	if (inherited != none || r.custom() || !ordinary(a.Key)) && max(inherited, r.attrUnder(parent, a.Key)) == strong {
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
