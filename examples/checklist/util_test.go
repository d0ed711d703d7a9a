package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// cheap hashes in no time. Only tests of cost itself use the real parameters.
var cheap = argonParams{memory: 64, time: 1, threads: 1}

func openStore(t *testing.T) *Store {
	t.Helper()
	s := newStore(filepath.Join(t.TempDir(), "data", "test.db"))
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// testApp is the service without the stack, with a clock of its own, and what it reported.
type testApp struct {
	*app
	http.Handler
	mu       sync.Mutex
	clock    time.Time
	reported []error
	logins   int
}

func newTestApp(t *testing.T) *testApp {
	t.Helper()
	passwords, err := newPasswords(cheap)
	if err != nil {
		t.Fatal(err)
	}
	body, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	ta := &testApp{clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	ta.app = &app{
		store: openStore(t), passwords: passwords, body: body,
		now:      func() time.Time { return ta.clock },
		loggedIn: func(context.Context) { ta.logins++ },
		report: func(_ context.Context, err error) {
			ta.mu.Lock()
			defer ta.mu.Unlock()
			ta.reported = append(ta.reported, err)
		},
		trace: func(context.Context) string { return "req-1" },
	}
	ta.Handler = ta.authenticate(ta.routes())
	return ta
}

// call sends a JSON body, if any, with a token, if any.
func call(t *testing.T, h http.Handler, method, path, token, body string) *http.Response {
	t.Helper()
	var rd io.Reader
	if body != "" {
		rd = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, path, rd)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// want reads the body, and fails where the status is another or a refusal is no problem+json.
func want(t *testing.T, res *http.Response, status int) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status {
		t.Fatalf("status %d, want %d; body %s", res.StatusCode, status, body)
	}
	if status >= 400 {
		if ct := res.Header.Get("Content-Type"); ct != "application/problem+json" {
			t.Errorf("status %d has Content-Type %q", status, ct)
		}
		var p Problem
		if err := json.Unmarshal(body, &p); err != nil || p.Status != status || p.Title == "" {
			t.Errorf("status %d has body %s (%v)", status, body, err)
		}
	}
	return string(body)
}

func decodeAs[T any](t *testing.T, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

const testPassword = "correct horse battery staple"

func (ta *testApp) account(t *testing.T, email string) (token string) {
	t.Helper()
	in := `{"email":"` + email + `","password":"` + testPassword + `"}`
	want(t, call(t, ta, "POST", "/api/signup", "", in), 201)
	body := want(t, call(t, ta, "POST", "/api/login", "", in), 200)
	return decodeAs[struct{ Token string }](t, body).Token
}
