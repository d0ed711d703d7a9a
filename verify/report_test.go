package verify_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/verify"
)

// sampleReport has one of each, with what a hostile server may put into a finding.
func sampleReport() *verify.Report {
	r := func(id string, s verify.Status, findings ...string) verify.Result {
		return verify.Result{ID: id, Title: "the title of " + id, Status: s, Findings: findings, Why: "a reason", Hint: "a fix", Ref: "https://example.com/" + id, Duration: 1500 * time.Microsecond}
	}
	skip := r("skipped", verify.Skip)
	skip.Reason = "not declared"
	suppressed := r("known", verify.Skip, "seen all the same")
	suppressed.Suppressed, suppressed.Reason = true, "suppressed: later"
	unsure := r("unsure", verify.Inconclusive)
	unsure.Reason = "no control"
	link := r("linked", verify.Pass)
	link.Ref = "javascript:alert(1)"
	return &verify.Report{Target: "https://api.example.com", Started: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), Duration: 2 * time.Second, Requests: 42,
		Results: []verify.Result{r("passed", verify.Pass), r("failed", verify.Fail, "first <script>alert(1)</script>", "second \x1b[2J\u202e & more"),
			r("warned", verify.Warn, "hm"), skip, suppressed, unsure, link}}
}

func TestWriteText(t *testing.T) {
	var b strings.Builder
	if err := sampleReport().WriteText(&b, verify.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	want := `pass  passed               the title of passed
FAIL  failed               the title of failed
      - first <script>alert(1)</script>
      - second ` + "\ufffd[2J\ufffd" + ` & more
      fix: a fix
warn  warned               the title of warned
      - hm
skip  skipped              not declared
skip  known                the title of known
      - seen all the same
      (suppressed: later)
??    unsure               the title of unsure
      (no control)
pass  linked               the title of linked

https://api.example.com: 1 fail, 1 warn, 2 pass, 2 skip, 1 inconclusive in 2s, 42 requests
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
	b.Reset()
	sampleReport().WriteText(&b, verify.TextOptions{Color: true, Brief: true})
	if got := b.String(); strings.Contains(got, "passed") || !strings.Contains(got, "\x1b[1;31mFAIL\x1b[0m  failed") || strings.Contains(got, "\x1b[2J") {
		t.Errorf("brief, in colour: %q", got)
	}
	b.Reset()
	(&verify.Report{Target: "x", Err: errors.New("no answer")}).WriteText(&b, verify.TextOptions{})
	if got := b.String(); got != "no answer\n\nx: 0 fail in 0s\n" {
		t.Errorf("an error: %q", got)
	}
}

func TestWriteJSON(t *testing.T) {
	var b bytes.Buffer
	rep := sampleReport()
	rep.Err = errors.New("interrupted")
	if err := rep.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Target  string
		Failed  bool
		Error   string
		Summary map[string]int
		Results []struct {
			ID, Status string
			Findings   []string
			Suppressed bool
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Target != "https://api.example.com" || !got.Failed || got.Error != "interrupted" || got.Summary["fail"] != 1 || len(got.Results) != 7 ||
		got.Results[1].Status != "fail" || len(got.Results[1].Findings) != 2 || !got.Results[4].Suppressed {
		t.Errorf("%+v", got)
	}
}

func TestWriteJUnit(t *testing.T) {
	var b bytes.Buffer
	rep := sampleReport()
	rep.Err = errors.New("interrupted")
	if err := rep.WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Suite struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Skipped  int `xml:"skipped,attr"`
			Cases    []struct {
				Name    string `xml:"name,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
				Error   *struct{} `xml:"error"`
				Skipped *struct{} `xml:"skipped"`
				Out     string    `xml:"system-out"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v in\n%s", err, &b)
	}
	s := got.Suite
	if s.Tests != 8 || s.Failures != 1 || s.Errors != 1 || s.Skipped != 3 || len(s.Cases) != 8 {
		t.Errorf("%+v", s)
	}
	if c := s.Cases[2]; c.Name != "failed" || c.Failure == nil || !strings.Contains(c.Failure.Text, "<script>") || !strings.Contains(c.Failure.Text, "fix: a fix") {
		t.Errorf("%+v", c)
	}
	if c := s.Cases[3]; c.Out != "warning: hm" || c.Failure != nil || c.Skipped != nil {
		t.Errorf("%+v", c)
	}
}

// What GitHub's code scanning asks of SARIF: rules, an index into them, a location, a level.
func TestWriteSARIF(t *testing.T) {
	var b bytes.Buffer
	if err := sampleReport().WriteSARIF(&b, "deploy/gambeson.json"); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct{ ID, HelpURI string }
				}
			}
			Results []struct {
				RuleID      string
				RuleIndex   int
				Kind, Level string
				Message     struct{ Text string }
				Locations   []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
				Suppressions []struct{ Kind, Justification string }
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != "2.1.0" || len(got.Runs) != 1 || len(got.Runs[0].Results) != 7 {
		t.Fatalf("%+v", got)
	}
	want := map[string][2]string{"passed": {"pass", "none"}, "failed": {"fail", "error"}, "warned": {"fail", "warning"}, "skipped": {"notApplicable", "none"},
		"known": {"fail", "error"}, "unsure": {"open", "none"}, "linked": {"pass", "none"}}
	for _, res := range got.Runs[0].Results {
		if res.Kind != want[res.RuleID][0] || res.Level != want[res.RuleID][1] || got.Runs[0].Tool.Driver.Rules[res.RuleIndex].ID != res.RuleID ||
			res.Message.Text == "" || len(res.Locations) != 1 || res.Locations[0].PhysicalLocation.ArtifactLocation.URI != "deploy/gambeson.json" {
			t.Errorf("%+v", res)
		}
		if (res.RuleID == "known") != (len(res.Suppressions) == 1) {
			t.Errorf("suppressions of %s: %v", res.RuleID, res.Suppressions)
		}
	}
}

func TestWriteHTML(t *testing.T) {
	var b bytes.Buffer
	rep := sampleReport()
	rep.Err = errors.New("<b>interrupted</b>")
	if err := rep.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, want := range []string{"<!DOCTYPE html>", "first &lt;script&gt;", `href="https://example.com/failed"`, "&lt;b&gt;interrupted", "2026-11-23 09:00:00 UTC", `<details class="fail" open>`, "not declared"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, bad := range []string{"<script", "<b>interrupted", `href="javascript`, "\x1b", "\u202e", "ZgotmplZ", "src=", "@import", "url("} {
		if strings.Contains(got, bad) {
			t.Errorf("has %q", bad)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriteFails(t *testing.T) {
	rep := sampleReport()
	for name, err := range map[string]error{"text": rep.WriteText(failing{}, verify.TextOptions{}), "json": rep.WriteJSON(failing{}), "junit": rep.WriteJUnit(failing{}),
		"sarif": rep.WriteSARIF(failing{}, ""), "html": rep.WriteHTML(failing{})} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
