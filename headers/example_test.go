package headers_test

import (
	"fmt"
	"html/template"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/gambeson-go/gambeson/headers"
)

// get asks h as a browser would.
func get(h http.Handler, target string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", target, nil))
	return rec
}

func Example() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `[]`)
	})

	h, err := headers.New(headers.API())
	if err != nil {
		log.Fatal(err)
	}
	rec := get(h.Wrap(mux), "https://api.example.com/users")

	var lines []string
	for name, v := range rec.Header() {
		lines = append(lines, name+": "+strings.Join(v, " | "))
	}
	slices.Sort(lines)
	fmt.Println(strings.Join(lines, "\n"))
	// Output:
	// Cache-Control: no-store
	// Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
	// Content-Type: application/json
	// Cross-Origin-Opener-Policy: same-origin
	// Cross-Origin-Resource-Policy: same-origin
	// Referrer-Policy: no-referrer
	// Strict-Transport-Security: max-age=63072000; includeSubDomains
	// X-Content-Type-Options: nosniff
}

// Pages with inline scripts: $NONCE in the policy, the nonce in the template.
func ExampleNonce() {
	cfg := headers.Web()
	cfg.ContentSecurityPolicy = "default-src 'self'; script-src 'self' $NONCE; object-src 'none'; base-uri 'none'; " +
		"form-action 'self'; frame-ancestors 'none'"
	h, err := headers.New(cfg)
	if err != nil {
		log.Fatal(err)
	}

	page := template.Must(template.New("page").Parse(`<script nonce="{{.Nonce}}">greet({{.Name}})</script>`))
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		data := struct{ Nonce, Name string }{headers.Nonce(r.Context()), "Ada"}
		if err := page.Execute(w, data); err != nil {
			log.Print(err)
		}
	})

	rec := get(h.Wrap(app), "https://www.example.com/")
	nonce := regexp.MustCompile(`nonce="([\w-]{22})"`).FindStringSubmatch(rec.Body.String())[1]
	policy := rec.Header().Get("Content-Security-Policy")
	fmt.Println(strings.Contains(policy, "'nonce-"+nonce+"'"))
	fmt.Println(strings.ReplaceAll(rec.Body.String(), nonce, "…"))
	// Output:
	// true
	// <script nonce="…">greet("Ada")</script>
}

// Hosts and https, in front of a backend that sends headers of its own: they win, and none goes out twice.
func ExampleMiddleware_Wrap_reverseProxy() {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Referrer-Policy", "same-origin")
		w.Header().Set("X-Content-Type-Options", "nosniff")
	}))
	defer backend.Close()
	target, _ := url.Parse(backend.URL)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}

	cfg := headers.Web()
	cfg.AllowedHosts = []string{"www.example.com"}
	cfg.RedirectHTTPS = true
	cfg.RedirectExempt = []string{"/.well-known/acme-challenge/"}
	h, err := headers.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	app := h.Wrap(proxy)

	rec := get(app, "https://www.example.com/")
	fmt.Println(rec.Code, rec.Header().Values("Referrer-Policy"), rec.Header().Values("X-Content-Type-Options"))
	rec = get(app, "http://www.example.com:8080/a?b=c")
	fmt.Println(rec.Code, rec.Header().Get("Location"))
	rec = get(app, "https://www.example.com.evil.example/")
	fmt.Println(rec.Code, rec.Header().Get("Content-Type"))
	// Output:
	// 200 [same-origin] [nosniff]
	// 301 https://www.example.com/a?b=c
	// 421 application/problem+json
}

// Every problem comes at once, with its fix.
func ExampleNew_refused() {
	_, err := headers.New(headers.Config{
		ContentSecurityPolicy:   "default-src self",
		CrossOriginOpenerPolicy: "Same-Origin",
		PermissionsPolicy:       "camera=none",
		AllowedHosts:            []string{"https://app.example.com/"},
	})
	fmt.Println(err)
	// Output:
	// headers: ContentSecurityPolicy "default-src self": a keyword without single quotes is the name of a host; write 'self'
	// headers: PermissionsPolicy "camera=none": camera: there is no none; write camera=()
	// headers: CrossOriginOpenerPolicy "Same-Origin": not the exact word that browsers know; they take it for unsafe-none; write same-origin
	// headers: AllowedHosts[0] "https://app.example.com/": a URL where a host is expected; write "app.example.com"
}
