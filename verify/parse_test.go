package verify_test

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/verify"
)

func TestSweep(t *testing.T) {
	const secret = "Zk3mQw8RtYp5LsXv2NbHc7JdGf4KaWe9"
	b64 := base64.StdEncoding.EncodeToString
	for text, want := range map[string]string{
		"a token " + secret + "!":                                           "as it is",
		"TOKEN=" + strings.ToUpper(secret):                                  "with letters folded",
		"token=" + secret[:14] + "…":                                        "in part",
		"token=…" + secret[18:]:                                             "in part",
		"hex " + hex.EncodeToString([]byte(secret)):                         "in hex",
		"hex " + strings.ToUpper(hex.EncodeToString([]byte(secret))):        "in hex",
		"basic " + b64([]byte("verify:"+secret)):                            "in base64",
		"basic " + b64([]byte("a:"+secret+"\n")):                            "in base64",
		"basic " + b64([]byte("ab:"+secret+"~~")):                           "in base64",
		"url " + base64.RawURLEncoding.EncodeToString([]byte("??>"+secret)): "in base64",
		"token=" + secret[:11]:                                              "",
		"token=[REDACTED]":                                                  "",
		"":                                                                  "",
	} {
		if got, found := verify.Sweep([]byte(text), secret); got != want || found != (want != "") {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for v, ok := range map[string]bool{"1": true, "3600": true, "0": false, "-1": false, "1.5": false, "": false, "soon": false,
		"Mon, 02 Jan 2040 15:04:05 GMT": true, "Mon, 02 Jan 2040 15:04:05 UTC": false, "2040-01-02T15:04:05Z": false} {
		if d, err := verify.RetryAfter(v); (err == nil) != ok || ok && d < time.Second {
			t.Errorf("%q: %v, %v", v, d, err)
		}
	}
}

func TestLeadsAway(t *testing.T) {
	for location, want := range map[string]bool{
		"/": false, "/evil.test": false, "/path?next=https://evil.test": false, "https://app.example.com/evil.test": false, "": false, "evil.test": false,
		"https://evil.test": true, "//evil.test": true, `/\evil.test`: true, `\\evil.test`: true, "/\t/evil.test": true, "///evil.test": true, "https:evil.test": true,
		"https://app.example.com@evil.test": true, "https://app.example.com.evil.test": true, "javascript:alert(1)": true, "DATA:text/html,x": true, "HTTPS://EVIL.TEST/": true,
	} {
		if got := verify.LeadsAway(location); got != want {
			t.Errorf("%q: %v", location, got)
		}
	}
}

func TestCSP(t *testing.T) {
	const api, web = verify.API, verify.Web
	good := "default-src 'self'; object-src 'none'; base-uri 'none'"
	for _, c := range []struct {
		profile verify.Profile
		policy  []string
		good    bool
	}{
		{api, []string{"default-src 'none'; frame-ancestors 'none'"}, true},
		{api, []string{"DEFAULT-SRC 'NONE'; frame-ancestors 'none'"}, true},
		{api, []string{"default-src 'none'"}, false},
		{api, []string{good}, false},
		{web, []string{good}, true},
		{web, []string{"default-src *; object-src 'none'; base-uri 'none'"}, false},
		{web, []string{"default-src 'self'; script-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'"}, false},
		{web, []string{"default-src 'self'; script-src 'self' 'unsafe-inline' 'nonce-abc'; object-src 'none'; base-uri 'none'"}, true},
		{web, []string{"default-src 'self'; script-src 'self' 'unsafe-eval' 'nonce-abc'; object-src 'none'; base-uri 'none'"}, false},
		{web, []string{"script-src https: 'nonce-abc' 'strict-dynamic'; object-src 'none'; base-uri 'none'"}, true},
		{web, []string{"script-src https: 'nonce-abc'; object-src 'none'; base-uri 'none'"}, false},
		{web, []string{"script-src data:; object-src 'none'; base-uri 'none'"}, false},
		{web, []string{"script-src 'self'; object-src 'none'"}, false},                 // no base-uri
		{web, []string{"script-src 'self'; base-uri 'none'"}, false},                   // plugins
		{web, []string{"style-src 'self'; object-src 'none'; base-uri 'none'"}, false}, // no scripts' source
		{web, []string{"script-src *; " + good + "; script-src 'self'"}, false},        // the first counts
		{web, []string{"img-src *", good}, true},                                       // all must be met
		{web, []string{"img-src *, " + good}, true},
	} {
		if got := verify.Weakness(c.profile, c.policy...); (got == "") != c.good {
			t.Errorf("%s %q: %q", c.profile, c.policy, got)
		}
	}
}

func TestExposition(t *testing.T) {
	n, bad, last, value := verify.ParseExposition("# HELP a b\n# TYPE a counter\na 1\nb{x=\"}\\\"{\",y=\"2\"} 3.5 1700000000\nc_bucket{le=\"+Inf\"} +Inf\n\nd{ 1\ne x\nb{x=\"}\\\"\"} 7\n")
	if n != 4 || bad != 2 || last != `b{x="}\""}` || value != 7 {
		t.Errorf("%d series, %d bad, last %s %v", n, bad, last, value)
	}
}

func TestLogStatuses(t *testing.T) {
	got, bad := verify.LogStatuses([]byte(`{"time":"x","status":200}
{"http":{"response":{"status_code":404}}}
{"http.response.status_code":500,"status":"ok"}
{"status":"up"}
{"status":7}
plain text
[1,2]
`))
	if !slices.Equal(got, []int{200, 404, 500}) || bad != 2 {
		t.Errorf("%v, %d bad", got, bad)
	}
}

func FuzzParsers(f *testing.F) {
	for _, s := range []string{"", "a 1\n", "b{x=\"}\\\"{\"} 3 4\n", "b{", "{\"a\":{\"b\":1},\"status\":200}\n", "script-src 'self'; ;,", "//evil.test", "1", "https:\\evil", "a{\"\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		verify.ParseExposition(s)
		verify.LogStatuses([]byte(s))
		verify.RetryAfter(s)
		verify.LeadsAway(s)
		verify.Weakness(verify.API, s)
		if got, found := verify.Sweep([]byte(s+"Zk3mQw8RtYp5LsXv2NbHc7JdGf4KaWe9"+s), "Zk3mQw8RtYp5LsXv2NbHc7JdGf4KaWe9"); !found {
			t.Errorf("not found, %s", got)
		}
		if p := verify.Plain(s); strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%q has control characters", p)
		}
	})
}
