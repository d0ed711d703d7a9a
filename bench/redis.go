package main

import (
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/ratelimit/redisstore"
)

// server is the address of a redis-server for this run alone. When this process is gone, however it went, a pipe closes,
// and a shell ends the server.
var server = sync.OnceValue(func() string {
	if _, err := exec.LookPath("redis-server"); err != nil {
		fmt.Fprintln(os.Stderr, "these tasks need redis-server: apt-get install redis-server")
		os.Exit(2)
	}
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command("sh", "-c", `"$@" >&2 & server=$!; cat; kill $server`, "sh", "redis-server",
		"--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--loglevel", "warning")
	must(cmd.StdinPipe())
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	go cmd.Wait() // which holds the pipe
	for range 100 {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return addr
		}
		time.Sleep(50 * time.Millisecond)
	}
	panic("redis-server does not answer")
})

const workers = 16

// batch is workers deciding at the same time, ten times each, as the requests of a server do.
func batch(name string, target float64, open func(*redis.Client) func(n int)) side {
	decide := sync.OnceValue(func() func(int) {
		return open(redis.NewClient(&redis.Options{Addr: server(), ContextTimeoutEnabled: true, MaxRetries: -1, PoolSize: workers}))
	})
	n := 0
	return side{name, func() {
		var wg sync.WaitGroup
		for w := range workers {
			at := n + 10*w
			wg.Go(func() {
				for i := range 10 {
					decide()(at + i)
				}
			})
		}
		wg.Wait()
		n += 10 * workers
	}, target}
}

func redisTasks() []task {
	ctx := context.Background()
	compare := func(name string, key func(n int) string) task {
		return task{name, math.MaxInt64, []side{
			batch("gambeson", 0, func(c *redis.Client) func(int) {
				// Late is no answer here: whatever else the machine does, both sides decide on the server.
				store := must(redisstore.New(redisstore.Config{Client: c, Deadline: time.Second, Prefix: "bench:" + name}))
				return func(n int) {
					must(store.Take(ctx, []ratelimit.Ask{{Policy: "p", Key: key(n), Emission: time.Microsecond, Burst: 1 << 40, Cost: 1}}))
					if n%1000 == 0 && store.Stats().Failures > 0 {
						panic("it decided without Redis")
					}
				}
			}),
			batch("redis_rate", 1, func(c *redis.Client) func(int) {
				limiter := redis_rate.NewLimiter(c)
				limit := redis_rate.Limit{Rate: 1e6, Burst: 1e6, Period: time.Second}
				return func(n int) { must(limiter.Allow(ctx, name+key(n), limit)) }
			}),
		}, 0}
	}
	keys := make([]string, 10_000)
	for i := range keys {
		keys[i] = fmt.Sprint("client", i)
	}
	return []task{
		compare("redis, 160 decisions of 16 workers, one key", func(int) string { return "hot" }),
		compare("redis, 160 decisions of 16 workers, 10,000 keys", func(n int) string { return keys[n%len(keys)] }),
	}
}
