package redact

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"unsafe"
)

// maxLine is how long a line may be. Of one that has no end yet no more is kept.
const maxLine = 1 << 20

// Writer redacts what is written to next, line by line: the last line of defence for loggers that are not slog's. Lines
// that are JSON stay JSON. What has no newline yet is kept; the result is an [io.Closer] too, whose Close writes that and
// does not close next. It is safe for concurrent use. A line of more than 1 MiB is replaced by the mark. A private key in
// PEM is hidden over all of its lines; the first line that cannot be of one is shown again.
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
	skip bool  // within a line that was too long
	key  armor // a private key that goes on over lines
}

// Write takes all of p or says why it could not.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(p)
	w.out = w.out[:0]
	if w.skip { // the newline of the line that was too long is still wanted
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			return n, nil
		}
		w.out = append(w.out, '\n')
		w.skip, p = false, p[i+1:]
	}
	if end := bytes.LastIndexByte(p, '\n') + 1; end > 0 {
		whole := p[:end]
		if len(w.kept) > 0 {
			w.kept = append(w.kept, whole...)
			whole = w.kept
		}
		w.lines(whole)
		w.kept, p = w.kept[:0], p[end:]
	}
	if len(w.kept)+len(p) > maxLine {
		w.tooLong()
		w.skip, w.kept = true, w.kept[:0]
	} else {
		w.kept = append(w.kept, p...)
	}
	if cap(w.kept) > maxKept && len(w.kept) == 0 {
		w.kept = nil
	}
	return n, w.flush()
}

// tooLong writes the mark in the place of a line, without its newline.
func (w *lineWriter) tooLong() {
	w.key = armor{}
	w.out = append(w.out, w.r.mark()...)
}

// Close writes what had no newline.
func (w *lineWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out = w.out[:0]
	w.lines(w.kept)
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

// lines redacts whole lines: JSON, and what may begin a private key or belong to one, each by itself, all others
// together, because a quoted value may have several.
func (w *lineWriter) lines(p []byte) {
	from := 0 // of the lines that wait to be redacted together
	for i, end := 0, 0; i < len(p); i = end {
		end = i + firstLine(p[i:])
		line := p[i:end]
		long, object := end-i > maxLine, line[0] == '{'
		if !long && !object && w.key.left == 0 && !bytes.Contains(line, []byte("PRIVATE")) {
			continue
		}
		w.text(p[from:i])
		from = end
		switch {
		case long:
			w.tooLong()
			if line[len(line)-1] == '\n' {
				w.out = append(w.out, '\n')
			}
		case object:
			w.key = armor{}
			w.out = w.r.AppendJSON(w.out, line)
		default:
			w.keyLine(line)
		}
	}
	w.text(p[from:])
}

// keyLine is for a line that may belong to a private key.
func (w *lineWriter) keyLine(line []byte) {
	s := unsafe.String(unsafe.SliceData(line), len(line)) // not kept
	if w.key.left > 0 {
		if rest, ok := w.key.takes(s); ok {
			if strings.TrimSpace(rest) != "" {
				w.text(line[strings.LastIndex(s, rest):])
			}
			return
		}
	}
	w.key.open(s)
	w.single(line)
}

// single redacts one line. What hides to the end of the text leaves the newline.
func (w *lineWriter) single(line []byte) {
	text := bytes.TrimSuffix(line, []byte("\n"))
	w.text(text)
	w.out = append(w.out, line[len(text):]...)
}

func (w *lineWriter) text(p []byte) {
	if len(p) == 0 {
		return
	}
	text := unsafe.String(unsafe.SliceData(p), len(p)) // not kept
	s := w.r.scan()
	defer w.r.done(s)
	s.text(text)
	for _, x := range s.spans {
		escaped := x.layers != 0 && strings.IndexByte("-%\\", text[x.start]) >= 0
		if (x.end == len(text) || escaped) && strings.IndexByte(text[x.start:x.end], '\n') >= 0 {
			// A quote that nobody closes, or the armor of a key in escapes: what a client wrote hides its own line only.
			for line := range bytes.Lines(p) {
				w.single(line)
			}
			return
		}
	}
	w.out = s.apply(w.out, text)
}
