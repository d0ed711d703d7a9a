package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

func TestRunMigrates(t *testing.T) {
	environ := map[string]string{"DATABASE_URL": filepath.Join(t.TempDir(), "notes.db")}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"migrate", "up"}, exitOK, `"schema":1`},
		{[]string{"migrate", "up"}, exitOK, `"schema":1`},
		{[]string{"migrate", "down"}, exitOK, `"schema":0`},
		{[]string{"migrate", "down"}, exitFailed, `no next version`},
		{[]string{"migrate", "sideways"}, exitUsage, "usage:"},
		{[]string{"migrate"}, exitUsage, "usage:"},
		{[]string{"serve"}, exitUsage, "usage:"},
	} {
		var stderr bytes.Buffer
		if code := run(t.Context(), c.args, environ, &stderr); code != c.code || !strings.Contains(stderr.String(), c.says) {
			t.Errorf("%v: exit code %d, %s", c.args, code, &stderr)
		}
	}
}

// What goes wrong with a file is said with the variable that names it.
func TestRunNamesTheVariable(t *testing.T) {
	environ := map[string]string{"DATABASE_URL": t.TempDir(), "ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0"}
	for _, args := range [][]string{nil, {"migrate", "up"}} {
		var stderr bytes.Buffer
		if code := run(t.Context(), args, environ, &stderr); code != exitFailed || !strings.Contains(stderr.String(), "DATABASE_URL: store: open") {
			t.Errorf("%v: exit code %d, %s", args, code, &stderr)
		}
	}
}
