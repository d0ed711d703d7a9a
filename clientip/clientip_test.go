package clientip_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/clientip"
)

var ten = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}

func mustNew(t testing.TB, cfg clientip.Config) *clientip.Resolver {
	t.Helper()
	r, err := clientip.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func request(remote string, lines ...string) *http.Request {
	r := &http.Request{Method: "GET", RemoteAddr: remote, Header: http.Header{}}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func TestAddr(t *testing.T) {
	xff := clientip.Config{TrustedProxies: ten, Header: "x-forwarded-for"}
	fwd := clientip.Config{TrustedProxies: ten, Header: "Forwarded"}
	unix := clientip.Config{TrustUnixSocket: true, Header: "X-Forwarded-For"}
	hops := func(n int) clientip.Config { return clientip.Config{Hops: n, Header: "X-Forwarded-For"} }
	const proxy = "10.0.0.1:4711"
	for _, tc := range []struct {
		desc   string
		cfg    clientip.Config
		remote string
		header []string
		want   string
	}{
		{"all trusted: the far end", xff, proxy, []string{"X-Forwarded-For: 10.1.1.1, 10.2.2.2"}, "10.1.1.1"},
		{"entries run over lines", xff, proxy, []string{"X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 10.2.2.2"}, "192.0.2.1"},
		{"blank entries and tabs", xff, proxy, []string{"X-Forwarded-For: 192.0.2.1 ,\t, 10.2.2.2 ,,"}, "192.0.2.1"},
		{"port that is none", xff, proxy, []string{"X-Forwarded-For: 192.0.2.1:x"}, "10.0.0.1"},
		{"bracketed IPv4", xff, proxy, []string{"X-Forwarded-For: [192.0.2.1]"}, "10.0.0.1"},
		{"port of six digits", xff, proxy, []string{"X-Forwarded-For: 192.0.2.1:123456"}, "10.0.0.1"},
		{"unspecified address", xff, proxy, []string{"X-Forwarded-For: 192.0.2.1, 0.0.0.0"}, "10.0.0.1"},
		{"unspecified IPv6 address", xff, proxy, []string{"X-Forwarded-For: 192.0.2.1, ::"}, "10.0.0.1"},
		{"a long chain of proxies", xff, proxy, []string{"X-Forwarded-For: 6.6.6.6, 192.0.2.1" + strings.Repeat(", 10.2.2.2", 50)}, "192.0.2.1"},
		{"zone goes", xff, proxy, []string{"X-Forwarded-For: fe80::1%eth0"}, "fe80::1"},
		{"101 empty entries end the walk", xff, proxy, []string{"X-Forwarded-For: 192.0.2.1" + strings.Repeat(",", 101)}, "10.0.0.1"},
		{"other header lines do not count", xff, proxy, []string{"X-Real-Ip: 192.0.2.1"}, "10.0.0.1"},

		{"single: the last line alone", clientip.Config{TrustedProxies: ten, Header: "X-Real-IP"}, proxy,
			[]string{"X-Real-Ip: 192.0.2.1", "X-Real-Ip: 192.0.2.2"}, "192.0.2.2"},
		{"single: an empty last line is nobody", clientip.Config{TrustedProxies: ten, Header: "X-Real-IP"}, proxy,
			[]string{"X-Real-Ip: 192.0.2.1", "X-Real-Ip: "}, "10.0.0.1"},
		{"single: no list", clientip.Config{TrustedProxies: ten, Header: "X-Real-IP"}, proxy,
			[]string{"X-Real-Ip: 192.0.2.1, 192.0.2.2"}, "10.0.0.1"},

		{"forwarded: parameters in any order and case", fwd, proxy, []string{`Forwarded: proto=https;FOR="192.0.2.1:8080";by=_x`}, "192.0.2.1"},
		{"forwarded: blanks after the semicolon", fwd, proxy, []string{`Forwarded: for=192.0.2.1; proto=https`}, "192.0.2.1"},
		{"forwarded: quoted pair", fwd, proxy, []string{`Forwarded: for="192\.0.2.1"`}, "192.0.2.1"},
		{"forwarded: comma in quotes", fwd, proxy, []string{`Forwarded: for=192.0.2.1;host="a\",for=6.6.6.6"`}, "192.0.2.1"},
		{"forwarded: open quote", fwd, proxy, []string{`Forwarded: for=6.6.6.6, for="192.0.2.1`}, "10.0.0.1"},
		{"forwarded: a quote that the client left open", fwd, proxy, []string{`Forwarded: for=6.6.6.6;by=", for=192.0.2.1`}, "192.0.2.1"},
		{"forwarded: a quote that the client left open, quoted address", fwd, proxy, []string{`Forwarded: x="\, for="192.0.2.1:80";host="a\"b"`}, "192.0.2.1"},
		{"forwarded: a quote that nothing opens", fwd, proxy, []string{`Forwarded: for=6.6.6.6, for=192.0.2.1"`}, "10.0.0.1"},
		{"forwarded: text behind the quote", fwd, proxy, []string{`Forwarded: for="192.0.2.1"x`}, "10.0.0.1"},
		{"forwarded: a parameter behind the quote, no semicolon", fwd, proxy, []string{`Forwarded: for="192.0.2.1"by=_x`}, "10.0.0.1"},
		{"forwarded: blank before the equals sign", fwd, proxy, []string{`Forwarded: for =192.0.2.1`}, "10.0.0.1"},
		{"forwarded: two fors", fwd, proxy, []string{`Forwarded: for=6.6.6.6;for=192.0.2.1`}, "10.0.0.1"},
		{"forwarded: no for", fwd, proxy, []string{`Forwarded: for=6.6.6.6, proto=https`}, "10.0.0.1"},
		{"forwarded: two lines", fwd, proxy, []string{`Forwarded: for=192.0.2.1`, `Forwarded: for=10.3.3.3`}, "192.0.2.1"},
		{"forwarded: obfuscated port", fwd, proxy, []string{`Forwarded: for="[2001:db8::1]:_p"`}, "2001:db8::1"},

		{"hops 1", hops(1), "192.0.2.200:1", []string{"X-Forwarded-For: 6.6.6.6, 192.0.2.1"}, "192.0.2.1"},
		{"hops 2", hops(2), "192.0.2.200:1", []string{"X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.9.9.9"}, "192.0.2.1"},
		{"hops 2, the inner entry may be anything", hops(2), "192.0.2.200:1", []string{"X-Forwarded-For: 192.0.2.1, unknown"}, "192.0.2.1"},
		{"hops 2 and one entry: the peer", hops(2), "192.0.2.200:1", []string{"X-Forwarded-For: 192.0.2.1"}, "192.0.2.200"},
		{"hops 1 and garbage: the peer", hops(1), "192.0.2.200:1", []string{"X-Forwarded-For: 192.0.2.1, x"}, "192.0.2.200"},

		{"unix, trusted", unix, "@", []string{"X-Forwarded-For: 192.0.2.1"}, "192.0.2.1"},
		{"unix with a path, trusted", unix, "/run/app.sock", []string{"X-Forwarded-For: 192.0.2.1"}, "192.0.2.1"},
		{"unix trusted, tcp peer not", unix, "192.0.2.9:1", []string{"X-Forwarded-For: 192.0.2.1"}, "192.0.2.9"},
		{"unix, silent proxy: nobody", unix, "@", nil, "invalid IP"},
		{"unix, not trusted", xff, "@", []string{"X-Forwarded-For: 192.0.2.1"}, "invalid IP"},
		{"peer that is garbage", unix, "pipe", []string{"X-Forwarded-For: 192.0.2.1"}, "invalid IP"},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			if got := mustNew(t, tc.cfg).Addr(request(tc.remote, tc.header...)).String(); got != tc.want {
				t.Errorf("Addr = %s, want %s", got, tc.want)
			}
		})
	}
}

func TestHTTPS(t *testing.T) {
	xff := clientip.Config{TrustedProxies: ten, Header: "X-Forwarded-For"}
	fwd := clientip.Config{TrustedProxies: ten, Header: "Forwarded"}
	const proxy, stranger = "10.0.0.1:4711", "192.0.2.1:4711"
	for _, tc := range []struct {
		desc   string
		cfg    clientip.Config
		remote string
		header []string
		want   bool
	}{
		{"nothing said", xff, proxy, nil, false},
		{"trusted", xff, proxy, []string{"X-Forwarded-Proto: https"}, true},
		{"any case", xff, proxy, []string{"X-Forwarded-Proto: HTTPS"}, true},
		{"WebSocket", xff, proxy, []string{"X-Forwarded-Proto: wss"}, true},
		{"stranger", xff, stranger, []string{"X-Forwarded-Proto: https"}, false},
		{"last value", xff, proxy, []string{"X-Forwarded-Proto: https, http"}, false},
		{"last line", xff, proxy, []string{"X-Forwarded-Proto: http", "X-Forwarded-Proto: https"}, true},
		{"Forwarded is not asked", xff, proxy, []string{"Forwarded: for=192.0.2.1;proto=https"}, false},
		{"hops", clientip.Config{Hops: 1, Header: "X-Forwarded-For"}, stranger, []string{"X-Forwarded-Proto: https"}, true},
		{"unix", clientip.Config{TrustUnixSocket: true, Header: "X-Forwarded-For"}, "@", []string{"X-Forwarded-Proto: https"}, true},
		{"forwarded", fwd, proxy, []string{`Forwarded: for=192.0.2.1;proto="HTTPS"`}, true},
		{"forwarded: the client's own invention", fwd, proxy, []string{`Forwarded: for=6.6.6.6;proto=https, for=192.0.2.1;proto=http`}, false},
		{"forwarded: the edge's word, not the inner hop's", fwd, proxy, []string{`Forwarded: for=192.0.2.1;proto=https, for=10.1.1.1;proto=http`}, true},
		{"forwarded: hidden address", fwd, proxy, []string{`Forwarded: for=_secret;proto=https`}, true},
		{"forwarded: X-Forwarded-Proto is not asked", fwd, proxy, []string{"X-Forwarded-Proto: https"}, false},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			res := mustNew(t, tc.cfg)
			r := request(tc.remote, tc.header...)
			if got := res.HTTPS(r); got != tc.want {
				t.Errorf("HTTPS = %v, want %v", got, tc.want)
			}
			r.TLS = &tls.ConnectionState{}
			if !res.HTTPS(r) {
				t.Error("HTTPS = false over TLS")
			}
		})
	}
	t.Run("absolute URL over plain TCP", func(t *testing.T) {
		r, _ := http.NewRequest("GET", "https://app.example.com/", nil)
		r.RemoteAddr = stranger
		if mustNew(t, xff).HTTPS(r) {
			t.Error("URL.Scheme was believed")
		}
	})
	t.Run("nil Resolver", func(t *testing.T) {
		var res *clientip.Resolver
		r := request(proxy, "X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.1")
		if res.HTTPS(r) || res.Addr(r).String() != "10.0.0.1" {
			t.Error("a nil Resolver believed a header")
		}
	})
}

// spoofed is what a client sends to make the walk long: 600 entries left of what the proxies wrote.
func spoofed() string {
	var b strings.Builder
	for i := range 600 {
		fmt.Fprintf(&b, "203.0.113.%d, ", i%256)
	}
	return b.String()
}

func TestAllocations(t *testing.T) {
	for desc, tc := range map[string]struct {
		header string
		line   string
	}{
		"X-Forwarded-For":         {"X-Forwarded-For", "X-Forwarded-For: 192.0.2.1, 10.2.2.2"},
		"X-Forwarded-For spoofed": {"X-Forwarded-For", "X-Forwarded-For: " + spoofed() + "192.0.2.1, 10.2.2.2"},
		"X-Forwarded-For garbage": {"X-Forwarded-For", "X-Forwarded-For: unknown"},
		"Forwarded":               {"Forwarded", `Forwarded: for="[2001:db8::1]:80";proto=https;by=_x, for=10.2.2.2`},
		"X-Real-IP":               {"X-Real-IP", "X-Real-Ip: 192.0.2.1"},
	} {
		res := mustNew(t, clientip.Config{TrustedProxies: ten, Header: tc.header})
		r := request("10.0.0.1:4711", tc.line, "X-Forwarded-Proto: https")
		if n := testing.AllocsPerRun(100, func() { res.Addr(r); res.HTTPS(r) }); n != 0 {
			t.Errorf("%s: %v allocations", desc, n)
		}
	}
}

func BenchmarkAddr(b *testing.B) {
	res := mustNew(b, clientip.Config{TrustedProxies: ten, Header: "X-Forwarded-For"})
	fwd := mustNew(b, clientip.Config{TrustedProxies: ten, Header: "Forwarded"})
	for _, bc := range []struct {
		desc string
		res  *clientip.Resolver
		r    *http.Request
	}{
		{"direct", nil, request("192.0.2.1:4711")},
		{"one hop", res, request("10.0.0.1:4711", "X-Forwarded-For: 192.0.2.1")},
		{"two hops", res, request("10.0.0.1:4711", "X-Forwarded-For: 192.0.2.1, 10.2.2.2")},
		{"two hops, 600 spoofed", res, request("10.0.0.1:4711", "X-Forwarded-For: "+spoofed()+"192.0.2.1, 10.2.2.2")},
		{"forwarded", fwd, request("10.0.0.1:4711", `Forwarded: for="[2001:db8::1]:80";proto=https`)},
	} {
		b.Run(bc.desc, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bc.res.Addr(bc.r)
			}
		})
	}
}
