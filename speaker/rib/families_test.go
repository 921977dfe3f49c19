// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// neighbour is the other end of a session with a family that wire does not read.
type neighbour struct {
	t      *testing.T
	out    *rib.Out
	tagged map[string]string // next hop and MED by NLRI
	other  int               // messages of other families
	log    []string
}

func tagged() rib.Params {
	p := external()
	p.Families = append(p.Families, rib.Tagged)
	return p
}

// neighbours attaches a session.
func neighbours(t *testing.T, table *rib.Table, name string, p rib.Params) *neighbour {
	return &neighbour{t: t, out: table.Attach(name, p), tagged: map[string]string{}}
}

// read takes all that is due, and returns what happened in the family.
func (n *neighbour) read() []string {
	n.t.Helper()
	n.log, n.other = nil, 0
	for batch := n.out.Next(nil, 1<<16); len(batch) > 0; batch = n.out.Next(nil, 1<<16) {
		for len(batch) > 0 {
			size := int(binary.BigEndian.Uint16(batch[16:]))
			n.message(batch[18], batch[19:size])
			batch = batch[size:]
		}
		n.out.Written()
	}
	slices.Sort(n.log)
	return n.log
}

func (n *neighbour) message(kind byte, body []byte) {
	n.t.Helper()
	if kind == byte(wire.TypeRouteRefresh) {
		n.log = append(n.log, fmt.Sprintf("refresh %d of SAFI %d", body[2], body[3]))
		return
	}
	withdrawn := int(binary.BigEndian.Uint16(body))
	attributes := body[2+withdrawn+2:]
	if withdrawn > 0 || len(attributes) == 0 {
		n.other++
		return
	}
	attributes = attributes[:binary.BigEndian.Uint16(body[2+withdrawn:])]
	var reach, unreach []byte
	med := ""
	for len(attributes) > 0 {
		size, at := int(attributes[2]), 3
		if attributes[0]&wire.FlagExtendedLength != 0 {
			size, at = int(binary.BigEndian.Uint16(attributes[2:])), 4
		}
		value := attributes[at : at+size]
		switch wire.AttributeType(attributes[1]) {
		case wire.AttrMPReachNLRI:
			reach = value
		case wire.AttrMPUnreachNLRI:
			unreach = value
		case wire.AttrMED:
			med = fmt.Sprint(" med ", binary.BigEndian.Uint32(value))
		}
		attributes = attributes[at+size:]
	}
	switch {
	case reach != nil && reach[2] == rib.Tagged.SAFI:
		hop := reach[4 : 4+int(reach[3])]
		if len(hop) != 12 || [8]byte(hop) != [8]byte{} {
			n.t.Errorf("next hop %x, want a route distinguisher of 0 and an address", hop)
		}
		for _, nlri := range n.nlri(reach[4+len(hop)+1:]) {
			n.tagged[nlri] = netip.AddrFrom4([4]byte(hop[8:])).String() + med
			n.log = append(n.log, "+"+nlri+" "+n.tagged[nlri])
		}
	case unreach != nil && unreach[2] == rib.Tagged.SAFI:
		if len(unreach) == 3 {
			n.log = append(n.log, "end")
		}
		for _, nlri := range n.nlri(unreach[3:]) {
			if _, has := n.tagged[nlri]; !has {
				n.t.Errorf("%s is withdrawn, which was not announced", nlri)
			}
			delete(n.tagged, nlri)
			n.log = append(n.log, "-"+nlri)
		}
	default:
		n.other++
	}
}

// nlri reads NLRI of the family.
func (n *neighbour) nlri(b []byte) (list []string) {
	n.t.Helper()
	for len(b) > 0 {
		size := 2 + int(b[1])
		var octets [4]byte
		copy(octets[:], b[7:size])
		list = append(list, fmt.Sprintf("%d:%v/%d", binary.BigEndian.Uint32(b[2:]), netip.AddrFrom4(octets), b[6]))
		if b[0] != 5 || size != 7+(int(b[6])+7)/8 {
			n.t.Fatalf("NLRI %x", b[:size])
		}
		b = b[size:]
	}
	return list
}

// expect compares what came in the family, and how many messages of others.
func (n *neighbour) expect(other int, want ...string) {
	n.t.Helper()
	if got := n.read(); !slices.Equal(got, want) || n.other != other {
		n.t.Errorf("got, with %d messages of other families:\n  %s\nwant, with %d:\n  %s", n.other, strings.Join(got, "\n  "), other, strings.Join(want, "\n  "))
	}
}

// of returns an announcement of the tagged family. Its owner is the tag.
func of(tag string, a *rib.Announcement) *rib.Announcement {
	a.SAFI, a.Owner = rib.Tagged.SAFI, tag
	return a
}

// TestAnyFamily: a family of other keys, other NLRI and other next hops goes through everything that unicast does, beside it.
func TestAnyFamily(t *testing.T) {
	table := rib.NewTagged()
	change := func(list ...*rib.Announcement) {
		t.Helper()
		exports := export(1, list...)
		exports["tor2"] = exports["tor"]
		exports["plain"] = exports["tor"]
		update(table, exports)
		if err := table.Check(); err != nil {
			t.Fatal(err)
		}
	}
	med := func(n uint32) rib.Attributes { return rib.Attributes{MED: ptr(n)} }
	unicast := announcement("u", none, "10.0.0.0/24")

	// Announce: at the beginning of a session, by a walk. Two tags have the same prefix.
	change(unicast, of("7", announcement("a", none, "10.0.0.0/24 26")), of("8", announcement("b", none, "10.0.0.0/26")))
	p := tagged()
	tor := neighbours(t, table, "tor", p)
	p.LocalAddress = addr("192.0.2.3")
	second := neighbours(t, table, "tor2", p) // shares messages with it, but for next hop self
	p = external()
	plain := neighbours(t, table, "plain", p) // does not have the family
	want := []string{"+7:10.0.0.0/26 H", "+7:10.0.0.128/26 H", "+7:10.0.0.192/26 H", "+7:10.0.0.64/26 H", "+8:10.0.0.0/26 H", "end"}
	via := func(hop string, lines ...string) (out []string) {
		for _, l := range lines {
			out = append(out, strings.Replace(l, " H", " "+hop, 1))
		}
		return out
	}
	tor.expect(3, via("192.0.2.2", want...)...) // the unicast route, and two End-of-RIBs
	second.expect(3, via("192.0.2.3", want...)...)
	plain.expect(3)
	if got := fmt.Sprint(table.Families()); got != "[ipv4-unicast ipv6-unicast afi-1-safi-128]" {
		t.Errorf("the table has %s", got)
	}

	// What the session reports, and what one without the family does.
	if got := fmt.Sprint(tor.out.Report().Announced); got != "[{ipv4-unicast 1} {ipv6-unicast 0} {afi-1-safi-128 5}]" {
		t.Errorf("announced: %s", got)
	}
	var kept []string
	for _, w := range withheld(plain.out) {
		kept = append(kept, fmt.Sprint(w.Announcement.ID, " ", w.Reason, " ", w.Prefixes, " ", w.Example))
	}
	if got := strings.Join(kept, ", "); got != "a family not negotiated 4 7:10.0.0.0/26, b family not negotiated 1 8:10.0.0.0/26" {
		t.Errorf("withheld without the family: %s", got)
	}
	var routes []string
	tor.out.Routes(func(r rib.Route) bool {
		if r.Family == rib.Tagged {
			routes = append(routes, fmt.Sprint(r.NLRI, " ", r.NLRI.Prefix, " ", r.NextHop, " ", r.Announcement.ID))
		}
		return true
	})
	if slices.Sort(routes); len(routes) != 5 || routes[4] != "8:10.0.0.0/26 10.0.0.0/26 192.0.2.2 b" {
		t.Errorf("routes: %v", routes)
	}

	// Change of attributes: replaced, and nothing else. Both sessions read one message.
	change(unicast, of("7", announcement("a", med(5), "10.0.0.0/24 26")), of("8", announcement("b", none, "10.0.0.0/26")))
	want = []string{"+7:10.0.0.0/26 H med 5", "+7:10.0.0.128/26 H med 5", "+7:10.0.0.192/26 H med 5", "+7:10.0.0.64/26 H med 5"}
	tor.expect(0, via("192.0.2.2", want...)...)
	second.expect(0, via("192.0.2.3", want...)...)
	plain.expect(0)

	// Change of prefixes: what covers a withdrawn one, and what is withdrawn.
	change(unicast, of("7", announcement("a", med(5), "10.0.0.0/25 26", "10.0.0.128/25")), of("8", announcement("b", none, "10.0.0.0/26")))
	tor.expect(0, "+7:10.0.0.128/25 192.0.2.2 med 5", "-7:10.0.0.128/26", "-7:10.0.0.192/26")
	second.expect(0, "+7:10.0.0.128/25 192.0.2.3 med 5", "-7:10.0.0.128/26", "-7:10.0.0.192/26")

	// A conflict is one of equal keys: not of another tag, nor of unicast.
	change(unicast, of("7", announcement("a", med(5), "10.0.0.0/25 26", "10.0.0.128/25")), of("8", announcement("b", none, "10.0.0.0/26")),
		of("7", announcement("c", none, "10.0.0.64/26", "10.9.0.0/16")))
	tor.expect(0, "+7:10.9.0.0/16 192.0.2.2")
	if w := tor.out.Report().Withheld; len(w) != 1 || w[0].Announcement.ID != "c" || w[0].Reason != rib.ReasonConflict || w[0].Example.String() != "7:10.0.0.64/26" {
		t.Errorf("withheld: %+v", w)
	}

	// Refresh of the family alone, with its beginning and end.
	tor.out.Refresh(rib.Tagged, true)
	all := slices.Sorted(maps.Keys(tor.tagged))
	got := tor.read()
	if len(all) != 5 || len(got) != len(all)+2 || tor.other != 0 || got[5] != "refresh 1 of SAFI 128" || got[6] != "refresh 2 of SAFI 128" {
		t.Errorf("refresh of %v: %v", all, got)
	}

	// A session that is told from the table finds the same.
	third := neighbours(t, table, "tor", tagged())
	third.read()
	if !maps.Equal(third.tagged, tor.tagged) {
		t.Errorf("a new session has %v, want %v", third.tagged, tor.tagged)
	}

	// Withdraw: an announcement goes, and one turns into unicast.
	change(unicast, announcement("b", none, "10.1.0.0/26"), of("7", announcement("c", none, "10.0.0.64/26", "10.9.0.0/16")))
	tor.expect(1, "+7:10.0.0.64/26 192.0.2.2", "-7:10.0.0.0/26", "-7:10.0.0.128/25", "-8:10.0.0.0/26")
	tor.out.WithdrawAll()
	tor.expect(1, "-7:10.0.0.64/26", "-7:10.9.0.0/16")

	// The table of the family goes with the last announcement and session that have it.
	change(unicast)
	for _, n := range []*neighbour{tor, second, third} {
		if n.read(); len(n.tagged) > 0 {
			t.Errorf("left are %v", n.tagged)
		}
		if len(table.Families()) != 3 {
			t.Error("the table of the family went before its sessions")
		}
		n.out.Detach()
	}
	if len(table.Families()) != 2 {
		t.Errorf("left are the tables of %v", table.Families())
	}
	if err := table.Check(); err != nil {
		t.Error(err)
	}
}

// TestAnyFamilyFillsMessages: messages of NLRI of another form are full, and nothing is lost between them.
func TestAnyFamilyFillsMessages(t *testing.T) {
	table := rib.NewTagged()
	table.SetLimits(rib.Limits{Lag: 4 << 20, Record: 64 << 10, Ring: 64, Scan: 1 << 10, Walk: 8 << 10, Marks: 1 << 20, Graves: 1 << 20})
	update(table, export(1, of("7", announcement("a", none, "10.0.0.0/19 32"))))
	n := neighbours(t, table, "tor", tagged())
	n.read()
	if len(n.tagged) != 1<<13 {
		t.Errorf("%d routes, want %d", len(n.tagged), 1<<13)
	}
	update(table, export(2, of("7", announcement("a", rib.Attributes{MED: ptr(uint32(1))}, "10.0.0.0/19 32"))))
	n.read()
	for nlri, attributes := range n.tagged {
		if !strings.HasSuffix(attributes, " med 1") {
			t.Fatalf("%s is %s", nlri, attributes)
		}
	}
	update(table, export(3))
	if n.read(); len(n.tagged) > 0 {
		t.Errorf("%d routes are left", len(n.tagged))
	}
}

// TestFamilyComesLater: an announcement has the first prefix of a family when the table of that family is gone, since nothing had it.
func TestFamilyComesLater(t *testing.T) {
	table := rib.NewTagged()
	update(table, export(1, of("7", announcement("a", none, "10.0.0.0/24"))))
	if got := fmt.Sprint(table.Families()); got != "[ipv4-unicast ipv6-unicast afi-1-safi-128]" {
		t.Errorf("the table has %s", got)
	}
	update(table, export(2, of("7", announcement("a", none, "10.0.0.0/24", "2001:db8::/48"))))
	p := external()
	p.Families = []wire.Family{rib.Tagged, rib.Tagged6}
	out := table.Attach("tor", p)
	for len(out.Next(nil, 1<<16)) > 0 {
		out.Written()
	}
	if got := fmt.Sprint(out.Report().Announced); got != "[{afi-1-safi-128 1} {afi-2-safi-128 1}]" {
		t.Errorf("announced: %s", got)
	}
	if err := table.Check(); err != nil {
		t.Error(err)
	}
}
