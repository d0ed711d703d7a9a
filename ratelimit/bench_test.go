package ratelimit_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/time/rate"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// blank is a response that costs nothing itself; its header map is used again and again, as that of a connection.
type blank struct{ h http.Header }

func (b *blank) Header() http.Header         { return b.h }
func (b *blank) Write(p []byte) (int, error) { return len(p), nil }
func (b *blank) WriteHeader(int)             {}

// bareMap is what everyone writes first: a map of x/time/rate limiters behind a mutex, without headers.
type bareMap struct {
	mu sync.Mutex
	m  map[netip.Addr]*rate.Limiter
	l  rate.Limit
	b  int
}

func (b *bareMap) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		addr, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		b.mu.Lock()
		l := b.m[addr.Addr()]
		if l == nil {
			l = rate.NewLimiter(b.l, b.b)
			b.m[addr.Addr()] = l
		}
		b.mu.Unlock()
		if !l.Allow() {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func addresses(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("10.%d.%d.%d:4711", i>>16&255, i>>8&255, i&255)
	}
	return out
}

// BenchmarkWrap measures the whole middleware around an empty handler, beside the bare map in the same run.
func BenchmarkWrap(b *testing.B) {
	const never = 1e-3 // so slow that a bucket, once empty, stays so
	kinds := []struct {
		name string
		make func(b *testing.B, l rate.Limit, burst int) func(http.Handler) http.Handler
	}{
		{"bare map", func(b *testing.B, l rate.Limit, burst int) func(http.Handler) http.Handler {
			return (&bareMap{m: map[netip.Addr]*rate.Limiter{}, l: l, b: burst}).Wrap
		}},
		{"no headers", func(b *testing.B, l rate.Limit, burst int) func(http.Handler) http.Handler {
			return newLimiter(b, ratelimit.Config{
				Policies: []ratelimit.Policy{{Name: "default", Limit: l, Burst: burst}},
				Headers:  ratelimit.NoHeaders, Store: ratelimit.NewMemory(1 << 18),
			}).Wrap
		}},
		{"draft 11", func(b *testing.B, l rate.Limit, burst int) func(http.Handler) http.Handler {
			return newLimiter(b, ratelimit.Config{
				Policies: []ratelimit.Policy{{Name: "default", Limit: l, Burst: burst}},
				Store:    ratelimit.NewMemory(1 << 18),
			}).Wrap
		}},
		{"draft 11, two policies", func(b *testing.B, l rate.Limit, burst int) func(http.Handler) http.Handler {
			return newLimiter(b, ratelimit.Config{
				Policies: []ratelimit.Policy{{Name: "burst", Limit: l, Burst: burst}, {Name: "daily", Limit: l, Burst: burst}},
				Store:    ratelimit.NewMemory(1 << 18),
			}).Wrap
		}},
	}
	loads := []struct {
		name  string
		limit rate.Limit
		burst int
		keys  int
	}{
		{"allow, one key", 1e6, 1e9, 1},
		{"allow, 100k keys", 1e6, 1e9, 100_000},
		{"deny, one key", never, 1, 1},
	}
	empty := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, load := range loads {
		keys := addresses(load.keys)
		for _, kind := range kinds {
			b.Run(load.name+"/"+kind.name, func(b *testing.B) {
				h := kind.make(b, load.limit, load.burst)(empty)
				for _, key := range keys { // the first touch of each page of memory is not what is measured
					h.ServeHTTP(&blank{h: http.Header{}}, &http.Request{Method: "GET", RemoteAddr: key})
				}
				b.ReportAllocs()
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					r, w := &http.Request{Method: "GET"}, &blank{h: http.Header{}}
					for i := 0; pb.Next(); i++ {
						r.RemoteAddr = keys[i*7919%len(keys)]
						clear(w.h)
						h.ServeHTTP(w, r)
					}
				})
			})
		}
	}
	for _, kind := range kinds {
		b.Run("allow, new keys/"+kind.name, func(b *testing.B) {
			h := kind.make(b, 1, 10)(empty)
			b.ReportAllocs()
			r, w := &http.Request{Method: "GET"}, &blank{h: http.Header{}}
			for i := range b.N {
				r.RemoteAddr = "10." + strconv.Itoa(i>>16&255) + "." + strconv.Itoa(i>>8&255) + "." + strconv.Itoa(i&255) + ":1"
				clear(w.h)
				h.ServeHTTP(w, r)
			}
		})
	}
}
