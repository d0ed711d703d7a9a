package verify

import (
	"encoding/json"
	"io"
	"path/filepath"
)

type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Results     []sarifResult     `json:"results"`
		Invocations []sarifInvocation `json:"invocations"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string     `json:"id"`
		ShortDescription sarifText  `json:"shortDescription"`
		FullDescription  *sarifText `json:"fullDescription,omitempty"`
		Help             *sarifText `json:"help,omitempty"`
		HelpURI          string     `json:"helpUri,omitempty"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID              string             `json:"ruleId"`
		RuleIndex           int                `json:"ruleIndex"`
		Kind                string             `json:"kind"`
		Level               string             `json:"level"`
		Message             sarifText          `json:"message"`
		Locations           []sarifLocation    `json:"locations"`
		PartialFingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions        []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool        `json:"executionSuccessful"`
		Notifications       []sarifNote `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNote struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
)

// WriteSARIF writes the report as SARIF 2.1.0, for code scanning. Services that show it want every result in a file:
// file is the one in the repository that alerts are shown at, such as the config of the audit or the main.go that puts
// the layers together. "": gambeson.json.
func (r *Report) WriteSARIF(w io.Writer, file string) error {
	if file == "" {
		file = "gambeson.json"
	}
	if file = filepath.ToSlash(file); filepath.IsAbs(file) { // a path outside of the repository is shown nowhere
		file = filepath.Base(file)
	}
	driver := sarifDriver{Name: "gambeson verify", InformationURI: "https://github.com/gambeson-go/gambeson", Rules: []sarifRule{}}
	run := sarifRun{Results: []sarifResult{}, Invocations: []sarifInvocation{{ExecutionSuccessful: r.Err == nil}}}
	if r.Err != nil {
		run.Invocations[0].Notifications = []sarifNote{{"error", sarifText{plain(r.Err.Error())}}}
	}
	location := []sarifLocation{{sarifPhysical{sarifArtifact{file}, sarifRegion{1}}}}
	for i, res := range r.Results {
		rule := sarifRule{ID: res.ID, ShortDescription: sarifText{res.Title}, HelpURI: res.Ref}
		if res.Why != "" {
			rule.FullDescription = &sarifText{res.Why}
		}
		if res.Hint != "" {
			rule.Help = &sarifText{res.Hint}
		}
		driver.Rules = append(driver.Rules, rule)
		kind, level := "pass", "none"
		switch res.Status {
		case Fail:
			kind, level = "fail", "error"
		case Warn:
			kind, level = "fail", "warning"
		case Skip:
			kind = "notApplicable"
		case Inconclusive:
			kind = "open"
		}
		text := plainLines(res.Findings)
		if text == "" {
			text = plain(res.Reason)
		}
		if text == "" {
			text = res.Title
		}
		out := sarifResult{RuleID: res.ID, RuleIndex: i, Kind: kind, Level: level, Message: sarifText{text}, Locations: location,
			PartialFingerprints: map[string]string{"gambesonCheck/v1": res.ID}}
		if res.Suppressed {
			out.Kind, out.Level = "fail", "error"
			out.Suppressions = []sarifSuppression{{"external", plain(res.Reason)}}
		}
		run.Results = append(run.Results, out)
	}
	run.Tool.Driver = driver
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}
