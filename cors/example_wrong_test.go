package cors_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gambeson-go/gambeson/cors"
)

// Wrong: inside a mux with method patterns, or inside authentication, no preflight arrives.
func ExampleMiddleware_Wrap_wrong() {
	c, err := cors.New(cors.Config{AllowedOrigins: []string{"https://app.example.com"}, AllowedMethods: []string{"PUT"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {})
	mux := http.NewServeMux()
	mux.Handle("PUT /notes/{id}", c.Wrap(handler))
	auth := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	}
	for _, h := range []http.Handler{mux, auth(c.Wrap(handler)), c.Wrap(auth(handler))} {
		r := httptest.NewRequest("OPTIONS", "/notes/1", nil)
		r.Header.Set("Origin", "https://app.example.com")
		r.Header.Set("Access-Control-Request-Method", "PUT")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 405
	// 401
	// 204
}
