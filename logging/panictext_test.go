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
	"testing"

	"github.com/gambeson-go/gambeson/logging"
)

// Types whose String prints what their fields tell to be a secret.
type (
	person   struct{ User, Password string }
	private  struct{ user, password string }
	nested   struct{ Owner *person }
	keyed    map[string]string
	pinned   struct{ PIN int }
	pairs    struct{ Name, Value string }
	shy      struct{ Note string }
	harmless struct{ A, Tokens int }
)

func (p person) String() string    { return p.User + " (" + p.Password + ")" }
func (p private) String() string   { return p.user + " (" + p.password + ")" }
func (n *nested) String() string   { return n.Owner.String() }
func (k keyed) String() string     { return "bob " + k["password"] }
func (p pinned) String() string    { return fmt.Sprint("pin ", p.PIN) }
func (p pairs) String() string     { return p.Name + " " + p.Value }
func (s shy) String() string       { return s.Note }
func (s shy) LogValue() slog.Value { return slog.StringValue("shy") }
func (h harmless) String() string  { return fmt.Sprint("harmless ", h.A) }

func TestWhatAPanicSays(t *testing.T) {
	for name, tc := range map[string]struct {
		value any
		says  string // exactly; "" where it is enough that it does not leak
	}{
		"struct":              {person{"bob", "hunter2"}, `{"User":"bob","Password":"[REDACTED]"}`},
		"no secret in it":     {person{"bob", ""}, "bob ()"},
		"pointer":             {&person{"bob", "hunter2"}, `{"User":"bob","Password":"[REDACTED]"}`},
		"unexported":          {private{"bob", "hunter2"}, ""},
		"nested":              {&nested{&person{"bob", "hunter2"}}, ""},
		"map":                 {keyed{"password": "hunter2"}, ""},
		"number":              {pinned{773311}, ""},
		"name and value":      {pairs{"password", "hunter2"}, ""},
		"valuer":              {shy{"hunter2"}, "shy"},
		"harmless":            {harmless{5, 900}, "harmless 5"},
		"without end":         {two{}, "[REDACTED]"},
		"plain error":         {errors.New("went wrong"), "went wrong"},
		"error with a secret": {fmt.Errorf("dial: %w", errors.New("password=hunter2 refused")), "dial: password=[REDACTED] refused"},
		"error of a library":  {json.Unmarshal([]byte(`{"A":"x"}`), new(harmless)), "json: cannot unmarshal string into Go struct field harmless.A of type int"},
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
