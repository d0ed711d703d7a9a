package clientip_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/clientip"
)

// FuzzAddr holds the promise: the answer is the peer, or an address that a trusted hop vouched for. Whatever the client
// wrote stands left of what the trusted proxies appended, so their part alone must decide.
func FuzzAddr(f *testing.F) {
	f.Add("10.0.0.1:1", "6.6.6.6", "192.0.2.1")
	f.Add("10.0.0.1:1", "for=6.6.6.6;x=\"", "192.0.2.1")
	f.Add("192.0.2.9:1", "10.0.0.1, 6.6.6.6", "10.0.0.2")
	f.Add("@", "[::1]:80", "2001:db8::1")
	f.Fuzz(func(t *testing.T, remote, spoof, appended string) {
		client, err := netip.ParseAddr(appended)
		if err != nil || client.Zone() != "" || client.IsUnspecified() {
			client = netip.MustParseAddr("192.0.2.1")
		}
		client = client.Unmap()
		node := client.String()
		if client.Is6() {
			node = "[" + node + "]"
		}
		var direct *clientip.Resolver
		for _, header := range []string{"X-Forwarded-For", "Forwarded", "X-Real-IP"} {
			res := mustNew(t, clientip.Config{TrustedProxies: ten, Header: header})
			key := http.CanonicalHeaderKey(header)
			name := node
			if header == "Forwarded" {
				name = `for="` + node + `"`
			}
			// What the client sent reaches the proxy, which appends to the line or adds one of its own.
			for _, lines := range [][]string{{spoof, name}, {spoof + ", " + name}} {
				if header == "X-Real-IP" {
					lines = []string{name} // the proxy replaces it
				}
				got := res.Addr(&http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{key: lines}})
				switch {
				case got == client, got.String() == "10.0.0.1":
				case ten[0].Contains(client): // a trusted hop, whose own word is what the spoofed part pretends to be
				default:
					t.Fatalf("%s %q: Addr = %v, want %v or the peer", header, lines, got, client)
				}
			}
			// Whatever a stranger sends, he is himself.
			r := &http.Request{RemoteAddr: remote, Header: http.Header{key: {spoof}, "X-Forwarded-Proto": {"https"}}}
			peer := direct.Addr(r)
			if peer.IsValid() && ten[0].Contains(peer) {
				continue
			}
			if got := res.Addr(r); got != peer {
				t.Fatalf("%s %q from %q: Addr = %v, want the peer %v", header, spoof, remote, got, peer)
			}
			if res.HTTPS(r) {
				t.Fatalf("%s from %q: https on a stranger's word", header, remote)
			}
		}
	})
}

// FuzzHostile holds that no input panics and no answer carries a zone or a mapped address.
func FuzzHostile(f *testing.F) {
	f.Add("10.0.0.1:1", `for="[::ffff:1.2.3.4%25eth0]:_x";proto=https, for=10.0.0.2`)
	f.Add("10.0.0.1:1", strings.Repeat(`"\,`, 50))
	f.Fuzz(func(t *testing.T, remote, line string) {
		for _, cfg := range []clientip.Config{
			{TrustedProxies: ten, Header: "X-Forwarded-For"},
			{TrustedProxies: ten, Header: "Forwarded"},
			{Hops: 2, Header: "Forwarded"},
			{TrustUnixSocket: true, Header: "True-Client-IP"},
		} {
			h := http.Header{}
			h.Set(cfg.Header, line)
			r := &http.Request{RemoteAddr: remote, Header: h}
			res := mustNew(t, cfg)
			if a := res.Addr(r); a.Zone() != "" || a.Is4In6() {
				t.Fatalf("Addr = %v", a)
			}
			res.HTTPS(r)
		}
	})
}

// A line of quotes is scanned in place, entry by entry.
func TestQuotesAllocateNothing(t *testing.T) {
	line := strings.Repeat(`for="a,b",`, 100_000)
	res := mustNew(t, clientip.Config{TrustedProxies: ten, Header: "Forwarded"})
	r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"Forwarded": {line}}}
	if n := testing.AllocsPerRun(1, func() { res.Addr(r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
