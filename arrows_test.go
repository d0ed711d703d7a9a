package gambeson_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/gambeson-go/gambeson"

// arrows says which packages of this module each one may know. The layers are usable alone, and a change to one can
// break no other, because no arrow leads there.
var arrows = map[string][]string{
	"internal/conf":       {},
	"internal/layer":      {},
	"internal/memo":       {},
	"internal/problem":    {},
	"internal/respwrap":   {},
	"clientip":            {"internal/conf"},
	"redact":              {"internal/*"},
	"logging":             {"redact", "clientip", "internal/*"},
	"cors":                {"clientip", "internal/*"},
	"headers":             {"clientip", "internal/*"},
	"ratelimit":           {"clientip", "internal/*"},
	"health":              {"clientip", "internal/*"},
	"metrics":             {"clientip", "internal/*"},
	"verify":              {"internal/conf"},
	"":                    {"clientip", "redact", "logging", "cors", "headers", "ratelimit", "health", "metrics", "internal/*"},
	"cmd/gambeson":        {"*"},
	"examples/quickstart": {"*"},
}

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Fields(string(out))
}

func TestArrows(t *testing.T) {
	for _, pkg := range goList(t, "./...") {
		name := strings.TrimPrefix(strings.TrimPrefix(pkg, module), "/")
		may, known := arrows[name]
		if !known {
			t.Errorf("package %q has no place in the house: say in this test what it may know", name)
			continue
		}
		for _, dep := range goList(t, "-deps", pkg) {
			if dep == pkg || dep != module && !strings.HasPrefix(dep, module+"/") {
				continue
			}
			dep = strings.TrimPrefix(strings.TrimPrefix(dep, module), "/")
			if !slices.ContainsFunc(may, func(arrow string) bool {
				prefix, wild := strings.CutSuffix(arrow, "*")
				return arrow == dep || wild && strings.HasPrefix(dep, prefix)
			}) {
				t.Errorf("%q depends on %q; it may know %v", name, dep, may)
			}
		}
	}
}

// Every direct dependency is one that users of the library see in their own go.mod.
func TestDependencies(t *testing.T) {
	want := []string{
		"github.com/prometheus/client_golang",
		"github.com/rs/cors",
		"github.com/unrolled/secure",
		"golang.org/x/net",
		"golang.org/x/time",
	}
	var got []string
	data, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(fields) >= 2 && strings.Contains(fields[0], "/") && !strings.Contains(line, "// indirect") {
			got = append(got, fields[0])
		}
		if strings.HasPrefix(line, "replace") {
			t.Error("go.mod has a replace directive")
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("direct dependencies %v, want %v", got, want)
	}
}
