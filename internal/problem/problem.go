// Package problem writes the answers that the layers give themselves, as problem details (RFC 9457). Texts are fixed:
// nothing that the client sent and nothing that the server knows inside is ever in them.
package problem

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// ContentType is the media type of problem details, RFC 9457 section 3.
const ContentType = "application/problem+json"

// Problem is one answer. An empty Type is left out, which means about:blank; an empty Title becomes the status text.
type Problem struct {
	Type             string   `json:"type,omitempty"`
	Title            string   `json:"title"`
	Status           int      `json:"status"`
	Detail           string   `json:"detail,omitempty"`
	RequestID        string   `json:"request_id,omitempty"`
	ViolatedPolicies []string `json:"violated-policies,omitempty"`
}

// Body is the problem as JSON.
func (p Problem) Body() []byte {
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	body, _ := json.Marshal(p) // strings and an int: it cannot fail
	return append(body, '\n')
}

// Write sends the problem with Cache-Control: no-store. What described another body is taken out of the header first,
// as [http.Error] does.
func (p Problem) Write(w http.ResponseWriter) { Send(w, p.Status, p.Body()) }

// Send writes a body made before by [Problem.Body], for answers that are always the same.
func Send(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	for _, name := range []string{"Content-Encoding", "Etag", "Last-Modified", "Content-Range", "Accept-Ranges"} {
		delete(h, name)
	}
	// All names are canonical, and one array of this response alone has the values: refusals are what an attack gets.
	v := []string{ContentType, "nosniff", "no-store", strconv.Itoa(len(body))}
	h["Content-Type"], h["X-Content-Type-Options"] = v[0:1:1], v[1:2:2]
	h["Cache-Control"], h["Content-Length"] = v[2:3:3], v[3:4:4]
	w.WriteHeader(status)
	w.Write(body) //nolint:errcheck // the client is gone: there is nobody to tell
}
