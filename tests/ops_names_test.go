package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboardQuery is an expression of a panel, with what its legend names.
type dashboardQuery struct{ panel, expr, legend string }

// dashboardQueries are all queries of the dashboard, as Grafana would send them with everything chosen.
func dashboardQueries(t *testing.T) (all []dashboardQuery) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(ops, "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Templating struct{ List []struct{ Name string } }
		Panels     []struct {
			Title, Type string
			Targets     []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"__rate_interval": "10s"}
	for _, v := range board.Templating.List {
		vars[v.Name] = ".*"
	}
	for _, panel := range board.Panels {
		if panel.Type != "row" && len(panel.Targets) == 0 {
			t.Errorf("panel %q asks nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			expr := os.Expand(target.Expr, func(name string) string {
				value, known := vars[name]
				if !known {
					t.Errorf("panel %q uses $%s, which the dashboard does not have", panel.Title, name)
				}
				return value
			})
			all = append(all, dashboardQuery{panel.Title, expr, target.LegendFormat})
		}
	}
	if len(all) < 30 {
		t.Fatalf("the dashboard has %d queries", len(all))
	}
	return all
}

// everyPanel wants data from each query of the dashboard, and numbers where there is a histogram or a ratio.
func everyPanel(t *testing.T, p prometheus) {
	queries := dashboardQueries(t)
	eventually(t, "the dashboard", func() error {
		var errs []error
		for _, q := range queries {
			samples, err := p.query(q.expr)
			if err == nil && !slices.ContainsFunc(samples, func(s sample) bool { return s.Value[1] != "NaN" }) {
				err = errors.New("no data")
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("panel %q: %w: %s", q.panel, err, q.expr))
			}
		}
		return errors.Join(errs...)
	})
}

// everyName wants each metric and each label of rules and dashboard in what Prometheus has scraped or recorded.
func everyName(t *testing.T, p prometheus) {
	rules, err := p.rules()
	if err != nil || len(rules) < 40 {
		t.Fatalf("%d rules, %v", len(rules), err)
	}
	var all []dashboardQuery
	for _, r := range rules {
		if r.Health != "ok" {
			t.Errorf("rule %s is %s: %s", r.Name, r.Health, r.LastError)
		}
		all = append(all, dashboardQuery{"rule " + r.Name, r.Query, ""})
	}
	checked := map[string]bool{}
	for _, q := range append(all, dashboardQueries(t)...) {
		selectors, grouped := names(q.expr)
		if len(selectors) == 0 {
			t.Errorf("%s: found no metric in %s", q.panel, q.expr)
		}
		for _, m := range legendLabel.FindAllStringSubmatch(q.legend, -1) {
			grouped = append(grouped, m[1])
		}
		has := map[string]bool{}
		for _, s := range selectors {
			series, err := p.series(s.metric + s.equal())
			if err != nil || len(series) == 0 {
				t.Errorf("%s: there is no %s%s (%v)", q.panel, s.metric, s.equal(), err)
				continue
			}
			checked[s.metric] = true
			own := map[string]bool{}
			for _, set := range series {
				for label := range set {
					own[label], has[label] = true, true
				}
			}
			for _, m := range s.matchers {
				if !own[m.label] {
					t.Errorf("%s: %s has no label %s", q.panel, s.metric, m.label)
				}
			}
		}
		for _, label := range grouped {
			if !has[label] {
				t.Errorf("%s: no label %s in %s", q.panel, label, q.expr)
			}
		}
	}
	if len(checked) < 30 {
		t.Errorf("only %d metrics were looked for: %v", len(checked), checked)
	}
}

type matcher struct{ label, op, value string }

type selector struct {
	metric   string
	matchers []matcher
}

// equal is the part of a selector that must have series: job="checklist", le="0.5". A service that is well has no series
// of code=~"5..".
func (s selector) equal() string {
	var parts []string
	for _, m := range s.matchers {
		if m.op == "=" {
			parts = append(parts, m.label+"="+m.value)
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

var (
	legendLabel  = regexp.MustCompile(`\{\{(\w+)\}\}`)
	labelList    = regexp.MustCompile(`\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	oneMatcher   = regexp.MustCompile(`(\w+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")`)
	metricOrWord = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*(?:\s*\{[^}]*\}|\s*\()?|\[[^\]]*\]|\d[\w.]*`)
	operators    = []string{"and", "or", "unless", "bool", "offset"}
)

// names finds the selectors of an expression, and the labels that it groups or joins by. It is no parser: PromQL writes a
// metric as a word that is neither an operator nor followed by a parenthesis.
func names(expr string) (found []selector, grouped []string) {
	for _, m := range labelList.FindAllStringSubmatch(expr, -1) {
		for label := range strings.SplitSeq(m[1], ",") {
			if label = strings.TrimSpace(label); label != "" {
				grouped = append(grouped, label)
			}
		}
	}
	expr = labelList.ReplaceAllString(expr, " ")
	for _, word := range metricOrWord.FindAllString(expr, -1) {
		name, braces, _ := strings.Cut(word, "{")
		name = strings.TrimSpace(name)
		switch {
		case strings.HasSuffix(name, "("), name[0] == '[', name[0] >= '0' && name[0] <= '9', slices.Contains(operators, name):
			continue
		}
		s := selector{metric: name}
		for _, m := range oneMatcher.FindAllStringSubmatch(braces, -1) {
			s.matchers = append(s.matchers, matcher{m[1], m[2], m[3]})
		}
		found = append(found, s)
	}
	return found, grouped
}

func TestOpsNames(t *testing.T) {
	found, grouped := names(`1 - sum by (job, le) (rate(a_bucket{class!="5xx",le="0.5"}[5m] offset 1h)) / on(x) (job:b:c > 1e3) and absent(up) or vector(0) unless time() - d`)
	if got := fmt.Sprint(found, grouped); got != `[{a_bucket [{class != "5xx"} {le = "0.5"}]} {job:b:c []} {up []} {d []}] [job le x]` {
		t.Error(got)
	}
	if got := found[0].equal(); got != `{le="0.5"}` {
		t.Error(got)
	}
}
