package cors_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/cors"
)

// What a test request cannot show: the header as the server parses it, lower-case names, doubled lines, and the answer
// as it goes over the wire.
func TestOverTheWire(t *testing.T) {
	m := mustNew(t, cors.Config{AllowedOrigins: []string{app}, AllowedMethods: []string{"PUT"}, AllowedHeaders: []string{"X-A", "X-B"}})
	srv := httptest.NewServer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "handler") })))
	defer srv.Close()
	tests := []struct {
		desc, head string
		status     int
		origin     string
		body       string
	}{
		{"actual", "GET / HTTP/1.1\r\norigin: " + app + "\r\n", 200, app, "handler"},
		{"refused", "GET / HTTP/1.1\r\nOrigin: https://evil.tld\r\n", 200, "", "handler"},
		{"two origins", "GET / HTTP/1.1\r\nOrigin: " + app + "\r\nOrigin: https://evil.tld\r\n", 200, "", "handler"},
		{"preflight", "OPTIONS / HTTP/1.1\r\nOrigin: " + app + "\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-a\r\nAccess-Control-Request-Headers: X-B\r\n", 204, app, ""},
		{"preflight refused", "OPTIONS / HTTP/1.1\r\nOrigin: " + app + "\r\nAccess-Control-Request-Method: PATCH\r\n", 403, "",
			`{"title":"Forbidden","status":403,"detail":"This method is not allowed for calls from another origin."}` + "\n"},
		{"OPTIONS of the handler", "OPTIONS / HTTP/1.1\r\nAccess-Control-Request-Method: PUT\r\n", 200, "", "handler"},
		{"many headers", "OPTIONS / HTTP/1.1\r\nOrigin: " + app + "\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: " + strings.Repeat("x-a,", 200_000) + "\r\n", 403, "",
			`{"title":"Forbidden","status":403,"detail":"A request header is not allowed for calls from another origin."}` + "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "%sHost: api.example.com\r\nConnection: close\r\n\r\n", tt.head)
			res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: strings.Fields(tt.head)[0]})
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != tt.status || res.Header.Get("Access-Control-Allow-Origin") != tt.origin || string(body) != tt.body {
				t.Errorf("%v %d %v %q", err, res.StatusCode, res.Header, body)
			}
		})
	}
}
