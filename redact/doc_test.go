package redact_test

import (
	"testing"

	"github.com/gambeson-go/gambeson/redact"
)

// TestCutEnds holds the package documentation to what it says of texts that were cut.
func TestCutEnds(t *testing.T) {
	for in, want := range map[string]string{
		"x ghp_A1b2":              "x [REDACTED]", // 4 bytes behind the prefix
		"x ghp_A1b":               "x ghp_A1b",
		"x ghp_A1b2 y":            "x ghp_A1b2 y", // not at the end
		"x sk-A1b2c3d4e5f6":       "x [REDACTED]", // 12 behind a short one
		"x sk-A1b2c3d":            "x sk-A1b2c3d",
		`{"a":1,"password":"x`:    `{"a":1,"password":"[REDACTED]`,
		`a=1 password="x y z`:     `a=1 password="[REDACTED]`,
		`{"a":1,"password":"x"}`:  `{"a":1,"password":"[REDACTED]"}`,
		`{"a":1,"passwordless":"`: `{"a":1,"passwordless":"`,
	} {
		if got := redact.Default().Text(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
