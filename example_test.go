package gambeson_test

import (
	"fmt"
	"net/http"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/cors"
)

func ExampleStack_Build() {
	stack, err := gambeson.Default()
	if err != nil {
		fmt.Println(err)
		return
	}
	stack.CORS, err = cors.New(cors.Config{AllowedOrigins: []string{"https://app.example.com"}, AllowCredentials: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	stack.DangerouslyNoCSRF = true // somebody thought that CORS was enough
	_, err = stack.Build(http.NewServeMux())
	fmt.Println(err)
	// Output:
	// gambeson: DangerouslyNoCSRF true: CORS allows credentials, and it only hides the answer: the request that another site sends with them takes effect; leave CSRF protection on, or set cors.Config.AllowCredentials to false
}
