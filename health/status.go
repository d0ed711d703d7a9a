package health

import "time"

// CheckStatus is how one check is, for metrics and the like.
type CheckStatus struct {
	Name     string
	Status   Status // "" while it never ran
	Optional bool
	Live     bool
	Err      error         // of the last run; also while FailureThreshold still holds Status at a pass
	Failures int           // runs that failed in a row
	Time     time.Time     // when the last run ended; zero while it never ran
	LastPass time.Time     // when a run last passed; zero if none has
	Duration time.Duration // of the last run
}

// Checks is the status of every check, in the order of Config. It asks as a probe of /health does: a result that is too
// old is renewed first, within 800 ms, and before the start and while draining nothing runs.
func (m *Middleware) Checks() []CheckStatus {
	if !m.made() {
		return nil
	}
	v := m.look(&m.health)
	all := make([]CheckStatus, 0, len(v.entries))
	for _, n := range v.entries {
		all = append(all, CheckStatus{
			Name: n.Name, Status: n.status, Optional: n.Optional, Live: n.Live,
			Err: n.err, Failures: n.failures, Time: n.ended, LastPass: n.passed, Duration: n.took,
		})
	}
	return all
}

// Ready says what /readyz would answer now, and asks the checks as it does.
func (m *Middleware) Ready() bool {
	return m.made() && m.look(&m.ready).status != Fail
}
