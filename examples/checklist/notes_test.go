package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestNotesLifeCycle(t *testing.T) {
	ta := newTestApp(t)
	token := ta.account(t, "ann@example.com")
	if body := want(t, call(t, ta, "GET", "/api/notes", token, ""), 200); body != `{"notes":[]}` {
		t.Errorf("empty list %s", body)
	}

	res := call(t, ta, "POST", "/api/notes", token, `{"title":"milk","body":"two\nbottles"}`)
	made := decodeAs[Note](t, want(t, res, 201))
	path := res.Header.Get("Location")
	if path != fmt.Sprintf("/api/notes/%d", made.ID) || made.Title != "milk" || !made.Created.Equal(ta.clock) {
		t.Errorf("created %+v at %q", made, path)
	}
	if read := decodeAs[Note](t, want(t, call(t, ta, "GET", path, token, ""), 200)); read != made {
		t.Errorf("read %+v, want %+v", read, made)
	}

	ta.clock = ta.clock.Add(time.Minute)
	changed := decodeAs[Note](t, want(t, call(t, ta, "PUT", path, token, `{"title":"bread"}`), 200))
	if changed.Title != "bread" || changed.Body != "" || !changed.Updated.Equal(ta.clock) || changed.Created != made.Created {
		t.Errorf("PUT replaces: %+v", changed)
	}
	if body := want(t, call(t, ta, "GET", "/api/notes", token, ""), 200); !strings.Contains(body, "bread") {
		t.Errorf("list %s", body)
	}

	if body := want(t, call(t, ta, "DELETE", path, token, ""), 204); body != "" {
		t.Errorf("204 with a body: %s", body)
	}
	for _, method := range []string{"GET", "DELETE"} {
		want(t, call(t, ta, method, path, token, ""), 404)
	}
	want(t, call(t, ta, "PUT", path, token, `{"title":"x"}`), 404)
}

// Another's note and one that does not exist must look the same.
func TestNotesOfOthersDoNotExist(t *testing.T) {
	ta := newTestApp(t)
	ann, bob := ta.account(t, "ann@example.com"), ta.account(t, "bob@example.com")
	made := decodeAs[Note](t, want(t, call(t, ta, "POST", "/api/notes", ann, `{"title":"secret plan"}`), 201))
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		body := ""
		if method == "PUT" {
			body = `{"title":"stolen"}`
		}
		others := want(t, call(t, ta, method, fmt.Sprintf("/api/notes/%d", made.ID), bob, body), 404)
		nobodys := want(t, call(t, ta, method, "/api/notes/4711", bob, body), 404)
		if others != nobodys {
			t.Errorf("%s tells that the note exists: %s", method, others)
		}
	}
	if body := want(t, call(t, ta, "GET", "/api/notes", bob, ""), 200); body != `{"notes":[]}` {
		t.Errorf("bob's list %s", body)
	}
	if n := decodeAs[Note](t, want(t, call(t, ta, "GET", fmt.Sprintf("/api/notes/%d", made.ID), ann, ""), 200)); n != made {
		t.Errorf("ann's note is now %+v", n)
	}
}

func TestNotesPages(t *testing.T) {
	ta := newTestApp(t)
	token := ta.account(t, "ann@example.com")
	u, _, err := ta.store.UserByEmail(t.Context(), "ann@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2*pageSize + 1 {
		if _, err := ta.store.CreateNote(t.Context(), u.ID, fmt.Sprint(i), "", noon); err != nil {
			t.Fatal(err)
		}
	}
	sizes, seen := ta.pages(t, token)
	if fmt.Sprint(sizes) != "[100 100 1]" || len(seen) != 2*pageSize+1 {
		t.Errorf("pages of %v, %d notes", sizes, len(seen))
	}
	for _, before := range []string{"0", "-1", "x", "1e3", "99999999999999999999", "1%20OR%201=1"} {
		want(t, call(t, ta, "GET", "/api/notes?before="+before, token, ""), 400)
	}
}

// The answer must not grow with what a user stores: it is held in memory as long as a client takes to read it.
func TestNotesPagesAreBoundedInBytes(t *testing.T) {
	ta := newTestApp(t)
	token := ta.account(t, "ann@example.com")
	const long, count = 50_000, 11
	body, err := json.Marshal(noteInput{Title: "x", Body: strings.Repeat("<", long)})
	if err != nil {
		t.Fatal(err)
	}
	for range count {
		want(t, call(t, ta, "POST", "/api/notes", token, string(body)), 201)
	}
	if list := want(t, call(t, ta, "GET", "/api/notes", token, ""), 200); len(list) > 1<<20 {
		t.Errorf("a page of %d bytes", len(list))
	}
	sizes, seen := ta.pages(t, token)
	if len(seen) != count {
		t.Errorf("%d of %d notes, in pages of %v", len(seen), count, sizes)
	}
	for _, n := range sizes {
		if n == 0 || n > 1 && n*long > pageBytes {
			t.Errorf("pages of %v notes of %d bytes", sizes, long)
		}
	}
	// One that is longer than a page is still a page.
	notes, more, err := ta.store.Notes(t.Context(), 1, 0, pageSize, 10)
	if err != nil || len(notes) != 1 || !more {
		t.Errorf("%d notes, more %v, %v", len(notes), more, err)
	}
}

// pages follows next to the end: how many notes each page has, and which.
func (ta *testApp) pages(t *testing.T, token string) (sizes []int, seen map[int64]bool) {
	t.Helper()
	seen = map[int64]bool{}
	for path := "/api/notes"; path != ""; {
		page := decodeAs[struct {
			Notes []Note
			Next  int64
		}](t, want(t, call(t, ta, "GET", path, token, ""), 200))
		sizes = append(sizes, len(page.Notes))
		for _, n := range page.Notes {
			seen[n.ID] = true
		}
		if path = ""; page.Next != 0 {
			path = fmt.Sprintf("/api/notes?before=%d", page.Next)
		}
	}
	return sizes, seen
}

func TestPathsAndMethods(t *testing.T) {
	ta := newTestApp(t)
	token := ta.account(t, "ann@example.com")
	for _, path := range []string{"/index.html", "/api", "/api/", "/api/nope", "/api/notes/", "/api/notes/x", "/api/notes/-1", "/api/notes/0",
		"/api/notes/1/2", "/api/notes/99999999999999999999", "/api/notes/1'%20OR%20'1'='1", "/.env", "/metrics"} {
		want(t, call(t, ta, "GET", path, token, ""), 404)
	}
	for _, c := range []struct{ method, path, allow string }{
		{"GET", "/api/login", "POST"}, {"DELETE", "/api/signup", "POST"}, {"OPTIONS", "/api/login", "POST"},
		{"PATCH", "/api/notes", "GET, HEAD, POST"}, {"POST", "/api/notes/1", "DELETE, GET, HEAD, PUT"},
	} {
		res := call(t, ta, c.method, c.path, token, "")
		if got := res.Header.Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow %q, want %q", c.method, c.path, got, c.allow)
		}
		want(t, res, 405)
	}
	r := httptest.NewRequest("HEAD", "/api/notes", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	ta.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Errorf("HEAD: %d", w.Code)
	}
}
