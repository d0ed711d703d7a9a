// Quickstart is an ordinary server, wrapped.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/cors"
	"github.com/gambeson-go/gambeson/ratelimit"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "Hello!")
	})

	stack, err := gambeson.Default() // health, logging, metrics, security headers, CSRF, limits of size and time
	check(err)
	stack.CORS, err = cors.New(cors.Config{AllowedOrigins: []string{"http://localhost:5173"}})
	check(err)
	stack.RateLimit, err = ratelimit.New(ratelimit.Config{Policies: []ratelimit.Policy{
		{Name: "client", Limit: ratelimit.Per(300, time.Minute), Burst: 60},
	}})
	check(err)
	handler, err := stack.Build(mux)
	check(err)
	check(stack.Health.Serve(context.Background(), gambeson.Server("127.0.0.1:8080", handler), nil)) // drains on SIGTERM
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
