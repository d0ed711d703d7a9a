package health

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// page is an answer ready to send.
type page struct {
	gen    uint64 // of the state that it shows
	code   int
	body   []byte
	length string // of body, made once
}

// document is the body, in the names of draft-inadarei-api-health-check-06, section 3.
type document struct {
	Status    Status                 `json:"status"`
	Version   string                 `json:"version,omitempty"`
	ReleaseID string                 `json:"releaseId,omitempty"`
	Output    string                 `json:"output,omitempty"`
	Checks    map[string][]component `json:"checks,omitempty"`
}

// component is one check, section 4 of the draft.
type component struct {
	ComponentType string   `json:"componentType,omitempty"`
	ObservedValue *float64 `json:"observedValue,omitempty"`
	ObservedUnit  string   `json:"observedUnit,omitempty"`
	Status        Status   `json:"status"`
	Time          string   `json:"time,omitempty"`
	Output        string   `json:"output,omitempty"` // omitted for a pass, section 4.8
}

// render writes the body. Strangers see the status, and with names that of each check. Only details hold more.
func render(v view, names, details bool) *page {
	doc := document{Status: v.status}
	if names || details {
		doc.Checks = make(map[string][]component, len(v.entries))
		for _, n := range v.entries {
			if n.status != "" {
				doc.Checks[n.Name] = []component{n.component(details)}
			}
		}
	}
	if details {
		doc.Version, doc.ReleaseID = v.set.Version, v.set.ReleaseID
		if v.status != Pass {
			doc.Output = v.output
		}
	}
	body, _ := json.Marshal(doc) // strings and finite numbers: it cannot fail
	body = append(body, '\n')
	p := &page{gen: v.gen, code: http.StatusOK, body: body, length: strconv.Itoa(len(body))}
	if v.status == Fail {
		p.code = http.StatusServiceUnavailable
	}
	return p
}

// component is what an answer says about one check. A check that could not answer at all has no time and no value.
func (n entry) component(details bool) component {
	c := component{Status: n.status}
	if !details {
		return c
	}
	c.ComponentType = n.ComponentType
	if n.status != Pass {
		c.Output = n.text
	}
	if !n.ended.IsZero() {
		ms := math.Round(float64(n.took)/float64(time.Microsecond)) / 1000
		c.ObservedValue, c.ObservedUnit = &ms, "ms"
		c.Time = n.ended.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	return c
}

// send writes the page. The header's values lie in one array that is made here, so that whoever appends to them or
// writes over them changes this response only.
func (p *page) send(w http.ResponseWriter, r *http.Request) {
	mediaType := "application/health+json"
	if plainJSON(r.Header["Accept"]) {
		mediaType = "application/json"
	}
	values := []string{mediaType, "no-store", "nosniff", p.length}
	h := w.Header()
	h["Content-Type"] = values[0:1:1]
	h["Cache-Control"] = values[1:2:2]
	h["X-Content-Type-Options"] = values[2:3:3]
	h["Content-Length"] = values[3:4:4]
	w.WriteHeader(p.code)
	if r.Method != http.MethodHead {
		w.Write(p.body) //nolint:errcheck // the client is gone: there is nobody to tell
	}
}
