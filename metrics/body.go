package metrics

import (
	"io"
	"net/http"
	"sync/atomic"

	"github.com/gambeson-go/gambeson/internal/respwrap"
)

// maxAnnounced is how much of a body that nobody read is believed: the last bound of the size buckets. Without a limit
// one request with "Content-Length: 9000000000000000000" would spoil the average for ever.
const maxAnnounced = 1e7

// body counts what the handler reads, from whatever goroutine it reads.
type body struct {
	io.ReadCloser
	read atomic.Int64
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.read.Add(int64(n))
	}
	return n, err
}

// watchBody puts a body in the way of r's own; nil where there is nothing to count. http.NoBody must stay what it is: a
// client or proxy that sends the request on compares with it. As http.MaxBytesReader is used everywhere, it changes the
// request in place: a copy would keep the mux's pattern to itself.
func watchBody(r *http.Request) *body {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	if limit, ok := r.Body.(*respwrap.Body); ok {
		b := &body{ReadCloser: limit.ReadCloser}
		limit.ReadCloser = b // inside: it tells a slow client from one that left, and must be seen
		return b
	}
	b := &body{ReadCloser: r.Body}
	r.Body = b
	return b
}

// size is what was read, or what the client announced and the handler left unread: -1 for a chunked body, which
// announces nothing.
func (b *body) size(announced int64) int64 {
	if b == nil {
		return 0
	}
	return max(b.read.Load(), min(announced, maxAnnounced))
}
