package main

import (
	"fmt"
	"io"

	"github.com/gambeson-go/gambeson/verify"
)

// progress tells on standard error how far an audit is: on a terminal one line that changes, elsewhere a plain line for
// each check, and none where the report itself is text.
type progress struct {
	w           io.Writer
	interactive bool
	done, all   int
}

func (t terminal) progress(f verifyFlags, cfg verify.Config) *progress {
	p := &progress{w: t.err, interactive: t.interactiveErr, all: len(cfg.Only)}
	if p.all == 0 {
		p.all = len(verify.All())
	}
	if f.quiet || !p.interactive && f.format == "text" && f.out == "" {
		p.w = io.Discard
	}
	return p
}

func (p *progress) result(r verify.Result) {
	p.done++
	if p.interactive {
		fmt.Fprintf(p.w, "\r\x1b[K%d/%d %s", p.done, p.all, r.ID)
		return
	}
	fmt.Fprintf(p.w, "%d/%d %s %s\n", p.done, p.all, r.Status, r.ID)
}

// end clears the line for the report.
func (p *progress) end() {
	if p.interactive && p.done > 0 {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
