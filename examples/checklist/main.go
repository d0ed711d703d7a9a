// Command checklist is a small notes API with everything that a service needs before it goes to production: the layers
// of gambeson in front, and behind them configuration, accounts, a database with migrations, validation, and an orderly
// end. Copy the directory and put your own routes in the place of notes.go. README.md has a session with it.
//
//	checklist                 serve, after bringing the database to the newest schema
//	checklist migrate up      bring the database to the newest schema
//	checklist migrate down    take the newest migration back, for a rollback
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/gambeson-go/gambeson/logging"
)

const (
	exitOK     = 0
	exitFailed = 1 // it could not start, or did not end cleanly
	exitUsage  = 2 // the configuration or the command line
)

// startTimeout bounds opening and migrating the database.
const startTimeout = 5 * time.Minute

func main() {
	os.Exit(run(context.Background(), os.Args[1:], env.ToMap(os.Environ()), os.Stderr))
}

func run(ctx context.Context, args []string, environ map[string]string, stderr io.Writer) int {
	migrate := len(args) == 2 && args[0] == "migrate" && slices.Contains([]string{"up", "down"}, args[1])
	if len(args) > 0 && !migrate {
		fmt.Fprintln(stderr, "usage: checklist [migrate up|down]; the environment configures it, see .env.example")
		return exitUsage
	}
	cfg, problems := loadConfig(environ)
	logger := slog.New(logging.NewHandler(stderr, &slog.HandlerOptions{Level: cfg.LogLevel}))
	slog.SetDefault(logger) // for libraries that log by themselves
	path, _, _ := databasePath(cfg.DatabaseURL)
	store := newStore(path)
	stack := newStack(cfg, store, logger, problems)
	if err := problems.err(); err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	handler, err := newService(stack, store, problems)
	if err := errors.Join(err, problems.err()); err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}

	if migrate {
		err = runMigration(ctx, store, args[1], logger)
	} else {
		err = runServer(ctx, cfg, store, logger, func(l listeners) error {
			return serve(ctx, cfg, l, handler, stack, logger)
		})
	}
	if err != nil {
		logger.Error("failed", "error", err)
		return exitFailed
	}
	return exitOK
}

func runServer(ctx context.Context, cfg Config, store *Store, logger *slog.Logger, serve func(listeners) error) error {
	l, err := listen(cfg)
	if err != nil {
		return err
	}
	start, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err = store.Open(start)
	var schema int64
	if err == nil {
		schema, err = store.MigrateUp(start)
	}
	if err != nil {
		l.close()
		return errors.Join(fmt.Errorf("DATABASE_URL: %w", err), store.Close())
	}
	logger.Info("starting", "version", version(), "environment", cfg.AppEnv, "schema", schema, "database", store.path)
	err = errors.Join(serve(l), store.Close())
	if err == nil {
		logger.Info("stopped")
	}
	return err
}

func runMigration(ctx context.Context, store *Store, direction string, logger *slog.Logger) error {
	if err := store.Open(ctx); err != nil {
		return errors.Join(fmt.Errorf("DATABASE_URL: %w", err), store.Close())
	}
	move := store.MigrateUp
	if direction == "down" {
		move = store.MigrateDown
	}
	schema, err := move(ctx)
	if err == nil {
		logger.Info("migrated", "direction", direction, "schema", schema)
	}
	return errors.Join(err, store.Close())
}

// version is what Go noted of the build: the module's version, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return info.Main.Version
}
