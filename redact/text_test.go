package redact_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/redact"
)

func TestVendors(t *testing.T) {
	r := redact.Default()
	samples, short := redact.VendorSamples()
	if len(samples) < 120 {
		t.Errorf("%d rules", len(samples))
	}
	for i, s := range samples {
		for _, around := range []string{"%", "got % from env", "(%)", `"%"`, "x=%&y=1", "a\n%\nb", `\n%\n`, "%,%;%", "/v/%/x", "hello%20% y"} {
			in := strings.ReplaceAll(strings.Replace(around, "%20", "\x00", 1), "%", s)
			in = strings.Replace(in, "\x00", "%20", 1)
			if got := r.Text(in); strings.Contains(got, s[len(s)-8:]) {
				t.Errorf("Text(%q) = %q", in, got)
			}
		}
		if got := r.Text("see " + short[i] + "x"); got != "see "+short[i]+"x" {
			t.Errorf("Text(%q) = %q", "see "+short[i]+"x", got)
		}
	}
}

func TestCutTokens(t *testing.T) {
	r := redact.Default()
	for _, in := range []string{"got ghp_DzPzcJ1R40IB", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpX", "eyJhbGciOiJIUzI1NiJ9.eyJzdWI", "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc",
		"-----BEGIN RSA PRIVATE", "password=ab", `{"password":"ab`, "glpat-kqPk7pX", "/f?a=1&sig=Yn8mpYV%2Bw", "key AKIALUNCFOF", "sk-ant-api03-Ab1"} {
		if got := r.Text(in); !strings.Contains(got, "REDACTED") {
			t.Errorf("Text(%q) = %q", in, got)
		}
	}
}

// hostile are inputs that a careless scanner takes quadratic time for.
var hostile = []string{
	"password=x ", "password=", `password="`, "password: ", `"password":`, "eyJ.", "eyJhbGciOiJIUzI1NiJ9.", "eyJ", "4", "4111 ", "4111-", "%25", "%", `\`, `\\`, `\u0070`,
	"://a:", "://a@", "://", "@", "a:b@", "a@", "DE00 ", "DE89370400440532013000", "[", "{", "]", `{"a":`, `["a",`, `"`, "'", "`", "-----BEGIN RSA PRIVATE KEY-----",
	"-----BEGIN ", "--", "--password ", "<password>", "<", "=", ":", "a=", "a=b,", "a=b&", "Bearer ", "Basic ", "Bearer a", "sk-", "ghp_", "xoxb-", "glpat-a.",
	"Cookie: a=", "Authorization: Digest ", "cookie:[", "token=[", "token=(", "+1", "x", "é", "\x00", "-", ".", "a.b-", "password is ", "-u a:", " '", "password '",
	`{"name":"password","value":`, `{"a":"{\"a\":`, "amp;token=", "?code=", "AKIA", "jdbc:oracle:", "=;", `\"`, `password=\"`, "1.1.1.1 ", "::", "Bearer+", "pypi-AgEI", "sk-ant-", "Cookie: ", "Authorization: x ", "session: a", `name="password"`, "&quot;password&quot;:", "<password a=", `key="a" value="`,
	`x {"a":"b`, `x {"a":"\"{\\\"`, `[{`, `[[{"`, `x {"a":"\"b\"",`, `{"password" `, `["a" `, `{ `, `x {"k":"v"} `, `"{\"a\":\"%7B%22a%22:%22`, `name: password, value: `, `"name":"`, "- name: token\n  ",
	"Key (token)=(", "(a", ") = ", "password -> ", " -token ", " -password x", "mysql -p", "curl -b a=", `<a key="token">`, `{"d":"AAAAAAAAAAAAAAAAAAAAAAA",`, "API key provided: ", "DE89+3704+", "4111+1111+", "$(", "xoxb-1",
	"pat", "pat ", "pat.", "sat.a", "live_", "live_1 ", "test_0", "MTA", "MTE ", "MTE4aaaaaaaaaaaaaaaaaaa.", "Q~", "abc1Q~", "abc1Q~.", "s.a", "s.a ", "YCa", "YC-", ".atlasv1.", "a.atlasv1.", "atlasv1. ",
	"t1.", "t1.a ", "sc_", "sc_aaaaa.aaaa.acc", "ext_", "re_", "re_aaaaaaaa_", "sl.", "sl. ", "EAAA", "EAAA ", "ZXlKaGJHY2", "<aaaaaaaaaaaaaaaaaa_password>", "„pat", "sk.eyJ1Ijoi", "access-production-", "dnkey-",
}

// TestLinear counts the bytes that the rules look at. Twice the input may be twice the work, and a little.
func TestLinear(t *testing.T) {
	r, err := redact.New(redact.Config{Emails: true, Phones: true, IPs: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, unit := range hostile {
		n := 1 << 15
		small, large := strings.Repeat(unit, n/len(unit)), strings.Repeat(unit, 2*n/len(unit))
		start := time.Now()
		t1, j1 := redact.Work(r, small)
		once := time.Since(start)
		start = time.Now()
		t2, j2 := redact.Work(r, large)
		twice := time.Since(start)
		if t1 > 100*n || t2 > t1*5/2 {
			t.Errorf("%q: text work %d, %d for twice as much", unit, t1/n, t2/n)
		}
		if j1 > 100*n || j2 > j1*5/2 {
			t.Errorf("%q: JSON work %d, %d for twice as much", unit, j1/n, j2/n)
		}
		if twice > 12*once+500*time.Millisecond { // what is not counted shows here
			t.Errorf("%q: %v, then %v for twice as much", unit, once, twice)
		}
	}
}
