package verify_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/verify"
)

// The test of a service: each check is a sub-test with a fresh app.
func ExampleRun() {
	var t *testing.T // given by go test
	newApp := func(t *testing.T) verify.App {
		mux := http.NewServeMux() // made as in main
		return verify.App{Handler: mux}
	}
	if t != nil {
		verify.Run(t, newApp, verify.Config{
			CORS: &verify.CORS{Origins: []string{"https://app.example.com"}, Method: "PUT"},
			Rate: &verify.Rate{Burst: 60},
			Skip: map[string]string{"hdr-csp": "the proxy sets it"},
		})
	}
}

func ExampleAudit() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "home-made/0.1")
		fmt.Fprint(w, "hello")
	})
	report := verify.Audit(context.Background(), func() (verify.App, error) { return verify.App{Handler: mux}, nil },
		verify.Config{Only: []string{"control", "hdr-leak"}})
	for _, r := range report.Results {
		fmt.Println(r.Status, r.ID, r.Findings)
	}
	// Output:
	// pass control []
	// fail hdr-leak [Server: home-made/0.1: 200 (GET /)]
}

// A check of your own takes a few lines and appears in every report.
func ExampleCheck() {
	robots := verify.Check{
		ID: "acme-robots", Title: "crawlers are told to stay away",
		Why: "Our staging was found by a search engine.", Hint: "Serve robots.txt.",
		Run: func(p *verify.Probe) {
			if res := p.Get("/robots.txt"); !res.Contains("Disallow: /") {
				p.Fail("%s says nothing", res)
			}
		},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	report := verify.Audit(context.Background(), func() (verify.App, error) { return verify.App{Handler: mux}, nil },
		verify.Config{Checks: []verify.Check{robots}, Only: []string{"acme-robots"}})
	report.Duration = 0
	report.WriteText(os.Stdout, verify.TextOptions{})
	// Output:
	// FAIL  acme-robots          crawlers are told to stay away
	//       - GET /robots.txt: 404 says nothing
	//       fix: Serve robots.txt.
	//
	// handler: 1 fail in 0s
}

func ExampleReadConfig() {
	_, err := verify.ReadConfig(strings.NewReader(`{"public": "index", "skip": {"hdr-cps": "typo"}}`))
	fmt.Println(err)
	// Output:
	// verify: Public "index": is not a path; begin it with "/" and escape what a URL cannot hold
	// verify: Skip "hdr-cps": is not the ID of a check; `gambeson checks` lists them
}
