package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"
)

// decoder reads bodies and validates them by their struct tags. It is made once: the validator caches what it learns
// about each type.
type decoder struct{ validate *validator.Validate }

func newDecoder() (*decoder, error) {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	err := errors.Join(
		v.RegisterValidation("line", func(fl validator.FieldLevel) bool { return isText(fl.Field().String(), "") }),
		v.RegisterValidation("text", func(fl validator.FieldLevel) bool { return isText(fl.Field().String(), "\n\r\t") }),
	)
	return &decoder{validate: v}, err
}

// isText refuses control characters, NUL before all, other than the allowed ones. They are never part of a title, and
// they are what attacks on logs, terminals and C strings are made of.
func isText(s, allowed string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(allowed, r) })
}

// decode fills dst from a JSON body, strictly: the right Content-Type, UTF-8, one object, no field that is unknown or
// there twice, nothing behind it, and every field valid. The size is bounded by the body limit of the stack. All errors are problems.
func (d *decoder) decode(r *http.Request, dst any) error {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := params["charset"]; err != nil || media != "application/json" ||
		charset != "" && !strings.EqualFold(charset, "utf-8") {
		return newProblem(http.StatusUnsupportedMediaType, "Send the body as application/json.").
			with("Accept", "application/json")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return bodyProblem(err)
	}
	if !utf8.Valid(body) { // encoding/json would change it without a word, and many a password would be the same
		return newProblem(http.StatusBadRequest, "The body is not UTF-8.")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(dst); err != nil {
		return bodyProblem(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return newProblem(http.StatusBadRequest, "The body has more than one JSON value.")
	}
	if err := checkNames(body, dst); err != nil {
		return err
	}
	return d.check(dst)
}

// checkNames refuses what encoding/json lets pass: a field that is there twice, or in another letter case. Whoever else
// looks at the body, such as a firewall, must see the same values in it. body is valid JSON for dst, a struct without
// structs in it.
func checkNames(body []byte, dst any) error {
	missing := map[string]bool{}
	for f := range reflect.TypeOf(dst).Elem().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		missing[name] = true
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.Token() //nolint:errcheck // the brace: the body was decoded before
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return bodyProblem(err)
		}
		key, _ := name.(string)
		if !missing[key] {
			return newProblem(http.StatusBadRequest, "The body has a field twice, or in other letters than it is written with here.")
		}
		missing[key] = false
		if err := dec.Decode(new(json.RawMessage)); err != nil {
			return bodyProblem(err)
		}
	}
	return nil
}

// bodyProblem says what is wrong with a body without quoting it: what a client sends to /api/login is a password.
func bodyProblem(err error) *Problem {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return newProblem(http.StatusRequestEntityTooLarge, "The body is too large.")
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return newProblem(http.StatusRequestTimeout, "The body took too long to arrive.")
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		return errInvalid(FieldError{Field: e.Field, Reason: "must be a " + e.Type.Kind().String()})
	}
	if strings.HasPrefix(err.Error(), "json: unknown field ") { // encoding/json has no type for it
		return newProblem(http.StatusBadRequest, "The body has a field that is not known here.")
	}
	return newProblem(http.StatusBadRequest, "The body is not a JSON object.")
}

func (d *decoder) check(v any) error {
	err := d.validate.Struct(v)
	invalid, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		return err // nil, or a mistake in this program
	}
	fields := make([]FieldError, len(invalid))
	for i, e := range invalid {
		fields[i] = FieldError{Field: e.Field(), Reason: reason(e.Tag(), e.Param())}
	}
	return errInvalid(fields...)
}

// reason says in words what a tag demands. A test holds that it knows every tag in use.
func reason(tag, param string) string {
	switch tag {
	case "required":
		return "is required"
	case "email":
		return "must be an e-mail address"
	case "min":
		return "must have at least " + param + " characters"
	case "max":
		return "must have at most " + param + " characters"
	case "line", "text":
		return "must not have control characters"
	}
	return "cannot be accepted"
}
