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

// same is the options with which unrolled/secure sends what h holds.
func same(h http.Header) secure.Options {
	return secure.Options{
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
}

func headersTasks() []task {
	r := request("GET")
	r.TLS = &tls.ConnectionState{}
	sides := func(cfg headers.Config, policy string) []side {
		ours := must(headers.New(cfg)).Wrap(nothing)
		h := captured(ours, r)
		options := same(h)
		if policy != "" {
			options.ContentSecurityPolicy = policy
		}
		peer := secure.New(options).Handler(nothing)
		if got := captured(peer, r); len(got) != len(h) {
			panic("the sides do not send the same headers")
		}
		return []side{serveWarm("gambeson", ours, r, 0), serveWarm("unrolled/secure", peer, r, 0.25)}
	}
	api, web := headers.API(), headers.Web()
	api.CacheControl = headers.Omit // unrolled/secure has no field for it
	const policy = "default-src 'self'; object-src 'none'; base-uri 'none'; script-src 'self' $NONCE"
	web.ContentSecurityPolicy = policy
	nonce := sides(web, policy)
	nonce[1].target = 0.35
	return []task{
		{"headers, API profile", 2, sides(api, ""), 0},
		{"headers, Web profile", 2, sides(headers.Web(), ""), 0},
		{"headers, Web profile with nonce", 6, nonce, 0},
	}
}
