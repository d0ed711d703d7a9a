module github.com/gambeson-go/gambeson/tests

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	golang.org/x/mod v0.41.0
)
