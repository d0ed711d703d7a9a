//lint:file-ignore SA5008 these tags are wrong on purpose

package redact_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/gambeson-go/gambeson/redact"
)

type (
	low  struct{ A, B int }
	near struct {
		low
		A string
	}
	both struct {
		low
		near
	}
	ruled struct {
		ID   int64  `json:"id,string"`
		S    string `json:",string"`
		Dash int    `json:"-,"`
		B    []byte
		All  [][]byte
		Num  json.Number
	}
	veiled struct {
		veil
		Password int
	}
	veil struct{ Password string }
)

// Attr shows a struct without secrets as encoding/json does.
func TestStructsAsJSON(t *testing.T) {
	for _, v := range []any{
		near{low{1, 2}, "x"}, both{low{1, 2}, near{low{3, 4}, "x"}}, ruled{5, "a\"b", 7, []byte("hi"), [][]byte{nil, {0xff}}, ""},
		[]any{[]byte("hi")}, map[string]any{"b": []byte("hi")},
	} {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(redact.Default().Attr(slog.Any("v", v)).Value.Any())
		if err != nil || string(got) != string(want) {
			t.Errorf("%s, want %s (%v)", got, want, err)
		}
	}
}

func TestBytesAreLookedInto(t *testing.T) {
	for _, v := range []any{
		ruled{B: []byte("password=hunter2"), All: [][]byte{[]byte(`{"password":"hunter2"}`)}, S: "password=hunter2"},
		map[string][]byte{"token": []byte("hunter2")}, []byte("password=hunter2"), veiled{veil{"hunter2"}, 5},
	} {
		got, _ := json.Marshal(redact.Default().Attr(slog.Any("v", v)).Value.Any())
		for _, secret := range []string{"hunter2", "aHVudGVyM", "h1bnRlcj", "odW50ZXIy"} { // base64 at each offset
			if strings.Contains(string(got), secret) {
				t.Errorf("%s", got)
			}
		}
	}
}

// A client guards its token with a lock, which nobody who logs it can take.
type client struct {
	Name  string
	mu    sync.Mutex
	token string
}

func (c *client) String() string { return "client " + c.Name }

// TestHiddenFieldsAreNotRead is for the race detector: what is behind a pointer and not rendered belongs to its owner.
func TestHiddenFieldsAreNotRead(t *testing.T) {
	c := &client{Name: "bob"}
	var done sync.WaitGroup
	stop := make(chan struct{})
	done.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			c.mu.Lock()
			c.token = strings.Repeat("x", i%9)
			c.mu.Unlock()
		}
	})
	for range 100 {
		if got := redact.Default().Attr(slog.Any("c", c)).Value.String(); got != `{"Name":"bob"}` {
			t.Fatal(got)
		}
	}
	close(stop)
	done.Wait()
}

type sealed struct {
	Name string
	in   veil
}

func (s sealed) String() string { return s.Name + " " + s.in.Password }

// TestHiddenDeeper checks that a Stringer is not asked either where the secret is in a struct of a hidden field.
func TestHiddenDeeper(t *testing.T) {
	for in, want := range map[veil]string{{"hunter2"}: `{"Name":"bob"}`, {}: "bob "} {
		if got := redact.Default().Attr(slog.Any("s", sealed{"bob", in})).Value.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestBehindPointers checks the values that are asked where they lie, and those that are taken out all the same.
func TestBehindPointers(t *testing.T) {
	u, err := url.Parse("https://u:hunter2@h/")
	if err != nil {
		t.Fatal(err)
	}
	v := &struct {
		V slog.Value
		U url.URL
		C http.Cookie
	}{slog.StringValue("token=hunter2"), *u, http.Cookie{Name: "sid", Value: "hunter2"}}
	const want = `{"V":"token=[REDACTED]","U":"https://REDACTED:REDACTED@h/","C":"sid=[REDACTED]"}`
	if got := redact.Default().Attr(slog.Any("v", v)).Value.String(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
