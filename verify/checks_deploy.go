package verify

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

func deployChecks() []Check {
	return []Check{
		{ID: "exposed-files", Title: "no file is served that should have stayed at home",
			Why:  "Scanners ask every address for .env and .git within minutes of its first certificate.",
			Hint: "Serve one directory of public files through os.Root or embed, never the working directory.",
			Ref:  "https://owasp.org/www-project-web-security-testing-guide/latest/4-Web_Application_Security_Testing/02-Configuration_and_Deployment_Management_Testing/04-Review_Old_Backup_and_Unreferenced_Files_for_Sensitive_Information", Run: checkExposed},
		{ID: "deploy-version", Title: "what runs is what was deployed", Where: Deployed,
			Why:  "A deploy that failed quietly, or a roll-back that did not, is found weeks later.",
			Hint: "Build the version in (debug.ReadBuildInfo has it) and answer with it.", Ref: "https://pkg.go.dev/runtime/debug#ReadBuildInfo", Run: checkVersion},
	}
}

var exposed = []struct {
	magic *regexp.Regexp
	paths []string
}{
	{regexp.MustCompile(`(?m)^\s*(export )?[A-Z][A-Z0-9_]{2,}\s*=`), []string{"/.env", "/.env.local", "/.env.production", "/app/.env"}},
	{regexp.MustCompile(`^ref: refs/|^[0-9a-f]{40}\s*$|(?m)^\[core\]`), []string{"/.git/HEAD", "/.git/config"}},
	{regexp.MustCompile(`(?i)CREATE TABLE|INSERT INTO|database dump|^SQLite format 3`), []string{"/backup.sql", "/dump.sql", "/db.sqlite", "/data.db"}},
	{regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`), []string{"/server.key", "/key.pem", "/id_rsa", "/.ssh/id_rsa"}},
	{regexp.MustCompile(`(?m)^services:|aws_access_key_id|^[\w.-]+:(\$apr1|\$2[aby]|\{SHA\})`), []string{"/docker-compose.yml", "/.aws/credentials", "/.htpasswd"}},
	{regexp.MustCompile(`(?m)^module \S+|^package main|^FROM \S+`), []string{"/go.mod", "/main.go", "/Dockerfile"}},
	{regexp.MustCompile(`(?m)^root:[^:]*:0:0:`), []string{"/..%2f..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/static/..%2f..%2f..%2f..%2f..%2fetc/passwd", "/....//....//etc/passwd"}},
}

var listing = regexp.MustCompile(`(?i)<pre>\s*<a href=|<title>Index of /`)

// checkExposed goes by the body, as checkMetricsPrivate does.
func checkExposed(p *Probe) {
	for _, e := range exposed {
		for _, path := range e.paths {
			if res := p.Do(Request{Path: path}); res.ok() && e.magic.Match(res.Body) {
				p.Fail("%s: %s", res, clip(string(e.magic.Find(res.Body)), 30))
			}
		}
	}
	for _, path := range []string{p.cfg.Public, "/static/", "/assets/", "/uploads/", "/files/"} {
		if res := p.Do(Request{Path: path}); res.ok() && listing.Match(res.Body) {
			p.Warn("%s lists a directory", res)
		}
	}
}

// checkVersion proves a roll-back as well as a deploy: both are a version that must be there.
func checkVersion(p *Probe) {
	v := p.cfg.Version
	if v == nil {
		p.Skip("no version is declared (Version)")
	}
	res := p.Do(Request{Path: v.Path})
	var value any
	if err := json.Unmarshal(res.Body, &value); err != nil {
		p.Fail("%s is no JSON", res)
		return
	}
	for field := range strings.SplitSeq(v.Field, ".") {
		object, _ := value.(map[string]any)
		value = object[field]
	}
	if got := fmt.Sprint(value); got != v.Want {
		p.Fail("%s says %s is %q, want %q", res, v.Field, clip(got, 60), v.Want)
	}
}
