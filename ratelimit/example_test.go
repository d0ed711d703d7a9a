package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// call is one request of a client, for the examples.
func call(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func hello(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") }

func Example() {
	limiter, err := ratelimit.New(ratelimit.Config{
		Policies: []ratelimit.Policy{
			{Name: "burst", Limit: ratelimit.Per(2, time.Minute), Burst: 2},
			{Name: "hourly", Limit: ratelimit.Per(1000, time.Hour), Burst: 1000},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := limiter.Wrap(http.HandlerFunc(hello))
	for range 3 {
		w := call(h, "GET", "/")
		fmt.Println(w.Code, w.Header().Get("RateLimit"))
	}
	// Output:
	// 200 "burst";r=1;t=30, "hourly";r=999;t=3597
	// 200 "burst";r=0;t=30, "hourly";r=998;t=3593
	// 429 "burst";r=0;t=30
}

// All that is wrong is said at once.
func ExampleNew_errors() {
	_, err := ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{{Name: "default", Burst: 10}, {Name: "default", Limit: 1}}})
	fmt.Println(err)
	_, ok := errors.AsType[*ratelimit.ConfigError](err)
	fmt.Println(ok)
	// Output:
	// ratelimit: Policies[0].Limit 0: is not positive: spent tokens would never come back; write tokens a second, such as Per(100, time.Minute)
	// ratelimit: Policies[1].Name "default": is the name of Policies[0] too; give each policy its own name
	// ratelimit: Policies[1].Burst 0: admits nothing; write at least 1; without bursts, 1
	// true
}

// Strict on the login, generous elsewhere: each limiter wraps what it is for. A login that succeeds costs nothing.
func ExampleRefund() {
	general, err := ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{
		{Name: "general", Limit: ratelimit.Per(100, time.Second), Burst: 200},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	strict, err := ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{
		{Name: "login", Limit: ratelimit.Per(3, time.Hour), Burst: 3, FailClosed: true, Refundable: true},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	login := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Password") != "correct horse" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		ratelimit.Refund(r.Context())
		fmt.Fprintln(w, "welcome")
	})
	mux := http.NewServeMux()
	mux.Handle("POST /login", strict.Wrap(login))
	mux.HandleFunc("/", hello)
	h := general.Wrap(mux)

	for range 10 {
		call(h, "POST", "/login", "Password", "correct horse")
	}
	for range 4 {
		fmt.Println(call(h, "POST", "/login", "Password", "guess").Code)
	}
	fmt.Println(call(h, "GET", "/").Code)
	// Output:
	// 401
	// 401
	// 401
	// 429
	// 200
}

type userKey struct{}

// A limit for each user goes inside authentication, where the user is known.
func ExamplePolicy_user() {
	perUser, err := ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{{
		Name: "user", Limit: ratelimit.Per(1, time.Minute), Burst: 1,
		Key: func(r *http.Request) string {
			user, _ := r.Context().Value(userKey{}).(string)
			return "user " + user // never "": that would exempt
		},
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	auth := func(next http.Handler) http.Handler { // yours
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := context.WithValue(r.Context(), userKey{}, r.Header.Get("User"))
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
	h := auth(perUser.Wrap(http.HandlerFunc(hello)))
	fmt.Println(call(h, "GET", "/", "User", "ann").Code, call(h, "GET", "/", "User", "ann").Code, call(h, "GET", "/", "User", "bob").Code)
	// Output: 200 429 200
}

// A limit for each API key, beside one by address for those who make keys up.
func ExampleByHeader() {
	limiter, err := ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{
		{Name: "key", Limit: ratelimit.Per(2, time.Hour), Burst: 2, Key: ratelimit.ByHeader("X-API-Key")},
		{Name: "address", Limit: ratelimit.Per(4, time.Hour), Burst: 4},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := limiter.Wrap(http.HandlerFunc(hello))
	for _, key := range []string{"k1", "k1", "k1", "k2", "k3", "k4"} {
		w := call(h, "GET", "/", "X-API-Key", key)
		fmt.Println(key, w.Code, w.Header().Get("RateLimit"))
	}
	// Output:
	// k1 200 "key";r=1;t=1800, "address";r=3;t=2700
	// k1 200 "key";r=0;t=1800, "address";r=2;t=1800
	// k1 429 "key";r=0;t=1800
	// k2 200 "key";r=1;t=1800, "address";r=1;t=900
	// k3 200 "key";r=1;t=1800, "address";r=0;t=900
	// k4 429 "address";r=0;t=900
}

// A new limit is first watched on live traffic, then enforced.
func ExamplePolicy_shadow() {
	limiter, err := ratelimit.New(ratelimit.Config{
		Policies: []ratelimit.Policy{{Name: "next month", Limit: ratelimit.Per(1, time.Minute), Burst: 1, Shadow: true}},
		OnDecision: func(r *http.Request, d ratelimit.Decision) {
			if d.Shadowed != nil {
				fmt.Println("would be denied by", d.Shadowed)
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := limiter.Wrap(http.HandlerFunc(hello))
	fmt.Println(call(h, "GET", "/").Code)
	fmt.Println(call(h, "GET", "/").Code)
	// Output:
	// 200
	// would be denied by [next month]
	// 200
}

// One limiter, a bucket for each client and route.
func ExampleByRoute() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", hello)
	mux.HandleFunc("GET /search", hello)
	limiter, err := ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{{
		Name: "route", Limit: ratelimit.Per(1, time.Minute), Burst: 1,
		Key: ratelimit.Join(ratelimit.ByIP(nil, 0), ratelimit.ByRoute(mux)),
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := limiter.Wrap(mux)
	fmt.Println(call(h, "GET", "/items/1").Code, call(h, "GET", "/items/2").Code, call(h, "GET", "/search").Code)
	// Output: 200 429 200
}

func ExampleNewConcurrency() {
	gate, err := ratelimit.NewConcurrency(ratelimit.ConcurrencyConfig{
		Limit: 100, Queue: 200, MaxWait: 2 * time.Second,
		Reserved: 10, Critical: func(r *http.Request) bool { return r.URL.Path == "/checkout" },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(call(gate.Wrap(http.HandlerFunc(hello)), "GET", "/").Code)
	// Output: 200
}
