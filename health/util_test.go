package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/health"
)

func mustNew(t testing.TB, cfg health.Config) *health.Middleware {
	t.Helper()
	m, err := health.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var app = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("app")) })

func ask(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

type body struct {
	Status    string
	Version   string
	ReleaseID string `json:"releaseId"`
	Output    string
	Checks    map[string][]struct {
		Status, Output, Time, ComponentType, ObservedUnit string
		ObservedValue                                     *float64
	}
}

func parse(t testing.TB, w *httptest.ResponseRecorder) body {
	t.Helper()
	var b body
	if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil {
		t.Fatalf("body %q: %v", w.Body, err)
	}
	return b
}

func passing(context.Context) error { return nil }
func failing(context.Context) error { return errors.New("dial tcp 10.0.0.5:5432: connection refused") }

func statuses(h http.Handler, method string, paths ...string) []int {
	var codes []int
	for _, path := range paths {
		codes = append(codes, ask(h, method, path).Code)
	}
	return codes
}

func returns(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

// counted is for checks that one goroutine at a time may run.
func counted(runs *int, check func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		*runs++
		return check(ctx)
	}
}

type textError string

func (e textError) Error() string { return string(e) }

type panickyError struct{}

func (panickyError) Error() string { panic("no text") }

// checkGoroutines is how many goroutines checks hold. runtime.NumGoroutine counts everybody's, and is off during a
// garbage collection.
func checkGoroutines() int {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	n := 0
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, "gambeson/health.(*check)") {
			n++
		}
	}
	return n
}
