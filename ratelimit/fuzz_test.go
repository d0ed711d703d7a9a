package ratelimit_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// FuzzAgainstXTimeRate plays one bucket against a rate.Limiter of the same limit. Every byte pair is a pause and a
// cost. They may differ only where the tokens are within a rounding error of the cost; the limiter counts in float64,
// the bucket in whole nanoseconds a token.
func FuzzAgainstXTimeRate(f *testing.F) {
	f.Add(uint16(100), uint32(60_000), uint16(100), []byte{0, 100, 1, 1, 200, 3})
	f.Add(uint16(10), uint32(13_000), uint16(1), []byte{0, 1, 130, 1, 129, 1, 1, 1})
	f.Add(uint16(1), uint32(1_900), uint16(3), []byte{0, 3, 0, 0, 190, 1, 19, 1})
	f.Add(uint16(1000), uint32(1), uint16(7), []byte{1, 7, 1, 7, 1, 7})
	f.Fuzz(func(t *testing.T, n uint16, ms uint32, burst uint16, script []byte) {
		if n == 0 || ms == 0 || burst == 0 || len(script) > 400 {
			t.Skip()
		}
		limit := ratelimit.Per(int(n), time.Duration(ms)*time.Millisecond)
		var cost int
		synctest.Test(t, func(t *testing.T) {
			m, err := ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{{
				Name: "p", Limit: limit, Burst: int(burst), Cost: func(*http.Request) int { return cost },
			}}})
			if err != nil {
				t.Fatal(err)
			}
			oracle := rate.NewLimiter(limit, int(burst))
			r := httptest.NewRequest("GET", "/", nil)
			emission := 1e9 / float64(limit)
			for i := 0; i+1 < len(script); i += 2 {
				pause := float64(script[i]) / 100 * emission // in steps of a hundredth token: the boundaries are hit
				time.Sleep(time.Duration(math.Round(pause)))
				cost = int(script[i+1])
				tokens := oracle.Tokens()
				d := m.Check(r)
				near := math.Abs(tokens-float64(cost)) < 1e-6+(float64(burst)+float64(i))/emission
				want := cost == 0 || oracle.Tokens() >= float64(cost)
				if d.Allowed != want && !near {
					t.Fatalf("step %d: cost %d with %.9f tokens: %+v", i/2, cost, tokens, d)
				}
				if d.Allowed {
					// Keep the two in step, whoever was right about the last nanosecond.
					for step := time.Duration(1); !oracle.AllowN(time.Now(), cost) && near; step *= 2 {
						time.Sleep(step)
					}
				}
				if float64(d.Remaining) > tokens+1e-3+float64(i)/emission {
					t.Fatalf("step %d: %d remaining of %.9f", i/2, d.Remaining, tokens)
				}
				if !d.Allowed && cost <= int(burst) {
					missing := (float64(cost) - tokens) * emission
					if diff := math.Abs(float64(d.RetryAfter) - missing); diff > 1e3+emission*1e-3+float64(burst)+float64(i) {
						t.Fatalf("step %d: RetryAfter %v, but %v is missing", i/2, d.RetryAfter, time.Duration(missing))
					}
				}
			}
		})
	})
}

// FuzzAddressKey holds the key of an address against its rule, said a second time with netip.
func FuzzAddressKey(f *testing.F) {
	for _, s := range []string{"192.0.2.1", "::ffff:192.0.2.1", "64:ff9b::c000:201", "2001:db8::1", "fe80::1%eth0", "::", "@", ""} {
		f.Add(s, 64)
	}
	f.Add("2001:db8:ffff:ffff::1", 41)
	f.Fuzz(func(t *testing.T, s string, prefix int) {
		key := ratelimit.ByIP(nil, prefix)
		got := key(&http.Request{RemoteAddr: netipJoin(s)})
		if got == "" {
			t.Fatal("exempt")
		}
		ap, err := netip.ParseAddrPort(netipJoin(s))
		if err != nil {
			return // whatever the resolver makes of it; it is not exempt
		}
		addr := ap.Addr().Unmap().WithZone("")
		if prefix < 1 || prefix > 128 {
			prefix = 64
		}
		nat64 := netip.MustParsePrefix("64:ff9b::/96").Contains(addr)
		var same netip.Addr
		switch b := addr.As16(); {
		case nat64:
			same = netip.AddrFrom4([4]byte(b[12:]))
		case addr.Is4():
			same = netip.AddrFrom16(addr.As16()) // mapped
		default:
			same = netip.PrefixFrom(addr, prefix).Masked().Addr()
			if netip.MustParsePrefix("64:ff9b::/96").Contains(same) || same.Is4In6() {
				return // the masked network looks like IPv4 by chance of a very long run of zeros
			}
		}
		if other := key(&http.Request{RemoteAddr: netip.AddrPortFrom(same, 1).String()}); other != got {
			t.Fatalf("%s has the key %q, %s has %q", addr, got, same, other)
		}
	})
}

func netipJoin(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, 1).String()
	}
	return s
}

// FuzzFields reads our own fields back: they are well-formed, name every policy as it was given, and promise no more
// than there is.
func FuzzFields(f *testing.F) {
	f.Add("default", "daily", 1.5, 10, 3, 12)
	f.Add(`a"b\c`, " ", 1e-3, 1, 1, 2)
	f.Add("x", "y;z", 1e9, 999_999_999_999, 5, 1)
	f.Fuzz(func(t *testing.T, first, second string, limit float64, burst, cost, requests int) {
		m, err := ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{
			{Name: first, Limit: rate.Limit(limit), Burst: burst, Cost: func(*http.Request) int { return cost }},
			{Name: second, Limit: rate.Limit(limit) / 2, Burst: burst, Key: ratelimit.ByHeader("Key")},
		}})
		if err != nil {
			t.Skip()
		}
		h := m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for range min(max(requests, 1), 20) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			policies, err := checkField("RateLimit-Policy", w.Header().Get("RateLimit-Policy"))
			if err != nil || len(policies) != 2 || policies[0].name != first || policies[1].name != second {
				t.Fatalf("%q: %+v, %v", w.Header().Get("RateLimit-Policy"), policies, err)
			}
			states, err := checkField("RateLimit", w.Header().Get("RateLimit"))
			if err != nil || w.Code == 200 && len(states) != 2 {
				t.Fatalf("%q: %+v, %v", w.Header().Get("RateLimit"), states, err)
			}
			for _, s := range states {
				r, window := s.params["r"].(int64), s.params["t"].(int64)
				if r > int64(burst) || window < 1 {
					t.Fatalf("%+v of burst %d", s, burst)
				}
				// No more than the limit within the window; a whole token is rounded up to a second.
				// A denied one promises its wait instead.
				if w.Code == 200 && float64(r) > limit*float64(window)*(1+1e-6)+1 && limit < 1e6 {
					t.Fatalf("%+v at %v a second", s, limit)
				}
			}
		}
	})
}

// FuzzJoin wants different lists of parts to have different keys.
func FuzzJoin(f *testing.F) {
	f.Add("a", "bc", "ab", "c")
	f.Add("\x01a", "b", "\x01", "ab")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		fixed := func(s string) func(*http.Request) string { return func(*http.Request) string { return s } }
		one := ratelimit.Join(fixed(a), fixed(b))(nil)
		two := ratelimit.Join(fixed(c), fixed(d))(nil)
		switch {
		case a == "" || b == "":
			if one != "" {
				t.Fatal("a part exempts, the whole does not")
			}
		case (a == c && b == d) != (one == two):
			t.Fatalf("%q %q and %q %q: %q %q", a, b, c, d, one, two)
		case one == ratelimit.Join(fixed(a+b))(nil):
			t.Fatalf("two parts have the key of one")
		}
	})
}
