package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

var placeholder = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand puts environment variables where ${NAME} stands in a config, so that credentials need not stand in the file. The
// value is escaped for the JSON string that it stands in; one that is not set is an error.
func expand(data []byte) ([]byte, error) {
	var missing []string
	out := placeholder.ReplaceAllFunc(data, func(m []byte) []byte {
		name := string(m[2 : len(m)-1])
		value, ok := os.LookupEnv(name)
		if !ok && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
		quoted, _ := json.Marshal(value) // a string: it cannot fail
		return quoted[1 : len(quoted)-1]
	})
	if missing != nil {
		return nil, fmt.Errorf("not set in the environment: %s", strings.Join(missing, ", "))
	}
	return out, nil
}
