package redisstore

import (
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// ConfigError is one problem of a [Config]. errors.AsType[*redisstore.ConfigError] finds it
// in what [New] returns.
type ConfigError = conf.Error

const (
	defaultPrefix   = "ratelimit:"
	defaultDeadline = 50 * time.Millisecond
	maxDeadline     = time.Second
	defaultProbe    = 500 * time.Millisecond
	maxProbe        = time.Minute
	maxSlots        = 1 << 28 // that of ratelimit.NewMemory
)

// Config says what [New] makes. Only Client is required.
type Config struct {
	// Client is a *redis.Client (a failover client is one) or a *redis.ClusterClient, with
	// ContextTimeoutEnabled and without retries: MaxRetries -1. Without the first, a hung
	// server holds each request for seconds; with retries, a request whose answer was lost
	// is charged again. The Store does not close it.
	Client redis.UniversalClient

	// Prefix begins every key; "" is "ratelimit:". Stores of the same prefix on the same
	// server share their buckets. A prefix with a hash tag, as in "ratelimit{all}:", puts
	// all keys of a Cluster into one slot: see the package's section on Cluster.
	Prefix string

	// Deadline is how long a request waits for Redis; 0 is 50 ms, at most 1 s. It should be
	// ten times what Redis takes on a normal day, and more than the four round trips which a
	// new connection needs to say hello.
	Deadline time.Duration

	// FallbackShare is the part of each limit that this process admits while Redis cannot be
	// asked; 0 is 1, the whole limit: n processes then admit n times of it together. With n
	// known, 1/n keeps them within the limit. At least one token is left of every Burst.
	FallbackShare float64

	// Slots of the two tables in this process, as in [ratelimit.NewMemory], for each policy:
	// what Redis answered, and what is decided while it is down. 0 is 65,536, 1 MiB each.
	Slots int

	// ProbeEvery is how often a Redis that is down is tried again, give or take a half, so
	// that processes do not come back all at once; 0 is 500 ms. Probes come with requests:
	// where there are none, there are no probes.
	ProbeEvery time.Duration

	// OnStateChange is told when the Store begins to decide without Redis and why, and when
	// Redis is back (err is nil). It is called once for a change, never twice at a time, and
	// away from requests. In a Cluster it is down as soon as a part of it is. A panic in it is
	// dropped. nil: nobody.
	OnStateChange func(down bool, err error)
}

// validate reports all problems at once and fills in what was left out.
func (cfg *Config) validate() error {
	p := conf.For("redisstore")
	cfg.client(p)
	if cfg.Prefix == "" {
		cfg.Prefix = defaultPrefix
	}
	if _, ok := tagOf(cfg.Prefix); !ok && strings.Contains(cfg.Prefix, "{}") {
		p.Add("Prefix", cfg.Prefix, "an empty hash tag spreads the policies of one client over a Cluster",
			`write "ratelimit:", or "ratelimit{all}:" for one slot`)
	}
	span := func(field string, d *time.Duration, least, most, standard time.Duration) {
		switch {
		case *d == 0:
			*d = standard
		case *d < least || *d > most:
			p.Add(field, *d, "must lie between "+least.String()+" and "+most.String(), "leave it out for "+standard.String())
		}
	}
	span("Deadline", &cfg.Deadline, time.Millisecond, maxDeadline, defaultDeadline)
	span("ProbeEvery", &cfg.ProbeEvery, time.Millisecond, maxProbe, defaultProbe)
	if cfg.FallbackShare == 0 {
		cfg.FallbackShare = 1
	}
	if !(cfg.FallbackShare > 0 && cfg.FallbackShare <= 1) { // this way round for NaN
		p.Add("FallbackShare", cfg.FallbackShare, "is a part of the limit", "write 1, or 1.0/4 for four processes")
	}
	if cfg.Slots < 0 || cfg.Slots > maxSlots {
		p.Add("Slots", cfg.Slots, "must lie between 0 and 268,435,456", "leave it out for 65,536")
	}
	return p.Err()
}

// client looks for what would break the Deadline or count a request twice.
func (cfg *Config) client(p *conf.Problems) {
	const waits = "without it a hung server holds every request for the ReadTimeout, 5 s"
	const retries = "a request whose answer was lost would be charged again, and wait longer"
	switch c := cfg.Client.(type) {
	case *redis.Client:
		if c == nil {
			p.Add("Client", nil, "is nil", "give what redis.NewClient returned")
			return
		}
		opt := c.Options()
		if !opt.ContextTimeoutEnabled {
			p.Add("Client.ContextTimeoutEnabled", false, waits, "set redis.Options.ContextTimeoutEnabled to true")
		}
		if opt.MaxRetries > 0 {
			p.Add("Client.MaxRetries", opt.MaxRetries, retries, "set redis.Options.MaxRetries to -1; 0 means 3")
		}
	case *redis.ClusterClient:
		if c == nil {
			p.Add("Client", nil, "is nil", "give what redis.NewClusterClient returned")
			return
		}
		opt := c.Options()
		if !opt.ContextTimeoutEnabled {
			p.Add("Client.ContextTimeoutEnabled", false, waits, "set redis.ClusterOptions.ContextTimeoutEnabled to true")
		}
		if opt.MaxRetries > 0 {
			p.Add("Client.MaxRetries", opt.MaxRetries, retries, "set redis.ClusterOptions.MaxRetries to -1")
		}
		if opt.ReadOnly {
			p.Add("Client.ReadOnly", true, "such a client asks the server about each command, without a deadline",
				"use a client without ReadOnly, RouteByLatency and RouteRandomly; the Store reads nothing from replicas")
		}
	case nil:
		p.Add("Client", nil, "is missing", "give what redis.NewClient or redis.NewClusterClient returned")
	case *redis.Ring:
		p.Add("Client", nil, "a *redis.Ring moves buckets to another server as soon as one is slow",
			"use a *redis.Client or a *redis.ClusterClient")
	default:
		p.Add("Client", nil, "is of a type whose options cannot be read", "use a *redis.Client or a *redis.ClusterClient; they have AddHook")
	}
}
