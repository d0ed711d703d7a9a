package verify

import (
	_ "embed"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"plain": plain,
	"took":  func(d time.Duration) string { return d.Round(time.Millisecond).String() },
	"when":  func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	// Only what a browser may follow becomes a link: a check of a user's own brings its reference along.
	"link": func(s string) bool { return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") },
}).Parse(page))

// WriteHTML writes the report as one page that needs nothing else: no script, no font, no image.
func (r *Report) WriteHTML(w io.Writer) error {
	type group struct {
		Status  Status
		Results []Result
	}
	data := struct {
		*Report
		Groups []group
		Error  string
	}{Report: r}
	if r.Err != nil {
		data.Error = r.Err.Error()
	}
	for _, s := range []Status{Fail, Warn, Inconclusive, Pass, Skip} {
		g := group{Status: s}
		for _, res := range r.Results {
			if res.Status == s {
				g.Results = append(g.Results, res)
			}
		}
		if len(g.Results) > 0 {
			data.Groups = append(data.Groups, g)
		}
	}
	return pageTemplate.Execute(w, data)
}
