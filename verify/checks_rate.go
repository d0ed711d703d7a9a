package verify

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

func rateChecks() []Check { return nil }

// most is how many requests at once must be enough to meet the limit.
func (r *Rate) most() int { return r.Burst + r.Slack + 1 }

// burst sends the same request until it is refused with 429, n times at most, and returns the last answer and how many
// were let through.
func (p *Probe) burst(r Request, n int) (last *Response, admitted int) {
	r.May429, r.burst = true, true
	for i := range n {
		last = p.Do(r)
		if last.Status == http.StatusTooManyRequests {
			return last, i
		}
	}
	return last, n
}

// retryAfter parses the header: seconds, or a date as RFC 9110 section 10.2.3 wants it.
func retryAfter(res *Response) (time.Duration, error) {
	v, n := res.one("Retry-After")
	if n != 1 {
		return 0, fmt.Errorf("Retry-After %d times, want once", n)
	}
	if seconds, err := strconv.Atoi(v); err == nil {
		if seconds < 1 {
			return 0, fmt.Errorf("Retry-After: %s tells to come back at once", clip(v, 40))
		}
		return time.Duration(seconds) * time.Second, nil
	}
	at, err := time.Parse(http.TimeFormat, v)
	if err != nil {
		return 0, fmt.Errorf("Retry-After: %s is neither seconds nor an HTTP date", clip(v, 40))
	}
	return max(time.Until(at), time.Second), nil
}
