// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// Of the peer of these tests: restart time, and the long-lived stale time of IPv4; IPv6 has none.
const (
	restartTime = time.Minute
	staleTime   = 10 * time.Minute
)

// longLiving is the OPEN of preserving with long-lived graceful restart.
func longLiving(change ...func(*wire.Capabilities)) *wire.Open {
	o := preserving(false)
	o.Capabilities.LongLived = []wire.LongLivedFamily{{Family: wire.IPv4Unicast, Forwarding: true, StaleTime: staleTime}}
	for _, c := range change {
		c(&o.Capabilities)
	}
	return o
}

// keepsLongLived is a configuration that reports routes and offers long-lived graceful restart.
func keepsLongLived() *speaker.Config {
	return config(peerConfig(passive, report(10), func(p *given) { p.GracefulRestart.LongLivedStaleTime = time.Hour }))
}

// reachable6 is an UPDATE of the peer's for an IPv6 prefix.
func reachable6(prefix string) []byte {
	a := &wire.Attributes{ASPath: wire.ASPath{{Type: wire.ASSequence, ASNs: []uint32{64500}}}}
	nlri := wire.AppendPrefix(nil, netip.MustParsePrefix(prefix))
	return wire.AppendReach(nil, wire.IPv6Unicast, wire.NewAttributeBlock(a, wire.EncodeOptions{AS4: true}),
		[]netip.Addr{netip.MustParseAddr("2001:db8::1")}, nlri)
}

// loseLongLived is a peer with routes that goes away for longer than its restart time. One of its routes has NO_LLGR, and one
// has LLGR_STALE already.
func (w *world) loseLongLived(open *wire.Open) {
	w.Helper()
	p := w.arrive(open)
	p.Send(reachable("198.51.100.0/24"))
	p.Send(reachableWith(&wire.Attributes{Communities: []wire.Community{wire.CommunityNoLLGR}}, "203.0.113.0/24"))
	p.Send(reachableWith(&wire.Attributes{Communities: []wire.Community{wire.CommunityLLGRStale}}, "203.0.113.128/25"))
	p.Send(reachable6("2001:db8:1::/48"))
	w.expectReceived("198.51.100.0/24", "203.0.113.0/24", "203.0.113.128/25 long-lived", "2001:db8:1::/48")
	p.Conn.Close()
	synctest.Wait()
}

// expectLongLived wants IPv4 alone to be stale, and for long.
func (w *world) expectLongLived(left time.Duration) {
	w.Helper()
	synctest.Wait()
	r := w.snapshot().PeerRestart
	if r == nil || len(r.Families) != 1 || r.Families[0].Family != wire.IPv4Unicast || !r.Families[0].LongLived ||
		time.Until(r.Families[0].Until) != left {
		w.Errorf("restart %+v, want IPv4 long-lived for %v", r, left)
	}
}

// RFC 9494 §4.2: after the restart time the routes are kept for the long-lived stale time of their family, those with NO_LLGR
// and of a family without a stale time are not.
func TestLongLivedStaleRoutes(t *testing.T) {
	run(t, func(w *world) {
		w.apply(keepsLongLived())
		w.loseLongLived(longLiving())
		time.Sleep(restartTime - time.Second) // the bubble's clock
		w.expectReceived("198.51.100.0/24 stale", "203.0.113.0/24 stale", "203.0.113.128/25 stale long-lived", "2001:db8:1::/48 stale")
		w.speaker.TakeChanged()
		time.Sleep(time.Second) // the bubble's clock
		w.expectReceived("198.51.100.0/24 stale long-lived", "203.0.113.128/25 stale long-lived")
		w.expectLongLived(staleTime)
		if changed := w.speaker.TakeChanged(); len(changed) != 1 {
			t.Errorf("changed: %v", changed)
		}
		time.Sleep(staleTime - time.Second) // the bubble's clock
		w.expectReceived("198.51.100.0/24 stale long-lived", "203.0.113.128/25 stale long-lived")
		time.Sleep(time.Second) // the bubble's clock
		w.expectReceived()
		w.expectRestarting()
	})
}

// RFC 9494 §4.2: a peer that comes back later has its stale routes kept until its End-of-RIB, or the end of the stale time.
func TestLongLivedPeerReturns(t *testing.T) {
	const away = 3 * time.Minute
	for name, then := range map[string]func(w *world, p *bgptest.Peer){
		"End-of-RIB": func(w *world, p *bgptest.Peer) {
			p.Send(wire.AppendEndOfRIB(nil, wire.IPv4Unicast))
			w.expectReceived("198.51.100.0/24")
			p.Conn.Close() // all begins anew
			w.expectReceived("198.51.100.0/24 stale")
			time.Sleep(restartTime) // the bubble's clock
			w.expectLongLived(staleTime)
			w.expectReceived("198.51.100.0/24 stale long-lived")
		},
		"no End-of-RIB": func(w *world, p *bgptest.Peer) {
			for left := restartTime + staleTime - away; left > 0; left -= restartTime {
				w.expectReceived("198.51.100.0/24", "203.0.113.128/25 stale long-lived")
				p.Send(wire.AppendKeepalive(nil))
				time.Sleep(restartTime) // the bubble's clock
			}
			w.expectReceived("198.51.100.0/24")
			p.Conn.Close()
			w.expectReceived() // RFC 9494 §4.2: the stale time ended, and the peer never was back with its End-of-RIB
		},
		"lost again": func(w *world, p *bgptest.Peer) {
			p.Send(reachableWith(&wire.Attributes{Communities: []wire.Community{wire.CommunityNoLLGR}}, "203.0.113.0/24"))
			p.Send(reachable6("2001:db8:2::/48"))
			w.expectReceived("198.51.100.0/24", "203.0.113.0/24", "203.0.113.128/25 stale long-lived", "2001:db8:2::/48")
			p.Conn.Close()
			w.expectReceived("198.51.100.0/24 stale long-lived", "203.0.113.128/25 stale long-lived", "2001:db8:2::/48 stale")
			time.Sleep(restartTime)  // the bubble's clock
			left := staleTime - away // the stale time is the one that began before
			w.expectLongLived(left)
			w.expectReceived("198.51.100.0/24 stale long-lived", "203.0.113.128/25 stale long-lived")
			time.Sleep(left) // the bubble's clock
			w.expectReceived()
		},
		"refused": func(w *world, p *bgptest.Peer) {
			p.Send(wire.NewCease(wire.CeaseAdminReset, "").Append(nil)) // without RFC 8538 the end of all
			w.expectReceived()
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				w.apply(keepsLongLived())
				w.loseLongLived(longLiving())
				time.Sleep(away) // the bubble's clock
				p := w.arrive(longLiving())
				p.Send(reachable("198.51.100.0/24"))
				w.expectReceived("198.51.100.0/24", "203.0.113.128/25 stale long-lived")
				w.expectLongLived(restartTime + staleTime - away)
				then(w, p)
			})
		})
	}
}

// RFC 4724 §4.2 gives up what was stale before a second restart; RFC 9494 §4.2 does not where there is a long-lived stale time.
func TestLongLivedConsecutiveRestarts(t *testing.T) {
	run(t, func(w *world) {
		w.apply(keepsLongLived())
		w.loseLongLived(longLiving())
		time.Sleep(restartTime / 2) // the bubble's clock
		p := w.arrive(longLiving())
		p.Send(reachable("198.51.100.0/24"))
		p.Send(reachable6("2001:db8:2::/48"))
		w.expectReceived("198.51.100.0/24", "203.0.113.0/24 stale", "203.0.113.128/25 stale long-lived",
			"2001:db8:1::/48 stale", "2001:db8:2::/48")
		p.Conn.Close()
		w.expectReceived("198.51.100.0/24 stale", "203.0.113.0/24 stale", "203.0.113.128/25 stale long-lived", "2001:db8:2::/48 stale")
		time.Sleep(restartTime) // the bubble's clock
		w.expectLongLived(staleTime)
		w.expectReceived("198.51.100.0/24 stale long-lived", "203.0.113.128/25 stale long-lived")
	})
}

// RFC 9494 §4.2, RFC 4724 §4.2: a peer that comes back without what it promised has its stale routes given up at once.
func TestLongLivedIsGivenUp(t *testing.T) {
	for name, back := range map[string]*wire.Open{
		"forwarding was lost":             longLiving(func(c *wire.Capabilities) { c.LongLived[0].Forwarding = false }),
		"forwarding was lost by RFC 4724": longLiving(func(c *wire.Capabilities) { c.GracefulRestart.Families[0].Forwarding = false }),
		"without the family":              longLiving(func(c *wire.Capabilities) { c.LongLived[0].Family = wire.IPv6Unicast }),
		"without the capability":          preserving(false),
		"without either capability":       bgptest.Open(64500, them.String(), 90, wire.IPv4Unicast),
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				w.apply(keepsLongLived())
				w.loseLongLived(longLiving())
				time.Sleep(restartTime) // the bubble's clock
				w.expectLongLived(staleTime)
				w.arrive(back)
				w.expectReceived()
				w.expectRestarting()
			})
		})
	}
}

// RFC 9494 §4.2: where the restart time is zero, or the family is not one that RFC 4724 is for, the long-lived stale time
// begins at once. Neither begins where we did not offer it.
func TestLongLivedAlone(t *testing.T) {
	alone := longLiving(func(c *wire.Capabilities) { c.GracefulRestart.Families = nil })
	noTime := longLiving(func(c *wire.Capabilities) { c.GracefulRestart.RestartTime = 0 })
	for name, open := range map[string]*wire.Open{"no restart time": noTime, "no family": alone} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				w.apply(keepsLongLived())
				w.loseLongLived(open)
				w.expectLongLived(staleTime)
				w.expectReceived("198.51.100.0/24 stale long-lived", "203.0.113.128/25 stale long-lived")
				p := w.arrive(open)
				p.Send(wire.AppendEndOfRIB(nil, wire.IPv4Unicast))
				w.expectReceived()
				w.expectRestarting()
			})
		})
	}
	t.Run("not offered", func(t *testing.T) {
		run(t, func(w *world) {
			w.apply(config(peerConfig(passive, report(10))))
			w.loseLongLived(longLiving())
			time.Sleep(restartTime) // the bubble's clock
			w.expectReceived()
			w.expectRestarting()
		})
	})
}

// A peer that is removed, or shut down, takes its stale routes along. One that is blocked does not: a live session goes on too.
func TestLongLivedPeerIsGone(t *testing.T) {
	for name, end := range map[string]*speaker.Config{
		"removed":   config(),
		"another":   config(peerConfig(passive, report(10), func(p *given) { p.PeerASN = 64501 })),
		"shut down": config(peerConfig(passive, report(10), func(p *given) { p.AdminDown = true })),
		"blocked":   config(peerConfig(passive, report(10), func(p *given) { p.Blocked = keyMissing })),
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				w.apply(keepsLongLived())
				w.loseLongLived(longLiving())
				time.Sleep(restartTime) // the bubble's clock
				w.expectLongLived(staleTime)
				w.apply(end)
				if name == "blocked" {
					w.expectLongLived(staleTime)
					return
				}
				if name == "removed" {
					w.apply(keepsLongLived())
				}
				w.expectReceived()
				w.expectRestarting()
			})
		})
	}
}
