// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// held is a route in a router's table.
type held struct {
	route   string
	since   int // the first configuration that it can be from
	number  int // among all routes received
	repeats int // how often it came without a change
}

// request is the newest ROUTE-REFRESH of a family.
type request struct {
	sent   int // how many
	number int // of routes that had been received
}

// update takes an UPDATE. Called with mu held.
func (c *conversation) update(body []byte) {
	c.messages++
	var u wire.Update
	options := wire.UpdateOptions{
		AS4: c.as4 && c.opened.Capabilities.FourOctetAS != 0, EBGP: c.link.external,
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
	kinds := 0
	if len(u.Withdrawn) > 0 {
		kinds++
		c.each(wire.IPv4Unicast, u.Withdrawn, func(p netip.Prefix) { c.withdraw(p) })
	}
	if u.MPUnreach != nil {
		kinds++
		c.each(u.MPUnreach.Family, u.MPUnreach.NLRI, func(p netip.Prefix) { c.withdraw(p) })
	}
	if len(u.NLRI) > 0 {
		kinds++
		route := describe([]netip.Addr{u.Attributes.NextHop}, &u.Attributes)
		c.each(wire.IPv4Unicast, u.NLRI, func(p netip.Prefix) { c.announce(p, route) })
	}
	if m := u.MPReach; m != nil {
		kinds++
		hops := []netip.Addr{m.NextHop}
		if m.LinkLocal.IsValid() {
			hops = append(hops, m.LinkLocal)
		}
		route := describe(hops, &u.Attributes)
		c.each(m.Family, m.NLRI, func(p netip.Prefix) { c.announce(p, route) })
	}
	if kinds != 1 {
		c.fail("UPDATE with %d kinds of NLRI (RFC 7606 §5.1): %x", kinds, body)
	}
}

// each calls f for the prefixes of NLRI. Called with mu held.
func (c *conversation) each(family wire.Family, nlri []byte, f func(netip.Prefix)) {
	if !slices.Contains(c.link.families, family) {
		c.fail("UPDATE of the family %v, which was not negotiated", family)
		return
	}
	for p, err := range wire.Prefixes(family, nlri) {
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
func (c *conversation) wanted(config int, p netip.Prefix) string { return wants(c.model(config), p) }

// ever reports whether under one of the configurations from one on the peer is to hold a route for which f is true, and the
// first of them. A session that is about to end for its next hop may hold anything. Called with mu held.
func (c *conversation) ever(from int, p netip.Prefix, f func(route string) bool) (int, bool) {
	for i := from; i < len(c.configs); i++ {
		if f(c.wanted(i, p)) || i > c.began && c.readdressed(c.configs[i-1], c.configs[i]) {
			return i, true
		}
	}
	return 0, false
}

// from is the configuration that what was received last for a prefix is from: nothing older may follow. Called with mu
// held.
func (c *conversation) from(p netip.Prefix) int {
	if old, holds := c.table[p]; holds {
		return old.since
	}
	return max(c.gone[p], c.began)
}

// announce takes a route. It is right if it is what some configuration wants, of those from the one on that what came
// before it is from. One that the peer holds already is to have changed meanwhile, or to be asked for. Called with mu held.
func (c *conversation) announce(p netip.Prefix, route string) {
	last := c.from(p)
	since, ok := c.ever(last, p, func(r string) bool { return r == route })
	if !ok {
		c.fail("announced %v %s: configuration %d wants %q, the newest %q", p, route, last, c.wanted(last, p), c.wanted(len(c.configs)-1, p))
		since = last
	}
	c.received++
	next := held{route: route, since: since, number: c.received}
	if old, holds := c.table[p]; holds && old.route == route && !c.churned(last, p, route) {
		if next.repeats = old.repeats + 1; next.repeats > c.refreshes[family(p)].sent {
			c.fail("announced %v %s again, configurations %d to %d all want it", p, route, last, len(c.configs)-1)
		}
	}
	delete(c.gone, p)
	c.table[p] = next
}

// churned reports whether a route was wanted, then not, and then again: neither change needs to have been sent. Called with
// mu held.
func (c *conversation) churned(from int, p netip.Prefix, route string) bool {
	i, changed := c.ever(from, p, func(r string) bool { return r != route })
	_, back := c.ever(i, p, func(r string) bool { return r == route })
	return changed && back
}

// withdraw takes a withdrawal. It is right if some configuration from the one on that the route is from does not want any.
// One of what the peer does not hold is harmless, and right under the same condition: a speaker need not remember what it
// told whom. Called with mu held.
func (c *conversation) withdraw(p netip.Prefix) {
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
	destinations(c.model(len(c.configs)-1), func(p netip.Prefix) {
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
	missing := map[netip.Prefix]bool{}
	destinations(c.model(newest), func(p netip.Prefix) {
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
		stale := h.number <= c.refreshes[family(p)].number
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
		if c.ends[f] != 1 {
			c.fail("at rest: %d End-of-RIBs for %v", c.ends[f], f)
		}
	}
}
