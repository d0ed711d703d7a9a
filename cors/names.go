package cors

import "strings"

// The lists of this file are those of the Fetch standard as of 2026-07. They are switches, not maps: a package-level map
// could be changed, and a switch on strings is as fast.

// isToken is RFC 9110 section 5.6.2: methods and field names. It is also what keeps CR, LF and commas out of everything
// that is given back to a client.
func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenByte(c byte) bool {
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return isDigit(c) || isLower(c|0x20)
}

// isSafelistedMethod is Fetch section 2.2.1: no preflight can refuse these.
func isSafelistedMethod(m string) bool { return m == "GET" || m == "HEAD" || m == "POST" }

// isForbiddenMethod is Fetch section 2.2.1: no script can send these, in whatever case. A preflight that asks for one is
// from no browser.
func isForbiddenMethod(m string) bool {
	return strings.EqualFold(m, "CONNECT") || strings.EqualFold(m, "TRACE") || strings.EqualFold(m, "TRACK")
}

// isNormalizedMethod is Fetch section 2.2.1: browsers send these in upper case, however the script wrote them. "patch"
// is not among them, and stays another method than PATCH.
func isNormalizedMethod(upper string) bool {
	switch upper {
	case "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT":
		return true
	}
	return false
}

// isForbiddenRequestHeader is Fetch section 2.2.2, for a name in lower case. Those that are forbidden by their value
// (X-HTTP-Method-Override) are not among them. To list one shows a misunderstanding: that cookies need listing, or that
// the check of a server's own headers (Host, Origin) depends on it.
func isForbiddenRequestHeader(name string) bool {
	switch name {
	case "accept-charset", "accept-encoding", "access-control-request-headers", "access-control-request-method",
		"access-control-request-private-network", "connection", "content-length", "cookie", "cookie2", "date", "dnt",
		"expect", "host", "keep-alive", "origin", "referer", "set-cookie", "te", "trailer", "transfer-encoding",
		"upgrade", "via":
		return true
	}
	return strings.HasPrefix(name, "proxy-") || strings.HasPrefix(name, "sec-")
}

// isRequestOnly is for names that stand in no response that a script could read; lower case. The safelisted response
// headers are not refused: to list them is redundant, not wrong.
func isRequestOnly(name string) bool {
	switch name {
	case "origin", "cookie", "cookie2", "host", "referer":
		return true
	}
	return strings.HasPrefix(name, "access-control-")
}
