package main

import "net/http"

// writer keeps one header map for all turns: what its growth costs is not what the sides differ in.
type writer struct{ header http.Header }

func (w *writer) Header() http.Header         { return w.header }
func (w *writer) Write(p []byte) (int, error) { return len(p), nil }
func (w *writer) WriteHeader(int)             {}

var nothing = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// serve answers the same request again and again, each time with an empty header map that is warm.
func serve(name string, h http.Handler, r *http.Request, target float64) side {
	return serveNext(name, h, func() *http.Request { return r }, target)
}

// serveNext answers a request that may be another one each time.
func serveNext(name string, h http.Handler, next func() *http.Request, target float64) side {
	w := &writer{header: http.Header{}}
	return side{name, func() {
		clear(w.header)
		h.ServeHTTP(w, next())
	}, target}
}

func request(method string, header ...string) *http.Request {
	r := must(http.NewRequest(method, "/path", nil))
	r.Host, r.RemoteAddr = "api.example.com", "192.0.2.1:4711"
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// serveWarm answers with a header map that still holds the last answer, which all sides overwrite: what inserting into a
// map costs is the same for all, too.
func serveWarm(name string, h http.Handler, r *http.Request, target float64) side {
	w := &writer{header: http.Header{}}
	return side{name, func() { h.ServeHTTP(w, r) }, target}
}
