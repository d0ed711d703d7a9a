package logging_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/logging"
)

func TestNewRefuses(t *testing.T) {
	for _, tc := range []struct {
		desc  string
		cfg   logging.Config
		field string
		in    string // of the message
	}{
		{"negative threshold", logging.Config{SlowThreshold: -1}, "SlowThreshold", "-1ns"},
		{"negative rate", logging.Config{SampleEvery: -3}, "SampleEvery", "-3"},
		{"every request header", logging.Config{RequestHeaders: []string{"Accept", "*"}}, "RequestHeaders[1]", "list the names"},
		{"no name", logging.Config{RequestHeaders: []string{""}}, "RequestHeaders[0]", "not the name"},
		{"a line of a header", logging.Config{ResponseHeaders: []string{"Vary: Origin"}}, "ResponseHeaders[0]", `"Vary: Origin"`},
		{"no bound", logging.Config{Body: &logging.BodyCapture{Request: true}}, "Body.MaxBytes", "bound"},
		{"a negative bound", logging.Config{Body: &logging.BodyCapture{Request: true, MaxBytes: -1}}, "Body.MaxBytes", "-1"},
		{"too large a bound", logging.Config{Body: &logging.BodyCapture{Request: true, MaxBytes: 1<<20 + 1}}, "Body.MaxBytes", "at most 1048576"},
		{"neither body", logging.Config{Body: &logging.BodyCapture{MaxBytes: 1}}, "Body", "neither"},
		{"no status", logging.Config{Body: &logging.BodyCapture{MaxBytes: 1, Request: true, MinStatus: 42}}, "Body.MinStatus", "42"},
		{"a status too high", logging.Config{Body: &logging.BodyCapture{MaxBytes: 1, Request: true, MinStatus: 600}}, "Body.MinStatus", "600"},
		{"a logger without a handler", logging.Config{Logger: new(slog.Logger)}, "Logger", "no handler"},
	} {
		m, err := logging.New(tc.cfg)
		problem, ok := errors.AsType[*logging.ConfigError](err)
		if m != nil || !ok {
			t.Errorf("%s: New = %v, %v", tc.desc, m, err)
			continue
		}
		if problem.Package != "logging" || problem.Field != tc.field || !strings.Contains(err.Error(), tc.in) {
			t.Errorf("%s: %v, want %q about %s", tc.desc, err, tc.in, tc.field)
		}
		if problem.Fix == "" {
			t.Errorf("%s: no fix: %v", tc.desc, err)
		}
	}
}

func TestNewReportsAllAtOnce(t *testing.T) {
	_, err := logging.New(logging.Config{
		Logger: new(slog.Logger), SlowThreshold: -1, SampleEvery: -1, RequestHeaders: []string{""}, ResponseHeaders: []string{"a b"},
		Body: &logging.BodyCapture{MinStatus: 1},
	})
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != 8 {
		t.Errorf("want 8 problems, got %v", err)
	}
}

func TestNewAccepts(t *testing.T) {
	for _, cfg := range []logging.Config{
		{},
		{SampleEvery: 1, RequestHeaders: []string{"accept", "X-Api-Key"}},
		{Body: &logging.BodyCapture{MaxBytes: 1 << 20, Response: true, MinStatus: 500}},
	} {
		if _, err := logging.New(cfg); err != nil {
			t.Error(err)
		}
	}
}
