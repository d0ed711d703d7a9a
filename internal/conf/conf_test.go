package conf_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// hidden stands for redact.Secret: a type that prints itself as nothing.
type hidden string

func (hidden) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[REDACTED]") }

func TestText(t *testing.T) {
	for _, tc := range []struct {
		field       string
		value       any
		reason, fix string
		want        string
	}{
		{"AllowedOrigins[1]", "https://app.example.com/", "an origin has no path", `write "https://app.example.com"`,
			`cors: AllowedOrigins[1] "https://app.example.com/": an origin has no path; write "https://app.example.com"`},
		{"Policies[0].Burst", 0, "must be at least 1", "", `cors: Policies[0].Burst 0: must be at least 1`},
		{"MaxAge", 25 * time.Hour, "is over a day", "", `cors: MaxAge 25h0m0s: is over a day`},
		{"Func", nil, "is missing", "give one", `cors: Func: is missing; give one`},
		{"AllowedOrigins[0]", "", "an origin is not empty", "", `cors: AllowedOrigins[0] "": an origin is not empty`},
		{"Name", "a\nb", "has a line break", "", `cors: Name "a\nb": has a line break`},
		{"Key", hidden("hunter2"), "is too short", "", `cors: Key [REDACTED]: is too short`},
		{"DSN", "postgres://app:hun@ter2@db/app", "is odd", "", `cors: DSN "postgres://REDACTED@db/app": is odd`},
		{"List", "http://a:b@x http://c:d@y", "is odd", "", `cors: List "http://REDACTED@y": is odd`},
		{"List", "http://a,http://c:d@y", "is odd", "", `cors: List "http://REDACTED@y": is odd`},
		{"DSN", "app:hun@ter2@tcp(db:3306)/app", "is odd", "", `cors: DSN "REDACTED@tcp(db:3306)/app": is odd`},
		{"DSN", "postgres://user:pa/ss@host/db", "is odd", "", `cors: DSN "postgres://REDACTED@host/db": is odd`},
		{"DSN", "user:p@ss//word@tcp(h)", "is odd", "", `cors: DSN "REDACTED@tcp(h)": is odd`},
		{"Lines", []string{"a\nb"}, "is odd", "", `cors: Lines "[a\nb]": is odd`},
		{"Addr", "127.0.0.1:80", "is odd", "", `cors: Addr "127.0.0.1:80": is odd`},
		{"Long", strings.Repeat("ä", 100), "is long", "", `cors: Long "` + strings.Repeat("ä", 60) + `…": is long`},
	} {
		p := conf.For("cors")
		p.Add(tc.field, tc.value, tc.reason, tc.fix)
		if got := p.Err().Error(); got != tc.want {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
	}
}

func TestCutValueHidesItsPassword(t *testing.T) {
	// The @ that would tell the password apart lies beyond the cut.
	p := conf.For("x")
	p.Add("DSN", "postgres://app:hunter2"+strings.Repeat("x", 200)+"@db", "is odd", "")
	if text := p.Err().Error(); strings.Contains(text, "hunter2") {
		t.Error(text)
	}
}

func TestProblems(t *testing.T) {
	p := conf.For("a")
	if err := p.Err(); err != nil {
		t.Errorf("no problem, yet %v", err)
	}
	p.Join(nil)
	p.Add("One", 1, "is odd", "")
	q := conf.For("b")
	q.Add("Two", 2, "is even", "")
	p.Join(q.Err())
	err := p.Err()
	if got, want := err.Error(), "a: One 1: is odd\nb: Two 2: is even"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if e, ok := errors.AsType[*conf.Error](err); !ok || e.Field != "One" || e.Value != "1" {
		t.Errorf("AsType = %+v, %v", e, ok)
	}
}
