// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// work shows whether a goroutine makes progress. A stretch of work lies between two waits, for the wire, a timer or news, and must
// end soon. One goroutine begins and ends the stretches; any goroutine may look.
type work struct {
	depth     int           // greater than 1 within a part of a stretch
	stretches atomic.Uint64 // odd within one
}

func (w *work) begin() {
	if w.depth++; w.depth == 1 {
		w.stretches.Add(1)
	}
}

func (w *work) end() {
	if w.depth--; w.depth == 0 {
		w.stretches.Add(1)
	}
}

// Stretch shows whether a goroutine of the caller's makes progress: see Speaker.Watched.
type Stretch struct {
	work *work
	of   *progress
}

// Watched has Watch look at a goroutine of the caller's too, known as what. Between two waits it calls Begin and then End, and it
// calls Close in the end.
func (s *Speaker) Watched(what string) *Stretch {
	return &Stretch{s.progress.add(what), s.progress}
}

// Begin is called when the goroutine has something to do, which must end soon.
func (s *Stretch) Begin() { s.work.begin() }

// End is called before the goroutine waits again.
func (s *Stretch) End() { s.work.end() }

// Close ends the watch.
func (s *Stretch) Close() { s.of.remove(s.work) }

// progress holds the works of a speaker with their names.
type progress struct {
	mu    sync.Mutex // a leaf
	works map[*work]string
}

func (p *progress) add(what string) *work {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.works == nil {
		p.works = map[*work]string{}
	}
	w := &work{}
	p.works[w] = what
	return w
}

func (p *progress) remove(w *work) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.works, w)
}

// watchTicks is how many looks in a row at the same stretch make it one that does not end. They are counted instead of the
// time, which passes while a machine is suspended too.
const watchTicks = 12

// look counts the looks at each stretch, and returns the name of a work without progress, "" if there is none.
func (p *progress) look(seen map[*work]looks) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w, what := range p.works {
		stretch := w.stretches.Load()
		if last := seen[w]; stretch%2 == 0 || last.stretch != stretch {
			seen[w] = looks{stretch: stretch}
			continue
		}
		seen[w] = looks{stretch, seen[w].count + 1}
		if seen[w].count >= watchTicks {
			return what
		}
	}
	for w := range seen {
		if _, there := p.works[w]; !there {
			delete(seen, w)
		}
	}
	return ""
}

// looks are how often a stretch was looked at after the first time.
type looks struct {
	stretch uint64
	count   int
}

// Watch returns an error as soon as a peer, the table or a goroutine that is Watched has made no progress for limit, and nil when ctx ends. The cause is a defect,
// or a log that nobody reads, and only the end of the process helps: some goroutines can no longer be waited for.
func (s *Speaker) Watch(ctx context.Context, limit time.Duration) error {
	ticker := time.NewTicker(limit / watchTicks)
	defer ticker.Stop()
	table := s.progress.add("the table")
	asked := make(chan struct{}, 1)
	defer close(asked)
	go s.answer(table, asked)
	seen := map[*work]looks{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		select {
		case asked <- struct{}{}:
		default: // it has not answered yet
		}
		if what := s.progress.look(seen); what != "" {
			return fmt.Errorf("%s made no progress for %v", what, limit)
		}
	}
}

// answer takes, each time that it is asked, the locks that every goroutine needs: those of the table and of the published state.
func (s *Speaker) answer(table *work, asked <-chan struct{}) {
	defer s.progress.remove(table)
	for range asked {
		table.begin()
		s.table.Updates()
		s.store.record(SessionID{})
		table.end()
	}
}
