package clientip_test

import (
	"fmt"
	"net/http"
	"net/netip"

	"github.com/gambeson-go/gambeson/clientip"
)

func Example() {
	client, err := clientip.New(clientip.Config{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Header:         "X-Forwarded-For",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := &http.Request{RemoteAddr: "10.0.0.1:34512", Header: http.Header{
		"X-Forwarded-For":   {"1.1.1.1, 203.0.113.7"}, // the left one is the client's own invention
		"X-Forwarded-Proto": {"https"},
	}}
	fmt.Println(client.Addr(r), client.HTTPS(r))

	r.RemoteAddr = "198.51.100.9:4000" // somebody who went around the proxy
	fmt.Println(client.Addr(r), client.HTTPS(r))
	// Output:
	// 203.0.113.7 true
	// 198.51.100.9 false
}

// Every problem comes at once, with what to write instead.
func ExampleNew_problems() {
	_, err := clientip.New(clientip.Config{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("10.0.0.1/8")},
	})
	fmt.Println(err)
	// Output:
	// clientip: Header: trusted proxies tell the client's address in a header, and none is named; write the one that they set, such as "X-Forwarded-For"
	// clientip: TrustedProxies[0] "0.0.0.0/0": trusts everybody, so that everybody can say who he is; list the proxies' networks; where they are unknown, give Hops
	// clientip: TrustedProxies[1] "10.0.0.1/8": has bits set beyond its length; write "10.0.0.0/8" for the network or "10.0.0.1/32" for the host
}

func ExampleParsePrefixes() {
	proxies, err := clientip.ParsePrefixes("10.0.0.0/8, 192.168.1.7")
	fmt.Println(proxies, err)
	// Output: [10.0.0.0/8 192.168.1.7/32] <nil>
}
