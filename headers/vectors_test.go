package headers_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/clientip"
	"github.com/gambeson-go/gambeson/headers"
)

// vectorConfig is a configuration of testdata. Fields that Config does not have are told by applies.
type vectorConfig struct {
	HSTS *struct {
		MaxAge            int  `json:"max_age"`
		Preload           bool `json:"preload"`
		IncludeSubdomains bool `json:"include_subdomains"`
		Explicit          bool `json:"explicit"`
	} `json:"hsts"`
	CSP               string   `json:"csp"`
	CSPReportOnly     string   `json:"csp_report_only"`
	CSPNonce          bool     `json:"csp_nonce"`
	FrameOptions      string   `json:"frame_options"`
	ReferrerPolicy    string   `json:"referrer_policy"`
	PermissionsPolicy string   `json:"permissions_policy"`
	COOP              string   `json:"coop"`
	COEP              string   `json:"coep"`
	CORP              string   `json:"corp"`
	XPCDP             string   `json:"permitted_cross_domain_policies"`
	AllowedHosts      []string `json:"allowed_hosts"`
	TrustedProxies    []string `json:"trusted_proxies"`
	HTTPSRedirect     bool     `json:"https_redirect"`
	RedirectHost      string   `json:"redirect_host"`
	RedirectStatus    int      `json:"redirect_status"`
	SSLProxyHeaders   any      `json:"ssl_proxy_headers"`
	CustomHeaders     any      `json:"custom_headers"`
}

func (v vectorConfig) applies() bool {
	return v.RedirectStatus == 0 && v.SSLProxyHeaders == nil && v.CustomHeaders == nil
}

// make builds the middleware, with the resolver that trusted_proxies asks for.
func (v vectorConfig) make() (*headers.Middleware, error) {
	c := headers.Config{
		ContentSecurityPolicy: v.CSP, ContentSecurityPolicyReportOnly: v.CSPReportOnly,
		FrameOptions: v.FrameOptions, ReferrerPolicy: v.ReferrerPolicy, PermissionsPolicy: v.PermissionsPolicy,
		CrossOriginOpenerPolicy: v.COOP, CrossOriginEmbedderPolicy: v.COEP, CrossOriginResourcePolicy: v.CORP,
		PermittedCrossDomainPolicies: v.XPCDP, AllowedHosts: v.AllowedHosts,
		RedirectHTTPS: v.HTTPSRedirect, RedirectHost: v.RedirectHost,
	}
	if h := v.HSTS; h != nil {
		c.HSTS = headers.HSTS{MaxAge: time.Duration(h.MaxAge) * time.Second, IncludeSubDomains: h.IncludeSubdomains,
			Preload: h.Preload, Forget: h.Explicit && h.MaxAge == 0}
	}
	if len(v.TrustedProxies) > 0 {
		prefixes, err := clientip.ParsePrefixes(strings.Join(v.TrustedProxies, ","))
		if err != nil {
			return nil, err
		}
		if c.ClientIP, err = clientip.New(clientip.Config{TrustedProxies: prefixes, Header: "X-Forwarded-For"}); err != nil {
			return nil, err
		}
	}
	return headers.New(c)
}

func load(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(data)))
	if err := dec.Decode(into); err != nil {
		t.Fatal(err)
	}
}

type configCase struct {
	ID, Why string
	Config  vectorConfig
}

func TestVectorsBadConfigs(t *testing.T) {
	var cases []configCase
	load(t, "bad_configs.json", &cases)
	refused := 0
	for _, c := range cases {
		if !c.Config.applies() {
			continue
		}
		refused++
		t.Run(c.ID, func(t *testing.T) {
			m, err := c.Config.make()
			if err == nil || m != nil {
				t.Errorf("accepted, but %s", c.Why)
			} else {
				t.Log(err)
			}
		})
	}
	if refused < 39 {
		t.Errorf("only %d cases were tried", refused)
	}
}

type expected struct {
	API        profile                          `json:"api_default"`
	Web        profile                          `json:"web_default"`
	MustNot    []struct{ Header string }        `json:"must_not_emit"`
	NotContain []struct{ Header, Token string } `json:"must_not_contain_by_default"`
	Behaviours []behaviour
	MustAccept []configCase `json:"must_accept_configs"`
	PlainHTTP  struct {
		Absent []string `json:"must_be_absent"`
		CSP    []string `json:"csp_must_not_contain"`
	} `json:"over_plain_http"`
}

func TestVectorsGoodConfigs(t *testing.T) {
	var e expected
	load(t, "expected.json", &e)
	for _, c := range e.MustAccept {
		t.Run(c.ID, func(t *testing.T) {
			if _, err := c.Config.make(); err != nil {
				t.Errorf("%s: %v", c.Why, err)
			}
		})
	}
	if len(e.MustAccept) < 9 {
		t.Error("cases are missing")
	}
}

type profile struct {
	Headers map[string]struct {
		Level, Rule       string
		Values            []string
		MinMaxAge         int  `json:"min_max_age"`
		IncludeSubdomains bool `json:"include_subdomains"`
		Required          map[string][][]string
		Recommended       map[string][][]string
		Forbidden         []string            `json:"forbidden_sources"`
		ForbiddenIn       map[string][]string `json:"forbidden_sources_in"`
		DenyAtLeast       []string            `json:"deny_at_least"`
		Avoid             []string            `json:"avoid_features"`
	}
}

// leftOut are headers of level should that the seven of a profile do not hold: X-Frame-Options says again what
// frame-ancestors says. It is sent wherever frame-ancestors is not (TestFrameOptionsFollowsPolicy).
var leftOut = []string{"X-Frame-Options"}

func TestVectorsProfiles(t *testing.T) {
	var e expected
	load(t, "expected.json", &e)
	for name, p := range map[string]struct {
		cfg  headers.Config
		want profile
	}{"API": {headers.API(), e.API}, "Web": {headers.Web(), e.Web}, "zero": {headers.Config{}, e.API}} {
		for kind, handler := range map[string]http.HandlerFunc{
			"200":   func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") },
			"404":   http.NotFound,
			"empty": func(http.ResponseWriter, *http.Request) {},
			"panic": func(http.ResponseWriter, *http.Request) { panic("boom") },
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				m, err := headers.New(p.cfg)
				if err != nil {
					t.Fatal(err)
				}
				r := httptest.NewRequest("GET", "https://app.example.com/", nil)
				h := answer(recovering(m.Wrap(handler)), r).Header()
				checkProfile(t, h, p.want)
				for _, x := range e.MustNot {
					if v := h.Values(x.Header); len(v) > 0 {
						t.Errorf("%s: %q sent", x.Header, v)
					}
				}
				for _, x := range e.NotContain {
					if strings.Contains(h.Get(x.Header), x.Token) {
						t.Errorf("%s contains %q", x.Header, x.Token)
					}
				}
				delete(h, "Content-Type")
				if kind == "200" && len(h) != 7 {
					t.Errorf("%d headers, want 7: %v", len(h), h)
				}
			})
		}
		t.Run(name+"/http", func(t *testing.T) {
			m, _ := headers.New(p.cfg)
			h := answer(m.Wrap(nil), httptest.NewRequest("GET", "/", nil)).Header()
			for _, name := range e.PlainHTTP.Absent {
				if h.Get(name) != "" {
					t.Errorf("%s sent over http", name)
				}
			}
			for _, token := range e.PlainHTTP.CSP {
				if csp := h.Get("Content-Security-Policy"); csp == "" || strings.Contains(csp, token) {
					t.Errorf("policy over http: %q", csp)
				}
			}
		})
	}
}

func checkProfile(t *testing.T, h http.Header, want profile) {
	t.Helper()
	for name, rule := range want.Headers {
		lines := h.Values(name)
		switch {
		case len(lines) > 1:
			t.Errorf("%s: %d lines %q", name, len(lines), lines)
			continue
		case len(lines) == 0:
			if rule.Level != "optional" && !slices.Contains(leftOut, name) {
				t.Errorf("%s (%s) is missing", name, rule.Level)
			}
			continue
		}
		v := lines[0]
		switch rule.Rule {
		case "one_of", "sf_token":
			if !slices.Contains(rule.Values, v) {
				t.Errorf("%s: %q, want one of %q", name, v, rule.Values)
			}
		case "hsts":
			var age int
			fmt.Sscanf(v, "max-age=%d", &age)
			if age < rule.MinMaxAge || strings.Contains(v, "includeSubDomains") != rule.IncludeSubdomains {
				t.Errorf("%s: %q", name, v)
			}
		case "csp":
			policy := map[string]string{}
			for d := range strings.SplitSeq(v, ";") {
				key, value, _ := strings.Cut(strings.TrimSpace(d), " ")
				policy[key] = value
			}
			for _, m := range []map[string][][]string{rule.Required, rule.Recommended} {
				for d, allowed := range m {
					if !slices.ContainsFunc(allowed, func(s []string) bool { return policy[d] == strings.Join(s, " ") }) {
						t.Errorf("%s is %q, want one of %q", d, policy[d], allowed)
					}
				}
			}
			for d, value := range policy {
				for _, bad := range append(rule.ForbiddenIn[d], rule.Forbidden...) {
					if slices.Contains(strings.Fields(value), bad) {
						t.Errorf("%s allows %s", d, bad)
					}
				}
			}
		case "permissions_policy":
			for _, f := range rule.DenyAtLeast {
				if !strings.Contains(", "+v, ", "+f+"=()") {
					t.Errorf("%s does not deny %s", v, f)
				}
			}
			for _, f := range rule.Avoid {
				if strings.Contains(v, f+"=") {
					t.Errorf("%s names %s", v, f)
				}
			}
		default:
			t.Errorf("unknown rule %q", rule.Rule)
		}
	}
}

type behaviour struct {
	ID      string
	Config  vectorConfig
	Request struct {
		TLS          bool
		Method, Host string
		Target       string
		RemoteAddr   string `json:"remote_addr"`
		Headers      [][2]string
		RequestLine  string `json:"request_line"`
		NoHost       bool   `json:"no_host_header"`
	}
	HandlerSets [][2]string `json:"handler_sets"`
	Expect      struct {
		Present, Absent  []string
		TreatedAs        string `json:"treated_as"`
		StatusOneOf      []int  `json:"status_one_of"`
		Location         string
		LocationPrefix   string `json:"location_prefix"`
		NoLocationPrefix string `json:"no_location_prefix"`
		HandlerCalled    *bool  `json:"handler_called"`
		Values           map[string][]string
		NoClone          bool `json:"no_request_clone"`
		AllocsMax        int  `json:"allocs_max"`
	}
}

func TestVectorsBehaviours(t *testing.T) {
	var e expected
	load(t, "expected.json", &e)
	for _, b := range e.Behaviours {
		t.Run(b.ID, func(t *testing.T) { b.run(t) })
	}
	if len(e.Behaviours) < 14 {
		t.Error("cases are missing")
	}
}

func (b behaviour) run(t *testing.T) {
	m, err := b.Config.make()
	if b.Request.RequestLine != "" {
		if err == nil {
			t.Error("a redirect to any host was accepted")
		}
		b.Config.AllowedHosts = []string{"app.example.com"} // a configuration that can be
		m, err = b.Config.make()
	}
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(cmp(b.Request.Method, "GET"), cmp(b.Request.Target, "/"), nil)
	r.Host = cmp(b.Request.Host, "app.example.com")
	if b.Request.NoHost {
		r.Host = ""
	}
	if b.Request.TLS {
		r.TLS = &tls.ConnectionState{}
	}
	if b.Request.RemoteAddr != "" {
		r.RemoteAddr = b.Request.RemoteAddr
	}
	for _, h := range b.Request.Headers {
		r.Header.Add(h[0], h[1])
	}
	called, same := false, false
	handler := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, inner *http.Request) {
		called, same = true, inner == r
		for _, h := range b.HandlerSets {
			w.Header().Set(h[0], h[1])
		}
	}))
	var status int
	var h http.Header
	if b.Request.RequestLine != "" {
		status, h = rawExchange(t, handler, b.Request.RequestLine+"\r\n\r\n")
	} else {
		rec := answer(handler, r)
		status, h = rec.Code, rec.Header()
	}
	x := b.Expect
	for _, name := range x.Present {
		if len(h.Values(name)) != 1 {
			t.Errorf("%s: %q", name, h.Values(name))
		}
	}
	for _, name := range x.Absent {
		if len(h.Values(name)) != 0 {
			t.Errorf("%s: %q", name, h.Values(name))
		}
	}
	if x.TreatedAs != "" && (h.Get("Strict-Transport-Security") != "") != (x.TreatedAs == "https") {
		t.Errorf("treated as the other, want %s", x.TreatedAs)
	}
	if x.StatusOneOf != nil && !slices.Contains(x.StatusOneOf, status) {
		t.Errorf("status %d", status)
	}
	location := h.Get("Location")
	if x.Location != "" && location != x.Location || !strings.HasPrefix(location, x.LocationPrefix) {
		t.Errorf("Location %q", location)
	}
	if x.NoLocationPrefix != "" && strings.HasPrefix(location, x.NoLocationPrefix) {
		t.Errorf("Location %q", location)
	}
	if x.HandlerCalled != nil && called != *x.HandlerCalled {
		t.Errorf("handler called: %t", called)
	}
	for name, want := range x.Values {
		if !slices.Equal(h.Values(name), want) {
			t.Errorf("%s: %q, want %q", name, h.Values(name), want)
		}
	}
	if x.NoClone {
		if !same {
			t.Error("the request was copied")
		}
		if n := allocs(m, r); n > float64(x.AllocsMax) && !raceEnabled {
			t.Errorf("%v allocations, want %d", n, x.AllocsMax)
		}
	}
}

// rawExchange sends bytes to a real server, for what httptest.NewRequest cannot say.
func rawExchange(t *testing.T, h http.Handler, raw string) (int, http.Header) {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, raw)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode, res.Header
}
