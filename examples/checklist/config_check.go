package main

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// check reports what is wrong between variables, and what no layer looks at. What a layer's New checks (origins, hosts,
// proxies) is left to it: the rule stands in one place.
func (c Config) check(p *problems) {
	if c.AppEnv != "development" && c.AppEnv != "production" {
		p.add("APP_ENV", "is not an environment", "write development or production")
	}
	c.checkAddresses(p)
	if _, reason, fix := databasePath(c.DatabaseURL); reason != "" {
		p.add("DATABASE_URL", reason, fix)
	}
	if c.LogLevel > slog.LevelError && !p.has("LOG_LEVEL") { // slog reads "error+8"
		p.add("LOG_LEVEL", "would hide the errors too", "write debug, info, warn or error")
	}
	if c.RateLimit < 1 && !p.has("RATE_LIMIT") {
		p.add("RATE_LIMIT", "would refuse every request", "write how many requests a minute a client may send, such as 300")
	}
	if c.RateBurst < 1 && !p.has("RATE_BURST") {
		p.add("RATE_BURST", "would refuse every request", "write how many requests may come at once, such as 60")
	}
	if c.DrainDelay < 0 || c.DrainDelay > 5*time.Minute {
		p.add("DRAIN_DELAY", "must be between 0s and 5m", "write how long the load balancer needs to notice, such as 5s")
	}
	c.checkTLS(p)
	if c.production() {
		c.checkProduction(p)
	}
}

func (c Config) checkAddresses(p *problems) {
	listeners := []struct{ name, addr string }{
		{"ADDR", c.Addr}, {"ADMIN_ADDR", c.AdminAddr}, {"REDIRECT_ADDR", c.RedirectAddr},
	}
	for i, l := range listeners {
		if l.addr == "" {
			continue // REDIRECT_ADDR, the only one without a default
		}
		if !validAddr(l.addr) {
			p.add(l.name, "is not an address to listen on", `write host:port, such as "127.0.0.1:8080", or ":8080" for all interfaces`)
			continue
		}
		for _, earlier := range listeners[:i] {
			if sameAddr(l.addr, earlier.addr) {
				p.add(l.name, "is the address of "+earlier.name+" too", "give each its own port")
			}
		}
	}
}

func validAddr(addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || strings.ContainsAny(host, " \t/@") {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == port
}

// sameAddr tells whether two listeners would meet: the same port on the same host, or on all of them. Port 0 is a free
// one, another each time.
func sameAddr(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	return hostA == hostB || allInterfaces(hostA) || allInterfaces(hostB)
}

func allInterfaces(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "" || err == nil && addr.IsUnspecified()
}

var urlScheme = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+):`) // two letters at least: C:\notes.db is a path

// databasePath finds the file that DATABASE_URL names: sqlite:data/x.db, sqlite:///var/lib/x.db, or a path.
func databasePath(value string) (path, reason, fix string) {
	const example = `write "sqlite:data/checklist.db" or "sqlite:///var/lib/checklist/checklist.db"`
	path = value
	if m := urlScheme.FindStringSubmatch(value); m != nil {
		scheme := strings.ToLower(m[1])
		if scheme != "sqlite" {
			return "", "this program keeps its data in SQLite and does not speak " + scheme, example
		}
		path = strings.TrimPrefix(value[len(m[0]):], "//")
	}
	switch {
	case path == "" || strings.HasSuffix(path, "/"):
		return "", "names no file", example
	case strings.HasPrefix(path, "~"):
		return "", "begins with ~, which only a shell turns into a home", "write the whole path"
	case strings.HasPrefix(path, ":"):
		return "", "a database in memory is gone with the process", example
	case strings.ContainsAny(path, "?#\x00"):
		return "", "takes no parameters; the program sets them itself", example
	}
	return path, "", ""
}

func (c Config) checkTLS(p *problems) {
	switch {
	case c.TLSCertFile != "" && c.TLSKeyFile == "":
		p.add("TLS_KEY_FILE", "is missing; TLS_CERT_FILE is of no use without it", "name the PEM file with the private key")
	case c.TLSCertFile == "" && c.TLSKeyFile != "":
		p.add("TLS_CERT_FILE", "is missing; TLS_KEY_FILE is of no use without it", "name the PEM file with the certificate chain")
	case c.TLSCertFile != "":
		if _, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSKeyFile); err != nil {
			p.add("TLS_CERT_FILE", "cannot be used: "+shown(err.Error()), "name PEM files that belong together and that this user may read")
		}
	}
	if c.RedirectAddr == "" {
		return
	}
	if !c.ownTLS() {
		p.add("REDIRECT_ADDR", "there is no https of this program to redirect to", "set TLS_CERT_FILE and TLS_KEY_FILE, or leave it empty")
	}
	if len(c.AllowedHosts) == 0 {
		p.add("ALLOWED_HOSTS", "is needed with REDIRECT_ADDR: a redirect to whatever host a request names is an open one",
			`list the names of this service, such as "notes.example.com"`)
	}
}

// checkProduction asks for the answers that nobody but the one who deploys can give.
func (c Config) checkProduction(p *problems) {
	if !p.set("ALLOWED_ORIGINS") {
		p.add("ALLOWED_ORIGINS", "is needed in production; the default is the front end of a developer",
			`list the origins of your front end, such as "https://app.example.com"`)
	}
	if len(c.AllowedHosts) == 0 && !p.has("ALLOWED_HOSTS") {
		p.add("ALLOWED_HOSTS", "is needed in production", `list the names of this service, such as "notes.example.com"`)
	}
	if !c.ownTLS() && !c.proxied() && c.TLSKeyFile == "" {
		p.add("TLS_CERT_FILE", "is needed in production: passwords must not travel in the clear",
			"set TLS_CERT_FILE and TLS_KEY_FILE; behind a proxy that ends https, set TRUSTED_PROXIES (or PROXY_HOPS) and PROXY_HEADER instead")
	}
}
