module github.com/gambeson-go/gambeson/bench

go 1.26.0

require (
	github.com/go-chi/cors v1.2.2
	github.com/gorilla/handlers v1.5.2
	github.com/rs/cors v1.11.1
	github.com/unrolled/secure v1.17.0
)

require github.com/felixge/httpsnoop v1.0.3 // indirect
