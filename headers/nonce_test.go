package headers_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/unrolled/secure"

	"github.com/gambeson-go/gambeson/headers"
)

func TestNonce(t *testing.T) {
	const enforced, reported = "script-src $NONCE 'strict-dynamic'; style-src $NONCE; report-uri /a%20b%5b1%5d", "script-src $NONCE; report-uri /%25"
	for _, c := range []struct{ csp, ro string }{
		{enforced, reported}, {enforced, headers.Omit}, {headers.Omit, reported},
		{enforced, "img-src 'none'; report-uri /x%20y"}, {"img-src 'none'; report-uri /x%20y", reported},
	} {
		m := mustNew(t, headers.Config{ContentSecurityPolicy: c.csp, ContentSecurityPolicyReportOnly: c.ro})
		seen := map[string]bool{}
		for range 20 {
			var nonce string
			h := answer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				nonce = headers.Nonce(r.Context())
				if nonce != headers.Nonce(r.Context()) || nonce != secure.CSPNonce(r.Context()) {
					t.Error("not the same nonce")
				}
			})), request("GET", "a.example", "/", true)).Header()
			raw, err := base64.RawURLEncoding.DecodeString(nonce)
			if err != nil || len(raw) != 16 || seen[nonce] {
				t.Fatalf("nonce %q: %v, seen %t", nonce, err, seen[nonce])
			}
			seen[nonce] = true
			for name, policy := range map[string]string{"Content-Security-Policy": c.csp, "Content-Security-Policy-Report-Only": c.ro} {
				want := strings.ReplaceAll(policy, "$NONCE", "'nonce-"+nonce+"'")
				if policy == headers.Omit {
					want = ""
				}
				if got := h.Get(name); got != want {
					t.Errorf("%s: %q\nwant %q", name, got, want)
				}
			}
		}
	}
}

// Refusals and redirects carry a nonce too, never the placeholder.
func TestNonceOnRefusals(t *testing.T) {
	cfg := csp("script-src $NONCE")
	cfg.AllowedHosts, cfg.RedirectHTTPS = []string{"a.example"}, true
	m := mustNew(t, cfg)
	for host, want := range map[string]int{"a.example": 301, "b.example": 421, "": 400} {
		rec := answer(m.Wrap(nil), request("GET", host, "/", false))
		if got := rec.Header().Get("Content-Security-Policy"); rec.Code != want || len(got) != len("script-src 'nonce-'")+22 {
			t.Errorf("%q: %d %q", host, rec.Code, got)
		}
	}
}

func TestNoNonce(t *testing.T) {
	m := mustNew(t, headers.Web())
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := headers.Nonce(r.Context()); n != "" {
			t.Errorf("nonce %q without a place for it", n)
		}
	})).ServeHTTP(httptest.NewRecorder(), request("GET", "a.example", "/", true))
}

// The mux sets the pattern on the copy that carries the nonce; layers above read it off their own request.
func TestPatternComesBack(t *testing.T) {
	m := mustNew(t, csp("script-src $NONCE"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /a/{x}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /b/{x}", func(http.ResponseWriter, *http.Request) { panic("boom") })
	for path, want := range map[string]string{"/a/1": "GET /a/{x}", "/b/1": "GET /b/{x}"} {
		r := request("GET", "a.example", path, true)
		answer(recovering(m.Wrap(mux)), r)
		if r.Pattern != want {
			t.Errorf("%s: %q", path, r.Pattern)
		}
	}
}
