package headers

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/unrolled/secure"
)

// Names of the headers, in the canonical form of a Go header map.
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

// headerSet is what responses of one kind are given.
type headerSet struct {
	names     []string
	values    []string
	templates []template
	textLen   int // of all templates with their nonces in
}

// template is a policy with nonces: values[at] is made of parts with the nonce between.
type template struct {
	at    int
	parts []string
}

// headerSets are the three kinds there are.
type headerSets struct {
	http  headerSet
	https headerSet
	addr  headerSet // https to a host that is an IP address
}

// compile has unrolled/secure say what it sends over http and over https, once. What cfg holds was checked before.
func compile(cfg Config) headerSets {
	cfg = cfg.filled()
	noHSTS := cfg
	noHSTS.HSTS = HSTS{Off: true}
	plain := noHSTS
	plain.ContentSecurityPolicy = withoutUpgrade(cfg.ContentSecurityPolicy)
	plain.ContentSecurityPolicyReportOnly = withoutUpgrade(cfg.ContentSecurityPolicyReportOnly)
	return headerSets{http: ask(plain, false), https: ask(cfg, true), addr: ask(noHSTS, true)}
}

// ask runs unrolled/secure against a request that nobody sent. It asks twice, because a nonce in one of the two policies
// makes secure v1.17.0 run the other through Sprintf too, without a verb for it.
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
	main, nonce := answer(opt, https)
	report, reportNonce := answer(secure.Options{
		ContentSecurityPolicyReportOnly: escapeVerbs(cfg.ContentSecurityPolicyReportOnly),
	}, https)
	if v := report.Get(hCSPReport); v != "" {
		main.Set(hCSPReport, v)
	}
	// What secure has no option for.
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

func answer(opt secure.Options, https bool) (h http.Header, nonce string) {
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}, Header: http.Header{}}
	if https {
		r.TLS = &tls.ConnectionState{}
	}
	// Without hosts, redirect and AllowRequestFunc in opt there is no error, and no ResponseWriter is needed.
	h, r, err := secure.New(opt).ProcessNoModifyRequest(nil, r)
	if err != nil {
		return http.Header{}, ""
	}
	return h, secure.CSPNonce(r.Context())
}

// escapeVerbs saves the percent signs of a policy from the Sprintf that secure fills a nonce in with.
func escapeVerbs(policy string) string {
	if !strings.Contains(policy, placeholder) {
		return policy
	}
	return strings.ReplaceAll(policy, "%", "%%")
}

// cut turns the answer into what is replayed, with every place of a nonce cut out.
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

// fill writes the values of one response into dst, which is as long as the set, and returns the nonce in them.
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
