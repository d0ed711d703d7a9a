package redact_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/redact"
)

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("full") }

// through is what Writer makes of the pieces, written one by one.
func through(t *testing.T, pieces ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := redact.Default().Writer(&b)
	for _, s := range pieces {
		if n, err := io.WriteString(w, s); n != len(s) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.(io.Closer).Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriter(t *testing.T) {
	var b bytes.Buffer
	w := redact.Default().Writer(&b)
	for _, s := range []string{"a password=" + p[:5], p[5:] + " b\n{\"token\":\"", "xyz\"}\n", "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n", "MIIEdef\n",
		"-----END RSA PRIVATE KEY-----\nafter\n", "tail token=abc"} {
		if n, err := w.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatal(n, err)
		}
	}
	if strings.Contains(b.String(), "tail") {
		t.Errorf("what has no newline yet was written: %q", b.String())
	}
	if err := w.(io.Closer).Close(); err != nil {
		t.Error(err)
	}
	want := "a password=[REDACTED] b\n{\"token\":\"[REDACTED]\"}\n[REDACTED]\nafter\ntail token=[REDACTED]"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
	if got := through(t, "db password=\"one", " two\n"+p+"\" x\n"); got != "db password=\"[REDACTED]\" x\n" {
		t.Errorf("a value of two lines: %q", got)
	}
	if _, err := redact.Default().Writer(failing{}).Write([]byte("x\n")); err == nil {
		t.Error("the error of the writer below is lost")
	}
}

// TestWriterLongLine checks that a line of more than 1 MiB becomes the mark, however it comes, and its neighbours stay.
func TestWriterLongLine(t *testing.T) {
	const mib = 1 << 20
	long := strings.Repeat("password=x ", mib/11+1)
	for desc, pieces := range map[string][]string{
		"one write":           {"first\n" + long + "\nnext\n"},
		"newline comes later": {"first\n" + long, "\nnext\n"},
		"many pieces":         append(append([]string{"first\n"}, strings.SplitAfter(long, "x ")...), "end\nnext\n"),
		"joined in one write": {"first\n" + long[:mib-1], "aaaa\nnext\n"},
		"goes on and on":      {"first\n" + long, long, long, "\nnext\n"},
		"JSON":                {"first\n{\"a\":\"" + strings.Repeat("a", mib) + "\"}\nnext\n"},
		"in a key":            {"first\n" + "-----BEGIN PRIVATE KEY-----" + strings.Repeat("Ab1", mib/2) + "\nnext\n"},
	} {
		if got := through(t, pieces...); got != "first\n[REDACTED]\nnext\n" {
			t.Errorf("%s: %d bytes %.100q", desc, len(got), got)
		}
	}
	exact := strings.Repeat("a ", mib/2-1) + "b\n"
	if got := through(t, exact); got != exact {
		t.Errorf("a line of 1 MiB: %.100q", got)
	}
	if got := through(t, exact[:mib-1], "\n"); got != exact {
		t.Errorf("a line of 1 MiB in two writes: %.100q", got)
	}
	if got := through(t, long); got != "[REDACTED]" {
		t.Errorf("no newline: %.100q", got)
	}
}

// TestWriterIsNotSilenced writes lines into which a client put the beginning of a key. Those behind them are shown.
func TestWriterIsNotSilenced(t *testing.T) {
	const begin = "-----BEGIN PRIVATE KEY-----"
	after := []string{"level=error msg=\"the intruder is in\"\n", "GET /healthz 200 1.2ms\n", "started\n", "ServeHTTP: done\n", "Error: disk full\n", "{\"msg\":\"json\"}\n", "12345\n",
		"/var/lib/app\n", "msg=\"x\" ua=\"-----END PRIVATE KEY-----\"\n"}
	for _, line := range []string{
		"GET /x ua=" + begin, "GET /x ua=\"" + begin + "\"", "GET /x ua=\"" + begin + "\" status=200", "want " + begin + " got nothing", begin, "ua='" + begin + "'",
		"ua=" + begin + `\n`, "ua=" + begin + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7", `{"ua":"` + begin + `"}`, `[{"ua":"` + begin + `"}]`, "2026/01/02 03:04:05 ua=" + begin,
		"ua=-----BEGIN%20PRIVATE%20KEY-----", "ua=-----BEGIN+PRIVATE+KEY-----", "ua=-----BEGIN%20%50RIVATE%20KEY-----", "ua=%2D%2D%2D%2D%2DBEGIN%20%50RIVATE%20KEY-----",
		`ua="-----BEGIN \u0050RIVATE KEY-----"`, "x -----END PRIVATE KEY----- " + begin,
	} {
		for _, next := range after {
			want := redact.Default().Text(next)
			if got := through(t, line+"\n", next, "last line\n"); !strings.HasSuffix(got, "\n"+want+"last line\n") {
				t.Errorf("%s, written one by one: %q", line, got)
			}
			if got := through(t, line+"\n"+next+"last line\n"); !strings.HasSuffix(got, "\n"+want+"last line\n") {
				t.Errorf("%s, written at once: %q", line, got)
			}
		}
	}
	if got := through(t, "ua=password=\"abc\nan error\nlast\n"); got != "ua=password=\"[REDACTED]\nan error\nlast\n" {
		t.Errorf("behind a quote that nobody closes: %q", got)
	}
	// An end far behind does not bring them together.
	if got := through(t, "ua="+begin+"\nan error\nua=-----END PRIVATE KEY-----\nlast\n"); !strings.Contains(got, "\nan error\n") {
		t.Errorf("between a beginning and an end: %q", got)
	}
	// Lines that look like a key are hidden, but not for ever.
	body := strings.Repeat("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n", 1000)
	if got := through(t, begin+"\n"+body+"last\n"); len(got) < len(body)/2 || !strings.HasSuffix(got, "\nlast\n") {
		t.Errorf("%d bytes of %d", len(got), len(body))
	}
}

// TestWriterKeys checks that no piece of a key is shown, whole or cut, whatever stands around its lines.
func TestWriterKeys(t *testing.T) {
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der := func(key any) []byte { return must(x509.MarshalPKCS8PrivateKey(key)) }
	old := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,0011", "X-Made-By": "me"}, Bytes: x509.MarshalPKCS1PrivateKey(rs)})
	lines := func(s, before, behind string) string {
		return before + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", behind+"\n"+before) + behind + "\n"
	}
	for name, key := range map[string]string{
		"rsa": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der(rs)})), "ec": string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der(ec)})),
		"ed25519": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der(ed)})), "old": string(old),
	} {
		secret := strings.Split(strings.TrimSuffix(key, "\n"), "\n")
		for way, text := range map[string]string{
			"bare": key, "behind text": "2026/01/02 03:04:05 loaded " + key, "quoted": "key=\"" + key + "\" x=1\n", "indented": lines(key, "    ", ""), "CRLF": lines(key, "", "\r"),
			"source": lines(key, "\t\"", `\n" +`), "list": lines(key, "  \"", `",`), "times": lines(key, "2026-01-02T03:04:05Z stdout F ", ""), "quoted text": lines(key, "> ", ""),
			"half a line": key[:len(key)/2], "cut with dots": key[:len(key)*2/3] + "...\n", "cut with a word": key[:len(key)*2/3] + " (truncated)\n", "one line": strings.ReplaceAll(key, "\n", " ") + "\n",
			"escaped": strings.ReplaceAll(key, "\n", `\n`) + "\n", "two": key + key, "half and whole": key[:len(key)/2] + "\n" + key,
		} {
			pieces := strings.SplitAfter("before\n"+text, "\n")
			cuts := map[string]string{"at once": through(t, "before\n"+text), "by lines": through(t, pieces...), "and more": through(t, append(pieces, "\nand more\n")...)}
			for how, got := range cuts {
				for _, s := range secret {
					if strings.HasPrefix(s, "-----") || strings.Contains(s, ": ") {
						continue
					}
					for i := 0; i+12 < len(s); i += 4 {
						if strings.Contains(got, s[i:i+12]) {
							t.Fatalf("%s, %s, %s: %q in\n%s", name, way, how, s, got)
						}
					}
				}
				if !strings.HasPrefix(got, "before\n") || how == "and more" && !strings.HasSuffix(got, "and more\n") {
					t.Errorf("%s, %s, %s: lost the neighbours:\n%s", name, way, how, got)
				}
			}
		}
	}
}

func TestWriterConcurrent(t *testing.T) {
	var b bytes.Buffer
	w := redact.Default().Writer(&b)
	done := make(chan bool)
	for i := range 4 {
		go func() {
			for j := range 50 {
				fmt.Fprintf(w, "line %d %d password=%s\n", i, j, p)
			}
			done <- true
		}()
	}
	for range 4 {
		<-done
	}
	if got := b.String(); strings.Count(got, "password=[REDACTED]\n") != 200 {
		t.Errorf("%.200q", got)
	}
}
