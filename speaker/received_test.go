// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// report keeps up to so many routes.
func report(limit int, onLimit ...speaker.ReceiveLimit) func(*given) {
	r := speaker.Receive{Mode: speaker.ReceiveReport, MaxPrefixes: limit}
	if len(onLimit) > 0 {
		r.OnLimit = onLimit[0]
	}
	return func(p *given) { p.Receive = r }
}

// arrive is the peer's connection, Established.
func (w *world) arrive(open *wire.Open) *bgptest.Peer {
	w.Helper()
	p := w.dial(netip.AddrPortFrom(us, 179), "")
	p.Handshake(open)
	w.expectState(speaker.StateEstablished)
	return p
}

// reachable is an UPDATE of the peer's for IPv4 prefixes.
func reachable(list ...string) []byte { return reachableWith(&wire.Attributes{}, list...) }

func reachableWith(a *wire.Attributes, list ...string) []byte {
	a.ASPath = wire.ASPath{{Type: wire.ASSequence, ASNs: []uint32{64500}}}
	var nlri []byte
	for _, p := range list {
		nlri = wire.AppendPrefix(nlri, netip.MustParsePrefix(p))
	}
	block := wire.NewAttributeBlock(a, wire.EncodeOptions{AS4: true})
	return wire.AppendReach(nil, wire.IPv4Unicast, block, []netip.Addr{them}, nlri)
}

func unreachable(list ...string) []byte {
	var nlri []byte
	for _, p := range list {
		nlri = wire.AppendPrefix(nlri, netip.MustParsePrefix(p))
	}
	return wire.AppendUnreach(nil, wire.IPv4Unicast, nlri)
}

// hosts are so many IPv4 prefixes.
func hosts(from, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("10.0.%d.%d/32", (from+i)>>8, (from+i)&255)
	}
	return list
}

// expectReceived wants the prefixes to be kept, with "stale", "leaked" or "long-lived" behind those that are.
func (w *world) expectReceived(want ...string) {
	w.Helper()
	synctest.Wait()
	var got []string
	err := w.speaker.Received(torID, func(r adjin.Route) bool {
		line := r.NLRI.Prefix.String()
		if r.Stale {
			line += " stale"
		}
		if r.Leaked {
			line += " leaked"
		}
		if slices.Contains(r.Attributes.Communities, wire.CommunityLLGRStale) {
			line += " long-lived"
		}
		got = append(got, line)
		return true
	})
	if err != nil || !slices.Equal(got, want) {
		w.Errorf("received %v, %v; want %v", got, err, want)
	}
}

// expectCounts wants so many routes kept of IPv4, and the peer to have others or not.
func (w *world) expectCounts(routes int, excess bool) {
	w.Helper()
	synctest.Wait()
	r := w.snapshot().Received
	if r == nil || len(r.Families) == 0 || r.Families[0].Family != wire.IPv4Unicast || r.Families[0].Routes != routes || r.Excess != excess {
		w.Errorf("received %+v, want %d routes, excess %v", r, routes, excess)
	}
}

// expectRefresh takes a ROUTE-REFRESH for each negotiated family, after any number of UPDATEs and KEEPALIVEs.
func expectRefresh(w *world, p *bgptest.Peer) {
	w.Helper()
	for _, family := range w.snapshot().Negotiated.Families {
		m, err := p.Next()
		for m.Type() == wire.TypeUpdate || m.Type() == wire.TypeKeepalive {
			m, err = p.Next()
		}
		if m.Type() != wire.TypeRouteRefresh {
			w.Fatalf("got %v, %v, want a ROUTE-REFRESH", m, err)
		}
		if r, err := wire.ParseRouteRefresh(m.Body(), false); err != nil || r != (wire.RouteRefresh{Family: family}) {
			w.Errorf("asked for %+v, %v, want %v", r, err, family)
		}
	}
}

func TestReceivedRoutesAreKept(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive, report(0))))
		p := w.arrive(theirOpen(false))
		w.expectCounts(0, false)
		p.Send(reachable("198.51.100.0/24", "203.0.113.0/24"))
		w.expectReceived("198.51.100.0/24", "203.0.113.0/24")
		w.speaker.TakeChanged()
		p.Send(unreachable("198.51.100.0/24"))
		w.expectReceived("203.0.113.0/24")
		time.Sleep(time.Second) // the bubble's clock
		synctest.Wait()
		if changed := w.speaker.TakeChanged(); len(changed) != 1 {
			w.Errorf("changed: %v", changed)
		}
		// RFC 7606: an ORIGIN of 3 is treated as a withdrawal.
		malformed, err := hex.DecodeString("ffffffffffffffffffffffffffffffff" + "002f0200000014" + "40010103" + "400206" + "02010000fbf4" +
			"400304c0000201" + "18cb0071")
		if err != nil {
			t.Fatal(err)
		}
		p.Send(malformed)
		w.expectReceived()
		w.expectState(speaker.StateEstablished)
		if limit := w.snapshot().Received.Limit; limit != 1000 {
			w.Errorf("limit %d, want 1000", limit)
		}
		p.Send(reachable("203.0.113.0/24"))
		p.Conn.Close()
		w.expectReceived() // no graceful restart was negotiated
		if err := w.speaker.Received(speaker.SessionID{Peer: "none"}, nil); err == nil {
			w.Error("routes of a peer that there is not")
		}
	})
}

func TestIgnoredRoutesAreNotKept(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive)))
		p := w.arrive(theirOpen(false))
		p.Send(reachable("198.51.100.0/24"))
		w.expectReceived()
		if s := w.snapshot(); s.Received != nil || s.Messages.ReceivedReachable != 1 {
			w.Errorf("received %+v, %d NLRI", s.Received, s.Messages.ReceivedReachable)
		}
	})
}

// The mode changes in place: what was ignored is asked for, where the peer can be asked.
func TestReceiveModeChanges(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive)))
		p := w.arrive(theirOpen(false))
		p.Send(reachable("198.51.100.0/24"))
		w.apply(config(peerConfig(passive, report(5))))
		expectRefresh(w, p)
		p.Send(reachable("198.51.100.0/24"))
		w.expectReceived("198.51.100.0/24")
		w.apply(config(peerConfig(passive)))
		w.expectReceived()
		if w.snapshot().Received != nil {
			w.Error("counted though ignored")
		}
		if s := w.snapshot(); s.Flaps != 0 {
			w.Errorf("%d flaps", s.Flaps)
		}
	})
}

func TestPeerCannotBeAsked(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive)))
		open := theirOpen(false)
		open.Capabilities.RouteRefresh = false
		p := w.arrive(open)
		w.apply(config(peerConfig(passive, report(5))))
		p.Send(reachable("198.51.100.0/24")) // as it likes
		w.expectReceived("198.51.100.0/24")
		w.stop(nil)
		for {
			m, err := p.Next()
			if err != nil {
				break
			}
			if m.Type() == wire.TypeRouteRefresh {
				w.Errorf("asked with %v", m)
			}
		}
	})
}

// RFC 4724 §4.2: routes of a peer that restarts are stale until they come again.
func TestReceivedRoutesOverARestart(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive, report(5))))
		p := w.arrive(preserving(false))
		p.Send(reachable("198.51.100.0/24", "203.0.113.0/24"))
		w.expectReceived("198.51.100.0/24", "203.0.113.0/24")
		p.Conn.Close()
		w.expectReceived("198.51.100.0/24 stale", "203.0.113.0/24 stale")
		p = w.arrive(preserving(false))
		p.Send(reachable("203.0.113.0/24"))
		w.expectReceived("198.51.100.0/24 stale", "203.0.113.0/24")
		p.Send(wire.AppendEndOfRIB(nil, wire.IPv4Unicast))
		w.expectReceived("203.0.113.0/24")
		p.Conn.Close()
		w.expectReceived("203.0.113.0/24 stale")
		time.Sleep(61 * time.Second) // the bubble's clock: it does not come back
		w.expectReceived()
	})
}

func TestRestartWithoutForwarding(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive, report(5))))
		p := w.arrive(preserving(false))
		p.Send(reachable("198.51.100.0/24"))
		w.expectReceived("198.51.100.0/24")
		p.Conn.Close()
		open := preserving(false)
		open.Capabilities.GracefulRestart.Families[0].Forwarding = false
		w.arrive(open)
		w.expectReceived()
	})
}

// RFC 7313 §4: a refresh removes what does not come again. A BoRR before the End-of-RIB of a peer with graceful restart, and
// one of a peer without enhanced refresh, mean nothing.
func TestReceivedRefresh(t *testing.T) {
	mark := func(subtype uint8) []byte {
		return wire.RouteRefresh{Family: wire.IPv4Unicast, Subtype: subtype}.Append(nil)
	}
	for name, test := range map[string]struct {
		enhanced, endOfRIB bool
		want               []string
	}{
		"enhanced":           {enhanced: true, endOfRIB: true, want: []string{"203.0.113.0/24"}},
		"before End-of-RIB":  {enhanced: true, want: []string{"198.51.100.0/24", "203.0.113.0/24"}},
		"without capability": {endOfRIB: true, want: []string{"198.51.100.0/24", "203.0.113.0/24"}},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				w.apply(config(peerConfig(passive, report(5))))
				open := preserving(false)
				open.Capabilities.EnhancedRefresh = test.enhanced
				p := w.arrive(open)
				p.Send(reachable("198.51.100.0/24", "203.0.113.0/24"))
				if test.endOfRIB {
					p.Send(wire.AppendEndOfRIB(nil, wire.IPv4Unicast))
				}
				p.Send(mark(wire.RefreshBegin))
				p.Send(reachable("203.0.113.0/24"))
				p.Send(mark(wire.RefreshEnd))
				w.expectReceived(test.want...)
			})
		})
	}
}

// RFC 4724 §4.2: a session that is lost between BoRR and EoRR leaves all its routes stale, and none is removed.
func TestLossWithinAReceivedRefresh(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive, report(5))))
		open := preserving(false)
		open.Capabilities.EnhancedRefresh = true
		p := w.arrive(open)
		p.Send(reachable("198.51.100.0/24", "203.0.113.0/24"))
		p.Send(wire.AppendEndOfRIB(nil, wire.IPv4Unicast))
		p.Send(wire.RouteRefresh{Family: wire.IPv4Unicast, Subtype: wire.RefreshBegin}.Append(nil))
		p.Send(reachable("198.51.100.0/24"))
		w.expectReceived("198.51.100.0/24", "203.0.113.0/24 stale")
		p.Conn.Close()
		w.expectReceived("198.51.100.0/24 stale", "203.0.113.0/24 stale")
	})
}

// RFC 9234 §5: routes that leaked are ineligible; RFC 4271 §6.3: martians are ignored.
func TestReceivedLeaksAndMartians(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive, report(5), func(p *given) { p.Capabilities.Role = new(wire.RoleProvider) })))
		p := w.arrive(theirOpen(false))
		p.Send(reachableWith(&wire.Attributes{OTC: 1, HasOTC: true}, "198.51.100.0/24", "224.0.0.0/4"))
		p.Send(reachable("203.0.113.0/24"))
		w.expectReceived("198.51.100.0/24 leaked", "203.0.113.0/24")
		if c := w.snapshot().Received.Families[0]; c.Leaked != 1 {
			w.Errorf("%+v", c)
		}
	})
}
