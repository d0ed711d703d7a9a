package cors_test

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	rscors "github.com/rs/cors"

	"github.com/gambeson-go/gambeson/cors"
)

func TestFromRS(t *testing.T) {
	cfg := cors.FromRS(rscors.Options{
		AllowedOrigins: []string{app, "https://*.example.org"}, AllowedMethods: []string{"GET", "PUT"}, AllowedHeaders: []string{"X-A"},
		ExposedHeaders: []string{"X-B"}, AllowCredentials: true, MaxAge: 300, OptionsSuccessStatus: 200, Debug: true,
	})
	m := mustNew(t, cfg)
	got := m.Config()
	if !slices.Equal(got.AllowedOrigins, []string{app, "https://*.example.org"}) || !slices.Equal(got.AllowedMethods, []string{"GET", "PUT"}) ||
		!slices.Equal(got.AllowedHeaders, []string{"X-A"}) || !slices.Equal(got.ExposedHeaders, []string{"X-B"}) ||
		!got.AllowCredentials || got.MaxAge != 5*time.Minute || got.OnDecision != nil {
		t.Errorf("%+v", got)
	}
	if age := cors.FromRS(rscors.Options{MaxAge: -7}).MaxAge; age != -1 {
		t.Errorf("rs/cors sends 0 for any negative MaxAge; here %v", age)
	}
}

// The defaults of rs/cors that work there are spelled out.
func TestFromRSDefaults(t *testing.T) {
	const acrh = "Access-Control-Request-Headers"
	m := mustNew(t, cors.FromRS(rscors.Options{AllowedOrigins: []string{app}}))
	if d := m.Check(preflight(app, "POST", acrh, "content-type,x-requested-with")); !d.Allowed {
		t.Error(d.Reason)
	}
	m = mustNew(t, cors.FromRS(rscors.Options{AllowedOrigins: []string{app}, AllowedHeaders: []string{"*"}, AllowCredentials: true}))
	if d := m.Check(preflight(app, "POST", acrh, "authorization,x-any")); !d.Allowed {
		t.Error(d.Reason)
	}
}

func TestFromRSDysfunctional(t *testing.T) {
	list := []string{app}
	tests := []struct {
		desc    string
		options rscors.Options
		want    string
	}{
		{"nobody listed meant everybody", rscors.Options{}, `AllowedOrigins: no origin is listed, so no page could use this; list the origins of your pages, or "*" for everybody`},
		{"star with credentials", rscors.Options{AllowedOrigins: []string{"*"}, AllowCredentials: true}, `browsers refuse "*"`},
		{"greedy pattern", rscors.Options{AllowedOrigins: []string{"https://*example.com"}}, `write "https://*.example.com"`},
		{"upper case matched there", rscors.Options{AllowedOrigins: []string{"https://App.Example.com"}}, `write "https://app.example.com"`},
		{"methods star", rscors.Options{AllowedOrigins: list, AllowedMethods: []string{"*"}}, `rs/cors AllowedMethods "*": rs/cors took it for a method of that name`},
		{"lower-case method", rscors.Options{AllowedOrigins: list, AllowedMethods: []string{"put"}}, `write "PUT"`},
		{"function", rscors.Options{AllowedOrigins: list, AllowOriginFunc: func(string) bool { return true }}, "rs/cors AllowOriginFunc: nobody can check"},
		//lint:ignore SA1019 deprecated there, in use all the same
		{"request function", rscors.Options{AllowOriginRequestFunc: func(*http.Request, string) bool { return true }}, "call Reconfigure when they change"},
		{"vary function", rscors.Options{AllowOriginVaryRequestFunc: func(*http.Request, string) (bool, []string) { return true, nil }}, "rs/cors AllowOriginFunc"},
		{"passthrough", rscors.Options{AllowedOrigins: list, OptionsPassthrough: true}, "rs/cors OptionsPassthrough true: a handler that answers preflights can undo them"},
		{"private network", rscors.Options{AllowedOrigins: list, AllowPrivateNetwork: true}, "rs/cors AllowPrivateNetwork true: browsers ask the user now"},
		{"status", rscors.Options{AllowedOrigins: list, OptionsSuccessStatus: 500}, "rs/cors OptionsSuccessStatus 500: a preflight succeeds with 2xx only"},
		{"max-age", rscors.Options{AllowedOrigins: list, MaxAge: math.MaxInt}, "no browser keeps a preflight longer"},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			_, err := cors.New(cors.FromRS(tt.options))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// A function is one problem, not two: that the list is empty then is no news. The list beside it was not looked at.
func TestFromRSFunctionIsOneProblem(t *testing.T) {
	cfg := cors.FromRS(rscors.Options{AllowedOrigins: []string{app}, AllowOriginFunc: func(string) bool { return true }})
	_, err := cors.New(cfg)
	const want = "cors: rs/cors AllowOriginFunc: nobody can check which origins a function admits; " +
		"leave the function out of the rs/cors options, list the origins in AllowedOrigins, and call Reconfigure when they change"
	if err == nil || err.Error() != want || cfg.AllowedOrigins != nil {
		t.Errorf("got  %v, origins %v\nwant %s", err, cfg.AllowedOrigins, want)
	}
}

type printer struct{ lines []string }

func (p *printer) Printf(format string, args ...any) {
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
}

func TestFromRSLogger(t *testing.T) {
	var p printer
	m := mustNew(t, cors.FromRS(rscors.Options{AllowedOrigins: []string{app}, Logger: &p}))
	serve(m, preflight(app, "PATCH"))
	if want := []string{`cors: preflight allowed=false: method "PATCH" is not in AllowedMethods`}; !slices.Equal(p.lines, want) {
		t.Errorf("%q, want %q", p.lines, want)
	}
}
