package headers_test

import (
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/unrolled/secure"

	"github.com/gambeson-go/gambeson/headers"
)

// TestAgreesWithUnrolled compares what is replayed with what secure's own Handler sends at request time, for random
// configurations. Its two bugs are kept out: a nonce in one policy only, and percent signs beside a nonce.
func TestAgreesWithUnrolled(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	pick := func(v ...string) string { return v[rnd.IntN(len(v))] }
	compared := 0
	for range 1500 {
		nonce := pick("", "$NONCE ")
		o := secure.Options{
			ContentTypeNosniff:              true,
			ContentSecurityPolicy:           "script-src " + nonce + "'self'; style-src " + pick("'none'", nonce+"'self'"),
			ContentSecurityPolicyReportOnly: "script-src " + nonce + "'self'; report-to x",
			CustomFrameOptionsValue:         pick("", "DENY", "SAMEORIGIN"),
			ReferrerPolicy:                  pick("", "no-referrer", "origin"),
			PermissionsPolicy:               pick("", "camera=()"),
			CrossOriginOpenerPolicy:         pick("", "same-origin"),
			CrossOriginEmbedderPolicy:       pick("", "require-corp"),
			CrossOriginResourcePolicy:       pick("", "same-site"),
			XDNSPrefetchControl:             pick("", "on"),
			XPermittedCrossDomainPolicies:   pick("", "none"),
			STSSeconds:                      int64(rnd.IntN(2) * 63072000),
		}
		if o.STSSeconds > 0 {
			o.STSIncludeSubdomains = rnd.IntN(2) == 0
			o.STSPreload = o.STSIncludeSubdomains && rnd.IntN(2) == 0
		}
		m := mustNew(t, equal(o))
		for _, https := range []bool{false, true} {
			r := request(pick("GET", "POST"), pick("a.example", "b.example:80"), "/x", https)
			want := plain(answer(secure.New(o).Handler(empty), r))
			got := plain(answer(m.Wrap(empty), r))
			compared++
			if len(got) != len(want) {
				t.Fatalf("%+v\n got %v\nwant %v", o, got, want)
			}
			for name, v := range want {
				if got[name] != v {
					t.Errorf("%s: %q, want %q", name, got[name], v)
				}
			}
		}
	}
	if compared != 3000 {
		t.Error(compared)
	}
}

// equal is the Config that sends what o sends.
func equal(o secure.Options) headers.Config {
	or := func(v string) string { return cmp(v, headers.Omit) }
	c := headers.Config{
		HSTS:                  headers.HSTS{Off: true},
		ContentSecurityPolicy: or(o.ContentSecurityPolicy), ContentSecurityPolicyReportOnly: or(o.ContentSecurityPolicyReportOnly),
		FrameOptions: or(o.CustomFrameOptionsValue), ReferrerPolicy: or(o.ReferrerPolicy), PermissionsPolicy: or(o.PermissionsPolicy),
		CacheControl: headers.Omit, CrossOriginOpenerPolicy: or(o.CrossOriginOpenerPolicy),
		CrossOriginEmbedderPolicy: or(o.CrossOriginEmbedderPolicy), CrossOriginResourcePolicy: or(o.CrossOriginResourcePolicy),
		PermittedCrossDomainPolicies: or(o.XPermittedCrossDomainPolicies), DNSPrefetchControl: or(o.XDNSPrefetchControl),
		OriginAgentCluster: headers.Omit,
	}
	if o.STSSeconds > 0 {
		c.HSTS = headers.HSTS{MaxAge: time.Duration(o.STSSeconds) * time.Second, IncludeSubDomains: o.STSIncludeSubdomains, Preload: o.STSPreload}
	}
	return c
}

// plain is the header with the value of every nonce blotted out.
func plain(rec *httptest.ResponseRecorder) map[string]string {
	all := map[string]string{}
	for name, v := range rec.Header() {
		text := strings.Join(v, " | ")
		for _, part := range strings.Split(text, "'nonce-")[1:] {
			nonce, _, _ := strings.Cut(part, "'")
			text = strings.ReplaceAll(text, nonce, "X")
		}
		all[name] = text
	}
	return all
}

// apiOptions send what API does, but Cache-Control, which secure cannot.
func apiOptions() secure.Options {
	c := headers.API()
	return secure.Options{
		ContentTypeNosniff: true, STSSeconds: int64(c.HSTS.MaxAge.Seconds()), STSIncludeSubdomains: true,
		ContentSecurityPolicy: c.ContentSecurityPolicy, ReferrerPolicy: c.ReferrerPolicy,
		CrossOriginOpenerPolicy: c.CrossOriginOpenerPolicy, CrossOriginResourcePolicy: c.CrossOriginResourcePolicy,
	}
}

// webOptions are ten headers with a nonce.
func webOptions() secure.Options {
	c := headers.Web()
	return secure.Options{
		ContentTypeNosniff: true, STSSeconds: int64(c.HSTS.MaxAge.Seconds()), STSIncludeSubdomains: true,
		ContentSecurityPolicy: "default-src 'self'; script-src $NONCE 'strict-dynamic'; object-src 'none'; base-uri 'none'",
		ReferrerPolicy:        c.ReferrerPolicy, PermissionsPolicy: c.PermissionsPolicy, CustomFrameOptionsValue: "DENY",
		CrossOriginOpenerPolicy: c.CrossOriginOpenerPolicy, CrossOriginResourcePolicy: c.CrossOriginResourcePolicy,
		XDNSPrefetchControl: "off", XPermittedCrossDomainPolicies: "none",
	}
}
