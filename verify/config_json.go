package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// ReadConfig reads a Config from JSON and checks it. An unknown field is an error: a promise that is misspelt would
// never be checked.
func ReadConfig(r io.Reader) (Config, error) {
	var c Config
	data, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("verify: the config is not as expected: %w", err)
	}
	return c, c.Check()
}

// text is a duration in JSON: "5s".
type text time.Duration

func (d text) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *text) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = text(v)
	return err
}

// The fields of an outer struct win over the embedded ones of the same name: that is how durations become strings, while
// the Go fields stay time.Duration.
type (
	bareConfig Config
	jsonConfig struct {
		*bareConfig
		Timeout       text `json:"timeout,omitzero"`
		HeaderTimeout text `json:"header_timeout,omitzero"`
	}
	bareHealth Health
	jsonHealth struct {
		*bareHealth
		DownWithin text `json:"down_within,omitzero"`
	}
	bareLimits Limits
	jsonLimits struct {
		*bareLimits
		RequestTimeout text `json:"request_timeout,omitzero"`
		MaxWait        text `json:"max_wait,omitzero"`
	}
)

// strict decodes one value without unknown fields and nothing after it.
func strict(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows the value")
	}
	return nil
}

// UnmarshalJSON takes durations as strings and refuses unknown fields.
func (c *Config) UnmarshalJSON(b []byte) error {
	j := jsonConfig{bareConfig: (*bareConfig)(c)}
	err := strict(b, &j)
	c.Timeout, c.HeaderTimeout = time.Duration(j.Timeout), time.Duration(j.HeaderTimeout)
	return err
}

// MarshalJSON writes durations as strings.
func (c Config) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonConfig{(*bareConfig)(&c), text(c.Timeout), text(c.HeaderTimeout)})
}

// UnmarshalJSON takes durations as strings and refuses unknown fields.
func (h *Health) UnmarshalJSON(b []byte) error {
	j := jsonHealth{bareHealth: (*bareHealth)(h)}
	err := strict(b, &j)
	h.DownWithin = time.Duration(j.DownWithin)
	return err
}

// MarshalJSON writes durations as strings.
func (h Health) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonHealth{(*bareHealth)(&h), text(h.DownWithin)})
}

// UnmarshalJSON takes durations as strings and refuses unknown fields.
func (l *Limits) UnmarshalJSON(b []byte) error {
	j := jsonLimits{bareLimits: (*bareLimits)(l)}
	err := strict(b, &j)
	l.RequestTimeout, l.MaxWait = time.Duration(j.RequestTimeout), time.Duration(j.MaxWait)
	return err
}

// MarshalJSON writes durations as strings.
func (l Limits) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonLimits{(*bareLimits)(&l), text(l.RequestTimeout), text(l.MaxWait)})
}

// jsonText is s as it stands between the quotes of a JSON string.
func jsonText(s string) string {
	b, _ := json.Marshal(s) // a string: it cannot fail
	return string(b[1 : len(b)-1])
}
