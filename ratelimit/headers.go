package ratelimit

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// HeaderStyle is how a response tells the client about its quota. 429 carries Retry-After in every style. The fields
// are not safelisted by CORS: scripts of other origins read only what Access-Control-Expose-Headers names.
type HeaderStyle int

const (
	// Draft11 is draft-ietf-httpapi-ratelimit-headers-11, the syntax since -08, as Structured Fields with all policies:
	//
	//	RateLimit-Policy: "burst";q=10;w=1, "daily";q=1000;w=86400
	//	RateLimit: "burst";r=9;t=1, "daily";r=999;t=86314
	//
	// q is Burst, w the seconds in which an empty bucket fills, r the tokens left, and t the window within which r
	// requests are welcome. On a denial, RateLimit has the violated policies, and t is their wait.
	Draft11 HeaderStyle = iota

	// Draft07 is the older form of one policy, that with the fewest tokens: "RateLimit: limit=10, remaining=9, reset=1".
	Draft07

	// Legacy is X-RateLimit-Limit, -Remaining and -Reset of one policy. Reset is in seconds from now.
	Legacy

	// LegacyEpoch is Legacy with Reset in seconds since 1970, as GitHub has it.
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

// writeFields sets the quota fields, and Retry-After unless retry is 0. All values are cut from one string and one
// slice, both of this response alone. decisive is the charge that the styles of one policy report.
func (m *Middleware) writeFields(h http.Header, cs []charge, decisive *charge, admitted bool, retry int64) {
	if len(cs) == 0 || m.cfg.Headers == NoHeaders {
		if retry > 0 {
			setRetryAfter(h, retry)
		}
		return
	}
	var buf [192]byte
	out := buf[:0]
	var cut [3]int

	policies := m.all
	if len(cs) < len(m.policies) && m.cfg.Headers <= Draft07 { // some are exempt: name only the others
		policies = ""
		out = m.appendPolicies(out, cs)
	}
	cut[0] = len(out)
	switch m.cfg.Headers {
	case Draft11:
		out = m.appendState(out, cs, admitted)
	case Draft07:
		out = append(out, "limit="...)
		out = append(out, m.policies[decisive.policy].items.burst...)
		out = append(out, ", remaining="...)
		out = strconv.AppendInt(out, decisive.remaining(), 10)
		out = append(out, ", reset="...)
		out = strconv.AppendInt(out, decisive.reset(), 10)
	default:
		out = strconv.AppendInt(out, decisive.remaining(), 10)
	}
	cut[1] = len(out)
	switch reset := decisive.reset(); m.cfg.Headers {
	case Legacy:
		out = strconv.AppendInt(out, reset, 10)
	case LegacyEpoch:
		out = strconv.AppendInt(out, time.Now().Unix()+reset, 10)
	}
	cut[2] = len(out)
	if retry > 0 {
		out = strconv.AppendInt(out, retry, 10)
	}

	text := string(out)
	lines := make([]string, 4)
	if policies == "" {
		policies = text[:cut[0]]
	}
	lines[0], lines[1], lines[2], lines[3] = policies, text[cut[0]:cut[1]], text[cut[1]:cut[2]], text[cut[2]:]
	switch m.cfg.Headers {
	case Draft11: // a list: a limiter outside of this one may have begun it
		h[fieldPolicy] = addLine(h[fieldPolicy], lines[0:1:1])
		h[fieldLimit] = addLine(h[fieldLimit], lines[1:2:2])
	case Draft07:
		h[fieldPolicy], h[fieldLimit] = lines[0:1:1], lines[1:2:2]
	default:
		lines[0] = m.policies[decisive.policy].items.burst
		h["X-Ratelimit-Limit"], h["X-Ratelimit-Remaining"], h["X-Ratelimit-Reset"] = lines[0:1:1], lines[1:2:2], lines[2:3:3]
	}
	if retry > 0 {
		h[fieldRetryAfter] = lines[3:4:4]
	}
}

func addLine(have, line []string) []string {
	if len(have) == 0 {
		return line
	}
	return append(have[:len(have):len(have)], line...)
}

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

// reset is what the older styles promise: on a denial the wait, as Retry-After has it, else the time until all is back.
func (c *charge) reset() int64 {
	if c.denied && !c.impossible() {
		return seconds(c.wait())
	}
	return seconds(c.debt)
}
