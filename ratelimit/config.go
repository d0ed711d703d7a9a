package ratelimit

import (
	"fmt"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/time/rate"

	"github.com/gambeson-go/gambeson/clientip"
	"github.com/gambeson-go/gambeson/internal/conf"
)

// ConfigError is one problem of a [Config]. errors.AsType[*ratelimit.ConfigError] finds it
// in what [New] returns.
type ConfigError = conf.Error

const (
	maxPolicies = 64              // more than that is a generated list, and each request would pay for all of it
	maxLimit    = 1e9             // one token a nanosecond
	maxBurst    = 999_999_999_999 // far below the 15 digits of an Integer, RFC 9651 section 3.3.1
)

// Policy is one token bucket a key: Burst tokens at first, Limit tokens a second from then
// on.
type Policy struct {
	// Name is unique and printable ASCII. Clients read it in RateLimit-Policy, and in the
	// problem document of a denial.
	Name string

	// Limit is the tokens a second that a bucket gains, for ever; [Per] helps. Time is
	// counted in whole nanoseconds a token, so limits beyond a million a second are kept
	// less exactly. At most 1e9.
	Limit rate.Limit

	// Burst is the tokens of a full bucket: what may come at once. At least 1.
	Burst int

	// Key says whose bucket a request takes from; nil is the client's address. "" exempts
	// the request from this policy, so a Key must give something else to those it does not
	// know: [ByIP], [ByHeader] and [ByRoute] do.
	Key func(*http.Request) string

	// Cost is the tokens that a request takes; nil is 1. 0 never denies, and less than 0
	// counts as 0. A cost beyond Burst is denied for ever: the Decision then has a
	// *ConfigError, and the response no Retry-After.
	Cost func(*http.Request) int

	// Shadow decides and reports, and never denies: for trying a limit out on live traffic.
	Shadow bool

	// FailClosed answers 503 when the Store fails, as a login wants it, instead of deciding
	// in this process alone.
	FailClosed bool

	// Refundable makes [Refund] work for this policy. It costs each request a context.
	Refundable bool
}

// Config says what [New] makes. The zero Config is an error: there is no safe guess at a
// limit.
type Config struct {
	// Policies are asked together: all must admit the request, or it is denied and nothing
	// is taken from any.
	Policies []Policy

	// Skip lets requests pass unasked and uncounted; nil: none.
	Skip func(*http.Request) bool

	// ClientIP finds the client behind proxies. nil believes the connection only: behind a
	// proxy, all clients are one.
	ClientIP *clientip.Resolver

	// IPv6Prefix is how much of an IPv6 address is one client; 0 is 64, the least that
	// anyone is given. Some providers give a customer /56 or /48.
	IPv6Prefix int

	// Store keeps the buckets; nil is NewMemory(0).
	Store Store

	// Headers is how clients are told about their quota; the zero value is [Draft11].
	Headers HeaderStyle

	// Deny answers denied requests in place of 429 and its problem document. Retry-After,
	// Cache-Control: no-store and the quota fields are set before it runs. It should not
	// read the body.
	Deny http.Handler

	// OnDecision sees every decision, before anything is written: for logs and metrics. Do
	// not make the client's address or a key a label of a metric: there is no end of them.
	// It runs in the request's goroutine.
	OnDecision func(*http.Request, Decision)
}

// policy is a Policy made ready.
type policy struct {
	name     string
	key      func(*http.Request) string
	cost     func(*http.Request) int
	burst    int64
	emission int64
	table    *table // of a Memory
	items    items

	shadow, closed, refundable bool
}

// validate finds all problems, in the order of the fields, and compiles what is sound.
func (cfg *Config) validate() ([]policy, error) {
	p := conf.For("ratelimit")
	if len(cfg.Policies) == 0 {
		p.Add("Policies", nil, "there is none, so nothing would be limited", "write one, such as {Name: \"default\", Limit: ratelimit.Per(100, time.Minute), Burst: 100}")
	}
	if n := len(cfg.Policies); n > maxPolicies {
		p.Add("Policies", n, "there are too many", fmt.Sprintf("write at most %d", maxPolicies))
	}
	if cfg.IPv6Prefix < 0 || cfg.IPv6Prefix > 128 {
		p.Add("IPv6Prefix", cfg.IPv6Prefix, "is not the length of an IPv6 prefix", "write 1 to 128, or 0 for 64")
	}
	if cfg.Headers < Draft11 || cfg.Headers > NoHeaders {
		p.Add("Headers", int(cfg.Headers), "is no HeaderStyle", "write Draft11, Draft07, Legacy, LegacyEpoch or NoHeaders")
	}
	checkStore(p, cfg)
	names := map[string]int{}
	compiled := make([]policy, len(cfg.Policies))
	for i, pol := range cfg.Policies {
		at := fmt.Sprintf("Policies[%d]", i)
		first, taken := names[pol.Name]
		switch {
		case strings.TrimSpace(pol.Name) == "":
			p.Add(at+".Name", pol.Name, "is empty, and clients are told it", "name it, such as \"default\"")
		case taken:
			p.Add(at+".Name", pol.Name, fmt.Sprintf("is the name of Policies[%d] too", first), "give each policy its own name")
		case !printable(pol.Name):
			p.Add(at+".Name", pol.Name, "has characters that a header field cannot carry", "use printable ASCII only")
		}
		if !taken {
			names[pol.Name] = i
		}
		compiled[i] = compile(p, at, pol)
	}
	return compiled, p.Err()
}

// checkStore reports a Store that was not made, and what NewMemory, which returns no error,
// could not say.
func checkStore(p *conf.Problems, cfg *Config) {
	const fix = "give NewMemory two slots for each client of a window, or 0"
	m, ok := cfg.Store.(*Memory)
	switch {
	case !ok:
		if v := reflect.ValueOf(cfg.Store); v.Kind() == reflect.Pointer && v.IsNil() {
			p.Add("Store", nil, "is a nil "+v.Type().String()+", which is a Store all the same", "make it with its New, or leave it nil without a type")
		}
	case m == nil || m.stripes == nil && m.bad == "":
		p.Add("Store", nil, "is a Memory that NewMemory did not make", "write NewMemory(0), or leave it nil")
	case m.bad != "":
		p.Add("Store", m.slots, m.bad, fix)
	case !m.fits(len(cfg.Policies)):
		p.Add("Store", m.slots, "this many slots of 16 bytes for each policy do not fit GOMEMLIMIT", fix)
	}
}

// compile checks the numbers of a policy. Only what is sound is used: the caller drops all
// of it after an error.
func compile(p *conf.Problems, at string, pol Policy) policy {
	c := policy{
		name: pol.Name, key: pol.Key, cost: pol.Cost, burst: int64(pol.Burst),
		shadow: pol.Shadow, closed: pol.FailClosed, refundable: pol.Refundable,
	}
	sound := true
	switch limit := float64(pol.Limit); {
	case math.IsNaN(limit) || math.IsInf(limit, 0) || pol.Limit == rate.Inf:
		p.Add(at+".Limit", limit, "is not a finite number", "write tokens a second, such as Per(100, time.Minute)")
		sound = false
	case limit <= 0:
		p.Add(at+".Limit", limit, "is not positive: spent tokens would never come back", "write tokens a second, such as Per(100, time.Minute)")
		sound = false
	case limit > maxLimit:
		p.Add(at+".Limit", limit, "is beyond a token a nanosecond", "write at most 1e9, or leave the policy out")
		sound = false
	}
	switch {
	case pol.Burst < 1:
		p.Add(at+".Burst", pol.Burst, "admits nothing", "write at least 1; without bursts, 1")
		sound = false
	case int64(pol.Burst) > maxBurst:
		p.Add(at+".Burst", pol.Burst, "is more than a header field can carry", fmt.Sprintf("write at most %d", int64(maxBurst)))
		sound = false
	}
	if !sound {
		return c
	}
	if float64(pol.Burst)/float64(pol.Limit)*1e9 > maxWindow {
		p.Add(at+".Limit", float64(pol.Limit), "fills the bucket in more than 70 years", "raise Limit or lower Burst")
		return c
	}
	c.emission = emission(pol.Limit)
	c.items = newItems(c.name, c.burst, seconds(c.burst*c.emission))
	return c
}

// printable says whether a name fits into an sf-string, RFC 9651 section 3.3.3.
func printable(name string) bool {
	for i := range len(name) {
		if name[i] < ' ' || name[i] > '~' {
			return false
		}
	}
	return true
}

// clone keeps the caller's later changes out.
func (cfg Config) clone() Config {
	cfg.Policies = slices.Clone(cfg.Policies)
	return cfg
}
