package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // also: the service does not answer
)

const usage = `gambeson checks whether a deployed service is hardened.

  gambeson verify [flags] URL       judge a service; -h lists the flags
  gambeson verify -init URL         write a first config from what can be seen
  gambeson checks [-format f]       list all checks: text, json or markdown
  gambeson explain ID               say what a check is about
  gambeson version

Exit code 0: nothing failed. 1: a check failed. 2: bad usage, or no answer.
`

// terminal is what a command writes to, and what it knows of it.
type terminal struct {
	out, err       io.Writer
	colorOut       bool
	interactiveErr bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], terminal{
		out: os.Stdout, err: os.Stderr,
		colorOut:       isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		interactiveErr: isTerminal(os.Stderr) && os.Getenv("TERM") != "dumb",
	})
	stop()
	os.Exit(code)
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func run(ctx context.Context, args []string, t terminal) int {
	if len(args) == 0 {
		fmt.Fprint(t.err, usage)
		return exitUsage
	}
	switch name, rest := args[0], args[1:]; name {
	case "verify":
		return runVerify(ctx, rest, t)
	case "checks":
		return runChecks(rest, t)
	case "explain":
		return runExplain(rest, t)
	case "version", "-version", "--version":
		fmt.Fprintln(t.out, "gambeson", version())
		return exitOK
	case "help", "-h", "-help", "--help":
		fmt.Fprint(t.out, usage)
		return exitOK
	default:
		fmt.Fprintf(t.err, "gambeson: there is no command %q\n\n%s", name, usage)
		return exitUsage
	}
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
