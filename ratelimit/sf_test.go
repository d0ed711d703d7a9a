package ratelimit_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// item is a member of an sf-List whose value is a String, the shape that both quota fields have.
type item struct {
	name   string
	params map[string]any // int64, string or []byte
}

var errSF = errors.New("not a structured field")

// parseList parses a List of Strings with parameters by RFC 9651 section 4.2. What the quota fields have no use for,
// inner lists, Tokens, Decimals, Dates and Display Strings, is refused: none of it may stand in them.
func parseList(s string) ([]item, error) {
	s = strings.Trim(s, " ")
	if s == "" {
		return nil, errSF // the draft: non-empty
	}
	var list []item
	for {
		var it item
		var err error
		if it.name, s, err = parseString(s); err != nil {
			return nil, err
		}
		if it.params, s, err = parseParams(s); err != nil {
			return nil, err
		}
		list = append(list, it)
		s = strings.TrimLeft(s, " \t")
		if s == "" {
			return list, nil
		}
		if s[0] != ',' {
			return nil, errSF
		}
		if s = strings.TrimLeft(s[1:], " \t"); s == "" {
			return nil, errSF // a trailing comma
		}
	}
}

func parseString(s string) (string, string, error) {
	if s == "" || s[0] != '"' {
		return "", "", errSF
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], nil
		case c == '\\':
			if i++; i >= len(s) || s[i] != '"' && s[i] != '\\' {
				return "", "", errSF
			}
			b.WriteByte(s[i])
		case c < ' ' || c > '~':
			return "", "", errSF
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errSF
}

func parseParams(s string) (map[string]any, string, error) {
	params := map[string]any{}
	for strings.HasPrefix(s, ";") {
		s = strings.TrimLeft(s[1:], " ")
		end := 0
		for end < len(s) && (s[end] >= 'a' && s[end] <= 'z' || s[end] == '*' ||
			end > 0 && (s[end] >= '0' && s[end] <= '9' || strings.IndexByte("_-.*", s[end]) >= 0)) {
			end++
		}
		key := s[:end]
		if key == "" || end == len(s) || s[end] != '=' {
			return nil, "", errSF // a parameter without value is true, which no parameter here may be
		}
		s = s[end+1:]
		var err error
		switch {
		case s == "":
			return nil, "", errSF
		case s[0] == '"':
			params[key], s, err = parseString(s)
		case s[0] == ':':
			var raw string
			var ok bool
			if raw, s, ok = strings.Cut(s[1:], ":"); !ok {
				return nil, "", errSF
			}
			params[key], err = base64.StdEncoding.DecodeString(raw)
		default:
			params[key], s, err = parseInteger(s)
		}
		if err != nil {
			return nil, "", err
		}
	}
	return params, s, nil
}

func parseInteger(s string) (int64, string, error) {
	end := 0
	if s[0] == '-' {
		end++
	}
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	if digits := strings.TrimPrefix(s[:end], "-"); digits == "" || len(digits) > 15 || end < len(s) && s[end] == '.' {
		return 0, "", errSF
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	return n, s[end:], err
}

// checkField says what draft 11 would refuse in one of its fields.
func checkField(field, value string) ([]item, error) {
	list, err := parseList(value)
	if err != nil {
		return nil, err
	}
	need, window, least := "r", "t", int64(0)
	if field == "RateLimit-Policy" {
		need, window, least = "q", "w", 1
	}
	for _, it := range list {
		if n, ok := it.params[need].(int64); !ok || n < 0 {
			return nil, fmt.Errorf("%s is missing or no non-negative Integer", need)
		}
		if v, ok := it.params[window]; ok {
			if n, ok := v.(int64); !ok || n < least {
				return nil, fmt.Errorf("%s is no Integer from %d on", window, least)
			}
		}
		if v, ok := it.params["pk"]; ok {
			if _, ok := v.([]byte); !ok {
				return nil, errors.New("pk is no Byte Sequence")
			}
		}
		if v, ok := it.params["qu"]; ok {
			if _, ok := v.(string); !ok {
				return nil, errors.New("qu is no String")
			}
		}
	}
	return list, nil
}
