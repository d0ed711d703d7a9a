package ratelimit_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gambeson-go/gambeson/ratelimit"
)

// hall is a Concurrency around a handler that stays inside until it is told to leave.
type hall struct {
	t     *testing.T
	c     *ratelimit.Concurrency
	h     http.Handler
	leave chan struct{}

	mu      sync.Mutex
	entered []string
	results map[string]int
}

func newHall(t *testing.T, cfg ratelimit.ConcurrencyConfig) *hall {
	c, err := ratelimit.NewConcurrency(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l := &hall{t: t, c: c, leave: make(chan struct{}), results: map[string]int{}}
	l.h = c.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		l.entered = append(l.entered, r.URL.Path)
		l.mu.Unlock()
		<-l.leave
		if r.Header.Get("Panic") != "" {
			panic(http.ErrAbortHandler)
		}
	}))
	return l
}

// send starts a request and returns when it is inside, waits, or has an answer.
func (l *hall) send(ctx context.Context, path string, header ...string) {
	go func() {
		r := httptest.NewRequestWithContext(ctx, "GET", path, nil)
		if header != nil {
			r.Header.Set(header[0], "1")
		}
		w := httptest.NewRecorder()
		defer func() {
			recover()
			l.mu.Lock()
			l.results[path] = w.Code
			l.mu.Unlock()
		}()
		l.h.ServeHTTP(w, r)
		if w.Code == 503 && (w.Header().Get("Retry-After") != "1" || w.Header().Get("Cache-Control") != "no-store" ||
			!strings.Contains(w.Body.String(), "#temporary-reduced-capacity")) {
			l.t.Errorf("%v %s", w.Header(), w.Body)
		}
	}()
	synctest.Wait()
}

func (l *hall) want(serving, waiting int, entered string) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if s, w := l.c.InFlight(); s != serving || w != waiting {
		l.t.Errorf("%d serving, %d waiting; want %d, %d", s, w, serving, waiting)
	}
	if got := strings.Join(l.entered, " "); got != entered {
		l.t.Errorf("entered %q, want %q", got, entered)
	}
}

func (l *hall) release() {
	l.leave <- struct{}{}
	synctest.Wait()
}

func critical(r *http.Request) bool { return r.Header.Get("Critical") != "" }

func TestConcurrencyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		l := newHall(t, ratelimit.ConcurrencyConfig{Limit: 2, Queue: 2, MaxWait: time.Hour})
		for _, path := range []string{"/a", "/b", "/c", "/d", "/e"} {
			l.send(ctx, path)
		}
		l.want(2, 2, "/a /b")
		if l.results["/e"] != 503 {
			t.Errorf("beyond the queue: %d", l.results["/e"])
		}
		l.release()
		l.want(2, 1, "/a /b /c")
		l.send(ctx, "/f")
		l.release()
		l.want(2, 1, "/a /b /c /d")
		for range 3 {
			l.release()
		}
		l.want(0, 0, "/a /b /c /d /f")
		for path, code := range l.results {
			if (code == 200) != (path != "/e") {
				t.Errorf("%s: %d", path, code)
			}
		}
	})
}

func TestConcurrencyWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waited []time.Duration
		l := newHall(t, ratelimit.ConcurrencyConfig{
			Limit: 1, Queue: 3,
			OnReject: func(_ *http.Request, d time.Duration) { waited = append(waited, d) },
		})
		ctx, cancel := context.WithCancel(t.Context())
		l.send(t.Context(), "/a")
		l.send(t.Context(), "/b")
		time.Sleep(300 * time.Millisecond)
		l.send(ctx, "/c")
		time.Sleep(300 * time.Millisecond)
		l.send(t.Context(), "/d")
		cancel() // the client of /c goes away, in the middle of the line
		synctest.Wait()
		l.want(1, 2, "/a")
		time.Sleep(400 * time.Millisecond) // /b has waited a second
		synctest.Wait()
		l.want(1, 1, "/a")
		l.release()
		l.want(1, 0, "/a /d")
		l.release()
		l.want(0, 0, "/a /d")
		if len(waited) != 2 || waited[0] != 300*time.Millisecond || waited[1] != time.Second {
			t.Errorf("waited %v", waited)
		}
		if l.results["/b"] != 503 || l.results["/d"] != 200 {
			t.Errorf("%v", l.results)
		}
	})
}

func TestConcurrencyReserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newHall(t, ratelimit.ConcurrencyConfig{Limit: 3, Reserved: 1, Queue: 2, MaxWait: time.Hour, Critical: critical})
		ctx := t.Context()
		for _, path := range []string{"/a", "/b", "/c", "/d", "/e"} {
			l.send(ctx, path)
		}
		l.want(2, 2, "/a /b")
		l.send(ctx, "/x", "Critical")
		l.want(3, 2, "/a /b /x")
		l.send(ctx, "/y", "Critical") // a full queue of others does not keep it out
		l.want(3, 3, "/a /b /x")
		l.release()
		l.want(3, 2, "/a /b /x /y") // the critical one first
		l.release()
		l.want(2, 2, "/a /b /x /y") // two inside are what the others may have
		l.release()
		l.want(2, 1, "/a /b /x /y /c")
		for range 3 {
			l.release()
		}
		l.want(0, 0, "/a /b /x /y /c /d")
	})
}

func TestConcurrencyPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newHall(t, ratelimit.ConcurrencyConfig{Limit: 1})
		l.send(t.Context(), "/a", "Panic")
		l.want(1, 0, "/a")
		l.release()
		l.want(0, 0, "/a")
		l.send(t.Context(), "/b")
		l.want(1, 0, "/a /b")
		l.release()
	})
}

// TestConcurrencyRace lets requests come, wait, time out and go away at once. In the end nobody is inside, and never
// were there more than may be.
func TestConcurrencyRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		inside, most, served := 0, 0, 0
		c, err := ratelimit.NewConcurrency(ratelimit.ConcurrencyConfig{Limit: 4, Reserved: 1, Queue: 20, MaxWait: 5 * time.Millisecond, Critical: critical})
		if err != nil {
			t.Fatal(err)
		}
		h := c.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			mu.Lock()
			inside++
			served++
			most = max(most, inside)
			mu.Unlock()
			time.Sleep(time.Millisecond)
			mu.Lock()
			inside--
			mu.Unlock()
		}))
		var wg sync.WaitGroup
		for i := range 400 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+i%9)*time.Millisecond)
				defer cancel()
				r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
				if i%5 == 0 {
					r.Header.Set("Critical", "1")
				}
				time.Sleep(time.Duration(i%40) * 500 * time.Microsecond)
				h.ServeHTTP(httptest.NewRecorder(), r)
			})
		}
		wg.Wait()
		if s, w := c.InFlight(); s != 0 || w != 0 || most != 4 || served < 40 {
			t.Errorf("%d inside, %d waiting, at most %d at once, %d served", s, w, most, served)
		}
	})
}

// TestConcurrencyTie frees the only place at the very instant when the one who waits gives up. Whichever comes first,
// nobody is left inside, and the next one gets in.
func TestConcurrencyTie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := ratelimit.NewConcurrency(ratelimit.ConcurrencyConfig{Limit: 1, Queue: 2, MaxWait: 10 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		h := c.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(10 * time.Millisecond) }))
		for n := range 600 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(10+n%2)*time.Millisecond)
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
				})
			}
			wg.Wait()
			cancel()
			if serving, waiting := c.InFlight(); serving != 0 || waiting != 0 {
				t.Fatalf("round %d: %d inside, %d waiting", n, serving, waiting)
			}
		}
	})
}
