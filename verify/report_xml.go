package verify

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

type (
	junitSuites struct {
		XMLName xml.Name   `xml:"testsuites"`
		Suite   junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      string      `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Cases     []junitCase `xml:"testcase"`
		SystemErr string      `xml:"system-err,omitempty"`
	}
	junitCase struct {
		Name      string      `xml:"name,attr"`
		Classname string      `xml:"classname,attr"`
		Time      string      `xml:"time,attr"`
		Failure   *junitTexts `xml:"failure"`
		Error     *junitTexts `xml:"error"`
		Skipped   *junitTexts `xml:"skipped"`
		SystemOut string      `xml:"system-out,omitempty"`
	}
	junitTexts struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the report as JUnit XML, as CI services read it. A check is a test case; skipped and inconclusive
// ones are skipped, and warnings stand in the output of a case that passed. What kept the audit from judging is an
// error of a case of its own.
func (r *Report) WriteJUnit(w io.Writer) error {
	s := junitSuite{Name: "gambeson verify " + plain(r.Target), Time: seconds(r.Duration), Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05")}
	if r.Err != nil {
		s.Cases = append(s.Cases, junitCase{Name: "audit", Classname: "gambeson.verify", Time: "0.000", Error: &junitTexts{Message: plain(r.Err.Error())}})
		s.Errors++
	}
	for _, res := range r.Results {
		c := junitCase{Name: res.ID, Classname: "gambeson.verify", Time: seconds(res.Duration)}
		findings := plainLines(res.Findings)
		switch res.Status {
		case Fail:
			s.Failures++
			c.Failure = &junitTexts{res.Title, findings + "\nfix: " + res.Hint + "\nread: " + res.Ref}
		case Skip, Inconclusive:
			s.Skipped++
			c.Skipped = &junitTexts{Message: string(res.Status) + ": " + plain(res.Reason)}
			c.SystemOut = findings
		case Warn:
			c.SystemOut = "warning: " + findings
		}
		s.Cases = append(s.Cases, c)
	}
	s.Tests = len(s.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(junitSuites{Suite: s}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

func plainLines(lines []string) string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = plain(l)
	}
	return strings.Join(out, "\n")
}
