package cors

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// pattern is one entry of AllowedOrigins, taken apart: the serialization of an origin (RFC 6454 section 6.2, written by
// browsers as the URL standard says), or one with "*." in front of its domain.
type pattern struct {
	scheme string // "https"
	host   string // "app.example.com", "[::1]"; the base domain where wild
	port   string // "8443"; "" for the default
	wild   bool   // any subdomain of host, not host itself
}

// flaw says why an entry is refused. The reason is worded so that it also explains an Origin header that is not listed.
// Credentials must not get into it: what it cites of the entry is a host at most.
// At most one of write and advice is set.
type flaw struct {
	reason string
	write  string // what was probably meant; it may have a flaw of its own
	advice string
}

// exampleOrigin is the advice where no guess can be made.
const exampleOrigin = `write an origin such as "https://app.example.com"`

// fix is the advice to show. A guess is shown only if it would be accepted, by trust too, after further guesses if need
// be: "HTTPS://Example.com/" has three flaws and one fix.
func (f *flaw) fix(trust func(pattern) *flaw) string {
	for range 8 {
		if f.advice != "" {
			return f.advice
		}
		p, next := parsePattern(f.write)
		if next == nil {
			next = trust(p)
		}
		if next == nil {
			return "write " + strconv.Quote(f.write)
		}
		f = next
	}
	return exampleOrigin
}

// parsePattern takes one entry apart. What a browser would never send is a flaw, since it could never match, and so is
// what would match more than a reader takes it for. The grammar:
//
//	entry  = scheme "://" [ "*." ] host [ ":" port ]
//	scheme = lower-case letter, then letters, digits, "+", "-", "."; "*." follows http and https only
//	host   = domain, IPv4 or bracketed IPv6 address, in the one form that the URL standard serializes
//	port   = 1 to 65535, no leading zero, not the default of the scheme
//
// net/url is no help here: it takes user information, upper case, zones and percent-encoding, all of which browsers
// have settled before they send an Origin.
func parsePattern(s string) (pattern, *flaw) {
	if f := checkText(s); f != nil {
		return pattern{}, f
	}
	scheme, rest, f := cutScheme(s)
	if f != nil {
		return pattern{}, f
	}
	prefix := scheme + "://"
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	// The first check on the authority, so that no later flaw can show a password.
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		return pattern{}, &flaw{reason: "an origin has no user information", write: prefix + authority[i+1:]}
	}
	switch {
	case authority == "":
		return pattern{}, &flaw{reason: "there is no host", advice: exampleOrigin}
	case tail == "/":
		return pattern{}, &flaw{reason: "an origin has no trailing slash", write: prefix + authority}
	case tail != "":
		return pattern{}, &flaw{reason: "an origin ends with its host and port: no path, query or fragment", write: prefix + authority}
	}
	host, port, f := cutPort(scheme, authority)
	if f != nil {
		return pattern{}, f
	}
	p := pattern{scheme: scheme, host: host, port: port}
	if strings.Contains(host, "*") {
		if f := p.cutWildcard(); f != nil {
			return pattern{}, f
		}
	}
	if f := p.checkHost(); f != nil {
		return pattern{}, f
	}
	return p, nil
}

// String is the entry as it was written.
func (p pattern) String() string {
	s := p.scheme + "://"
	if p.wild {
		s += "*."
	}
	s += p.host
	if p.port != "" {
		s += ":" + p.port
	}
	return s
}

// checkText refuses what is no origin at first sight. It knows the slips that come from elsewhere: a list from one
// environment variable, a line read with its newline, the regular expression that another library took.
func checkText(s string) *flaw {
	switch {
	case s == "":
		return &flaw{reason: "an empty origin matches nothing", advice: "leave it out, or check the variable that it comes from"}
	// Anybody can make a sandboxed frame, so to allow null is to allow everybody, with credentials if they are on.
	case strings.EqualFold(s, "null"):
		return &flaw{reason: "sandboxed frames, local files and data: pages of anybody have the origin null",
			advice: "serve the page from an origin of its own and list that"}
	case len(s) > 5 && strings.EqualFold(s[:5], "data:"):
		return &flaw{reason: "a data: page has the origin null", advice: "serve the page over https and list that origin"}
	case strings.ContainsRune(s, ','):
		return &flaw{reason: "it holds several origins", advice: "give each origin its own element"}
	}
	if trimmed := strings.TrimSpace(s); trimmed != s {
		return &flaw{reason: "there is white space around it", write: trimmed}
	}
	for _, c := range s {
		switch {
		case c <= ' ' || c == 0x7f:
			return &flaw{reason: "it holds a space or a control character", advice: exampleOrigin}
		case c > 0x7f:
			return &flaw{reason: "browsers send international domain names in punycode", advice: "write the domain in its xn-- form"}
		}
	}
	// Other libraries take these; here they would be hosts that never match.
	if s[0] == '^' || s[len(s)-1] == '$' || strings.ContainsAny(s, `\()|{}`) || strings.Contains(s, "://.*") {
		return &flaw{reason: "regular expressions are not origins", advice: `write "https://*.example.com" for all subdomains`}
	}
	return nil
}

// cutScheme splits at "://". Any scheme of an app or extension may pass: their pages have origins as well. Those that
// are named here have none, or another one.
func cutScheme(s string) (scheme, rest string, f *flaw) {
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		return "", "", noScheme(s)
	}
	if strings.Contains(scheme, "*") {
		return "", "", &flaw{reason: "a wildcard scheme admits plain http", write: withScheme(rest)}
	}
	if lower := strings.ToLower(scheme); lower != scheme {
		return "", "", &flaw{reason: "browsers send the scheme in lower case", write: lower + "://" + rest}
	}
	// These have opaque origins, or that of the page that made them (blob:).
	switch scheme {
	case "file", "data", "about", "blob", "javascript":
		return "", "", &flaw{reason: "a page of the scheme " + scheme + " has the origin null or that of its creator",
			advice: "serve the page over https and list that origin"}
	case "ws", "wss":
		return "", "", &flaw{reason: "the origin of a WebSocket is that of its page", write: "http" + scheme[2:] + "://" + rest}
	case "ftp":
		return "", "", &flaw{reason: "no browser loads a page over ftp", write: "https://" + rest}
	}
	for i := range len(scheme) {
		c := scheme[i]
		if !(isLower(c) || i > 0 && (isDigit(c) || c == '+' || c == '-' || c == '.')) {
			return "", "", &flaw{reason: "what stands before :// is not a scheme", advice: exampleOrigin}
		}
	}
	if scheme == "" {
		return "", "", &flaw{reason: "there is no scheme", write: withScheme(rest)}
	}
	return scheme, rest, nil
}

// withScheme guesses https, which is what nearly all entries without a scheme mean, and http for the machine itself:
// development servers seldom have a certificate.
func withScheme(rest string) string {
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	if host, _, f := cutPort("", authority); f == nil && (pattern{host: host}).loopback() {
		return "http://" + rest
	}
	return "https://" + rest
}

// noScheme is for an entry without "://".
func noScheme(s string) *flaw {
	if s == "*" {
		return &flaw{reason: `"*" stands alone or not at all`, advice: `leave out the others, or "*"`}
	}
	scheme, rest, found := strings.Cut(s, ":")
	switch {
	case found && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")):
		return &flaw{reason: "two slashes follow the scheme", write: scheme + "://" + strings.TrimLeft(rest, "/")}
	case strings.Contains(s, "*") && !strings.HasPrefix(s, "*."):
		return &flaw{reason: "a wildcard stands for whole labels in front of a domain, nowhere else",
			advice: `write "https://*.example.com", or "*" alone for everybody`}
	}
	// "regexp:abc" and "mailto:me" are no host with a port.
	if i := strings.LastIndexByte(s, ':'); i >= 0 && i+1 < len(s) && !isDigit(s[i+1]) {
		return &flaw{reason: "there is no scheme", advice: exampleOrigin}
	}
	return &flaw{reason: "there is no scheme", write: withScheme(strings.TrimLeft(s, "/"))}
}

// cutPort splits the port off. It knows brackets, and it refuses ports in any form that browsers do not send. A wildcard
// port is refused too: whoever may run a program on that host, be it another user of a shared machine, can open a port
// of his own.
func cutPort(scheme, authority string) (host, port string, f *flaw) {
	i := strings.LastIndexByte(authority, ':')
	if end := strings.IndexByte(authority, ']'); i < 0 || i < end {
		return authority, "", nil // the colons are those of an IPv6 address
	}
	host, port = authority[:i], authority[i+1:]
	bare := scheme + "://" + host
	if strings.Contains(host, ":") && !strings.Contains(host, "[") {
		return "", "", &flaw{reason: "an IPv6 address stands in brackets", advice: `write it like "http://[::1]:3000"`}
	}
	number, err := strconv.Atoi(port) // takes a sign, which the switch does not
	switch {
	case host == "":
		return "", "", &flaw{reason: "there is no host", advice: exampleOrigin}
	case port == "":
		return "", "", &flaw{reason: "there is no port after the colon", write: bare}
	case port == "*":
		return "", "", &flaw{reason: "a port cannot be a wildcard: any user of the machine can open one", advice: "list each port that you use"}
	case err != nil || number < 1 || number > 65535 || port[0] == '+':
		return "", "", &flaw{reason: "the port is not a number from 1 to 65535", advice: "write the port that the page is served on, or none"}
	// From here on the port is a good one, but not in the form that browsers give it.
	case port[0] == '0':
		return "", "", &flaw{reason: "browsers send ports without leading zeros", write: bare + ":" + strconv.Itoa(number)}
	case scheme == "http" && number == 80, scheme == "https" && number == 443:
		return "", "", &flaw{reason: "browsers leave the default port out", write: bare}
	}
	return host, port, nil
}

// cutWildcard takes "*." off the host. A wildcard in any other place is how rs/cors#197 came about: "https://*example.com"
// admits evilexample.com, "https://example.com*" admits example.com.evil.tld.
func (p *pattern) cutWildcard() *flaw {
	with := func(host string) string { q := *p; q.host = host; return q.String() }
	base, found := strings.CutPrefix(p.host, "*.")
	switch {
	case p.host == "*":
		return &flaw{reason: "it admits every host", advice: `write "https://*.example.com" for the subdomains of one domain, or "*" alone for everybody`}
	case strings.Count(p.host, "*") > 1:
		return &flaw{reason: "there is one wildcard at most, and it stands for one label or more", write: with("*." + strings.TrimLeft(p.host, "*."))}
	// "*example.com" is nearly always meant as "*.example.com".
	case !found && p.host[0] == '*':
		return &flaw{reason: fmt.Sprintf("it admits the domains of strangers that end in %q", p.host[1:]), write: with("*." + p.host[1:])}
	// Behind a name it admits registrable domains, between two labels it is of no use.
	case !found:
		return &flaw{reason: "a wildcard anywhere but in front of a domain admits the domains of strangers", advice: `write "https://*.example.com", or list each origin`}
	// The host of an extension is an id.
	case p.scheme != "http" && p.scheme != "https":
		return &flaw{reason: "only http and https have subdomains", advice: "list each origin"}
	case base == "":
		return &flaw{reason: "there is no domain behind the wildcard", advice: `write "https://*.example.com"`}
	}
	p.host, p.wild = base, true
	return nil
}

// loopback says whether the host never leaves the machine; browsers treat it as trustworthy even over http.
func (p pattern) loopback() bool {
	if p.host == "localhost" || strings.HasSuffix(p.host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(p.host, "[]"))
	return err == nil && ip.IsLoopback()
}
