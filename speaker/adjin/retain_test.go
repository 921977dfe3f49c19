// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package adjin_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/wire"
)

func withRoutes(t *testing.T) *table {
	tab := newTable(t, keep)
	tab.take(reach(wire.IPv4Unicast, path(1), "198.51.100.0/24", "203.0.113.0/24"))
	tab.take(reach(wire.IPv6Unicast, path(1), "2001:db8:1::/48", "2001:db8:2::/48"))
	return tab
}

// RFC 4724 §4.2: routes are kept as stale until they come again, or the End-of-RIB without them.
func TestRestart(t *testing.T) {
	tab := withRoutes(t)
	tab.Retain(both, nil)
	tab.want("198.51.100.0/24 1 stale", "203.0.113.0/24 1 stale", "2001:db8:1::/48 1 stale", "2001:db8:2::/48 1 stale")
	tab.Begin(tab.session)
	tab.Keep(both)
	tab.take(reach(wire.IPv4Unicast, path(2), "198.51.100.0/24"))
	tab.want("198.51.100.0/24 2", "203.0.113.0/24 1 stale", "2001:db8:1::/48 1 stale", "2001:db8:2::/48 1 stale")
	if got := tab.count(wire.IPv4Unicast); got.Stale != 1 {
		t.Errorf("%+v", got)
	}
	tab.Purge(wire.IPv4Unicast)
	tab.want("198.51.100.0/24 2", "2001:db8:1::/48 1 stale", "2001:db8:2::/48 1 stale")
	tab.take(unreach(wire.IPv6Unicast, "2001:db8:1::/48"))
	tab.Purge(wire.IPv6Unicast)
	tab.want("198.51.100.0/24 2")
}

func TestRestartInPart(t *testing.T) {
	tab := withRoutes(t)
	tab.Retain(both[:1], nil)
	tab.want("198.51.100.0/24 1 stale", "203.0.113.0/24 1 stale")
	tab.Begin(tab.session)
	tab.Keep(nil)
	tab.want()
}

// RFC 4724 §4.2: routes that were stale already when the session was lost again are removed.
func TestRestartTwice(t *testing.T) {
	tab := withRoutes(t)
	first := tab.Retain(both, nil)
	tab.Begin(tab.session)
	tab.take(reach(wire.IPv4Unicast, path(2), "198.51.100.0/24"))
	second := tab.Retain(both, nil)
	tab.want("198.51.100.0/24 2 stale")
	for _, f := range both {
		tab.Expire(f, first) // a timer that came too late
	}
	tab.want("198.51.100.0/24 2 stale")
	tab.Expire(wire.IPv4Unicast, second)
	tab.want()
}

func TestRestartTimeIsOver(t *testing.T) {
	tab := withRoutes(t)
	over := tab.Retain(both, nil)
	tab.Begin(tab.session)
	tab.take(reach(wire.IPv6Unicast, path(2), "2001:db8:1::/48"))
	tab.Expire(wire.IPv4Unicast, over)
	tab.want("2001:db8:1::/48 2", "2001:db8:2::/48 1 stale")
	tab.Expire(wire.IPv6Unicast, over)
	tab.want("2001:db8:1::/48 2")
}

// Stale routes make room for new ones.
func TestStaleRoutesMakeRoom(t *testing.T) {
	tab := newTable(t, adjin.Policy{Keep: true, MaxPrefixes: 10, Teardown: true})
	tab.take(reach(wire.IPv4Unicast, path(1), numbered(wire.IPv4Unicast, 0, 10)...))
	tab.Retain(both, nil)
	tab.Begin(tab.session)
	tab.take(reach(wire.IPv4Unicast, path(1), numbered(wire.IPv4Unicast, 100, 10)...))
	if got := tab.count(wire.IPv4Unicast); got.Routes != 10 || got.Stale != 0 {
		t.Errorf("%+v", got)
	}
	tab.CheckReferences(t)
}

// RFC 7313 §4: BoRR makes routes stale, EoRR removes those that did not come again.
func TestEnhancedRefresh(t *testing.T) {
	tab := withRoutes(t)
	tab.EndRefresh(wire.IPv4Unicast) // nothing began
	tab.BeginRefresh(wire.IPv4Unicast)
	tab.take(reach(wire.IPv4Unicast, path(1), "203.0.113.0/24"))
	tab.want("198.51.100.0/24 1 stale", "203.0.113.0/24 1", "2001:db8:1::/48 1", "2001:db8:2::/48 1")
	tab.BeginRefresh(wire.IPv4Unicast) // anew
	tab.take(reach(wire.IPv4Unicast, path(1), "198.51.100.0/24"))
	tab.EndRefresh(wire.IPv4Unicast)
	tab.want("198.51.100.0/24 1", "2001:db8:1::/48 1", "2001:db8:2::/48 1")
	tab.EndRefresh(wire.IPv4Unicast)
	tab.want("198.51.100.0/24 1", "2001:db8:1::/48 1", "2001:db8:2::/48 1")
}

// RFC 4724 §4.2: the routes that a refresh had made stale when the session was lost were not stale from a former restart.
func TestLossWithinARefresh(t *testing.T) {
	tab := withRoutes(t)
	tab.Retain(both[:1], nil)
	tab.Begin(tab.session)
	tab.take(reach(wire.IPv4Unicast, path(2), "198.51.100.0/24", "192.0.2.0/24"))
	tab.BeginRefresh(wire.IPv4Unicast)
	tab.take(reach(wire.IPv4Unicast, path(3), "192.0.2.0/24"))
	tab.want("192.0.2.0/24 3", "198.51.100.0/24 2 stale", "203.0.113.0/24 1 stale")
	tab.Retain(both[:1], nil)
	tab.want("192.0.2.0/24 3 stale", "198.51.100.0/24 2 stale")
	tab.Begin(tab.session)
	tab.EndRefresh(wire.IPv4Unicast) // of the refresh that the loss cut short
	tab.Keep(both[:1])
	tab.take(reach(wire.IPv4Unicast, path(4), "198.51.100.0/24"))
	tab.want("192.0.2.0/24 3 stale", "198.51.100.0/24 4")
	tab.Purge(wire.IPv4Unicast)
	tab.want("198.51.100.0/24 4")
	tab.CheckReferences(t)
}

// RFC 9494 §4.2: routes that are kept beyond the restart time have LLGR_STALE, and no route with NO_LLGR is kept.
func TestLongLived(t *testing.T) {
	tab := newTable(t, keep)
	marked := func(c ...wire.Community) *wire.Attributes {
		a := path(1)
		a.Communities = c
		return a
	}
	tab.take(reach(wire.IPv4Unicast, marked(7), "10.0.0.0/8"))
	tab.take(reach(wire.IPv4Unicast, marked(7, wire.CommunityNoLLGR), "10.1.0.0/16"))
	tab.take(reach(wire.IPv4Unicast, marked(wire.CommunityLLGRStale), "10.2.0.0/16"))
	tab.take(reach(wire.IPv6Unicast, marked(7, wire.CommunityNoLLGR), "2001:db8:1::/48"))
	first := tab.Retain(both, nil)
	tab.wantCommunities("7", "7 NO_LLGR", "LLGR_STALE", "7 NO_LLGR")
	tab.LongLive(wire.IPv4Unicast, first)
	tab.wantCommunities("7 LLGR_STALE", "LLGR_STALE", "7 NO_LLGR")
	tab.Begin(tab.session)
	tab.take(reach(wire.IPv4Unicast, marked(7, wire.CommunityNoLLGR), "10.0.0.0/8")) // came since
	tab.LongLive(wire.IPv4Unicast, first)
	tab.wantCommunities("7 NO_LLGR", "LLGR_STALE", "7 NO_LLGR")
	tab.take(reach(wire.IPv4Unicast, marked(7), "10.0.0.0/8"))
	second := tab.Retain(both[:1], both[:1])
	tab.LongLive(wire.IPv4Unicast, second)
	tab.wantCommunities("7 LLGR_STALE", "LLGR_STALE")
	tab.Expire(wire.IPv4Unicast, second)
	tab.wantCommunities()
}

// wantCommunities wants routes with those communities, in order.
func (t *table) wantCommunities(want ...string) {
	t.Helper()
	var got []string
	for r := range t.Routes {
		var names []string
		for _, c := range r.Attributes.Communities {
			name := c.String()
			if c == 7 {
				name = "7"
			}
			names = append(names, name)
		}
		got = append(got, strings.Join(names, " "))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	t.CheckReferences(t)
}
