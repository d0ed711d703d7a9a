//go:build race

package logging_test

// raceOn says that allocations are counted wrongly: the race detector drops pooled objects on purpose.
const raceOn = true
