// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package adjin

import (
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Route is a route as the peer sent it.
type Route struct {
	Family wire.Family
	NLRI   wire.NLRI
	// PathID is the path identifier of RFC 7911, if HasPathID is set.
	PathID    uint32
	HasPathID bool
	// Attributes may be shared with other routes and must not be modified. Their NextHop is not set. A long-lived stale route
	// has the community LLGR_STALE (RFC 9494 §4.2), even if the peer did not send it.
	Attributes *wire.Attributes
	NextHop    netip.Addr
	// LinkLocal is valid where the next hop had a link-local address beside the global one (RFC 2545 §3).
	LinkLocal netip.Addr
	// Stale: the peer has not sent the route again since it lost the session or began a refresh (RFC 4724, RFC 7313).
	Stale bool
	// Leaked: the route is ineligible, since by ONLY_TO_CUSTOMER it must not come from this peer (RFC 9234 §5).
	Leaked bool
}

// chunk is how many routes are read under the mutex at once, so that a slow reader does not hold up the session.
const chunk = 256

// Routes calls yield for each route, in order of family, prefix and path identifier, until it returns false. Routes that
// come or go meanwhile may be missing. yield may block without holding up the session.
func (t *Table) Routes(yield func(Route) bool) {
	for _, f := range t.families {
		if !f.each(yield) {
			return
		}
	}
}

// each yields the routes of the family and reports whether all of them were wanted.
func (f *family[K]) each(yield func(Route) bool) bool {
	decoded := decoder{}
	for part := range slices.Chunk(f.keys(), chunk) {
		for _, found := range f.lookUp(part) {
			route := decoded.route(found.set, found.longLived)
			path := found.key.path()
			route.Family, route.NLRI.Prefix, route.PathID = f.family, path.Prefix, path.ID
			route.HasPathID, route.Stale = found.pathIDs, found.stale
			if !yield(route) {
				return false
			}
		}
	}
	return true
}

// keys are the keys of all routes, in order.
func (f *family[K]) keys() []K {
	f.table.mu.Lock()
	keys := make([]K, 0, len(f.kept))
	for k := range f.kept {
		keys = append(keys, k)
	}
	f.table.mu.Unlock()
	slices.SortFunc(keys, K.compare)
	return keys
}

// found is a route that must still be decoded.
type found[K any] struct {
	key            K
	set            string
	stale, pathIDs bool
	longLived      bool
}

func (f *family[K]) lookUp(keys []K) []found[K] {
	f.table.mu.Lock()
	defer f.table.mu.Unlock()
	list := make([]found[K], 0, len(keys))
	for _, k := range keys {
		if e, known := f.kept[k]; known {
			stale := e.generation != f.generation
			list = append(list, found[K]{
				key: k, set: f.table.sets.octets(e.set), stale: stale, pathIDs: f.pathIDs, longLived: f.longLived && e.generation < f.session,
			})
		}
	}
	return list
}

// decoder decodes an attribute set once for the routes in a row that share it.
type decoder struct {
	set       string
	longLived bool
	last      Route
}

func (d *decoder) route(set string, longLived bool) Route {
	if d.set != set || d.longLived != longLived {
		d.set, d.longLived, d.last = set, longLived, Route{}
		decodeSet(set, &d.last)
		if a := d.last.Attributes; longLived && !slices.Contains(a.Communities, wire.CommunityLLGRStale) {
			// RFC 9494 §4.2: it MUST be attached to stale routes that are retained beyond the restart time.
			a.Communities = append(a.Communities, wire.CommunityLLGRStale)
		}
	}
	return d.last
}
