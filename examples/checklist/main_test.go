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
