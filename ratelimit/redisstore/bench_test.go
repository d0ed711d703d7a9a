package redisstore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/ratelimit/redisstore"
)

// BenchmarkTake is decisions by 16 workers on one server, beside a PING: what go-redis and the loopback interface cost
// alone. decisions/s is the number to compare.
func BenchmarkTake(b *testing.B) {
	srv := startServer(b)
	c := client(b, srv.addr)
	ctx := context.Background()
	a := ratelimit.Ask{Policy: "p", Key: "hot", Emission: time.Microsecond, Burst: 1 << 40, Cost: 1}
	keys := make([]string, 10_000)
	for i := range keys {
		keys[i] = fmt.Sprint("client", i)
	}
	run := func(name string, op func(i int)) {
		b.Run(name, func(b *testing.B) {
			var n atomic.Int64
			b.SetParallelism(8)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					op(int(n.Add(1)))
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
	take := func(s *redisstore.Store, asks ...ratelimit.Ask) {
		if _, err := s.Take(ctx, asks); err != nil {
			b.Error(err)
		}
	}
	store := newStore(b, redisstore.Config{Client: c})
	run("ping", func(int) { c.Ping(ctx) })
	run("keys", func(i int) { a := a; a.Key = keys[i%len(keys)]; take(store, a) })
	run("hot", func(int) { take(store, a) })
	run("policies=3", func(int) {
		asks := []ratelimit.Ask{a, a, a}
		asks[1].Policy, asks[2].Policy = "q", "r"
		take(store, asks...)
	})
	denied := hourly("d", "hot", 1)
	take(store, denied)
	run("denied", func(int) { take(store, denied) })
	down := newStore(b, redisstore.Config{Client: client(b, "127.0.0.1:1")})
	run("down", func(int) { take(down, a) })
	if st := store.Stats(); st.Failures > 0 {
		b.Errorf("%+v", st)
	}
}
