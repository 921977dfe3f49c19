// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package sink_test

import (
	"net/netip"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/bench/sink"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// start returns a sink that was sent the octets by a floor.
func start(t *testing.T, octets []byte, o sink.Options) *sink.Session {
	t.Helper()
	floor, err := sink.StartFloor(netip.AddrPortFrom(loopback, 0), dataset.ASN, octets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := floor.Close(); err != nil {
			t.Error(err)
		}
	})
	o.Local, o.Target = loopback, floor.Addr()
	session, err := sink.Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
	return session
}

// TestSession has the routes of each kind of data counted and compared.
func TestSession(t *testing.T) {
	for _, data := range []*dataset.Data{
		dataset.HostRoutes("10.0.0.0", 30_000), dataset.Networks6("2001:db8:8000::", 3000), dataset.Mixed(20_000, 100),
	} {
		nextHop := loopback
		families := []wire.Family{wire.IPv4Unicast}
		if data.Is6() {
			nextHop, families = netip.MustParseAddr("2001:db8::1"), []wire.Family{wire.IPv6Unicast}
		}
		messages := data.Messages(nextHop)
		messages = wire.AppendEndOfRIB(messages, families[0])
		s := start(t, messages, sink.Options{Expect: data.Count(), Digest: true, Families: families, Stamps: true})
		at, err := s.First.Wait(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", data.Title, err)
		}
		if at.Before(s.Established) || s.FirstUpdate().After(at) || s.FirstUpdate().Before(s.Established) {
			t.Errorf("%s: established %s, first UPDATE %s, last %s", data.Title, s.Established, s.FirstUpdate(), at)
		}
		counts := s.Counts()
		if counts.Routes != data.Count() || counts.Digest != data.Digest() || counts.Withdrawn != 0 {
			t.Errorf("%s: %+v, want %d routes and the digest %x", data.Title, counts, data.Count(), data.Digest())
		}
		if len(s.Stamps()) != counts.Updates {
			t.Errorf("%s: %d times of %d UPDATEs", data.Title, len(s.Stamps()), counts.Updates)
		}
	}
}

// TestWithdrawals counts withdrawals of both families, and End-of-RIB as neither.
func TestWithdrawals(t *testing.T) {
	ipv4 := wire.AppendPrefix(wire.AppendPrefix(nil, netip.MustParsePrefix("192.0.2.0/24")), netip.MustParsePrefix("0.0.0.0/0"))
	octets := wire.AppendEndOfRIB(nil, wire.IPv4Unicast)
	octets = wire.AppendEndOfRIB(octets, wire.IPv6Unicast)
	octets = wire.AppendUnreach(octets, wire.IPv4Unicast, ipv4)
	octets = wire.AppendUnreach(octets, wire.IPv6Unicast, wire.AppendPrefix(nil, netip.MustParsePrefix("2001:db8::/32")))
	s := start(t, octets, sink.Options{Expect: 3})
	if _, err := s.First.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if counts := s.Counts(); counts.Withdrawn != 3 || counts.Routes != 0 || counts.Updates != 2 || counts.EndOfRIB != 2 {
		t.Errorf("%+v", counts)
	}
}

// TestEnd has a session that ends say how far it came.
func TestEnd(t *testing.T) {
	octets := wire.NewCease(wire.CeaseAdminShutdown, "").Append(nil)
	s := start(t, octets, sink.Options{Expect: 1})
	if _, err := s.First.Wait(t.Context()); err == nil || s.Err() == nil {
		t.Errorf("no error after a NOTIFICATION: %v, %v", err, s.Err())
	}
}

// TestArrivals: each prefix has the time at which it came last, also where the floor sent it after it was up.
func TestArrivals(t *testing.T) {
	ready := dataset.HostRoutes("10.0.0.0", 1)
	floor, err := sink.StartFloor(netip.AddrPortFrom(loopback, 0), dataset.ASN, ready.Messages(loopback))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := floor.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := sink.Connect(t.Context(), sink.Options{Local: loopback, Target: floor.Addr(), Expect: ready.Count(), Arrivals: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	began, err := s.First.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		expected := s.Expect(2)
		if err := floor.Send(dataset.HostRoutes("10.1.0.0", 2).Messages(loopback)); err != nil {
			t.Fatal(err)
		}
		last, err := expected.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		first, second := s.Arrival(netip.MustParsePrefix("10.1.0.0/32")), s.Arrival(netip.MustParsePrefix("10.1.0.1/32"))
		if first.Before(began) || second.Before(first) || last.Before(second) {
			t.Errorf("sent after %v, arrived at %v and %v, both there at %v", began, first, second, last)
		}
		began = last
	}
	if at := s.Arrival(netip.MustParsePrefix("10.1.0.2/32")); !at.IsZero() {
		t.Errorf("a prefix that was not sent arrived at %v", at)
	}
}
