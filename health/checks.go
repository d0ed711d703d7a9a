package health

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Ping makes a check of anything with PingContext, such as *sql.DB. A pool whose connections are all taken does not
// answer either: FailureThreshold is there for that. Where the driver has no ping of its own, database/sql says nil
// without asking; then use a func that does SELECT 1. For pgxpool the func is pool.Ping itself.
func Ping(db interface {
	PingContext(ctx context.Context) error
}) func(context.Context) error {
	return func(ctx context.Context) error {
		if db == nil {
			return errors.New("there is no database to ping")
		}
		return db.PingContext(ctx)
	}
}

// DiskSpace makes a check that fails when the file system of path has fewer than free bytes left for this user. Windows,
// Linux, macOS and FreeBSD; elsewhere it fails with errors.ErrUnsupported.
func DiskSpace(path string, free uint64) func(context.Context) error {
	return func(context.Context) error {
		has, err := diskFree(path)
		if err != nil {
			return fmt.Errorf("disk space of %s: %w", path, err)
		}
		if has < free {
			return fmt.Errorf("%s has %d bytes free, less than %d", path, has, free)
		}
		return nil
	}
}

// Heartbeat is a check of a worker that must report again and again. Make it with [NewHeartbeat]; the zero Heartbeat
// always fails.
type Heartbeat struct {
	within time.Duration
	made   time.Time
	last   atomic.Int64 // nanoseconds after made
}

// NewHeartbeat makes a Heartbeat that fails once more than within has passed since the last [Heartbeat.Beat], or since
// now. Live and FailureThreshold 1 make it restart a process whose worker is stuck.
func NewHeartbeat(within time.Duration) *Heartbeat {
	return &Heartbeat{within: within, made: time.Now()}
}

// Beat reports that the worker is at work. It costs some nanoseconds and may be called from any goroutine.
func (h *Heartbeat) Beat() {
	if h != nil && !h.made.IsZero() {
		h.last.Store(int64(time.Since(h.made)))
	}
}

// Check is for [Check].Func.
func (h *Heartbeat) Check(context.Context) error {
	if h == nil || h.made.IsZero() {
		return errors.New("the heartbeat was not made by NewHeartbeat")
	}
	if silent := time.Since(h.made) - time.Duration(h.last.Load()); silent > h.within {
		return fmt.Errorf("no heartbeat for %v, longer than %v", silent.Round(time.Millisecond), h.within)
	}
	return nil
}
