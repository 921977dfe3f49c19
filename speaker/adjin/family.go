// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package adjin

import (
	"cmp"
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// key identifies a route of one family: its prefix and path identifier (RFC 7911 §3).
type key[K any] interface {
	comparable
	path() wire.Path
	compare(K) int
}

type key4 struct {
	addr [4]byte
	id   uint32
	bits uint8
}

func newKey4(p wire.Path) key4 {
	return key4{addr: p.Prefix.Addr().As4(), id: p.ID, bits: uint8(p.Prefix.Bits())}
}

func (k key4) path() wire.Path {
	return wire.Path{ID: k.id, Prefix: netip.PrefixFrom(netip.AddrFrom4(k.addr), int(k.bits))}
}

func (k key4) compare(other key4) int {
	return cmp.Or(netip.AddrFrom4(k.addr).Compare(netip.AddrFrom4(other.addr)), cmp.Compare(k.bits, other.bits), cmp.Compare(k.id, other.id))
}

type key6 struct {
	addr [16]byte
	id   uint32
	bits uint8
}

func newKey6(p wire.Path) key6 {
	return key6{addr: p.Prefix.Addr().As16(), id: p.ID, bits: uint8(p.Prefix.Bits())}
}

func (k key6) path() wire.Path {
	return wire.Path{ID: k.id, Prefix: netip.PrefixFrom(netip.AddrFrom16(k.addr), int(k.bits))}
}

func (k key6) compare(other key6) int {
	return cmp.Or(netip.AddrFrom16(k.addr).Compare(netip.AddrFrom16(other.addr)), cmp.Compare(k.bits, other.bits), cmp.Compare(k.id, other.id))
}

// entry is a kept route without its key.
type entry struct {
	set        uint32 // its attributes
	generation uint32 // when the route was sent: a route of an older generation than the family's is stale
}

// family holds the routes of one address family. It is guarded by its table's mutex.
type family[K key[K]] struct {
	table  *Table
	family wire.Family
	newKey func(wire.Path) K
	kept   map[K]entry
	// dropped are the routes over the limit that the peer has announced and not withdrawn, with the generation of the
	// announcement. They are as many as may be kept; uncounted is the generation in which there were more, 0 for none.
	dropped    map[K]uint32
	uncounted  uint32
	generation uint32 // the generation of routes that are sent now
	session    uint32 // the first generation of this session: routes of older ones are stale since a former session was lost
	stale      int    // kept of older generations than generation
	leaked     int    // kept and ineligible
	refreshing bool   // between BoRR and EoRR
	longLived  bool   // the routes of former sessions are long-lived stale (RFC 9494 §4.2)
	pathIDs    bool   // the peer sends path identifiers
}

// routes is a family with any type of key.
type routes interface {
	announce(wire.Path, uint32) bool
	drop(wire.Path)
	withdraw(wire.Path)
	begin(pathIDs bool)
	end()
	resent()
	restart(generation uint32)
	longLive(before uint32)
	beginRefresh()
	endRefresh()
	purge(before uint32)
	purgeFormer()
	purgeAll()
	clear()
	evict()
	count() Count
	excess() bool
	each(yield func(Route) bool) bool
}

// announce takes a route with its attribute set. It returns false if there is no room for another route.
func (f *family[K]) announce(path wire.Path, set uint32) bool {
	t, k := f.table, f.newKey(path)
	old, known := f.kept[k]
	switch {
	case known:
		f.release(old)
	case t.total >= t.policy.MaxPrefixes:
		return false
	default:
		t.total++
		delete(f.dropped, k)
		if f.kept == nil {
			f.kept = map[K]entry{}
		}
	}
	t.sets.holdAgain(set)
	if leaked(t.sets.octets(set)) {
		f.leaked++
	}
	f.kept[k] = entry{set: set, generation: f.generation}
	return true
}

// drop notes a route of the peer that is not kept.
func (f *family[K]) drop(path wire.Path) {
	k := f.newKey(path)
	if _, known := f.dropped[k]; !known && f.table.droppedRoutes() >= f.table.policy.MaxPrefixes {
		f.uncounted = f.generation
		return
	}
	if f.dropped == nil {
		f.dropped = map[K]uint32{}
	}
	f.dropped[k] = f.generation
}

func (f *family[K]) withdraw(path wire.Path) {
	k := f.newKey(path)
	delete(f.dropped, k)
	if e, known := f.kept[k]; known {
		f.remove(k, e)
	}
}

// release gives up the references and counts of an entry, before the entry is replaced or removed.
func (f *family[K]) release(e entry) {
	if e.generation != f.generation {
		f.stale--
	}
	if leaked(f.table.sets.octets(e.set)) {
		f.leaked--
	}
	f.table.sets.release(e.set)
}

func (f *family[K]) remove(k K, e entry) {
	f.release(e)
	delete(f.kept, k)
	f.table.total--
	if len(f.kept) == 0 {
		f.kept = nil // give the memory back
	}
}

// begin prepares the family for a session.
func (f *family[K]) begin(pathIDs bool) {
	f.end()
	f.pathIDs = pathIDs
}

// end handles the end of a session: routes over the limit come again in the next session.
func (f *family[K]) end() { f.dropped, f.uncounted, f.refreshing = nil, 0, false }

// resent says that the peer is about to send all routes again.
func (f *family[K]) resent() { f.uncounted = 0 }

// restart makes all kept routes those of a former session: routes that come now are of that generation.
func (f *family[K]) restart(generation uint32) {
	f.outdate(generation)
	f.session, f.longLived = generation, false
}

// outdate makes all kept routes stale.
func (f *family[K]) outdate(generation uint32) { f.generation, f.stale = generation, len(f.kept) }

// longLive makes the stale routes of generations before that one long-lived stale.
func (f *family[K]) longLive(before uint32) {
	f.longLived = true
	for k, e := range f.kept {
		if f.outdated(e.generation, before) && noLLGR(f.table.sets.octets(e.set)) {
			f.remove(k, e)
		}
	}
}

// beginRefresh begins a refresh, or begins it anew.
func (f *family[K]) beginRefresh() {
	f.outdate(f.table.nextGeneration())
	f.refreshing = true
}

// endRefresh ends a refresh that began.
func (f *family[K]) endRefresh() {
	if f.refreshing {
		f.refreshing = false
		f.purgeAll()
	}
}

// purgeFormer removes the routes of former sessions. Those that a refresh made stale stay.
func (f *family[K]) purgeFormer() { f.purge(f.session) }

// purgeAll removes all stale routes.
func (f *family[K]) purgeAll() { f.purge(f.generation) }

// purge removes the stale routes of generations before that one, and forgets the dropped routes of those generations.
func (f *family[K]) purge(before uint32) {
	if f.stale > 0 {
		for k, e := range f.kept {
			if f.outdated(e.generation, before) {
				f.remove(k, e)
			}
		}
	}
	for k, generation := range f.dropped {
		if f.outdated(generation, before) {
			delete(f.dropped, k)
		}
	}
	if f.outdated(f.uncounted, before) {
		f.uncounted = 0
	}
}

// outdated reports whether routes of a generation are stale, and older than that one.
func (f *family[K]) outdated(generation, before uint32) bool {
	return generation < before && generation != f.generation
}

// clear removes everything.
func (f *family[K]) clear() {
	for k, e := range f.kept {
		f.remove(k, e)
	}
	f.end()
}

// evict drops some of the kept routes, as long as the table is over its limit.
func (f *family[K]) evict() {
	for k, e := range f.kept {
		if !f.table.over() {
			return
		}
		f.remove(k, e)
		f.drop(k.path())
	}
}

func (f *family[K]) count() Count {
	return Count{Family: f.family, Routes: len(f.kept), Stale: f.stale, Leaked: f.leaked, Dropped: len(f.dropped)}
}

// excess reports whether the peer has routes that are not kept.
func (f *family[K]) excess() bool { return len(f.dropped) > 0 || f.uncounted != 0 }
