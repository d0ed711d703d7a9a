package headers

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/unrolled/secure"
)

// Names of the headers that this package treats one by one, in the canonical form of a Go
// header map. All others pass from unrolled/secure to the response without being looked at.
const (
	hSTS          = "Strict-Transport-Security"
	hCSP          = "Content-Security-Policy"
	hCSPReport    = "Content-Security-Policy-Report-Only"
	hFrame        = "X-Frame-Options"
	hReferrer     = "Referrer-Policy"
	hPermissions  = "Permissions-Policy"
	hCache        = "Cache-Control"
	hAgentCluster = "Origin-Agent-Cluster"
)

// headerSet is what responses of one kind are given. It is made in New and only read
// afterwards, so that any number of requests can use it at once.
type headerSet struct {
	names     []string // sorted: the order must not change from one process to the next
	values    []string // "" where a template stands
	templates []template
	textLen   int // of all templates with their nonces in
}

// template is a policy with nonces: values[at] is made of parts with the nonce between.
// Filling it in is a matter of copying; secure v1.17.0 formats the policy anew for each
// request, which is most of what its nonces cost.
type template struct {
	at    int
	parts []string
}

// headerSets are the three kinds there are. That the header set depends on nothing but https
// and the kind of host is what makes it possible to ask secure beforehand.
type headerSets struct {
	http  headerSet
	https headerSet
	addr  headerSet // https to a host that is an IP address
}

// compile has unrolled/secure say what it sends over http and over https, once. What cfg holds
// was checked before.
//
// Over http two things are missing: HSTS, which must not be sent there (RFC 6797 section 7.2),
// and upgrade-insecure-requests, which makes a browser ask for https that a plain server does
// not speak.
func compile(cfg Config) headerSets {
	cfg = cfg.filled()
	noHSTS := cfg
	noHSTS.HSTS = HSTS{Off: true}
	plain := noHSTS
	plain.ContentSecurityPolicy = withoutUpgrade(cfg.ContentSecurityPolicy)
	plain.ContentSecurityPolicyReportOnly = withoutUpgrade(cfg.ContentSecurityPolicyReportOnly)
	return headerSets{http: ask(plain, false), https: ask(cfg, true), addr: ask(noHSTS, true)}
}

// ask runs unrolled/secure against a request that nobody sent. It asks twice, because a nonce
// in one of the two policies makes secure v1.17.0 run the other through Sprintf too, without a
// verb for it.
func ask(cfg Config, https bool) headerSet {
	opt := secure.Options{
		ContentTypeNosniff:            true,
		ContentSecurityPolicy:         escapeVerbs(cfg.ContentSecurityPolicy),
		CustomFrameOptionsValue:       strings.ToUpper(cfg.FrameOptions),
		ReferrerPolicy:                cfg.ReferrerPolicy,
		PermissionsPolicy:             cfg.PermissionsPolicy,
		CrossOriginOpenerPolicy:       cfg.CrossOriginOpenerPolicy,
		CrossOriginEmbedderPolicy:     cfg.CrossOriginEmbedderPolicy,
		CrossOriginResourcePolicy:     cfg.CrossOriginResourcePolicy,
		XDNSPrefetchControl:           cfg.DNSPrefetchControl,
		XPermittedCrossDomainPolicies: cfg.PermittedCrossDomainPolicies,
		STSSeconds:                    int64(cfg.HSTS.MaxAge.Seconds()),
		STSIncludeSubdomains:          cfg.HSTS.IncludeSubDomains,
		STSPreload:                    cfg.HSTS.Preload,
	}
	// secure only sees values that validate has let through: it checks none itself, and writes
	// ALLOWALL as gladly as DENY.
	main, nonce := answer(opt, https)
	report, reportNonce := answer(secure.Options{
		ContentSecurityPolicyReportOnly: escapeVerbs(cfg.ContentSecurityPolicyReportOnly),
	}, https)
	if v := report.Get(hCSPReport); v != "" {
		main.Set(hCSPReport, v)
	}
	// What secure has no option for: it takes STSSeconds 0 for "none", so that its users
	// cannot send the kill switch.
	if cfg.HSTS.Forget {
		main.Set(hSTS, "max-age=0")
	}
	if cfg.CacheControl != "" {
		main.Set(hCache, cfg.CacheControl)
	}
	if cfg.OriginAgentCluster != "" {
		main.Set(hAgentCluster, cfg.OriginAgentCluster)
	}
	return cut(main, map[string]string{hCSP: nonce, hCSPReport: reportNonce})
}

// answer is the header that secure makes of opt, and the nonce in it.
func answer(opt secure.Options, https bool) (h http.Header, nonce string) {
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}, Header: http.Header{}}
	if https {
		r.TLS = &tls.ConnectionState{}
	}
	// The URL has no scheme: secure would believe it. Without hosts, redirect and
	// AllowRequestFunc in opt there is no error, and no ResponseWriter is needed.
	h, r, err := secure.New(opt).ProcessNoModifyRequest(nil, r)
	if err != nil {
		return http.Header{}, ""
	}
	return h, secure.CSPNonce(r.Context())
}

// escapeVerbs saves the percent signs of a policy from the Sprintf that secure fills a nonce
// in with: the escape of a report-uri would come out as "%!y(MISSING)". Without a nonce there
// is no Sprintf, and nothing to escape.
func escapeVerbs(policy string) string {
	if !strings.Contains(policy, placeholder) {
		return policy
	}
	return strings.ReplaceAll(policy, "%", "%%")
}

// cut turns the answer into what is replayed, with every place of a nonce cut out. The nonce
// that secure made is 128 random bits: it stands nowhere else in a policy.
func cut(h http.Header, nonces map[string]string) headerSet {
	var set headerSet
	for name := range h {
		set.names = append(set.names, name)
	}
	slices.Sort(set.names)
	for i, name := range set.names {
		value := h.Get(name)
		if nonce := nonces[name]; nonce != "" && strings.Contains(value, nonce) {
			parts := strings.Split(value, nonce)
			set.templates = append(set.templates, template{at: i, parts: parts})
			set.textLen += len(value) + (len(parts)-1)*(nonceLen-len(nonce))
			value = ""
		}
		set.values = append(set.values, value)
	}
	return set
}

// fill writes the values of one response into dst, which is as long as the set, and returns
// the nonce in them. The nonce is made even if no handler will ask for it: the policy is sent
// in any case.
func (s *headerSet) fill(dst []string) (nonce string) {
	copy(dst, s.values)
	if len(s.templates) == 0 {
		return ""
	}
	var room [nonceLen]byte
	fresh := appendNonce(room[:0])
	var text strings.Builder
	text.Grow(s.textLen) // one allocation for both policies and the nonce, which lies in them
	for _, t := range s.templates {
		text.WriteString(t.parts[0])
		for _, part := range t.parts[1:] {
			text.Write(fresh)
			text.WriteString(part)
		}
	}
	// The policies lie one after the other. The nonce is a part of the last, the same bytes as
	// in all others.
	all := text.String()
	for _, t := range s.templates {
		n := len(t.parts[0])
		nonce = all[n : n+nonceLen]
		for _, part := range t.parts[1:] {
			n += nonceLen + len(part)
		}
		dst[t.at], all = all[:n], all[n:]
	}
	return nonce
}
