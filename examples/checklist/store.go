package main

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

var (
	errNotFound   = errors.New("store: not found")
	errEmailTaken = errors.New("store: the e-mail address is taken")
	errNotOpen    = errors.New("store: not open")
)

// busyTimeout is how long a statement waits for another writer. It is shorter than the request's deadline, so that the
// client gets a 503 and not a cut connection.
const busyTimeout = 2 * time.Second

// Store keeps users, tokens and notes in one SQLite file. All SQL is constant text; what a client sent is only ever a
// parameter.
type Store struct {
	path   string
	db     *sql.DB
	opened os.FileInfo // the file as it was when it was opened, see PingContext

	suspected atomic.Bool // see Suspect
}

func newStore(path string) *Store { return &Store{path: path} }

// Open creates the file if there is none, with 0600 in a directory with 0700, and connects to it. It does not migrate.
func (s *Store) Open(ctx context.Context) error {
	path, err := filepath.Abs(s.path)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	s.path = path
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	// SQLite would create the file with 0644. Its -wal and -shm files take over the mode of this one.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	s.opened, err = f.Stat()
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	// SQLite has one writer at a time and any number of readers. More connections would only be more memory.
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s.db = db
	if err := db.PingContext(ctx); err != nil {
		return errors.Join(fmt.Errorf("store: open %s: %w", path, err), db.Close())
	}
	return nil
}

// dataSource is the driver's name for a file. mode=rw: a connection made later must not create an empty database where
// the file has gone. _txlock=immediate: a transaction takes the write lock at its start, where waiting is possible.
func dataSource(path string) string {
	q := url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(NORMAL)", // with WAL: safe against a crash of the process, and never corrupt
		"foreign_keys(ON)",    // off by default, for each connection
		"trusted_schema(OFF)",
	}}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	return u.String()
}

// Close ends all connections. The last one folds the write-ahead log into the file.
func (s *Store) Close() error {
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}

// PingContext is the health check: is the file still the one that was opened, and can it be read and written? The
// driver's own ping runs "select 1", which SQLite answers without looking at the file. A file that was moved, deleted or
// replaced stays open on Unix, and everything written to it from then on is lost at the next start.
func (s *Store) PingContext(ctx context.Context) error {
	if s.db == nil {
		return errNotOpen
	}
	now, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if !os.SameFile(s.opened, now) {
		return fmt.Errorf("store: %s was replaced by another file", s.path)
	}
	if err := checkHeader(s.path); err != nil {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil) // takes the write lock, see _txlock
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	var version int64
	if err := tx.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version").Scan(&version); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	// Now it has its log and its index open. Where somebody cleaned them away, it writes into a file without a name.
	for _, beside := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(s.path + beside); err != nil {
			return fmt.Errorf("store: %w; what is written now may be lost", err)
		}
	}
	if s.suspected.Load() {
		if err := rewrite(ctx, tx); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		s.suspected.Store(false)
	}
	return nil
}

// Suspect is told of every error that nobody foresaw. After one of the disk (full, broken, read-only) it is not enough that
// the lock can be taken: until a write succeeds, the ping does one, and fails with it.
func (s *Store) Suspect(err error) {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB:
		s.suspected.Store(true)
	}
}

// rewrite writes what is there already, so that something goes to the disk and nothing changes.
func rewrite(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, "UPDATE goose_db_version SET version_id = version_id WHERE id = 1"); err != nil {
		return err
	}
	return tx.Commit()
}

// checkHeader looks at the first bytes of the file, because SQLite may answer from its cache what is no longer there.
func checkHeader(path string) error {
	const magic = "SQLite format 3\x00"
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer f.Close()
	head := make([]byte, len(magic))
	if _, err := f.ReadAt(head, 0); err != nil || string(head) != magic {
		return fmt.Errorf("store: %s is not an SQLite database (any more)", path)
	}
	return nil
}

// migrator runs the files in migrations/, each in a transaction of its own. It keeps its state in goose_db_version.
func (s *Store) migrator() (*goose.Provider, error) {
	if s.db == nil {
		return nil, errNotOpen
	}
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	m, err := goose.NewProvider(goose.DialectSQLite3, s.db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return m, nil
}

// MigrateUp brings the schema to the newest version and returns that version. It fails on a schema that is newer than
// this program: nobody knows what it would do to the data.
func (s *Store) MigrateUp(ctx context.Context) (int64, error) {
	m, err := s.migrator()
	if err != nil {
		return 0, err
	}
	var newest int64
	for _, file := range m.ListSources() {
		newest = max(newest, file.Version)
	}
	if now, err := m.GetDBVersion(ctx); err != nil || now > newest {
		return 0, cmp.Or(err, fmt.Errorf("store: the database has schema %d and this program knows %d; with the newer program, run: migrate down", now, newest))
	}
	if _, err := m.Up(ctx); err != nil {
		return 0, fmt.Errorf("store: migrate up: %w", err)
	}
	return m.GetDBVersion(ctx)
}

// MigrateDown takes the newest migration back and returns the version that is left.
func (s *Store) MigrateDown(ctx context.Context) (int64, error) {
	m, err := s.migrator()
	if err != nil {
		return 0, err
	}
	if _, err := m.Down(ctx); err != nil {
		return 0, fmt.Errorf("store: migrate down: %w", err)
	}
	return m.GetDBVersion(ctx)
}

// isUnique tells whether a write broke a UNIQUE constraint.
func isUnique(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}

// isBusy tells whether another writer held the database for too long. It passes; the client may try again.
func isBusy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_BUSY
}
