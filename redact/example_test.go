package redact_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/gambeson-go/gambeson/redact"
)

func Example() {
	noTime := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	log := slog.New(redact.Default().Handler(slog.NewJSONHandler(os.Stdout, noTime)))
	log.Info("login", "user", "bob", "password", "hunter2", "attempts", 3)
	log.Error("query failed", "err", errors.New("dial postgres://app:hunter2@db1:5432/orders: refused"))
	// Output:
	// {"level":"INFO","msg":"login","user":"bob","password":"[REDACTED]","attempts":3}
	// {"level":"ERROR","msg":"query failed","err":"dial postgres://REDACTED:REDACTED@db1:5432/orders: refused"}
}

func ExampleRedactor_AppendJSON() {
	body := []byte(`{"user":"bob", "tokens":900, "token":"abc", "event":"{\"pin\":1234}"}`)
	fmt.Printf("%s\n", redact.Default().AppendJSON(nil, body))
	// Output: {"user":"bob", "tokens":900, "token":"[REDACTED]", "event":"{\"pin\":\"[REDACTED]\"}"}
}

func ExampleRedactor_Query() {
	fmt.Println(redact.Default().Query("page=2&access_token=abc&state=CA"))
	// Output: page=2&access_token=REDACTED&state=CA
}

func ExampleRedactor_Header() {
	h := http.Header{"Authorization": {"Bearer abc"}, "Cookie": {"sid=abc; theme=dark"}, "Accept": {"text/html"}}
	clean := redact.Default().Header(h)
	fmt.Println(clean.Get("Authorization"), "|", clean.Get("Cookie"), "|", clean.Get("Accept"))
	// Output: [REDACTED] | sid=[REDACTED]; theme=[REDACTED] | text/html
}

func ExampleRedactor_Wrap() {
	h := redact.Default().Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "dial postgres://app:hunter2@db1:5432/orders: refused", http.StatusInternalServerError)
	}))
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	fmt.Print(rec.Code, " ", rec.Body)
	// Output: 500 dial [REDACTED] refused
}

func ExampleNew() {
	r, err := redact.New(redact.Config{
		Names:      []string{"tax_number"},
		AllowNames: []string{"page_token"},
		Patterns:   []redact.Pattern{{Name: "acme", Prefix: "acme_", Chars: "a-z0-9", Min: 10}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Text("taxNumber=12-34 page_token=cGFnZTI acme_abcdef0123"))
	// Output: taxNumber=[REDACTED] page_token=cGFnZTI [REDACTED]
}

func ExampleSecret() {
	cfg := struct{ Key redact.Secret }{"hunter2"}
	fmt.Printf("%v %+v %s\n", cfg, cfg, cfg.Key)
	fmt.Println(len(string(cfg.Key)))
	// Output:
	// {[REDACTED]} {Key:[REDACTED]} [REDACTED]
	// 7
}
