package verify

import "testing"

// Collect is Run with the results given back instead of reported to t.
func Collect(t *testing.T, newApp func(*testing.T) App, cfg Config) (results []Result) {
	t.Helper()
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	run(t, newApp, cfg, func(_ *testing.T, r Result) { results = append(results, r) })
	return results
}
