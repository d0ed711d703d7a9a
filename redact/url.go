package redact

import "strings"

// maxUserinfo bounds how far the password of a URL is looked for behind a slash that ought to have been escaped.
const maxUserinfo = 256

// authority looks at the :// at p: user and password in front of the host, RFC 3986 section 3.2.1. The last @ counts,
// because passwords contain them unescaped.
func (s *scan) authority(src string, p int) int {
	from := p + 3
	at, colon, end := -1, -1, from
loop:
	for ; end < len(src); end++ {
		switch c := src[end]; {
		case class[c]&wordByte != 0:
		case c == '@':
			at = end
		case c == ':':
			if colon < 0 {
				colon = end
			}
		case c == '/', c == '?', c == '#', c == '"', c == '`', c == '<', c == '>', c == '\\', class[c]&blank != 0:
			break loop
		case c == '\'' && at < 0 && colon < 0:
			break loop
		}
	}
	s.work += end - from
	if at < 0 && colon > 0 && end < len(src) && strings.IndexByte("/?#\\", src[end]) >= 0 && !ports(src[colon+1:end]) {
		// Not a port: a password with a slash in it, if an @ comes yet.
		for i := end; i < len(src) && i < end+maxUserinfo && class[src[i]]&blank == 0 && src[i] != '"' && src[i] != '\''; i++ {
			s.work++
			if src[i] == '@' {
				at = i
				break
			}
		}
	}
	if s.guard && databaseScheme(src, p) {
		return s.wholeURL(src, p, end)
	}
	switch {
	case at < 0 && end == len(src) && colon > 0 && looksSecret(src[colon+1:], 6) && !portFirst(src[colon+1:]):
		s.add(colon+1, end, inURL) // cut before the @
		return end
	case at < 0:
		return from
	case colon > 0 && colon < at:
		if v := src[colon+1 : at]; placeholder(v) && !strings.HasSuffix(v, "(") { // no call is in a URL
			return at + 1
		}
		s.add(from, colon, inURL)
		s.add(colon+1, at, inURL)
		return at + 1
	case at-from >= 16 && looksSecret(src[from:at], 16):
		s.add(from, at, inURL)
		return at + 1
	}
	return from
}

// ports says whether v, behind a host's colon, is a port, or a port and further hosts.
func ports(v string) bool {
	if i := strings.IndexByte(v, ','); i >= 0 {
		v = v[:i]
	}
	return len(v) <= 5 && digits(v) || strings.HasPrefix(v, "{") || strings.HasPrefix(v, "$") || strings.HasPrefix(v, "%")
}

// portFirst says whether v begins with a port and goes on with something else: ;databaseName=… of a JDBC URL.
func portFirst(v string) bool {
	i := 0
	for i < len(v) && class[v[i]]&digit != 0 {
		i++
	}
	return i > 0 && i <= 5 && (i == len(v) || class[v[i]]&wordByte == 0)
}

// databaseScheme says whether the URL whose :// is at p is a connection string.
func databaseScheme(src string, p int) bool {
	i := p
	for i > 0 && p-i < 24 && (class[src[i-1]]&alnum != 0 || src[i-1] == '+' || src[i-1] == '-') {
		i--
	}
	scheme := strings.ToLower(src[i:p])
	if base, _, ok := strings.Cut(scheme, "+"); ok {
		scheme = base
	}
	switch scheme {
	case "postgres", "postgresql", "mysql", "mysqlx", "mariadb", "mongodb", "redis", "rediss", "valkey", "valkeys", "amqp", "amqps", "sqlserver",
		"mssql", "oracle", "clickhouse", "cockroachdb", "cockroach", "snowflake", "nats", "kafka", "cassandra", "neo4j", "bolt", "couchbase",
		"memcached", "ldap", "ldaps", "smtp", "smtps", "libsql", "db2", "vertica", "redshift", "influxdb", "etcd", "pgx", "sftp", "ftp":
		return true
	}
	return false
}

// wholeURL redacts a connection string from its scheme to its end.
func (s *scan) wholeURL(src string, p, end int) int {
	for p > 0 && (class[src[p-1]]&alnum != 0 || src[p-1] == '+' || src[p-1] == ':') {
		p--
	}
	for end < len(src) && class[src[end]]&blank == 0 && strings.IndexByte("\"'`<>\\", src[end]) < 0 {
		end++
	}
	s.work += end - p
	s.add(p, end, plain)
	return end
}

// at looks at an @ outside of a URL: user:password@tcp(host), as Go's MySQL driver has it, user:password@host/ and, where
// they are wanted, mail addresses.
func (s *scan) at(src string, i int) int {
	if i+1 < len(src) && src[i+1] == '@' {
		return i + 1 // of several the last counts
	}
	host := nameSet.run(src, i+1, 255)
	s.work += host - i
	dsn := host < len(src) && src[host] == '(' && host > i+1
	bare := host > i+1 && host+1 < len(src) && (src[host] == '/' || src[host] == ':' && class[src[host+1]]&digit != 0)
	if !dsn && !bare && !s.r.cfg.Emails && (i+1 == len(src) || src[i+1] != '/') && host < len(src) && src[host] != ':' {
		return i + 1
	}
	low := max(0, i-maxName)
	s.work += i - low
	if jdbc := strings.LastIndex(src[low:i], "jdbc:oracle:"); jdbc >= 0 { // jdbc:oracle:thin:user/password@host
		if slash := strings.IndexByte(src[low+jdbc:i], '/'); slash > 0 {
			s.add(low+jdbc+slash+1, i, plain)
			return i + 1
		}
	}
	from, colon := i, -1
	for from > low && class[src[from-1]]&blank == 0 && strings.IndexByte("\"'`/<>(),;=?&", src[from-1]) < 0 {
		from--
		if src[from] == ':' {
			colon = from
		}
	}
	if colon > from && colon+1 < i {
		v := src[colon+1 : i]
		bare = bare && looksSecret(v, 6)
		if (dsn || bare) && s.guard {
			return s.wholeURL(src, from, host)
		}
		if (dsn || bare) && !placeholder(v) {
			s.add(colon+1, i, plain)
			return host
		}
	}
	if s.r.cfg.Emails && from < i && i+1 < len(src) {
		for host > i+1 && src[host-1] == '.' {
			host--
		}
		if colon >= 0 {
			from = colon + 1
		}
		if dot := strings.LastIndexByte(src[i+1:host], '.'); dot > 0 && host-(i+1+dot) > 2 && from < i {
			s.add(from, host, plain)
			return host
		}
	}
	return i + 1
}

// query searches an encoded query or form. Names and values are judged decoded; what is noted is their place in src.
func (s *scan) query(src string) {
	s.work += len(src)
	first := len(s.spans)
	for i := 0; i < len(src); {
		end := i
		for end < len(src) && src[end] != '&' {
			end++
		}
		s.parameter(src, i, end)
		i = end + 1
	}
	s.settle(first)
}

func (s *scan) parameter(src string, i, end int) {
	if strings.HasPrefix(src[i:end], "amp;") { // &amp; in text that was HTML
		i += len("amp;")
	}
	eq := strings.IndexByte(src[i:end], '=')
	if eq < 0 {
		s.sub(src, i, end)
		return
	}
	name, value := src[i:i+eq], i+eq+1
	var buf [maxName]byte
	var c nameClass
	if len(name) <= maxName && strings.IndexByte(name, '%') >= 0 {
		plainName := string(appendPercentDecoded(buf[:0], name))
		c = s.r.classify(plainName)
	} else {
		c = s.r.classify(name)
	}
	if c != none {
		if v := src[value:end]; secretText(c, v, true) {
			s.add(value, end, inURL)
			return
		}
	}
	if len(name) >= 16 {
		s.sub(src, i, i+eq)
	}
	s.sub(src, value, end)
}

// sub searches src[i:end] as a text of its own that stands in a URL.
func (s *scan) sub(src string, i, end int) {
	first := len(s.spans)
	s.any(src[i:end])
	if strings.IndexByte(src[i:end], '+') >= 0 && strings.IndexByte(src[i:end], '%') < 0 && s.depth < maxLayers-1 {
		s.decoded(src[i:end], percentLayer) // with blanks for the plus signs
	}
	s.shift(first, i)
	for k := first; k < len(s.spans); k++ {
		if s.spans[k].form == plain {
			s.spans[k].form = inURL
		}
	}
}

// Query redacts an encoded query, without its ?, or the body of a form. Names, order and escapes of the rest are kept. The
// mark in it is REDACTED.
func (r *Redactor) Query(s string) string {
	r = r.self()
	sc := r.scan()
	defer r.done(sc)
	sc.query(s)
	if len(sc.spans) == 0 {
		return s
	}
	return string(sc.apply(nil, s))
}

// URL redacts userinfo, query, fragment and tokens in the path of a URL or a request target. It need not be valid. The mark
// in it is REDACTED.
func (r *Redactor) URL(s string) string {
	r = r.self()
	sc := r.scan()
	defer r.done(sc)
	sc.url(s)
	if len(sc.spans) == 0 {
		return s
	}
	return string(sc.apply(nil, s))
}

func (s *scan) url(src string) {
	s.text(src)
	for k := range s.spans {
		s.spans[k].form = inURL
	}
	rest, base := src, 0
	for _, mark := range []byte{'?', '#'} {
		i := strings.IndexByte(rest, mark)
		if i < 0 {
			continue
		}
		base += i + 1
		rest = rest[i+1:]
		part := rest
		if mark == '?' {
			if h := strings.IndexByte(rest, '#'); h >= 0 {
				part = rest[:h]
			}
		}
		first := len(s.spans)
		s.query(part)
		s.shift(first, base)
	}
	s.settle(0)
}
