package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// The names under which loggers usually write a field; the first that a record has counts.
var (
	timeNames      = []string{"time", "ts", "timestamp", "@timestamp", "t"}
	levelNames     = []string{"level", "severity", "lvl", "log.level"}
	messageNames   = []string{"msg", "message", "event"}
	statusNames    = []string{"http.response.status_code", "status", "status_code", "http.status_code", "http.status", "response.status", "resp.status", "code"}
	durationNames  = []string{"duration_ms", "duration", "latency", "latency_ms", "elapsed", "elapsed_ms", "took", "event.duration", "response_time", "duration_s"}
	requestIDNames = []string{"request_id", "requestId", "req_id", "reqid", "http.request.id", "x_request_id", "correlation_id", "trace_id", "id"}
)

// record is one line of a log; nested objects are joined with dots. A line that is no JSON object has nil fields.
type record struct {
	line   []byte
	fields map[string]any
}

func parseLog(log []byte) (list []record) {
	for line := range bytes.Lines(log) {
		line = bytes.TrimRight(line, "\n")
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		r := record{line: line}
		var object map[string]any
		if json.Unmarshal(line, &object) == nil {
			r.fields = map[string]any{}
			flatten("", object, r.fields)
		}
		list = append(list, r)
	}
	return list
}

func flatten(prefix string, in, out map[string]any) {
	for k, v := range in {
		if nested, ok := v.(map[string]any); ok {
			flatten(prefix+k+".", nested, out)
			continue
		}
		out[prefix+k] = v
	}
}

// field is the value under the declared name, or under the first usual one.
func (r record) field(declared string, usual []string) (any, bool) {
	if declared != "" {
		usual = []string{declared}
	}
	for _, name := range usual {
		if v, ok := r.fields[name]; ok {
			return v, true
		}
	}
	return nil, false
}

// status is the HTTP status; it is what makes a record that of a request.
func (r record) status(l *Logs) (int, bool) {
	v, ok := r.field(l.Status, statusNames)
	if !ok {
		return 0, false
	}
	n, ok := v.(float64)
	return int(n), ok && n >= 100 && n < 600
}

func (r record) level(l *Logs) string {
	v, _ := r.field(l.Level, levelNames)
	return fmt.Sprint(v)
}

func (r record) mentions(s string) bool { return bytes.Contains(r.line, []byte(s)) }

func containsText(log []byte, s string) bool { return bytes.Contains(log, []byte(s)) }

// hasLogs tells whether the log is at hand.
func (p *Probe) hasLogs() bool {
	return p.local != nil && p.local.app.Logs != nil || p.remote != nil && p.cfg.Logs.File != ""
}

// logged runs a function and returns what was logged meanwhile.
func (p *Probe) logged(during func()) []byte {
	if !p.hasLogs() {
		p.Skip("the log is not at hand (App.Logs, Logs.File)")
	}
	if p.remote != nil {
		return p.loggedToFile(during)
	}
	start := len(p.local.app.Logs())
	during()
	after := p.local.app.Logs()
	return after[min(start, len(after)):]
}

// maxLog is how much of a log file is read at once.
const maxLog = 16 << 20

// loggedToFile reads what came to the end of the file: the whole may be large.
func (p *Probe) loggedToFile(during func()) []byte {
	file, err := os.Open(p.cfg.Logs.File)
	if err != nil {
		p.Inconclusive("the log cannot be read: %v", err)
	}
	defer file.Close()
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		p.Inconclusive("the log cannot be read: %v", err)
	}
	during()
	sleep(p.ctx, 300*time.Millisecond) //nolint:errcheck // a buffered log
	log, err := io.ReadAll(io.LimitReader(file, maxLog))
	if err != nil {
		p.Inconclusive("the log cannot be read: %v", err)
	}
	return log
}

// access is the records of requests among what was logged.
func (p *Probe) access(log []byte) (list []record) {
	for _, r := range parseLog(log) {
		if _, ok := r.status(p.cfg.Logs); ok {
			list = append(list, r)
		}
	}
	return list
}
