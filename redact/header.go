package redact

import (
	"net/http"
	"strings"
)

// Header is a redacted copy of h. Authorization, cookies, API keys and whatever else has a sensitive name lose their
// values; of cookies the names stay. URLs in Referer, Location, Link and the like are redacted as URLs are.
func (r *Redactor) Header(h http.Header) http.Header {
	if h == nil {
		return nil
	}
	r = r.self()
	out := make(http.Header, len(h))
	for name, values := range h {
		clean := make([]string, len(values))
		for i, v := range values {
			clean[i] = r.field(name, v)
		}
		out[r.Text(name)] = clean
	}
	return out
}

// field redacts one header field.
func (r *Redactor) field(name, value string) string {
	switch c := r.classify(name); {
	case c >= plural && hasFoldSuffix(name, "cookie") && strings.IndexByte(value, '=') > 0:
		return r.cookies(value, hasFoldSuffix(name, "set-cookie"))
	case c != none && secretText(c, value, false), signatureField(name) && looksSecret(value, 16):
		return string(r.appendPlainMark(nil, value))
	}
	return r.Text(value)
}

// signatureField says whether name, of a header or of an attribute that has one, is that of a signature of the request.
func signatureField(name string) bool {
	return hasFoldSuffix(name, "-signature") || hasFoldSuffix(name, "-signature-256") || hasFoldSuffix(name, "-hmac-sha256")
}

// cookies keeps the names of Cookie, and the first name and the attributes of Set-Cookie. A name without a value, or one
// that looks like a value, goes.
func (r *Redactor) cookies(value string, set bool) string {
	var b []byte
	for i := 0; len(value) > 0; i++ {
		part, rest, more := strings.Cut(value, ";")
		value = rest
		name, v, ok := strings.Cut(part, "=")
		trimmed := strings.TrimSpace(name)
		switch {
		case set && i > 0 && cookieAttribute(trimmed):
			b = append(b, part...)
		case ok && strings.TrimSpace(v) == "":
			b = append(b, r.Text(part)...)
		case !ok || len(trimmed) > 64 || strings.Trim(v, "= ") == "" || len(trimmed) >= 24 && looksSecret(trimmed, 24):
			if i > 0 && strings.HasPrefix(part, " ") {
				b = append(b, ' ')
			}
			b = r.appendPlainMark(b, part)
		default:
			b = append(r.AppendText(b, name), '=')
			b = r.appendPlainMark(b, v)
		}
		if more {
			b = append(b, ';')
		}
	}
	return string(b)
}

func cookieAttribute(name string) bool {
	switch strings.ToLower(name) {
	case "path", "domain", "expires", "max-age", "secure", "httponly", "samesite", "partitioned", "priority":
		return true
	}
	return false
}
