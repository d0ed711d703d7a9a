package logging_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/redact"
)

// Types whose methods print what their fields tell to be a secret.
type (
	person   struct{ User, Password string }
	private  struct{ user, password string }
	pointed  struct{ password *string }
	nested   struct{ Owner *person }
	keyed    map[string]string
	pinned   struct{ PIN int }
	pairs    struct{ Name, Value string }
	shy      struct{ Note string }
	loginErr struct{ User, Password string }
	dialErr  struct{ Config *person }
	pinErr   struct{ PIN int }
	harmless struct{ A, Tokens int }
	endless  struct{ All []person }
)

func (p person) String() string    { return p.User + " (" + p.Password + ")" }
func (p private) String() string   { return p.user + " (" + p.password + ")" }
func (p pointed) String() string   { return "bob (" + *p.password + ")" }
func (n *nested) String() string   { return n.Owner.String() }
func (k keyed) String() string     { return "bob " + k["password"] }
func (p pinned) String() string    { return fmt.Sprint("pin ", p.PIN) }
func (p pairs) String() string     { return p.Name + " " + p.Value }
func (s shy) String() string       { return s.Note }
func (s shy) LogValue() slog.Value { return slog.StringValue("shy") }
func (e *loginErr) Error() string  { return fmt.Sprintf("login of %s with %q", e.User, e.Password) }
func (e *dialErr) Error() string   { return "dial as " + e.Config.User }
func (e *dialErr) Unwrap() error   { return e }
func (pinErr) Error() string       { return "no pin after 10 times" }
func (h harmless) String() string  { return fmt.Sprint("harmless ", h.A) }
func (e endless) String() string   { return "bob hunter2" }
func (e endless) Error() string    { return "bob hunter2" }

func TestWhatAPanicSays(t *testing.T) {
	secret := "hunter2"
	login := &loginErr{"bob", "hunter2"}
	for name, tc := range map[string]struct {
		value any
		says  string // exactly; "" where it is enough that it does not leak
	}{
		"struct":             {person{"bob", "hunter2"}, `{"User":"bob","Password":"[REDACTED]"}`},
		"no secret in it":    {person{"bob", ""}, "bob ()"},
		"pointer":            {&person{"bob", "hunter2"}, `{"User":"bob","Password":"[REDACTED]"}`},
		"unexported":         {private{"bob", "hunter2"}, ""},
		"pointer to a text":  {pointed{&secret}, ""},
		"nested":             {&nested{&person{"bob", "hunter2"}}, ""},
		"map":                {keyed{"password": "hunter2"}, ""},
		"number":             {pinned{773311}, ""},
		"name and value":     {pairs{"password", "hunter2"}, ""},
		"valuer":             {shy{"hunter2"}, "shy"},
		"harmless":           {harmless{5, 900}, "harmless 5"},
		"without end":        {two{}, "[REDACTED]"},
		"too many":           {endless{make([]person, 5000)}, ""},
		"error":              {login, "[REDACTED]"},
		"wrapped":            {fmt.Errorf("a: %w", login), "[REDACTED]"},
		"joined":             {errors.Join(errors.New("a"), login), "[REDACTED]"},
		"kept to itself":     {&dialErr{&person{"bob", "hunter2"}}, "dial as bob"},
		"plain error":        {errors.New("went wrong"), "went wrong"},
		"error of a library": {json.Unmarshal([]byte(`{"A":"x"}`), new(harmless)), "json: cannot unmarshal string into Go struct field harmless.A of type int"},
	} {
		t.Run(name, func(t *testing.T) {
			var event logging.Event
			m, out := middleware(t, logging.Config{OnError: func(_ context.Context, e logging.Event) { event = e }})
			m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(tc.value) })).ServeHTTP(httptest.NewRecorder(), get("/"))
			if err := m.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			rec := out.one(t)
			if tc.says != "" && rec["exception.message"] != tc.says || rec["exception.message"] != event.Panic {
				t.Errorf("exception.message = %v, Event.Panic = %v, want %q", rec["exception.message"], event.Panic, tc.says)
			}
			if all := fmt.Sprintf("%s %+v %v", out, event, event.Err); strings.Contains(all, "hunter2") || strings.Contains(all, "773311") {
				t.Errorf("leaks: %.1500s", all)
			}
		})
	}
}

// The same for errors that did not panic, and for a mark of the user's own.
func TestWhatAnErrorSays(t *testing.T) {
	red, err := redact.New(redact.Config{Mark: "(hidden)"})
	if err != nil {
		t.Fatal(err)
	}
	var seen logging.Event
	cfg := logging.Config{Redactor: red, Level: func(e logging.Event) slog.Level { seen = e; return slog.LevelError }}
	serve(t, cfg, get("/"), func(_ http.ResponseWriter, r *http.Request) {
		logging.Add(r.Context(), slog.Any("err", &loginErr{"bob", "hunter2"}))
	})
	if seen.Err == nil || seen.Err.Error() != "(hidden)" {
		t.Errorf("%v", seen.Err)
	}
	serve(t, cfg, get("/"), func(http.ResponseWriter, *http.Request) { panic(pinErr{}) })
	if seen.Panic != "no pin after 10 times" { // there is none to hide
		t.Errorf("%v", seen.Panic)
	}
	serve(t, cfg, get("/"), func(http.ResponseWriter, *http.Request) { panic(person{"bob", "hunter2"}) })
	if seen.Panic != `{"User":"bob","Password":"(hidden)"}` {
		t.Errorf("%v", seen.Panic)
	}
}

// A session is used by others while it is an error, and guards its token with a lock.
type session struct {
	Name  string
	mu    sync.Mutex
	token string
}

func (s *session) Error() string { return "no answer for " + s.Name }

// TestSharedErrors is for the race detector.
func TestSharedErrors(t *testing.T) {
	s := &session{Name: "bob"}
	var done sync.WaitGroup
	stop := make(chan struct{})
	done.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			s.mu.Lock()
			s.token = strings.Repeat("x", i%9)
			s.mu.Unlock()
		}
	})
	for range 20 {
		var seen logging.Event
		serve(t, logging.Config{Level: func(e logging.Event) slog.Level { seen = e; return slog.LevelError }}, get("/"), func(http.ResponseWriter, *http.Request) { panic(s) })
		if seen.Panic != "[REDACTED]" { // the token could be in the text, and nobody may look
			t.Fatal(seen.Panic)
		}
	}
	close(stop)
	done.Wait()
}
