package respwrap_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/internal/respwrap"
)

// emptiedSpy notes what a hook is told of.
type emptiedSpy struct{ told []bool }

func (s *emptiedSpy) BeforeHeader(_ http.Header, _ int, emptied bool) {
	s.told = append(s.told, emptied)
}

// hints sends a 103 as ReverseProxy does: with headers of its own, after which the map is empty.
func hints(w http.ResponseWriter) {
	w.Header().Add("Link", "</a.css>; rel=preload")
	w.Header().Add("X-Request-Id", "the backend's")
	w.Header().Add("Cache-Control", "public")
	w.WriteHeader(http.StatusEarlyHints)
	clear(w.Header())
}

func TestHeaderEmptiedAfterEarlyHints(t *testing.T) {
	layers := map[string][]string{
		"Vary": {"Accept", "Origin"}, "X-Request-Id": {"1"}, "Access-Control-Allow-Origin": {"https://a.example"},
		"Ratelimit": {`"a";r=1`}, "X-Ratelimit-Limit": {"7"},
	}
	const all = "Access-Control-Allow-Origin=https://a.example Ratelimit=\"a\";r=1 Vary=Accept|Origin X-Ratelimit-Limit=7 X-Request-Id=1"
	for desc, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
		emptied []bool
	}{
		"once":            {func(w http.ResponseWriter, _ *http.Request) { hints(w); w.WriteHeader(200) }, all, []bool{false, true}},
		"twice":           {func(w http.ResponseWriter, _ *http.Request) { hints(w); hints(w); w.Write([]byte("x")) }, all, []bool{false, true, true}},
		"nothing written": {func(w http.ResponseWriter, _ *http.Request) { hints(w) }, all, []bool{false, true}},
		"the handler's stand": {func(w http.ResponseWriter, _ *http.Request) {
			hints(w)
			w.Header().Set("X-Request-Id", "2")
			w.Header().Set("Vary", "accept, Cookie")
			w.WriteHeader(200)
		}, strings.NewReplacer("Vary=Accept|Origin", "Vary=accept, Cookie|Origin", "X-Request-Id=1", "X-Request-Id=2").Replace(all), []bool{false, true}},
		"deleted before": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Del("Vary")
			hints(w)
			w.WriteHeader(200)
		}, strings.Replace(all, "Vary=Accept|Origin ", "", 1), []bool{false, true}},
		"deleted after": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Del("Vary")
			w.WriteHeader(200)
		}, strings.Replace(all, "Vary=Accept|Origin ", "", 1), []bool{false, false}},
		"deleted between two": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Del("Vary")
			hints(w)
			w.WriteHeader(200)
		}, strings.Replace(all, "Vary=Accept|Origin ", "", 1), []bool{false, false, true}},
		"emptied without hints": {func(w http.ResponseWriter, _ *http.Request) {
			clear(w.Header())
			w.WriteHeader(200)
		}, "", []bool{false}},
		"a 101 is final": {func(w http.ResponseWriter, _ *http.Request) {
			hints(w)
			w.WriteHeader(http.StatusSwitchingProtocols)
		}, all, []bool{false, true}},
	} {
		for _, depth := range []int{1, 3} {
			var hook emptiedSpy
			rec := httptest.NewRecorder()
			maps.Copy(rec.Header(), http.Header(layers).Clone())
			var w http.ResponseWriter = rec
			r := httptest.NewRequest("GET", "/", nil)
			own := make([]respwrap.Response, depth)
			own[0].OnHeader(&hook)
			for i := range own {
				w = own[i].Wrap(w, r)
			}
			c.handler(w, r)
			own[0].Finish()
			var got []string
			for _, name := range slices.Sorted(maps.Keys(rec.Header())) {
				if name != "Content-Type" { // the recorder's
					got = append(got, name+"="+strings.Join(rec.Header()[name], "|"))
				}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s, %d deep:\ngot  %s\nwant %s", desc, depth, s, c.want)
			}
			if !slices.Equal(hook.told, c.emptied) {
				t.Errorf("%s, %d deep: the hook was told %v, want %v", desc, depth, hook.told, c.emptied)
			}
		}
	}
}

// A handler that deleted something after a 1xx and then failed is answered for further out, after the layer around it
// has finished. What it deleted stays deleted.
func TestFinishedTwice(t *testing.T) {
	rec := httptest.NewRecorder()
	rec.Header().Set("Vary", "Origin")
	var p respwrap.Response
	w := p.Wrap(rec, httptest.NewRequest("GET", "/", nil))
	w.WriteHeader(http.StatusEarlyHints)
	w.Header().Del("Vary")
	p.Finish()
	w.WriteHeader(500)
	if h := rec.Header(); len(h) != 0 {
		t.Error(h)
	}
}

// The mark is no header, even where nobody takes it out before it is sent.
func TestMarkIsNeverSent(t *testing.T) {
	for _, version := range []int{1, 2} {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var p respwrap.Response
			p.Wrap(w, r).WriteHeader(http.StatusEarlyHints)
			for name := range w.Header() {
				w.Header().Add(name, "x") // what a careless handler may do
			}
		}))
		s.EnableHTTP2 = version == 2
		s.StartTLS()
		res, err := s.Client().Get(s.URL)
		s.Close()
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		for name := range res.Header {
			if name != "Date" && name != "Content-Length" {
				t.Errorf("HTTP/%d: %q was sent", res.ProtoMajor, name)
			}
		}
		if res.StatusCode != 200 || res.ProtoMajor != version {
			t.Errorf("HTTP/%d: %d", res.ProtoMajor, res.StatusCode)
		}
	}
}
