package verify

import (
	"strconv"
	"strings"
)

// series is one line of a scrape page: a name, its labels as they stand there, and the value.
type series struct {
	name, labels string
	value        float64
}

// parseExposition reads the Prometheus text format. Lines that it does not understand are counted.
func parseExposition(page string) (list []series, bad int) {
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		s, ok := parseSeries(line)
		if !ok {
			bad++
			continue
		}
		list = append(list, s)
	}
	return list, bad
}

func parseSeries(line string) (s series, ok bool) {
	end := strings.IndexAny(line, "{ \t")
	if end <= 0 {
		return s, false
	}
	s.name = line[:end]
	rest := line[end:]
	if rest[0] == '{' {
		close := closingBrace(rest)
		if close < 0 {
			return s, false
		}
		s.labels, rest = rest[1:close], rest[close+1:]
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return s, false
	}
	v, err := strconv.ParseFloat(fields[0], 64)
	s.value = v
	return s, err == nil
}

// closingBrace finds the end of the labels; braces within quotes do not count.
func closingBrace(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == '}' && !quoted:
			return i
		}
	}
	return -1
}
