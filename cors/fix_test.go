package cors_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	rscors "github.com/rs/cors"

	"github.com/gambeson-go/gambeson/cors"
)

var (
	fixQuoted   = regexp.MustCompile(`write ("(?:[^"\\]|\\.)*")`)
	fixSeconds  = regexp.MustCompile(`write (\d+) \* time\.Second`)
	fixHours    = regexp.MustCompile(`write (\d+) \* time\.Hour`)
	fixField    = regexp.MustCompile(`^(\w+)(?:\[(\d+)\])?$`)
	fixNegative = "write -1 "
)

// applyFixes does what each error says and gives the configurations that come of it, one for each value named.
func applyFixes(t *testing.T, cfg cors.Config, e *cors.ConfigError) (mended []cors.Config) {
	t.Helper()
	if m := fixSeconds.FindStringSubmatch(e.Fix); m != nil {
		n, _ := strconv.Atoi(m[1])
		cfg.MaxAge = time.Duration(n) * time.Second
		return []cors.Config{cfg}
	}
	if m := fixHours.FindStringSubmatch(e.Fix); m != nil {
		n, _ := strconv.Atoi(m[1])
		cfg.MaxAge = time.Duration(n) * time.Hour
		return []cors.Config{cfg}
	}
	if strings.Contains(e.Fix, fixNegative) {
		cfg.MaxAge = -1
		return []cors.Config{cfg}
	}
	field := fixField.FindStringSubmatch(e.Field)
	for _, m := range fixQuoted.FindAllStringSubmatch(e.Fix, -1) {
		value, err := strconv.Unquote(m[1])
		if err != nil || field == nil {
			t.Fatalf("cannot read the fix of %v: %v", e, err)
		}
		c := cfg
		lists := map[string]*[]string{"AllowedOrigins": &c.AllowedOrigins, "AllowedMethods": &c.AllowedMethods,
			"AllowedHeaders": &c.AllowedHeaders, "ExposedHeaders": &c.ExposedHeaders}
		list, i := lists[field[1]], 0
		if field[2] != "" {
			i, _ = strconv.Atoi(field[2])
		}
		*list = slices.Clone(*list)
		(*list)[i] = value
		mended = append(mended, c)
	}
	if strings.Contains(e.Fix, `leave it out`) && field != nil && field[2] != "" {
		return nil // nothing to try: the element goes
	}
	return mended
}

// Whatever an error says to write, New takes.
func TestFixesAreAccepted(t *testing.T) {
	origin := func(o string) cors.Config { return cors.Config{AllowedOrigins: []string{o}} }
	with := func(change func(*cors.Config)) cors.Config {
		c := origin(app)
		change(&c)
		return c
	}
	secret := func(o string) cors.Config {
		return cors.Config{AllowedOrigins: []string{o}, AllowCredentials: true}
	}
	for _, c := range []struct {
		cfg  cors.Config
		want string // the fix begins so
	}{
		{origin("localhost:3000"), `write "http://localhost:3000"`},
		{origin("//localhost:3000/"), `write "http://localhost:3000"`},
		{origin("://localhost"), `write "http://localhost"`},
		{origin("*://127.0.0.1:8080"), `write "http://127.0.0.1:8080"`},
		{origin("[::1]:3000"), `write "http://[::1]:3000"`},
		{origin("*.localhost:3000"), `write "http://*.localhost:3000"`},
		{origin("app.localhost"), `write "http://app.localhost"`},
		{origin("localhost.example.com"), `write "https://localhost.example.com"`},
		{origin("Example.com:8443"), `write "https://example.com:8443"`},
		{origin("regexp:abc"), `write an origin`},
		{secret("localhost:3000"), `write "http://localhost:3000"`},
		{secret("http://Example.com/"), `write "https://example.com"`},
		{secret("http://example.com:80"), `write "https://example.com"`},
		{secret("ws://example.com"), `write "https://example.com"`},
		{secret("HTTP://user@*Example.com:080/x"), `write "https://*.example.com`},
		{with(func(c *cors.Config) { c.MaxAge = 600 }), `write 600 * time.Second`},
		{with(func(c *cors.Config) { c.MaxAge = 86_400 }), `write 86400 * time.Second`},
		{with(func(c *cors.Config) { c.MaxAge = 604_800 }), `write 24 * time.Hour`},
		{with(func(c *cors.Config) { c.MaxAge = 2_592_000 }), `write 24 * time.Hour`},
		{with(func(c *cors.Config) { c.MaxAge = 48 * time.Hour }), `write 24 * time.Hour`},
		{with(func(c *cors.Config) { c.MaxAge = 24*time.Hour - 1 }), `write 86400 * time.Second`},
		{with(func(c *cors.Config) { c.MaxAge = time.Second / 2 }), `write 1 * time.Second`},
		{with(func(c *cors.Config) { c.MaxAge = -7 }), `write -1 for`},
		{with(func(c *cors.Config) { c.AllowedMethods = []string{"put"} }), `write "PUT"`},
		{with(func(c *cors.Config) { c.AllowedMethods = []string{"P*"} }), `list each method`},
		{with(func(c *cors.Config) { c.AllowedHeaders = []string{"X-A", "x-amz-*"} }), `list each header, or "*"`},
		{with(func(c *cors.Config) { c.ExposedHeaders = []string{"*-Id"} }), `list each header`},
		{origin("https://*.run.app"), `list your own origins`},
		{cors.FromRS(rscors.Options{AllowedOrigins: []string{"https://App.Example.com"}}), `write "https://app.example.com"`},
	} {
		_, err := cors.New(c.cfg)
		list := problems(err)
		if len(list) != 1 || !strings.HasPrefix(list[0].Fix, c.want) {
			t.Errorf("%q %v: got %v, want %s", c.cfg.AllowedOrigins, c.cfg.MaxAge, err, c.want)
			continue
		}
		mended := applyFixes(t, c.cfg, list[0])
		if strings.HasPrefix(c.want, "write ") && c.want != "write an origin" && len(mended) == 0 {
			t.Errorf("nothing to try in %q", list[0].Fix)
		}
		for _, cfg := range mended {
			if _, err := cors.New(cfg); err != nil {
				t.Errorf("%v\nand then\n%v", list[0], err)
			}
		}
	}
}

// Rules of https://publicsuffix.org with a wildcard make each name below a suffix: the list has them for machines and
// regions that anybody rents.
func TestWildcardRulesOfThePublicSuffixList(t *testing.T) {
	for _, base := range []string{"compute-1.amazonaws.com", "run.app", "code.run", "r.appspot.com", "elb.amazonaws.com", "kawasaki.jp", "ck"} {
		if _, err := cors.New(cors.Config{AllowedOrigins: []string{"https://*." + base}}); err == nil || !strings.Contains(err.Error(), "public suffix") {
			t.Errorf("*.%s: %v", base, err)
		}
	}
	for origin, want := range map[string]bool{
		"https://ec2-54-1-2-3.compute-1.amazonaws.com":   false,
		"https://x.ec2-54-1-2-3.compute-1.amazonaws.com": false,
		"https://evil.s3.amazonaws.com":                  false,
		"https://s3.amazonaws.com":                       true,
		"https://compute-1.amazonaws.com":                true,
		"https://console.amazonaws.com":                  true,
	} {
		m := mustNew(t, cors.Config{AllowedOrigins: []string{"https://*.amazonaws.com"}})
		for range 2 { // the second time from memory
			if d := m.Check(request("GET", "Origin", origin)); d.Allowed != want {
				t.Errorf("%s: %v", origin, fmt.Sprint(d))
			}
		}
	}
	m := mustNew(t, cors.Config{AllowedOrigins: []string{"https://*.city.kawasaki.jp", "https://*.localhost"}})
	for _, origin := range []string{"https://a.city.kawasaki.jp", "https://a.localhost"} {
		if d := m.Check(request("GET", "Origin", origin)); !d.Allowed {
			t.Error(d)
		}
	}
}

func TestEmptyElementsHaveAReasonOfTheirOwn(t *testing.T) {
	m := mustNew(t, usual())
	d := m.Check(preflight(app, "PUT", "Access-Control-Request-Headers", strings.Repeat(",", 17)))
	if d.Allowed || !strings.Contains(d.Reason, "empty elements") {
		t.Error(d)
	}
}
