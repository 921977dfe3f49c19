// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"slices"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
)

// ask sends ROUTE-REFRESHes for a family.
func (c *conversation) ask(f wire.Family, times int) {
	c.mu.Lock()
	if !c.established || !c.offers.RouteRefresh || !c.opened.Capabilities.RouteRefresh {
		c.mu.Unlock()
		return
	}
	var b []byte
	for range times {
		b = wire.RouteRefresh{Family: f}.Append(b)
	}
	if r := c.refreshes[f]; r != nil {
		r.asked, r.since = r.asked+times, c.received
	}
	c.mu.Unlock()
	_, _ = c.conn.Write(b) // the reader sees that it is over
}

// refreshed takes a BoRR or an EoRR (RFC 7313 §4). What did not come again in between is gone. Called with mu held.
func (c *conversation) refreshed(body []byte) {
	m, err := wire.ParseRouteRefresh(body, true)
	if err != nil {
		c.fail("ROUTE-REFRESH: %v", err)
		return
	}
	r := c.refreshes[m.Family]
	switch {
	case !c.offers.EnhancedRefresh || !c.opened.Capabilities.EnhancedRefresh || r == nil || r.asked == 0:
		c.fail("ROUTE-REFRESH %+v, which was not asked for", m)
	case m.Subtype == wire.RefreshBegin && !r.going && c.ends[m.Family] == 1:
		r.going, r.begun = true, c.received
	case m.Subtype == wire.RefreshEnd && r.going:
		r.going = false
		for p, h := range c.table {
			if family(p) == m.Family && h.number <= r.begun {
				c.withdraw(p)
			}
		}
	default:
		c.fail("ROUTE-REFRESH %+v out of turn", m)
	}
}

// bucket follows a rate limit: in any time T at most r x T + r UPDATEs.
type bucket struct {
	tokens float64
	filled time.Time
}

// checkRate counts an UPDATE against the highest of the limits that held since the session began. It knows nothing of one
// whose bytes were held up. Called with mu held.
func (c *conversation) checkRate() {
	highest := 0
	for _, cfg := range c.configs[c.began:] {
		i := slices.IndexFunc(cfg.Peers, func(p *speaker.Peer) bool { return p.Name == c.name })
		if i < 0 || cfg.Peers[i].AdminDown || cfg.Exports[i].RatePerSecond == 0 {
			return
		}
		highest = max(highest, cfg.Exports[i].RatePerSecond)
	}
	if c.heldUp {
		return
	}
	rate, now := float64(highest), time.Now()
	if c.bucket.filled.IsZero() {
		c.bucket = bucket{rate, now}
	}
	c.bucket = bucket{min(rate, c.bucket.tokens+now.Sub(c.bucket.filled).Seconds()*rate) - 1, now}
	if c.bucket.tokens < -0.01 {
		c.fail("more than %d UPDATEs a second", highest)
	}
}
