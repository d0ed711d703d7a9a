package respwrap

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// Each view is one pointer, so that it costs no allocation of its own: an interface holds it directly. Its letters say
// which optional interfaces it has: f Flusher with FlushError, h Hijacker, r ReaderFrom, p Pusher.
type (
	base     struct{ *Response }
	viewF    struct{ *Response }
	viewH    struct{ *Response }
	viewFH   struct{ *Response }
	viewR    struct{ *Response }
	viewFR   struct{ *Response }
	viewHR   struct{ *Response }
	viewFHR  struct{ *Response }
	viewP    struct{ *Response }
	viewFP   struct{ *Response }
	viewHP   struct{ *Response }
	viewFHP  struct{ *Response }
	viewRP   struct{ *Response }
	viewFRP  struct{ *Response }
	viewHRP  struct{ *Response }
	viewFHRP struct{ *Response }
)

// view picks the type whose method set is that of the writer below.
func (p *Response) view() http.ResponseWriter {
	const f, h, r, s = 1, 2, 4, 8
	has := 0
	if _, ok := p.below.(http.Flusher); ok {
		has |= f
	}
	if _, ok := p.below.(http.Hijacker); ok {
		has |= h
	}
	if _, ok := p.below.(io.ReaderFrom); ok {
		has |= r
	}
	if _, ok := p.below.(http.Pusher); ok {
		has |= s
	}
	switch has {
	case f:
		return viewF{p}
	case h:
		return viewH{p}
	case f | h:
		return viewFH{p}
	case r:
		return viewR{p}
	case f | r:
		return viewFR{p}
	case h | r:
		return viewHR{p}
	case f | h | r:
		return viewFHR{p}
	case s:
		return viewP{p}
	case f | s:
		return viewFP{p}
	case h | s:
		return viewHP{p}
	case f | h | s:
		return viewFHP{p}
	case r | s:
		return viewRP{p}
	case f | r | s:
		return viewFRP{p}
	case h | r | s:
		return viewHRP{p}
	case f | h | r | s:
		return viewFHRP{p}
	}
	return base{p}
}

func (v viewF) Flush()            { v.flushError() } //nolint:errcheck // Flush cannot say
func (v viewF) FlushError() error { return v.flushError() }

func (v viewH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return v.hijack() }

func (v viewFH) Flush()                                       { v.flushError() } //nolint:errcheck // Flush cannot say
func (v viewFH) FlushError() error                            { return v.flushError() }
func (v viewFH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return v.hijack() }

func (v viewR) ReadFrom(src io.Reader) (int64, error) { return v.readFrom(src) }

func (v viewFR) Flush()                                { v.flushError() } //nolint:errcheck // Flush cannot say
func (v viewFR) FlushError() error                     { return v.flushError() }
func (v viewFR) ReadFrom(src io.Reader) (int64, error) { return v.readFrom(src) }

func (v viewHR) Hijack() (net.Conn, *bufio.ReadWriter, error) { return v.hijack() }
func (v viewHR) ReadFrom(src io.Reader) (int64, error)        { return v.readFrom(src) }

func (v viewFHR) Flush()                                       { v.flushError() } //nolint:errcheck // Flush cannot say
func (v viewFHR) FlushError() error                            { return v.flushError() }
func (v viewFHR) Hijack() (net.Conn, *bufio.ReadWriter, error) { return v.hijack() }
func (v viewFHR) ReadFrom(src io.Reader) (int64, error)        { return v.readFrom(src) }

func (v viewP) Push(t string, o *http.PushOptions) error { return v.push(t, o) }

func (v viewFP) Flush()                                   { v.flushError() } //nolint:errcheck // Flush cannot say
func (v viewFP) FlushError() error                        { return v.flushError() }
func (v viewFP) Push(t string, o *http.PushOptions) error { return v.push(t, o) }

func (v viewHP) Hijack() (net.Conn, *bufio.ReadWriter, error) { return v.hijack() }
func (v viewHP) Push(t string, o *http.PushOptions) error     { return v.push(t, o) }

func (v viewFHP) Flush()                                       { v.flushError() } //nolint:errcheck // Flush cannot say
func (v viewFHP) FlushError() error                            { return v.flushError() }
func (v viewFHP) Hijack() (net.Conn, *bufio.ReadWriter, error) { return v.hijack() }
func (v viewFHP) Push(t string, o *http.PushOptions) error     { return v.push(t, o) }

func (v viewRP) ReadFrom(src io.Reader) (int64, error)    { return v.readFrom(src) }
func (v viewRP) Push(t string, o *http.PushOptions) error { return v.push(t, o) }

func (v viewFRP) Flush()                                   { v.flushError() } //nolint:errcheck // Flush cannot say
func (v viewFRP) FlushError() error                        { return v.flushError() }
func (v viewFRP) ReadFrom(src io.Reader) (int64, error)    { return v.readFrom(src) }
func (v viewFRP) Push(t string, o *http.PushOptions) error { return v.push(t, o) }

func (v viewHRP) Hijack() (net.Conn, *bufio.ReadWriter, error) { return v.hijack() }
func (v viewHRP) ReadFrom(src io.Reader) (int64, error)        { return v.readFrom(src) }
func (v viewHRP) Push(t string, o *http.PushOptions) error     { return v.push(t, o) }

func (v viewFHRP) Flush()                                       { v.flushError() } //nolint:errcheck // Flush cannot say
func (v viewFHRP) FlushError() error                            { return v.flushError() }
func (v viewFHRP) Hijack() (net.Conn, *bufio.ReadWriter, error) { return v.hijack() }
func (v viewFHRP) ReadFrom(src io.Reader) (int64, error)        { return v.readFrom(src) }
func (v viewFHRP) Push(t string, o *http.PushOptions) error     { return v.push(t, o) }
