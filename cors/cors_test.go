package cors_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/cors"
)

// usual is a configuration with something in every field.
func usual() cors.Config {
	return cors.Config{
		AllowedOrigins: []string{app, "https://*.example.org", "http://localhost:3000"}, AllowedMethods: []string{"PUT", "DELETE"},
		AllowedHeaders: []string{"Authorization", "Content-Type", "X-Request-Id"}, ExposedHeaders: []string{"X-Request-Id", "etag"},
		AllowCredentials: true, MaxAge: 10 * time.Minute,
	}
}

func everybody() cors.Config {
	return cors.Config{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"*"}, AllowedHeaders: []string{"*"}, ExposedHeaders: []string{"*"}}
}

func TestWholeAnswers(t *testing.T) {
	tests := []struct {
		desc   string
		cfg    cors.Config
		r      *http.Request
		status int
		want   string // the header as HTTP writes it, without Content-Type and its like
	}{
		{"plain", usual(), request("GET"), handlerStatus, "Vary: Origin\r\n"},
		{"actual", usual(), request("GET", "Origin", app), handlerStatus,
			"Access-Control-Allow-Credentials: true\r\nAccess-Control-Allow-Origin: https://app.example.com\r\nAccess-Control-Expose-Headers: X-Request-Id, Etag\r\nVary: Origin\r\n"},
		{"refused", usual(), request("GET", "Origin", "https://evil.example"), handlerStatus, "Vary: Origin\r\n"},
		{"preflight", usual(), preflight(app, "PUT", "Access-Control-Request-Headers", "authorization,content-type"), 204,
			"Access-Control-Allow-Credentials: true\r\nAccess-Control-Allow-Headers: authorization,content-type\r\nAccess-Control-Allow-Methods: PUT\r\n" +
				"Access-Control-Allow-Origin: https://app.example.com\r\nAccess-Control-Max-Age: 600\r\nVary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n"},
		{"preflight refused", usual(), preflight(app, "PATCH"), 403,
			"Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n"},
		{"everybody, plain", everybody(), request("GET"), handlerStatus, "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: *\r\n"},
		{"everybody, actual", everybody(), request("GET", "Origin", "null"), handlerStatus, "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: *\r\n"},
		{"everybody, preflight", everybody(), preflight("null", "PURGE", "Access-Control-Request-Headers", "x-a"), 204,
			"Access-Control-Allow-Headers: x-a\r\nAccess-Control-Allow-Methods: PURGE\r\nAccess-Control-Allow-Origin: *\r\nVary: Access-Control-Request-Method, Access-Control-Request-Headers\r\n"},
		{"no caching, with unit", cors.Config{AllowedOrigins: []string{app}, MaxAge: -time.Second}, preflight(app, "GET"), 204,
			"Access-Control-Allow-Methods: GET\r\nAccess-Control-Allow-Origin: https://app.example.com\r\nAccess-Control-Max-Age: 0\r\nVary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n"},
		{"no caching", cors.Config{AllowedOrigins: []string{app}, MaxAge: -1}, preflight(app, "GET"), 204,
			"Access-Control-Allow-Methods: GET\r\nAccess-Control-Allow-Origin: https://app.example.com\r\nAccess-Control-Max-Age: 0\r\nVary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			res, called := serve(mustNew(t, tt.cfg), tt.r)
			if res.StatusCode != tt.status || called != (tt.status == handlerStatus) {
				t.Errorf("status %d, handler called: %t", res.StatusCode, called)
			}
			var b strings.Builder
			res.Header.WriteSubset(&b, map[string]bool{"Content-Type": true, "Content-Length": true, "X-Content-Type-Options": true, "Cache-Control": true})
			if b.String() != tt.want {
				t.Errorf("got\n%s\nwant\n%s", b.String(), tt.want)
			}
		})
	}
}

// Each case is what Fetch or a gateway does beyond the vectors.
func TestDecisions(t *testing.T) {
	const acrh = "Access-Control-Request-Headers"
	tests := []struct {
		desc    string
		cfg     cors.Config
		r       *http.Request
		allowed bool
	}{
		{"lines, spaces, order and case", usual(), preflight(app, "PUT", acrh, "X-Request-ID ,\tcontent-type", acrh, "", acrh, "Authorization,"), true},
		{"16 empty elements", usual(), preflight(app, "PUT", acrh, strings.Repeat(",", 15)), true},
		{"17 empty elements", usual(), preflight(app, "PUT", acrh, strings.Repeat(",", 16)), false},
		{"a name twice", usual(), preflight(app, "PUT", acrh, "x-request-id,x-request-id"), true},
		{"a safelisted header nobody listed", usual(), preflight(app, "PUT", acrh, "range"), false},
		{"prefix of a name", usual(), preflight(app, "PUT", acrh, "x-request-i"), false},
		{"a letter that folds onto ASCII", cors.Config{AllowedOrigins: []string{app}, AllowedHeaders: []string{"X-Key"}}, preflight(app, "PUT", acrh, "x-\u212aey"), false},
		{"empty method", usual(), preflight(app, ""), false},
		{"method list", usual(), preflight(app, "PUT,DELETE"), false},
		{"OPTIONS not listed", usual(), preflight(app, "OPTIONS"), false},
		{"OPTIONS under *", everybody(), preflight(app, "OPTIONS"), true},
		{"forbidden method under *", everybody(), preflight(app, "Track"), false},
		{"no token under *", everybody(), preflight(app, "P T"), false},
		{"long method under *", everybody(), preflight(app, strings.Repeat("A", 65)), false},
		{"authorization under *", everybody(), preflight(app, "PUT", acrh, "Authorization"), false},
		{"no token as header under *", everybody(), preflight(app, "PUT", acrh, "x-a, x b"), false},
		{"any header under *", everybody(), preflight(app, "PUT", acrh, "X-A,x-b"), true},
		{"headers beyond the bound under *", everybody(), preflight(app, "PUT", acrh, strings.Repeat("a", 4096)), false},
		{"names beyond the bound under *", everybody(), preflight(app, "PUT", acrh, strings.Repeat("a,", 130)), false},
		{"empty origin", usual(), preflight("", "PUT"), false},
		{"apex of a pattern", usual(), request("GET", "Origin", "https://example.org"), false},
		{"two labels below", usual(), request("GET", "Origin", "https://a.b.example.org"), true},
		{"digits, hyphen, underscore", usual(), request("GET", "Origin", "https://1-a_b.example.org"), true},
		{"label with leading hyphen", usual(), request("GET", "Origin", "https://-a.example.org"), false},
		{"label with trailing hyphen", usual(), request("GET", "Origin", "https://a-.example.org"), false},
		{"empty label", usual(), request("GET", "Origin", "https://a..example.org"), false},
		{"label of 63", usual(), request("GET", "Origin", "https://"+strings.Repeat("a", 63)+".example.org"), true},
		{"label of 64", usual(), request("GET", "Origin", "https://"+strings.Repeat("a", 64)+".example.org"), false},
		{"host beyond DNS", usual(), request("GET", "Origin", "https://"+strings.Repeat("a.", 122)+"example.org"), false},
		{"port on a pattern without", usual(), request("GET", "Origin", "https://a.example.org:8443"), false},
		{"user information", usual(), request("GET", "Origin", "https://evil.tld@a.example.org"), false},
		{"path trick", usual(), request("GET", "Origin", "https://evil.tld/.example.org"), false},
		{"query trick", usual(), request("GET", "Origin", "https://evil.tld?.example.org"), false},
		{"upper case", usual(), request("GET", "Origin", "https://A.example.org"), false},
		{"other scheme on a pattern", usual(), request("GET", "Origin", "ftp://a.example.org"), false},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			m := mustNew(t, tt.cfg)
			d := m.Check(tt.r)
			if d.Allowed != tt.allowed {
				t.Errorf("allowed: %t, want %t; %s", d.Allowed, tt.allowed, d.Reason)
			}
			res, _ := serve(m, tt.r)
			if granted := res.Header.Get("Access-Control-Allow-Origin") != ""; granted != tt.allowed {
				t.Errorf("Check and Wrap differ: %v", res.Header)
			}
			if d.Allowed && d.Kind == cors.Preflight {
				p := page{origin: tt.r.Header.Get("Origin"), method: tt.r.Header.Get("Access-Control-Request-Method")}
				p.unsafe, _ = extract(tt.r.Header, acrh)
				if !p.preflightPasses(res) {
					t.Errorf("the browser refuses what was granted: %v", res.Header)
				}
			}
		})
	}
}

// What is answered is tidy, however untidily it was asked.
func TestAllowHeaders(t *testing.T) {
	tests := []struct {
		lines []string
		want  []string
	}{
		{[]string{"authorization,x-request-id"}, []string{"authorization,x-request-id"}},
		{[]string{"authorization", "x-request-id"}, []string{"authorization,x-request-id"}},
		{[]string{" X-Request-ID,\tauthorization", "", ",Content-Type"}, []string{"x-request-id,authorization,content-type"}},
		{[]string{"authorization,   x-request-id"}, []string{"authorization,x-request-id"}},
		{[]string{"X-Request-Id"}, []string{"x-request-id"}},
		{[]string{""}, nil},
		{[]string{"", ","}, nil},
		{nil, nil},
	}
	for _, cfg := range []cors.Config{usual(), {AllowedOrigins: []string{app}, AllowedHeaders: []string{"*", "Authorization"}}} {
		m := mustNew(t, cfg)
		for _, tt := range tests {
			r := preflight(app, "GET")
			r.Header["Access-Control-Request-Headers"] = tt.lines
			res, _ := serve(m, r)
			if got := res.Header["Access-Control-Allow-Headers"]; res.StatusCode != 204 || !slices.Equal(got, tt.want) {
				t.Errorf("%q: %d %q, want %q", tt.lines, res.StatusCode, got, tt.want)
			}
		}
	}
}

// The bounds grow with what is listed.
func TestLongLists(t *testing.T) {
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprintf("x-a-rather-long-header-name-%03d", i))
	}
	long := strings.Repeat("M", 100)
	m := mustNew(t, cors.Config{AllowedOrigins: []string{app}, AllowedHeaders: names, AllowedMethods: []string{long}})
	if d := m.Check(preflight(app, long, "Access-Control-Request-Headers", strings.Join(names, ", "))); !d.Allowed {
		t.Error(d.Reason)
	}
}

func TestRepeatedLines(t *testing.T) {
	for name, cfg := range map[string]cors.Config{"listed": usual(), "everybody": everybody()} {
		m := mustNew(t, cfg)
		r := preflight(app, "PUT")
		r.Header.Add("Origin", app)
		if res, _ := serve(m, r); res.StatusCode != 403 {
			t.Errorf("%s: preflight with two origins: %d", name, res.StatusCode)
		}
		r = preflight(app, "PUT")
		r.Header.Add("Access-Control-Request-Method", "PUT")
		if res, _ := serve(m, r); res.StatusCode != 403 {
			t.Errorf("%s: preflight with two methods: %d", name, res.StatusCode)
		}
	}
	if d := mustNew(t, usual()).Check(request("GET", "Origin", app, "Origin", app)); d.Allowed {
		t.Error("two origins are allowed")
	}
	// An answer that is the same for everybody stays so, or a cache would hold a refusal for all.
	m, r := mustNew(t, everybody()), request("GET", "Origin", app, "Origin", app)
	if res, _ := serve(m, r); res.Header.Get("Access-Control-Allow-Origin") != "*" || !m.Check(r).Allowed {
		t.Errorf("everybody: %v %+v", res.Header, m.Check(r))
	}
}

// A pattern must not admit what strangers can register below its domain, on whichever port it was asked first.
func TestPublicSuffixBelowPattern(t *testing.T) {
	m := mustNew(t, cors.Config{AllowedOrigins: []string{
		"https://*.amazonaws.com", "https://*.amazonaws.com:8443", "https://*.mine.s3.amazonaws.com",
	}})
	tests := []struct {
		origin  string
		allowed bool
	}{
		{"https://console.amazonaws.com", true},
		{"https://s3.amazonaws.com", true},
		{"https://evil.s3.amazonaws.com", false},
		{"https://a.evil.s3.amazonaws.com", false},
		{"https://a.mine.s3.amazonaws.com", true},
		{"https://a.mine.s3.amazonaws.com:8443", false},
	}
	for range 2 { // the second time from memory
		for _, tt := range tests {
			if d := m.Check(request("GET", "Origin", tt.origin)); d.Allowed != tt.allowed {
				t.Errorf("%s: allowed: %t; %s", tt.origin, d.Allowed, d.Reason)
			}
		}
	}
}

func TestVaryOfOuterLayer(t *testing.T) {
	tests := []struct {
		outer, want []string
	}{
		{nil, []string{"Origin"}},
		{[]string{"Accept-Encoding"}, []string{"Accept-Encoding", "Origin"}},
		{[]string{"Accept-Encoding, origin"}, []string{"Accept-Encoding, origin"}},
		{[]string{"X-Origin"}, []string{"X-Origin", "Origin"}},
	}
	for _, r := range []*http.Request{request("GET"), request("GET", "Origin", app), request("GET", "Origin", "https://evil.example")} {
		for _, tt := range tests {
			w := httptest.NewRecorder()
			shared := append(make([]string, 0, 8), tt.outer...) // an outer layer's array with room in it
			if tt.outer != nil {
				w.Header()["Vary"] = shared
			}
			mustNew(t, usual()).Wrap(&spy{}).ServeHTTP(w, r)
			if got := w.Header()["Vary"]; !slices.Equal(got, tt.want) {
				t.Errorf("outer %q: %q, want %q", tt.outer, got, tt.want)
			}
			if len(tt.outer) > 0 && shared[:2][1] != "" {
				t.Errorf("outer %q: its array was written to", tt.outer)
			}
		}
	}
}

func TestRefusalWithdrawsOuterGrant(t *testing.T) {
	for _, r := range []*http.Request{request("GET", "Origin", "https://evil.example"), preflight("https://evil.example", "GET")} {
		w := httptest.NewRecorder()
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Private-Network", "true")
		w.Header().Set("X-Other", "stays")
		mustNew(t, usual()).Wrap(&spy{}).ServeHTTP(w, r)
		if found := corsHeaders(w.Header()); found != nil || w.Header().Get("X-Other") == "" {
			t.Errorf("%s: %v", r.Method, w.Header())
		}
	}
}

// A handler that writes into the value slices, or appends to them, must reach no other response and no other header.
func TestNoSharedSlices(t *testing.T) {
	for name, cfg := range map[string]cors.Config{"listed": usual(), "everybody": everybody()} {
		m := mustNew(t, cfg)
		requests := []*http.Request{request("GET"), request("GET", "Origin", app), request("GET", "Origin", "https://evil.example"), preflight(app, "PUT", "Access-Control-Request-Headers", "x-request-id")}
		for _, r := range requests {
			clean, _ := serve(m, r)
			spoil := httptest.NewRecorder()
			m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {})).ServeHTTP(spoil, r)
			asked := r.Header.Clone()
			for k, v := range spoil.Header() {
				for i := range v {
					v[i] = "spoilt"
				}
				_ = append(v, "spoilt too")
				if v := spoil.Header()[k]; len(v) != 1 {
					t.Errorf("%s: %s has %d values", name, k, len(v))
				}
			}
			again, _ := serve(m, r)
			for k, v := range clean.Header {
				if !slices.Equal(v, again.Header[k]) {
					t.Errorf("%s %s: %s was %q, is %q", name, r.Method, k, v, again.Header[k])
				}
			}
			for k, v := range asked {
				if !slices.Equal(v, r.Header[k]) {
					t.Errorf("%s: the request's %s became %q", name, k, r.Header[k])
				}
			}
		}
	}
}

func TestAppendsDoNotMeet(t *testing.T) {
	w := httptest.NewRecorder()
	mustNew(t, usual()).Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, name := range []string{"Vary", "Access-Control-Allow-Credentials", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"} {
			w.Header().Add(name, "added")
		}
	})).ServeHTTP(w, request("GET", "Origin", app))
	for name, want := range map[string]string{"Vary": "Origin", "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Origin": app, "Access-Control-Expose-Headers": "X-Request-Id, Etag"} {
		if got := w.Header()[name]; !slices.Equal(got, []string{want, "added"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestRefusedPreflightBody(t *testing.T) {
	res, _ := serve(mustNew(t, usual()), preflight("https://evil.example", "<script>"))
	body, _ := io.ReadAll(res.Body)
	const want = `{"title":"Forbidden","status":403,"detail":"This origin may not call from a browser."}` + "\n"
	if res.Header.Get("Content-Type") != "application/problem+json" || string(body) != want {
		t.Errorf("%s %s", res.Header.Get("Content-Type"), body)
	}
}

// One that New did not make lets nothing through that CORS can stop.
func TestNotMadeByNew(t *testing.T) {
	for name, m := range map[string]*cors.Middleware{"nil": nil, "zero": {}} {
		res, called := serve(m, request("GET", "Origin", app))
		if !called || corsHeaders(res.Header) != nil || res.Header.Get("Vary") != "Origin" {
			t.Errorf("%s: actual: %t %v", name, called, res.Header)
		}
		res, called = serve(m, preflight(app, "GET"))
		if called || res.StatusCode != 403 || corsHeaders(res.Header) != nil {
			t.Errorf("%s: preflight: %d %v", name, res.StatusCode, res.Header)
		}
		if m.Origins() != nil || m.Config().AllowedOrigins != nil || m.Check(request("GET", "Origin", app)).Allowed {
			t.Errorf("%s: allows something", name)
		}
	}
	if err := (*cors.Middleware)(nil).Reconfigure(usual()); err == nil {
		t.Error("Reconfigure on nil says nothing")
	}
}

func TestOrigins(t *testing.T) {
	m := mustNew(t, cors.Config{AllowedOrigins: []string{"https://b.example", "https://*.example.com", "https://a.example", "https://b.example", "http://[::1]:3000"}})
	got := m.Origins()
	if want := []string{"https://b.example", "https://a.example", "http://[::1]:3000"}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	csrf := http.NewCrossOriginProtection()
	for _, origin := range got {
		if err := csrf.AddTrustedOrigin(origin); err != nil {
			t.Error(err)
		}
	}
	if got := mustNew(t, everybody()).Origins(); got != nil {
		t.Errorf("everybody: %q", got)
	}
}

func TestNilNext(t *testing.T) {
	w := httptest.NewRecorder()
	mustNew(t, usual()).Wrap(nil).ServeHTTP(w, request("GET", "Origin", app))
	if w.Code != 404 || w.Header().Get("Access-Control-Allow-Origin") != app {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
