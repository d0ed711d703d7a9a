package redisstore_test

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gambeson-go/gambeson/ratelimit"
	"github.com/gambeson-go/gambeson/ratelimit/redisstore"
)

// patience is for what must happen, however busy the machine is.
const patience = 20 * time.Second

// program is the server under test: REDIS_SERVER=valkey-server tests another.
var program = cmp.Or(os.Getenv("REDIS_SERVER"), "redis-server")

// server is a redis-server of the test's own, on a free port of the loopback interface.
type server struct {
	t    testing.TB
	addr string
	args []string
	stop func()
	rdb  *redis.Client // for the test to look behind the Store, with the default user
}

// freePort may be taken by another before it is used; start tries again.
func freePort(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("these tests need %s: apt-get install redis-server", program)
	}
	s := &server{t: t, args: args}
	for range 3 {
		s.addr = net.JoinHostPort("127.0.0.1", freePort(t))
		if s.start() {
			return s
		}
	}
	t.Fatal(program, " does not start")
	return nil
}

// start runs the server under a shell that kills it when the test is gone, however it went.
func (s *server) start() bool {
	_, port, _ := net.SplitHostPort(s.addr)
	dir, err := filepath.EvalSymlinks(s.t.TempDir())
	if err != nil {
		s.t.Fatal(err)
	}
	args := append([]string{"-c", `"$@" & server=$!; cat; kill -9 $server; wait`, "sh", program,
		"--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", dir, "--loglevel", "warning"}, s.args...)
	cmd := exec.Command("sh", args...)
	leash, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	stopped := false
	s.stop = func() {
		if !stopped {
			stopped = true
			leash.Close()
			cmd.Wait()
		}
	}
	s.rdb = redis.NewClient(&redis.Options{Addr: s.addr, DialerRetries: 1, MaxRetries: -1, Password: s.password()})
	s.t.Cleanup(func() { s.rdb.Close(); s.stop() })
	for deadline := time.Now().Add(patience / 2); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if at, err := s.rdb.ConfigGet(context.Background(), "dir").Result(); err == nil {
			return at["dir"] == dir // or another process has taken the port
		}
	}
	s.stop()
	return false
}

func (s *server) password() string {
	for i, a := range s.args {
		if a == "--requirepass" {
			return s.args[i+1]
		}
	}
	return ""
}

// info is one value of INFO.
func (s *server) info(section, name string) string {
	s.t.Helper()
	text, err := s.rdb.Info(context.Background(), section).Result()
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (s *server) pid() int {
	n, _ := strconv.Atoi(s.info("server", "process_id"))
	return n
}

// hang stops the process, so that it takes connections and never answers. It gives back what goes on.
func (s *server) hang() (goOn func()) {
	s.t.Helper()
	pid := s.pid()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		s.t.Fatal(err)
	}
	return func() { _ = syscall.Kill(pid, syscall.SIGCONT) }
}

// commands is how often the server ran commands, those from within scripts too.
func (s *server) commands(names ...string) int {
	s.t.Helper()
	sum := 0
	for _, name := range names {
		var n int
		_, _ = fmt.Sscanf(s.info("commandstats", "cmdstat_"+name), "calls=%d,", &n)
		sum += n
	}
	return sum
}

// do runs a command of the test itself.
func (s *server) do(args ...any) {
	s.t.Helper()
	if err := s.rdb.Do(context.Background(), args...).Err(); err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
}

// client is one as New wants it.
func client(t testing.TB, addr string, change ...func(*redis.Options)) *redis.Client {
	opt := &redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1}
	for _, f := range change {
		f(opt)
	}
	c := redis.NewClient(opt)
	t.Cleanup(func() { c.Close() })
	return c
}

// newStore has a long Deadline unless the test says otherwise: the machine may be busy.
func newStore(t testing.TB, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	if cfg.Deadline == 0 {
		cfg.Deadline = time.Second
	}
	if cfg.ProbeEvery == 0 {
		cfg.ProbeEvery = 20 * time.Millisecond
	}
	s, err := redisstore.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// take is one request; it fails the test on an error.
func take(t testing.TB, s ratelimit.Store, asks ...ratelimit.Ask) []ratelimit.State {
	t.Helper()
	states, err := s.Take(context.Background(), asks)
	if err != nil {
		t.Fatal(err)
	}
	if len(states) != len(asks) {
		t.Fatalf("%d states for %d asks", len(states), len(asks))
	}
	return states
}

// hourly is an ask for one of burst tokens, which come back so slowly that none does during a test.
func hourly(policy, key string, burst int64) ratelimit.Ask {
	return ratelimit.Ask{Policy: policy, Key: key, Emission: time.Hour, Burst: burst, Cost: 1}
}

// left is how many whole tokens a state leaves.
func left(a ratelimit.Ask, st ratelimit.State) int64 {
	return (a.Burst*int64(a.Emission) - int64(st.Debt)) / int64(a.Emission)
}

// eventually waits for what another goroutine does.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// quiet is a logger for go-redis, which writes a line about each connection that fails. Here they are meant to.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	if addr := os.Getenv("REDISSTORE_TEST_WORKER"); addr != "" {
		os.Exit(worker(addr))
	}
	os.Exit(m.Run())
}
