package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestStoreFileIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are a Unix thing")
	}
	s := openStore(t)
	if _, err := s.CreateUser(t.Context(), "a@example.com", "h", noon); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{
		filepath.Dir(s.path): 0o700, s.path: 0o600, s.path + "-wal": 0o600, s.path + "-shm": 0o600,
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
}

// The pragmas hold for a connection, not for a database: each of the pool must have them.
func TestStorePragmasOnEveryConnection(t *testing.T) {
	s := openStore(t)
	for range 8 {
		conn, err := s.db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() // held until the end, so that the pool opens another each time
		for pragma, want := range map[string]string{"journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "2000"} {
			var got string
			if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s = %q, want %q (%v)", pragma, got, want, err)
			}
		}
	}
}

func TestStoreMigratesUpAndDown(t *testing.T) {
	s := openStore(t)
	up, err := s.MigrateUp(t.Context()) // nothing to do any more
	if err != nil || up < 1 {
		t.Fatalf("version %d, %v", up, err)
	}
	for version := up; version > 0; {
		if version, err = s.MigrateDown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var left int
	err = s.db.QueryRow(`SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'`).Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d tables and indexes are left after all downs (%v)", left, err)
	}
	if again, err := s.MigrateUp(t.Context()); err != nil || again != up {
		t.Errorf("up again: version %d, want %d (%v)", again, up, err)
	}
}

// What would be SQL if it were glued into a statement must come back as it went in, and do nothing.
func TestStoreInjectionStaysData(t *testing.T) {
	s := openStore(t)
	ctx := t.Context()
	victim, err := s.CreateUser(ctx, "victim@example.com", "hash", noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateNote(ctx, victim.ID, "mine", "", noon); err != nil {
		t.Fatal(err)
	}
	for _, evil := range []string{
		`' OR '1'='1`, `'; DROP TABLE notes; --`, `" OR ""="`, `x' UNION SELECT id, email, password_hash, 0, 0 FROM users --`,
		`\'; DELETE FROM users; --`, "'; ATTACH DATABASE '/tmp/x' AS x; --", "?", "$1", "%", "_", `''`, "a\x00b' OR 1=1",
	} {
		if u, _, err := s.UserByEmail(ctx, evil); !errors.Is(err, errNotFound) {
			t.Errorf("UserByEmail(%q) = %v, %v", evil, u, err)
		}
		if u, err := s.UserByToken(ctx, []byte(evil), noon); !errors.Is(err, errNotFound) {
			t.Errorf("UserByToken(%q) = %v, %v", evil, u, err)
		}
		u, err := s.CreateUser(ctx, evil, evil, noon)
		if err != nil {
			t.Fatalf("CreateUser(%q): %v", evil, err)
		}
		n, err := s.CreateNote(ctx, u.ID, evil, evil, noon)
		if err != nil || n.Title != evil || n.Body != evil {
			t.Errorf("CreateNote(%q) = %q, %q, %v", evil, n.Title, n.Body, err)
		}
		if n, err = s.UpdateNote(ctx, u.ID, n.ID, evil+evil, evil, noon); err != nil || n.Title != evil+evil {
			t.Errorf("UpdateNote(%q) = %q, %v", evil, n.Title, err)
		}
		if notes, _, err := s.Notes(ctx, u.ID, 0, 10, pageBytes); err != nil || len(notes) != 1 {
			t.Errorf("after %q its user has %d notes (%v)", evil, len(notes), err)
		}
	}
	if notes, _, err := s.Notes(ctx, victim.ID, 0, 10, pageBytes); err != nil || len(notes) != 1 || notes[0].Title != "mine" {
		t.Errorf("the victim's notes are now %v (%v)", notes, err)
	}
}

func TestStoreTokenExpires(t *testing.T) {
	s := openStore(t)
	ctx := t.Context()
	u, err := s.CreateUser(ctx, "a@example.com", "h", noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddToken(ctx, []byte("one"), u.ID, noon, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.UserByToken(ctx, []byte("one"), noon.Add(time.Hour-time.Second)); err != nil || got != u {
		t.Errorf("a second before: %v, %v", got, err)
	}
	if _, err := s.UserByToken(ctx, []byte("one"), noon.Add(time.Hour)); !errors.Is(err, errNotFound) {
		t.Errorf("at its end: %v", err)
	}
	if err := s.AddToken(ctx, []byte("two"), u.ID, noon.Add(time.Hour), noon.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := s.db.QueryRow("SELECT count(*) FROM tokens").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d tokens are stored, want the living one (%v)", rows, err)
	}
	if err := s.AddToken(ctx, []byte("x"), 999, noon, noon); err == nil {
		t.Error("a token of nobody was stored: foreign keys are off")
	}
}

func TestStoreRefusesANewerSchema(t *testing.T) {
	s := openStore(t)
	if _, err := s.db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.MigrateUp(t.Context()); err == nil || !strings.Contains(err.Error(), "schema 99") {
		t.Errorf("got %v", err)
	}
}

func TestStorePingLooksAtTheFile(t *testing.T) {
	swap := func(s *Store, content string) error {
		return errors.Join(os.Rename(s.path, s.path+".old"), os.WriteFile(s.path, []byte(content), 0o600))
	}
	for name, damage := range map[string]func(*Store) error{
		"moved":    func(s *Store) error { return os.Rename(s.path, s.path+".old") },
		"removed":  func(s *Store) error { return os.Remove(s.path) },
		"replaced": func(s *Store) error { return swap(s, "SQLite format 3\x00") },
		"log gone": func(s *Store) error { return os.Remove(s.path + "-wal") },
		"garbled":  func(s *Store) error { return os.WriteFile(s.path, []byte(strings.Repeat("x", 1<<16)), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" {
				t.Skip("an open file cannot be moved there")
			}
			s := openStore(t)
			if err := s.PingContext(t.Context()); err != nil {
				t.Fatalf("before: %v", err)
			}
			if err := damage(s); err != nil {
				t.Fatal(err)
			}
			if err := s.PingContext(t.Context()); err == nil {
				t.Error("the ping passes")
			}
		})
	}
}

// A full disk lets every lock be taken. The first write that fails for it makes the ping write too, until one succeeds.
func TestStorePingWritesAfterADiskError(t *testing.T) {
	ta := newTestApp(t)
	token := ta.account(t, "ann@example.com")
	s := ta.store
	s.db.SetMaxOpenConns(1) // the limits below are a connection's
	exec := func(statement string) {
		t.Helper()
		if _, err := s.db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	note := `{"title":"x","body":"` + strings.Repeat("y", 50_000) + `"}`
	exec("PRAGMA max_page_count = 1") // no page more than there are
	want(t, call(t, ta, "POST", "/api/notes", token, note), 500)
	exec("CREATE TEMP TRIGGER full BEFORE UPDATE ON main.goose_db_version BEGIN SELECT RAISE(ABORT, 'full'); END")
	for range 2 {
		if err := s.PingContext(t.Context()); err == nil {
			t.Error("the ping passes on a full disk")
		}
	}
	exec("DROP TRIGGER full")
	if err := s.PingContext(t.Context()); err != nil {
		t.Errorf("the ping on a disk with room again: %v", err)
	}
	exec("CREATE TEMP TRIGGER full BEFORE UPDATE ON main.goose_db_version BEGIN SELECT RAISE(ABORT, 'full'); END")
	if err := s.PingContext(t.Context()); err != nil {
		t.Errorf("the ping writes without need: %v", err)
	}
	exec("PRAGMA max_page_count = 1000000")
	want(t, call(t, ta, "POST", "/api/notes", token, note), 201)
}

func TestStorePingNeedsTheWriteLock(t *testing.T) {
	s := openStore(t)
	other := newStore(s.path)
	if err := other.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*busyTimeout)
	defer cancel()
	if err := s.PingContext(ctx); !isBusy(err) {
		t.Errorf("with the lock held: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := s.PingContext(t.Context()); err != nil {
		t.Errorf("with the lock free again: %v", err)
	}
}

func TestStoreNeverOpened(t *testing.T) {
	s := newStore("never.db")
	if err := s.PingContext(t.Context()); !errors.Is(err, errNotOpen) {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
