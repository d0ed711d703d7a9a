package clientip_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/clientip"
)

func TestNewRefuses(t *testing.T) {
	nets := func(s ...string) (list []netip.Prefix) {
		for _, p := range s {
			list = append(list, netip.MustParsePrefix(p))
		}
		return list
	}
	for _, tc := range []struct {
		desc string
		cfg  clientip.Config
		want []string // a part of each line
	}{
		{"header without proxies", clientip.Config{Header: "X-Forwarded-For"},
			[]string{`clientip: Header "X-Forwarded-For": no proxy is trusted`}},
		{"proxies without header", clientip.Config{TrustedProxies: nets("10.0.0.0/8")}, []string{"clientip: Header: "}},
		{"hops without header", clientip.Config{Hops: 1}, []string{"clientip: Header: "}},
		{"unix without header", clientip.Config{TrustUnixSocket: true}, []string{"clientip: Header: "}},
		{"both proxies and hops", clientip.Config{TrustedProxies: nets("10.0.0.0/8"), Hops: 1, Header: "Forwarded"},
			[]string{"Hops 1: TrustedProxies already say"}},
		{"host bits", clientip.Config{TrustedProxies: nets("10.0.0.1/8"), Header: "Forwarded"},
			[]string{`TrustedProxies[0] "10.0.0.1/8": has bits set beyond its length; write "10.0.0.0/8" for the network or "10.0.0.1/32"`}},
		{"everybody", clientip.Config{TrustedProxies: nets("10.0.0.0/8", "0.0.0.0/0", "::/0"), Header: "Forwarded"},
			[]string{`TrustedProxies[1] "0.0.0.0/0": trusts everybody`, `TrustedProxies[2] "::/0": trusts everybody`}},
		{"zero prefix", clientip.Config{TrustedProxies: make([]netip.Prefix, 1), Header: "Forwarded"},
			[]string{"TrustedProxies[0]: is not a network"}},
		{"mapped prefix", clientip.Config{TrustedProxies: nets("::ffff:10.0.0.0/104"), Header: "Forwarded"},
			[]string{`write "10.0.0.0/8"`}},
		{"unknown header", clientip.Config{TrustedProxies: nets("10.0.0.0/8"), Header: "X-Forwarded-Fro"},
			[]string{`Header "X-Forwarded-Fro": is not a header`}},
		{"a header that holds what the client sent", clientip.Config{TrustedProxies: nets("10.0.0.0/8"), Header: "X-Original-Forwarded-For"},
			[]string{`Header "X-Original-Forwarded-For": is not a header`}},
		{"half of the internet", clientip.Config{TrustedProxies: nets("0.0.0.0/1", "2000::/3"), Header: "Forwarded"},
			[]string{`TrustedProxies[0] "0.0.0.0/1": is so large`, `TrustedProxies[1] "2000::/3": is so large`}},
		{"hops and unix socket", clientip.Config{Hops: 1, TrustUnixSocket: true, Header: "Forwarded"}, []string{"Hops 1: believes every peer"}},
		{"negative hops", clientip.Config{Hops: -1, Header: "Forwarded"}, []string{"Hops -1: must be between 0 and 100"}},
		{"hops of a single header", clientip.Config{Hops: 2, Header: "X-Real-IP"}, []string{"Hops 2: X-Real-IP holds one address"}},
		{"all at once", clientip.Config{TrustedProxies: nets("10.0.0.1/8", "0.0.0.0/0"), Hops: 2, Header: "nope"},
			[]string{"Header", "Hops", "TrustedProxies[0]", "TrustedProxies[1]"}},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			r, err := clientip.New(tc.cfg)
			if r != nil || err == nil {
				t.Fatalf("New = %v, %v; want an error alone", r, err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tc.want) {
				t.Fatalf("%d problems, want %d:\n%v", len(lines), len(tc.want), err)
			}
			for i, want := range tc.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("problem %d = %s\nwant %s", i, lines[i], want)
				}
			}
			if e, ok := errors.AsType[*clientip.ConfigError](err); !ok || e.Package != "clientip" || e.Reason == "" || e.Fix == "" {
				t.Errorf("not a whole ConfigError: %#v", e)
			}
		})
	}
}

func TestNewAccepts(t *testing.T) {
	for _, cfg := range []clientip.Config{
		{},
		{TrustedProxies: ten, Header: "x-forwarded-for"},
		{TrustedProxies: ten, Header: "Fly-Client-IP", TrustUnixSocket: true},
		{Hops: 3, Header: "X-Forwarded-For"},
		{Hops: 1, Header: "True-Client-IP"},
		{TrustUnixSocket: true, Header: "Forwarded"},
	} {
		r, err := clientip.New(cfg)
		if err != nil {
			t.Errorf("New(%+v): %v", cfg, err)
			continue
		}
		if got := r.Config(); !slices.Equal(got.TrustedProxies, cfg.TrustedProxies) || got.Hops != cfg.Hops || !strings.EqualFold(got.Header, cfg.Header) {
			t.Errorf("Config() = %+v, want %+v", got, cfg)
		}
	}
}

func TestNewCopies(t *testing.T) {
	proxies := slices.Clone(ten)
	r := mustNew(t, clientip.Config{TrustedProxies: proxies, Header: "X-Forwarded-For"})
	proxies[0] = netip.MustParsePrefix("192.0.2.0/24")
	if got := r.Addr(request("192.0.2.1:1", "X-Forwarded-For: 6.6.6.6")).String(); got != "192.0.2.1" {
		t.Errorf("Addr = %s: New kept the caller's slice", got)
	}
}

func TestParsePrefixes(t *testing.T) {
	got, err := clientip.ParsePrefixes(" 10.0.0.0/8, 192.168.1.7\n::ffff:192.0.2.1 2001:db8::/32,,")
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.1.7/32"),
		netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/32")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("ParsePrefixes = %v, %v; want %v", got, err, want)
	}
	if got, err := clientip.ParsePrefixes(""); len(got) != 0 || err != nil {
		t.Errorf("ParsePrefixes of nothing = %v, %v", got, err)
	}
	_, err = clientip.ParsePrefixes("10.0.0.0/8, localhost, 10.0.0.0/33, fe80::1%eth0")
	if err == nil || strings.Count(err.Error(), "\n") != 2 || !strings.Contains(err.Error(), `entry 2 "localhost"`) {
		t.Errorf("ParsePrefixes = %v, want three problems", err)
	}
}
