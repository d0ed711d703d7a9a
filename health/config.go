package health

import (
	"context"
	"net/http"
	pathpkg "path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// ConfigError is one problem that [New] found. errors.AsType finds it in what New returns.
type ConfigError = conf.Error

// The defaults, which are those of the zero Config and the zero Check.
const (
	// Half of what a kubelet waits, so that a check which hangs is told from a service which does.
	defaultTimeout = 500 * time.Millisecond
	// Shorter than the usual ten seconds between two probes: each one sees a result of its own, and a burst shares one.
	defaultTTL = 5 * time.Second
	// A fail is looked at again soon, so that a service is back quickly, but not with every probe: a database that
	// struggles must not be asked more often than a healthy one.
	failTTL = time.Second
	// One lost packet or one full pool takes no instance out.
	defaultThreshold = 3
	// Together below the thirty seconds that Kubernetes grants.
	defaultDrainDelay      = 5 * time.Second
	defaultShutdownTimeout = 20 * time.Second
)

const (
	maxName     = 128              // bytes of a check's name: a kubelet reads 10 KiB of an answer
	minTimeout  = time.Millisecond // less is a number written without its unit
	maxDuration = 24 * time.Hour
)

// Check is one thing that the service needs. It runs when a probe asks and its last result is too old, never otherwise.
// However many probes ask at once, it runs once.
//
// The zero fields have defaults that suit a database: fails of one second's length stay unseen, an outage shows after
// three runs. Name and Func are required.
type Check struct {
	// Name is the key in the answer, such as "database". It is shown to strangers.
	Name string
	// Func is the check: nil is a pass. It is called from a goroutine of its own, never twice at a time. Its context ends
	// after Timeout and has nothing of the request in it, neither values nor the client's end. A panic and a
	// runtime.Goexit are fails. A Func that ignores its context is left behind: it fails, and does not run again before it
	// has returned.
	Func func(context.Context) error
	// Optional keeps a fail from readiness: /health says "warn" with 200, /readyz does not ask.
	Optional bool
	// Live lets liveness ask as well: after a fail the orchestrator kills the process. For what only a restart mends, such
	// as a stuck worker; never for a database, whose outage would restart every instance. Not together with Optional.
	Live bool
	// Timeout bounds one run; 0 is 500 ms. A probe waits 750 ms at most: with a longer Timeout it may get the result before,
	// as long as that is no older than TTL and Timeout together, and else a fail.
	Timeout time.Duration
	// TTL is how long a pass is kept, less up to a tenth so that instances do not ask in step; 0 is 5 s. A fail is kept
	// for 1 s, or TTL where that is shorter.
	TTL time.Duration
	// FailureThreshold is how many fails in a row turn a pass into a fail; 0 is 3. A single pass turns it back. It shields
	// only a check that has passed before: the first run counts at once.
	FailureThreshold int
	// ComponentType is the draft's componentType (section 4.2), shown with the details: "datastore", "system" or
	// "component", or a word of your own.
	ComponentType string
}

// Paths are where the answers are, compared exactly and with case. An empty one takes its default, "-" leaves it out.
// Everything that is not exactly one of them goes to the app: "/readyz/" does, and so does "/healthz".
type Paths struct {
	Live    string // "/livez": must the process be restarted?
	Ready   string // "/readyz": may it have traffic?
	Startup string // "/startupz": has it started?
	Health  string // "/health": how are all the checks? For people and uptime monitors
}

// Config configures a [Middleware]. The zero Config has no checks: ready from the start, until it drains.
type Config struct {
	Checks []Check
	Paths  Paths
	// Authorize says who sees details: error texts, times, versions. The status never depends on it. nil: nobody; a panic
	// is a no. [Bearer] makes one.
	Authorize func(*http.Request) bool
	Version   string // the draft's version, with the details
	ReleaseID string // the draft's releaseId, with the details
	// DrainDelay is how long [Middleware.Serve] goes on serving after readiness turned 503, so that the load balancer has
	// seen it; 0 is 5 s, negative is none. At least (probe interval × failures it needs) + the probe's timeout.
	DrainDelay time.Duration
	// ShutdownTimeout is how long Serve then waits for requests under way; 0 is 20 s. Keep it above 6 s: a connection on
	// which nothing was sent yet holds http.Server.Shutdown for 5 s. DrainDelay and it together stay below the grace
	// period, 30 s in Kubernetes.
	ShutdownTimeout time.Duration
	// OnChange is told when a check's status changes, with the error of a fail, one call at a time for each check. The
	// first pass of a check is no change, its first fail is one, from "". Changes during a call that is slow are told as
	// one. A panic in it is swallowed.
	OnChange func(check string, from, to Status, err error)
	// ManualStart keeps startup and readiness at 503 until [Middleware.Started].
	ManualStart bool
}

// clone keeps the caller's later changes to its slice out, and ours from it.
func (c Config) clone() Config {
	c.Checks = slices.Clone(c.Checks)
	return c
}

// withDefaults fills in what is empty. It comes after check.
func (c Config) withDefaults() Config {
	c = c.clone()
	for i := range c.Checks {
		k := &c.Checks[i]
		k.Timeout = orDefault(k.Timeout, defaultTimeout)
		k.TTL = orDefault(k.TTL, defaultTTL)
		k.FailureThreshold = orDefault(k.FailureThreshold, defaultThreshold)
	}
	c.Paths = c.Paths.withDefaults()
	c.DrainDelay = orDefault(c.DrainDelay, defaultDrainDelay)
	c.ShutdownTimeout = orDefault(c.ShutdownTimeout, defaultShutdownTimeout)
	return c
}

func (p Paths) withDefaults() Paths {
	p.Live = orDefault(p.Live, "/livez")
	p.Ready = orDefault(p.Ready, "/readyz")
	p.Startup = orDefault(p.Startup, "/startupz")
	p.Health = orDefault(p.Health, "/health")
	return p
}

// orDefault is v, unless that is the zero value.
func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// check collects every problem, so that a deploy fails once and not once for each.
func (c Config) check() error {
	p := conf.For("health")
	seen := make(map[string]int)
	for i, k := range c.Checks {
		field := "Checks[" + strconv.Itoa(i) + "]."
		if reason := badName(k.Name); reason != "" {
			p.Add(field+"Name", k.Name, reason, `write a short name such as "database"`)
		} else if first, twice := seen[k.Name]; twice {
			p.Add(field+"Name", k.Name, "Checks["+strconv.Itoa(first)+"] has this name already", "give each check a name of its own")
		} else {
			seen[k.Name] = i
		}
		k.check(p, field)
	}
	c.Paths.check(p)
	if c.DrainDelay > maxDuration {
		p.Add("DrainDelay", c.DrainDelay, "is more than a day", "write a few seconds")
	}
	if c.ShutdownTimeout < 0 || c.ShutdownTimeout > maxDuration {
		p.Add("ShutdownTimeout", c.ShutdownTimeout, "must lie between 0 and a day", "write 20 * time.Second, or leave it out")
	}
	return p.Err()
}

// check looks at all but the name, which is a matter between the checks.
func (k Check) check(p *conf.Problems, field string) {
	if k.Func == nil {
		p.Add(field+"Func", nil, "there is nothing to run", "write health.Ping(db), or a func(context.Context) error")
	}
	if k.Optional && k.Live {
		p.Add(field+"Live", true, "what is optional cannot be a reason to kill the process", "drop Optional or Live")
	}
	if k.Timeout < 0 || k.Timeout > maxDuration || k.Timeout > 0 && k.Timeout < minTimeout {
		p.Add(field+"Timeout", k.Timeout, "must lie between 1ms and a day", "write 500 * time.Millisecond, or leave it out")
	}
	if k.TTL < 0 || k.TTL > maxDuration {
		p.Add(field+"TTL", k.TTL, "must lie between 0 and a day", "write 5 * time.Second, or leave it out")
	}
	if k.FailureThreshold < 0 {
		p.Add(field+"FailureThreshold", k.FailureThreshold, "is negative", "write 1 to count every fail, or leave it out for 3")
	}
	if !printable(k.ComponentType) {
		p.Add(field+"ComponentType", k.ComponentType, "is not printable text", `write "datastore", "system" or "component"`)
	}
}

// check looks at the paths as they will be: a default may clash with one that was written.
func (p Paths) check(problems *conf.Problems) {
	p = p.withDefaults()
	seen, defaults := make(map[string]string), Paths{}.withDefaults()
	for _, f := range []struct{ name, path, usual string }{
		{"Paths.Live", p.Live, defaults.Live}, {"Paths.Ready", p.Ready, defaults.Ready},
		{"Paths.Startup", p.Startup, defaults.Startup}, {"Paths.Health", p.Health, defaults.Health},
	} {
		if f.path == "-" {
			continue
		}
		if reason := badPath(f.path); reason != "" {
			problems.Add(f.name, f.path, reason, `write a path such as "`+f.usual+`", or "-" to leave it out`)
			continue
		}
		if other, twice := seen[f.path]; twice {
			problems.Add(f.name, f.path, other+" has this path already", `give it another, or "-" to leave it out`)
			continue
		}
		seen[f.path] = f.name
	}
}

// badPath says what is wrong with a path. What looks like a pattern or an escape would be compared letter by letter and
// never match, and the probe would then get whatever the app answers, perhaps 200.
func badPath(path string) string {
	switch {
	case !strings.HasPrefix(path, "/"):
		return "a path begins with a slash"
	case strings.ContainsAny(path, "?#%*{}") || strings.ContainsFunc(path, unicode.IsSpace) || !printable(path):
		return "a path is compared as it is: without escapes, patterns, spaces and query"
	case pathpkg.Clean(path) != strings.TrimSuffix(path, "/") && path != "/":
		return "clients and proxies resolve dots and double slashes, so it would never be asked for"
	}
	return ""
}

// badName says what is wrong with a name. It becomes a key in the answer and a label in metrics.
func badName(name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return "a check needs a name"
	case len(name) > maxName:
		return "is longer than " + strconv.Itoa(maxName) + " bytes"
	case !printable(name):
		return "is not printable text"
	}
	return ""
}

// printable refuses what would break a line of a log or an error.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
