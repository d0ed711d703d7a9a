package respwrap

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
)

// Body is a request's body that remembers when reading it ran into the server's deadline. net/http then cancels the
// request as if the client had gone, although it is there and hears the answer.
type Body struct {
	io.ReadCloser
	late atomic.Bool
}

func (b *Body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		b.late.Store(true)
	}
	return n, err
}
