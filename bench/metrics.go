package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	slokprom "github.com/slok/go-http-metrics/metrics/prometheus"
	slok "github.com/slok/go-http-metrics/middleware"
	slokstd "github.com/slok/go-http-metrics/middleware/std"

	"github.com/gambeson-go/gambeson/metrics"
)

// five is what promhttp offers, one instrument in another.
func five(next http.Handler) http.Handler {
	labels := []string{"code", "method"}
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total"}, labels)
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "duration_seconds"}, labels)
	in := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "request_bytes"}, labels)
	out := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "response_bytes"}, labels)
	inFlight := prometheus.NewGauge(prometheus.GaugeOpts{Name: "in_flight"})
	return promhttp.InstrumentHandlerInFlight(inFlight, promhttp.InstrumentHandlerDuration(duration,
		promhttp.InstrumentHandlerCounter(requests, promhttp.InstrumentHandlerRequestSize(in, promhttp.InstrumentHandlerResponseSize(out, next)))))
}

func metricsTasks() []task {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /path", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	r := request("GET")
	peer := slok.New(slok.Config{Recorder: slokprom.NewRecorder(slokprom.Config{Registry: prometheus.NewRegistry()})})
	return []task{{"metrics, over a mux", 3, []side{ // one of the three is the mux's own
		serve("gambeson, with sizes", must(metrics.New(metrics.Config{Sizes: true})).Wrap(mux), r, 0),
		serve("promhttp, five instruments", five(mux), r, 0.25),
		serve("slok", slokstd.Handler("/path", peer, mux), r, 1),
		serve("the mux alone", mux, r, 0),
	}, 0}}
}
