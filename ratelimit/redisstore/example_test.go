package redisstore_test

import (
	"log"
	"log/slog"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/ratelimit/redisstore"
)

// Three processes share their limits. While Redis is down, each admits a third, and nobody logs in.
func Example() {
	store, err := redisstore.New(redisstore.Config{
		Client: redis.NewClient(&redis.Options{
			Addr:                  "redis:6379",
			ContextTimeoutEnabled: true, // a hung Redis holds no request longer than Deadline
			MaxRetries:            -1,   // no request is charged twice
			DialerRetries:         1,
		}),
		FallbackShare: 1.0 / 3,
		OnStateChange: func(down bool, err error) {
			if down {
				slog.Error("rate limits are not shared: deciding without Redis", "err", err)
				return
			}
			slog.Info("rate limits are shared again")
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	limiter, err := ratelimit.New(ratelimit.Config{
		Store: store,
		Policies: []ratelimit.Policy{
			{Name: "default", Limit: ratelimit.Per(100, time.Minute), Burst: 100},
			{Name: "login", Limit: ratelimit.Per(5, time.Hour), Burst: 5, FailClosed: true, Refundable: true,
				Key: func(r *http.Request) string {
					if r.URL.Path != "/login" {
						return "" // this policy is for logins
					}
					return ratelimit.ByIP(nil, 0)(r)
				}},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/", limiter.Wrap(http.NotFoundHandler()))
}

// A Cluster. MaxRedirects may stay: it follows slots to their nodes, and sends nothing twice.
func ExampleNew_cluster() {
	store, err := redisstore.New(redisstore.Config{
		Client: redis.NewClusterClient(&redis.ClusterOptions{
			Addrs:                 []string{"redis-0:6379", "redis-1:6379", "redis-2:6379"},
			ContextTimeoutEnabled: true,
			DialerRetries:         1,
		}),
		Deadline: 30 * time.Millisecond,
	})
	if err != nil {
		log.Fatal(err)
	}
	_ = store
}
