package main

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestSignUpAndLogIn(t *testing.T) {
	ta := newTestApp(t)
	in := `{"email":"Ann@Example.com","password":"` + testPassword + `"}`
	body := want(t, call(t, ta, "POST", "/api/signup", "", in), 201)
	if u := decodeAs[User](t, body); u.ID == 0 || u.Email != "ann@example.com" || strings.Contains(body, "password") {
		t.Errorf("sign-up answers %s", body)
	}
	want(t, call(t, ta, "POST", "/api/signup", "", in), 409)
	want(t, call(t, ta, "POST", "/api/signup", "", strings.ToLower(in)), 409)
	if ta.logins != 0 {
		t.Error("a sign-up counts as a log-in")
	}

	first := want(t, call(t, ta, "POST", "/api/login", "", in), 200)
	token := decodeAs[struct{ Token string }](t, first).Token
	if len(token) != len(tokenPrefix)+43 || !strings.HasPrefix(token, tokenPrefix) {
		t.Errorf("token of %d characters", len(token))
	}
	if second := want(t, call(t, ta, "POST", "/api/login", "", in), 200); second == first {
		t.Error("two log-ins, one token")
	}
	if ta.logins != 2 {
		t.Errorf("%d refunds for 2 log-ins", ta.logins)
	}
	want(t, call(t, ta, "GET", "/api/notes", token, ""), 200)
}

// Two people, two addresses, even where upper case of one script is lower case of another.
func TestEmailsOfOtherScriptsStayApart(t *testing.T) {
	ta := newTestApp(t)
	for _, email := range []string{"kim@example.com", "\u212aim@example.com", "k\u0130m@example.com"} {
		want(t, call(t, ta, "POST", "/api/signup", "", `{"email":"`+email+`","password":"`+testPassword+`"}`), 201)
	}
	want(t, call(t, ta, "POST", "/api/signup", "", `{"email":"KIM@EXAMPLE.com","password":"`+testPassword+`"}`), 409)
}

// Two tokens are none, whichever of them is right.
func TestTwoTokens(t *testing.T) {
	ta := newTestApp(t)
	token := ta.account(t, "ann@example.com")
	for _, lines := range [][]string{{"Bearer " + token, "Bearer x"}, {"Bearer x", "Bearer " + token}, {"Bearer " + token, ""}} {
		r := httptest.NewRequest("GET", "/api/notes", nil)
		r.Header["Authorization"] = lines
		w := httptest.NewRecorder()
		ta.ServeHTTP(w, r)
		want(t, w.Result(), 401)
	}
}

func TestLogInRefusesAlike(t *testing.T) {
	ta := newTestApp(t)
	ta.account(t, "ann@example.com")
	ta.logins = 0
	var answers []string
	for _, in := range []string{
		`{"email":"ann@example.com","password":"wrong password"}`,
		`{"email":"nobody@example.com","password":"wrong password"}`,
		`{"email":"' OR '1'='1","password":"' OR '1'='1"}`,
	} {
		res := call(t, ta, "POST", "/api/login", "", in)
		if got := res.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") {
			t.Errorf("WWW-Authenticate %q", got)
		}
		answers = append(answers, want(t, res, 401))
	}
	if answers[0] != answers[1] || answers[0] != answers[2] {
		t.Errorf("the answers tell who has an account: %q", answers)
	}
	if ta.logins != 0 {
		t.Error("a failed log-in was refunded")
	}
}

func TestLogOutEndsOneToken(t *testing.T) {
	ta := newTestApp(t)
	phone := ta.account(t, "ann@example.com")
	in := `{"email":"ann@example.com","password":"` + testPassword + `"}`
	desk := decodeAs[struct{ Token string }](t, want(t, call(t, ta, "POST", "/api/login", "", in), 200)).Token
	want(t, call(t, ta, "POST", "/api/logout", "", ""), 401)
	for range 2 { // what is gone is gone, also the second time
		want(t, call(t, ta, "POST", "/api/logout", phone, ""), 204)
	}
	want(t, call(t, ta, "GET", "/api/notes", phone, ""), 401)
	want(t, call(t, ta, "GET", "/api/notes", desk, ""), 200)
}

// The database must hold neither token nor password: a stolen backup opens nothing.
func TestSecretsAreNotStored(t *testing.T) {
	ta := newTestApp(t)
	token := ta.account(t, "ann@example.com")
	var dump bytes.Buffer
	rows, err := ta.store.db.Query("SELECT hex(hash) FROM tokens UNION ALL SELECT password_hash FROM users UNION ALL SELECT email FROM users")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		dump.WriteString(s + "\n")
	}
	if !strings.Contains(dump.String(), "ann@example.com") {
		t.Fatalf("the dump is empty: %s", &dump)
	}
	if strings.Contains(dump.String(), token) || strings.Contains(dump.String(), testPassword) {
		t.Error("the database holds a secret in the clear")
	}
}

func TestLogInRenewsStaleHash(t *testing.T) {
	ta := newTestApp(t)
	ta.account(t, "ann@example.com")
	_, before, _ := ta.store.UserByEmail(t.Context(), "ann@example.com")
	stronger, err := newPasswords(argonParams{memory: 128, time: 1, threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	ta.passwords = stronger
	in := `{"email":"ann@example.com","password":"` + testPassword + `"}`
	want(t, call(t, ta, "POST", "/api/login", "", in), 200)
	_, after, _ := ta.store.UserByEmail(t.Context(), "ann@example.com")
	if before == after || !strings.Contains(after, "m=128,") {
		t.Errorf("the hash is %q, was %q", after, before)
	}
	want(t, call(t, ta, "POST", "/api/login", "", in), 200)
}

func TestNotesNeedAToken(t *testing.T) {
	ta := newTestApp(t)
	token := ta.account(t, "ann@example.com")
	for _, c := range []struct{ desc, authorization, challenge string }{
		{"none", "", `Bearer realm="checklist"`},
		{"other scheme", "Basic YTpi", `Bearer realm="checklist"`},
		{"no token", "Bearer", `error="invalid_token"`},
		{"empty token", "Bearer ", `error="invalid_token"`},
		{"garbage", "Bearer x", `error="invalid_token"`},
		{"cut", "Bearer " + token[1:], `error="invalid_token"`},
		{"longer", "Bearer " + token + "A", `error="invalid_token"`},
		{"two blanks", "Bearer  " + token, `error="invalid_token"`},
		{"injection", "Bearer ' OR '1'='1", `error="invalid_token"`},
	} {
		for _, path := range []string{"/api/notes", "/api/notes/1", "/api/notes/nope", "/api/notes/1/2"} {
			r := httptest.NewRequest("GET", path, nil)
			if c.authorization != "" {
				r.Header.Set("Authorization", c.authorization)
			}
			w := httptest.NewRecorder()
			ta.ServeHTTP(w, r)
			if got := w.Result().Header.Get("WWW-Authenticate"); !strings.Contains(got, c.challenge) {
				t.Errorf("%s %s: WWW-Authenticate %q", c.desc, path, got)
			}
			want(t, w.Result(), 401)
		}
	}
	r := httptest.NewRequest("GET", "/api/notes", nil)
	r.Header.Set("Authorization", "bearer "+token) // RFC 9110 section 11.1: the scheme has no case
	w := httptest.NewRecorder()
	ta.ServeHTTP(w, r)
	want(t, w.Result(), 200)

	ta.clock = ta.clock.Add(tokenLifetime)
	want(t, call(t, ta, "GET", "/api/notes", token, ""), 401)
}

// A route that needs a user must not depend on the middleware in front of it: paths are where such checks are fooled.
func TestHandlersRefuseWithoutMiddleware(t *testing.T) {
	ta := newTestApp(t)
	bare := ta.routes()
	for _, method := range []string{"GET", "POST"} {
		want(t, call(t, bare, method, "/api/notes", "", `{"title":"x"}`), 401)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		want(t, call(t, bare, method, "/api/notes/1", "", `{"title":"x"}`), 401)
	}
	for _, path := range []string{"//api/notes", "/api//notes", "/api/./notes", "/x/../api/notes", "/api/notes%2F1", "/API/notes"} {
		res := call(t, ta, "GET", path, "", "")
		if res.StatusCode < 300 {
			t.Errorf("GET %s without a token: %d", path, res.StatusCode)
		}
	}
}

func TestAuthenticateKeepsThePattern(t *testing.T) {
	ta := newTestApp(t)
	token := ta.account(t, "ann@example.com")
	r := httptest.NewRequest("GET", "/api/notes/7", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	ta.ServeHTTP(httptest.NewRecorder(), r)
	if r.Pattern != "GET /api/notes/{id}" {
		t.Errorf("pattern %q", r.Pattern)
	}
}

func TestUnforeseenErrorIsOpaque(t *testing.T) {
	ta := newTestApp(t)
	token := ta.account(t, "ann@example.com")
	if _, err := ta.store.db.Exec("DROP TABLE notes"); err != nil {
		t.Fatal(err)
	}
	body := want(t, call(t, ta, "GET", "/api/notes", token, ""), 500)
	for _, inside := range []string{"sql", "SQL", "notes", "table", ".go"} {
		if strings.Contains(body, inside) {
			t.Errorf("the client reads %q in %s", inside, body)
		}
	}
	if !strings.Contains(body, "req-1") {
		t.Errorf("no request id in %s", body)
	}
	if len(ta.reported) != 1 || !strings.Contains(ta.reported[0].Error(), "no such table") {
		t.Errorf("reported: %v", errors.Join(ta.reported...))
	}
}

// With every slot taken a log-in waits until its time is over, also for an address that nobody has: an answer at once
// would tell that there is nothing to check. And what took too long is no 500.
func TestLogInWaitsForASlot(t *testing.T) {
	ta := newTestApp(t)
	ta.account(t, "ann@example.com")
	for range cap(ta.passwords.slots) {
		ta.passwords.slots <- struct{}{}
	}
	for _, email := range []string{"ann@example.com", "nobody@example.com"} {
		r := httptest.NewRequest("POST", "/api/login", strings.NewReader(`{"email":"`+email+`","password":"x"}`))
		r.Header.Set("Content-Type", "application/json")
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		w := httptest.NewRecorder()
		ta.ServeHTTP(w, r.WithContext(ctx))
		want(t, w.Result(), 503)
		if w.Result().Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	if len(ta.reported) != 0 {
		t.Errorf("reported as unforeseen: %v", ta.reported)
	}
}

// A request whose time is over fails in the database with one error or another. All of them are 503.
func TestDeadlineInTheDatabase(t *testing.T) {
	ta := newTestApp(t)
	token := ta.account(t, "ann@example.com")
	r := httptest.NewRequest("GET", "/api/notes", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	w := httptest.NewRecorder()
	ta.ServeHTTP(w, r.WithContext(ctx))
	want(t, w.Result(), 503)
	if len(ta.reported) != 0 {
		t.Errorf("reported as unforeseen: %v", ta.reported)
	}
}
