// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// The OPEN offers what is configured, and the snapshot names what was negotiated.
func TestCapabilitiesOnTheWire(t *testing.T) {
	role := wire.RoleCustomer
	ours := speaker.Capabilities{
		AddPath:         []wire.AddPathFamily{{Family: wire.IPv4Unicast, Mode: wire.AddPathSend}},
		ExtendedMessage: true, ExtendedNextHop: true, LinkLocalNextHop: true, Role: &role, RoleStrict: true,
		FQDN: &wire.FQDN{HostName: "node-1", DomainName: "example.net"}, SoftwareVersion: "herald/1.0",
	}
	theirs := theirOpen(true)
	provider := wire.RoleProvider
	theirs.Capabilities = wire.Capabilities{
		Families: []wire.Family{wire.IPv4Unicast}, FourOctetAS: 64500, RouteRefresh: true, EnhancedRefresh: true,
		AddPath:         []wire.AddPathFamily{{Family: wire.IPv4Unicast, Mode: wire.AddPathReceive}},
		ExtendedNextHop: []wire.ExtendedNextHopFamily{{Family: wire.IPv4Unicast, NextHopAFI: wire.AFIIPv6}},
		ExtendedMessage: true, LinkLocalNextHop: true, Role: &provider,
		FQDN: &wire.FQDN{HostName: "tor"}, SoftwareVersion: "router/2",
		GracefulRestart: &wire.GracefulRestart{
			Notifications: true, RestartTime: 60, Families: []wire.GracefulRestartFamily{{Family: wire.IPv4Unicast}},
		},
		LongLived: []wire.LongLivedFamily{{Family: wire.IPv4Unicast, StaleTime: time.Hour}},
	}
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active, func(p *given) {
			p.Capabilities = ours
			p.GracefulRestart.Notifications, p.GracefulRestart.LongLivedStaleTime = true, time.Minute
		})))
		p := bgptest.Accept(w, l)
		p.Handshake(theirs)
		c := p.Opened.Capabilities
		if !reflect.DeepEqual(c.AddPath, ours.AddPath) || !c.ExtendedMessage || !c.LinkLocalNextHop || !c.RouteRefresh ||
			!c.EnhancedRefresh || c.FourOctetAS != ourASN || *c.Role != role || *c.FQDN != *ours.FQDN ||
			c.SoftwareVersion != ours.SoftwareVersion || !reflect.DeepEqual(c.ExtendedNextHop, theirs.Capabilities.ExtendedNextHop) ||
			!c.GracefulRestart.Notifications || len(c.LongLived) != 2 || c.LongLived[0].StaleTime != time.Minute {
			t.Errorf("offered %+v", c)
		}
		w.expectState(speaker.StateEstablished)
		four := []wire.Family{wire.IPv4Unicast}
		want := &speaker.Negotiated{
			HoldTime: 90 * time.Second, Keepalive: 30 * time.Second, Families: four, AS4: true,
			RouteRefresh: true, EnhancedRefresh: true, ExtendedMessage: true, AddPathSend: four, ExtendedNextHop: four,
			LinkLocalNextHop: true, Role: &role, PeerRole: &provider,
			PeerFQDN: &wire.FQDN{HostName: "tor"}, PeerSoftwareVersion: "router/2",
			GracefulRestart: true, PeerRestartTime: time.Minute,
			PeerPreserves: theirs.Capabilities.GracefulRestart.Families, Notifications: true,
			LongLived: theirs.Capabilities.LongLived,
		}
		if got := w.snapshot().Negotiated; !reflect.DeepEqual(got, want) {
			t.Errorf("negotiated %+v\nwant %+v", got, want)
		}
	})
}

// RFC 9234 §4.2.
func TestRoleMismatch(t *testing.T) {
	customer, strict := wire.RoleCustomer, true
	for name, test := range map[string]struct {
		theirs *wire.Role
		strict bool
		text   string
	}{
		"a customer's customer": {
			&customer, false,
			"our role is Customer, which does not go with the peer's, Customer: sent OPEN Message Error / Role Mismatch (2/11)",
		},
		"no role, and ours is strict": {
			nil, strict,
			"our role is Customer, the peer tells none, and the role mode is strict: sent OPEN Message Error / Role Mismatch (2/11)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active, func(p *given) {
					p.Capabilities.Role, p.Capabilities.RoleStrict = &customer, test.strict
				})))
				p := bgptest.Accept(w, l)
				open := theirOpen(true)
				open.Capabilities.Role = test.theirs
				p.ExpectOpen()
				p.Send(open.Append(nil))
				expectNotification(t, p, "02 0b")
				synctest.Wait()
				if e := w.snapshot().LastError; e == nil || e.Text != test.text {
					t.Errorf("error %+v", e)
				}
			})
		})
	}
}

// RFC 8654 §4: whoever offers extended messages takes them; what it sends to a peer that does not stays within 4,096 octets,
// a NOTIFICATION too.
func TestExtendedMessages(t *testing.T) {
	for name, both := range map[string]bool{"both offer them": true, "we alone": false} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active, func(p *given) { p.Capabilities.ExtendedMessage = true })))
				open := theirOpen(true)
				open.Capabilities.ExtendedMessage = both
				p := w.establish(l, open)
				if got := w.snapshot().Negotiated.ExtendedMessage; got != both {
					t.Errorf("negotiated %v", got)
				}
				p.Send(update(t, mandatory+"d0 63 1388"+strings.Repeat("00", 5000), bad))
				if got := w.counts(); got.reachable != 1 {
					t.Errorf("counted %+v", got)
				}
				p.Send(update(t, mandatory+"50 63 1388"+strings.Repeat("00", 5000), bad)) // well-known, and not known
				n := p.ExpectNotification(wire.CodeUpdate, wire.UpdateUnrecognizedWellKnown)
				if length := wire.HeaderLen + 2 + len(n.Data); length != wire.MaxMessageLen {
					t.Errorf("NOTIFICATION of %d octets", length)
				}
			})
		})
	}
}

// RFC 8654 §4: who has not offered to take longer messages refuses them, whatever the peer offered.
func TestExtendedMessagesNotOffered(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		open := theirOpen(true)
		open.Capabilities.ExtendedMessage = true
		p := w.establish(l, open)
		p.Send(header(4097, wire.TypeUpdate))
		expectNotification(t, p, "01 02 1001")
	})
}

// RFC 8654 §4: OPEN and KEEPALIVE never exceed what RFC 4271 says.
func TestExtendedOpenIsRefused(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active, func(p *given) { p.Capabilities.ExtendedMessage = true })))
		open := theirOpen(true)
		open.Capabilities.ExtendedMessage = true
		p := w.establish(l, open)
		p.Send(header(4097, wire.TypeOpen))
		expectNotification(t, p, "01 02 1001")
	})
}

// RFC 7313 §4 and §5: BoRR and EoRR are for who keeps routes, subtypes that nobody knows are ignored, and neither asks for
// anything.
func TestRefreshSubtypes(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		open := theirOpen(true)
		open.Capabilities.EnhancedRefresh = true
		p := w.establish(l, open)
		for subtype := range uint8(5) {
			if subtype != wire.RefreshRequest {
				p.Send((&wire.RouteRefresh{Family: wire.IPv4Unicast, Subtype: subtype}).Append(nil))
			}
		}
		p.Send((&wire.RouteRefresh{Family: wire.Family{AFI: 25, SAFI: 70}}).Append(nil)) // RFC 2918 §4
		w.expectSilence(p)
		w.expectState(speaker.StateEstablished)
	})
}

// RFC 7313 §5: subtypes are for who sent the capability. RFC 2918 §3: of another the octet is reserved and ignored, so that
// each of its messages is a request.
func TestRefreshOfAPeerWithoutSubtypes(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		p := w.establish(l, theirOpen(true))
		for _, reserved := range []uint8{wire.RefreshBegin, wire.RefreshEnd, 255} {
			p.Send((&wire.RouteRefresh{Family: wire.IPv4Unicast, Subtype: reserved}).Append(nil))
			if body := p.Expect(wire.TypeUpdate); len(body) <= 4 {
				t.Errorf("answer %x, want the routes", body)
			}
		}
		w.expectState(speaker.StateEstablished)
	})
}

// RFC 2918: what was not offered is not served, and does no harm.
func TestWithoutRouteRefresh(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active, func(p *given) { p.Capabilities.NoRouteRefresh = true })))
		p := w.establish(l, theirOpen(true))
		if c := p.Opened.Capabilities; c.RouteRefresh || c.EnhancedRefresh {
			t.Errorf("offered %+v", c)
		}
		p.Send(routeRefresh)
		w.expectSilence(p)
	})
}

// What was negotiated decides what is sent: path identifiers (RFC 7911 §3), ONLY_TO_CUSTOMER (RFC 9234 §5), an IPv6 next hop
// of IPv4 routes (RFC 8950 §3).
func TestNegotiatedRoutes(t *testing.T) {
	provider, hop := wire.RoleProvider, netip.MustParseAddr("2001:db8::1")
	options := func(addPath bool) wire.UpdateOptions {
		o := wire.UpdateOptions{AS4: true, EBGP: true, ExtendedNextHop: true, Families: []wire.Family{wire.IPv4Unicast}}
		if addPath {
			o.AddPath = o.Families
		}
		return o
	}
	both := []wire.AddPathFamily{{Family: wire.IPv4Unicast, Mode: wire.AddPathBoth}}
	for name, test := range map[string]struct {
		change  func(*given)
		open    func(*wire.Capabilities)
		addPath bool
		want    func(u *wire.Update) bool
	}{
		"path identifiers": {
			func(p *given) { p.Capabilities.AddPath, p.Export.Announcements[0].PathID = both, 7 },
			func(c *wire.Capabilities) { c.AddPath = both }, true,
			func(u *wire.Update) bool {
				for path, err := range wire.Paths(wire.IPv4Unicast, u.PathIDs, u.NLRI) {
					return err == nil && path.ID == 7
				}
				return false
			},
		},
		"none that the peer does not take": {
			func(p *given) { p.Capabilities.AddPath = both },
			func(c *wire.Capabilities) {
				c.AddPath = []wire.AddPathFamily{{Family: wire.IPv4Unicast, Mode: wire.AddPathSend}}
			}, false,
			func(u *wire.Update) bool { return len(u.NLRI) == 4 },
		},
		"ONLY_TO_CUSTOMER": {
			func(p *given) { p.Capabilities.Role = &provider }, func(*wire.Capabilities) {}, false,
			func(u *wire.Update) bool { return u.Attributes.HasOTC && u.Attributes.OTC == ourASN },
		},
		"no ONLY_TO_CUSTOMER": {
			func(*given) {}, func(*wire.Capabilities) {}, false,
			func(u *wire.Update) bool { return !u.Attributes.HasOTC },
		},
		"an IPv6 next hop": {
			func(p *given) {
				p.Capabilities.ExtendedNextHop, p.Export.Announcements[0].Attributes.NextHop4 = true, hop
			},
			func(c *wire.Capabilities) {
				c.ExtendedNextHop = []wire.ExtendedNextHopFamily{{Family: wire.IPv4Unicast, NextHopAFI: wire.AFIIPv6}}
			}, false,
			func(u *wire.Update) bool {
				return u.MPReach != nil && u.MPReach.NextHop == hop && len(u.MPReach.NLRI) == 4
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active, test.change)))
				open := theirOpen(true)
				test.open(&open.Capabilities)
				p := bgptest.Accept(w, l)
				p.Handshake(open)
				var u wire.Update
				if err := wire.ParseUpdate(p.Expect(wire.TypeUpdate), options(test.addPath), &u); err != nil {
					t.Fatal(err)
				}
				if !test.want(&u) {
					t.Errorf("UPDATE %+v", u.Attributes)
				}
			})
		})
	}
}

// RFC 7313 §4: where both sides offered it, what is sent again is between BoRR and EoRR.
func TestEnhancedRefresh(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		open := theirOpen(true)
		open.Capabilities.EnhancedRefresh = true
		p := w.establish(l, open)
		p.Send(routeRefresh)
		for _, want := range []wire.MessageType{wire.TypeRouteRefresh, wire.TypeUpdate, wire.TypeRouteRefresh} {
			body := p.Expect(want)
			if want != wire.TypeRouteRefresh {
				continue
			}
			if r, err := wire.ParseRouteRefresh(body, true); err != nil || r.Family != wire.IPv4Unicast || r.Subtype == wire.RefreshRequest {
				t.Errorf("%+v, %v", r, err)
			}
		}
		w.expectSilence(p)
	})
}
