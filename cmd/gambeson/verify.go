package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/gambeson-go/gambeson/verify"
)

type verifyFlags struct {
	config, format, failOn, out, ca, only string
	burst                                 int
	init, quiet, strict                   bool
}

var formats = []string{"text", "json", "junit", "sarif", "html"}

func runVerify(ctx context.Context, args []string, t terminal) int {
	var f verifyFlags
	fs := flag.NewFlagSet("gambeson verify", flag.ContinueOnError)
	fs.SetOutput(t.err)
	fs.StringVar(&f.config, "config", "", "JSON `file` with the expectations")
	fs.IntVar(&f.burst, "burst", 0, "allow bursts of `n` requests in all, for the checks of limits; only against what is yours")
	fs.StringVar(&f.format, "format", "text", "text, json, junit, sarif or html")
	fs.StringVar(&f.failOn, "fail-on", "fail", "exit with 1 for: fail, or warn and fail")
	fs.StringVar(&f.out, "o", "", "write the report into a `file`")
	fs.StringVar(&f.ca, "ca", "", "PEM `file` of a private CA to trust, besides the system's")
	fs.StringVar(&f.only, "only", "", "run these checks alone, `IDs` with commas")
	fs.BoolVar(&f.init, "init", false, "write a first config from what can be seen, and judge nothing")
	fs.BoolVar(&f.strict, "strict", false, "a check whose control does not hold fails, instead of being inconclusive")
	fs.BoolVar(&f.quiet, "q", false, "write nothing where nothing failed, and no progress")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitUsage
	}
	// Flags may follow the URL, as people write them.
	url := fs.Arg(0)
	if fs.NArg() > 1 {
		if err := fs.Parse(fs.Args()[1:]); err != nil || fs.NArg() > 0 {
			return t.usage("verify takes one URL")
		}
	}
	cfg, err := f.load()
	switch {
	case url == "":
		return t.usage("verify needs the URL of a service, such as https://api.example.com")
	case !slices.Contains(formats, f.format):
		return t.usage("-format is one of " + strings.Join(formats, ", "))
	case f.failOn != "fail" && f.failOn != "warn":
		return t.usage("-fail-on is fail or warn")
	case err != nil:
		return t.usage(err.Error())
	case f.init:
		return initConfig(ctx, url, cfg, f, t)
	}
	progress := t.progress(f, cfg)
	cfg.OnResult = progress.result
	rep := verify.AuditURL(ctx, url, cfg)
	progress.end()
	return f.report(rep, t)
}

func (t terminal) usage(problem string) int {
	fmt.Fprintf(t.err, "gambeson: %s\n", problem)
	return exitUsage
}

// load makes the Config of the file and the flags.
func (f verifyFlags) load() (cfg verify.Config, err error) {
	if f.config != "" {
		data, err := os.ReadFile(f.config)
		if err != nil {
			return cfg, err
		}
		if t := bytes.TrimSpace(data); len(t) > 0 && t[0] != '{' {
			return cfg, fmt.Errorf("%s: the config is a JSON object (YAML is not read)", f.config)
		}
		if data, err = expand(data); err != nil {
			return cfg, fmt.Errorf("%s: %w", f.config, err)
		}
		if cfg, err = verify.ReadConfig(bytes.NewReader(data)); err != nil {
			return cfg, fmt.Errorf("%s: %w", f.config, err)
		}
	}
	if f.burst < 0 {
		return cfg, errors.New("-burst is a number of requests")
	}
	if f.burst > 0 {
		cfg.Limits.Burst = f.burst
	}
	cfg.Strict = cfg.Strict || f.strict
	if f.only != "" {
		cfg.Only = strings.FieldsFunc(f.only, func(r rune) bool { return r == ',' || r == ' ' })
	}
	if f.ca != "" {
		pem, err := os.ReadFile(f.ca)
		if err != nil {
			return cfg, err
		}
		if cfg.RootCAs, err = x509.SystemCertPool(); err != nil {
			cfg.RootCAs = x509.NewCertPool()
		}
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return cfg, fmt.Errorf("%s: has no certificate in PEM", f.ca)
		}
	}
	return cfg, cfg.Check()
}

// report writes it and gives the exit code.
func (f verifyFlags) report(rep *verify.Report, t terminal) int {
	code := exitOK
	switch {
	case rep.Err != nil:
		code = exitUsage
	case rep.Failed(), f.failOn == "warn" && rep.Count(verify.Warn) > 0:
		code = exitFailed
	}
	if f.quiet && f.out == "" && code == exitOK {
		return code
	}
	if rep.Err != nil && len(rep.Results) == 0 && f.format == "text" {
		return t.usage(rep.Err.Error()) // there is nothing to report
	}
	var b bytes.Buffer
	var err error
	switch f.format {
	case "json":
		err = rep.WriteJSON(&b)
	case "junit":
		err = rep.WriteJUnit(&b)
	case "sarif":
		err = rep.WriteSARIF(&b, f.config)
	case "html":
		err = rep.WriteHTML(&b)
	default:
		err = rep.WriteText(&b, verify.TextOptions{Color: t.colorOut && f.out == "", Brief: f.quiet})
	}
	if err == nil {
		err = write(f.out, b.Bytes(), t.out)
	}
	if err != nil {
		return t.usage(err.Error())
	}
	if rep.Err != nil && (f.format != "text" || f.out != "") {
		fmt.Fprintf(t.err, "gambeson: %v\n", rep.Err)
	}
	return code
}

// write puts the report into a file, or to standard output.
func write(file string, data []byte, out io.Writer) error {
	if file != "" && file != "-" {
		return os.WriteFile(file, data, 0o644) //nolint:gosec // a report is for others to read
	}
	_, err := out.Write(data)
	return err
}

// initConfig writes what can be seen as a config, and what cannot as advice beside it.
func initConfig(ctx context.Context, url string, cfg verify.Config, f verifyFlags, t terminal) int {
	seen, missing, err := verify.Observe(ctx, url, cfg)
	if err != nil {
		return t.usage(err.Error())
	}
	data, err := json.MarshalIndent(seen, "", "  ")
	if err == nil {
		err = write(f.out, append(data, '\n'), t.out)
	}
	if err != nil {
		return t.usage(err.Error())
	}
	if len(missing) > 0 && !f.quiet {
		fmt.Fprintln(t.err, "Only you can declare, if it applies:")
		for _, m := range missing {
			fmt.Fprintln(t.err, "  "+m)
		}
	}
	return exitOK
}
