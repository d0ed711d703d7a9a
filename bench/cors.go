package main

import (
	"fmt"
	"net/http"
	"time"

	chicors "github.com/go-chi/cors"
	"github.com/gorilla/handlers"
	rscors "github.com/rs/cors"

	"github.com/gambeson-go/gambeson/cors"
)

var (
	methods = []string{"GET", "POST", "PUT"}
	names   = []string{"Authorization", "Content-Type", "X-Custom"}
	exposed = []string{"X-Request-Id"}
)

// corsSides is the same policy in four libraries.
func corsSides(origins []string, r *http.Request, target float64) []side {
	return []side{
		serve("gambeson", must(cors.New(cors.Config{
			AllowedOrigins: origins, AllowedMethods: []string{"PUT"}, AllowedHeaders: names, ExposedHeaders: exposed, MaxAge: time.Hour,
		})).Wrap(nothing), r, 0),
		serve("rs/cors", rscors.New(rscors.Options{
			AllowedOrigins: origins, AllowedMethods: methods, AllowedHeaders: names, ExposedHeaders: exposed, MaxAge: 3600,
		}).Handler(nothing), r, target),
		serve("go-chi/cors", chicors.Handler(chicors.Options{
			AllowedOrigins: origins, AllowedMethods: methods, AllowedHeaders: names, ExposedHeaders: exposed, MaxAge: 3600,
		})(nothing), r, 0),
		serve("gorilla/handlers", handlers.CORS(
			handlers.AllowedOrigins(origins), handlers.AllowedMethods(methods), handlers.AllowedHeaders(names),
			handlers.ExposedHeaders(exposed), handlers.MaxAge(3600),
		)(nothing), r, 0),
	}
}

func corsTasks() []task {
	one := []string{"https://app.example.com"}
	var hundred []string
	for i := range 100 {
		hundred = append(hundred, fmt.Sprintf("https://app%d.example.com", i))
	}
	last := hundred[99]
	preflight := func(origin string) *http.Request {
		return request("OPTIONS", "Origin", origin, "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "content-type")
	}
	const stranger = "https://evil.example.org"
	return []task{
		{"cors, no Origin", 1, corsSides(one, request("GET"), 1.5), 0},
		{"cors, allowed, 1 origin", 2, corsSides(one, request("GET", "Origin", one[0]), 1.2), 0},
		{"cors, allowed, 100 origins", 2, corsSides(hundred, request("GET", "Origin", last), 0.7), 0},
		{"cors, refused, 100 origins", 2, corsSides(hundred, request("GET", "Origin", stranger), 0), 0},
		{"cors, preflight, 1 origin", 4, corsSides(one, preflight(one[0]), 1.2), 0},
		{"cors, preflight, 100 origins", 4, corsSides(hundred, preflight(last), 0), 0},
	}
}
