// Package conf is how every layer refuses a bad configuration: all problems at once, each one line that names the
// field, its value, what is wrong with it and what to write instead.
package conf

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxShown is how many bytes of a value an error shows; a pasted certificate must not fill the terminal.
const maxShown = 120

// Error is one problem of a configuration. Its text is one line:
//
//	cors: AllowedOrigins[1] "https://app.example.com/": an origin has no path; write "https://app.example.com"
//
// Several come joined by [errors.Join]; errors.AsType[*Error] finds the first.
type Error struct {
	Package string // the package that refuses, "cors"
	Field   string // where in its Config, "AllowedOrigins[1]"
	Value   string // what stands there, shortened and without credentials; empty where nothing does
	Reason  string // why it cannot be
	Fix     string // what to do instead; empty where the reason says it

	bare  bool // a number, a duration or a bool: shown without quotes
	empty bool // an empty string stands there, which is not nothing
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Package)
	b.WriteString(": ")
	b.WriteString(e.Field)
	switch {
	case e.empty:
		b.WriteString(` ""`)
	case e.Value == "":
	case e.bare:
		b.WriteString(" " + e.Value)
	default:
		fmt.Fprintf(&b, " %q", e.Value)
	}
	b.WriteString(": " + e.Reason)
	if e.Fix != "" {
		b.WriteString("; " + e.Fix)
	}
	return b.String()
}

// Problems collects what is wrong with one Config. Make it with [For].
type Problems struct {
	pkg  string
	errs []error
}

// For starts the list of a package.
func For(pkg string) *Problems { return &Problems{pkg: pkg} }

// Add reports one problem. A string value is shown quoted; any other as %v prints it, so that a type which hides
// itself, like redact.Secret, stays hidden; nil is for a field where nothing stands. Credentials in a URL never show.
func (p *Problems) Add(field string, value any, reason, fix string) {
	e := &Error{Package: p.pkg, Field: field, Reason: reason, Fix: fix}
	switch v := value.(type) {
	case nil:
	case string:
		e.Value, e.empty = Show(v), v == ""
	default:
		e.Value = Show(fmt.Sprint(v))
		e.bare = !strings.ContainsFunc(e.Value, unicode.IsControl)
	}
	p.errs = append(p.errs, e)
}

// Join takes over the problems of another package, such as those of a part that this one is made of. A nil error adds nothing.
func (p *Problems) Join(err error) {
	if err != nil {
		p.errs = append(p.errs, err)
	}
}

// Err is all problems joined, or nil.
func (p *Problems) Err() error { return errors.Join(p.errs...) }

// Show makes a value fit to stand in an error: bounded, and without the user and password that a URL or a data source
// name may carry.
func Show(v string) string {
	v = hideUserinfo(v)
	if len(v) <= maxShown {
		return v
	}
	cut := maxShown
	for cut > 0 && !utf8.RuneStart(v[cut]) {
		cut--
	}
	return v[:cut] + "…"
}

// hideUserinfo replaces what stands between the first "//" and the last "@", and without slashes, as in
// user:password@tcp(host), all that stands before it. That may be more than the userinfo; but an error is about values
// that are broken, and in a broken one nobody can tell where a password ends.
func hideUserinfo(v string) string {
	at := strings.LastIndexByte(v, '@')
	if at < 0 || !strings.Contains(v[:at], ":") {
		return v
	}
	start := 0
	if i := strings.Index(v[:at], "//"); i >= 0 && !strings.Contains(v[:i], "@") {
		start = i + len("//")
	}
	return v[:start] + "REDACTED" + v[at:]
}
