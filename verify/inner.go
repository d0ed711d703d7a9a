package verify

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// innerPath begins the routes of verify's own app behind App.Wrap.
const innerPath = "/gambeson-verify/"

// innerApp is an app that does what apps should not, so that the layers around it can be seen to cope. Each target has its own.
type innerApp struct {
	http.ServeMux
	secret    string        // a password in what it panics with and in its errors
	release   chan struct{} // lets /stream go on
	cancelled atomic.Bool   // the context of /block ended
}

// hasBlocked is the longest that /block holds a goroutine.
const hasBlocked = 10 * time.Minute

func newInnerApp() *innerApp {
	a := &innerApp{secret: random(32), release: make(chan struct{}, 1)}
	handle := func(name string, h http.HandlerFunc) { a.HandleFunc(innerPath+name, h) }
	handle("ok", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"inner":"ok"}`) //nolint:errcheck // the client sees it
	})
	handle("panic", func(http.ResponseWriter, *http.Request) { panic(a.leak()) })
	handle("late", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Write(make([]byte, 5<<10)) //nolint:errcheck // the client sees it
		panic(errors.New("gambeson-verify: panic in the middle of an answer"))
	})
	handle("abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	handle("leak", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, a.leak().Error(), http.StatusInternalServerError)
	})
	handle("status/404", func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
	handle("status/500", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", http.StatusInternalServerError) })
	handle("cors", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		io.WriteString(w, "inner") //nolint:errcheck // the client sees it
	})
	handle("read", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		fmt.Fprintf(w, "%d", n)
	})
	handle("block", func(w http.ResponseWriter, r *http.Request) {
		timer := time.NewTimer(hasBlocked)
		defer timer.Stop()
		select {
		case <-r.Context().Done():
			a.cancelled.Store(true)
		case <-timer.C:
		}
	})
	a.handleStreams(handle)
	return a
}

// handleStreams is what needs more of the writer than Write.
func (a *innerApp) handleStreams(handle func(string, http.HandlerFunc)) {
	handle("stream", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: first\n\n") //nolint:errcheck // the client sees it
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-a.release:
		case <-r.Context().Done():
		}
		io.WriteString(w, "data: second\n\n") //nolint:errcheck // the client sees it
	})
	handle("deadline", func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			http.Error(w, err.Error(), http.StatusNotImplemented)
			return
		}
		io.WriteString(w, "deadline set") //nolint:errcheck // the client sees it
	})
	handle("early", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload; as=style")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusOK)
		io.WriteString(w, "after hints") //nolint:errcheck // the client sees it
	})
	handle("hijack", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotImplemented)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: gambeson-verify\r\n\r\nhijacked") //nolint:errcheck // the client sees it
	})
}

// leak is the error of a database driver that says too much.
func (a *innerApp) leak() error {
	return fmt.Errorf(`dial postgres://app:%s@db.internal:5432/app: pq: password authentication failed (SQLSTATE 28P01) password=%s`, a.secret, a.secret)
}
