package tests

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// ops is the operations kit of the example.
const ops = "../examples/checklist/ops"

// patience is how long a test waits for what must come; it is no measure of speed.
const patience = 90 * time.Second

// packages has the Debian package of each tool, for whoever lacks it.
var packages = map[string]string{
	"promtool": "prometheus", "prometheus": "prometheus", "haproxy": "haproxy",
	"prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
	"prometheus-alertmanager":      "prometheus-alertmanager", "amtool": "prometheus-alertmanager",
}

// tool fails where a tool is missing: a test that did not run must not look like one that passed.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil { // Debian has servers where not everybody looks
		path, err = exec.LookPath(filepath.Join("/usr/sbin", name))
	}
	if err != nil {
		t.Fatalf("%s is missing: run scripts/need %s (Debian package %s)", name, name, packages[name])
	}
	return path
}

// output runs a tool to its end and wants exit status 0.
func output(t *testing.T, stdin io.Reader, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(tool(t, name), args...)
	cmd.Stdin = stdin
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// daemon is a process that runs until the test ends.
type daemon struct {
	name   string
	cmd    *exec.Cmd
	exited chan struct{}
	err    error // after exited

	mu  sync.Mutex
	log bytes.Buffer
}

func (d *daemon) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Write(p)
}

func (d *daemon) logs() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.String()
}

// launch starts a process in a directory, with these variables on top of the environment.
func launch(t *testing.T, dir string, environ []string, path string, args ...string) *daemon {
	t.Helper()
	d := &daemon{name: filepath.Base(path), cmd: exec.Command(path, args...), exited: make(chan struct{})}
	d.cmd.Dir, d.cmd.Stdout, d.cmd.Stderr = dir, d, d
	d.cmd.Env = append(os.Environ(), environ...)
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		d.err = d.cmd.Wait()
		close(d.exited)
	}()
	t.Cleanup(func() {
		d.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-d.exited:
		case <-time.After(patience):
			d.cmd.Process.Kill()
			<-d.exited
			t.Errorf("%s did not end", d.name)
		}
		if t.Failed() {
			t.Logf("%s, at last:\n%s", d.name, tail(d.logs(), 4000))
		}
	})
	return d
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// stop ends a process with SIGTERM and wants a clean end.
func (d *daemon) stop(t *testing.T) {
	t.Helper()
	d.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.exited:
		if d.err != nil {
			t.Errorf("%s ended with %v", d.name, d.err)
		}
	case <-time.After(patience):
		t.Fatalf("%s does not end", d.name)
	}
}

// answers waits until a URL answers 200. The process may not end meanwhile.
func (d *daemon) answers(t *testing.T, client *http.Client, url string) {
	t.Helper()
	eventually(t, d.name+" at "+url, func() error {
		select {
		case <-d.exited:
			t.Fatalf("%s ended: %v\n%s", d.name, d.err, tail(d.logs(), 4000))
		default:
		}
		res, err := client.Get(url)
		if err != nil {
			return err
		}
		res.Body.Close()
		if res.StatusCode != 200 {
			return fmt.Errorf("status %d", res.StatusCode)
		}
		return nil
	})
}

// eventually asks again and again until there is no error.
func eventually(t *testing.T, what string, ask func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if err = ask(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

// checklist builds the example.
func checklist(t *testing.T) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "checklist")
	if out, err := exec.Command("go", "build", "-o", binary, "../examples/checklist").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// adapted is a file of the kit with other words in it. What is to be replaced must be there.
func adapted(t *testing.T, dir, name string, words ...string) (path string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(ops, name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i < len(words); i += 2 {
		if !strings.Contains(text, words[i]) {
			t.Fatalf("%s has no %q any more", name, words[i])
		}
		text = strings.ReplaceAll(text, words[i], words[i+1])
	}
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// trusting is a client that believes one certificate.
func trusting(t *testing.T, certFile string) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, MaxIdleConnsPerHost: 32}}
}

// prometheus is a running server's HTTP API.
type prometheus struct{ url string }

// get reads the data of an answer into v.
func (p prometheus) get(path string, query url.Values, v any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s", answer.Error)
	}
	return json.Unmarshal(answer.Data, v)
}

// sample is one line of a query's answer.
type sample struct {
	Metric map[string]string
	Value  [2]any // time, and the value as text
}

func (p prometheus) query(expr string) (samples []sample, err error) {
	var data struct {
		ResultType string
		Result     json.RawMessage
	}
	if err := p.get("/api/v1/query", url.Values{"query": {expr}}, &data); err != nil {
		return nil, err
	}
	if data.ResultType != "vector" {
		return nil, fmt.Errorf("%s is a %s", expr, data.ResultType)
	}
	return samples, json.Unmarshal(data.Result, &samples)
}

// series are the label sets of a selector.
func (p prometheus) series(selector string) (sets []map[string]string, err error) {
	return sets, p.get("/api/v1/series", url.Values{"match[]": {selector}}, &sets)
}

// rule is a rule as Prometheus has read it.
type rule struct {
	Name, Query, Type string
	Labels            map[string]string
	Health, LastError string
}

func (p prometheus) rules() (all []rule, err error) {
	var data struct{ Groups []struct{ Rules []rule } }
	err = p.get("/api/v1/rules", nil, &data)
	for _, g := range data.Groups {
		all = append(all, g.Rules...)
	}
	return all, err
}

// firing are the names of the alerts that fire now.
func (p prometheus) firing() (names []string, err error) {
	var data struct {
		Alerts []struct {
			State  string
			Labels map[string]string
		}
	}
	err = p.get("/api/v1/alerts", nil, &data)
	for _, a := range data.Alerts {
		if a.State == "firing" {
			names = append(names, fmt.Sprint(a.Labels))
		}
	}
	return names, err
}
