// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// peer is the other end of a session: it reads what an Out sends and keeps the
// routes that a router would.
type peer struct {
	t      testing.TB
	out    *rib.Out
	params rib.Params
	routes map[netip.Prefix]received // without path identifiers
	paths  map[wire.Path]received    // with them
	stale  map[wire.Path]bool        // not announced again since BoRR
	ends   map[wire.Family]int       // End-of-RIBs by family
	log    []message                 // since the last call of lines
	// lenient: a withdrawal of a route that the peer does not have is fine.
	lenient bool
	// after is called after each UPDATE, if it is set.
	after func()
}

// message is what one UPDATE said.
type message struct {
	kind     string
	prefixes []netip.Prefix
}

func (m message) String() string {
	s := m.kind
	for _, prefix := range m.prefixes {
		s += " " + prefix.String()
	}
	return s
}

// received is a route as the peer decoded it.
type received struct {
	nextHop, linkLocal netip.Addr
	attributes         string
	med                uint32
}

// external returns the parameters of an eBGP session of both families.
func external() rib.Params {
	return rib.Params{
		Families:     []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast},
		External:     true,
		LocalASN:     64512,
		AS4:          true,
		MaxLen:       wire.MaxMessageLen,
		LocalAddress: addr("192.0.2.2"),
		PeerAddress:  addr("192.0.2.1"),
		NodeAddress6: addr("2001:db8::2"),
	}
}

// internal returns the parameters of an iBGP session of both families.
func internal() rib.Params {
	p := external()
	p.External = false
	return p
}

// attach connects a new peer, named as such, to the table.
func attach(t testing.TB, table *rib.Table, name string, p rib.Params) *peer {
	return &peer{
		t: t, out: table.Attach(name, p), params: p,
		routes: make(map[netip.Prefix]received), paths: make(map[wire.Path]received), stale: make(map[wire.Path]bool), ends: make(map[wire.Family]int),
	}
}

// drain reads until nothing is due.
func (p *peer) drain() {
	p.t.Helper()
	for p.step(1 << 16) {
	}
}

// step reads one batch and reports whether there was any.
func (p *peer) step(limit int) bool {
	p.t.Helper()
	batch := p.out.Next(nil, limit)
	if len(batch) == 0 {
		return false
	}
	p.receive(batch)
	p.out.Written()
	return true
}

// lines drains and returns a line for each message since the last call.
func (p *peer) lines() []string {
	p.t.Helper()
	p.drain()
	var lines []string
	for _, m := range p.log {
		lines = append(lines, m.String())
	}
	p.log = nil
	return lines
}

// expect drains and compares the messages since the last call.
func (p *peer) expect(want ...string) {
	p.t.Helper()
	if got := p.lines(); !slices.Equal(got, want) {
		p.t.Errorf("messages:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// receive applies the messages of a batch.
func (p *peer) receive(batch []byte) {
	p.t.Helper()
	r := wire.NewReader(bytes.NewReader(batch))
	r.SetMaxLen(p.params.MaxLen)
	for {
		kind, body, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil && kind == wire.TypeRouteRefresh {
			p.refresh(body)
			continue
		}
		if err != nil || kind != wire.TypeUpdate {
			p.t.Fatalf("read %v, %v, want an UPDATE", kind, err)
		}
		var u wire.Update
		err = wire.ParseUpdate(body, wire.UpdateOptions{
			AS4: p.params.AS4, EBGP: p.params.External, Families: p.params.Families, AddPath: p.params.AddPath,
			ExtendedNextHop: p.params.ExtendedNextHop,
		}, &u)
		if err != nil {
			p.t.Fatalf("UPDATE %x: %v", body, err)
		}
		p.apply(&u)
		if p.after != nil {
			p.after()
		}
	}
}

// refresh takes a BoRR or an EoRR, which drops what did not come again (RFC 7313 §4.1).
func (p *peer) refresh(body []byte) {
	p.t.Helper()
	r, err := wire.ParseRouteRefresh(body, true)
	if err != nil {
		p.t.Fatalf("ROUTE-REFRESH: %v", err)
	}
	p.log = append(p.log, message{kind: fmt.Sprint("refresh ", r.Subtype, " ", r.Family)})
	for path := range p.paths {
		if path.Prefix.Addr().Is4() != (r.Family == wire.IPv4Unicast) {
			continue
		}
		switch {
		case r.Subtype == wire.RefreshBegin:
			p.stale[path] = true
		case p.stale[path]:
			p.drop(path)
		}
	}
}

func (p *peer) drop(path wire.Path) {
	delete(p.stale, path)
	delete(p.paths, path)
	if path.ID == 0 {
		delete(p.routes, path.Prefix)
	}
}

func (p *peer) apply(u *wire.Update) {
	p.t.Helper()
	if f, ok := u.EndOfRIB(); ok {
		p.ends[f]++
		p.log = append(p.log, message{kind: "end-of-rib " + f.String()})
		return
	}
	switch {
	case len(u.Withdrawn) > 0:
		p.withdraw(wire.IPv4Unicast, u.Withdrawn)
	case u.MPUnreach != nil:
		p.withdraw(u.MPUnreach.Family, u.MPUnreach.NLRI)
	case len(u.NLRI) > 0:
		p.announce(wire.IPv4Unicast, u, u.NLRI, received{nextHop: u.Attributes.NextHop})
	case u.MPReach != nil:
		m := u.MPReach
		p.announce(m.Family, u, m.NLRI, received{nextHop: m.NextHop, linkLocal: m.LinkLocal})
	default:
		p.t.Fatalf("UPDATE without NLRI: %+v", u)
	}
}

func (p *peer) announce(f wire.Family, u *wire.Update, nlri []byte, r received) {
	p.t.Helper()
	r.attributes, r.med = describe(&u.Attributes), u.Attributes.MED
	m := message{kind: "announce"}
	for path, err := range wire.Paths(f, slices.Contains(p.params.AddPath, f), nlri) {
		if err != nil {
			p.t.Fatalf("NLRI: %v", err)
		}
		p.paths[path] = r
		delete(p.stale, path)
		if path.ID == 0 {
			p.routes[path.Prefix] = r
		}
		m.prefixes = append(m.prefixes, path.Prefix)
	}
	p.log = append(p.log, m)
}

func (p *peer) withdraw(f wire.Family, nlri []byte) {
	p.t.Helper()
	m := message{kind: "withdraw"}
	for path, err := range wire.Paths(f, slices.Contains(p.params.AddPath, f), nlri) {
		if err != nil {
			p.t.Fatalf("NLRI: %v", err)
		}
		if _, ok := p.paths[path]; !ok && !p.lenient {
			p.t.Errorf("%v is withdrawn, which was never announced", path)
		}
		p.drop(path)
		m.prefixes = append(m.prefixes, path.Prefix)
	}
	p.log = append(p.log, m)
}

// decoded is what a decoder makes of attributes: MED and ONLY_TO_CUSTOMER are values, also where they were given raw.
func decoded(a *wire.Attributes) *wire.Attributes {
	d := *a
	d.Unknown = slices.DeleteFunc(slices.Clone(a.Unknown), func(r wire.RawAttribute) bool {
		switch {
		case r.Type == wire.AttrMED && !d.HasMED:
			d.MED, d.HasMED = binary.BigEndian.Uint32(r.Value), true
		case r.Type == wire.AttrOTC && !d.HasOTC:
			d.OTC, d.HasOTC = binary.BigEndian.Uint32(r.Value), true
		}
		return r.Type == wire.AttrMED || r.Type == wire.AttrOTC
	})
	return &d
}

// describe prints attributes for people, those that are absent left out.
func describe(a *wire.Attributes) string {
	a = decoded(a)
	s := []string{"origin " + a.Origin.String(), "path [" + a.ASPath.String() + "]"}
	if a.HasMED {
		s = append(s, fmt.Sprint("med ", a.MED))
	}
	if a.HasLocalPref {
		s = append(s, fmt.Sprint("local-pref ", a.LocalPref))
	}
	for _, c := range a.Communities {
		s = append(s, c.String())
	}
	for _, c := range a.LargeCommunities {
		s = append(s, c.String())
	}
	for _, c := range a.ExtendedCommunities {
		s = append(s, c.String())
	}
	for _, r := range a.Unknown {
		s = append(s, fmt.Sprintf("%d:%x", r.Type, r.Value))
	}
	if a.Aggregator.Addr.IsValid() {
		s = append(s, fmt.Sprint("aggregator ", a.Aggregator))
	}
	if a.HasOTC {
		s = append(s, fmt.Sprint("otc ", a.OTC))
	}
	if a.AtomicAggregate {
		s = append(s, "atomic aggregate")
	}
	if a.OriginatorID.IsValid() || len(a.ClusterList) > 0 {
		s = append(s, fmt.Sprint("originator ", a.OriginatorID, " clusters ", a.ClusterList))
	}
	return strings.Join(s, ", ")
}

// prefixes returns what the peer holds, in order.
func (p *peer) prefixes() []netip.Prefix {
	return slices.SortedFunc(maps.Keys(p.routes), netip.Prefix.Compare)
}

// poked reports whether a channel holds a token, and takes it.
func poked(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func ptr[T any](v T) *T { return &v }

// announcement returns an announcement of prefixes, each written as "10.0.0.0/24"
// or, for its subnets of one length, as "10.0.0.0/23 24".
func announcement(name string, a rib.Attributes, prefixes ...string) *rib.Announcement {
	x := &rib.Announcement{ID: name, Name: "test/" + name, Attributes: a}
	var ranges []rib.PrefixRange
	for _, s := range prefixes {
		prefix, length, deaggregated := strings.Cut(s, " ")
		r := rib.PrefixRange{Prefix: netip.MustParsePrefix(prefix)}
		r.Length = r.Prefix.Bits()
		if deaggregated {
			if _, err := fmt.Sscan(length, &r.Length); err != nil {
				panic(err)
			}
		}
		ranges = append(ranges, r)
	}
	x.Prefixes = rib.NewPrefixes(ranges...)
	return x
}

// export returns the exports of one peer, named tor.
func export(token any, announcements ...*rib.Announcement) map[string]rib.Export {
	return map[string]rib.Export{"tor": {Announcements: rib.NewList(announcements...), Token: token}}
}

// none are attributes that leave everything unset.
var none rib.Attributes

// update replaces the exports. Precedence is that of the lists, of the first peer by name where they say nothing of two.
func update(table *rib.Table, exports map[string]rib.Export) {
	var all []*rib.Announcement
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(exports)) {
		for a := range exports[name].Announcements.All() {
			if !seen[a.ID] {
				seen[a.ID] = true
				all = append(all, a)
			}
		}
	}
	table.Update(rib.NewList(all...), exports)
}
