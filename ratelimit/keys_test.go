package ratelimit_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/clientip"
	"github.com/gambeson-go/gambeson/ratelimit"
)

func TestByIP(t *testing.T) {
	at := func(key func(*http.Request) string, addr string) string {
		return key(&http.Request{RemoteAddr: addr})
	}
	for _, c := range []struct {
		prefix int
		a, b   string
		same   bool
	}{
		{0, "192.0.2.1:1", "192.0.2.1:2", true},
		{0, "192.0.2.1:1", "192.0.2.2:1", false},
		{0, "192.0.2.1:1", "[::ffff:192.0.2.1]:1", true},
		{0, "192.0.2.1:1", "[::ffff:c000:201]:1", true},
		{0, "192.0.2.1:1", "[64:ff9b::192.0.2.1]:1", true},
		{0, "[64:ff9b::192.0.2.1]:1", "[64:ff9b::192.0.2.2]:1", false},
		{0, "192.0.2.1:1", "[::192.0.2.1]:1", false},
		{0, "[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::9]:1", true},
		{0, "[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1", false},
		{0, "[fe80::1%eth0]:1", "[fe80::2%eth1]:1", true},
		{48, "[2001:db8:1:2::1]:1", "[2001:db8:1:ffff::1]:1", true},
		{48, "[2001:db8:1:2::1]:1", "[2001:db8:2:2::1]:1", false},
		{61, "[2001:db8:0:8::1]:1", "[2001:db8:0:f::1]:1", true},
		{61, "[2001:db8:0:8::1]:1", "[2001:db8:0:7::1]:1", false},
		{128, "[2001:db8::1]:1", "[2001:db8::2]:1", false},
		{-5, "[2001:db8::1]:1", "[2001:db8::2]:1", true},
		{500, "[2001:db8::1]:1", "[2001:db8::2]:1", true},
		{0, "@", "", true},
		{0, "garbage", "@", true},
		{0, "garbage", "0.0.0.0:1", false},
		{0, "garbage", "[::]:1", false},
	} {
		key := ratelimit.ByIP(nil, c.prefix)
		a, b := at(key, c.a), at(key, c.b)
		if a == "" || b == "" {
			t.Errorf("%s or %s is exempt", c.a, c.b)
		}
		if (a == b) != c.same {
			t.Errorf("/%d: %s and %s: same client %v", c.prefix, c.a, c.b, a == b)
		}
	}
	if at(ratelimit.ByIP(nil, 48), "[2001:db8::1]:1") == at(ratelimit.ByIP(nil, 64), "[2001:db8::1]:1") {
		t.Error("a /48 has the key of a /64")
	}
}

// TestDefaultKey wants a nil Key to do what ByIP does, in the same classes, with the resolver and the prefix of the Config.
func TestDefaultKey(t *testing.T) {
	resolver, err := clientip.New(clientip.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Header: "X-Forwarded-For"})
	if err != nil {
		t.Fatal(err)
	}
	for name, policy := range map[string]ratelimit.Policy{
		"nil":  {Name: "p", Limit: 1e-3, Burst: 1},
		"ByIP": {Name: "p", Limit: 1e-3, Burst: 1, Key: ratelimit.ByIP(resolver, 48)},
	} {
		m := newLimiter(t, ratelimit.Config{Policies: []ratelimit.Policy{policy}, ClientIP: resolver, IPv6Prefix: 48})
		for _, c := range []struct {
			peer, forwarded string
			want            bool
		}{
			{"10.0.0.1:1", "192.0.2.1", true},
			{"10.0.0.2:1", "192.0.2.1", false},
			{"192.0.2.1:1", "198.51.100.1", false}, // nobody's proxy
			{"10.0.0.1:1", "2001:db8:1:2::3", true},
			{"10.0.0.1:1", "2001:db8:1:3::3", false},
			{"10.0.0.1:1", "2001:db8:2:3::3", true},
			{"@", "", true}, // nobody knows who: a class of its own,
			{"", "", false}, // which is limited too
		} {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			r.Header.Set("X-Forwarded-For", c.forwarded)
			if got := m.Check(r).Allowed; got != c.want {
				t.Errorf("%s: %+v: %v", name, c, got)
			}
		}
	}
}

func TestByHeader(t *testing.T) {
	key := ratelimit.ByHeader("x-api-key")
	at := func(lines ...string) string {
		return key(&http.Request{Header: http.Header{"X-Api-Key": lines}})
	}
	if at("secret") == at("secret2") || at("secret") != at("secret", "another line") {
		t.Error("the first line is the key")
	}
	if at() == "" || at() != at("") || at() != key(&http.Request{}) {
		t.Error("without the field: one class, and not exempt")
	}
	if at() == at("?") {
		t.Error("a client can claim the class of those without the field")
	}
	if strings.Contains(at("secret"), "secret") || len(at(strings.Repeat("x", 1<<16))) > 64 {
		t.Error("the value is in the key")
	}
}

func TestByRoute(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("POST /login", http.NotFoundHandler())
	mux.Handle("/users/{id}", http.NotFoundHandler())
	key := ratelimit.ByRoute(mux)
	at := func(method, path string) string { return key(httptest.NewRequest(method, path, nil)) }
	if at("GET", "/users/1") != at("GET", "/users/2") {
		t.Error("every path is a route")
	}
	if at("POST", "/login") == at("GET", "/users/1") {
		t.Error("two routes are one")
	}
	if at("GET", "/x") == "" || at("GET", "/x") != at("GET", "/y") {
		t.Error("what matches nothing has one key, and is not exempt")
	}
	inside := ratelimit.ByRoute(nil)
	r := httptest.NewRequest("GET", "/", nil)
	if inside(r) == "" {
		t.Error("exempt outside of the mux")
	}
	if r.Pattern = "POST /login"; inside(r) != at("POST", "/login") {
		t.Errorf("inside the mux: %q", inside(r))
	}
}

func TestJoin(t *testing.T) {
	fixed := func(s string) func(*http.Request) string { return func(*http.Request) string { return s } }
	r := &http.Request{RemoteAddr: "192.0.2.1:1"}
	if ratelimit.Join(fixed("a"), fixed("bc"))(r) == ratelimit.Join(fixed("ab"), fixed("c"))(r) {
		t.Error("parts run together")
	}
	if got := ratelimit.Join(fixed("a"), fixed(""))(r); got != "" {
		t.Errorf("an exempting part: %q", got)
	}
	if ratelimit.Join()(r) == "" {
		t.Error("no parts exempt")
	}
	for _, addr := range []string{"192.0.2.1:1", "[2001:db8:1:2::3]:1"} {
		r := &http.Request{RemoteAddr: addr}
		if ratelimit.Join(nil)(r) != ratelimit.Join(ratelimit.ByIP(nil, 0))(r) {
			t.Errorf("%s: a nil part is not the address", addr)
		}
	}
	parts := []func(*http.Request) string{fixed("a")}
	key := ratelimit.Join(parts...)
	before := key(r)
	if parts[0] = fixed("b"); key(r) != before {
		t.Error("the caller's slice is kept")
	}
}
