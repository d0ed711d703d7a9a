package cors

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// originSet matches the Origin header. Exact origins are found byte for byte, as the browser's own check compares
// (Fetch section 4.10); a pattern's suffix is looked up at each dot, so that the cost does not grow with the list.
type originSet struct {
	any     bool // "*": nothing else is looked at
	exact   map[string]struct{}
	wild    map[string]schemes // by ".example.com:8443"
	longest int                // no longer Origin can match
	proven  *provenOrigins     // nil: patterns may match below a public suffix
}

// provenOrigins remembers some of the origins that patterns admit, because to search the list of public suffixes costs
// more than all else. It holds a fixed number, and none that was not admitted, so that no client can fill it.
type provenOrigins struct {
	seed  maphash.Seed
	slots [256]atomic.Pointer[string]
}

func (h *provenOrigins) slot(origin string) *atomic.Pointer[string] {
	return &h.slots[maphash.String(h.seed, origin)%uint64(len(h.slots))]
}

// schemes is a set of the two schemes that have subdomains.
type schemes uint8

const (
	overHTTP schemes = 1 << iota
	overHTTPS
)

// newOriginSet files each pattern under its suffix, beginning with a dot: "https://*.example.com:8443" under
// ".example.com:8443". A lookup of the rest of an Origin from some dot on is then the whole comparison.
func newOriginSet(cfg Config, patterns []pattern) originSet {
	o := originSet{
		any:   cfg.anyOrigin(),
		exact: make(map[string]struct{}, len(patterns)),
		wild:  make(map[string]schemes),
	}
	if !cfg.DangerouslyAllowPublicSuffixes {
		o.proven = &provenOrigins{seed: maphash.MakeSeed()}
	}
	for _, p := range patterns {
		if !p.wild {
			origin := p.String()
			o.exact[origin] = struct{}{}
			o.longest = max(o.longest, len(origin))
			continue
		}
		suffix, scheme := "."+p.host, overHTTPS
		if p.port != "" {
			suffix += ":" + p.port
		}
		if p.scheme == "http" {
			scheme = overHTTP
		}
		o.wild[suffix] |= scheme
		o.longest = max(o.longest, len("https://")+maxHost+len(":65535"))
	}
	return o
}

// match says why an origin is refused, or allowed. It is exact and case-sensitive: to fold case, as rs/cors does, would
// copy whatever the client sends, and gain nothing, because browsers send lower case.
func (o *originSet) match(origin string) cause {
	if len(origin) > o.longest {
		return originUnlisted // before it is hashed: a header can be a megabyte
	}
	if _, ok := o.exact[origin]; ok {
		return allowed
	}
	if len(o.wild) == 0 {
		return originUnlisted
	}
	if o.proven == nil {
		return o.matchWild(origin)
	}
	slot := o.proven.slot(origin)
	if known := slot.Load(); known != nil && *known == origin {
		return allowed
	}
	why := o.matchWild(origin)
	if why == allowed {
		own := strings.Clone(origin) // the header's own string would keep all of the header alive
		slot.Store(&own)
	}
	return why
}

// matchWild walks the host from the left, label by label, and stops at the first that no host name has. So nothing
// stands in front of the suffix but labels, and each lookup begins at a dot.
func (o *originSet) matchWild(origin string) cause {
	rest, scheme := origin, schemes(0)
	if r, ok := strings.CutPrefix(origin, "https://"); ok {
		rest, scheme = r, overHTTPS
	} else if r, ok := strings.CutPrefix(origin, "http://"); ok {
		rest, scheme = r, overHTTP
	} else {
		return originUnlisted
	}
	// Each round takes one label of at least one byte, and the host is bounded by longest.
	for start := 0; ; {
		dot := labelEnd(rest[start:])
		if dot < 0 {
			return originUnlisted
		}
		dot += start
		if suffix := rest[dot:]; o.wild[suffix]&scheme != 0 {
			return o.checkSuffix(rest, suffix)
		}
		start = dot + 1
	}
}

// labelEnd finds the dot behind a valid label, or gives -1. It stops at '@', '/', '?' and all else by which a URL could
// hide another host in front of the suffix.
func labelEnd(s string) int {
	i := 0
	for i < len(s) && i <= maxLabel && isHostByte(s[i]) {
		i++
	}
	if i == 0 || i > maxLabel || i == len(s) || s[i] != '.' || s[0] == '-' || s[i-1] == '-' {
		return -1
	}
	return i
}

// checkSuffix has the last word on an origin that a pattern covers. It refuses a name that a stranger could register
// although it lies below the pattern's domain: evil.s3.amazonaws.com for "https://*.amazonaws.com".
func (o *originSet) checkSuffix(hostport, suffix string) cause {
	host, base := hostport, suffix[1:]
	if i := strings.IndexByte(base, ':'); i >= 0 {
		host, base = hostport[:len(hostport)-len(base)+i], base[:i]
	}
	if len(host) > maxHost {
		return originUnlisted
	}
	if o.proven == nil {
		return allowed
	}
	if strangersBelow(base, host) {
		return originBelowPublicSuffix
	}
	return allowed
}
