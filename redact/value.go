package redact

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// maxNest is how deep values may nest; maxRender how much text one value may become. Beyond, the value is replaced.
const (
	maxNest   = 32
	maxRender = 1 << 20
)

// rendered is a value that was rendered and redacted here. Every way to print it shows the same.
type rendered struct {
	json []byte
	text string // what a text handler shows; "" for the JSON
}

func (v rendered) MarshalJSON() ([]byte, error) { return v.json, nil }
func (v rendered) MarshalText() ([]byte, error) { return []byte(v.String()), nil }
func (v rendered) String() string {
	if v.text != "" {
		return v.text
	}
	return string(v.json)
}
func (v rendered) Format(f fmt.State, _ rune) { f.Write([]byte(v.String())) } //nolint:errcheck // fmt keeps the error

// errorText is what is handed on of an error: its redacted text. The error itself stays here.
type errorText string

func (e errorText) Error() string                { return string(e) }
func (e errorText) MarshalText() ([]byte, error) { return []byte(e), nil }

// anyValue renders a value of any type, redacted. key is its name and c what that name says.
func (s *scan) anyValue(v any, key string, c nameClass) (out slog.Value) {
	defer func() {
		if recover() != nil {
			out = slog.StringValue(s.r.mark())
		}
	}()
	secret := func(text string) (string, bool) {
		if c >= plural && secretText(c, text, false) || c == looks && secretText(c, text, false) {
			return s.marked(text), true
		}
		return s.value(text)
	}
	switch v := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case []byte:
		text := string(v)
		if clean, dirty := secret(text); dirty {
			return slog.StringValue(clean)
		}
		return slog.AnyValue(v) // text to a text handler, base64 to one of JSON
	case error:
		if nilPointer(v) {
			return slog.AnyValue(nil)
		}
		text, _ := secret(v.Error())
		return slog.AnyValue(errorText(text))
	case *slog.Source, slog.Level:
		return slog.AnyValue(v)
	}
	w, before := walker{s: s}, s.nodes
	var ok bool
	if w.out, ok = w.appendAny(nil, reflect.ValueOf(v), key, c); !ok || len(w.out) > maxRender {
		if s.nodes > maxNodes {
			s.nodes = before + maxNodes/16 // the members beside it are shown, if there are not many such
		}
		return slog.StringValue(s.r.mark())
	}
	if !json.Valid(w.out) {
		return slog.StringValue(s.r.mark())
	}
	if len(w.out) > 1 && w.out[0] == '"' {
		var text string
		if json.Unmarshal(w.out, &text) == nil {
			return slog.StringValue(text)
		}
	}
	shown := rendered{json: w.out}
	if c < plural && !w.unseen && !s.r.marks(w.out) {
		shown.text = s.stringer(v) // made of parts that are no secrets
	}
	return slog.AnyValue(shown)
}

// marks says whether there is a mark in what was rendered.
func (r *Redactor) marks(out []byte) bool {
	mark := strings.TrimRight(r.mark(), ")]") // a fingerprint stands in front of the bracket
	url := string(r.appendURLMark(nil, ""))
	if r.cfg.FingerprintKey != "" {
		url = url[:strings.LastIndexByte(url, '-')]
	}
	return bytes.Contains(out, []byte(mark)) || bytes.Contains(out, []byte(url))
}

// stringer is the redacted text of a value that has one of its own.
func (s *scan) stringer(v any) string {
	switch v.(type) {
	case json.Marshaler, encoding.TextMarshaler:
		return ""
	}
	if t, ok := v.(fmt.Stringer); ok && !nilPointer(v) {
		text, _ := s.value(t.String())
		return text
	}
	return ""
}

func nilPointer(v any) bool {
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}

// known renders types of the standard library that encoding/json prints badly or in full.
func (w *walker) known(v any) (any, bool) {
	r := w.s.r
	switch v := v.(type) {
	case http.Header:
		return headerText(r.Header(v)), true
	case *url.URL:
		if v == nil {
			return nil, false
		}
		return r.URL(v.String()), true
	case url.URL:
		return r.URL(v.String()), true
	case *http.Request:
		if v == nil {
			return nil, false
		}
		target := v.RequestURI
		if v.URL != nil {
			target = v.URL.String()
		}
		return clean{{"method", v.Method}, {"url", r.URL(target)}, {"proto", v.Proto}, {"host", v.Host}, {"header", headerText(r.Header(v.Header))}}, true
	case *http.Response:
		if v == nil {
			return nil, false
		}
		return clean{{"status", v.Status}, {"proto", v.Proto}, {"header", headerText(r.Header(v.Header))}}, true
	case *http.Cookie:
		if v == nil {
			return nil, false
		}
		return r.cookies(v.String(), true), true
	case http.Cookie:
		return r.cookies(v.String(), true), true
	case *url.Userinfo:
		if v == nil {
			return nil, false
		}
		return userinfo(r, v), true
	case url.Userinfo:
		return userinfo(r, &v), true
	case url.Values:
		return r.Query(v.Encode()), true
	}
	return nil, false
}

// userinfo is redacted as it is in a URL.
func userinfo(r *Redactor, u *url.Userinfo) string {
	return strings.TrimSuffix(strings.TrimPrefix(r.URL("http://"+u.String()+"@h"), "http://"), "@h")
}
