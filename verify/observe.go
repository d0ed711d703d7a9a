package verify

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// Observe asks a service politely what can be seen from outside, and writes it down as a first Config to read, correct
// and complete. It declares only what it saw: a promise that the service breaks today is not in it. missing names what
// only you can declare, a line each.
func Observe(ctx context.Context, base string, cfg Config) (seen Config, missing []string, err error) {
	if err := cfg.Check(); err != nil {
		return Config{}, nil, err
	}
	filled := cfg.withDefaults()
	t, err := newRemote(base, &filled)
	if err != nil {
		return Config{}, nil, err
	}
	defer t.stop()
	p := &Probe{ctx: ctx, cfg: filled, remote: t}
	res, err := t.do(ctx, p.fill(Request{}))
	if err != nil {
		return Config{}, nil, err
	}
	seen = cfg
	if !res.ok() {
		missing = append(missing, "public: "+res.String()+"; declare a path that anyone may read")
	}
	stop := p.try(func(p *Probe) { missing = append(missing, p.observe(&seen, res)...) })
	if stop != nil {
		missing = append(missing, "the rest: "+stop.reason)
	}
	return seen, missing, ctx.Err()
}

var policyQuota = regexp.MustCompile(`(?:;q=|limit=|^)(\d{1,6})`)

func (p *Probe) observe(c *Config, public *Response) (missing []string) {
	if strings.HasPrefix(public.Header.Get("Content-Type"), "text/html") {
		c.Profile = Web
	}
	for _, name := range []string{"X-Request-Id", "Request-Id", "X-Correlation-Id"} {
		if public.Header.Get(name) != "" {
			c.RequestID = name
			break
		}
	}
	for _, name := range []string{"Ratelimit-Policy", "Ratelimit", "X-Ratelimit-Limit"} {
		if m := policyQuota.FindStringSubmatch(public.Header.Get(name)); m != nil && c.Rate == nil {
			if n, _ := strconv.Atoi(m[1]); n > 0 {
				c.Rate = &Rate{Burst: n}
			}
		}
	}
	if missed := p.Do(Request{Path: p.missingPath()}); missed.ok() {
		missing = append(missing, "not_found: every path is answered with success; declare one that must be 404")
	} else {
		p.observeHealth(c)
	}
	if res, err := p.Try(Request{Host: evilHost}); err == nil && res.Status/100 == 4 {
		c.HostCheck = true
	}
	for _, field := range []struct {
		absent bool
		say    string
	}{
		{c.CORS == nil, "cors: the origins that may call, such as {\"origins\": [\"https://app.example.com\"]}"},
		{c.CSRF == nil, "csrf: a call that changes something, with what it takes"},
		{c.Rate == nil, "rate: how many requests at once a client may send, such as {\"burst\": 60}"},
		{c.Login == nil, "login: where passwords can be guessed, with \"attempts\""},
		{c.Auth == nil, "auth: the routes that need an identity"},
		{c.Body == nil, "body: a call that reads its body, and the limit in bytes"},
		{c.Inputs == nil, "inputs: calls that take input, with $INPUT where it goes"},
		{c.Health == nil, "health: the paths of the probes"},
		{c.HeaderTimeout == 0, "header_timeout: how long a client may take for its header, such as \"5s\""},
	} {
		if field.absent {
			missing = append(missing, field.say)
		}
	}
	return missing
}

func (p *Probe) observeHealth(c *Config) {
	h := Health{}
	find := func(into *string, paths ...string) {
		for _, path := range paths {
			if res := p.Do(Request{Path: path}); res.Status == http.StatusOK {
				*into = path
				return
			}
		}
	}
	find(&h.Live, "/livez", "/healthz", "/health/live", "/live", "/ping", "/up")
	find(&h.Ready, "/readyz", "/health/ready", "/ready")
	find(&h.Full, "/health")
	if h != (Health{}) && c.Health == nil {
		c.Health = &h
	}
}
