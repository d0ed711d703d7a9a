package verify

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

const evilHost = "evil.test" // a name that no service has

func httpsChecks() []Check {
	return []Check{
		{ID: "https-redirect", Title: "plain http is redirected to https on the same host for good, and never served",
			Why:  "What is served over http can be read and changed on the way. A 301 to a POST makes browsers repeat it as a GET.",
			Hint: "Answer GET and HEAD with 301 or 308 to https on the same host, everything else with 308 or an error; or close the port.",
			Ref:  "https://www.rfc-editor.org/rfc/rfc9110#section-15.4", Run: checkRedirect},
		{ID: "https-spoof", Title: "a stranger cannot claim to be on https", Where: InProcess,
			Why:  "Where X-Forwarded-Proto is believed from anybody, one header turns the redirect off and opens what is for https only.",
			Hint: "Believe headers about the connection from the addresses of your own proxies only.",
			Ref:  "https://www.rfc-editor.org/rfc/rfc7239#section-8.1", Run: checkHTTPSSpoof},
		{ID: "host-check", Title: "another host's name is refused, and never repeated",
			Why:  "Links in e-mails and redirects built from a Host that the client chose lead to the attacker; caches keep them for others.",
			Hint: "Compare Host with a list and refuse the rest with 421; do not read X-Forwarded-Host from strangers.",
			Ref:  "https://portswigger.net/web-security/host-header", Run: checkHost},
		{ID: "tls-min", Title: "TLS 1.1 and older are refused", Where: Deployed,
			Why:  "They rest on broken hashes, and RFC 8996 forbids them.",
			Hint: "Set tls.Config.MinVersion, or the proxy's, to TLS 1.2.", Ref: "https://www.rfc-editor.org/rfc/rfc8996", Run: checkTLSMin},
		{ID: "tls-expiry", Title: "the certificate is good for two more weeks", Where: Deployed,
			Why:  "A certificate that nobody renews takes the service down at a time that nobody chooses.",
			Hint: "Renew it now, and find out why that did not happen by itself.", Ref: "https://letsencrypt.org/docs/integration-guide/", Run: checkExpiry},
		{ID: "http2", Title: "https offers HTTP/2", Where: Deployed,
			Why:  "Without it browsers open six connections and queue the rest.",
			Hint: "Let net/http do it (it does, unless TLSNextProto is set), or turn it on in the proxy.", Ref: "https://www.rfc-editor.org/rfc/rfc9113", Run: checkHTTP2},
	}
}

// host is the service's own name, without port.
func (p *Probe) host() string {
	if p.remote != nil {
		return p.remote.base.Hostname()
	}
	return hostOnly(p.cfg.Host)
}

func (p *Probe) needPlain() {
	if !p.https() {
		p.Skip("https is not declared (HTTPS)")
	}
	if p.remote != nil && p.remote.plain == nil {
		p.Skip("where plain http is, is not declared (PlainURL)")
	}
}

// checkRedirect asks with POST as well: unrolled/secure and many proxies answer it 301, which a browser repeats as GET.
// A closed port is as good as a redirect.
func checkRedirect(p *Probe) {
	p.needPlain()
	p.Do(Request{}) // the control: https answers
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		r := Request{Method: method, Plain: true}
		res, err := p.Try(r)
		if err != nil {
			if errors.Is(err, syscall.ECONNREFUSED) {
				return // nobody listens: nothing can go wrong
			}
			p.Inconclusive("plain http: %v", err)
		}
		safe := method != http.MethodPost
		switch {
		case res.Status/100 == 4: // refused: fine
		case res.Status == http.StatusPermanentRedirect, safe && res.Status == http.StatusMovedPermanently, !safe && res.Status == http.StatusTemporaryRedirect:
			u, err := url.Parse(res.Header.Get("Location"))
			if err != nil || u.Scheme != "https" || !strings.EqualFold(u.Hostname(), p.host()) {
				p.Fail("%s over http leads to %q, want https on %s", res, clip(res.Header.Get("Location"), 100), p.host())
			}
		case res.ok():
			p.Fail("%s over http: served without https", res)
		default:
			p.Fail("%s over http, want a permanent redirect that keeps the method", res)
		}
	}
}

// checkHTTPSSpoof needs a redirect to take away: where http is served to everybody, a forged header changes nothing.
func checkHTTPSSpoof(p *Probe) {
	p.needPlain()
	if control := p.Do(Request{Plain: true}); control.ok() {
		p.Inconclusive("plain http is served anyway: %s", control)
	}
	for _, kv := range [][2]string{{"X-Forwarded-Proto", "https"}, {"Forwarded", "for=192.0.2.1;proto=https"}, {"X-Forwarded-Ssl", "on"},
		{"X-Forwarded-Scheme", "https"}, {"X-Url-Scheme", "https"}, {"Front-End-Https", "on"}, {"Cf-Visitor", `{"scheme":"https"}`}} {
		if res := p.Do(Request{Plain: true}.with(kv[0], kv[1])); res.ok() {
			p.Fail("%s: %s from a stranger is believed: %s over http", kv[0], kv[1], res)
		}
	}
}

// checkHost looks for the foreign name in what comes back, whether or not HostCheck is declared: to repeat it is wrong
// in any service. Over http the redirect itself may carry it.
func checkHost(p *Probe) {
	repeated := func(res *Response, how string) {
		if strings.Contains(strings.ToLower(res.Header.Get("Location")), evilHost) {
			p.Fail("%s: redirects to %s", how, clip(res.Header.Get("Location"), 100))
		} else if res.Contains(evilHost) {
			p.Fail("%s: the body repeats it", how)
		}
	}
	plain := []bool{false}
	if p.https() && (p.local != nil || p.remote.plain != nil) {
		plain = append(plain, true)
	}
	for _, http := range plain {
		res, err := p.Try(Request{Host: evilHost, Plain: http})
		if err != nil {
			continue // cut off, or nobody there: refused as well
		}
		if p.cfg.HostCheck && res.Status/100 != 4 && (!http || res.Status/100 != 3) {
			p.Fail("Host: %s: %d, want 4xx", evilHost, res.Status)
		}
		repeated(res, "Host: "+evilHost)
		for _, kv := range [][2]string{{"X-Forwarded-Host", evilHost}, {"Forwarded", "for=192.0.2.1;host=" + evilHost}, {"X-Host", evilHost},
			{"X-Forwarded-Server", evilHost}, {"X-Original-Host", evilHost}} {
			if res, err := p.Try(Request{Plain: http}.with(kv[0], kv[1])); err == nil {
				repeated(res, kv[0]+": "+kv[1])
			}
		}
	}
	if !p.cfg.HostCheck && len(p.findings) == 0 {
		p.Skip("nothing repeats the name; that other hosts are refused is not declared (HostCheck)")
	}
}

// needTLS is the address of a URL on https.
func (p *Probe) needTLS() (addr string) {
	u := p.remote.base
	if u.Scheme != "https" {
		p.Skip("the URL is not on https")
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// checkTLSMin speaks the old versions itself; the handshake must fail. No byte of HTTP is sent on it.
func checkTLSMin(p *Probe) {
	addr := p.needTLS()
	p.Do(Request{}) // the control: a handshake of today works
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: p.cfg.Limits.RequestTimeout}, Config: &tls.Config{
		ServerName: p.host(), RootCAs: p.cfg.RootCAs, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
		InsecureSkipVerify: true, //nolint:gosec // only the version is asked for, and nothing is sent
	}}
	conn, err := dialer.DialContext(p.ctx, "tcp", addr)
	if err != nil {
		return
	}
	defer conn.Close()
	p.Fail("a handshake with %s is accepted", tls.VersionName(conn.(*tls.Conn).ConnectionState().Version))
}

// checkExpiry looks at the leaf only: a chain that does not verify has failed every request before.
func checkExpiry(p *Probe) {
	p.needTLS()
	res := p.Do(Request{})
	if res.TLS == nil || len(res.TLS.PeerCertificates) == 0 {
		p.Inconclusive("no certificate was seen")
	}
	left := time.Until(res.TLS.PeerCertificates[0].NotAfter)
	if left < 14*24*time.Hour {
		p.Fail("the certificate ends in %d days, at %s", int(left.Hours()/24), res.TLS.PeerCertificates[0].NotAfter.Format(time.RFC3339))
	}
}

// checkHTTP2 warns: a service on HTTP/1.1 is slow, and safe.
func checkHTTP2(p *Probe) {
	p.needTLS()
	if res := p.Do(Request{}); res.Proto != "HTTP/2.0" {
		p.Warn("the answer is %s", res.Proto)
	}
}
