package health

import "strings"

// plainJSON says whether an Accept header takes application/json but not application/health+json, by its own name or by
// a wildcard (RFC 9110 section 12.5.1). Then, and only then, is the answer application/json.
func plainJSON(accept []string) bool {
	plain := false
	for _, line := range accept {
		for len(line) > 0 {
			var item string
			item, line, _ = strings.Cut(line, ",")
			mediaType, params, _ := strings.Cut(item, ";")
			mediaType = strings.TrimSpace(mediaType)
			switch {
			case strings.EqualFold(mediaType, "application/json"):
				plain = plain || !refused(params)
			case mediaType == "*/*", strings.EqualFold(mediaType, "application/*"), strings.EqualFold(mediaType, "application/health+json"):
				if !refused(params) {
					return false
				}
			}
		}
	}
	return plain
}

// refused finds the weight 0 among the parameters: "q=0", "q=0.0" up to "q=0.000".
func refused(params string) bool {
	for len(params) > 0 {
		var param string
		param, params, _ = strings.Cut(params, ";")
		name, weight, _ := strings.Cut(strings.TrimSpace(param), "=")
		if strings.EqualFold(name, "q") {
			weight, found := strings.CutPrefix(weight, "0")
			return found && strings.Trim(weight, ".0") == ""
		}
	}
	return false
}
