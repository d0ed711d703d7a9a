package main

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Config is everything that an installation may decide, one environment variable each. .env.example explains them, and
// a test holds that it names all of them with these defaults. An empty variable counts as one that is not set.
type Config struct {
	// What production demands on top is in checkProduction. Nothing is switched off in development.
	AppEnv   string     `env:"APP_ENV" envDefault:"development"`
	LogLevel slog.Level `env:"LOG_LEVEL" envDefault:"info"`

	// Loopback by default: a service that is started by hand must not be on the internet by that.
	Addr        string `env:"ADDR" envDefault:"127.0.0.1:8080"`
	AdminAddr   string `env:"ADMIN_ADDR" envDefault:"127.0.0.1:9090"`
	DatabaseURL string `env:"DATABASE_URL" envDefault:"sqlite:data/checklist.db"`

	// Who may call, and by which name. Both lists are checked by their layers.
	AllowedOrigins []string `env:"ALLOWED_ORIGINS" envDefault:"http://localhost:5173"`
	AllowedHosts   []string `env:"ALLOWED_HOSTS"`

	// https by this program itself.
	TLSCertFile  string `env:"TLS_CERT_FILE"`
	TLSKeyFile   string `env:"TLS_KEY_FILE"`
	RedirectAddr string `env:"REDIRECT_ADDR"`

	// Or https by a proxy: by its addresses, or by how many there are where those are unknown.
	TrustedProxies string `env:"TRUSTED_PROXIES"`
	ProxyHops      int    `env:"PROXY_HOPS" envDefault:"0"`
	ProxyHeader    string `env:"PROXY_HEADER"`

	RateLimit int `env:"RATE_LIMIT" envDefault:"300"` // a client's requests a minute
	RateBurst int `env:"RATE_BURST" envDefault:"60"`

	DrainDelay time.Duration `env:"DRAIN_DELAY"` // set by load where it is not: 5 s, in development none
}

func (c Config) production() bool { return c.AppEnv == "production" }
func (c Config) ownTLS() bool     { return c.TLSCertFile != "" }
func (c Config) proxied() bool    { return c.TrustedProxies != "" || c.ProxyHops > 0 }

// Problem of a configuration: one variable, and what to do about it.
type configProblem struct{ Name, Value, Reason, Fix string }

func (p configProblem) String() string {
	s := p.Name
	if p.Value != "" {
		s += fmt.Sprintf(" %q", p.Value)
	}
	s += ": " + p.Reason
	if p.Fix != "" {
		s += "; " + p.Fix
	}
	return s
}

// problems is all that is wrong with a configuration. A person who deploys wants one list and not one line a try.
type problems struct {
	environ map[string]string
	list    []configProblem
	own     int // how many of the list, from its start, were found here and not by a layer
}

// add reports a problem of a variable, with the value that was read from the environment.
func (p *problems) add(name, reason, fix string) {
	p.list = append(p.list, configProblem{name, shown(p.environ[name]), reason, fix})
}

func (p *problems) has(name string) bool {
	return slices.ContainsFunc(p.list, func(q configProblem) bool { return q.Name == name })
}

// settled tells whether a variable has its problem from here: what a layer says on top of that is only what follows.
func (p *problems) settled(name string) bool {
	return slices.ContainsFunc(p.list[:p.own], func(q configProblem) bool { return q.Name == name })
}

func (p *problems) set(name string) bool { return strings.TrimSpace(p.environ[name]) != "" }

// err is the list as one error, nil where it is empty.
func (p *problems) err() error {
	switch len(p.list) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("checklist does not start: 1 problem in its configuration\n  %s", p.list[0])
	}
	var b strings.Builder
	fmt.Fprintf(&b, "checklist does not start: %d problems in its configuration", len(p.list))
	for _, q := range p.list {
		b.WriteString("\n  " + q.String())
	}
	return errors.New(b.String())
}

// loadConfig reads the environment and checks what can be checked without touching the disk or the network, but for
// the certificate. It returns the problems so that those of the layers can join them (stack.go).
func loadConfig(environ map[string]string) (Config, *problems) {
	environ = maps.Clone(environ)
	for name, value := range environ {
		environ[name] = strings.TrimSpace(value)
	}
	p := &problems{environ: environ}
	var cfg Config
	if err := env.ParseWithOptions(&cfg, env.Options{Environment: environ}); err != nil {
		p.addParseErrors(err)
	}
	for _, list := range [][]string{cfg.AllowedOrigins, cfg.AllowedHosts} {
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
	}
	if !p.set("DRAIN_DELAY") && cfg.production() {
		cfg.DrainDelay = 5 * time.Second
	}
	cfg.check(p)
	p.own = len(p.list)
	return cfg, p
}

// addParseErrors turns the errors of the env library, which speak of Go fields, into problems of variables.
func (p *problems) addParseErrors(err error) {
	all := []error{err}
	if joined, ok := errors.AsType[env.AggregateError](err); ok {
		all = joined.Errors
	}
	for _, err := range all {
		parse, ok := errors.AsType[env.ParseError](err)
		field, known := reflect.TypeFor[Config]().FieldByName(parse.Name)
		if !ok || !known {
			p.list = append(p.list, configProblem{Name: "environment", Reason: err.Error()})
			continue
		}
		name, fallback := field.Tag.Get("env"), field.Tag.Get("envDefault")
		switch field.Type {
		case reflect.TypeFor[int]():
			p.add(name, "is not a whole number, or far too large", "write digits only, such as "+fallback)
		case reflect.TypeFor[time.Duration]():
			p.add(name, "is not a duration", `write a number with its unit, such as "5s"`)
		case reflect.TypeFor[slog.Level]():
			p.add(name, "is not a level", "write debug, info, warn or error")
		default:
			p.add(name, "cannot be read", "")
		}
	}
}
