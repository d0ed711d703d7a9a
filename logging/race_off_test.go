//go:build !race

package logging_test

const raceOn = false
