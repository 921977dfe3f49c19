// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// richAttributes uses every attribute.
func richAttributes() wire.Attributes {
	return wire.Attributes{
		ASPath: wire.ASPath{{Type: wire.ASSequence, ASNs: []uint32{64512, 70000}}, {Type: wire.ASSequence, ASNs: []uint32{1, 2}}},
		MED:    1, HasMED: true, LocalPref: 2, HasLocalPref: true, AtomicAggregate: true,
		Aggregator:          wire.Aggregator{ASN: 70000, Addr: netip.MustParseAddr("192.0.2.9")},
		Communities:         []wire.Community{1, 2, wire.CommunityNoExport},
		OriginatorID:        netip.MustParseAddr("192.0.2.2"),
		ClusterList:         addrs("0.0.0.1"),
		ExtendedCommunities: []wire.ExtendedCommunity{{0, 2, 0xfc, 0, 0, 0, 0, 100}},
		LargeCommunities:    []wire.LargeCommunity{{Global: 1, Local1: 2, Local2: 3}},
		OTC:                 64512, HasOTC: true,
		Unknown: []wire.RawAttribute{{Flags: 0xc0, Type: 99, Value: []byte{1, 2, 3}}},
	}
}

// Encoding into a large enough buffer, and decoding into an Update used before, allocate nothing.
func TestNoAllocations(t *testing.T) {
	a := richAttributes()
	attrs := wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: true})
	routes4, routes6 := nlri("10.0.0.0/8", "203.0.113.0/24"), nlri("2001:db8::/32", "::/0")
	hop4, hop6 := addrs("192.0.2.1"), addrs("2001:db8::1", "fe80::1")
	prefix := netip.MustParsePrefix("203.0.113.0/24")
	update := wire.AppendReach(nil, wire.IPv6Unicast, attrs, hop6, routes6)[wire.HeaderLen:]
	opt := wire.UpdateOptions{AS4: true, Families: []wire.Family{wire.IPv6Unicast}}
	optPaths := opt
	optPaths.AddPath = opt.Families
	paths6 := appendPaths(path(1, "2001:db8::/32"), path(2, "::/0"))
	updatePaths := wire.AppendReach(nil, wire.IPv6Unicast, attrs, hop6, paths6)[wire.HeaderLen:]
	notification := wire.NewCease(wire.CeaseAdminShutdown, "text")
	open := openGoldens()[2].open
	buf := make([]byte, 0, wire.MaxMessageLen)
	var u wire.Update
	stream := bytes.NewReader(nil)
	reader := wire.NewReader(stream)
	keepalives := bytes.Repeat(wire.AppendKeepalive(nil), 10)

	for name, f := range map[string]func(){
		"AppendKeepalive":      func() { buf = wire.AppendKeepalive(buf[:0]) },
		"Open.Append":          func() { buf = open.Append(buf[:0]) },
		"Notification.Append":  func() { buf = notification.Append(buf[:0]) },
		"RouteRefresh.Append":  func() { buf = wire.RouteRefresh{Family: wire.IPv4Unicast}.Append(buf[:0]) },
		"AppendAttributes":     func() { buf, _ = wire.AppendAttributes(buf[:0], &a, wire.EncodeOptions{AS4: true}) },
		"AppendAttributes AS2": func() { buf, _ = wire.AppendAttributes(buf[:0], &a, wire.EncodeOptions{}) },
		"AppendReach IPv4":     func() { buf = wire.AppendReach(buf[:0], wire.IPv4Unicast, attrs, hop4, routes4) },
		"AppendReach IPv6":     func() { buf = wire.AppendReach(buf[:0], wire.IPv6Unicast, attrs, hop6, routes6) },
		"AppendUnreach IPv4":   func() { buf = wire.AppendUnreach(buf[:0], wire.IPv4Unicast, routes4) },
		"AppendUnreach IPv6":   func() { buf = wire.AppendUnreach(buf[:0], wire.IPv6Unicast, routes6) },
		"AppendEndOfRIB":       func() { buf = wire.AppendEndOfRIB(buf[:0], wire.IPv6Unicast) },
		"AppendPrefix":         func() { buf = wire.AppendPrefix(buf[:0], prefix) },
		"ReachRoom":            func() { _ = wire.ReachRoom(wire.IPv6Unicast, attrs, hop6, wire.MaxMessageLen) },
		"ParseUpdate": func() {
			if err := wire.ParseUpdate(update, opt, &u); err != nil || u.MPReach == nil {
				t.Fatalf("ParseUpdate: %v", err)
			}
		},
		"AppendPath": func() { buf = wire.AppendPath(buf[:0], wire.Path{ID: 7, Prefix: prefix}) },
		"ParseUpdate, path identifiers": func() {
			if err := wire.ParseUpdate(updatePaths, optPaths, &u); err != nil || !u.MPReach.PathIDs {
				t.Fatalf("ParseUpdate: %v", err)
			}
		},
		"Paths": func() {
			sum := uint32(0)
			for p, err := range wire.Paths(wire.IPv6Unicast, true, paths6) {
				if err == nil && p.Prefix.IsValid() {
					sum += p.ID
				}
			}
			if sum != 3 {
				t.Fatalf("sum of path identifiers %d, want 3", sum)
			}
		},
		"ParseRouteRefresh": func() {
			if _, err := wire.ParseRouteRefresh(update[:4], true); err != nil {
				t.Fatal(err)
			}
		},
		"Prefixes": func() {
			n := 0
			for p, err := range wire.Prefixes(wire.IPv6Unicast, routes6) {
				if err == nil && p.IsValid() {
					n++
				}
			}
			if n != 2 {
				t.Fatalf("%d prefixes, want 2", n)
			}
		},
		"Reader.Next": func() {
			stream.Reset(keepalives)
			for range 10 {
				if _, _, err := reader.Next(); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		if got := testing.AllocsPerRun(100, f); got != 0 {
			t.Errorf("%s: %v allocations, want none", name, got)
		}
	}
}

func BenchmarkAppendReach(b *testing.B) {
	a := richAttributes()
	attrs := wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: true})
	hop := addrs("192.0.2.1")
	routes := bytes.Repeat(nlri("203.0.113.0/24"), wire.ReachRoom(wire.IPv4Unicast, attrs, hop, wire.MaxMessageLen)/4)
	buf := make([]byte, 0, wire.MaxMessageLen)
	b.ReportAllocs()
	for b.Loop() {
		buf = wire.AppendReach(buf[:0], wire.IPv4Unicast, attrs, hop, routes)
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkParseUpdate(b *testing.B) {
	a := richAttributes()
	attrs := wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: true})
	routes := bytes.Repeat(nlri("203.0.113.0/24"), 900)
	msg := wire.AppendReach(nil, wire.IPv4Unicast, attrs, addrs("192.0.2.1"), routes)
	opt := wire.UpdateOptions{AS4: true}
	var u wire.Update
	b.ReportAllocs()
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		if err := wire.ParseUpdate(msg[wire.HeaderLen:], opt, &u); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPrefixes(b *testing.B) {
	routes := bytes.Repeat(nlri("203.0.113.0/24"), 1000)
	b.ReportAllocs()
	b.SetBytes(int64(len(routes)))
	for b.Loop() {
		for _, err := range wire.Prefixes(wire.IPv4Unicast, routes) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkPaths(b *testing.B) {
	routes := bytes.Repeat(appendPaths(path(1, "203.0.113.0/24")), 1000)
	b.ReportAllocs()
	b.SetBytes(int64(len(routes)))
	for b.Loop() {
		for _, err := range wire.Paths(wire.IPv4Unicast, true, routes) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkAppendNLRI appends 1,000 prefixes without and with path identifiers.
func BenchmarkAppendNLRI(b *testing.B) {
	p := path(1, "203.0.113.0/24")
	buf := make([]byte, 0, 1000*(wire.PathIDLen+wire.PrefixLen(p.Prefix)))
	for name, appendNLRI := range map[string]func([]byte) []byte{
		"prefix": func(b []byte) []byte { return wire.AppendPrefix(b, p.Prefix) },
		"path":   func(b []byte) []byte { return wire.AppendPath(b, p) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buf = buf[:0]
				for range 1000 {
					buf = appendNLRI(buf)
				}
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}

func BenchmarkAppendAttributes(b *testing.B) {
	a := richAttributes()
	buf := make([]byte, 0, wire.MaxMessageLen)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = wire.AppendAttributes(buf[:0], &a, wire.EncodeOptions{AS4: true})
	}
	b.SetBytes(int64(len(buf)))
}
