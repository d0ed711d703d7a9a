package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/gambeson-go/gambeson/verify"
)

// described is a check as the command lists it.
type described struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	Why       string `json:"why"`
	Hint      string `json:"hint"`
	Reference string `json:"reference"`
	Judges    string `json:"judges"`
	Bursts    bool   `json:"bursts,omitempty"`
}

func describe(c verify.Check) described {
	where := c.Where
	if where == 0 {
		where = verify.Anywhere
	}
	return described{c.ID, c.Title, c.Why, c.Hint, c.Ref, where.String(), c.Bursts}
}

func runChecks(args []string, t terminal) int {
	fs := flag.NewFlagSet("gambeson checks", flag.ContinueOnError)
	fs.SetOutput(t.err)
	format := fs.String("format", "text", "text, json or markdown")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitUsage
	}
	if fs.NArg() > 0 {
		return t.usage("checks takes no arguments; explain tells about one")
	}
	var list []described
	for _, c := range verify.All() {
		list = append(list, describe(c))
	}
	switch *format {
	case "json":
		enc := json.NewEncoder(t.out)
		enc.SetIndent("", "  ")
		enc.Encode(list) //nolint:errcheck // strings; there is nobody to tell
	case "markdown":
		fmt.Fprint(t.out, "| ID | judges | what must hold |\n|---|---|---|\n")
		for _, d := range list {
			fmt.Fprintf(t.out, "| %s | %s | %s |\n", d.ID, d.Judges, d.Title)
		}
	case "text":
		for _, d := range list {
			fmt.Fprintf(t.out, "%-20s %-13s %s\n", d.ID, d.Judges, d.Title)
		}
	default:
		return t.usage("-format is text, json or markdown")
	}
	return exitOK
}

func runExplain(args []string, t terminal) int {
	if len(args) != 1 {
		return t.usage("explain takes the ID of a check, such as cors-hostile")
	}
	var near []string
	for _, c := range verify.All() {
		if c.ID == args[0] {
			explain(t.out, describe(c))
			return exitOK
		}
		if family, _, _ := strings.Cut(args[0], "-"); family != "" && strings.Contains(c.ID, family) {
			near = append(near, c.ID)
		}
	}
	problem := fmt.Sprintf("there is no check %q", args[0])
	if len(near) > 0 {
		problem += "; there is " + strings.Join(near, ", ")
	}
	return t.usage(problem)
}

func explain(w io.Writer, d described) {
	fmt.Fprintf(w, "%s: %s\n\nwhy:    %s\nfix:    %s\nread:   %s\njudges: %s\n", d.ID, d.Title, d.Why, d.Hint, d.Reference, d.Judges)
	if d.Bursts {
		fmt.Fprintln(w, "against a URL only with -burst")
	}
}
