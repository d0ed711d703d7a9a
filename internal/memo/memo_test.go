package memo

import (
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestMemo(t *testing.T) {
	m := New()
	clean, hash := m.Knows("GET /")
	if clean || hash == 0 {
		t.Fatalf("%v, %d of an empty memo", clean, hash)
	}
	m.Note(hash)
	if clean, _ := m.Knows("GET /"); !clean {
		t.Error("forgotten at once")
	}
	if clean, _ := m.Knows("GET /x"); clean {
		t.Error("another text is known")
	}
	if clean, other := New().Knows("GET /"); clean || other == hash {
		t.Error("two memos have the same seed")
	}
	if clean, hash := m.Knows(strings.Repeat("x", longest+1)); clean || hash != 0 {
		t.Errorf("%v, %d of a long text", clean, hash)
	}
	empty := New()
	empty.Note(0)
	if got := empty.clean[0].Load(); got != 0 {
		t.Errorf("slot 0 has %d", got)
	}
}

// TestFlood: texts that never come again push others out, and cost nothing more.
func TestFlood(t *testing.T) {
	m := New()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 10_000 {
				_, hash := m.Knows(strconv.Itoa(i*4 + g))
				m.Note(hash)
			}
		})
	}
	wg.Wait()
	_, hash := m.Knows("again")
	m.Note(hash)
	if clean, _ := m.Knows("again"); !clean {
		t.Error("a full memo takes nothing down")
	}
	if n := testing.AllocsPerRun(100, func() { _, h := m.Knows("again"); m.Note(h) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
