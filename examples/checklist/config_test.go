package main

import (
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
)

// refusals loads the environment and makes the layers, as main does, and returns the lines of the error.
func refusals(t *testing.T, environ map[string]string) (Config, []string) {
	t.Helper()
	cfg, p := loadConfig(environ)
	newStack(cfg, newStore("unused"), slog.New(slog.NewTextHandler(io.Discard, nil)), p)
	if p.err() == nil {
		return cfg, nil
	}
	lines := strings.Split(p.err().Error(), "\n  ")
	return cfg, lines[1:]
}

func TestConfigDefaults(t *testing.T) {
	cfg, lines := refusals(t, nil)
	if lines != nil {
		t.Fatalf("an empty environment is refused: %q", lines)
	}
	want := Config{
		AppEnv: "development", LogLevel: slog.LevelInfo, Addr: "127.0.0.1:8080", AdminAddr: "127.0.0.1:9090",
		DatabaseURL: "sqlite:data/checklist.db", AllowedOrigins: []string{"http://localhost:5173"}, RateLimit: 300, RateBurst: 60,
	}
	if got, want := dump(cfg), dump(want); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func dump(c Config) string { return strings.Join(strings.Fields(slog.AnyValue(c).String()), " ") }

func TestConfigReadsEverything(t *testing.T) {
	cert, key := selfSigned(t)
	cfg, lines := refusals(t, map[string]string{
		"APP_ENV": "production", "LOG_LEVEL": "DEBUG", "ADDR": ":8443", "ADMIN_ADDR": "[::1]:9100", "DATABASE_URL": "sqlite:///var/lib/x/notes.db",
		"ALLOWED_ORIGINS": " https://app.example.com , https://*.example.org ", "ALLOWED_HOSTS": "notes.example.com, *.example.net",
		"TLS_CERT_FILE": cert, "TLS_KEY_FILE": key, "REDIRECT_ADDR": ":8081", "TRUSTED_PROXIES": "10.0.0.0/8, 192.168.1.7",
		"PROXY_HEADER": "X-Forwarded-For", "RATE_LIMIT": "10", "RATE_BURST": "2", "DRAIN_DELAY": "1500ms",
	})
	if lines != nil {
		t.Fatalf("refused: %q", lines)
	}
	if !cfg.production() || cfg.LogLevel != slog.LevelDebug || cfg.RateLimit != 10 || cfg.RateBurst != 2 || cfg.DrainDelay != 1500*time.Millisecond {
		t.Errorf("%+v", cfg)
	}
	if !slices.Equal(cfg.AllowedOrigins, []string{"https://app.example.com", "https://*.example.org"}) ||
		!slices.Equal(cfg.AllowedHosts, []string{"notes.example.com", "*.example.net"}) {
		t.Errorf("lists %q, %q", cfg.AllowedOrigins, cfg.AllowedHosts)
	}
	if path, _, _ := databasePath(cfg.DatabaseURL); path != "/var/lib/x/notes.db" {
		t.Errorf("database %q", path)
	}
}

func TestConfigDrainDelay(t *testing.T) {
	production := map[string]string{"APP_ENV": "production", "ALLOWED_ORIGINS": "https://a.example", "ALLOWED_HOSTS": "b.example",
		"PROXY_HOPS": "1", "PROXY_HEADER": "X-Forwarded-For"}
	for _, c := range []struct {
		environ map[string]string
		value   string
		want    time.Duration
	}{{nil, "", 0}, {nil, "2s", 2 * time.Second}, {production, "", 5 * time.Second}, {production, "0s", 0}} {
		environ := map[string]string{"DRAIN_DELAY": c.value}
		maps.Copy(environ, c.environ)
		if cfg, lines := refusals(t, environ); lines != nil || cfg.DrainDelay != c.want {
			t.Errorf("%v: %v, %q", environ, cfg.DrainDelay, lines)
		} else if got := healthConfig(cfg, nil, nil).DrainDelay; got != c.want && !(c.want == 0 && got < 0) || got == 0 {
			t.Errorf("%v: health is given %v, and takes 0 for its default", environ, got)
		}
	}
}

// Each bad value is refused in one line that begins with its variable and its value, and has a reason.
func TestConfigRefuses(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for _, c := range []struct {
		name, value, says string
		also              map[string]string
	}{
		{"APP_ENV", "prod", "development or production", nil},
		{"LOG_LEVEL", "loud", "debug, info, warn or error", nil},
		{"ADDR", "8080", "host:port", nil},
		{"ADDR", "127.0.0.1:99999", "host:port", nil},
		{"ADDR", "http://127.0.0.1:8080", "host:port", nil},
		{"ADDR", "127.0.0.1:http", "host:port", nil},
		{"ADMIN_ADDR", "127.0.0.1:8080", "ADDR too", nil},
		{"ADMIN_ADDR", "0.0.0.0:8080", "ADDR too", nil},
		{"ADMIN_ADDR", ":8080", "ADDR too", nil},
		{"DATABASE_URL", "postgres://localhost/notes", "does not speak postgres", nil},
		{"DATABASE_URL", "sqlite:", "names no file", nil},
		{"DATABASE_URL", "sqlite::memory:", "gone with the process", nil},
		{"DATABASE_URL", "sqlite:x.db?mode=ro", "no parameters", nil},
		{"DATABASE_URL", "sqlite:~/notes.db", "whole path", nil},
		{"DATABASE_URL", "data/", "names no file", nil},
		{"ALLOWED_ORIGINS", "https://app.example.com/", `write "https://app.example.com"`, nil},
		{"ALLOWED_ORIGINS", "app.example.com", "ALLOWED_ORIGINS", nil},
		{"ALLOWED_HOSTS", "https://notes.example.com", "ALLOWED_HOSTS", nil},
		{"TRUSTED_PROXIES", "10.0.0.0/33", "neither a network nor an address", map[string]string{"PROXY_HEADER": "X-Forwarded-For"}},
		{"TRUSTED_PROXIES", "0.0.0.0/0", "PROXY_HOPS", map[string]string{"PROXY_HEADER": "X-Forwarded-For"}},
		{"TRUSTED_PROXIES", ",", "names no proxy", map[string]string{"PROXY_HEADER": "X-Forwarded-For"}},
		{"TRUSTED_PROXIES", ", ,", "names no proxy", map[string]string{"PROXY_HEADER": "X-Forwarded-For", "APP_ENV": "production",
			"ALLOWED_ORIGINS": "https://app.example.com", "ALLOWED_HOSTS": "notes.example.com"}},
		{"ALLOWED_ORIGINS", ",,", "empty origin", nil},
		{"ALLOWED_HOSTS", "notes.example.com,", "empty host", nil},
		{"PROXY_HEADER", "Forwarded", "leave PROXY_HEADER empty", nil},
		{"RATE_BURST", "99999999999999999999", "far too large", nil},
		{"LOG_LEVEL", "error+8", "hide the errors", nil},
		{"PROXY_HEADER", "X-Nonsense", "X-Forwarded-For", map[string]string{"TRUSTED_PROXIES": "10.0.0.1"}},
		{"PROXY_HEADER", "X-Forwarded-For", "TRUSTED_PROXIES", nil},
		{"PROXY_HOPS", "one", "whole number", nil},
		{"PROXY_HOPS", "-1", "between", map[string]string{"PROXY_HEADER": "X-Forwarded-For", "TRUSTED_PROXIES": "10.0.0.1"}},
		{"RATE_LIMIT", "many", "whole number", nil},
		{"RATE_LIMIT", "0", "refuse every request", nil},
		{"RATE_BURST", "-1", "refuse every request", nil},
		{"DRAIN_DELAY", "5", "unit", nil},
		{"DRAIN_DELAY", "-5s", "between 0s and 5m", nil},
		{"TLS_CERT_FILE", missing, "cannot be used", map[string]string{"TLS_KEY_FILE": missing}},
		{"REDIRECT_ADDR", ":80", "no https", map[string]string{"ALLOWED_HOSTS": "notes.example.com"}},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			environ := map[string]string{c.name: c.value}
			maps.Copy(environ, c.also)
			_, lines := refusals(t, environ)
			if len(lines) != 1 {
				t.Fatalf("want one line, got %d: %q", len(lines), lines)
			}
			if !strings.HasPrefix(lines[0], c.name+" ") || !strings.Contains(lines[0], c.value) || !strings.Contains(lines[0], c.says) {
				t.Errorf("line %q", lines[0])
			}
		})
	}
}

// What is missing has no value to show.
func TestConfigMissing(t *testing.T) {
	cert, key := selfSigned(t)
	for _, c := range []struct {
		desc    string
		environ map[string]string
		want    []string
	}{
		{"production", map[string]string{"APP_ENV": "production"}, []string{"ALLOWED_ORIGINS", "ALLOWED_HOSTS", "TLS_CERT_FILE"}},
		{"production behind a proxy", map[string]string{"APP_ENV": "production", "TRUSTED_PROXIES": "10.0.0.0/8"},
			[]string{"ALLOWED_ORIGINS", "ALLOWED_HOSTS", "PROXY_HEADER"}},
		{"key", map[string]string{"TLS_CERT_FILE": cert}, []string{"TLS_KEY_FILE"}},
		{"certificate", map[string]string{"TLS_KEY_FILE": key}, []string{"TLS_CERT_FILE"}},
		{"hosts of the redirect", map[string]string{"TLS_CERT_FILE": cert, "TLS_KEY_FILE": key, "REDIRECT_ADDR": ":8081"}, []string{"ALLOWED_HOSTS"}},
	} {
		_, lines := refusals(t, c.environ)
		var names []string
		for _, line := range lines {
			name, _, _ := strings.Cut(line, ":")
			names = append(names, name)
		}
		if !slices.Equal(names, c.want) {
			t.Errorf("%s: %q", c.desc, lines)
		}
	}
}

func TestConfigAllAtOnce(t *testing.T) {
	_, lines := refusals(t, map[string]string{"ADDR": "x", "LOG_LEVEL": "x", "RATE_LIMIT": "x", "DATABASE_URL": "mysql://x",
		"ALLOWED_ORIGINS": "https://a.example/,null", "TRUSTED_PROXIES": "a,b 0.0.0.0/0", "PROXY_HEADER": "X-Nonsense"})
	if len(lines) != 10 {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
}

func TestConfigNeverShowsSecrets(t *testing.T) {
	const secret = "hunter2hunter2"
	for name, value := range map[string]string{
		"DATABASE_URL":    "postgres://notes:" + secret + "@db.example.com/notes",
		"TLS_KEY_FILE":    "-----BEGIN PRIVATE KEY-----\n" + secret + "\n-----END PRIVATE KEY-----",
		"ALLOWED_ORIGINS": "https://app.example.com/?password=" + secret,
		"ADDR":            "https://admin:" + secret + "@127.0.0.1",
		"TLS_CERT_FILE":   "-----BEGIN PRIVATE KEY-----\n" + secret + "\n-----END PRIVATE KEY-----",
	} {
		environ := map[string]string{name: value}
		if name == "TLS_CERT_FILE" {
			environ["TLS_KEY_FILE"] = "x"
		}
		_, lines := refusals(t, environ)
		if len(lines) == 0 || strings.Contains(strings.Join(lines, "\n"), secret) {
			t.Errorf("%s: %q", name, lines)
		}
	}
}

func TestDatabasePath(t *testing.T) {
	for value, want := range map[string]string{
		"sqlite:data/x.db": "data/x.db", "sqlite:///var/x.db": "/var/x.db", "sqlite://data/x.db": "data/x.db", "SQLITE:x.db": "x.db",
		"x.db": "x.db", "./data/x.db": "./data/x.db", "/var/x.db": "/var/x.db", `C:\x.db`: `C:\x.db`, "sqlite:/var/x y%.db": "/var/x y%.db",
	} {
		if path, reason, _ := databasePath(value); path != want || reason != "" {
			t.Errorf("%q: %q, %q", value, path, reason)
		}
	}
}

// The file with strange characters is the file that is opened: nothing of the path may become a parameter of the driver.
func TestStrangePathsOpen(t *testing.T) {
	for _, name := range []string{"with space.db", "100%.db", "a&b=c.db", "ünï.db", "a%3Fmode=memory.db"} {
		s := newStore(filepath.Join(t.TempDir(), name))
		if err := s.Open(t.Context()); err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		_, err := s.MigrateUp(t.Context())
		s.Close()
		if info, statErr := os.Stat(s.path); err != nil || statErr != nil || info.Size() == 0 {
			t.Errorf("%q: %v, %v", name, err, statErr)
		}
	}
}

// .env.example is the documentation: every variable, with its default and a comment above it.
func TestEnvExampleIsComplete(t *testing.T) {
	text, err := os.ReadFile(".env.example")
	if err != nil {
		t.Fatal(err)
	}
	assignment := regexp.MustCompile(`^([A-Z_]+)=(.*)$`)
	written := map[string]string{}
	block := 0 // comment lines since the last blank line
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		switch m := assignment.FindStringSubmatch(line); {
		case line == "":
			block = 0
		case strings.HasPrefix(line, "# "):
			block++
		case m == nil:
			t.Errorf("line %d is neither comment nor NAME=value: %q", i+1, line)
		case block == 0:
			t.Errorf("%s has no comment", m[1])
		default:
			written[m[1]] = m[2]
		}
	}
	params, err := env.GetFieldParams(&Config{})
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]string{}
	for _, p := range params {
		read[p.Key] = p.DefaultValue
	}
	if !maps.Equal(read, written) {
		t.Errorf("the program reads %v\nthe file says   %v", read, written)
	}
}
