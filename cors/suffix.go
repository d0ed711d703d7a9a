package cors

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// isPublicSuffix says whether a rule of https://publicsuffix.org covers exactly this name.
func isPublicSuffix(name string) bool {
	suffix, _ := publicsuffix.PublicSuffix(name)
	return suffix == name
}

// isWildcardRule says whether the list has a rule "*." + name: every name directly below is a suffix, or belongs to
// whoever asked for it first, and name itself is none. "*.compute-1.amazonaws.com" is one, where each name is somebody's
// machine. It asks for a name that no exception of the list has.
func isWildcardRule(name string) bool { return isPublicSuffix("0-0." + name) }

// strangersBelow says whether host, a name below base, is one that a stranger can have: it has more labels than a suffix
// that itself lies below base, or is such a suffix by a wildcard rule. A suffix by a rule of its own is the operator's:
// s3.amazonaws.com.
func strangersBelow(base, host string) bool {
	suffix, _ := publicsuffix.PublicSuffix(host)
	if len(suffix) <= len(base) {
		return false
	}
	_, parent, _ := strings.Cut(host, ".")
	return suffix != host || isWildcardRule(parent)
}
