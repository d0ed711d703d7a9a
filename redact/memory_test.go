package redact_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/gambeson-go/gambeson/redact"
)

const visitor = "a text of thirty bytes, as was"

// TestRemembered: that a text was found clean says nothing about it under another name, in another group or for another
// redactor.
func TestRemembered(t *testing.T) {
	var b bytes.Buffer
	next := slog.NewTextHandler(&b, nil)
	log := slog.New(redact.Default().Handler(next))
	hides := func(what string, log *slog.Logger, text string, args ...any) {
		t.Helper()
		for range 3 {
			b.Reset()
			log.Info("m", args...)
			if strings.Contains(b.String(), text) {
				t.Errorf("%s: %s", what, b.String())
			}
		}
	}
	for range 3 { // now it is known
		b.Reset()
		log.Info(visitor, "note", visitor, "client", "203.0.113.9 from the house network", "code", "key-acme-0123456789ab of the shop")
		if strings.Contains(b.String(), "REDACTED") {
			t.Fatal(b.String())
		}
	}
	hides("name", log, visitor, "password", visitor)
	hides("group", log.WithGroup("secrets"), visitor, "note", visitor)
	hides("group of attributes", log, visitor, slog.Group("credentials", "note", visitor))
	hides("With", log.With("password", visitor), visitor)
	for what, cfg := range map[string]redact.Config{
		"names":    {Names: []string{"note"}},
		"patterns": {Patterns: []redact.Pattern{{Name: "acme", Prefix: "acme-", Min: 10}}},
		"IPs":      {IPs: true},
	} {
		r, err := redact.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		other := slog.New(r.Handler(log.Handler())) // in front of one that knows it
		switch what {
		case "names":
			hides(what, other, visitor, "note", visitor)
		case "patterns":
			hides(what, other, "0123456789", "code", "key-acme-0123456789ab of the shop")
		case "IPs":
			hides(what, other, "203.0.113.9", "client", "203.0.113.9 from the house network")
		}
	}
}

// TestRememberedTogether: loggers that share what is known, at the same time.
func TestRememberedTogether(t *testing.T) {
	secret := "ghp_" + "0123456789abcdefABCDEF0123456789abcd"
	var b bytes.Buffer
	log := slog.New(redact.Default().Handler(slog.NewTextHandler(&b, nil)))
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			own := log.With("worker", g).WithGroup(fmt.Sprint("g", g))
			for i := range 300 {
				own.Info("a message that comes again and again", "a", fmt.Sprintf("number %d of those that come once", i), "b", "token "+secret+" came", "password", visitor, "c", visitor)
			}
		})
	}
	wg.Wait()
	if got := b.String(); strings.Contains(got, secret[4:]) || strings.Contains(got, `password="`+visitor) || strings.Count(got, "\n") != 1200 {
		t.Errorf("%.300s", got)
	}
}
