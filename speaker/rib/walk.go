// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"slices"

	"github.com/herald-bgp/herald/speaker/rib/encode"
	"github.com/herald-bgp/herald/speaker/rib/internal/store"
)

// walk tells a session all its routes. It goes over the entries once for each range of attribute sets whose NLRI fit a
// buffer, so that messages are full whatever the order of the entries. What changed since it began it leaves to a scan.
type walk[A comparable] struct {
	cursor *cursor[A]
	began  uint64
	over   bool
	// missed: not all changes since the walk began are known, so only withdrawals go ahead of it.
	missed bool
	// told are the entries whose routes the scan before the walk has sent.
	told members

	sets    []walkSet
	places  []int32    // of the sets in the list, by their numbers, from 1
	next    int        // the first set that is not collected yet
	resume  store.Slot // where the collection goes on, for a set that alone exceeds the buffer
	buckets []bucket
	bucket  int // the first that is not packed whole
	// gathered is the change at which the buckets were filled. Where changes came since then, the prefixes in the buckets are
	// checked again.
	gathered uint64
}

// walkSet is an attribute set with the number of octets that its NLRI may have at most.
type walkSet struct {
	set   *encode.Set
	first *source // the first source that has it
	size  int
}

// bucket is the NLRI of one attribute set.
type bucket struct {
	set  *encode.Set
	nlri []byte
}

// walk starts a walk over all that the session is to be sent, as of a change; selfAlone leaves out what names another next hop
// than next hop self.
func (f *family[A]) walk(c *cursor[A], began uint64, selfAlone bool) *walk[A] {
	v := c.view
	w := &walk[A]{
		cursor: c, began: began, sets: make([]walkSet, 0, v.encoder.Sets()), places: make([]int32, v.encoder.Numbers()),
	}
	f.eachSource(v.members, func(s *source) {
		set, _ := v.offer(s)
		if set == nil || selfAlone && !set.Self {
			return
		}
		place := w.place(set)
		if place < 0 {
			place = len(w.sets)
			w.sets = append(w.sets, walkSet{set: set, first: s})
			if more := v.encoder.Numbers() - len(w.places); more > 0 { // the set is new
				w.places = append(w.places, make([]int32, more)...)
			}
			w.places[set.Number] = int32(len(w.sets))
		}
		k := &w.sets[place]
		if s != k.first && s.before(k.first) {
			k.first = s
		}
		k.size += f.live(s) * v.maxNLRI
	})
	slices.SortFunc(w.sets, func(a, b walkSet) int { return a.first.Announcement.Compare(b.first.Announcement) })
	for i, s := range w.sets {
		w.places[s.set.Number] = int32(i) + 1
	}
	return w
}

// place is the place of a set in the list, -1 where it has none. Another set may have the number of one in the list by now.
func (w *walk[A]) place(set *encode.Set) int {
	if int(set.Number) < len(w.places) {
		if place := int(w.places[set.Number]) - 1; place >= 0 && w.sets[place].set == set {
			return place
		}
	}
	return -1
}

// fill appends messages until b is full or the walk is over.
func (w *walk[A]) fill(b *batch) {
	for !w.over && !b.full() {
		if w.bucket < len(w.buckets) {
			w.pack(b)
		} else if w.next < len(w.sets) {
			w.gather()
		}
		w.over = w.bucket == len(w.buckets) && w.next == len(w.sets)
	}
}

// pack appends one message of the current bucket, or nothing where none of its prefixes is to be sent any more.
func (w *walk[A]) pack(b *batch) {
	f, v := w.cursor.family, w.cursor.view
	k := &w.buckets[w.bucket]
	if f.table.seq == w.gathered {
		n := f.ops.Whole(k.nlri, k.set.Room, v.pathLen)
		f.nlri = append(f.nlri[:0], k.nlri[:n]...)
		k.nlri = k.nlri[n:]
	} else {
		w.recheck(k)
	}
	if len(f.nlri) > 0 {
		b.add(k.set.AppendReach(b.bytes, f.ops.Family, f.nlri, w.cursor.self, nil))
	}
	if len(k.nlri) == 0 {
		k.nlri = nil
		w.bucket++
	}
}

// recheck puts a message full of prefixes into f.nlri, without those that changed since they were collected.
func (w *walk[A]) recheck(k *bucket) {
	f, v := w.cursor.family, w.cursor.view
	f.nlri = f.nlri[:0]
	for len(k.nlri) > 0 {
		n := f.ops.SizeOf(k.nlri, v.pathLen)
		if len(f.nlri)+n > k.set.Room {
			return
		}
		one := k.nlri[:n]
		k.nlri = k.nlri[n:]
		key := f.ops.Parse(one[v.pathLen:])
		head := f.store.Head(key)
		if head == store.NoSlot {
			continue
		}
		if set, s := f.winner(v.profile, v.members, head, pathIn(one, v.pathLen)); s != nil && set == k.set {
			f.nlri = append(f.nlri, one...)
		}
	}
}

// gather fills the buckets of the next sets in one pass over the entries.
func (w *walk[A]) gather() {
	f := w.cursor.family
	first, size, limit := w.next, 0, max(f.table.limits.Walk, w.cursor.view.maxNLRI)
	for w.next < len(w.sets) && (w.next == first || size+w.sets[w.next].size <= limit) {
		size += w.sets[w.next].size
		w.next++
	}
	buffer := make([]byte, 0, min(size, limit))
	w.buckets, w.bucket, w.gathered = w.buckets[:0], 0, f.table.seq
	offset := 0
	w.buckets = slices.Grow(w.buckets, w.next-first)
	for _, s := range w.sets[first:w.next] {
		end := min(offset+s.size, cap(buffer))
		w.buckets = append(w.buckets, bucket{set: s.set, nlri: buffer[offset:offset:end]})
		offset = end
	}
	w.collect(w.bucketsOf(first), w.next-first == 1)
	if w.resume > 0 && w.resume < f.store.End() {
		w.next = first // the one set goes on
	} else {
		w.resume = 0
	}
}

// bucketsOf returns the buckets, which are of the sets from the first to the next, by the number of the source, so that the pass
// itself looks nothing up.
func (w *walk[A]) bucketsOf(first int) []int32 {
	f, v := w.cursor.family, w.cursor.view
	buckets := make([]int32, len(f.table.sources))
	for n := range buckets {
		buckets[n] = -1
	}
	f.eachSource(v.members, func(s *source) {
		if set, _ := v.offer(s); set != nil {
			if place := w.place(set); first <= place && place < w.next {
				buckets[s.number] = int32(place - first)
			}
		}
	})
	return buckets
}

// collect puts the prefixes of the sources that have a bucket into it. A single set that exceeds the buffer stops
// where that is full.
func (w *walk[A]) collect(buckets []int32, single bool) {
	f, v := w.cursor.family, w.cursor.view
	// What is being filled is kept at hand: neighbours often have one set.
	k, last := &bucket{}, int32(-1)
	nlri, tight := k.nlri, false
	for i := w.resume; i < f.store.End(); {
		entries, base, end := f.store.Chunk(i)
		for j := int(i - base); j < len(entries); j++ {
			e := &entries[j]
			if e.Dead() || e.Seq > w.began {
				continue
			}
			bucket := buckets[e.Number()]
			if bucket < 0 {
				continue
			}
			if bucket != last {
				k.nlri = nlri
				k, last = &w.buckets[bucket], bucket
				nlri, tight = k.nlri, k.set.Room < v.maxNLRI || w.told != nil
			}
			if (tight || e.Shared()) && !w.wins(base+store.Slot(j), k.set) {
				continue
			}
			if len(nlri)+v.maxNLRI > cap(nlri) {
				if single {
					w.resume, k.nlri = base+store.Slot(j), nlri
					return
				}
				continue // cannot be: the bucket holds all that there were
			}
			if v.pathLen > 0 {
				nlri = appendPathID(nlri, f.table.sources[e.Number()].PathID)
			}
			nlri = f.ops.AppendNLRI(nlri, e.Key())
		}
		i = end
	}
	w.resume, k.nlri = f.store.End(), nlri
}

// wins reports whether the route of an entry is the one that is sent, with this set, and was not sent already.
func (w *walk[A]) wins(i store.Slot, set *encode.Set) bool {
	f, v := w.cursor.family, w.cursor.view
	if w.told.has(uint32(i)) {
		return false
	}
	e := f.store.At(i)
	source := f.table.sources[e.Number()]
	best, s := f.winner(v.profile, v.members, f.store.Head(e.Key()), v.path(source))
	return s == source && best == set
}
