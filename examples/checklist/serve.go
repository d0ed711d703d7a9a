package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gambeson-go/gambeson"
	"github.com/gambeson-go/gambeson/health"
)

// adminKey marks the context of every request on the private listener. A header could be forged; the listener that a
// connection came in on cannot.
type adminKey struct{}

// isAdmin tells whether a request came in on the private listener: only there /health gives details.
func isAdmin(r *http.Request) bool { return r.Context().Value(adminKey{}) != nil }

// adminServer is for Prometheus and for people with a shell on the machine: metrics, and health with its reasons.
func adminServer(addr string, stack gambeson.Stack) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", stack.Metrics.Handler())
	srv := gambeson.Server(addr, stack.Health.Wrap(jsonErrors(mux)))
	srv.BaseContext = func(net.Listener) context.Context {
		return context.WithValue(context.Background(), adminKey{}, true)
	}
	return srv
}

// listeners are opened before anything else happens, so that a second process by mistake stops here and not in the
// middle of a migration.
type listeners struct{ api, admin, redirect net.Listener }

// listen opens all of them, or none and says everything that failed.
func listen(cfg Config) (l listeners, err error) {
	open := func(name, addr string) net.Listener {
		if addr == "" {
			return nil
		}
		ln, openErr := net.Listen("tcp", addr)
		if openErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", name, openErr))
			return nil
		}
		return ln
	}
	l = listeners{open("ADDR", cfg.Addr), open("ADMIN_ADDR", cfg.AdminAddr), open("REDIRECT_ADDR", cfg.RedirectAddr)}
	if err != nil {
		l.close()
	}
	return l, err
}

func (l listeners) close() {
	for _, ln := range []net.Listener{l.api, l.admin, l.redirect} {
		if ln != nil {
			ln.Close() //nolint:errcheck // another error is being reported
		}
	}
}

// publicServer has the timeouts and the header limit that no middleware can set. They are shorter than what health gives
// the requests under way to end, 20 s: else any client that sends or reads slowly makes the end of the program a failure.
func publicServer(addr string, h http.Handler) *http.Server {
	srv := gambeson.Server(addr, h)
	srv.ReadTimeout = 12 * time.Second  // for 1 MiB, the largest body
	srv.WriteTimeout = 18 * time.Second // from the header's end to the answer's, with maxDuration in it
	return srv
}

// serve answers until a signal, drains, and returns nil after a clean end. The redirect's port has the same handler:
// over plain http its headers layer answers with the redirect, and the log and the metrics see that too.
func serve(ctx context.Context, cfg Config, l listeners, h http.Handler, stack gambeson.Stack, logger *slog.Logger) error {
	errorLog := slog.NewLogLogger(logger.Handler(), slog.LevelWarn)
	api := publicServer(cfg.Addr, h)
	scheme := "http"
	if cfg.ownTLS() {
		pair, err := tls.LoadX509KeyPair(cfg.TLSCertFile, cfg.TLSKeyFile)
		if err != nil {
			return err
		}
		api.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
		scheme = "https"
	}
	public := []struct {
		name, scheme string
		srv          *http.Server
		ln           net.Listener
	}{{"api", scheme, api, l.api}}
	if l.redirect != nil {
		public = append(public, public[0])
		public[1].name, public[1].scheme, public[1].ln = "redirect", "http", l.redirect
		public[1].srv = publicServer(cfg.RedirectAddr, h)
	}

	admin := adminServer(cfg.AdminAddr, stack)
	admin.ErrorLog = errorLog
	ended := make(chan error, len(public)+1)
	go func() { ended <- serveAdmin(admin, l.admin, stack.Health) }()
	logger.Info("listening", "listener", "admin", "scheme", "http", "address", l.admin.Addr().String())
	for _, s := range public {
		s.srv.ErrorLog = errorLog
		logger.Info("listening", "listener", s.name, "scheme", s.scheme, "address", s.ln.Addr().String())
		go func() { ended <- stack.Health.Serve(ctx, s.srv, s.ln) }()
	}

	<-stack.Health.Draining()
	logger.Info("draining", "delay", cfg.DrainDelay.String())
	var err error
	for range public {
		err = errors.Join(err, <-ended)
	}
	// Prometheus may look until the last request is answered.
	last, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if admin.Shutdown(last) != nil {
		admin.Close() //nolint:errcheck // a scrape was cut off; nothing is lost
	}
	return errors.Join(err, <-ended)
}

// serveAdmin ends the whole program when it fails: a service that nobody can watch should be restarted.
func serveAdmin(srv *http.Server, ln net.Listener, h *health.Middleware) error {
	err := srv.Serve(ln)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	h.Drain()
	return fmt.Errorf("admin listener: %w", err)
}
