package health_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/health"
)

func TestConfigErrors(t *testing.T) {
	one := func(c health.Check) health.Config {
		if c.Name == "" {
			c.Name = "c"
		}
		if c.Func == nil {
			c.Func = passing
		}
		return health.Config{Checks: []health.Check{c}}
	}
	for _, tt := range []struct {
		field string
		cfg   health.Config
	}{
		{"Checks[0].Name", health.Config{Checks: []health.Check{{Func: passing}}}},
		{"Checks[0].Name", one(health.Check{Name: " "})},
		{"Checks[0].Name", one(health.Check{Name: "a\nb"})},
		{"Checks[0].Name", one(health.Check{Name: "a\xff"})},
		{"Checks[0].Name", one(health.Check{Name: strings.Repeat("a", 129)})},
		{"Checks[1].Name", health.Config{Checks: []health.Check{{Name: "db", Func: passing}, {Name: "db", Func: passing}}}},
		{"Checks[0].Func", health.Config{Checks: []health.Check{{Name: "db"}}}},
		{"Checks[0].Live", one(health.Check{Live: true, Optional: true})},
		{"Checks[0].Timeout", one(health.Check{Timeout: -1})},
		{"Checks[0].Timeout", one(health.Check{Timeout: 500})},
		{"Checks[0].Timeout", one(health.Check{Timeout: 25 * time.Hour})},
		{"Checks[0].TTL", one(health.Check{TTL: -1})},
		{"Checks[0].TTL", one(health.Check{TTL: 25 * time.Hour})},
		{"Checks[0].FailureThreshold", one(health.Check{FailureThreshold: -1})},
		{"Checks[0].ComponentType", one(health.Check{ComponentType: "\x00"})},
		{"Paths.Ready", health.Config{Paths: health.Paths{Ready: "readyz"}}},
		{"Paths.Live", health.Config{Paths: health.Paths{Live: "/live?x"}}},
		{"Paths.Startup", health.Config{Paths: health.Paths{Startup: "/start up"}}},
		{"Paths.Health", health.Config{Paths: health.Paths{Health: "/he%61lth"}}},
		{"Paths.Health", health.Config{Paths: health.Paths{Health: "/{$}"}}},
		{"Paths.Health", health.Config{Paths: health.Paths{Health: "//health"}}},
		{"Paths.Health", health.Config{Paths: health.Paths{Health: "/health//"}}},
		{"Paths.Live", health.Config{Paths: health.Paths{Live: "/./livez"}}},
		{"Paths.Live", health.Config{Paths: health.Paths{Live: "/internal/.."}}},
		{"Paths.Health", health.Config{Paths: health.Paths{Live: "/x", Health: "/x"}}},
		{"Paths.Ready", health.Config{Paths: health.Paths{Live: "/readyz"}}},
		{"DrainDelay", health.Config{DrainDelay: 25 * time.Hour}},
		{"ShutdownTimeout", health.Config{ShutdownTimeout: -1}},
		{"ShutdownTimeout", health.Config{ShutdownTimeout: 25 * time.Hour}},
	} {
		m, err := health.New(tt.cfg)
		e, ok := errors.AsType[*health.ConfigError](err)
		if !ok || m != nil || e.Package != "health" || e.Field != tt.field || e.Reason == "" || e.Fix == "" || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", tt.field, err)
		}
	}
}

func TestConfigReportsAllAtOnce(t *testing.T) {
	_, err := health.New(health.Config{
		Checks: []health.Check{{}, {Name: "a", Timeout: -1}, {Name: "a", Func: passing}},
		Paths:  health.Paths{Ready: "x"}, ShutdownTimeout: -1,
	})
	want := []string{"Checks[0].Name", "Checks[0].Func", "Checks[1].Func", "Checks[1].Timeout", "Checks[2].Name", "Paths.Ready", "ShutdownTimeout"}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d problems, want %d:\n%v", len(lines), len(want), err)
	}
	for i, field := range want {
		if !strings.HasPrefix(lines[i], "health: "+field) {
			t.Errorf("line %d: %s, want %s", i, lines[i], field)
		}
	}
}

func TestConfigAccepted(t *testing.T) {
	for desc, cfg := range map[string]health.Config{
		"zero":         {},
		"all left out": {Paths: health.Paths{Live: "-", Ready: "-", Startup: "-", Health: "-"}},
		"root path":    {Paths: health.Paths{Health: "/"}},
		"other paths":  {Paths: health.Paths{Health: "/health/", Live: "/.well-known/live", Ready: "/...", Startup: "/a..b/c.d"}},
		"no delay":     {DrainDelay: -1},
		"names":        {Checks: []health.Check{{Name: "database:connections", Func: passing}, {Name: "Datenbank für Bestellungen", Func: passing}}},
		"tiny TTL":     {Checks: []health.Check{{Name: "c", Func: passing, TTL: 1}}},
	} {
		if _, err := health.New(cfg); err != nil {
			t.Errorf("%s: %v", desc, err)
		}
	}
}

// What an error tells to write must not be the next error.
func TestPathFixIsAccepted(t *testing.T) {
	wrong := health.Paths{Live: "x", Ready: "x", Startup: "x", Health: "x"}
	_, err := health.New(health.Config{Paths: wrong})
	var paths []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		_, fix, _ := strings.Cut(line, "; write a path such as ")
		paths = append(paths, strings.Split(fix, `"`)[1])
	}
	if _, err := health.New(health.Config{Paths: health.Paths{Live: paths[0], Ready: paths[1], Startup: paths[2], Health: paths[3]}}); err != nil {
		t.Error(err)
	}
}

func TestConfigIsACopy(t *testing.T) {
	cfg := health.Config{Checks: []health.Check{{Name: "c", Func: failing}}, Version: "1", DrainDelay: -1}
	m := mustNew(t, cfg)
	cfg.Checks[0] = health.Check{Name: "other", Func: passing}
	got := m.Config()
	if got.Checks[0].Name != "c" || got.Checks[0].TTL != 0 || got.Version != "1" || got.DrainDelay != -1 || !reflect.DeepEqual(got.Paths, health.Paths{}) {
		t.Errorf("Config: %+v", got)
	}
	got.Checks[0].Name = "changed"
	if m.Config().Checks[0].Name != "c" || ask(m.Wrap(app), "GET", "/readyz").Code != 503 {
		t.Error("the configuration is shared")
	}
}
