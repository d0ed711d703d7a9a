package verify_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/verify"
)

// Each bad value is refused with its field, and all of them at once.
func TestConfigRefuses(t *testing.T) {
	call := verify.Call{Path: "/x"}
	for field, cfg := range map[string]verify.Config{
		"Public":                {Public: "x"},
		"NotFound":              {NotFound: "/a b"},
		"Profile":               {Profile: "page"},
		"PlainURL":              {PlainURL: "https://example.com"},
		"CORS.Origins":          {CORS: &verify.CORS{}},
		"CORS.Origins[1]":       {CORS: &verify.CORS{Origins: []string{"https://a.example", "https://a.example/"}}},
		"CORS.Wildcards[0]":     {CORS: &verify.CORS{Wildcards: []string{"https://*example.com"}}},
		"CORS.Path":             {CORS: &verify.CORS{Origins: []string{"https://a.example"}, Path: "x"}},
		"CSRF.Path":             {CSRF: &verify.Call{Method: "POST"}},
		"CSRF.Method":           {CSRF: &call},
		"Rate.Burst":            {Rate: &verify.Rate{}},
		"Login.Attempts":        {Login: &verify.Login{Call: call}},
		"Login.Call.Path":       {Login: &verify.Login{Attempts: 1}},
		"Health.Live":           {Health: &verify.Health{Live: "livez"}},
		"Health.Ready":          {Health: &verify.Health{Ready: "readyz"}},
		"Health.Full":           {Health: &verify.Health{Full: "health"}},
		"Body.Limit":            {Body: &verify.Body{Call: call}},
		"Body.Call.Path":        {Body: &verify.Body{Limit: 1}},
		"Auth.Routes":           {Auth: &verify.Auth{}},
		"Auth.Routes[0].Path":   {Auth: &verify.Auth{Routes: []verify.Call{{}}}},
		"Auth.Routes[0].Method": {Auth: &verify.Auth{Routes: []verify.Call{{Path: "/", Method: "GET /"}}}},
		"Auth.Routes[0].Header": {Auth: &verify.Auth{Routes: []verify.Call{{Path: "/", Header: map[string]string{"X": "a\nb"}}}}},
		"Inputs[0]":             {Inputs: []verify.Call{call}},
		"Redirects[0]":          {Redirects: []string{"/go"}},
		"Secrets[0].Path":       {Secrets: []verify.Call{{}}},
		"Logs.SecretPaths[0]":   {Logs: &verify.Logs{SecretPaths: []string{"/reset"}}},
		"Version.Path":          {Version: &verify.Version{Field: "a", Want: "b"}},
		"Version":               {Version: &verify.Version{Path: "/v"}},
		"Timeout":               {Timeout: -1},
		"Limits.Burst":          {Limits: verify.Limits{Burst: -1}},
		"Limits.PerSecond":      {Limits: verify.Limits{PerSecond: -1}},
		"Skip":                  {Skip: map[string]string{"hdr-csp": " "}},
		"Only[0]":               {Only: []string{"hdr-cps"}},
		"Checks[0]":             {Checks: []verify.Check{{ID: "x"}}},
		"Checks[0].ID":          {Checks: []verify.Check{{ID: "hdr-csp", Title: "x", Run: func(*verify.Probe) {}}}},
	} {
		err := cfg.Check()
		e, ok := errors.AsType[*verify.ConfigError](err)
		if !ok || e.Field != field || e.Package != "verify" {
			t.Errorf("%s: %v", field, err)
		}
	}
	err := verify.Config{Public: "x", NotFound: "y", Skip: map[string]string{"hdr-cps": "why"}}.Check()
	if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) != 3 {
		t.Errorf("three problems: %v", err)
	}
	if err := expectations().Check(); err != nil {
		t.Error(err)
	}
}

func TestReadConfig(t *testing.T) {
	cfg, err := verify.ReadConfig(strings.NewReader(`{"host":"api.example.com","https":true,"profile":"web","timeout":"20s","header_timeout":"1m30s",
		"cors":{"origins":["https://app.example.com"]},"health":{"ready":"/readyz","down_within":"10s"},"limits":{"burst":50,"max_wait":"2s"},"skip":{"http2":"later"}}`))
	want := verify.Config{Host: "api.example.com", HTTPS: true, Profile: verify.Web, Timeout: 20 * time.Second, HeaderTimeout: 90 * time.Second,
		CORS: &verify.CORS{Origins: []string{"https://app.example.com"}}, Health: &verify.Health{Ready: "/readyz", DownWithin: 10 * time.Second},
		Limits: verify.Limits{Burst: 50, MaxWait: 2 * time.Second}, Skip: map[string]string{"http2": "later"}}
	if err != nil || !reflect.DeepEqual(cfg, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, cfg, want)
	}
	for _, bad := range []string{"", "[]", "{", `{"hsot":"x"}`, `{"cors":{"origin":[]}}`, `{"health":{"redy":"/x"}}`, `{"limits":{"bursts":1}}`, `{"timeout":5}`, `{"timeout":"5"}`,
		`{"public":"x"}`, `{} {}`, "host: api.example.com"} {
		if _, err := verify.ReadConfig(strings.NewReader(bad)); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

// What is written is read back as it was: -init writes what verify reads.
func TestConfigRoundTrip(t *testing.T) {
	want := expectations()
	want.Limits = verify.Limits{Requests: 5, PerSecond: 2.5, RequestTimeout: time.Second}
	want.Health.DownWithin = time.Minute
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := verify.ReadConfig(strings.NewReader(string(data)))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v\nthrough %s", err, got, want, data)
	}
	if data, _ := json.Marshal(verify.Config{}); string(data) != "{}" {
		t.Errorf("the zero Config is %s", data)
	}
}
