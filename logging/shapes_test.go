//lint:file-ignore SA5008 these tags are wrong on purpose

package logging_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/logging"
)

// Structs in all the ways that encoding/json has rules for.
type (
	inner  struct{ A, B int }
	other  struct{ A, B, C int }
	tagged struct {
		X int `json:"A"`
	}
	loops struct {
		*loops
		N int
	}
	text  string
	shade struct { // the outer field wins
		inner
		A string
	}
	clash struct { // neither A nor B
		inner
		other
	}
	named struct { // the one with the tag
		inner
		tagged
	}
	twice struct {
		left
		right
		Z int
	}
	left   struct{ inner }
	right  struct{ inner }
	byName struct {
		inner  `json:"in"`
		*other `json:"out,omitempty"`
		text
	}
	quoted struct {
		ID   int64         `json:"id,string"`
		U    uint8         `json:",string"`
		F    float64       `json:"f,string"`
		B    bool          `json:"b,string"`
		S    string        `json:"s,string"`
		P    *int64        `json:"p,string"`
		Nil  *int          `json:"nil,string"`
		L    []int         `json:"l,string"`
		D    time.Duration `json:"d,string"`
		V    slog.Level    `json:"v,string"`
		N    json.Number   `json:"n,string"`
		Some string        `json:"some,omitempty,string"`
	}
	dashes struct {
		Gone int `json:"-"`
		D    int `json:"-,"`
		Bad  int `json:"a\"b"`
		Odd  int `json:"a<b ü"`
		none int
	}
	omits struct {
		E   string     `json:",omitempty"`
		S   []int      `json:",omitempty"`
		St  inner      `json:",omitempty"`
		Z   inner      `json:",omitzero"`
		T   time.Time  `json:",omitzero"`
		TP  *time.Time `json:",omitzero"`
		Day day        `json:",omitzero"`
		Arr [0]int     `json:",omitempty"`
		I   any        `json:",omitempty"`
		Neg float64    `json:",omitempty"`
	}
	day   struct{ N int }
	blob  []byte
	holds struct {
		B   []byte
		N   blob
		Nil []byte
		Two [][]byte
		M   map[string][]byte
		Arr [2]byte
		Any any
	}
)

func (d *day) IsZero() bool { return d.N == 7 }

func shapes(n int64, x float64, s string) []any {
	b, i := []byte(s), int(n)
	return []any{
		point{i, 1, s}, shade{inner{i, 2}, s}, clash{inner{i, 2}, other{3, 4, 5}}, named{inner{i, 2}, tagged{3}},
		twice{left{inner{i, 2}}, right{inner{3, 4}}, 5}, byName{inner{i, 2}, nil, text(s)}, &byName{inner{i, 2}, &other{1, 2, 3}, ""},
		loops{&loops{nil, i}, 5}, shade{}, quoted{ID: n, U: uint8(n), F: 1.5, B: true, S: s, P: &n, D: 5, N: "12", Some: s}, &quoted{N: "1", S: "a\"b"},
		dashes{1, i, 3, 4, 5}, omits{Day: day{7}}, &omits{Day: day{i}, I: 0, TP: new(time.Time), Neg: x, Z: inner{1, i}, E: s},
		holds{B: b, N: b, Two: [][]byte{b, nil}, M: map[string][]byte{"k": b}, Any: b}, holds{B: []byte{0xff, 0xfe}}, []any{b, map[string]any{"b": b}},
		blob(s), map[int64][]byte{n: b}, struct{ json.Number }{}, struct{ N json.Number }{},
	}
}

func TestHandlerWritesShapesAsSlogDoes(t *testing.T) {
	for _, v := range shapes(9007199254740, 2.5, "hi") {
		same(t, nil, func(l *slog.Logger) { l.With("w", v).Info("m", "v", v, slog.Group("g", "v", v)) })
	}
}

// What the rules of encoding/json turn into something else is looked at before.
func TestShapesHideNothing(t *testing.T) {
	type login struct {
		Password string `json:"password,string"`
		PIN      int    `json:"pin,string"`
		Token    []byte
		Body     []byte
		Card     int64  `json:"n,string"`
		Note     string `json:"-,"`
	}
	v := login{"hunter2", 773311, []byte("hunter2"), []byte(`{"password":"hunter2"}`), 4111111111111111, "password=hunter2"}
	var buf bytes.Buffer
	slog.New(logging.NewHandler(&buf, nil)).Info("m", "v", v, "l", []any{v, struct{ login }{v}}, slog.Group("g", "v", &v))
	for _, secret := range []string{"hunter2", "773311", "4111111", "aHVudGVyM", "h1bnRlcj", "odW50ZXIy"} { // base64 at each offset
		if strings.Contains(buf.String(), secret) {
			t.Errorf("%q in %s", secret, &buf)
		}
	}
}
