// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// held is a route in a router's table.
type held struct {
	route   string
	since   int // the first configuration that it can be from
	number  int // among all routes received
	repeats int // how often it came without a change
}

// refresh is what a router asked for of a family.
type refresh struct {
	asked int // how often
	since int // routes that had been received when it last did
	begun int // how many had been when the speaker said that it begins (RFC 7313)
	going bool
}

// update takes an UPDATE. Called with mu held.
func (c *conversation) update(body []byte) {
	c.messages++
	var u wire.Update
	options := wire.UpdateOptions{
		AS4:  c.offers.FourOctetAS != 0 && c.opened.Capabilities.FourOctetAS != 0,
		EBGP: c.link.external, ExtendedNextHop: c.link.extendedNextHop, AddPath: c.link.addPath,
		Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast},
	}
	if err := wire.ParseUpdate(body, options, &u); err != nil {
		c.fail("malformed UPDATE %x: %v", body, err)
		return
	}
	if f, ok := u.EndOfRIB(); ok {
		c.endOfRIB(f)
		return
	}
	c.checkRate()
	kinds := 0
	if len(u.Withdrawn) > 0 {
		kinds++
		c.each(wire.IPv4Unicast, u.PathIDs, u.Withdrawn, c.withdraw)
	}
	if m := u.MPUnreach; m != nil {
		kinds++
		c.each(m.Family, m.PathIDs, m.NLRI, c.withdraw)
	}
	if len(u.NLRI) > 0 {
		kinds++
		route := describe([]netip.Addr{u.Attributes.NextHop}, &u.Attributes)
		c.each(wire.IPv4Unicast, u.PathIDs, u.NLRI, func(p wire.Path) { c.announce(p, route) })
	}
	if m := u.MPReach; m != nil {
		kinds++
		hops := []netip.Addr{m.NextHop}
		if m.LinkLocal.IsValid() {
			hops = append(hops, m.LinkLocal)
		}
		route := describe(hops, &u.Attributes)
		c.each(m.Family, m.PathIDs, m.NLRI, func(p wire.Path) { c.announce(p, route) })
	}
	if kinds != 1 {
		c.fail("UPDATE with %d kinds of NLRI (RFC 7606 §5.1): %x", kinds, body)
	}
}

// each calls f for the prefixes of NLRI. Called with mu held.
func (c *conversation) each(family wire.Family, pathIDs bool, nlri []byte, f func(wire.Path)) {
	if !slices.Contains(c.link.families, family) {
		c.fail("UPDATE of the family %v, which was not negotiated", family)
		return
	}
	for p, err := range wire.Paths(family, pathIDs, nlri) {
		if err != nil {
			c.fail("NLRI %x: %v", nlri, err)
			return
		}
		f(p)
	}
}

// model is what the peer may be sent under a configuration. Called with mu held.
func (c *conversation) model(config int) []offer {
	offers, known := c.models[config]
	if !known {
		offers = c.link.model(c.configs[config])
		c.models[config] = offers
	}
	return offers
}

// wanted is what the peer is to hold for a prefix under a configuration. Called with mu held.
func (c *conversation) wanted(config int, p wire.Path) string {
	return c.link.wants(c.model(config), p)
}

// ever reports whether under one of the configurations from one on the peer is to hold a route for which f is true, and the
// first of them. Called with mu held.
func (c *conversation) ever(from int, p wire.Path, f func(route string) bool) (int, bool) {
	for i := from; i < len(c.configs); i++ {
		if f(c.wanted(i, p)) {
			return i, true
		}
	}
	return 0, false
}

// from is the configuration that what was received last for a prefix is from: nothing older may follow. Called with mu
// held.
func (c *conversation) from(p wire.Path) int {
	if old, holds := c.table[p]; holds {
		return old.since
	}
	return max(c.gone[p], c.began)
}

// announce takes a route. It is right if it is what some configuration wants, of those from the one on that what came
// before it is from. One that the peer holds already is to have changed meanwhile, or to be asked for. Called with mu held.
func (c *conversation) announce(p wire.Path, route string) {
	last := c.from(p)
	since, ok := c.ever(last, p, func(r string) bool { return r == route })
	if !ok {
		c.fail("announced %v %s: configuration %d wants %q, the newest %q", p, route, last, c.wanted(last, p), c.wanted(len(c.configs)-1, p))
		since = last
	}
	c.received++
	next := held{route: route, since: since, number: c.received}
	if old, holds := c.table[p]; holds && old.route == route && !c.explained(last, p, route) {
		if next.repeats = old.repeats + 1; next.repeats > c.refreshes[family(p)].asked {
			c.fail("announced %v %s again, configurations %d to %d all want it", p, route, last, len(c.configs)-1)
		}
	}
	delete(c.gone, p)
	c.table[p] = next
}

// explained reports whether a route may come again, without having been asked for, because of the configurations after one.
// Either it was wanted, then not, and then again, and neither change was sent. Or the prefix has other candidates now, be it
// that none of them won; or what the peer's routes are made of changed, be it without an effect on this one; or anything did
// while all routes were being sent, or before the session was at rest for the first time. Called with mu held.
func (c *conversation) explained(last int, p wire.Path, route string) bool {
	i, changed := c.ever(last, p, func(r string) bool { return r != route })
	if _, back := c.ever(i, p, func(r string) bool { return r == route }); changed && back {
		return true
	}
	if all := c.rested < 0 || c.refreshes[family(p)].asked > 0; all && c.began < len(c.configs)-1 {
		return true
	}
	for i := max(c.began, c.rested) + 1; i < len(c.configs); i++ {
		if c.readdressed(c.configs[i-1], c.configs[i]) {
			return true // all routes were sent then
		}
	}
	for i := last + 1; i < len(c.configs); i++ {
		before, now := exportTo(c.configs[i-1], c.name), exportTo(c.configs[i], c.name)
		if !before.Defaults.Equal(&now.Defaults) || before.RatePerSecond != now.RatePerSecond ||
			!slices.EqualFunc(candidates(c.configs[i-1], p), candidates(c.configs[i], p), (*rib.Announcement).Equal) {
			return true
		}
	}
	return false
}

// exportTo is what a configuration has for a peer, nothing if that is not among its peers.
func exportTo(cfg *speaker.Config, peer string) speaker.Export {
	for i, p := range cfg.Peers {
		if p.Name == peer {
			return cfg.Exports[i]
		}
	}
	return speaker.Export{}
}

// candidates are the announcements that have a prefix.
func candidates(cfg *speaker.Config, p wire.Path) []*rib.Announcement {
	var list []*rib.Announcement
	for a := range cfg.Announcements.All() {
		for r := range a.Prefixes.All() {
			if r.Length == p.Prefix.Bits() && r.Prefix.Overlaps(p.Prefix) {
				list = append(list, a)
				break
			}
		}
	}
	return list
}

// withdraw takes a withdrawal. It is right if some configuration from the one on that the route is from does not want any.
// One of what the peer does not hold is harmless, and right under the same condition: a speaker need not remember what it
// told whom. Called with mu held.
func (c *conversation) withdraw(p wire.Path) {
	last := c.from(p)
	since, ok := c.ever(last, p, func(r string) bool { return r == "" })
	if !ok {
		c.fail("withdrew %v without a cause: configurations %d to %d all want it", p, last, len(c.configs)-1)
		since = last
	}
	delete(c.table, p)
	c.gone[p] = since
}

// endOfRIB takes an End-of-RIB: what all configurations since the session began want is there. Called with mu held.
func (c *conversation) endOfRIB(f wire.Family) {
	if c.ends[f]++; c.ends[f] > 1 {
		c.fail("%d End-of-RIBs for %v", c.ends[f], f)
	}
	if !slices.Contains(c.link.families, f) {
		c.fail("End-of-RIB for the family %v, which was not negotiated", f)
		return
	}
	missing := 0
	c.link.paths(c.model(len(c.configs)-1), func(p wire.Path) {
		if _, holds := c.table[p]; holds || family(p) != f {
			return
		}
		if _, absent := c.ever(c.began, p, func(r string) bool { return r == "" }); !absent {
			missing++
		}
	})
	if missing > 0 {
		c.fail("End-of-RIB for %v before %d of the routes", f, missing)
	}
}

// compare holds the table against the newest configuration. Called with mu held.
func (c *conversation) compare() {
	newest := len(c.configs) - 1
	missing := map[wire.Path]bool{}
	c.link.paths(c.model(newest), func(p wire.Path) {
		if _, holds := c.table[p]; !holds {
			missing[p] = true
		}
	})
	wrong := 0
	for p := range missing {
		if wrong++; wrong <= 3 {
			c.fail("at rest: no %v, want %s", p, c.wanted(newest, p))
		}
	}
	for p, h := range c.table {
		want := c.wanted(newest, p)
		stale := h.number <= c.refreshes[family(p)].since
		if want == h.route && !stale {
			continue
		}
		if wrong++; wrong <= 3 {
			c.fail("at rest: %v %s, want %q; not sent again after a ROUTE-REFRESH: %t", p, h.route, want, stale)
		}
	}
	if wrong > 3 {
		c.fail("at rest: %d of %d routes are wrong", wrong, len(c.table)+len(missing))
	}
	for _, f := range c.link.families {
		if c.ends[f] != 1 || c.refreshes[f].going {
			c.fail("at rest: %d End-of-RIBs for %v, a refresh goes on: %t", c.ends[f], f, c.refreshes[f].going)
		}
	}
}
