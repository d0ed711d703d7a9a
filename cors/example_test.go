package cors_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	rscors "github.com/rs/cors"

	"github.com/gambeson-go/gambeson/cors"
)

func Example() {
	c, err := cors.New(cors.Config{
		AllowedOrigins:   []string{"https://app.example.com", "https://*.preview.example.com"},
		AllowedMethods:   []string{"PUT", "DELETE"},
		AllowedHeaders:   []string{"Content-Type", "Authorization"},
		AllowCredentials: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /notes/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "saved") })
	h := c.Wrap(mux) // around the mux: the mux itself would answer the preflight 405

	r := httptest.NewRequest("OPTIONS", "/notes/1", nil)
	r.Header.Set("Origin", "https://pr-7.preview.example.com")
	r.Header.Set("Access-Control-Request-Method", "PUT")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Access-Control-Allow-Origin"), w.Header().Get("Access-Control-Allow-Methods"))
	// Output: 204 https://pr-7.preview.example.com PUT
}

// Every problem comes at once, with its fix.
func ExampleNew_problems() {
	_, err := cors.New(cors.Config{
		AllowedOrigins:   []string{"https://App.example.com/", "https://*example.com", "http://example.com"},
		AllowedMethods:   []string{"put"},
		AllowCredentials: true,
		MaxAge:           600,
	})
	fmt.Println(err)
	first, _ := errors.AsType[*cors.ConfigError](err)
	fmt.Println(first.Field, "→", first.Fix)
	// Output:
	// cors: AllowedOrigins[0] "https://App.example.com/": an origin has no trailing slash; write "https://app.example.com"
	// cors: AllowedOrigins[1] "https://*example.com": it admits the domains of strangers that end in "example.com"; write "https://*.example.com"
	// cors: AllowedOrigins[2] "http://example.com": anybody on the network path can pose as an http origin and use the visitor's credentials; write "https://example.com"
	// cors: AllowedMethods[0] "put": browsers send it in upper case, so it would never match; write "PUT"
	// cors: MaxAge 600ns: it has no unit; write 600 * time.Second
	// AllowedOrigins[0] → write "https://app.example.com"
}

// Why did the browser say "CORS error"?
func ExampleMiddleware_Check() {
	c, err := cors.New(cors.Config{AllowedOrigins: []string{"http://localhost:3000"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Origin", "http://localhost:5173")
	d := c.Check(r)
	fmt.Println(d.Kind, d.Allowed, d.Refused)
	fmt.Println(d.Reason)
	// Output:
	// actual false origin
	// origin "http://localhost:5173" is not in AllowedOrigins, but "http://localhost:3000" is: the port differs
}

// CORS does not stop forged requests; the protection that does may trust the same origins. It goes inside, so that its
// 403 can be read by the page.
func ExampleMiddleware_Origins() {
	c, err := cors.New(cors.Config{AllowedOrigins: []string{"https://app.example.com"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	csrf := http.NewCrossOriginProtection()
	for _, origin := range c.Origins() {
		if err := csrf.AddTrustedOrigin(origin); err != nil {
			fmt.Println(err)
			return
		}
	}
	h := c.Wrap(csrf.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "done") })))
	for _, origin := range []string{"https://app.example.com", "https://evil.example"} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(origin, w.Code)
	}
	// Output:
	// https://app.example.com 200
	// https://evil.example 403
}

// An existing configuration of rs/cors, now checked.
func ExampleFromRS() {
	cfg := cors.FromRS(rscors.Options{AllowedOrigins: []string{"https://*"}, AllowedMethods: []string{"*"}, AllowCredentials: true})
	_, err := cors.New(cfg)
	fmt.Println(err)
	// Output:
	// cors: rs/cors AllowedMethods "*": rs/cors took it for a method of that name, so it allowed none; leave it out of the rs/cors options; set AllowedMethods to "*" on the Config if all are meant
	// cors: AllowedOrigins[0] "https://*": it admits every host; write "https://*.example.com" for the subdomains of one domain, or "*" alone for everybody
}
