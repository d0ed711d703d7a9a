package main

import (
	"unicode/utf8"

	"github.com/gambeson-go/gambeson/redact"
)

// maxShown bounds what an error about the configuration repeats: a certificate pasted into the wrong variable must not
// fill the terminal.
const maxShown = 160

// shown makes a value of the environment fit to be read by whoever reads the start-up log: no password of a connection
// string, no key, and not without end. It redacts before it cuts, or the half of a secret would be none.
func shown(s string) string {
	s = redact.Default().Text(s)
	if len(s) <= maxShown {
		return s
	}
	cut := maxShown
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
