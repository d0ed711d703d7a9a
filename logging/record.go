package logging

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
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

const (
	fieldHttpRequestMethod         field = `,"http.request.method":`
	fieldHttpRequestMethodOriginal field = `,"http.request.method_original":`
	fieldHttpRoute                 field = `,"http.route":`
	fieldHttpResponseStatusCode    field = `,"http.response.status_code":`
	fieldUrlPath                   field = `,"url.path":`
	fieldUrlQuery                  field = `,"url.query":`
	fieldDurationMs                field = `,"duration_ms":`
	fieldHttpRequestBodySize       field = `,"http.request.body.size":`
	fieldHttpResponseBodySize      field = `,"http.response.body.size":`
	fieldClientAddress             field = `,"client.address":`
	fieldServerAddress             field = `,"server.address":`
	fieldUserAgentOriginal         field = `,"user_agent.original":`
	fieldNetworkProtocolVersion    field = `,"network.protocol.version":`
	fieldAttrsDropped              field = `,"attrs_dropped":`
	fieldErrorType                 field = `,"error.type":`
	fieldExceptionMessage          field = `,"exception.message":`
	fieldExceptionStacktrace       field = `,"exception.stacktrace":`
	fieldErrorMessage              field = `,"error.message":`
	fieldStatusUnheard             field = `,"status_unheard":`
	fieldAborted                   field = `,"aborted":`
	fieldHijacked                  field = `,"hijacked":`
	fieldSlow                      field = `,"slow":`
	fieldSampled1In                field = `,"sampled_1_in":`
	fieldRequestBody               field = `,"request_body":`
	fieldResponseBody              field = `,"response_body":`
	fieldRequestId                 field = `,"request_id":`
	fieldTraceId                   field = `,"trace_id":`
	fieldSpanId                    field = `,"span_id":`
	fieldTraceFlags                field = `,"trace_flags":`
)

// maxField bounds what is logged of a path, a query, a host and a User-Agent; margin is how much more the redactor sees,
// so that a secret which the bound cuts through is still known as one.
const (
	maxField  = 2048
	margin    = 512
	maxValues = 16 // of one header
)

// record writes the record of a request that ended as o.
func (m *Middleware) record(s *request, w http.ResponseWriter, r *http.Request, o *outcome) {
	end := s.start.Add(o.duration)
	if h, ok := m.handler.(*handler); ok && h.opts.ReplaceAttr == nil {
		l := h.begin()
		defer l.free()
		l.head(end, o.level, message, 0)
		l.ids(s)
		l.open(true)
		m.fields(l, s, w, r, o)
		h.write(l) //nolint:errcheck // as slog.Logger does: there is nobody to tell
		return
	}
	a := m.attrs.get(m.red)
	defer m.attrs.put(a)
	ctx := context.Context(s)
	if _, own := m.handler.(*handler); !own {
		// Not with s: a handler of this package further down would add the ids once more.
		ctx, a.all = s.Context, s.idAttrs(a.all)
	}
	m.fields(a, s, w, r, o)
	rec := slog.NewRecord(end, o.level, message, 0)
	rec.AddAttrs(a.all...)
	m.bare.Handle(ctx, rec) //nolint:errcheck // as slog.Logger does: there is nobody to tell
}

// fields is the one list of what a record holds.
func (m *Middleware) fields(to sink, s *request, w http.ResponseWriter, r *http.Request, o *outcome) {
	known := method(r.Method)
	to.safe(fieldHttpRequestMethod, known)
	if known != r.Method && r.Method != "" {
		to.text(fieldHttpRequestMethodOriginal, clip(r.Method, 32))
	}
	if o.route != "" {
		to.word(fieldHttpRoute, o.route)
	}
	if o.status != 0 {
		to.num(fieldHttpResponseStatusCode, int64(o.status))
	}
	if s.path != "" {
		to.text(fieldUrlPath, s.path)
	}
	if s.query != "" {
		to.word(fieldUrlQuery, m.query(s.query))
	}
	to.ms(fieldDurationMs, o.duration)
	if n := s.requestSize(r); n >= 0 {
		to.num(fieldHttpRequestBodySize, n)
	}
	to.num(fieldHttpResponseBodySize, s.res.Bytes())
	if addr := m.cfg.ClientIP.Addr(r); addr.IsValid() {
		if m.hideIPs {
			to.text(fieldClientAddress, addr.String())
		} else {
			to.safe(fieldClientAddress, addr.String())
		}
	}
	if host := hostname(r.Host); host != "" {
		to.text(fieldServerAddress, host)
	}
	if ua := r.Header["User-Agent"]; len(ua) > 0 {
		to.text(fieldUserAgentOriginal, ua[0])
	}
	to.safe(fieldNetworkProtocolVersion, protocol(r))
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
		to.num(fieldAttrsDropped, int64(o.dropped))
	}
}

// query is the redacted query, bounded.
func (m *Middleware) query(raw string) string {
	clean, hash := m.queries.knows(raw)
	if clean {
		return raw
	}
	text := clip(m.red.Query(cut(raw)), maxField)
	if text == raw {
		m.queries.note(hash)
	}
	return text
}

// endFields says what was out of the ordinary.
func (m *Middleware) endFields(to sink, s *request, o *outcome) {
	if o.errType != "" {
		to.word(fieldErrorType, o.errType)
	}
	switch {
	case o.panicked:
		to.word(fieldExceptionMessage, o.panicText)
		to.word(fieldExceptionStacktrace, string(o.stack))
	case o.err != nil:
		to.word(fieldErrorMessage, o.err.Error())
	}
	if o.unheard != 0 {
		to.num(fieldStatusUnheard, int64(o.unheard))
	}
	if o.cutOff {
		to.flag(fieldAborted)
	}
	if o.hijacked {
		to.flag(fieldHijacked)
	}
	if o.slow {
		to.flag(fieldSlow)
	}
	if o.sampled > 1 {
		to.num(fieldSampled1In, int64(o.sampled))
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
		values = values[:min(len(values), maxValues)]
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
