package logging_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/gambeson-go/gambeson/logging"
)

// stable leaves out what differs from run to run.
func stable(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.TimeKey, "duration_ms", "request_id", "client.address", "server.address", "network.protocol.version":
		return slog.Attr{}
	}
	return a
}

func Example() {
	logs, err := logging.New(logging.Config{
		Logger: slog.New(logging.NewHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: stable})),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		logging.Logger(r.Context()).Info("looking it up", "id", r.PathValue("id"))
		logging.Add(r.Context(), slog.String("plan", "free"), slog.String("password", "hunter2"))
		io.WriteString(w, "order")
	})
	logs.Wrap(mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/orders/7?token=s3cr3tV4lu3", nil))
	// Output:
	// {"level":"INFO","msg":"looking it up","id":"7"}
	// {"level":"INFO","msg":"http request","http.request.method":"GET","http.route":"/orders/{id}","http.response.status_code":200,"url.path":"/orders/7","url.query":"token=REDACTED","http.request.body.size":0,"http.response.body.size":5,"plan":"free","password":"[REDACTED]"}
}

func ExampleNew_problems() {
	_, err := logging.New(logging.Config{
		SampleEvery:    -1,
		RequestHeaders: []string{"Accept:"},
		Body:           &logging.BodyCapture{Request: true},
	})
	fmt.Println(err)
	// Output:
	// logging: SampleEvery -1: a rate is not negative; write 0 or 1 to keep every record
	// logging: RequestHeaders[0] "Accept:": is not the name of a header; write it as in "Content-Type"
	// logging: Body.MaxBytes 0: a capture needs a bound; write how many bytes to keep, such as 2048
}

func ExampleNewHandler() {
	logger := slog.New(logging.NewHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: stable}))
	logger.Info("connected", "dsn", "postgres://app:hunter2@db/shop", "took_ms", 12)
	// Output:
	// {"level":"INFO","msg":"connected","dsn":"postgres://REDACTED:REDACTED@db/shop","took_ms":12}
}

// The hook is where an error tracker goes in: what it is given is redacted, and the answer does not wait for it.
func ExampleConfig_onError() {
	logs, err := logging.New(logging.Config{
		Logger: slog.New(slog.DiscardHandler),
		Level: func(e logging.Event) slog.Level {
			if e.Route == "/healthz" {
				return slog.LevelDebug
			}
			return logging.DefaultLevel(e)
		},
		OnError: func(ctx context.Context, e logging.Event) {
			fmt.Println(e.Method, e.Path, e.Status, e.Panic)
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	logs.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("cannot reach postgres://app:hunter2@db/shop")
	})).ServeHTTP(w, httptest.NewRequest("GET", "/orders", nil))
	logs.Flush(context.Background()) // at the end of the program
	fmt.Println(w.Code)
	// Output:
	// GET /orders 500 cannot reach postgres://REDACTED:REDACTED@db/shop
	// 500
}
