package gambeson

import (
	"errors"
	"net/http"
	"time"

	"github.com/gambeson-go/gambeson/headers"
	"github.com/gambeson-go/gambeson/health"
	"github.com/gambeson-go/gambeson/internal/conf"
	"github.com/gambeson-go/gambeson/logging"
	"github.com/gambeson-go/gambeson/metrics"
	"github.com/gambeson-go/gambeson/redact"
)

// ConfigError is one problem of a configuration.
type ConfigError = conf.Error

// Default is a Stack with every layer on that needs no answer from you: Health, Logging, Metrics, Headers (the API
// profile), LeakGuard, CSRF protection, and the limits of size and time. Add CORS, RateLimit and Auth as you need them.
func Default() (Stack, error) {
	var s Stack
	var errs [4]error
	s.Health, errs[0] = health.New(health.Config{})
	s.Logging, errs[1] = logging.New(logging.Config{})
	s.Metrics, errs[2] = metrics.New(metrics.Config{})
	s.Headers, errs[3] = headers.New(headers.API())
	s.LeakGuard = redact.Default()
	if err := errors.Join(errs[:]...); err != nil {
		return Stack{}, err
	}
	return s, nil
}

// Server is an http.Server with the limits that no middleware can set, because they count before the first one runs:
// 5 s for the header, 15 s for the whole request, 18 s until the answer is written, 2 minutes for an idle connection,
// and 32 KiB of header. All of them end a request within the 20 s that health.Middleware.Serve waits, so that a deploy
// cuts none. OPTIONS * goes to the handler as everything else does, not past the layers.
//
// Change the fields as you need; a zero timeout means none, which lets slow clients hold connections for good.
func Server(addr string, h http.Handler) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      18 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,

		DisableGeneralOptionsHandler: true,
	}
}
