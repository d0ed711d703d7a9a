package redact

import (
	"fmt"
	"log/slog"
)

// Secret is a text that stays out of what is printed: the verbs of fmt, values in JSON, XML, YAML and gob, log/slog and
// panics show [REDACTED] in its place. string(s) is the secret itself.
//
// Because it is a kind of string, a few places cannot be closed. They take the text without asking the type:
//
//   - %w and %p, which are wrong for it; go vet says so.
//   - fmt, of a Secret in an unexported field: methods are not called there.
//   - encoding/json, of a Secret that is the key of a map.
//   - encoding/xml, of a field tagged ",comment".
//
// Keep it in an exported field and not in a key. [Redactor.Handler] and [Redactor.Attr] mask it in keys, too, and print
// no unexported fields.
type Secret string

// Format writes the mark, whatever the verb, but for %w and %p, for which fmt does not call it.
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
