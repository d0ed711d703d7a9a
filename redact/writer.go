package redact

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"unsafe"
)

// maxLine is how much the writer keeps while it waits for the end of a line.
const maxLine = 1 << 20

// Writer redacts what is written to next, line by line: the last line of defence for loggers that are not slog's. Lines
// that are JSON stay JSON. What has no newline yet is kept; the result is an [io.Closer] too, whose Close writes that and
// does not close next. It is safe for concurrent use. A line of more than 1 MiB is replaced by the mark.
//
// It sees text where [Redactor.Handler] sees names and values. Put it behind other loggers, not in the place of Handler.
func (r *Redactor) Writer(next io.Writer) io.Writer {
	if next == nil {
		next = io.Discard
	}
	return &lineWriter{r: r.self(), next: next}
}

type lineWriter struct {
	r    *Redactor
	next io.Writer

	mu   sync.Mutex
	kept []byte // no newline yet
	out  []byte
	skip bool // within a line that was too long
	key  bool // within a private key that goes on over lines
}

// Write takes all of p or says why it could not.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	end := bytes.LastIndexByte(p, '\n') + 1
	w.out = w.out[:0]
	if end > 0 {
		if len(w.kept) > 0 {
			w.kept = append(w.kept, p[:end]...)
			w.lines(w.kept)
			w.kept = w.kept[:0]
		} else {
			w.lines(p[:end])
		}
	}
	w.kept = append(w.kept, p[end:]...)
	if len(w.kept) > maxLine {
		if !w.skip {
			w.out = append(w.out, w.r.mark()...)
		}
		w.skip = true
		w.kept = w.kept[:0]
	}
	if cap(w.kept) > maxKept && len(w.kept) == 0 {
		w.kept = nil
	}
	return len(p), w.flush()
}

// Close writes what had no newline.
func (w *lineWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out = w.out[:0]
	if len(w.kept) > 0 && !w.skip {
		w.text(w.kept)
	}
	w.kept = nil
	return w.flush()
}

func (w *lineWriter) flush() error {
	if len(w.out) == 0 {
		return nil
	}
	_, err := w.next.Write(w.out)
	if cap(w.out) > maxKept {
		w.out = nil
	}
	return err
}

// lines redacts whole lines: JSON each by itself, all others together, because a private key has many.
func (w *lineWriter) lines(p []byte) {
	if w.skip {
		p = p[bytes.IndexByte(p, '\n'):]
		w.skip = false
	}
	if w.key {
		i := bytes.Index(p, []byte("-----END "))
		if i < 0 {
			return
		}
		w.key = false
		nl := bytes.IndexByte(p[i:], '\n')
		p = p[i+nl:]
	}
	w.text(p)
}

func (w *lineWriter) text(p []byte) {
	for len(p) > 0 {
		if p[0] == '{' {
			end := bytes.IndexByte(p, '\n') + 1
			if end == 0 {
				end = len(p)
			}
			w.out = w.r.AppendJSON(w.out, p[:end])
			p = p[end:]
			continue
		}
		end := len(p)
		if i := bytes.Index(p, []byte("\n{")); i >= 0 {
			end = i + 1
		}
		w.plain(p[:end])
		p = p[end:]
	}
}

func (w *lineWriter) plain(p []byte) {
	text := unsafe.String(unsafe.SliceData(p), len(p)) // not kept
	s := w.r.scan()
	defer w.r.done(s)
	s.text(text)
	n := len(s.spans)
	openKey := n > 0 && s.spans[n-1].end == len(text) && strings.HasPrefix(text[s.spans[n-1].start:], "-----BEGIN ")
	w.out = s.apply(w.out, text)
	if openKey && text[len(text)-1] == '\n' {
		w.key = true
		w.out = append(w.out, '\n')
	}
}
