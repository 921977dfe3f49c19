// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

func (h *history) attributes() rib.Attributes {
	a := rib.Attributes{}
	if h.rnd.IntN(4) > 0 {
		a.MED = ptr(h.rnd.Uint32N(3))
	}
	if h.rnd.IntN(4) == 0 {
		a.LocalPref = ptr(100 + h.rnd.Uint32N(2)) // 100 is equal in encoding
	}
	if h.rnd.IntN(6) == 0 {
		a.Origin = ptr(wire.Origin(0))
	}
	comm := func(n int) {
		for i := range n {
			a.Communities = append(a.Communities, wire.Community(i))
		}
	}
	switch h.rnd.IntN(15) {
	case 12:
		a.NextHop4 = addr("2001:db8::44")
	case 13:
		a.NextHopLinkLocal = addr("fe80::99")
		if h.rnd.IntN(2) == 0 {
			a.NextHop6 = addr("2001:db8::55")
		}
	case 14:
		a.Aggregator = wire.Aggregator{ASN: 70000, Addr: addr("192.0.2.3")}
		a.Raw = []wire.RawAttribute{{Type: 153, Flags: 0xc0, Value: []byte{1, 2}}}
	case 0:
		comm(40)
	case 1:
		comm(18)
	case 2:
		comm(1 + h.rnd.IntN(9))
	case 3:
		a.NextHop6 = addr("ff02::1")
	case 4:
		a.NextHop4 = addr(peerAddresses[h.rnd.IntN(2)])
	case 5:
		a.NextHop6 = addr("2001:db8::9")
	case 6:
		a.NextHop4, a.NextHop6 = addr("192.0.2.100"), addr("2001:db8::2") // next hop self of some sessions
	}
	h.pathAttributes(&a)
	return a
}

// pathAttributes sets one of what is rarely set, or nothing.
func (h *history) pathAttributes(a *rib.Attributes) {
	switch h.rnd.IntN(20) {
	case 0:
		a.ASPath = [][]uint32{{}, {64999}, {4200000000, 64999}}[h.rnd.IntN(3)]
	case 1:
		a.Prepend = ptr(h.rnd.IntN(3))
	case 2:
		a.AtomicAggregate = ptr(h.rnd.IntN(3) > 0)
	case 3:
		a.OriginatorID = addr("192.0.2.200")
		a.ClusterList = []netip.Addr{addr("192.0.2.201"), addr("192.0.2.202")}[:h.rnd.IntN(3)]
	case 4:
		for range h.rnd.IntN(6) { // in no order, with repetitions
			a.LargeCommunities = append(a.LargeCommunities, wire.LargeCommunity{Global: 64512, Local1: h.rnd.Uint32N(2), Local2: h.rnd.Uint32N(2)})
		}
	case 5:
		for range h.rnd.IntN(6) {
			a.ExtendedCommunities = append(a.ExtendedCommunities, wire.ExtendedCommunity{0, 2, 0xfc, 0, 7: byte(h.rnd.IntN(4))})
		}
	case 6:
		a.Origin = ptr(wire.OriginIncomplete)
	case 7: // sent raw, one takes the place of a default
		a.Raw = []wire.RawAttribute{{Type: wire.AttrMED, Flags: 0x80, Value: []byte{0, 0, 0, 9}}}
		a.MED = nil
	case 8:
		a.Raw = []wire.RawAttribute{{Type: wire.AttrOTC, Flags: 0xc0, Value: []byte{0, 0, 0, 9}}}
	}
}

var blocks = [][]string{
	{"10.0.0.0/24", "10.0.0.0/23 24", "10.0.0.0/22 24"},
	{"10.0.1.0/28 32", "10.0.1.0/29 32", "10.0.1.8/29 32", "10.0.1.3/32"},
	{"10.0.2.0/26 32", "10.0.2.0/27 32", "10.0.2.1/32", "10.0.2.2/32", "10.0.2.0/30 32"},
	{"0.0.0.0/0"}, {"10.0.0.0/8"},
	{"2001:db8::/32", "2001:db8::/31 32"},
	{"2001:db8:1::/124 128", "2001:db8:1::/125 128", "2001:db8:1::1/128"},
	{"::/0"},
}

func (h *history) prefixes() []string {
	var out []string
	for _, b := range blocks {
		for _, p := range b {
			if h.rnd.IntN(2*len(b)) == 0 {
				out = append(out, p)
			}
		}
	}
	h.rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func (h *history) change() {
	if len(h.all) == 0 || h.rnd.IntN(3) == 0 && len(h.all) < 9 {
		id := fmt.Sprint(h.rnd.IntN(14))
		if slices.ContainsFunc(h.all, func(o *rib.Announcement) bool { return o.ID == id }) {
			return
		}
		a := announcement(id, h.attributes(), h.prefixes()...)
		a.PathID = h.rnd.Uint32N(3)
		h.logf("  add %s %v %s", id, slices.Collect(a.Prefixes.All()), desc(&a.Attributes))
		a.Age = h.rnd.Int64N(4)
		h.all = append(slices.Clip(h.all), a)
		return
	}
	i := h.rnd.IntN(len(h.all))
	c := *h.all[i]
	switch h.rnd.IntN(7) {
	case 0:
		h.logf("  del %s", c.ID)
		h.all = slices.Delete(slices.Clone(h.all), i, i+1)
		return
	case 1:
		c.Attributes = h.attributes()
		c.Prefixes = announcement("", none, h.prefixes()...).Prefixes
	case 2:
		c.Attributes = h.attributes()
	case 3:
		c.Prefixes = announcement("", none, h.prefixes()...).Prefixes
	case 4:
		c.Name += "x"
		if h.rnd.IntN(2) == 0 {
			c.PathID = h.rnd.Uint32N(3)
		}
	case 5:
	case 6:
		c.Age = h.rnd.Int64N(4)
		if h.rnd.IntN(2) == 0 {
			c.Attributes = h.attributes()
		}
	}
	h.logf("  chg %s %v %s", c.ID, slices.Collect(c.Prefixes.All()), desc(&c.Attributes))
	h.all = slices.Clone(h.all)
	h.all[i] = &c
}

func desc(a *rib.Attributes) string {
	s := fmt.Sprintf("nh %v %v comm %d", a.NextHop4, a.NextHop6, len(a.Communities))
	if a.MED != nil {
		s += fmt.Sprint(" med ", *a.MED)
	}
	return s
}
