package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"
)

const (
	tokenBytes    = 32       // 256 bits: nobody guesses it, so a fast hash in the database is enough
	tokenPrefix   = "notes_" // by which the log knows a token where it has no business to be (stack.go), and scanners of sources do
	tokenLifetime = 24 * time.Hour

	challenge        = `Bearer realm="checklist"`
	challengeInvalid = challenge + `, error="invalid_token"` // RFC 6750 section 3.1
)

// signup is the body of POST /api/signup. A password has at least 8 characters and no rule about which (NIST SP 800-63B,
// ASVS 6.2); long ones are welcome, but not without end, because hashing costs.
type signup struct {
	Email    string `json:"email" validate:"required,max=254,email"`
	Password string `json:"password" validate:"required,min=8,max=128"`
}

// login is the body of POST /api/login. Its rules are wider than those of signup, so that a stricter rule of tomorrow
// does not lock out today's users.
type login struct {
	Email    string `json:"email" validate:"required,max=254"`
	Password string `json:"password" validate:"required,max=1024"`
}

// signUp answers 201. A taken address is a 409, which tells that it has an account: only a confirmation by e-mail could
// hide that. The rate limit on this route makes asking slow.
func (a *app) signUp(w http.ResponseWriter, r *http.Request) error {
	var in signup
	if err := a.body.decode(r, &in); err != nil {
		return err
	}
	hash, err := a.passwords.Hash(r.Context(), in.Password)
	if err != nil {
		return err
	}
	u, err := a.store.CreateUser(r.Context(), normalEmail(in.Email), hash, a.now())
	if errors.Is(err, errEmailTaken) {
		return newProblem(http.StatusConflict, "There is an account with this e-mail address.")
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, u)
}

// logIn answers with a bearer token. An unknown address and a wrong password take the same time and get the same answer.
func (a *app) logIn(w http.ResponseWriter, r *http.Request) error {
	var in login
	if err := a.body.decode(r, &in); err != nil {
		return err
	}
	u, hash, err := a.store.UserByEmail(r.Context(), normalEmail(in.Email))
	if err != nil && !errors.Is(err, errNotFound) {
		return err
	}
	ok, stale, err := a.passwords.Check(r.Context(), in.Password, hash)
	if err != nil {
		return err
	}
	if !ok {
		return errUnauthorized(challenge, "The e-mail address or the password is wrong.")
	}
	if stale {
		if err := a.rehash(r.Context(), u, in.Password); err != nil {
			return err
		}
	}
	token := newToken()
	now := a.now()
	expires := now.Add(tokenLifetime)
	if err := a.store.AddToken(r.Context(), hashToken(token), u.ID, now, expires); err != nil {
		return err
	}
	a.loggedIn(r.Context())
	return writeJSON(w, http.StatusOK, struct {
		Token   string    `json:"token"`
		Expires time.Time `json:"expires_at"`
	}{token, expires.UTC().Truncate(time.Second)})
}

// logOut makes the token of the request worthless. It asks for no user: a token that is gone already is what was wanted.
func (a *app) logOut(w http.ResponseWriter, r *http.Request) error {
	token, ok := bearer(r)
	if !ok {
		return errNoToken
	}
	if err := a.store.DeleteToken(r.Context(), hashToken(token)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *app) rehash(ctx context.Context, u User, password string) error {
	hash, err := a.passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	return a.store.SetPasswordHash(ctx, u.ID, hash)
}

// normalEmail makes one account of Ann@Example.com and ann@example.com. Letters beyond ASCII stay: strings.ToLower makes
// an i of the Turkish İ, and a k of the Kelvin sign, and so one account of the addresses of two people.
func normalEmail(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

func newToken() string {
	b := make([]byte, tokenBytes)
	rand.Read(b) // never fails
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// hashToken is what the database knows of a token.
func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

type userKey struct{}

// authenticate is the Auth layer of the stack: under /api/notes it finds the user of the bearer token, or answers 401.
// Everything else passes. It does not decide alone: a handler that needs a user takes one (see [app.user]) and cannot
// be reached without.
func (a *app) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !needsUser(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		u, err := a.userOf(r)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		withUser := r.WithContext(context.WithValue(r.Context(), userKey{}, u))
		// The mux notes its pattern on the copy. The layers outside, log and metrics, look at the original.
		defer func() { r.Pattern = withUser.Pattern }()
		next.ServeHTTP(w, withUser)
	})
}

func needsUser(path string) bool {
	return path == "/api/notes" || strings.HasPrefix(path, "/api/notes/")
}

func (a *app) userOf(r *http.Request) (User, error) {
	token, ok := bearer(r)
	if !ok {
		return User{}, errNoToken
	}
	u, err := a.store.UserByToken(r.Context(), hashToken(token), a.now())
	if errors.Is(err, errNotFound) {
		return User{}, errUnauthorized(challengeInvalid, "The token is unknown or has expired.")
	}
	return u, err
}

// bearer is the token that a request carries, RFC 6750 section 2.1. The scheme's letter case does not matter. Of two
// tokens none counts: a proxy may have looked at the other one.
func bearer(r *http.Request) (token string, ok bool) {
	sent := r.Header.Values("Authorization")
	if len(sent) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(sent[0], " ")
	return token, strings.EqualFold(scheme, "Bearer")
}

var errNoToken = errUnauthorized(challenge, "Send the token of a log-in as Authorization: Bearer.")

// user makes a handler of a function that cannot run without a user.
func (a *app) user(fn func(http.ResponseWriter, *http.Request, User) error) http.HandlerFunc {
	return a.handler(func(w http.ResponseWriter, r *http.Request) error {
		u, ok := r.Context().Value(userKey{}).(User)
		if !ok {
			return errNoToken
		}
		return fn(w, r, u)
	})
}
