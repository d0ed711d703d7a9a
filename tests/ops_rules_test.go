package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The tools that will read the kit's files accept them.
func TestOpsFiles(t *testing.T) {
	rules, unit := filepath.Join(ops, "rules.yml"), filepath.Join(ops, "rules_test.yml")
	output(t, nil, "promtool", "check", "rules", "--lint=all", "--lint-fatal", rules)
	output(t, nil, "promtool", "check", "config", "--lint-fatal", filepath.Join(ops, "prometheus.yml"))
	output(t, nil, "promtool", "test", "rules", unit)
	alertmanager := filepath.Join(ops, "alertmanager.yml")
	output(t, nil, "amtool", "check-config", alertmanager)
	for severity, receiver := range map[string]string{"page": "pager", "ticket": "tickets"} {
		output(t, nil, "amtool", "config", "routes", "test", "--config.file="+alertmanager, "--verify.receivers="+receiver, "severity="+severity)
	}
	output(t, nil, "prometheus-blackbox-exporter", "--config.check", "--config.file="+filepath.Join(ops, "blackbox.yml"))
	output(t, nil, "haproxy", "-c", "-f", filepath.Join(ops, "haproxy.cfg"))
}

var (
	alertRule  = regexp.MustCompile(`(?m)^      - alert: (\w+)$`)
	alertTest  = regexp.MustCompile(`alertname: (\w+)\n +exp_alerts:( \[\])?\n`)
	runbook    = regexp.MustCompile(`(?m)^          runbook: runbook\.md#(\w+)$`)
	runbookFor = regexp.MustCompile(`(?m)^## (\w+)$`)
)

// Each alert has a test in which it fires, one in which it does not, and an entry in the runbook that it leads to.
func TestOpsAlertsTestedAndExplained(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(ops, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	firsts := func(pattern *regexp.Regexp, text string) (found []string) {
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			found = append(found, m[1])
		}
		return found
	}
	rules := read("rules.yml")
	alerts := firsts(alertRule, rules)
	if len(alerts) < 20 || len(alerts) != strings.Count(rules, "alert:") {
		t.Fatalf("found %d alerts", len(alerts))
	}
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, m := range alertTest.FindAllStringSubmatch(read("rules_test.yml"), -1) {
		if m[2] == "" {
			fires[m[1]] = true
		} else {
			silent[m[1]] = true
		}
	}
	anchors := firsts(runbook, rules)
	if len(anchors) != len(alerts) {
		t.Fatalf("%d alerts lead to %d entries of the runbook", len(alerts), len(anchors))
	}
	entries := firsts(runbookFor, read("runbook.md"))
	for i, name := range alerts {
		if !fires[name] || !silent[name] {
			t.Errorf("%s: a test in which it fires %v, in which it does not %v", name, fires[name], silent[name])
		}
		if anchors[i] != strings.ToLower(name) || !slices.Contains(entries, name) {
			t.Errorf("%s leads to runbook.md#%s, and the runbook has %v", name, anchors[i], entries)
		}
	}
	for _, entry := range entries {
		if !slices.Contains(alerts, entry) {
			t.Errorf("the runbook explains %s, which is no alert", entry)
		}
	}
}
