package redisstore_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gambeson-go/gambeson/ratelimit/redisstore"
)

func TestConfigErrors(t *testing.T) {
	good := client(t, "127.0.0.1:1")
	cluster := func(change func(*redis.ClusterOptions)) redis.UniversalClient {
		opt := &redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: true}
		change(opt)
		c := redis.NewClusterClient(opt)
		t.Cleanup(func() { c.Close() })
		return c
	}
	plain := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	ring := redis.NewRing(&redis.RingOptions{})
	t.Cleanup(func() { plain.Close(); ring.Close() })
	for _, c := range []struct {
		name  string
		cfg   redisstore.Config
		field []string
		fix   string
	}{
		{"no client", redisstore.Config{}, []string{"Client"}, "redis.NewClient"},
		{"nil client", redisstore.Config{Client: (*redis.Client)(nil)}, []string{"Client"}, "redis.NewClient"},
		{"nil cluster", redisstore.Config{Client: (*redis.ClusterClient)(nil)}, []string{"Client"}, "redis.NewClusterClient"},
		{"default options", redisstore.Config{Client: plain}, []string{"Client.ContextTimeoutEnabled", "Client.MaxRetries"}, "redis.Options.MaxRetries to -1"},
		{"cluster", redisstore.Config{Client: cluster(func(o *redis.ClusterOptions) { o.ContextTimeoutEnabled, o.MaxRetries = false, 2 })},
			[]string{"Client.ContextTimeoutEnabled", "Client.MaxRetries"}, "redis.ClusterOptions.ContextTimeoutEnabled"},
		{"replicas", redisstore.Config{Client: cluster(func(o *redis.ClusterOptions) { o.RouteRandomly = true })}, []string{"Client.ReadOnly"}, "without ReadOnly"},
		{"ring", redisstore.Config{Client: ring}, []string{"Client"}, "ClusterClient"},
		{"another type", redisstore.Config{Client: struct{ redis.UniversalClient }{good}}, []string{"Client"}, "AddHook"},
		{"deadline", redisstore.Config{Client: good, Deadline: -1}, []string{"Deadline"}, "50ms"},
		{"long deadline", redisstore.Config{Client: good, Deadline: time.Minute}, []string{"Deadline"}, "50ms"},
		{"probe", redisstore.Config{Client: good, ProbeEvery: time.Hour}, []string{"ProbeEvery"}, "500ms"},
		{"share", redisstore.Config{Client: good, FallbackShare: 1.5}, []string{"FallbackShare"}, "1.0/4"},
		{"no share", redisstore.Config{Client: good, FallbackShare: math.NaN()}, []string{"FallbackShare"}, "1.0/4"},
		{"slots", redisstore.Config{Client: good, Slots: -1}, []string{"Slots"}, "65,536"},
		{"many slots", redisstore.Config{Client: good, Slots: 1 << 30}, []string{"Slots"}, "65,536"},
		{"prefix", redisstore.Config{Client: good, Prefix: "a{}b"}, []string{"Prefix"}, "{all}"},
		{"all at once", redisstore.Config{Client: plain, Deadline: -1, ProbeEvery: -1, FallbackShare: -1, Slots: -1, Prefix: "{}"},
			[]string{"Client.ContextTimeoutEnabled", "Client.MaxRetries", "Prefix", "Deadline", "ProbeEvery", "FallbackShare", "Slots"}, ""},
	} {
		_, err := redisstore.New(c.cfg)
		if err == nil {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		if _, ok := errors.AsType[*redisstore.ConfigError](err); !ok {
			t.Errorf("%s: %T", c.name, err)
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(c.field) || !strings.Contains(err.Error(), c.fix) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, field := range c.field {
			if !strings.HasPrefix(lines[i], "redisstore: "+field+" ") && !strings.HasPrefix(lines[i], "redisstore: "+field+":") {
				t.Errorf("%s: %s, want %s", c.name, lines[i], field)
			}
		}
	}
}

func TestConfigDefaults(t *testing.T) {
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: true})
	t.Cleanup(func() { c.Close() })
	failover := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "m", SentinelAddrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: true, MaxRetries: -1})
	t.Cleanup(func() { failover.Close() })
	for _, client := range []redis.UniversalClient{c, failover, client(t, "127.0.0.1:1")} {
		s, err := redisstore.New(redisstore.Config{Client: client})
		if err != nil {
			t.Fatal(err)
		}
		if cfg := s.Config(); cfg.Prefix != "ratelimit:" || cfg.Deadline != 50*time.Millisecond || cfg.FallbackShare != 1 || cfg.ProbeEvery != 500*time.Millisecond {
			t.Errorf("%+v", cfg)
		}
	}
}
