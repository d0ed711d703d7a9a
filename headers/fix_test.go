package headers_test

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/headers"
)

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// guesses are the values that a fix says to write.
func guesses(t *testing.T, fix string) (all []string) {
	t.Helper()
	rest, found := strings.CutPrefix(fix, "write ")
	if !found {
		return nil
	}
	for _, q := range quoted.FindAllString(rest, -1) {
		v, err := strconv.Unquote(q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// mend applies a fix to its field, once for each value that it names.
func mend(t *testing.T, cfg headers.Config, e *headers.ConfigError) (all []headers.Config) {
	t.Helper()
	set := func(change func(c *headers.Config, v string), values ...string) {
		for _, v := range values {
			c := cfg
			c.AllowedHosts, c.RedirectExempt = slices.Clone(cfg.AllowedHosts), slices.Clone(cfg.RedirectExempt)
			change(&c, v)
			all = append(all, c)
		}
	}
	name, index, _ := strings.Cut(strings.TrimSuffix(e.Field, "]"), "[")
	i, _ := strconv.Atoi(index)
	word, isWrite := strings.CutPrefix(e.Fix, "write ")
	switch name {
	case "AllowedHosts":
		set(func(c *headers.Config, v string) { c.AllowedHosts[i] = v }, guesses(t, e.Fix)...)
	case "RedirectHost":
		set(func(c *headers.Config, v string) { c.RedirectHost = v }, guesses(t, e.Fix)...)
	case "RedirectExempt":
		set(func(c *headers.Config, v string) { c.RedirectExempt[i] = v }, guesses(t, e.Fix)...)
	case "CacheControl":
		if e.Reason != "private is there twice" && !strings.HasSuffix(e.Reason, "seconds") {
			set(func(c *headers.Config, v string) { c.CacheControl = v }, guesses(t, e.Fix)...)
		}
	case "PermissionsPolicy":
		if !isWrite || word == "one list" || word == "it on one line" {
			break
		}
		for _, tail := range []string{": that of", ", or ", " for nobody"} {
			word, _, _ = strings.Cut(word, tail)
		}
		set(func(c *headers.Config, v string) { c.PermissionsPolicy = v }, word)
	case "ReferrerPolicy", "CrossOriginOpenerPolicy", "CrossOriginEmbedderPolicy", "CrossOriginResourcePolicy",
		"PermittedCrossDomainPolicies", "DNSPrefetchControl", "OriginAgentCluster":
		if !isWrite || word == "it on one line" {
			break
		}
		field := map[string]func(*headers.Config) *string{
			"ReferrerPolicy":               func(c *headers.Config) *string { return &c.ReferrerPolicy },
			"CrossOriginOpenerPolicy":      func(c *headers.Config) *string { return &c.CrossOriginOpenerPolicy },
			"CrossOriginEmbedderPolicy":    func(c *headers.Config) *string { return &c.CrossOriginEmbedderPolicy },
			"CrossOriginResourcePolicy":    func(c *headers.Config) *string { return &c.CrossOriginResourcePolicy },
			"PermittedCrossDomainPolicies": func(c *headers.Config) *string { return &c.PermittedCrossDomainPolicies },
			"DNSPrefetchControl":           func(c *headers.Config) *string { return &c.DNSPrefetchControl },
			"OriginAgentCluster":           func(c *headers.Config) *string { return &c.OriginAgentCluster },
		}[name]
		word, _, _ = strings.Cut(word, ", or Omit")
		set(func(c *headers.Config, v string) { *field(c) = v }, strings.Split(word, " or ")...)
	case "ContentSecurityPolicy":
		values := guesses(t, e.Fix)
		if strings.HasPrefix(word, "'") {
			values = []string{word} // a keyword, in the quotes of a policy
		}
		for _, g := range values {
			first, _, _ := strings.Cut(g, " ")
			old := e.Value // the guess is the whole directive
			switch {
			case strings.HasPrefix(g, "'"):
				old = regexp.MustCompile(`["']?` + regexp.QuoteMeta(strings.Trim(g, "'")) + `["']?`).FindString(e.Value)
			case strings.HasPrefix(g, "; "):
				old = " " + strings.TrimPrefix(g, "; ")
			case strings.HasSuffix(g, "…"), g == ";", g == "%2C":
				continue // a form, not a value
			case !strings.Contains(e.Value, " ") && !strings.Contains(g, " "):
			case strings.HasSuffix(first, ":"), strings.Contains(first, "/"): // a source
				old = e.Value[strings.LastIndexByte(e.Value, ' ')+1:]
			}
			set(func(c *headers.Config, v string) {
				c.ContentSecurityPolicy = strings.Replace(c.ContentSecurityPolicy, old, g, 1)
			}, g)
			if all[len(all)-1].ContentSecurityPolicy == cfg.ContentSecurityPolicy {
				t.Errorf("the fix of %v cannot be applied", e)
			}
		}
	}
	return all
}

// Whatever an error says to write, New takes: for every configuration that the tests know to be refused.
func TestFixesAreAccepted(t *testing.T) {
	tried := 0
	for _, c := range refused {
		_, err := headers.New(c.cfg)
		e, ok := errors.AsType[*headers.ConfigError](err)
		if !ok {
			continue // reported by TestNewRefuses
		}
		for _, cfg := range mend(t, c.cfg, e) {
			tried++
			if _, err := headers.New(cfg); err != nil {
				t.Errorf("%v\nand then\n%v", e, err)
			}
		}
	}
	if tried < 110 {
		t.Errorf("only %d fixes were tried", tried)
	}
}

func TestFixes(t *testing.T) {
	for _, c := range []struct {
		cfg  headers.Config
		want string
	}{
		{redirectTo("*.example.com"), `write one name, as in "app.example.com"`},
		{redirectTo("https://localhost:8443/"), `write "localhost:8443"`},
		{redirectTo("https://A.example.com./"), `write "a.example.com"`},
		{hosts("https://*.Example.com/"), `write "*.example.com"`},
		{hosts("//a.example.com"), `write "a.example.com"`},
		{hosts("https://a.example.com:8443"), `write "a.example.com"`},
		{hosts("https://127.1"), `write a name, as in "app.example.com"`},
		{hosts("https://-a.example.com"), `write a name, as in "app.example.com"`},
		{hosts("https://*.co.uk"), `name your own hosts`},
		{hosts("https://::1"), `write "[::1]"`},
		{exempt("//"), `name the paths`},
		{exempt("/a//b/"), `write "/a/b/"`},
		{csp("worker-src 'strict-dynamic'"), `leave it out: worker-src takes no nonce`},
		{csp("script-src 'strict-dynamic'"), `add $NONCE`},
		{csp("img-src 'self' data"), `write "data:"`},
		{csp("script-src 'self' https"), `leave it out`},
		{csp("script-src unsafe-inline"), `leave it out`},
		{csp("script-src $NONCE unsafe-inline"), `write 'unsafe-inline'`},
		{csp("script-src 'sellf' unsafe-eval"), `check the spelling`},
		{csp("img-src unsafe-eval"), `leave it out`},
		{csp("img-src 'nonce-abc'"), `leave it out`},
		{csp("default-src 'nonce-abc'"), `write $NONCE`},
		{csp("script-src data.example/* data"), `write "data.example/"`},
		{csp("script-src https://*/*"), `leave it out`},
		{csp("sandbox allow-script allow-forms"), `write "sandbox allow-scripts allow-forms"`},
		{csp("script-src https://example.com/js/*.js"), `write "https://example.com/js/"`},
		{csp("connect-src http://[::1]:3000"), `write a name, such as localhost, or a scheme`},
		{permissions("geolocation=(self https://x.com)"), `write geolocation=(self "https://x.com")`},
		{permissions(`camera=(Self self "https://x.com/" none)`), `write camera=(self "https://x.com")`},
		{permissions("camera=(example.com)"), `write camera=("https://example.com")`},
		{permissions("camera=none"), `write camera=()`},
	} {
		_, err := headers.New(c.cfg)
		if e, ok := errors.AsType[*headers.ConfigError](err); !ok || e.Fix != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}
