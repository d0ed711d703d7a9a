// Package redisstore lets several processes share their rate limits through Redis or Valkey.
//
//	store, err := redisstore.New(redisstore.Config{
//		Client: redis.NewClient(&redis.Options{
//			Addr:                  "redis:6379",
//			ContextTimeoutEnabled: true,
//			MaxRetries:            -1,
//			DialerRetries:         1,
//		}),
//	})
//	…
//	limiter, err := ratelimit.New(ratelimit.Config{Store: store, Policies: …})
//
// One script call decides a request, whatever the number of its policies, by the clock of
// Redis: those of the processes do not matter. Answers are remembered in a table in this
// process. A client that is over the limit is denied from there, without Redis, until it has
// tokens again; nobody is denied wrongly, since Redis knows of at least as much debt.
//
// # Rules
//
//   - New wants a client with ContextTimeoutEnabled and MaxRetries -1, and says so. DialerRetries 1 is wise: with the five
//     of go-redis, a server that refuses connections looks like one that is slow.
//   - Mark logins FailClosed: they get 503 while Redis is down. All else is then decided in this process, by FallbackShare
//     of its limit. With a share of 1 and n processes, n times the limit passes while it lasts.
//   - Set OnStateChange and log it. It is called once for an outage, and no request ever logs anything. go-redis itself
//     writes a line for each connection that fails, which are few, as nobody but a probe tries; redis.SetLogger silences it.
//   - Refundable policies ask Redis even for clients known to be over the limit: their tokens may have come back elsewhere.
//     An attack on a login is denied all the same, but at the price of a call a request.
//   - Deadline must be longer than four round trips, or no new connection is ever ready in time: Redis belongs into the same
//     region.
//   - One limit has one Prefix, Policy name, Limit and Burst in all processes. While a new limit rolls out, both count on the
//     same bucket; nobody owes more than a full one.
//
// # When Redis fails
//
// Slow, hung, gone, restarting, read-only, full, another password, scripts flushed: a call
// that fails or takes longer than Deadline is decided here, from what Redis said last on.
// Five failures in a row, or half of the calls of a second, open a breaker: no request waits
// any more. One probe at a time, every ProbeEvery or so, finds out whether Redis takes and
// writes within the Deadline, and closes it. What was admitted meanwhile stays unknown to
// Redis. A call that timed out may have been charged there nevertheless; it is never sent twice.
//
// # Durability
//
// A limit is worth less than its latency: no persistence is needed. A Redis that restarts
// empty, or fails over to a replica that lags behind, has forgotten some requests: at most
// one burst for each client is admitted again. Processes that remember a denial keep to it.
//
// A key expires a moment after its bucket is full, which is what a missing key means.
// Evicted earlier, it would be a present to its client: use noeviction with memory to spare,
// or volatile-ttl, which evicts those first who are next to full. Never allkeys-lru: a flood
// of fresh clients would reset the exhausted ones. With noeviction a full server refuses
// writes, and the Store works as if it were down. A clock that is set back, or a failover to
// a server whose clock is behind, costs a client one window (Burst divided by Limit) at most.
//
// # Sizing
//
// A bucket that is not full takes about 160 bytes, for each client and policy. Those are the
// clients who are active within one window; count those of an attack too. A decision takes
// Redis about 10 µs: some 50,000 a second, on one core, which is all it uses. More policies
// cost less than more calls. In this process there are two tables for each policy, of
// Config.Slots. A limit is at most 1,000,000 tokens a second, since time is counted in
// microseconds; beyond 10,000 a second, it is kept to 1 in 100 only.
//
// Keys are hashed (128 bits of SHA-256, without a secret). Clients' addresses do not stand in
// Redis, but who can read it can find them by trying all.
//
// # Cluster
//
// The hash tag of a key is the client, so all policies on one client are one call to one node.
// Policies on different clients' keys in one request, as an address and a user, lie on different nodes, and no
// command spans these: the Store then asks one after the other, a call for each key, all
// within one Deadline. When the second denies, it gives the first its tokens back. That never
// admits too many. For the time of that call, the first bucket has less than it should, and
// another request may be denied because of it; it remembers that for as long as one token
// takes to grow. Tokens are lost if the node fails right then.
//
// Where that matters more than spreading the load, give the Prefix a hash tag,
// "ratelimit{all}:". All keys then have one slot: one call, all or nothing, and one node for
// all limits. One node is enough for most. Without Cluster, all this is so anyway.
//
// Each sixteenth of the slots has a breaker of its own: a node that is down leaves the other
// nodes' clients alone. Redirections (MOVED, ASK) are followed.
//
// # Metrics
//
// Stats counts, and Config.OnStateChange tells when the Store goes down and comes back. For Prometheus:
//
//	up := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
//		Name: "ratelimit_store_up", Help: "Whether Redis decides, and not this process alone.",
//	}, func() float64 {
//		if store.Stats().Down {
//			return 0
//		}
//		return 1
//	})
//
// # Servers
//
// Redis 5 or later, or Valkey, whose scripts and commands are the same. As an ACL,
// "~ratelimit:* +evalsha +eval +time +mget +set +del" is enough; for a Cluster add
// "+cluster|slots +asking". A *redis.Client through Sentinel works. A *redis.Ring is refused, since
// it moves keys between servers.
package redisstore
