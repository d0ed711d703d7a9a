package ratelimit

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// HeaderStyle is how a response tells the client about its quota. 429 carries Retry-After
// in every style. Limiters in one chain need one style: their fields do not mix. The fields are not safelisted by CORS: scripts of other origins read only
// what Access-Control-Expose-Headers names.
type HeaderStyle int

const (
	// Draft11 is draft-ietf-httpapi-ratelimit-headers-11, the syntax since -08, as
	// Structured Fields with all policies:
	//
	//	RateLimit-Policy: "burst";q=10;w=1, "daily";q=1000;w=86400
	//	RateLimit: "burst";r=9;t=1, "daily";r=999;t=86314
	//
	// q is Burst, w the seconds in which an empty bucket fills, r the tokens left, and t
	// the window within which r requests are welcome. On a denial, RateLimit has the
	// violated policies, and t is their wait.
	Draft11 HeaderStyle = iota

	// Draft07 is the older form of one policy, that with the fewest tokens: "RateLimit:
	// limit=10, remaining=9, reset=1". It is a Shadow policy only where there is no other.
	Draft07

	// Legacy is X-RateLimit-Limit, -Remaining and -Reset of one policy. Reset is in seconds
	// from now.
	Legacy

	// LegacyEpoch is Legacy with Reset in seconds since 1970, rounded up, as GitHub has it.
	LegacyEpoch

	// NoHeaders sends none of them.
	NoHeaders
)

// The canonical forms, for direct access to a header map.
const (
	fieldLimit      = "Ratelimit"
	fieldPolicy     = "Ratelimit-Policy"
	fieldRetryAfter = "Retry-After"
	fieldCache      = "Cache-Control"
)

// items are the parts of the fields that never change.
type items struct {
	policy11 string // "name";q=…;w=…
	state11  string // "name";r=
	policy07 string // q;w=…
	burst    string
}

func newItems(name string, burst, window int64) items {
	q := strconv.FormatInt(burst, 10)
	w := ";w=" + strconv.FormatInt(window, 10)
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"` // RFC 9651 section 3.3.3
	return items{
		policy11: quoted + ";q=" + q + w,
		state11:  quoted + ";r=",
		policy07: q + w,
		burst:    q,
	}
}

// joinItems is the list of all policies; the common case needs no other.
func (m *Middleware) joinItems() string {
	var list []string
	for i := range m.policies {
		if it := m.policies[i].items; m.cfg.Headers == Draft07 {
			list = append(list, it.policy07)
		} else {
			list = append(list, it.policy11)
		}
	}
	return strings.Join(list, ", ")
}

// writeFields sets the quota fields, and Retry-After unless after is 0. All values are cut
// from one string and one slice, both of this response alone: a slice shared between
// responses would be appended to by one of them some day.
func (m *Middleware) writeFields(h http.Header, cs []charge, admitted bool, after int64) {
	var buf [160]byte
	switch {
	case len(cs) > 0 && m.cfg.Headers == Draft11:
		m.writeDraft11(h, buf[:0], cs, admitted, after)
	case len(cs) > 0 && m.cfg.Headers != NoHeaders:
		m.writeOlder(h, buf[:0], cs, admitted)
		fallthrough
	default:
		if after > 0 {
			setRetryAfter(h, after)
		}
	}
}

// writeDraft11 writes the two lists. RFC 9651 section 3.1 lets a list go on in a second
// line, which is how the fields of two limiters in one chain come together.
func (m *Middleware) writeDraft11(h http.Header, out []byte, cs []charge, admitted bool, after int64) {
	if len(cs) < len(m.policies) { // some are exempt: name only the others
		out = m.appendPolicies(out, cs)
	}
	policies := len(out)
	out = m.appendState(out, cs, admitted)
	state := len(out)
	lines := 2
	if after > 0 {
		out = strconv.AppendInt(out, after, 10)
		lines = 3
	}
	text, line := keep(out, lines)
	line[0], line[1] = m.all, text[policies:state]
	if policies > 0 {
		line[0] = text[:policies]
	}
	have := h[fieldLimit]
	if len(have) == 0 {
		h[fieldPolicy] = line[0:1:1]
	} else { // both are lists, and a limiter outside of this one has begun them
		h[fieldPolicy] = addLine(h[fieldPolicy], line[0])
	}
	if len(have) == 0 || !admitted { // a window of those that admitted it would outlast Retry-After
		h[fieldLimit] = line[1:2:2]
	} else {
		h[fieldLimit] = addLine(have, line[1])
	}
	if after > 0 {
		line[2] = text[state:]
		h[fieldRetryAfter] = line[2:3:3]
	}
}

// brief is what most admitted responses need, in one allocation: two lines, and the text of
// RateLimit.
type brief struct {
	lines [2]string
	text  [32]byte
}

// keep moves text off the stack, beside as many lines for its parts. The text of a brief is
// not written to again, as a string must not be.
func keep(text []byte, lines int) (string, []string) {
	if lines > len(brief{}.lines) || len(text) > len(brief{}.text) {
		return string(text), make([]string, lines)
	}
	b := new(brief)
	n := copy(b.text[:], text)
	return unsafe.String(&b.text[0], n), b.lines[:]
}

// writeOlder writes the styles that know one policy only: that which takes longest, or that
// with the fewest tokens.
func (m *Middleware) writeOlder(h http.Header, out []byte, cs []charge, admitted bool) {
	c := enforced(cs)
	if !admitted {
		_, c = retry(cs)
	}
	burst, reset := m.policies[c.policy].items.burst, c.reset()
	if m.cfg.Headers == Draft07 {
		if admitted && tighter(h[fieldLimit], c.remaining()) {
			return
		}
		out = append(append(out, "limit="...), burst...)
		out = strconv.AppendInt(append(out, ", remaining="...), c.remaining(), 10)
		out = strconv.AppendInt(append(out, ", reset="...), reset, 10)
		h[fieldPolicy], h[fieldLimit] = []string{m.policyList(cs)}, []string{string(out)}
		return
	}
	if admitted && tighter(h["X-Ratelimit-Remaining"], c.remaining()) {
		return
	}
	if m.cfg.Headers == LegacyEpoch {
		reset = c.resetAt(time.Now())
	}
	line := []string{burst, strconv.FormatInt(c.remaining(), 10), strconv.FormatInt(reset, 10)}
	h["X-Ratelimit-Limit"], h["X-Ratelimit-Remaining"], h["X-Ratelimit-Reset"] = line[0:1:1], line[1:2:2], line[2:3:3]
}

// tighter says whether a limiter outside of this one has told of a policy with fewer tokens. The older fields have room
// for one.
func tighter(told []string, remaining int64) bool {
	if len(told) == 0 {
		return false
	}
	text := told[0]
	if _, rest, found := strings.Cut(text, "remaining="); found {
		text, _, _ = strings.Cut(rest, ",")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && n < remaining
}

// policyList is the older RateLimit-Policy. It lists all policies, though RateLimit tells
// of one.
func (m *Middleware) policyList(cs []charge) string {
	if len(cs) == len(m.policies) {
		return m.all
	}
	return string(m.appendPolicies(nil, cs))
}

// addLine copies: the slice belongs to whoever put it there.
func addLine(have []string, line string) []string {
	return append(have[:len(have):len(have)], line)
}

// appendPolicies is RateLimit-Policy for a request that some policies exempt. To show those
// too would promise the client a quota that is not counted.
func (m *Middleware) appendPolicies(out []byte, cs []charge) []byte {
	for i := range cs {
		if i > 0 {
			out = append(out, ", "...)
		}
		if it := &m.policies[cs[i].policy].items; m.cfg.Headers == Draft07 {
			out = append(out, it.policy07...)
		} else {
			out = append(out, it.policy11...)
		}
	}
	return out
}

// appendState is the RateLimit list: all policies, or those that denied.
func (m *Middleware) appendState(out []byte, cs []charge, admitted bool) []byte {
	first := true
	for i := range cs {
		c := &cs[i]
		if !admitted && (!c.denied || c.shadow) {
			continue
		}
		if !first {
			out = append(out, ", "...)
		}
		first = false
		out = append(out, m.policies[c.policy].items.state11...)
		out = strconv.AppendInt(out, c.remaining(), 10)
		out = append(out, ";t="...)
		out = strconv.AppendInt(out, c.window(), 10)
	}
	return out
}

// reset is what the older styles promise, in seconds from now.
func (c *charge) reset() int64 { return seconds(c.untilReset()) }

// resetAt is the same as a time. It is rounded up at the end alone: now has a fraction too, and a client that comes in
// the second that it was told must not come early.
func (c *charge) resetAt(now time.Time) int64 {
	at := now.Add(time.Duration(c.untilReset()))
	if at.Nanosecond() > 0 {
		return at.Unix() + 1
	}
	return at.Unix()
}

// untilReset is, on a denial, the wait, as Retry-After has it, else the time until all is back.
func (c *charge) untilReset() int64 {
	if c.denied && !c.impossible() {
		return c.wait()
	}
	return c.debt
}
