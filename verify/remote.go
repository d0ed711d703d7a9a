package verify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// remote asks a deployed service, politely: one host, so many requests in all and a second, no redirect followed.
type remote struct {
	base      *url.URL
	plain     *url.URL // where http is, for a base on https; nil where that is not known
	cfg       *Config
	transport *http.Transport
	next      time.Time // of the next request
	requests  int       // without bursts
	bursts    int
	samples   []*Response // of Probe.samples, asked for once
	malformed []attempt   // of Probe.tryMalformed, the same
}

var (
	errBudget = errors.New("the cap on requests is reached (Limits.Requests)")
	errBurst  = errors.New("the cap on burst requests is reached (Limits.Burst)")
)

func newRemote(base string, cfg *Config) (*remote, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("verify: %q is not the URL of a service; write it as in https://api.example.com", conf.Show(base))
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("verify: %q has more than scheme and host; paths belong into the config", conf.Show(base))
	}
	t := &remote{base: u, cfg: cfg}
	if u.Scheme == "https" {
		switch {
		case cfg.PlainURL != "":
			t.plain, _ = url.Parse(cfg.PlainURL) // checked by Config.Check
		case u.Port() == "" || u.Port() == "443":
			t.plain = &url.URL{Scheme: "http", Host: u.Hostname()}
			if t.plain.Port() == "" && net.ParseIP(u.Hostname()) != nil && net.ParseIP(u.Hostname()).To4() == nil {
				t.plain.Host = "[" + u.Hostname() + "]"
			}
		}
	}
	t.transport = &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSClientConfig:       &tls.Config{RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:     true,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   4,
		ResponseHeaderTimeout: cfg.Limits.RequestTimeout,
	}
	return t, nil
}

func (t *remote) stop() { t.transport.CloseIdleConnections() }

// target is where a request goes.
func (t *remote) target(r Request) (*url.URL, error) {
	switch {
	case r.Admin || r.Inner:
		return nil, errors.New("not reachable over a URL")
	case r.Plain && t.base.Scheme == "https" && t.plain == nil:
		return nil, errors.New("where plain http is, is not known (PlainURL)")
	case r.Plain && t.base.Scheme == "https":
		return t.plain, nil
	}
	return t.base, nil
}

// pace waits for this request's turn and counts it.
func (t *remote) pace(ctx context.Context, r Request) error {
	if r.burst {
		if t.bursts++; t.bursts > t.cfg.Limits.Burst {
			return errBurst
		}
		return nil
	}
	if t.requests++; t.requests > t.cfg.Limits.Requests {
		return errBudget
	}
	now := time.Now()
	wait := t.next.Sub(now)
	t.next = now.Add(max(wait, 0)).Add(time.Duration(float64(time.Second) / t.cfg.Limits.PerSecond))
	return sleep(ctx, wait)
}

func (t *remote) do(ctx context.Context, r Request) (*Response, error) {
	u, err := t.target(r)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		if err := t.pace(ctx, r); err != nil {
			return nil, err
		}
		res, err := t.once(ctx, r, u)
		if err != nil || res.Status != http.StatusTooManyRequests || r.May429 || try == 1 {
			return res, err
		}
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After")) // a date is not waited for
		wait := time.Duration(seconds) * time.Second
		if wait <= 0 || wait > t.cfg.Limits.MaxWait {
			return res, nil
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func (t *remote) once(ctx context.Context, r Request, u *url.URL) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Limits.RequestTimeout)
	defer cancel()
	req := r.httpRequest(u.Scheme, u.Host, t.cfg.Limits.UserAgent).WithContext(ctx)
	res, err := t.transport.RoundTrip(req) // and not a Client: a redirect is an answer to be judged, not to be followed
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return newResponse(r, res), nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
