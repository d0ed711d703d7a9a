package redisstore_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gambeson-go/gambeson/ratelimit/redisstore"
)

// proxy is a bad network between the Store and Redis.
type proxy struct {
	addr, target string
	mu           sync.Mutex
	delay        time.Duration // of each answer
	lose         bool          // answers: the connection is reset in their place
	refuse       bool          // connections are reset at once
}

func (p *proxy) set(change func(*proxy)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *proxy) now() (delay time.Duration, lose, refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.delay, p.lose, p.refuse
}

func startProxy(t *testing.T, target string) *proxy {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: ln.Addr().String(), target: target}
	var wg sync.WaitGroup
	t.Cleanup(func() { ln.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { p.serve(c.(*net.TCPConn)) })
		}
	})
	return p
}

func (p *proxy) serve(c *net.TCPConn) {
	_ = c.SetLinger(0) // closing it is a reset
	defer c.Close()
	if _, _, refuse := p.now(); refuse {
		return
	}
	up, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	go func() { _, _ = io.Copy(up, c); up.Close() }()
	defer up.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := up.Read(buf)
		if err != nil {
			return
		}
		delay, lose, _ := p.now()
		if lose {
			return
		}
		time.Sleep(delay)
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

// TestLostAnswer: what Redis has charged is not charged again because its answer was lost. A ClusterClient would try
// again, whatever its options, and would ask for a list of commands first.
func TestLostAnswer(t *testing.T) {
	for _, name := range []string{"client", "cluster client"} {
		t.Run(name, func(t *testing.T) {
			srv := startServer(t)
			net := startProxy(t, srv.addr)
			var c redis.UniversalClient = client(t, net.addr)
			if name == "cluster client" {
				all := []redis.ClusterSlot{{Start: 0, End: 16383, Nodes: []redis.ClusterNode{{Addr: net.addr}}}}
				c = redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true,
					ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) { return all, nil }})
				t.Cleanup(func() { c.Close() })
			}
			store := newStore(t, redisstore.Config{Client: c})
			a := hourly("p", "k", 100)
			var wg sync.WaitGroup
			for range 8 { // connections, for one that tries again
				wg.Go(func() { take(t, store, a) })
			}
			wg.Wait()
			net.set(func(p *proxy) { p.lose = true })
			take(t, store, a)
			net.set(func(p *proxy) { p.lose = false })
			fresh := newStore(t, redisstore.Config{Client: client(t, srv.addr)})
			look := a
			look.Cost = 0
			if st := take(t, fresh, look)[0]; left(a, st) != 91 {
				t.Errorf("%d left after 9 requests", left(a, st))
			}
			if st := store.Stats(); st.Failures != 1 || st.Local != 1 || st.Calls != 9 {
				t.Errorf("%+v", st)
			}
			if n := srv.commands("command"); n != 0 {
				t.Errorf("asked for the list of commands %d times", n)
			}
		})
	}
}

// TestBadNetwork: connections that are reset, and answers that come too late.
func TestBadNetwork(t *testing.T) {
	srv := startServer(t)
	for name, spoil := range map[string]func(*proxy){
		"reset": func(p *proxy) { p.lose, p.refuse = true, true },
		"slow":  func(p *proxy) { p.delay = 120 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			net := startProxy(t, srv.addr)
			var told changes
			store := newStore(t, redisstore.Config{Client: client(t, net.addr), Prefix: name, Deadline: 60 * time.Millisecond, OnStateChange: told.add})
			eventually(t, "it works", func() bool { take(t, store, hourly("p", "k", 1)); return store.Stats().Failures < store.Stats().Calls })
			net.set(spoil)
			until(t, store, "the outage is told", func() bool { return told.are(true) })
			// Slow answers reach a probe that is not in a hurry; that alone is no end of the outage.
			probes := store.Stats().Probes
			until(t, store, "it was probed", func() bool { return store.Stats().Probes > probes+3 })
			if !told.are(true) {
				t.Errorf("told %v", told.list)
			}
			net.set(func(p *proxy) { p.delay, p.lose, p.refuse = 0, false, false })
			until(t, store, "the end is told", func() bool { return told.are(true, false) })
		})
	}
}
