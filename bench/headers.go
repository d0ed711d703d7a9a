package main

import (
	"crypto/tls"
	"net/http"

	"github.com/unrolled/secure"

	"github.com/gambeson-go/gambeson/headers"
)

// captured are the headers of one answer, to give the peer the same ones to send.
func captured(h http.Handler, r *http.Request) http.Header {
	w := &writer{header: http.Header{}}
	h.ServeHTTP(w, r)
	return w.header
}

func headersTasks() []task {
	r := request("GET")
	r.TLS = &tls.ConnectionState{}

	api := must(headers.New(headers.API())).Wrap(nothing)
	h := captured(api, r)
	options := secure.Options{
		STSSeconds:                63072000,
		STSIncludeSubdomains:      true,
		ContentTypeNosniff:        h.Get("X-Content-Type-Options") != "",
		ContentSecurityPolicy:     h.Get("Content-Security-Policy"),
		CustomFrameOptionsValue:   h.Get("X-Frame-Options"),
		ReferrerPolicy:            h.Get("Referrer-Policy"),
		PermissionsPolicy:         h.Get("Permissions-Policy"),
		CrossOriginOpenerPolicy:   h.Get("Cross-Origin-Opener-Policy"),
		CrossOriginResourcePolicy: h.Get("Cross-Origin-Resource-Policy"),
		CrossOriginEmbedderPolicy: h.Get("Cross-Origin-Embedder-Policy"),
	}
	// What unrolled/secure has no field for is given by a handler around it.
	peer := func(o secure.Options) http.Handler {
		inner := secure.New(o).Handler(nothing)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			inner.ServeHTTP(w, r)
		})
	}
	if got := captured(peer(options), r); len(got) != len(h) {
		panic("the sides do not send the same headers")
	}

	web := headers.Web()
	web.ContentSecurityPolicy = "default-src 'self'; object-src 'none'; base-uri 'none'; script-src 'self' $NONCE"
	nonced := options
	nonced.ContentSecurityPolicy = web.ContentSecurityPolicy
	return []task{
		{"headers, API profile", 0.25, 2, []side{serve("gambeson", api, r), serve("unrolled/secure", peer(options), r)}},
		{"headers, nonce", 0.35, 6, []side{serve("gambeson", must(headers.New(web)).Wrap(nothing), r), serve("unrolled/secure", peer(nonced), r)}},
	}
}
