package cors_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	rscors "github.com/rs/cors"

	"github.com/gambeson-go/gambeson/cors"
)

// pair is one configuration in both libraries.
type pair struct {
	cfg  cors.Config
	ours *cors.Middleware
	rs   *rscors.Cors
}

func newPair(t testing.TB, cfg cors.Config) pair {
	o := rscors.Options{
		AllowedOrigins: cfg.AllowedOrigins, AllowedMethods: append([]string{"GET", "HEAD", "POST"}, cfg.AllowedMethods...),
		AllowedHeaders: slices.Clone(cfg.AllowedHeaders), ExposedHeaders: cfg.ExposedHeaders, AllowCredentials: cfg.AllowCredentials,
		MaxAge: int(cfg.MaxAge / time.Second),
	}
	return pair{cfg, mustNew(t, cfg), rscors.New(o)}
}

// both serves a request with either and gives the two headers.
func (p pair) both(r *http.Request) (ours, rs http.Header) {
	a, b := httptest.NewRecorder(), httptest.NewRecorder()
	p.ours.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(a, r)
	p.rs.HandlerFunc(b, r)
	return a.Header(), b.Header()
}

// FuzzAgainstRS holds each answer against that of rs/cors. rs/cors is right but where these lines leave it out:
//   - it compares origins without case, and lets "*" in a pattern stand for anything;
//   - it answers OPTIONS without Origin, or with an empty method;
//   - it always grants OPTIONS as a method, and refuses the actual request of an unlisted one;
//   - it wants requested headers sorted, unique and in lower case;
//   - it answers "*" with Vary, and only requests with Origin.
func FuzzAgainstRS(f *testing.F) {
	base := cors.Config{
		AllowedOrigins: []string{app, "http://localhost:3000", "https://*.example.org"}, AllowedMethods: []string{"PUT", "Report"},
		AllowedHeaders: []string{"Authorization", "X-A", "x-b"}, ExposedHeaders: []string{"etag", "X-Request-Id"}, MaxAge: time.Hour,
	}
	credentials, one, all := base, base, base
	credentials.AllowCredentials = true
	one.AllowedOrigins, one.MaxAge, one.ExposedHeaders = []string{app}, 0, nil
	all.AllowedOrigins = []string{"*"}
	pairs := []pair{newPair(f, base), newPair(f, credentials), newPair(f, one), newPair(f, all)}
	for which := range uint8(len(pairs)) {
		f.Add(which, app, "PUT", "authorization,x-a", true)
		f.Add(which, "https://a.example.org", "GET", "x-b", false)
		f.Add(which, "https://evil.tld", "Report", "X-B, x-a", true)
		f.Add(which, "https://a b.example.org", "put", "", true)
	}
	f.Fuzz(func(t *testing.T, which uint8, origin, method, headers string, isPreflight bool) {
		p := pairs[int(which)%len(pairs)]
		if origin == "" || method == "" || method == "OPTIONS" || strings.ToLower(origin) != origin && p.cfg.AllowedOrigins[0] != "*" {
			return
		}
		if !isPreflight {
			p.compareActual(t, origin)
			return
		}
		r := request("OPTIONS")
		r.Header["Origin"] = []string{origin}
		r.Header["Access-Control-Request-Method"] = []string{method}
		if headers != "" {
			r.Header["Access-Control-Request-Headers"] = []string{headers}
		}
		p.comparePreflight(t, r)
	})
}

func (p pair) compareActual(t *testing.T, origin string) {
	r := request("GET")
	r.Header["Origin"] = []string{origin}
	ours, rs := p.both(r)
	if rs.Get("Access-Control-Allow-Origin") != "" && ours.Get("Access-Control-Allow-Origin") == "" {
		if !looseMatch(origin) {
			t.Fatalf("rs/cors allows %q: %v", origin, rs)
		}
		return
	}
	same(t, ours, rs)
}

// looseMatch says whether rs/cors may have matched a pattern with something that is no host below its domain.
func looseMatch(origin string) bool {
	sub, found := strings.CutPrefix(strings.TrimSuffix(origin, ".example.org"), "https://")
	return found && slices.ContainsFunc(strings.Split(sub, "."), func(label string) bool {
		plain := strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
		return !plain || label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || len(origin) > 200
	})
}

func (p pair) comparePreflight(t *testing.T, r *http.Request) {
	origin := r.Header.Get("Origin")
	ours, rs := p.both(r)
	weGrant, rsGrants := ours.Get("Access-Control-Allow-Origin") != "", rs.Get("Access-Control-Allow-Origin") != ""
	switch {
	case rsGrants && !weGrant:
		if !looseMatch(origin) {
			t.Fatalf("rs/cors grants %v: %v", r.Header, rs)
		}
	case weGrant:
		// What is granted to names in any order, rs/cors must grant to the same names as browsers write them.
		if lines := ours["Access-Control-Allow-Headers"]; lines != nil {
			names := strings.Split(lines[0], ",")
			for i := range names {
				names[i] = strings.Trim(names[i], " \t")
			}
			slices.Sort(names)
			r.Header["Access-Control-Request-Headers"] = []string{strings.Join(slices.Compact(names), ",")}
		} else {
			delete(r.Header, "Access-Control-Request-Headers")
		}
		ours, rs = p.both(r)
		same(t, ours, rs)
	}
}

// same compares the CORS headers, line for line.
func same(t *testing.T, ours, rs http.Header) {
	t.Helper()
	if a, b := corsHeaders(ours), corsHeaders(rs); !slices.Equal(a, b) {
		t.Fatalf("ours %v, rs/cors %v", ours, rs)
	}
	for _, name := range corsHeaders(rs) {
		if !slices.Equal(ours[name], rs[name]) {
			t.Fatalf("%s: %q, rs/cors %q", name, ours[name], rs[name])
		}
	}
}
