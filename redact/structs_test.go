//lint:file-ignore SA5008 these tags are wrong on purpose

package redact_test

import (
	"encoding/json"
	"log/slog"
	"strings"
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
