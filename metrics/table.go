package metrics

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// patternsPerSet bounds the patterns that lead to sets which exist. ServeMux has one for each route and method; a router
// that makes them up from the request has no end of them.
const patternsPerSet = 4

// maxPattern is how much of a pattern tells routes apart, in bytes.
const maxPattern = 1024

// table finds the metrics of a request by pointer. Looking them up by label values costs a hash over the labels and a
// lock for each metric; a pattern is one string that the mux made once. Reading takes no lock: the map and the lists
// are replaced, never changed.
type table struct {
	families *families
	max      int // label sets

	routes   atomic.Pointer[map[string]*route] // by r.Pattern
	overflow atomic.Pointer[cell]              // once it is there, nothing new is made

	mu      sync.Mutex
	byLabel map[string]*route // patterns that differ in the method are one route
	sets    int
}

// route holds what has the one label route.
type route struct {
	label        string
	panics       prometheus.Counter
	aborted      prometheus.Counter
	requestSize  prometheus.Observer // nil without Config.Sizes
	responseSize prometheus.Observer // nil without Config.Sizes
	cells        [methods]atomic.Pointer[[]*cell]
}

// cell is one label set (method, route, code).
type cell struct {
	code      int
	route     *route
	requests  prometheus.Counter
	duration  prometheus.Observer // nil for 101: a connection that was taken over has no end
	exemplars atomic.Int64        // when the last one was taken, in nanoseconds since New
}

func newTable(f *families, max int) *table {
	t := &table{families: f, max: max, byLabel: map[string]*route{}}
	t.routes.Store(&map[string]*route{})
	return t
}

// find returns the cell of a label set, or the one for all that is too much.
func (t *table) find(pattern string, method int, methodName string, code int) *cell {
	code = boundCode(code)
	if len(pattern) > maxPattern {
		pattern = pattern[:maxPattern]
	}
	if c := (*t.routes.Load())[pattern].cell(method, code); c != nil {
		return c
	}
	if c := t.overflow.Load(); c != nil {
		return c
	}
	return t.add(pattern, method, methodName, code)
}

// cell looks through the few codes that a method of a route has.
func (r *route) cell(method, code int) *cell {
	if r == nil {
		return nil
	}
	if list := r.cells[method].Load(); list != nil {
		for _, c := range *list {
			if c.code == code {
				return c
			}
		}
	}
	return nil
}

// add makes what find did not find, or folds it. It runs once for each label set and pattern, under the lock; whoever
// waited for it looks again first.
func (t *table) add(pattern string, method int, methodName string, code int) *cell {
	t.mu.Lock()
	defer t.mu.Unlock()
	routes := *t.routes.Load()
	r, known := routes[pattern]
	if !known {
		if len(routes) >= patternsPerSet*t.max {
			return t.fold()
		}
		r = t.byLabel[routeLabel(pattern)]
	}
	c := r.cell(method, code)
	if c == nil {
		if t.sets >= t.max {
			return t.fold()
		}
		if r == nil {
			r = t.newRoute(routeLabel(pattern))
			t.byLabel[r.label] = r
		}
		label, class := codeLabels(code)
		c = t.newCell(r, methodName, code, label, class)
		list := []*cell{c}
		if old := r.cells[method].Load(); old != nil {
			list = append(list, *old...)
		}
		r.cells[method].Store(&list) // readers have the old list or the new one
		t.sets++
	}
	if !known {
		routes = maps.Clone(routes)
		routes[strings.Clone(pattern)] = r // it may be a piece of something large
		t.routes.Store(&routes)
	}
	return c
}

// fold returns the one cell beyond the cap, and closes the table: from here on a miss takes no lock. It keeps neither
// method nor code, because those would be sets again, and a client chooses the method.
func (t *table) fold() *cell {
	c := t.overflow.Load()
	if c == nil {
		c = t.newCell(t.newRoute(overflow), otherMethod, 0, otherCode, otherCode)
		t.overflow.Store(c)
	}
	return c
}

// newRoute makes the counters of a route at once, at 0: increase() does not see the step from nothing to 1.
func (t *table) newRoute(label string) *route {
	r := &route{
		label:   label,
		panics:  t.families.panics.WithLabelValues(label),
		aborted: t.families.aborted.WithLabelValues(label),
	}
	if t.families.requestSize != nil {
		r.requestSize = t.families.requestSize.WithLabelValues(label)
		r.responseSize = t.families.responseSize.WithLabelValues(label)
	}
	return r
}

// newCell resolves the children of a label set. Neither may panic: the labels are as many as the family has, and UTF-8.
func (t *table) newCell(r *route, method string, code int, label, class string) *cell {
	c := &cell{code: code, route: r, requests: t.families.requests.WithLabelValues(method, r.label, label)}
	if code != http.StatusSwitchingProtocols {
		c.duration = t.families.duration.WithLabelValues(method, r.label, class)
	}
	c.exemplars.Store(-int64(time.Second))
	return c
}
