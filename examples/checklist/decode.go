package main

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"unicode"

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

// decode fills dst from a JSON body, strictly: the right Content-Type, one object, no unknown field, nothing behind it,
// and every field valid. The size is bounded by the body limit of the stack. All errors are problems.
func (d *decoder) decode(r *http.Request, dst any) error {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := params["charset"]; err != nil || media != "application/json" ||
		charset != "" && !strings.EqualFold(charset, "utf-8") {
		return newProblem(http.StatusUnsupportedMediaType, "Send the body as application/json.").
			with("Accept", "application/json")
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(dst); err != nil {
		return bodyProblem(err)
	}
	switch _, err := dec.Token(); {
	case err == io.EOF:
	case errors.As(err, new(*http.MaxBytesError)):
		return bodyProblem(err)
	default:
		return newProblem(http.StatusBadRequest, "The body has more than one JSON value.")
	}
	return d.check(dst)
}

// bodyProblem says what is wrong with a body without quoting it: what a client sends to /api/login is a password.
func bodyProblem(err error) *Problem {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return newProblem(http.StatusRequestEntityTooLarge, "The body is too large.")
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
