package logging

import (
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// The message and the keys of a record: OpenTelemetry's HTTP semantic conventions and its trace context in logs.
const (
	message = "http request"

	keyRequestID  = "request_id"
	keyTraceID    = "trace_id"
	keySpanID     = "span_id"
	keyTraceFlags = "trace_flags"
)

// maxField bounds what is logged of a path, a query, a host and a User-Agent; margin is how much more the redactor sees,
// so that a secret which the bound cuts through is still known as one.
const (
	maxField = 2048
	margin   = 512
)

// sink takes the fields of one record. There are two: the JSON line of this package's handler, and slog attributes for
// any other. Keys are constants of this package and neither judged nor escaped.
type sink interface {
	word(key, s string) // of our own making
	text(key, s string) // from outside: redacted and bounded
	num(key string, n int64)
	ms(key string, d time.Duration)
	flag(key string)
	list(key string, values []string) // redacted already
	attr(a slog.Attr)                 // the user's: redacted
}

// record writes the record of a request that ended as o.
func (m *Middleware) record(s *request, w http.ResponseWriter, r *http.Request, o *outcome) {
	if h, ok := m.handler.(*handler); ok && h.opts.ReplaceAttr == nil {
		l := h.begin()
		defer l.free()
		l.head(time.Now(), o.level, message, 0)
		l.ids(s)
		l.open(true)
		m.fields(l, s, w, r, o)
		h.write(l) //nolint:errcheck // as slog.Logger does: there is nobody to tell
		return
	}
	a := attrs{red: m.red, attrs: make([]slog.Attr, 0, 24)}
	a.attrs = s.idAttrs(a.attrs)
	m.fields(&a, s, w, r, o)
	rec := slog.NewRecord(time.Now(), o.level, message, 0)
	rec.AddAttrs(a.attrs...)
	m.bare.Handle(s.Context, rec) // not s: a handler of ours further down would add the ids once more //nolint:errcheck // as slog.Logger does: there is nobody to tell
}

// fields is the one list of what a record holds.
func (m *Middleware) fields(to sink, s *request, w http.ResponseWriter, r *http.Request, o *outcome) {
	known := method(r.Method)
	to.word("http.request.method", known)
	if known != r.Method && r.Method != "" {
		to.text("http.request.method_original", clip(r.Method, 32))
	}
	if o.route != "" {
		to.word("http.route", o.route)
	}
	if o.status != 0 {
		to.num("http.response.status_code", int64(o.status))
	}
	if s.path != "" {
		to.text("url.path", s.path)
	}
	if s.query != "" {
		to.word("url.query", clip(m.red.Query(cut(s.query)), maxField))
	}
	to.ms("duration_ms", o.duration)
	if n := s.requestSize(r); n >= 0 {
		to.num("http.request.body.size", n)
	}
	to.num("http.response.body.size", s.res.Bytes())
	if addr := m.cfg.ClientIP.Addr(r); addr.IsValid() {
		to.text("client.address", addr.String())
	}
	if host := hostname(r.Host); host != "" {
		to.text("server.address", host)
	}
	if ua := r.Header["User-Agent"]; len(ua) > 0 {
		to.text("user_agent.original", ua[0])
	}
	to.word("network.protocol.version", protocol(r))
	m.endFields(to, s, o)
	m.headerFields(to, "http.request.header.", m.cfg.RequestHeaders, r.Header)
	m.headerFields(to, "http.response.header.", m.cfg.ResponseHeaders, w.Header())
	if b := s.body; b != nil && o.status >= m.cfg.Body.MinStatus {
		b.fields(to, m.red, m.cfg.Body.MaxBytes)
	}
	for _, a := range o.attrs {
		to.attr(a)
	}
	if o.dropped > 0 {
		to.num("attrs_dropped", int64(o.dropped))
	}
}

// endFields says what was out of the ordinary.
func (m *Middleware) endFields(to sink, s *request, o *outcome) {
	if o.errType != "" {
		to.word("error.type", o.errType)
	}
	switch {
	case o.panicked:
		to.word("exception.message", o.panicText)
		to.word("exception.stacktrace", string(o.stack))
	case o.err != nil:
		to.word("error.message", o.err.Error())
	}
	if o.unheard != 0 {
		to.num("status_unheard", int64(o.unheard))
	}
	if o.cutOff {
		to.flag("aborted")
	}
	if o.hijacked {
		to.flag("hijacked")
	}
	if o.slow {
		to.flag("slow")
	}
	if o.sampled > 1 {
		to.num("sampled_1_in", int64(o.sampled))
	}
}

// headerFields writes the headers that are on the list and there.
func (m *Middleware) headerFields(to sink, prefix string, names []string, h http.Header) {
	for _, name := range names {
		name = http.CanonicalHeaderKey(name)
		values := h[name]
		if len(values) == 0 {
			continue
		}
		clean := m.red.Header(http.Header{name: values})[name]
		for i, v := range clean {
			clean[i] = clip(v, maxField)
		}
		to.list(prefix+strings.ToLower(name), clean)
	}
}

// method is the method if it is a known one, else _OTHER: a record's field must not grow as the client likes.
func method(name string) string {
	switch name {
	case "":
		return http.MethodGet
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace, http.MethodPatch:
		return name
	}
	return "_OTHER"
}

// route is the pattern without its method, which has a field of its own.
func route(pattern string) string {
	if _, rest, ok := strings.Cut(pattern, " "); ok {
		return strings.TrimLeft(rest, " \t")
	}
	return pattern
}

// protocol is the version as OpenTelemetry writes it: "1.1", "2".
func protocol(r *http.Request) string {
	switch {
	case r.ProtoMajor == 1 && r.ProtoMinor == 0:
		return "1.0"
	case r.ProtoMajor == 2:
		return "2"
	case r.ProtoMajor == 3:
		return "3"
	}
	return "1.1"
}

// hostname is the host without the port.
func hostname(host string) string {
	if strings.IndexByte(host, ':') < 0 {
		return host
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// isStream says whether a response is meant to go on for long.
func isStream(h http.Header) bool {
	ct := h.Get("Content-Type")
	if ct == "" {
		return false
	}
	media, _, _ := strings.Cut(ct, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	switch media {
	case "text/event-stream", "multipart/x-mixed-replace", "application/x-ndjson":
		return true
	}
	return strings.HasPrefix(media, "application/grpc")
}

// cut shortens s to what the redactor has to see of it.
func cut(s string) string {
	if len(s) > maxField+margin {
		return s[:maxField+margin]
	}
	return s
}

// clip shortens s to at most n bytes, never in the middle of a rune, and marks that it did.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
