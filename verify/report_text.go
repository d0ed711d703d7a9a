package verify

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// TextOptions is how WriteText writes.
type TextOptions struct {
	Color bool // ANSI colours
	Brief bool // no lines for what passed
}

// WriteText writes a table for people: a line for each check, and below it what was seen and how to mend it.
func (r *Report) WriteText(w io.Writer, o TextOptions) error {
	var b strings.Builder
	if r.Err != nil {
		fmt.Fprintf(&b, "%s\n", r.Err)
	}
	for _, res := range r.Results {
		if !o.Brief || res.Status != Pass {
			b.WriteString(res.text(o))
		}
	}
	fmt.Fprintf(&b, "\n%s: %s in %v", r.Target, r.summary(), r.Duration.Round(time.Millisecond))
	if r.Requests > 0 {
		fmt.Fprintf(&b, ", %d requests", r.Requests)
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) summary() string {
	var parts []string
	for _, s := range []Status{Fail, Warn, Pass, Skip, Inconclusive} {
		if n := r.Count(s); n > 0 || s == Fail {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

var statusMarks = map[Status]struct{ mark, color string }{
	Pass: {"pass", "\x1b[32m"}, Fail: {"FAIL", "\x1b[1;31m"}, Warn: {"warn", "\x1b[33m"},
	Skip: {"skip", "\x1b[2m"}, Inconclusive: {"??", "\x1b[35m"},
}

// Text is the result as WriteText writes it, with the newline.
func (r Result) text(o TextOptions) string {
	mark := statusMarks[r.Status]
	shown := fmt.Sprintf("%-4s", mark.mark)
	if o.Color {
		shown = mark.color + shown + "\x1b[0m"
	}
	var b strings.Builder
	if r.Status == Skip && len(r.Findings) == 0 {
		fmt.Fprintf(&b, "%s  %-20s %s\n", shown, r.ID, plain(r.Reason))
		return b.String()
	}
	fmt.Fprintf(&b, "%s  %-20s %s\n", shown, r.ID, plain(r.Title))
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "      - %s\n", plain(f))
	}
	if r.Reason != "" {
		fmt.Fprintf(&b, "      (%s)\n", plain(r.Reason))
	}
	if r.Status == Fail && r.Hint != "" {
		fmt.Fprintf(&b, "      fix: %s\n", plain(r.Hint))
	}
	return b.String()
}

// Line is the result as the text report has it: the status, the ID and the title, and below what was seen. Color is ANSI.
func (r Result) Line(color bool) string { return r.text(TextOptions{Color: color}) }

// plain makes control characters visible: findings quote what servers send, and a terminal must not obey it.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}, s)
}

// WriteJSON writes the report as one JSON object. Durations are in nanoseconds.
func (r *Report) WriteJSON(w io.Writer) error {
	type bare Report
	out := struct {
		*bare
		Failed  bool           `json:"failed"`
		Error   string         `json:"error,omitempty"`
		Summary map[Status]int `json:"summary"`
	}{bare: (*bare)(r), Failed: r.Failed(), Summary: map[Status]int{}}
	if r.Err != nil {
		out.Error = r.Err.Error()
	}
	for _, res := range r.Results {
		out.Summary[res.Status]++
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
