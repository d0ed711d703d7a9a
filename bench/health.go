package main

import (
	"context"
	"net/http"
	"time"

	alex "github.com/alexliesenfeld/health"

	"github.com/gambeson-go/gambeson/health"
)

func healthTasks() []task {
	fine := func(context.Context) error { return nil }
	h := must(health.New(health.Config{Checks: []health.Check{{Name: "database", Func: fine, TTL: time.Hour}}}))
	r := request("GET")
	r.URL.Path = "/readyz"
	peer := alex.NewHandler(alex.NewChecker(alex.WithCacheDuration(time.Hour), alex.WithCheck(alex.Check{Name: "database", Check: fine})))
	return []task{
		{"health, cached probe", 1, []side{
			serve("gambeson", h.Handler(), r, 0),
			serve("alexliesenfeld/health", peer, r, 0.1),
		}, 0},
		{"health, passed on", 0, []side{
			serve("gambeson", h.Wrap(nothing), request("GET"), 0),
			serve("nothing", http.Handler(nothing), request("GET"), 0),
		}, 0},
	}
}
