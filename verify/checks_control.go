package verify

const controlID = "control"

func controlChecks() []Check {
	return []Check{{
		ID:    controlID,
		Title: "the service answers, and tells what is there from what is not",
		Why:   "Every other check compares answers. A server that is down, or that says 200 to whatever it is asked, would pass the half of them.",
		Hint:  "Declare Public, a path that answers GET with 2xx to anyone, and where unknown paths are pages, NotFound, a path that is 404.",
		Ref:   "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.5",
		Run: func(p *Probe) {
			if reason := p.gate(); reason != "" {
				p.Fail("%s", reason)
			}
		},
	}}
}
