// Bench measures this library side by side with its peers, in one run, and prints ratios: nanoseconds depend on the
// machine and on what else it does, a ratio within one run hardly does.
//
//	go run ./bench [-time 1s] [regexp of tasks]
//
// Each task is done by several sides, which take turns of a fraction of a millisecond; the fastest turn of each counts, so
// that what else the machine does hardly shows. Where a side's state grows as it works, turns are longer and the median
// counts, of times and of ratios within one round: the fastest would be the one with the least state. A ratio or a number
// of allocations above its target is marked, and the exit code says whether there was one.
//
// The tasks on Redis start a redis-server of their own; `make bench` installs it.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"runtime"
	"slices"
	"time"
)

// task is one thing to do. The first side is this library.
type task struct {
	name   string
	allocs int64 // that the first side may make; math.MaxInt64: whatever it takes
	sides  []side
	grows  int // operations after which a side's state is as large as it should be; 0: it has none
}

// side is one way to do it. target is what the first side may take of this side's time; 0 is for information.
type side struct {
	name   string
	run    func()
	target float64
}

func main() {
	length := flag.Duration("time", time.Second, "time for each side of a task")
	flag.Parse()
	only, err := regexp.Compile(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	missed := 0
	tasks := slices.Concat(corsTasks(), headersTasks(), ratelimitTasks(), redactTasks(), loggingTasks(), metricsTasks(), healthTasks(), redisTasks())
	for i, t := range tasks {
		if only.MatchString(t.name) {
			missed += t.measure(*length)
		}
		tasks[i] = task{} // a collection in the next task need not go through this one's state
	}
	if missed > 0 {
		fmt.Printf("%d targets missed\n", missed)
		os.Exit(1)
	}
}

// result is a side's, per operation.
type result struct {
	n      int // operations in a turn
	turns  []float64
	ns     float64 // of the turn that counts
	ratio  float64 // of the first side's time to this one's
	bytes  uint64
	allocs int64
}

// work does n operations and tells how long they took.
func (s side) work(n int) time.Duration {
	start := time.Now()
	for range n {
		s.run()
	}
	return time.Since(start)
}

// allocations is what an operation allocates, on average.
func (s side) allocations() (bytes uint64, allocs int64) {
	const n = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s.work(n)
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / n, int64(after.Mallocs-before.Mallocs) / n
}

// measure prints a task's lines and counts the targets that were missed.
func (t task) measure(length time.Duration) (missed int) {
	turn := 200 * time.Microsecond
	if t.grows > 0 {
		turn = 250 * time.Millisecond // long enough to have the caches to itself, as the one limiter of a process has
	}
	best := make([]result, len(t.sides))
	for i, s := range t.sides {
		s.work(t.grows)
		n := 1
		for s.work(n) < turn {
			n *= 2
		}
		best[i].n = n
		best[i].bytes, best[i].allocs = s.allocations()
	}
	for range max(9, int(length/turn)) {
		for i, s := range t.sides {
			best[i].turns = append(best[i].turns, float64(s.work(best[i].n).Nanoseconds())/float64(best[i].n))
		}
	}
	for i := range best {
		best[i].ns = slices.Min(best[i].turns)
		best[i].ratio = best[0].ns / best[i].ns
		if t.grows > 0 {
			best[i].ns = median(best[i].turns)
			ratios := make([]float64, len(best[i].turns))
			for at, ns := range best[i].turns {
				ratios[at] = best[0].turns[at] / ns
			}
			best[i].ratio = median(ratios)
		}
	}
	judge := func(ok bool) string {
		if ok {
			return "ok"
		}
		missed++
		return "MISSED"
	}
	fmt.Println(t.name)
	for i, s := range t.sides {
		verdict := ""
		switch {
		case i == 0:
			if t.allocs < math.MaxInt64 {
				verdict = fmt.Sprintf("allocations at most %d: %s", t.allocs, judge(best[0].allocs <= t.allocs))
			}
		case s.target > 0:
			verdict = fmt.Sprintf("%.2fx, at most %.2fx: %s", best[i].ratio, s.target, judge(best[i].ratio <= s.target))
		default:
			verdict = fmt.Sprintf("%.2fx", best[i].ratio)
		}
		fmt.Printf("  %-26s %9.0f ns %7d B %4d allocs   %s\n", s.name, best[i].ns, best[i].bytes, best[i].allocs, verdict)
	}
	return missed
}

func median(of []float64) float64 {
	of = slices.Sorted(slices.Values(of))
	return of[len(of)/2]
}

// must is for configurations that are written here.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
