// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// want is a route of the model.
type want struct {
	nextHop netip.Addr
	link    netip.Addr
	attr    string
}

// model is what a session holds of an export, from the parameters of both alone, how many prefixes the export lists, and how many of
// these an older announcement lists too for which the same is sent.
func (h *history) model(s *session, e rib.Export) (routes map[wire.Path]want, listed, unions int) {
	routes = map[wire.Path]want{}
	params := s.params
	if e.Node != nil {
		params.NodeAddress4, params.NodeAddress6 = e.Node.Four, e.Node.Six
	}
	for a := range e.Announcements.All() {
		for r := range a.Prefixes.All() { // of families that the session does not have what is listed counts
			if !slices.Contains(s.params.Families, unicast(r.Prefix)) {
				listed += 1 << (r.Length - r.Prefix.Bits())
			}
		}
		for prefix := range expandAll(a) {
			f := unicast(prefix)
			if !slices.Contains(s.params.Families, f) {
				continue
			}
			listed++
			o := oracle{params: params, defaults: e.Defaults, own: a.Attributes, family: f}
			nh, w := o.nextHop(), o.attributes()
			length := wire.PrefixLen(prefix)
			if slices.Contains(s.params.AddPath, f) {
				length += wire.PathIDLen
			}
			if nh == nil || o.octets(w, nh, length) > params.MaxLen {
				continue
			}
			path := wire.Path{Prefix: prefix}
			if slices.Contains(s.params.AddPath, f) {
				path.ID = a.PathID
			}
			x := want{nextHop: nh[0], attr: describe(w)}
			if len(nh) > 1 {
				x.link = nh[1]
			}
			if sent, taken := routes[path]; !taken {
				routes[path] = x
			} else if x == sent {
				unions++
			}
		}
	}
	return routes, listed, unions
}

// unicast is the family of a prefix.
func unicast(p netip.Prefix) wire.Family {
	if p.Addr().Is6() {
		return wire.IPv6Unicast
	}
	return wire.IPv4Unicast
}

func expandAll(a *rib.Announcement) map[netip.Prefix]bool {
	set := map[netip.Prefix]bool{}
	for r := range a.Prefixes.All() {
		base := r.Prefix.Addr()
		for i := range 1 << (r.Length - r.Prefix.Bits()) {
			x := base.AsSlice()
			for bit := 0; bit < r.Length-r.Prefix.Bits(); bit++ {
				if i&(1<<bit) != 0 {
					pos := r.Length - 1 - bit
					x[pos/8] |= 1 << (7 - pos%8)
				}
			}
			ad, _ := netip.AddrFromSlice(x)
			set[netip.PrefixFrom(ad, r.Length)] = true
		}
	}
	return set
}

// compare compares what a session's peer holds with the model. It returns how many prefixes are to be counted as sent or withheld.
func (h *history) compare(s *session, e rib.Export, when string) int {
	m, listed, unions := h.model(s, e)
	got := map[wire.Path]want{}
	for k, r := range s.paths {
		got[k] = want{r.nextHop, r.linkLocal, r.attributes}
	}
	short := func(w want) string {
		if len(w.attr) > 80 {
			w.attr = w.attr[:80]
		}
		return fmt.Sprint(w)
	}
	if !maps.Equal(got, m) {
		for k, g := range got {
			if w, ok := m[k]; !ok {
				h.t.Errorf("%s: %s: should not hold %v %s", when, s.name, k, short(g))
			} else if w != g {
				h.t.Errorf("%s: %s: %v is %s want %s", when, s.name, k, short(g), short(w))
			}
		}
		for k, w := range m {
			if _, ok := got[k]; !ok {
				h.t.Errorf("%s: %s: lacks %v %s", when, s.name, k, short(w))
			}
		}
	}
	return listed - unions
}

func (h *history) checkReport(s *session) {
	r := s.out.Report()
	if r.Token == s.token || r.Token == nil {
		return
	}
	if s.token != nil && r.Token.(int) < s.token.(int) {
		h.t.Errorf("%s: token %v after %v", s.name, r.Token, s.token)
	}
	s.token = r.Token
	e := h.exports[r.Token.(int)][s.name]
	counted := h.compare(s, e, "report")
	withheld, announced := 0, 0
	for w := range r.All() {
		withheld += w.Prefixes
	}
	for _, c := range r.Announced {
		announced += c.Routes
	}
	if withheld+announced != counted || announced != len(s.paths) {
		h.t.Errorf("%s: %d announced and %d withheld of %d prefixes, the peer holds %d", s.name, announced, withheld, counted, len(s.paths))
	}
	for _, f := range s.params.Families {
		if s.ends[f] != 1 {
			h.t.Errorf("report before End-of-RIB")
		}
	}
}
