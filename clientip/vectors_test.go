package clientip_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/clientip"
)

type vector struct {
	ID             string              `json:"id"`
	TrustedProxies []string            `json:"trusted_proxies"`
	Header         string              `json:"header"`
	RemoteAddr     string              `json:"remote_addr"`
	Headers        map[string][]string `json:"headers"`
	Expect         string              `json:"expect"`
	ExpectIP       string              `json:"expect_ip"`
	AcceptAlso     []string            `json:"accept_also"`
	Never          []string            `json:"never"`
}

// config is the Config of a vector. Their "header set, nobody trusted" is an error here; a nil Resolver is its meaning.
func (v vector) resolver(t *testing.T) *clientip.Resolver {
	t.Helper()
	cfg := clientip.Config{Header: v.Header}
	for _, p := range v.TrustedProxies {
		if p == "unix" {
			cfg.TrustUnixSocket = true
			continue
		}
		cfg.TrustedProxies = append(cfg.TrustedProxies, netip.MustParsePrefix(p))
	}
	if v.Header == "none" || len(v.TrustedProxies) == 0 {
		return nil
	}
	r, err := clientip.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// peer is what "remote" means: the connection's other end, unmapped and without zone.
func (v vector) peer() string {
	host := v.RemoteAddr
	if ap, err := netip.ParseAddrPort(host); err == nil {
		host = ap.Addr().Unmap().WithZone("").String()
	}
	if host == "" {
		return netip.Addr{}.String()
	}
	return host
}

func TestVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/clientip.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 40 {
		t.Fatalf("only %d vectors", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.ID, func(t *testing.T) {
			r := &http.Request{RemoteAddr: v.RemoteAddr, Header: v.Headers}
			got := v.resolver(t).Addr(r).String()
			want := v.ExpectIP
			if v.Expect == "remote" {
				want = v.peer()
			}
			for _, never := range v.Never {
				if got == never {
					t.Fatalf("Addr = %s, a spoofed value", got)
				}
			}
			if got == want {
				return
			}
			for _, also := range v.AcceptAlso {
				if got == also || also == "remote" && got == v.peer() {
					return
				}
			}
			t.Errorf("Addr = %s, want %s %s", got, want, strings.Join(v.AcceptAlso, " or "))
		})
	}
}
