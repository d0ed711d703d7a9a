package respwrap_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/internal/respwrap"
)

// spy is a hook that notes what it is told and changes the header at the last moment.
type spy struct{ told []int }

func (s *spy) BeforeHeader(h http.Header, status int, _ bool) {
	s.told = append(s.told, status)
	h.Set("X-Late", "yes")
}

// pass is a filter that changes nothing.
type pass struct{}

func (pass) WriteHeader(below http.ResponseWriter, status int)      { below.WriteHeader(status) }
func (pass) Write(below http.ResponseWriter, p []byte) (int, error) { return below.Write(p) }
func (pass) Flush(below http.ResponseWriter) error                  { return respwrap.Flush(below) }

func TestHookComesBeforeTheHeader(t *testing.T) {
	for desc, c := range map[string]struct {
		write func(http.ResponseWriter)
		want  []int
	}{
		"WriteHeader": {func(w http.ResponseWriter) { w.WriteHeader(404) }, []int{404}},
		"twice":       {func(w http.ResponseWriter) { w.WriteHeader(201); w.Write([]byte("x")) }, []int{201}},
		"Write":       {func(w http.ResponseWriter) { w.Write([]byte("x")); w.Write([]byte("y")) }, []int{200}},
		"WriteString": {func(w http.ResponseWriter) { io.WriteString(w, "x") }, []int{200}},
		"ReadFrom":    {func(w http.ResponseWriter) { io.Copy(w, strings.NewReader("x")) }, []int{200}},
		"Flush":       {func(w http.ResponseWriter) { http.NewResponseController(w).Flush() }, []int{200}},
		"early hints": {func(w http.ResponseWriter) { w.WriteHeader(103); w.WriteHeader(204) }, []int{103, 204}},
		"late hints":  {func(w http.ResponseWriter) { w.WriteHeader(500); w.WriteHeader(103) }, []int{500}},
		"nothing":     {func(http.ResponseWriter) {}, nil},
	} {
		for _, filtered := range []bool{false, true} {
			var hook, other spy
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var p respwrap.Response
				if filtered {
					p.SetFilter(pass{})
				}
				if !p.OnHeader(&hook) || p.OnHeader(&other) {
					t.Error("the first hook is the only one")
				}
				c.write(p.Wrap(w, r))
			}))
			res, err := s.Client().Get(s.URL)
			s.Close()
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if !slices.Equal(hook.told, c.want) || other.told != nil {
				t.Errorf("%s, filtered %t: told %v, want %v", desc, filtered, hook.told, c.want)
			}
			if late := res.Header.Get("X-Late"); (late == "yes") != (c.want != nil) {
				t.Errorf("%s, filtered %t: the header went out before the hook", desc, filtered)
			}
		}
	}
}
