package logging

import (
	"log/slog"
	"net"
	"net/http"
	"strings"
	"unicode/utf8"
)

// maxField bounds what is logged of a path, a query, a host and a User-Agent; margin is how much more the redactor sees,
// so that a secret which the bound cuts through is still known as one.
const (
	maxField  = 2048
	margin    = 512
	maxValues = 16 // of one header
)

// record writes the record of a request that ended as o. This package's own handler gets it as bytes: no slog.Record, no
// attributes, no look-up of the caller, which are the larger part of what a record costs.
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
	// A ReplaceAttr wants attributes. Another handler gets its own kind of record, in which all is redacted already: it is
	// asked directly, not through the redacting one, which would look at everything once more.
	a := m.attrs.get(m.red, m.texts)
	defer m.attrs.put(a)
	h, own := m.handler.(*handler)
	if !own {
		a.all = s.idAttrs(a.all)
	}
	m.fields(a, s, w, r, o)
	if own {
		h.handleOwn(s, end, o.level, a.all)
		return
	}
	rec := slog.NewRecord(end, o.level, message, 0)
	rec.AddAttrs(a.all...)
	// Not with s: a handler of this package further down would add the ids once more.
	m.bare.Handle(s.Context, rec) //nolint:errcheck // as slog.Logger does: there is nobody to tell
}

// fields is the one list of what a record holds.
func (m *Middleware) fields(to sink, s *request, w http.ResponseWriter, r *http.Request, o *outcome) {
	known := method(r.Method)
	to.safe(fieldMethod, known)
	if known != r.Method && r.Method != "" { // any token is a method, RFC 9110 section 9.1, of any length
		to.text(fieldMethodOriginal, clip(r.Method, 32))
	}
	if o.route != "" { // the template: the path has too many values to group by
		to.word(fieldRoute, o.route)
	}
	if o.status != 0 {
		to.num(fieldStatus, int64(o.status))
	}
	if s.path != "" { // decoded: a name that is percent-encoded must not slip past the redactor
		to.text(fieldPath, s.path)
	}
	if s.query != "" {
		to.word(fieldQuery, m.query(s.query))
	}
	to.ms(fieldDuration, o.duration)
	if n := s.requestSize(r); n >= 0 {
		to.num(fieldRequestSize, n)
	}
	to.num(fieldResponseSize, s.res.Bytes())
	if addr := m.cfg.ClientIP.Addr(r); addr.IsValid() {
		if m.hideIPs { // else it is digits that no rule has anything to say of
			to.text(fieldClient, addr.String())
		} else {
			to.safe(fieldClient, addr.String())
		}
	}
	if host := hostname(r.Host); host != "" {
		to.text(fieldServer, host)
	}
	if ua := r.Header["User-Agent"]; len(ua) > 0 {
		to.text(fieldUserAgent, ua[0])
	}
	to.safe(fieldProtocol, protocol(r))
	m.endFields(to, o)
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
	clean, hash := m.queries.Knows(raw)
	if clean {
		return raw
	}
	text := clip(m.red.Query(cut(raw)), maxField)
	if text == raw {
		m.queries.Note(hash)
	}
	return text
}

// endFields says what was out of the ordinary.
func (m *Middleware) endFields(to sink, o *outcome) {
	if o.errType != "" {
		to.word(fieldErrorType, o.errType)
	}
	switch {
	case o.panicked:
		to.word(fieldPanicText, o.panicText)
		to.word(fieldPanicStack, string(o.stack))
	case o.err != nil:
		to.word(fieldErrorMessage, o.err.Error())
	}
	if o.unheard != 0 {
		to.num(fieldUnheard, int64(o.unheard))
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
		to.num(fieldSampled, int64(o.sampled))
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
		// Only the redactor knows what a header may show: the name of a cookie, the parameters of a challenge.
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

// hostname is the host without the port. It is what the client says, and not believed for anything.
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
		return whole(s[:maxField+margin])
	}
	return s
}

// whole drops a rune that was cut through from the end of s.
func whole(s string) string {
	for i := len(s) - 1; i >= 0 && i >= len(s)-utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			if !utf8.FullRuneInString(s[i:]) {
				return s[:i]
			}
			break
		}
	}
	return s
}

// clip shortens s to at most n bytes, never in the middle of a rune, and marks that it did.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return whole(s[:n]) + "…"
}
