package main

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/go-chi/httprate"
	"github.com/sethvargo/go-limiter/httplimit"
	"github.com/sethvargo/go-limiter/memorystore"
	"github.com/throttled/throttled/v2"
	throttledmem "github.com/throttled/throttled/v2/store/memstore"
	"github.com/ulule/limiter/v3"
	ulule "github.com/ulule/limiter/v3/drivers/middleware/stdlib"
	ululemem "github.com/ulule/limiter/v3/drivers/store/memory"
	"golang.org/x/time/rate"

	"github.com/gambeson-go/gambeson/ratelimit"
)

const many = 1 << 30 // nobody is denied

// bareMap is what everybody writes first: a map of x/time/rate limiters behind a mutex.
func bareMap(next http.Handler) http.Handler {
	var mu sync.Mutex
	limiters := map[netip.Addr]*rate.Limiter{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		mu.Lock()
		l := limiters[client.Addr()]
		if l == nil {
			l = rate.NewLimiter(many, many)
			limiters[client.Addr()] = l
		}
		mu.Unlock()
		if !l.Allow() {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ours has one and a half slots for each of the 100,000 clients, as NewMemory's documentation has it.
func ours(style ratelimit.HeaderStyle) http.Handler {
	return must(ratelimit.New(ratelimit.Config{Headers: style, Store: ratelimit.NewMemory(150_000), Policies: []ratelimit.Policy{
		{Name: "client", Limit: 1e8, Burst: many}},
	})).Wrap(nothing)
}

// peers are limiters by address with their headers, each as its documentation shows it.
func peers(next func() func() *http.Request, target float64) []side {
	quota := throttled.RateQuota{MaxRate: throttled.PerSec(1e9), MaxBurst: many}
	gcra := must(throttled.NewGCRARateLimiterCtx(must(throttledmem.NewCtx(0)), quota))
	byIP := func(r *http.Request) (string, error) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		return host, err
	}
	return []side{
		serveNext("httprate", httprate.LimitBy(many, time.Minute, byIP)(nothing), next(), target),
		serveNext("go-limiter", must(httplimit.NewMiddleware(must(memorystore.New(&memorystore.Config{Tokens: many, Interval: time.Minute})),
			httplimit.IPKeyFunc())).Handle(nothing), next(), target),
		serveNext("throttled", (&throttled.HTTPRateLimiterCtx{RateLimiter: gcra, VaryBy: vary(byIP)}).RateLimit(nothing), next(), target),
		serveNext("ulule/limiter", ulule.NewMiddleware(limiter.New(ululemem.NewStore(), limiter.Rate{Period: time.Minute, Limit: many})).Handler(nothing), next(), target),
	}
}

type vary func(*http.Request) (string, error)

func (v vary) Key(r *http.Request) string { key, _ := v(r); return key }

func ratelimitTasks() []task {
	one := request("GET")
	same := func() *http.Request { return one }
	known := make([]string, 100_000)
	for i := range known {
		known[i] = addr(i)
	}
	// Each side walks on its own, so that all meet the same keys. The request is warm, address and all, as one is that was
	// just read: the next few are looked at together, or every side would wait for the memory of the list.
	cycle := func() func() *http.Request {
		const few = 16
		var next [few]string
		var seen byte
		i := 0
		r := request("GET")
		return func() *http.Request {
			if i%few == 0 {
				for j := range next {
					next[j] = known[(i+j)*7919%len(known)]
					seen += next[j][0]
				}
			}
			r.RemoteAddr = next[i%few]
			i++
			return r
		}
	}
	fresh := func() func() *http.Request {
		i := 0
		r := request("GET")
		return func() *http.Request { i++; r.RemoteAddr = addr(i); return r }
	}
	withHeaders := func(name string, grows int, next func() func() *http.Request) task {
		sides := []side{serveNext("gambeson", ours(ratelimit.Draft11), next(), 0)}
		return task{name, 3, append(sides, peers(next, 0.5)...), grows}
	}
	bare := func(name string, grows int, allocs int64, next func() func() *http.Request) task {
		return task{name, allocs, []side{
			serveNext("gambeson, no headers", ours(ratelimit.NoHeaders), next(), 0),
			serveNext("map of x/time/rate", bareMap(nothing), next(), 1),
		}, grows}
	}
	constant := func() func() *http.Request { return same }
	return []task{
		withHeaders("ratelimit, one key", 0, constant),
		withHeaders("ratelimit, 100,000 keys", len(known), cycle),
		withHeaders("ratelimit, ever-new keys", len(known), fresh),
		bare("ratelimit without headers, one key", 0, 0, constant),
		bare("ratelimit without headers, 100,000 keys", len(known), 0, cycle),
		bare("ratelimit without headers, ever-new keys", len(known), 2, fresh), // the two are the key's own text
	}
}

func addr(i int) string {
	return fmt.Sprintf("10.%d.%d.%d:4711", i>>16&255, i>>8&255, i&255)
}
