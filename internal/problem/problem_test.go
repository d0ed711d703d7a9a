package problem_test

import (
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/gambeson-go/gambeson/internal/problem"
)

func TestWrite(t *testing.T) {
	for _, tc := range []struct {
		problem problem.Problem
		want    string
	}{
		{problem.Problem{Status: 403}, `{"title":"Forbidden","status":403}`},
		{problem.Problem{Type: "https://a.example/x", Title: "No", Status: 429, Detail: "Why.", RequestID: "1", ViolatedPolicies: []string{"a", "b"}},
			`{"type":"https://a.example/x","title":"No","status":429,"detail":"Why.","request_id":"1","violated-policies":["a","b"]}`},
	} {
		w := httptest.NewRecorder()
		w.Header()["Vary"] = []string{"Origin"}
		for _, name := range []string{"Content-Encoding", "Etag", "Last-Modified", "Content-Range", "Accept-Ranges", "Content-Type", "Cache-Control"} {
			w.Header().Set(name, "of another body")
		}
		tc.problem.Write(w)
		if got := w.Body.String(); got != tc.want+"\n" || w.Code != tc.problem.Status {
			t.Errorf("%d %s, want %s", w.Code, got, tc.want)
		}
		var names []string
		for name := range w.Header() {
			names = append(names, name)
		}
		slices.Sort(names)
		if want := []string{"Cache-Control", "Content-Length", "Content-Type", "Vary", "X-Content-Type-Options"}; !slices.Equal(names, want) {
			t.Errorf("headers %v, want %v", names, want)
		}
		if w.Header().Get("Content-Type") != problem.ContentType || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", w.Header())
		}
	}
}

// The values of a response are its own, and an append to one never reaches the next.
func TestValuesAreNotShared(t *testing.T) {
	body := problem.Problem{Status: 403}.Body()
	a, b := httptest.NewRecorder(), httptest.NewRecorder()
	problem.Send(a, 403, body)
	problem.Send(b, 403, body)
	for name, values := range a.Header() {
		values[0] = "changed"
		_ = append(values, "spilled")
		if got := b.Header().Get(name); got == "changed" {
			t.Errorf("%s is shared between responses", name)
		}
	}
	for name, values := range a.Header() {
		if values[0] != "changed" {
			t.Errorf("%s = %q: an append spilled into it", name, values)
		}
	}
}
