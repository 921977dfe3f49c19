// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"slices"
)

// pass tells a session from the table: everything (a walk), or what changed since it was last told (a scan). Changes that
// come while it goes on are the next scan's.
type pass[K comparable] struct {
	c     *cursor[K]
	began uint64
	over  bool
	plan  plan // of a scan

	// A walk goes over the entries once for each range of attribute sets whose NLRI fit the buffer.
	walking bool
	sets    []walkSet
	next    int  // the first set that is not collected yet
	resume  slot // where the collection goes on, for a set that alone exceeds the buffer
	buckets []bucket
	bucket  int // the first that is not packed whole

	// A scan looks at the entries that changed after since.
	since uint64
}

// walkSet is an attribute set with the number of octets that its NLRI may have at most.
type walkSet struct {
	set  *attributeSet
	rank int
	size int
}

// bucket is the NLRI of one attribute set.
type bucket struct {
	set  *attributeSet
	nlri []byte
}

// begin starts what a session needs that does not read the log: a walk at first, then scans.
func (f *family[K]) begin(c *cursor[K]) *pass[K] {
	if c.done == 0 {
		return f.walk(c)
	}
	return &pass[K]{c: c, began: f.table.seq, since: c.done}
}

// walk starts a walk over all that the session is to be sent.
func (f *family[K]) walk(c *cursor[K]) *pass[K] {
	p := &pass[K]{c: c, began: f.table.seq, walking: true}
	places := map[*attributeSet]int{}
	v := c.view
	for _, s := range f.table.sources {
		if s == nil || f.live(s) == 0 || !v.members.has(s.number) {
			continue
		}
		set := v.offer(s).set
		if set == nil {
			continue
		}
		i, ok := places[set]
		if !ok {
			i = len(p.sets)
			places[set] = i
			p.sets = append(p.sets, walkSet{set: set, rank: s.rank})
		}
		p.sets[i].rank = min(p.sets[i].rank, s.rank)
		p.sets[i].size += f.live(s) * f.ops.maxNLRI
	}
	slices.SortFunc(p.sets, func(a, b walkSet) int { return cmp.Compare(a.rank, b.rank) })
	return p
}

// fill appends messages until b is end octets long or the pass is over.
func (p *pass[K]) fill(b []byte, end int) []byte {
	if p.walking {
		return p.fillWalk(b, end)
	}
	f := p.c.family
	for len(b) < end && !p.over {
		if !p.plan.empty() {
			b = f.appendMessage(b, &p.plan, p.c.view.key.maxLen, p.c.self, nil)
			continue
		}
		marks := p.scan()
		if len(marks) == 0 {
			p.over = true
			break
		}
		choose := func(head slot) (*attributeSet, int) { return f.choose(p.c.view, head) }
		p.plan = f.plan(marks, choose, true)
	}
	return b
}

// anything stands for whatever a session may hold.
var anything = &attributeSet{}

// scan collects the next prefixes that changed.
func (p *pass[K]) scan() []mark {
	f := p.c.family
	if p.resume == 0 {
		if recent, ok := f.recent(p.since); ok {
			p.resume = f.store.used
			var marks []mark
			for _, i := range recent {
				marks = p.collect(marks, i)
			}
			return marks
		}
	}
	var marks []mark
	for p.resume < f.store.used && len(marks) < f.table.limits.Scan {
		marks = p.collect(marks, p.resume)
		p.resume++
	}
	return marks
}

func (p *pass[K]) collect(marks []mark, i slot) []mark {
	f := p.c.family
	e := f.store.at(i)
	if e.seq <= p.since {
		return marks
	}
	m := mark{at: i}
	for j := f.store.head(e.key); j != noSlot; j = f.store.at(j).next {
		if p.c.mayHold.has(f.store.at(j).number()) {
			m.held = anything
		}
	}
	return append(marks, m)
}

func (p *pass[K]) fillWalk(b []byte, end int) []byte {
	f := p.c.family
	for len(b) < end {
		if p.bucket == len(p.buckets) {
			if p.next == len(p.sets) {
				p.over = true
				return b
			}
			p.gather()
			continue
		}
		k := &p.buckets[p.bucket]
		n := wholeNLRI(k.nlri, k.set.room)
		if n > 0 {
			f.nlri = append(f.nlri[:0], k.nlri[:n]...)
			b = f.appendReach(b, k.set, p.c.self, nil)
			k.nlri = k.nlri[n:]
		}
		if len(k.nlri) == 0 {
			k.nlri = nil
			p.bucket++
		}
	}
	return b
}

// wholeNLRI is how many octets of the prefixes at the start of nlri fit into room.
func wholeNLRI(nlri []byte, room int) int {
	if len(nlri) <= room {
		return len(nlri)
	}
	n := 0
	for {
		next := n + 1 + (int(nlri[n])+7)/8
		if next > room {
			return n
		}
		n = next
	}
}

// gather fills the buckets of the next sets in one pass over the entries.
func (p *pass[K]) gather() {
	f, v := p.c.family, p.c.view
	first, size := p.next, 0
	for p.next < len(p.sets) && (p.next == first || size+p.sets[p.next].size <= f.table.limits.Walk) {
		size += p.sets[p.next].size
		p.next++
	}
	buffer := make([]byte, 0, min(size, max(f.table.limits.Walk, f.ops.maxNLRI)))
	p.buckets = p.buckets[:0]
	p.bucket = 0
	at := make(map[*attributeSet]int, p.next-first)
	offset := 0
	for _, w := range p.sets[first:p.next] {
		at[w.set] = len(p.buckets)
		limit := min(offset+w.size, cap(buffer))
		p.buckets = append(p.buckets, bucket{set: w.set, nlri: buffer[offset:offset:limit]})
		offset = limit
	}
	// By the number of the source, so that the pass itself looks nothing up.
	places := make([]int32, len(f.table.sources))
	for n, s := range f.table.sources {
		places[n] = -1
		if s == nil || f.live(s) == 0 || !v.members.has(s.number) {
			continue
		}
		if set := v.offer(s).set; set != nil {
			if i, ok := at[set]; ok {
				places[n] = int32(i)
			}
		}
	}
	p.collectWalk(places, p.next-first == 1)
	if p.resume < f.store.used && p.resume > 0 {
		p.next = first // the one set goes on
	} else {
		p.resume = 0
	}
}

// collectWalk puts the prefixes of the sources that have a place into its bucket. A single set that exceeds the buffer
// stops where that is full.
func (p *pass[K]) collectWalk(places []int32, single bool) {
	f, v := p.c.family, p.c.view
	appendNLRI := f.ops.appendNLRI
	for i := p.resume; i < f.store.used; {
		chunk := f.store.chunks[i>>chunkBits]
		end := min(slot(len(chunk)), f.store.used-(i&^(chunkLen-1)))
		for j := i & (chunkLen - 1); j < end; j++ {
			e := &chunk[j]
			if e.dead() || e.seq > p.began {
				continue
			}
			place := places[e.number()]
			if place < 0 {
				continue
			}
			here := i&^(chunkLen-1) + j
			if e.announcement&shared != 0 {
				if set, s := f.winner(v.profile, v.members, f.store.head(e.key)); s == nil || s.number != e.number() || set != p.buckets[place].set {
					continue
				}
			}
			k := &p.buckets[place]
			if k.set.room < f.ops.maxNLRI && !f.fits(k.set, e.key) {
				continue
			}
			if len(k.nlri)+f.ops.maxNLRI > cap(k.nlri) {
				if single {
					p.resume = here
					return
				}
				continue // cannot be: the bucket holds all that there were
			}
			k.nlri = appendNLRI(k.nlri, e.key)
		}
		i = i&^(chunkLen-1) + chunkLen
	}
	p.resume = f.store.used
}
