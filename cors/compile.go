package cors

import (
	"net/http"
	"slices"
	"strings"
	"time"

	rscors "github.com/rs/cors"
)

// What the compiler puts into its questions, to find it again in the answers.
const (
	probeMethod = "PROBE"
	probeHeader = "x-probe"
	probeOrigin = "https://probe.example"
)

// answer is what rs/cors says to one kind of request, ready to be replayed.
type answer struct {
	vary   string // "" for none
	fields []field
}

// field is one header line of an answer: a text that is always the same, or a part of the request.
type field struct {
	name  string
	value string // where it comes from nowhere
	from  source
}

// source says which part of the request rs/cors gave back as the value.
type source uint8

const (
	fromNowhere source = iota
	fromOrigin
	fromMethod
	fromHeaders
)

// compiled is all that there is to say; which of it is said to a request, the policy decides. The division of work is on
// purpose: the wording of answers is where rs/cors has been right for years, matching and parsing are where it is lax.
type compiled struct {
	plain     answer // not a CORS request, or a refused one
	actual    answer
	preflight answer
	refused   answer // a preflight
}

// compile asks rs/cors once for each kind of request. It asks with an origin of the list: what the answers differ in
// between origins is the origin itself, and that comes out as a source.
func compile(cfg Config, patterns []pattern) compiled {
	origin := probeOrigin // for "*", which admits it
	if len(patterns) > 0 {
		p := patterns[0]
		if p.wild {
			p.host, p.wild = "probe."+p.host, false
		}
		origin = p.String()
	}
	// Methods and headers of the configuration do not shape an answer, they only decide whether there is one. So the
	// probes stand in for all of them, and rs/cors shows by echoing them where the request's own belong.
	rs := rscors.New(rscors.Options{
		AllowedOrigins:   slices.Clone(cfg.AllowedOrigins),
		AllowedMethods:   []string{http.MethodGet, probeMethod},
		AllowedHeaders:   []string{probeHeader},
		ExposedHeaders:   slices.Clone(cfg.ExposedHeaders),
		AllowCredentials: cfg.AllowCredentials,
		MaxAge:           seconds(cfg.MaxAge),
	})
	c := compiled{
		plain:     ask(rs, http.MethodGet, nil),
		actual:    ask(rs, http.MethodGet, http.Header{"Origin": {origin}}),
		preflight: ask(rs, http.MethodOptions, preflightProbe(origin, probeMethod)),
		refused:   ask(rs, http.MethodOptions, preflightProbe(origin, "UNLISTED")),
	}
	if cfg.anyOrigin() {
		c.dropVary()
	}
	return c
}

// dropVary is where "*" parts from rs/cors: an answer that is the same for everybody is given always and needs no
// Vary, which would only keep caches from sharing it (Fetch, "CORS protocol and HTTP caches").
func (c *compiled) dropVary() {
	c.actual.vary = ""
	c.plain = c.actual
	for _, a := range []*answer{&c.preflight, &c.refused} {
		a.vary = strings.TrimPrefix(a.vary, "Origin, ")
	}
}

func preflightProbe(origin, method string) http.Header {
	return http.Header{
		"Origin":                         {origin},
		"Access-Control-Request-Method":  {method},
		"Access-Control-Request-Headers": {probeHeader},
	}
}

// ask gives rs/cors one request and takes its answer down. The values are strings, which nobody can change; the slices
// that hold them belong to rs/cors, in part to the whole process (rs/cors#198), and are not kept.
func ask(rs *rscors.Cors, method string, h http.Header) answer {
	if h == nil {
		h = http.Header{}
	}
	rec := recorder{}
	rs.HandlerFunc(rec, &http.Request{Method: method, Header: h})
	var a answer
	for name, values := range rec {
		value := strings.Join(values, ", ")
		if name == "Vary" {
			a.vary = strings.Clone(value)
			continue
		}
		f := field{name: name}
		switch {
		case name == "Access-Control-Allow-Origin" && value == h.Get("Origin"):
			f.from = fromOrigin
		case name == "Access-Control-Allow-Methods" && value == probeMethod:
			f.from = fromMethod
		case name == "Access-Control-Allow-Headers" && value == probeHeader:
			f.from = fromHeaders
		default:
			f.value = value
		}
		a.fields = append(a.fields, f)
	}
	// The recorder is a map: without an order, two runs would differ.
	slices.SortFunc(a.fields, func(x, y field) int { return strings.Compare(x.name, y.name) })
	return a
}

// recorder is a ResponseWriter that keeps the header.
type recorder http.Header

func (r recorder) Header() http.Header         { return http.Header(r) }
func (r recorder) Write(p []byte) (int, error) { return len(p), nil }
func (r recorder) WriteHeader(int)             {}

// seconds is MaxAge in rs/cors' terms: 0 for no header, -1 for "0".
func seconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	return int(d / time.Second)
}

// replay writes the answer for one request, over what an outer layer may have set: two values of
// Access-Control-Allow-Origin void each other. All values lie in one array of this response alone, each cut off so that
// an append to one cannot reach the next.
func (a *answer) replay(h http.Header, v *verdict) {
	if len(a.fields) == 0 { // most responses: an array of known length costs less
		if a.vary != "" {
			addVary(h, a.vary, make([]string, 1))
		}
		return
	}
	values := make([]string, len(a.fields)+1)
	if a.vary != "" {
		addVary(h, a.vary, values[:1:1])
	}
	for i := range a.fields {
		f := &a.fields[i]
		value := f.value
		switch f.from {
		case fromOrigin:
			value = v.origin
		case fromMethod:
			value = v.method
		case fromHeaders:
			value = v.headers
		}
		if value == "" { // no headers were asked for
			continue
		}
		values[i+1] = value
		h[f.name] = values[i+1 : i+2 : i+2]
	}
}

// addVary adds to what an outer layer may have set, in an array of its own: that layer's may be shared.
func addVary(h http.Header, vary string, fresh []string) {
	outer := h["Vary"]
	switch {
	case len(outer) == 0:
		fresh[0] = vary
		h["Vary"] = fresh
	case !varies(outer, vary):
		h["Vary"] = append(outer[:len(outer):len(outer)], vary)
	}
}

// varies says whether the lines name the field already, so that two layers that both vary do not say it twice.
func varies(lines []string, name string) bool {
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(trimOWS(element), name) {
				return true
			}
		}
	}
	return false
}

// withdraw takes out what an outer layer may have granted: no refusal carries a CORS header, whoever set it.
func withdraw(h http.Header) {
	if len(h) == 0 {
		return
	}
	for _, name := range [...]string{
		"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods",
		"Access-Control-Allow-Headers", "Access-Control-Expose-Headers", "Access-Control-Max-Age",
		"Access-Control-Allow-Private-Network",
	} {
		delete(h, name)
	}
}
