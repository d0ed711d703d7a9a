package verify

import "slices"

// Where says what a check can judge.
type Where int

// What a check can judge.
const (
	InProcess Where = 1 << iota // an App, with Run or Audit
	Deployed                    // a URL
	Anywhere  = InProcess | Deployed
)

func (w Where) String() string {
	switch w {
	case InProcess:
		return "handler"
	case Deployed:
		return "URL"
	}
	return "handler, URL"
}

// Check is one thing that is looked at. Run reports through its Probe; a Run that reports nothing passes, if it has
// made a request that was answered.
type Check struct {
	ID    string // stable, lower-case with hyphens; yours begin with the name of your project
	Title string // what must hold, one clause
	Why   string // what happens where it does not
	Hint  string // how to mend it
	Ref   string // a URL to read more
	Where Where  // 0: Anywhere
	// Waits is set where the check waits for the clock: Run gives it virtual time (testing/synctest).
	Waits bool
	// Bursts is set where the check sends more than the service lets through: it comes last, because it disturbs others.
	Bursts bool
	Run    func(*Probe)
}

func (c Check) where() Where {
	if c.Where == 0 {
		return Anywhere
	}
	return c.Where
}

// All is every check of this package, in the order of a report. The slice is yours.
func All() []Check {
	return slices.Concat(controlChecks(), headerChecks(), httpsChecks(), corsChecks(), authChecks(), errorChecks(), appChecks(),
		healthChecks(), metricsChecks(), logChecks(), deployChecks(), rateChecks())
}

// selected is the checks of a run: all, or those of Only, and those that burst after all the others.
func (c Config) selected() []Check {
	all := append(All(), c.Checks...)
	if len(c.Only) > 0 {
		all = slices.DeleteFunc(all, func(ch Check) bool { return !slices.Contains(c.Only, ch.ID) })
	}
	slices.SortStableFunc(all, func(a, b Check) int {
		switch {
		case a.Bursts == b.Bursts:
			return 0
		case b.Bursts:
			return -1
		}
		return 1
	})
	return all
}
