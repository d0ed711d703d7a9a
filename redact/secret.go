package redact

import (
	"fmt"
	"log/slog"
)

// Secret is a text that stays out of everything that is printed: every verb of fmt, JSON, XML, YAML and gob, log/slog and
// panics show [REDACTED] in its place. string(s) is the secret itself.
//
// One place cannot be closed: fmt does not call methods on unexported fields, so %v of a struct prints a Secret in such a
// field. Keep it in an exported field, or print through a [Redactor].
type Secret string

// Format writes the mark, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { f.Write([]byte(defaultMark)) } //nolint:errcheck // fmt keeps the error

// String is the mark.
func (Secret) String() string { return defaultMark }

// GoString is the mark.
func (Secret) GoString() string { return defaultMark }

// LogValue is the mark.
func (Secret) LogValue() slog.Value { return slog.StringValue(defaultMark) }

// MarshalText is the mark; encoding/xml and YAML packages call it.
func (Secret) MarshalText() ([]byte, error) { return []byte(defaultMark), nil }

// MarshalJSON is the mark as a JSON string.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + defaultMark + `"`), nil }

// MarshalYAML is the mark.
func (Secret) MarshalYAML() (any, error) { return defaultMark, nil }

// GobEncode is the mark.
func (Secret) GobEncode() ([]byte, error) { return []byte(defaultMark), nil }

// GobDecode takes what a sender gave: the mark, if it was a Secret there.
func (s *Secret) GobDecode(p []byte) error {
	*s = Secret(p)
	return nil
}

// UnmarshalText takes the text as the secret, so that a configuration can be read into one.
func (s *Secret) UnmarshalText(p []byte) error {
	*s = Secret(p)
	return nil
}
