// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package adjin_test

import (
	"errors"
	"testing"

	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/wire"
)

func TestTeardown(t *testing.T) {
	tab := newTable(t, adjin.Policy{Keep: true, MaxPrefixes: 10, Teardown: true})
	tab.take(reach(wire.IPv4Unicast, path(1), numbered(wire.IPv4Unicast, 0, 10)...))
	tab.take(reach(wire.IPv4Unicast, path(2), numbered(wire.IPv4Unicast, 0, 10)...)) // the same ones
	if err := tab.Exceeded(); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	_, err := tab.Take(tab.parsed(reach(wire.IPv6Unicast, path(1), numbered(wire.IPv6Unicast, 0, 1)...)), false)
	var limit *adjin.LimitError
	if !errors.As(err, &limit) || limit.Family != wire.IPv6Unicast || limit.Limit != 10 {
		t.Errorf("over it: %v", err)
	}
	tab.CheckReferences(t)
}

// heavy are attributes with n communities. Those with 100 count as 519 octets.
func heavy(n int, number wire.Community) *wire.Attributes {
	a := path(1)
	for i := range n {
		a.Communities = append(a.Communities, number<<16+wire.Community(i))
	}
	return a
}

// The octets of path attributes are bounded as well: a route beyond that bound is dropped like a route beyond the limit.
func TestOctetLimitDiscards(t *testing.T) {
	const limit = 3 * 600
	tab := newTable(t, adjin.Policy{Keep: true, MaxPrefixes: 1000, MaxOctets: limit})
	expect := func(o adjin.Outcome, dropped int, full bool, octetLimit, routes int) {
		t.Helper()
		r := tab.Report()
		if o.Dropped != dropped || o.Full != full || r.Excess != (octetLimit > 0) || r.OctetLimit != octetLimit || r.Families[0].Routes != routes {
			t.Errorf("%+v, %+v; want %d dropped, full %v, limit %d, %d routes", o, r, dropped, full, octetLimit, routes)
		}
		tab.CheckReferences(t)
	}
	expect(tab.take(reach(wire.IPv4Unicast, heavy(100, 1), "10.0.0.0/24", "10.0.1.0/24")), 0, false, 0, 2)
	expect(tab.take(reach(wire.IPv4Unicast, heavy(100, 2), "10.0.2.0/24")), 0, false, 0, 3)
	expect(tab.take(reach(wire.IPv4Unicast, heavy(100, 3), "10.0.3.0/24")), 0, false, 0, 4)
	expect(tab.take(reach(wire.IPv4Unicast, heavy(100, 4), "10.0.4.0/24", "224.0.0.0/24")), 1, true, limit, 4)
	expect(tab.take(reach(wire.IPv4Unicast, heavy(100, 3), "10.0.5.0/24")), 0, false, limit, 5) // is there already
	expect(tab.take(reach(wire.IPv4Unicast, heavy(100, 5), "10.0.2.0/24")), 0, false, limit, 5) // in place of its own
	expect(tab.take(reach(wire.IPv4Unicast, heavy(100, 6), "10.0.0.0/24")), 1, false, limit, 4) // the old ones are not true any more
	expect(tab.take(unreach(wire.IPv4Unicast, "10.0.0.0/24", "10.0.1.0/24", "10.0.4.0/24")), 0, false, 0, 3)
	expect(tab.take(reach(wire.IPv4Unicast, heavy(100, 7), "10.0.7.0/24")), 0, false, 0, 4)
	tab.Retain(both, nil)
	tab.Begin(tab.session)
	expect(tab.take(reach(wire.IPv4Unicast, heavy(100, 8), "10.0.8.0/24")), 0, false, 0, 1) // stale ones make room
	tab.take(reach(wire.IPv4Unicast, heavy(100, 9), "10.0.9.0/24"))
	tab.Configure(adjin.Policy{Keep: true, MaxPrefixes: 1000, MaxOctets: limit / 3})
	expect(adjin.Outcome{}, 0, false, limit/3, 1)
	if tab.TakeMissing() {
		t.Error("asks for what it dropped")
	}
	tab.Configure(adjin.Policy{Keep: true, MaxPrefixes: 1000})
	if !tab.TakeMissing() {
		t.Error("does not ask for what it has room for")
	}
}

func TestOctetLimitTearsDown(t *testing.T) {
	policy := adjin.Policy{Keep: true, MaxPrefixes: 1000, MaxOctets: 1000, Teardown: true}
	tab := newTable(t, policy)
	tab.take(reach(wire.IPv4Unicast, heavy(100, 1), "10.0.0.0/24"))
	if err := tab.Exceeded(); err != nil {
		t.Error(err)
	}
	_, err := tab.Take(tab.parsed(reach(wire.IPv4Unicast, heavy(100, 2), "10.0.1.0/24")), false)
	var limit *adjin.LimitError
	if !errors.As(err, &limit) || limit.Octets != 1000 || limit.Limit != 1000 || err.Error() != "more than 1000 octets of path attributes" {
		t.Errorf("got %v", err)
	}
	policy.MaxOctets = 100
	tab.Begin(tab.session)
	tab.Configure(policy)
	if err := tab.Exceeded(); !errors.As(err, &limit) || limit.Octets != 100 {
		t.Errorf("got %v", err)
	}
}
