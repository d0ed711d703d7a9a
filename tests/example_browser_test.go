package tests

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// freeAddr is an address that nobody listens on at the moment.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// example builds the checklist app and runs it with a database of its own, until the test ends.
func example(t *testing.T, environ ...string) (url string) {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "checklist")
	if out, err := exec.Command("go", "build", "-o", binary, "../examples/checklist").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	addr := freeAddr(t)
	var log bytes.Buffer
	cmd := exec.Command(binary)
	cmd.Dir, cmd.Stderr = dir, &log
	cmd.Env = append(os.Environ(), "ADDR="+addr, "ADMIN_ADDR="+freeAddr(t), "DRAIN_DELAY=0s")
	cmd.Env = append(cmd.Env, environ...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := <-exited; err != nil {
			t.Errorf("the example ended with %v\n%s", err, log.String())
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if res, err := http.Get("http://" + addr + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == 200 {
				break
			}
		}
		select {
		case err := <-exited:
			exited <- err
			t.Fatalf("the example ended with %v\n%s", err, log.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("the example did not become ready")
		}
	}
	_, port, _ := net.SplitHostPort(addr)
	return "http://localhost:" + port
}

// A front end of another origin uses the example app from a real browser.
func TestBrowserExample(t *testing.T) {
	ctx := browser(t)
	friend, stranger := page(t), page(t)
	url := example(t, "ALLOWED_ORIGINS="+friend, "RATE_LIMIT=1", "RATE_BURST=20")

	const api = `
		const call = (method, path, body, token) => fetch("%s" + path, {method, body: body && JSON.stringify(body),
			headers: Object.assign({}, body && {"Content-Type": "application/json"}, token && {Authorization: "Bearer " + token})});`
	session := fmt.Sprintf(api, url) + `
		const me = {email: "ann@example.com", password: "correct horse battery staple"};
		const codes = [(await call("POST", "/api/signup", me)).status];
		const login = await call("POST", "/api/login", me);
		const token = (await login.json()).token;
		codes.push(login.status, (await call("GET", "/api/notes")).status);
		const made = await call("POST", "/api/notes", {title: "milk", body: "two"}, token);
		const note = await made.json();
		codes.push(made.status, (await call("PUT", "/api/notes/" + note.id, {title: "bread", body: ""}, token)).status);
		codes.push((await (await call("GET", "/api/notes/" + note.id, null, token)).json()).title);
		codes.push((await call("DELETE", "/api/notes/" + note.id, null, token)).status);
		return codes.join(" ");`
	if got := evaluate(t, ctx, friend, session); got != "201 200 401 201 200 bread 204" {
		t.Errorf("the session of the allowed page: %q", got)
	}
	if got := evaluate(t, ctx, stranger, fmt.Sprintf(api, url)+`return (await call("GET", "/api/notes")).status;`); !strings.HasPrefix(got, "failed:") {
		t.Errorf("a stranger's page read %q", got)
	}
	limited := fmt.Sprintf(api, url) + `
		let r;
		for (let i = 0; i < 30 && (!r || r.status !== 429); i++) r = await call("GET", "/api/notes");
		return r.status + " " + (r.headers.get("Retry-After") > 0) + " " + (r.headers.get("RateLimit") !== null);`
	if got := evaluate(t, ctx, friend, limited); got != "429 true true" {
		t.Errorf("over the limit the page read %q", got)
	}
}
