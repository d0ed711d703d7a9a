package metrics

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gambeson-go/gambeson/internal/conf"
)

const (
	defaultMaxSeries = 1_000
	limitMaxSeries   = 100_000 // beyond it one process fills a small Prometheus by itself: 17 series for each set
	limitBuckets     = 100
)

// ConfigError is one problem of a Config. [New] returns all of them, joined by errors.Join.
type ConfigError = conf.Error

// Config configures a [Middleware]. The zero value is complete: an own registry, the buckets that OpenTelemetry
// advises, at most 1,000 label sets, no sizes, no exemplars, no native histograms.
type Config struct {
	// Registry takes the metrics. nil makes an own one, with the Go runtime, process and build info collectors of
	// client_golang. A given registry gets the metrics of this package only. One that has metrics of these names
	// already is an error of New. The global registry is prometheus.DefaultRegisterer.(*prometheus.Registry).
	Registry *prometheus.Registry

	// Buckets are the upper bounds of http_request_duration_seconds, in seconds, ascending, without +Inf, at most 100.
	// Empty: 0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10. A latency objective needs a bound at
	// exactly its limit. Each bucket is a series of each (method, route, class).
	Buckets []float64

	// MaxSeries is how many label sets (method, route, code) may come to be; 0 means 1,000, the most is 100,000. A
	// request beyond it is counted under method="_OTHER", route="overflow", code="other", and in
	// http_metrics_label_overflow_total. A counter takes about 0.7 KB of memory, a histogram of 14 buckets 1.5 KB.
	MaxSeries int

	// NativeHistograms records histograms in the native form beside the classic one. A Prometheus that has native
	// histograms enabled then drops the classic series, and every dashboard over _bucket and _count goes empty, unless
	// its scrape config says always_scrape_classic_histograms: true (before 3.0: scrape_classic_histograms).
	NativeHistograms bool

	// Sizes records http_request_size_bytes and http_response_size_bytes: bodies without headers. It costs one more
	// allocation for a request that has a body.
	Sizes bool

	// ConstLabels stand on every metric that this package registers, as in service="shop". A label of the target, given
	// in the scrape config, is mostly the better place.
	ConstLabels map[string]string

	// Skip says which requests are not counted at all: probes, where the health layer does not stand outside, or static
	// files. nil counts everything. It is called for each request.
	Skip func(*http.Request) bool

	// TraceID finds the trace of a request, from the context that the request came in with. Where it returns one, at
	// most once a second for each label set, the trace id becomes the exemplar of the duration. An id of more than 120
	// bytes or of invalid UTF-8 is left out; so is one from a func that panics. nil: no exemplars. Only scrapers that
	// ask for OpenMetrics or protobuf see them.
	TraceID func(context.Context) string

	// Authorize says who may read the page of [Middleware.Handler]; others get 403. nil lets everybody in, which is
	// right for a listener of its own on a private address, and only there.
	Authorize func(*http.Request) bool
}

// clone shares nothing with c that either side could change.
func (c Config) clone() Config {
	c.Buckets = slices.Clone(c.Buckets)
	c.ConstLabels = maps.Clone(c.ConstLabels)
	return c
}

// check adds what is wrong with c to p.
func (c Config) check(p *conf.Problems) {
	checkBuckets(p, c.Buckets)
	switch {
	case c.MaxSeries < 0:
		p.Add("MaxSeries", c.MaxSeries, "a cap is not negative", "write 0 for the default of 1,000")
	case c.MaxSeries > limitMaxSeries:
		p.Add("MaxSeries", c.MaxSeries, "no server has so many routes; it would only hide a label without bounds", "write at most 100000")
	}
	for _, name := range slices.Sorted(maps.Keys(c.ConstLabels)) {
		checkLabel(p, name, c.ConstLabels[name], c.Registry == nil)
	}
}

func checkBuckets(p *conf.Problems, buckets []float64) {
	if len(buckets) > limitBuckets {
		p.Add("Buckets", len(buckets), "more than 100 buckets: each one is a series of each label set", "keep those that an alert or a panel asks for")
		return
	}
	for i, b := range buckets {
		field := fmt.Sprintf("Buckets[%d]", i)
		switch {
		case math.IsNaN(b), b <= 0:
			p.Add(field, b, "a bound is more than 0 seconds", "write seconds, such as 0.25")
		case math.IsInf(b, 1):
			p.Add(field, b, "the last bucket is always there", "leave +Inf out")
		case i > 0 && b <= buckets[i-1]:
			p.Add(field, b, fmt.Sprintf("bounds ascend, and the one before is %v", buckets[i-1]), "sort them and drop doubles")
		}
	}
}

func checkLabel(p *conf.Problems, name, value string, runtime bool) {
	field := fmt.Sprintf("ConstLabels[%q]", conf.Show(name))
	switch {
	case !isLabelName(name):
		p.Add(field, nil, "not a label name", "use letters, digits and _, without __ in front")
	case isOwnLabel(name), runtime && isRuntimeLabel(name):
		p.Add(field, nil, "a label that the metrics have themselves", "choose another name")
	case !utf8.ValidString(value):
		p.Add(field, value, "not UTF-8", "write the value in UTF-8")
	}
}
