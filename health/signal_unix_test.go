//go:build unix

package health_test

import (
	"context"
	"net/http"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/health"
)

func kill(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(syscall.Getpid(), sig); err != nil {
		t.Fatal(err)
	}
}

func TestServeSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		s := start(t, health.Config{DrainDelay: -1}, app)
		s.get(t, "/x")
		kill(t, sig)
		if err := s.end(t); err != nil {
			t.Errorf("%v: %v", sig, err)
		}
	}
}

func TestServeSecondSignalCutsTheDelay(t *testing.T) {
	s := start(t, health.Config{DrainDelay: time.Hour}, app)
	s.get(t, "/x")
	kill(t, syscall.SIGTERM)
	<-s.m.Draining()
	if code, body, _ := s.get(t, "/x"); code != 200 || body != "app" {
		t.Errorf("during the delay: %d %s", code, body)
	}
	kill(t, syscall.SIGTERM)
	if err := s.end(t); err != nil {
		t.Error(err)
	}
}

// One SIGTERM that also ends the context is one signal: the delay must stay.
func TestServeWithNotifyContext(t *testing.T) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	m := mustNew(t, health.Config{DrainDelay: time.Hour})
	s := startWith(ctx, t, m, &http.Server{Handler: m.Wrap(app)})
	s.get(t, "/x")
	kill(t, syscall.SIGTERM)
	<-ctx.Done()
	<-m.Draining()
	select {
	case err := <-s.done:
		t.Fatalf("no delay: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	kill(t, syscall.SIGTERM)
	if err := s.end(t); err != nil {
		t.Error(err)
	}
}
