// Bench measures this library side by side with its peers, in one run, and prints ratios: nanoseconds depend on the
// machine and on what else it does, a ratio within one run hardly does.
//
//	go run ./bench [-rounds 9] [-time 100ms] [regexp of cases]
//
// Each case is a request and a few handlers that answer it. The sides take turns, round after round, and the fastest
// round of each counts. A ratio above its target is marked; the exit code says whether there was one.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"
)

// task is one thing to do, done by several sides. The first side is this library.
type task struct {
	name   string
	target float64 // of ours to the first peer; 0: none, for information
	allocs int64   // that ours may make
	sides  []side
}

type side struct {
	name string
	run  func()
}

func main() {
	rounds := flag.Int("rounds", 9, "rounds of each side")
	round := flag.Duration("time", 100*time.Millisecond, "length of a round")
	flag.Parse()
	only, err := regexp.Compile(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	testing.Init()
	if err := flag.Set("test.benchtime", round.String()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	missed := 0
	for _, t := range slices.Concat(corsTasks(), headersTasks()) {
		if only.MatchString(t.name) && !t.measure(*rounds) {
			missed++
		}
	}
	if missed > 0 {
		fmt.Printf("%d of the targets missed\n", missed)
		os.Exit(1)
	}
}

// result is the fastest round of a side.
type result struct {
	ns     float64
	bytes  int64
	allocs int64
}

// measure prints a task's lines and says whether its targets were met.
func (t task) measure(rounds int) bool {
	best := make([]result, len(t.sides))
	for range rounds {
		for i, s := range t.sides {
			r := testing.Benchmark(func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s.run()
				}
			})
			if ns := float64(r.T.Nanoseconds()) / float64(r.N); best[i].ns == 0 || ns < best[i].ns {
				best[i] = result{ns, r.AllocedBytesPerOp(), r.AllocsPerOp()}
			}
		}
	}
	ratio := best[0].ns / best[1].ns
	verdict := ""
	ok := best[0].allocs <= t.allocs
	if t.target > 0 {
		ok = ok && ratio <= t.target
		verdict = fmt.Sprintf(", at most %.2f", t.target)
	}
	mark := "ok"
	if !ok {
		mark = "MISSED"
	}
	fmt.Printf("%s: %.2fx %s%s; %d allocs, at most %d: %s\n", t.name, ratio, t.sides[1].name, verdict, best[0].allocs, t.allocs, mark)
	for i, s := range t.sides {
		fmt.Printf("  %-18s %8.0f ns %7d B %3d allocs\n", s.name, best[i].ns, best[i].bytes, best[i].allocs)
	}
	return ok
}

// must is for configurations that are written here.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
