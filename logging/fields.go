package logging

// A field is a key of this package's own records as it stands in JSON, with the comma before it. These are constants, so
// that a field costs one copy.
type field string

// name is the key itself.
func (f field) name() string { return string(f[2 : len(f)-2]) }

// message is the same for all records, so that they can be counted and found by it; what differs stands in the fields.
const message = "http request"

// The ids, as OpenTelemetry names them for logs outside of OTLP.
const (
	keyRequestID  = "request_id"
	keyTraceID    = "trace_id"
	keySpanID     = "span_id"
	keyTraceFlags = "trace_flags"
)

// The fields of a record, as OpenTelemetry's HTTP semantic conventions name them, then those that they have no name for.
const (
	fieldMethod         field = `,"http.request.method":`
	fieldMethodOriginal field = `,"http.request.method_original":`
	fieldRoute          field = `,"http.route":`
	fieldStatus         field = `,"http.response.status_code":`
	fieldPath           field = `,"url.path":`
	fieldQuery          field = `,"url.query":`
	fieldDuration       field = `,"duration_ms":`
	fieldRequestSize    field = `,"http.request.body.size":`
	fieldResponseSize   field = `,"http.response.body.size":`
	fieldClient         field = `,"client.address":`
	fieldServer         field = `,"server.address":`
	fieldUserAgent      field = `,"user_agent.original":`
	fieldProtocol       field = `,"network.protocol.version":`
	fieldAttrsDropped   field = `,"attrs_dropped":`
	fieldErrorType      field = `,"error.type":`
	fieldPanicText      field = `,"exception.message":`
	fieldPanicStack     field = `,"exception.stacktrace":`
	fieldErrorMessage   field = `,"error.message":`
	fieldUnheard        field = `,"status_unheard":`
	fieldAborted        field = `,"aborted":`
	fieldHijacked       field = `,"hijacked":`
	fieldSlow           field = `,"slow":`
	fieldSampled        field = `,"sampled_1_in":`
	fieldRequestBody    field = `,"request_body":`
	fieldResponseBody   field = `,"response_body":`
	fieldRequestID      field = `,"request_id":`
	fieldTraceID        field = `,"trace_id":`
	fieldSpanID         field = `,"span_id":`
	fieldTraceFlags     field = `,"trace_flags":`
)
