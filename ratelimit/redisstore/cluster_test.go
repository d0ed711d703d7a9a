package redisstore_test

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/ratelimit/redisstore"
)

// startCluster makes a Redis Cluster of three nodes on the loopback interface.
func startCluster(t testing.TB) ([]*server, *redis.ClusterClient) {
	t.Helper()
	var nodes []*server
	var addrs []string
	for i := range 3 {
		bus := freePort(t)
		n := startServer(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-require-full-coverage", "no", "--cluster-node-timeout", "1000")
		n.do("CLUSTER", "SET-CONFIG-EPOCH", i+1)
		n.do("CLUSTER", "ADDSLOTSRANGE", i*5462, min(16383, i*5462+5461))
		if i > 0 {
			host, port, _ := net.SplitHostPort(n.addr)
			nodes[0].do("CLUSTER", "MEET", host, port, bus)
		}
		nodes, addrs = append(nodes, n), append(addrs, n.addr)
	}
	for _, n := range nodes {
		eventually(t, "the nodes know each other", func() bool {
			return n.info("cluster", "cluster_enabled") == "1" && clusterInfo(n, "cluster_slots_ok:16384") && clusterInfo(n, "cluster_state:ok")
		})
	}
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, ContextTimeoutEnabled: true, DialerRetries: 1})
	t.Cleanup(func() { c.Close() })
	return nodes, c
}

func clusterInfo(n *server, want string) bool {
	text, err := n.rdb.ClusterInfo(context.Background()).Result()
	return err == nil && strings.Contains(text, want+"\r\n")
}

func TestCluster(t *testing.T) {
	nodes, c := startCluster(t)
	t.Run("slot", func(t *testing.T) {
		for _, tag := range []string{"", "a", "123456789", "user1000", "0PN5J17HBGZHT7JJ3X82"} {
			want := nodes[0].rdb.ClusterKeySlot(t.Context(), tag).Val()
			if got := redisstore.Slot(tag); int64(got) != want {
				t.Errorf("%q: slot %d, Redis says %d", tag, got, want)
			}
		}
	})
	t.Run("slots of prefixes", func(t *testing.T) {
		for _, prefix := range []string{"", "rl{all}:", "a{b", "a}b", "{{}", "}{"} {
			store := newStore(t, redisstore.Config{Client: c, Prefix: prefix})
			want := nodes[0].rdb.ClusterKeySlot(t.Context(), store.Key("client", "policy")).Val()
			other := nodes[0].rdb.ClusterKeySlot(t.Context(), store.Key("client", "other")).Val()
			if got := store.SlotOf("client"); int64(got) != want || want != other {
				t.Errorf("%q: slot %d, Redis says %d and %d", prefix, got, want, other)
			}
		}
	})
	t.Run("one key", func(t *testing.T) {
		store := newStore(t, redisstore.Config{Client: c, Prefix: "one:"})
		for i := range 100 {
			key := strconv.Itoa(i)
			a, b := hourly("a", key, 2), hourly("b", key, 1)
			if st := take(t, store, a, b); st[0].Denied || st[1].Denied {
				t.Fatalf("%+v", st)
			}
		}
		if st := store.Stats(); st.Calls != 100 || st.Failures != 0 {
			t.Errorf("one call a request: %+v", st)
		}
		for i, n := range nodes {
			if size := n.rdb.DBSize(t.Context()).Val(); size < 20 {
				t.Errorf("node %d has %d of 200 keys", i, size)
			}
		}
	})
	t.Run("two keys", func(t *testing.T) { twoKeys(t, c) })
	t.Run("one slot", func(t *testing.T) {
		store := newStore(t, redisstore.Config{Client: c, Prefix: "rl{all}:"})
		take(t, store, hourly("address", "x", 1), hourly("user", "y", 1))
		if st := store.Stats(); st.Calls != 1 {
			t.Errorf("%+v", st)
		}
	})
	t.Run("two stores, many at once", func(t *testing.T) {
		var admitted [20]int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 2 {
			store := newStore(t, redisstore.Config{Client: c, Prefix: "many:"})
			for range 4 {
				wg.Go(func() {
					for i := range 300 {
						if !take(t, store, hourly("p", strconv.Itoa(i%20), 25))[0].Denied {
							mu.Lock()
							admitted[i%20]++
							mu.Unlock()
						}
					}
				})
			}
		}
		wg.Wait()
		for i, n := range admitted {
			if n != 25 {
				t.Errorf("key %d: admitted %d of 25", i, n)
			}
		}
	})
	t.Run("ACL", func(t *testing.T) {
		for _, n := range nodes {
			n.do("ACL", "SETUSER", "limiter", "on", ">secret", "~ratelimit:*", "+evalsha", "+eval", "+time", "+mget", "+set", "+del", "+cluster|slots", "+asking")
		}
		opt := *c.Options()
		opt.Username, opt.Password = "limiter", "secret"
		limited := redis.NewClusterClient(&opt)
		defer limited.Close()
		store := newStore(t, redisstore.Config{Client: limited})
		for i := range 20 {
			take(t, store, hourly("p", strconv.Itoa(i), 1))
		}
		if st := store.Stats(); st.Failures != 0 {
			t.Errorf("%+v", st)
		}
	})
	t.Run("moved slot", func(t *testing.T) { movedSlot(t, nodes, c) })
	t.Run("node down", func(t *testing.T) { nodeDown(t, nodes, c) }) // last: it stays confused for a while
}

// twoKeys: what one node denies is given back on the other.
func twoKeys(t *testing.T, c *redis.ClusterClient) {
	store := newStore(t, redisstore.Config{Client: c, Prefix: "two:"})
	address, shadow, user := hourly("address", "192.0.2.1", 9), hourly("shadow", "192.0.2.1", 1), hourly("user", "u", 2)
	shadow.Shadow = true
	for range 2 {
		take(t, store, address, shadow, user)
	}
	if st := store.Stats(); st.Calls != 4 {
		t.Errorf("a call for each key: %+v", st)
	}
	for range 3 { // each with an empty memory, so that Redis is asked
		fresh := newStore(t, redisstore.Config{Client: c, Prefix: "two:"})
		st := take(t, fresh, address, shadow, user)
		if st[0].Denied || !st[1].Denied || !st[2].Denied || left(address, st[0]) != 7 || left(shadow, st[1]) != 0 {
			t.Errorf("%+v", st)
		}
		look := address
		look.Cost = 0
		if got := take(t, fresh, look)[0]; left(address, got) != 7 {
			t.Errorf("%d left after a denial elsewhere", left(address, got))
		}
		if st := fresh.Stats(); st.Calls != 4 { // address, user, back to address, the look
			t.Errorf("%+v", st)
		}
		// It denies by itself from now on, and address alone it admits.
		if !take(t, fresh, address, shadow, user)[2].Denied || fresh.Stats().Calls != 4 {
			t.Error("the denial is not remembered")
		}
	}
	for i := range 7 {
		if take(t, store, address)[0].Denied {
			t.Errorf("address is denied at %d", i)
		}
	}
	if !take(t, store, address)[0].Denied {
		t.Error("too many")
	}
}

// movedSlot: when a slot has gone to another node, the client follows, though it never sends a command twice.
func movedSlot(t *testing.T, nodes []*server, c *redis.ClusterClient) {
	store := newStore(t, redisstore.Config{Client: c, Prefix: "moved:"})
	a := hourly("p", "some client", 1000)
	take(t, store, a)
	key := store.Key("some client", "p")
	slot := int(nodes[0].rdb.ClusterKeySlot(t.Context(), key).Val())
	from := slot / 5462
	to := (from + 1) % 3
	id := func(n *server) string { return n.rdb.Do(context.Background(), "CLUSTER", "MYID").Val().(string) }
	nodes[to].do("CLUSTER", "SETSLOT", slot, "IMPORTING", id(nodes[from]))
	nodes[from].do("CLUSTER", "SETSLOT", slot, "MIGRATING", id(nodes[to]))
	host, port, _ := net.SplitHostPort(nodes[to].addr)
	nodes[from].do("MIGRATE", host, port, key, 0, 5000)
	if st := take(t, store, a)[0]; left(a, st) != 998 { // ASK
		t.Errorf("while it moves: %d left", left(a, st))
	}
	for _, n := range []*server{nodes[to], nodes[from], nodes[3-to-from]} {
		n.do("CLUSTER", "SETSLOT", slot, "NODE", id(nodes[to]))
	}
	if st := take(t, store, a)[0]; left(a, st) != 997 { // MOVED
		t.Errorf("after it moved: %d left", left(a, st))
	}
	if st := store.Stats(); st.Failures != 0 || st.Local != 0 {
		t.Errorf("%+v", st)
	}
}

// nodeDown: a hung node takes its own keys with it, and leaves the others to Redis.
func nodeDown(t *testing.T, nodes []*server, c *redis.ClusterClient) {
	var told changes
	store := newStore(t, redisstore.Config{Client: c, Prefix: "down:", Deadline: 100 * time.Millisecond, OnStateChange: told.add})
	at := func(node int, n int) ratelimit.Ask { // a client whose bucket is on that node
		for i := 0; ; i++ {
			key := fmt.Sprint("client", n, "-", i)
			if slot := redisstore.Slot(tagIn(store.Key(key, ""))); slot/5462 == node && slot%5462 > 1024 && slot%5462 < 4096 {
				return hourly("p", key, 5)
			}
		}
	}
	for i := range 3 {
		take(t, store, at(i, 0))
	}
	goOn := nodes[1].hang()
	n := 0
	eventually(t, "the outage is told", func() bool { n++; take(t, store, at(1, n)); return told.are(true) })
	before := store.Stats()
	for i := range 50 {
		if take(t, store, at(0, i))[0].Denied || take(t, store, at(2, i))[0].Denied {
			t.Error("denied")
		}
	}
	if st := store.Stats(); st.Local != before.Local || st.Calls != before.Calls+100 || st.Failures != before.Failures {
		t.Errorf("the other nodes suffer: %+v, then %+v", before, st)
	}
	// A request with a key there is decided without Redis, and still charged on the node that works.
	mixed, there := at(0, 4000), at(1, 4000)
	mixed.Burst, there.Policy = 1, "q"
	if st := take(t, store, mixed, there); st[0].Denied {
		t.Errorf("the last token counts twice: %+v", st)
	}
	mixed, there = at(0, 5000), at(1, 5000)
	there.Policy = "q"
	for range 3 {
		take(t, store, mixed, there)
	}
	mixed.Cost = 0
	if st := take(t, store, mixed)[0]; left(mixed, st) != 2 {
		t.Errorf("%d left on the node that works", left(mixed, st))
	}
	goOn()
	eventually(t, "the end is told", func() bool {
		n++
		for slots := range 20 { // all parts that failed must be probed
			take(t, store, at(1, 1000+n*20+slots))
		}
		return told.are(true, false)
	})
}

func tagIn(key string) string {
	_, rest, _ := strings.Cut(key, "{")
	tag, _, _ := strings.Cut(rest, "}")
	return tag
}
