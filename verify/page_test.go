package verify_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/verify"
)

var update = flag.Bool("update", false, "write CHECKS.md")

// CHECKS.md is made of the registry and of the mutants that TestMutants runs: what it says a check catches, it catches.
func TestChecksPage(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("# What verify checks\n\n")
	b.WriteString("Made by `go test ./verify -run TestChecksPage -update` from the checks and from the mutants of the tests: each line under\n" +
		"\"catches\" is a hardened app with that one thing broken, which fails the check by its ID, and no others but those in brackets.\n")
	for _, c := range verify.All() {
		where := c.Where
		if where == 0 {
			where = verify.Anywhere
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s. Judges: %s", c.ID, strings.ToUpper(c.Title[:1])+c.Title[1:], where)
		if c.Bursts {
			b.WriteString(" (only with a burst allowed)")
		}
		fmt.Fprintf(&b, ".\n\n- Why: %s\n- Fix: %s\n- Read: <%s>\n", c.Why, c.Hint, c.Ref)
		if caught := caughtBy(c.ID); len(caught) > 0 {
			fmt.Fprintf(&b, "- Catches:\n%s", strings.Join(caught, ""))
		} else {
			t.Errorf("%s: nothing shows that it can fail", c.ID)
		}
	}
	if *update {
		if err := os.WriteFile("CHECKS.md", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile("CHECKS.md"); err != nil || !bytes.Equal(have, b.Bytes()) {
		t.Errorf("CHECKS.md is not up to date (%v): go test ./verify -run TestChecksPage -update", err)
	}
}

// elsewhere is what other tests break: TestNothingPasses and TestDeployed.
var elsewhere = map[string][]string{
	"control":        {"a server that is down", "a server that answers every path with 200"},
	"tls-min":        {"a server that speaks TLS 1.0"},
	"tls-expiry":     {"a certificate that ends in ten days"},
	"http2":          {"HTTP/1.1 alone (a warning)"},
	"deploy-version": {"another version than was deployed"},
}

func caughtBy(id string) (lines []string) {
	for _, m := range mutants {
		if m.check != id {
			continue
		}
		also := ""
		if len(m.also) > 0 {
			also = " (" + strings.Join(m.also, ", ") + ")"
		}
		lines = append(lines, "  - "+m.name+also+"\n")
	}
	for _, name := range elsewhere[id] {
		lines = append(lines, "  - "+name+"\n")
	}
	return lines
}
