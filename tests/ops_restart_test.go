package tests

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A deploy of two instances behind haproxy, each restarted twice while 16 clients send, loses no request with the delay
// that the kit's haproxy.cfg asks for. Without any delay it does, or the test would prove nothing.
func TestOpsRollingRestart(t *testing.T) {
	dir, err := os.MkdirTemp("", "ops") // the name of a unix socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := newBalanced(t, dir)

	with := s.roll(t, s.rule.String())
	t.Logf("delay %v: %d requests, %d failed %v", s.rule, with.sent, len(with.failed), with.some())
	if len(with.failed) > 0 {
		t.Errorf("a restart with the documented delay lost %d of %d requests: %v", len(with.failed), with.sent, with.some())
	}
	without := s.roll(t, "0s")
	t.Logf("no delay: %d requests, %d failed %v", without.sent, len(without.failed), without.some())
	if len(without.failed) == 0 {
		t.Errorf("restarts without a delay lost none of %d requests: what is tested here?", without.sent)
	}
	for _, run := range []*traffic{with, without} {
		if run.sent < 500 {
			t.Errorf("only %d requests were sent", run.sent)
		}
	}
}

// balanced is haproxy before two instances.
type balanced struct {
	dir, binary, url, socket string
	servers                  map[string]string // name in haproxy.cfg → address
	rule                     time.Duration     // the least delay
}

var inHaproxy = regexp.MustCompile(`timeout check (\w+)(?s:.*) inter (\w+) fall (\d)`)

// newBalanced starts haproxy by the kit's configuration, with checks four times as fast and without its second tries:
// what a client gets is then what the instances answered.
func newBalanced(t *testing.T, dir string) *balanced {
	t.Helper()
	s := &balanced{dir: dir, binary: checklist(t), socket: filepath.Join(dir, "haproxy.sock"),
		servers: map[string]string{"a": freeAddr(t), "b": freeAddr(t)}}
	front := freeAddr(t)
	s.url = "http://" + front
	file := adapted(t, dir, "haproxy.cfg", "127.0.0.1:8000", front, "127.0.0.1:8080", s.servers["a"], "127.0.0.1:8081", s.servers["b"],
		"inter 1s", "inter 250ms", "retries 3", "retries 0", "  option redispatch\n", "",
		"  maxconn 2000\n", "  maxconn 2000\n  stats socket "+s.socket+" mode 600 level admin\n")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m := inHaproxy.FindStringSubmatch(string(text))
	if m == nil {
		t.Fatalf("no timeout check, inter and fall in %s", text)
	}
	timeout, err1 := time.ParseDuration(m[1])
	inter, err2 := time.ParseDuration(m[2])
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	s.rule = time.Duration(m[3][0]-'0')*inter + timeout
	launch(t, dir, nil, tool(t, "haproxy"), "-db", "-f", file)
	return s
}

// start runs an instance, and waits until haproxy sends it requests.
func (s *balanced) start(t *testing.T, name, delay string) *daemon {
	t.Helper()
	d := launch(t, s.dir, []string{"ADDR=" + s.servers[name], "ADMIN_ADDR=127.0.0.1:0", "DATABASE_URL=" + filepath.Join(s.dir, name+".db"),
		"DRAIN_DELAY=" + delay, "RATE_LIMIT=1000000", "RATE_BURST=100000", "LOG_LEVEL=error",
		"TRUSTED_PROXIES=127.0.0.1", "PROXY_HEADER=X-Forwarded-For"}, s.binary)
	d.answers(t, http.DefaultClient, "http://"+s.servers[name]+"/readyz")
	eventually(t, "haproxy", func() error {
		state, err := s.state(name)
		if err == nil && state != "UP" {
			err = fmt.Errorf("server %s is %s", name, state)
		}
		return err
	})
	return d
}

// state is what haproxy thinks of a server.
func (s *balanced) state(name string) (string, error) {
	conn, err := net.Dial("unix", s.socket)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "show stat\n"); err != nil {
		return "", err
	}
	text, err := io.ReadAll(conn)
	if err != nil {
		return "", err
	}
	lines := strings.Split(string(text), "\n")
	at := slices.Index(strings.Split(lines[0], ","), "status")
	for _, line := range lines {
		if fields := strings.Split(line, ","); at > 0 && len(fields) > at && fields[0] == "instances" && fields[1] == name {
			return fields[at], nil
		}
	}
	return "", fmt.Errorf("haproxy does not know %s: %s", name, text)
}

// roll starts both instances, restarts each twice under traffic, and ends them.
func (s *balanced) roll(t *testing.T, delay string) *traffic {
	t.Helper()
	running := map[string]*daemon{}
	for name := range s.servers {
		running[name] = s.start(t, name, delay)
	}
	load := send(s.url)
	for _, name := range []string{"a", "b", "a", "b"} {
		running[name].stop(t)
		running[name] = s.start(t, name, delay)
	}
	load.stop()
	for _, d := range running {
		d.stop(t)
	}
	return load
}

// traffic is what 16 clients sent, and what they got that they should not.
type traffic struct {
	mu     sync.Mutex
	sent   int
	failed []string
	ended  atomic.Bool
	users  sync.WaitGroup
}

// send begins: GET and POST by turns, over connections that stay open. A client without a token gets 401 for its POST,
// from behind all layers and after its body was read or dropped.
func send(url string) *traffic {
	l := &traffic{}
	for range 16 {
		l.users.Go(func() {
			client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for n := 0; !l.ended.Load(); n++ {
				var res *http.Response
				var err error
				want := 200
				if n%2 == 0 {
					res, err = client.Get(url + "/")
				} else {
					want = 401
					res, err = client.Post(url+"/api/notes", "application/json", strings.NewReader(`{"title":"milk"}`))
				}
				failure := ""
				if err != nil {
					failure = err.Error()
				} else {
					if _, err := io.Copy(io.Discard, res.Body); err != nil {
						failure = err.Error()
					}
					res.Body.Close()
					if res.StatusCode != want {
						failure = res.Status
					}
				}
				l.mu.Lock()
				l.sent++
				if failure != "" {
					l.failed = append(l.failed, failure)
				}
				l.mu.Unlock()
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	return l
}

func (l *traffic) stop() {
	l.ended.Store(true)
	l.users.Wait()
}

// some are the different failures.
func (l *traffic) some() []string {
	different := slices.Clone(l.failed)
	slices.Sort(different)
	different = slices.Compact(different)
	return different[:min(len(different), 5)]
}
