package tests

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const (
	root    = "github.com/gambeson-go/gambeson"
	version = "v0.1.0"
)

// proxy publishes the root module, as it lies here, to a module proxy of files, and returns the environment of a stranger
// who gets it from there: no workspace, a module cache of his own that is filled from this machine's.
func proxy(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	base := filepath.Join(dir, "github.com", "gambeson-go", "gambeson", "@v")
	if err := os.MkdirAll(base, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(base, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	if err := zip.CreateFromDir(f, module.Version{Path: root, Version: version}, ".."); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"list":            version + "\n",
		version + ".info": `{"Version":"` + version + `","Time":"2026-01-01T00:00:00Z"}`,
		version + ".mod":  string(mod),
	} {
		if err := os.WriteFile(filepath.Join(base, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cached := "file://" + filepath.Join(goEnv(t, "GOMODCACHE"), "cache", "download")
	cache := t.TempDir()
	t.Cleanup(func() { // the cache is read-only: let go remove it
		cmd := exec.Command("go", "clean", "-modcache")
		cmd.Env = append(os.Environ(), "GOMODCACHE="+cache, "GOWORK=off")
		cmd.Run() //nolint:errcheck // the test's own directory is removed after it
	})
	return append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOMODCACHE="+cache, "GONOSUMDB="+root,
		"GOPROXY=file://"+dir+","+cached+","+goEnv(t, "GOPROXY"))
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// run runs a command of the stranger's in dir.
func run(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// readmeCode is the README's first block of Go, which is the promise to the first kind of user.
func readmeCode(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, ok := strings.Cut(string(readme), "```go\n")
	code, _, closed := strings.Cut(code, "```")
	if !ok || !closed {
		t.Fatal("README.md shows no Go code")
	}
	return code
}

// A stranger pastes the README's code into a module of his own.
func TestConsumer(t *testing.T) {
	env := proxy(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(readmeCode(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, dir, env, "go", "mod", "init", "you.test/app")
	run(t, dir, env, "go", "get", root+"@"+version)
	run(t, dir, env, "go", "mod", "tidy")
	run(t, dir, env, "go", "vet", ".")
	run(t, dir, env, "go", "build", ".")
}

// The starter is copied out of the repository, renamed, and builds by what its own go.mod says.
func TestStarterCopy(t *testing.T) {
	env := proxy(t)
	dir := t.TempDir()
	if err := copyTree(dir, "../examples/checklist"); err != nil {
		t.Fatal(err)
	}
	before := directRequires(t, filepath.Join(dir, "go.mod"))
	run(t, dir, env, "go", "mod", "edit", "-module", "you.test/svc")
	run(t, dir, env, "go", "get", root+"@"+version)
	run(t, dir, env, "go", "mod", "tidy")
	run(t, dir, env, "go", "vet", "./...")
	after := directRequires(t, filepath.Join(dir, "go.mod"))
	delete(after, root)
	for path := range after {
		if !before[path] {
			t.Errorf("the starter's go.mod lacks a direct requirement of %s", path)
		}
	}
	for path := range before {
		if !after[path] {
			t.Errorf("the starter's go.mod requires %s directly and does not import it", path)
		}
	}
}

func directRequires(t *testing.T, file string) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	direct := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(fields) >= 2 && strings.HasPrefix(fields[1], "v") && !strings.Contains(line, "// indirect") {
			direct[fields[0]] = true
		}
	}
	return direct
}

// copyTree copies what git would: no database, no build.
func copyTree(dst, src string) error {
	return filepath.WalkDir(src, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "data" {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(dst, rel), 0o755)
		}
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.Create(filepath.Join(dst, rel))
		if err != nil {
			return err
		}
		if _, err := io.Copy(out, in); err != nil {
			out.Close()
			return err
		}
		return out.Close()
	})
}
