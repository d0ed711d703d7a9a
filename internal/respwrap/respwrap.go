// Package respwrap is the one http.ResponseWriter wrapper of this library.
//
// Wrapping a ResponseWriter goes wrong in the same few ways everywhere: streaming, WebSockets or sendfile stop working
// because an optional interface is lost; a handler believes that it can flush because one is claimed; 103 Early Hints
// are taken for the answer; a pooled wrapper writes into a stranger's response. The rules here:
//
//   - The wrapper offers exactly those of [http.Flusher], [http.Hijacker], [io.ReaderFrom] and [http.Pusher] that the
//     writer below has. Everything else, deadlines and full duplex, is reached through Unwrap by [http.ResponseController].
//   - 1xx but 101 is not final. The first final status is the status.
//   - One allocation, or none where [Response] lies inside the layer's own per-request state. Never pooled.
package respwrap

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
)

// Response is what has happened to one response. Its zero value is ready for Wrap. Like any ResponseWriter it serves
// one goroutine at a time. Its fields fill an allocation of 96 bytes; one word more makes it 112.
type Response struct {
	below    http.ResponseWriter
	filter   Filter
	hook     HeaderHook
	err      error
	request  *http.Request // the one that Wrap was given
	routed   *http.Request // the one that the mux set the pattern on
	bytes    int64
	status   int32
	head     bool
	hijacked bool
	gone     bool
}

// Filter stands between the handler and the writer below, for a layer that must see or hold the body. It is given the
// final status once, then the body. Without one, calls go straight below.
type Filter interface {
	WriteHeader(below http.ResponseWriter, status int)
	Write(below http.ResponseWriter, p []byte) (int, error)
	Flush(below http.ResponseWriter) error
}

// Wrap puts p around w for the request r and returns the writer to hand on. It is called once for each Response.
func (p *Response) Wrap(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	p.below = w
	p.request = r
	p.head = r.Method == http.MethodHead
	return p.view()
}

// SetFilter puts f in the way, before anything is written.
func (p *Response) SetFilter(f Filter) { p.filter = f }

// HeaderHook is told of each status right before it goes below, while the header can still be changed: of every 1xx but
// 101, then of the final one. It leaves the body alone, so that sendfile goes on working. emptied says that the handler
// cleared the whole header after a 1xx, and with it what the layer had set.
type HeaderHook interface {
	BeforeHeader(h http.Header, status int, emptied bool)
}

// OnHeader sets the hook, before anything is written. It is false where another has it already: that layer wraps anew.
func (p *Response) OnHeader(f HeaderHook) bool {
	if p.hook != nil {
		return false
	}
	p.hook = f
	return true
}

func (p *Response) announce(status int) {
	if p.hook != nil {
		p.hook.BeforeHeader(p.below.Header(), status, false)
	}
}

// Finish tells the hook of the 200 that net/http sends for a handler that returned without a word. A layer that has set
// a hook calls it then; after an answer it does nothing.
func (p *Response) Finish() {
	if !p.Written() {
		p.announce(http.StatusOK)
	}
}

// Of finds the Response that w is the writer of. A layer directly inside another can use the outer one's state instead
// of wrapping again. It does not look through other wrappers: what they write past w would be missed.
func Of(w http.ResponseWriter) (*Response, bool) {
	if v, ok := w.(interface{ response() *Response }); ok {
		return v.response(), true
	}
	return nil, false
}

func (p *Response) response() *Response { return p }

// Status is the final status sent; 0 while there is none; 101 after a hijack that announced no other.
func (p *Response) Status() int {
	if p.status == 0 && p.hijacked {
		return http.StatusSwitchingProtocols
	}
	return int(p.status)
}

// Written says whether a final status went out or the connection was hijacked: no other answer can be given any more.
func (p *Response) Written() bool { return p.status != 0 || p.hijacked }

// Hijacked says whether the handler took over the connection.
func (p *Response) Hijacked() bool { return p.hijacked }

// Bytes is how much of the body the writer below took; 0 for HEAD, whose body is never sent.
func (p *Response) Bytes() int64 { return p.bytes }

// Err is the first error that writing or flushing the body gave; with ReadFrom it may be one of the source.
func (p *Response) Err() error { return p.err }

// Unheard says whether the client had gone away before the final status was written.
func (p *Response) Unheard() bool { return p.gone }

// Pattern is the route that [Route] saw; "" where it saw none.
func (p *Response) Pattern() string {
	if p.routed == nil {
		return ""
	}
	return p.routed.Pattern
}

// Unwrap is for http.ResponseController.
func (p *Response) Unwrap() http.ResponseWriter { return p.below }

// Header is the header map of the writer below.
func (p *Response) Header() http.Header { return p.below.Header() }

// WriteHeader passes 1xx on, notes the first final status, and leaves it to the writer below to complain about others.
func (p *Response) WriteHeader(status int) {
	if isEarly(status) && !p.Written() {
		p.early(status)
		return
	}
	if !p.Written() {
		p.announce(status)
	}
	if p.filter != nil {
		if !p.Written() {
			p.answer(status)
			p.filter.WriteHeader(p.below, status)
		}
		return
	}
	p.below.WriteHeader(status) // first: a status that it panics on was not sent
	if !p.Written() {
		p.answer(status)
	}
}

// answer notes the final status, and whether there was still a client to hear it.
func (p *Response) answer(status int) {
	p.status = int32(status) //nolint:gosec // net/http takes three digits
	p.gone = Gone(p.request)
}

// Gone says whether the context of r ended because the client went away, which net/http cancels with no cause of its
// own. A deadline is the server's doing, and so is a shutdown that gives its cause, as [os/signal.NotifyContext] does. A
// body that came too slowly for the server's ReadTimeout looks like a client that left; a [Body] in its place tells.
func Gone(r *http.Request) bool {
	ctx := r.Context()
	if ctx.Err() != context.Canceled || context.Cause(ctx) != context.Canceled {
		return false
	}
	b, ok := r.Body.(*Body)
	return !ok || !b.late.Load()
}

// fail notes the first error of a write. That the handler wrote a body where none may be is no failure of the transfer.
func (p *Response) fail(err error) {
	if err != nil && p.err == nil && !errors.Is(err, http.ErrBodyNotAllowed) && !errors.Is(err, errors.ErrUnsupported) {
		p.err = err
	}
}

// begin notes the 200 that net/http sends by itself with the first byte or flush.
func (p *Response) begin() {
	if p.Written() {
		return
	}
	if p.filter != nil {
		p.WriteHeader(http.StatusOK)
		return
	}
	p.announce(http.StatusOK)
	p.answer(http.StatusOK)
}

func (p *Response) count(n int64) {
	if !p.head && n > 0 {
		p.bytes += n
	}
}

// Write passes the body on and counts what was taken.
func (p *Response) Write(b []byte) (int, error) {
	p.begin()
	var n int
	var err error
	if p.filter != nil {
		n, err = p.filter.Write(p.below, b)
	} else {
		n, err = p.below.Write(b)
	}
	p.count(int64(n))
	p.fail(err)
	return n, err
}

// WriteString spares the copy that io.WriteString would make.
func (p *Response) WriteString(s string) (int, error) {
	sw, ok := p.below.(io.StringWriter)
	if !ok || p.filter != nil {
		return p.Write([]byte(s))
	}
	p.begin()
	n, err := sw.WriteString(s)
	p.count(int64(n))
	p.fail(err)
	return n, err
}

func (p *Response) flushError() error {
	p.begin()
	var err error
	if p.filter != nil {
		err = p.filter.Flush(p.below)
	} else {
		err = Flush(p.below)
	}
	p.fail(err)
	return err
}

// Flush flushes w and says what came of it, where w can say so.
func Flush(w http.ResponseWriter) error {
	switch f := w.(type) {
	case interface{ FlushError() error }:
		return f.FlushError()
	case http.Flusher:
		f.Flush()
		return nil
	}
	return http.ErrNotSupported
}

func (p *Response) hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := p.below.(http.Hijacker).Hijack()
	if err == nil {
		p.hijacked = true
	}
	return conn, rw, err
}

func (p *Response) readFrom(src io.Reader) (int64, error) {
	if p.filter != nil {
		return io.Copy(struct{ io.Writer }{p}, src)
	}
	p.begin()
	n, err := p.below.(io.ReaderFrom).ReadFrom(src)
	p.count(n)
	p.fail(err)
	return n, err
}

func (p *Response) push(target string, opts *http.PushOptions) error {
	return p.below.(http.Pusher).Push(target, opts)
}
