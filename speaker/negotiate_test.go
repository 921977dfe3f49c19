// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// negotiated compares our OPEN for a peer with one of the peer's.
func negotiated(t *testing.T, p *Peer, theirs *wire.Open) Negotiated {
	t.Helper()
	ours := localOpen(p, netip.MustParseAddr("192.0.2.10"), restartState{}, true)
	n, err := negotiate(p, ours, theirs)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// RFC 7911 §4: each direction for itself, where one side can send and the other receive.
func TestNegotiateAddPath(t *testing.T) {
	families := []wire.Family{wire.IPv4Unicast}
	for ours := range wire.AddPathBoth + 1 {
		for theirs := range wire.AddPathBoth + 1 {
			p, o := testPeer(), testOpen()
			if ours != 0 {
				p.Capabilities.AddPath = []wire.AddPathFamily{{Family: wire.IPv4Unicast, Mode: ours}}
			}
			if theirs != 0 {
				o.Capabilities.AddPath = []wire.AddPathFamily{{Family: wire.IPv4Unicast, Mode: theirs}}
			}
			n := negotiated(t, p, o)
			if got, want := slices.Equal(n.AddPathSend, families), ours.Sends() && theirs.Receives(); got != want {
				t.Errorf("ours %v, theirs %v: sends %v", ours, theirs, n.AddPathSend)
			}
			if got, want := slices.Equal(n.AddPathReceive, families), ours.Receives() && theirs.Sends(); got != want {
				t.Errorf("ours %v, theirs %v: receives %v", ours, theirs, n.AddPathReceive)
			}
		}
	}
}

// Add-path and extended next hops mean nothing in a family that is not negotiated itself.
func TestFamilyCapabilitiesNeedTheFamily(t *testing.T) {
	p := testPeer(func(p *Peer) {
		p.Families = []wire.Family{wire.IPv6Unicast}
		p.Capabilities.ExtendedNextHop = true
		p.Capabilities.AddPath = []wire.AddPathFamily{{Family: wire.IPv4Unicast, Mode: wire.AddPathBoth}}
	})
	ours := localOpen(p, netip.MustParseAddr("192.0.2.10"), restartState{}, true)
	if c := ours.Capabilities; len(c.AddPath) > 0 || len(c.ExtendedNextHop) > 0 {
		t.Errorf("offered %+v", c)
	}
	o := testOpen(func(o *wire.Open) {
		o.Capabilities.ExtendedNextHop = []wire.ExtendedNextHopFamily{ipv4OverIPv6}
		o.Capabilities.AddPath = []wire.AddPathFamily{{Family: wire.IPv4Unicast, Mode: wire.AddPathBoth}}
	})
	if n := negotiated(t, p, o); len(n.AddPathSend)+len(n.AddPathReceive)+len(n.ExtendedNextHop) > 0 {
		t.Errorf("negotiated %+v", n)
	}
}

// RFC 9234 §4.2, table 2: all pairs of roles; without a role on either side the session goes on, unless ours is strict.
func TestNegotiateRoles(t *testing.T) {
	allowed := map[[2]wire.Role]bool{
		{wire.RoleProvider, wire.RoleCustomer}: true, {wire.RoleCustomer, wire.RoleProvider}: true,
		{wire.RoleRouteServer, wire.RoleRouteServerClient}: true, {wire.RoleRouteServerClient, wire.RoleRouteServer}: true,
		{wire.RolePeer, wire.RolePeer}: true,
	}
	const none = wire.Role(255)
	for ours := range wire.RolePeer + 2 { // one that is not assigned too
		for _, theirs := range []wire.Role{0, 1, 2, 3, 4, 5, none} {
			for _, strict := range []bool{false, true} {
				t.Run(fmt.Sprint(ours, theirs, strict), func(t *testing.T) {
					p, o := testPeer(), testOpen()
					p.Capabilities.Role, p.Capabilities.RoleStrict = &ours, strict
					want := allowed[[2]wire.Role{ours, theirs}]
					if theirs != none {
						o.Capabilities.Role = &theirs
					} else {
						want = !strict
					}
					_, err := negotiate(p, localOpen(p, netip.MustParseAddr("192.0.2.10"), restartState{}, true), o)
					var local *localError
					switch {
					case want && err != nil:
						t.Error(err)
					case !want && (!errors.As(err, &local) || local.notification.Code != wire.CodeOpen ||
						local.notification.Subcode != wire.OpenRoleMismatch):
						t.Errorf("error %v", err)
					}
				})
			}
		}
	}
}

// RFC 9234 §5: routes to a customer, a peer or an RS-client are marked, whether or not the peer tells its role. Inside an
// AS there are no roles (§4).
func TestOTC(t *testing.T) {
	for role, want := range map[wire.Role]struct {
		otc       uint32
		withholds bool // towards a provider, a peer, an RS
	}{
		wire.RoleProvider: {64512, false}, wire.RolePeer: {64512, true}, wire.RoleRouteServer: {64512, false},
		wire.RoleCustomer: {0, true}, wire.RoleRouteServerClient: {0, true},
	} {
		p := testPeer(func(p *Peer) { p.Capabilities.Role = &role })
		if otc, withholds := p.otc(), p.withholdsOTC(); otc != want.otc || withholds != want.withholds {
			t.Errorf("role %v: %d, %v, want %+v", role, otc, withholds, want)
		}
		internal := testPeer(func(p *Peer) { p.Capabilities.Role, p.PeerASN = &role, p.LocalASN })
		if c := internal.capabilities(restartState{}); internal.otc() != 0 || internal.withholdsOTC() || c.Role != nil {
			t.Errorf("role %v inside the AS: OTC %d, offered %v", role, internal.otc(), c.Role)
		}
	}
	if p := testPeer(); p.otc() != 0 || p.withholdsOTC() {
		t.Errorf("no role: %d, %v", p.otc(), p.withholdsOTC())
	}
}

func TestOneHop(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Peer)
		want   bool
	}{
		"external":                 {func(*Peer) {}, true},
		"external, multihop":       {func(p *Peer) { p.MultihopTTL = 2 }, false},
		"internal":                 {func(p *Peer) { p.PeerASN = p.LocalASN }, false},
		"TTL security of one hop":  {func(p *Peer) { p.PeerASN, p.TTLSecurityHops = p.LocalASN, 1 }, true},
		"TTL security of two hops": {func(p *Peer) { p.TTLSecurityHops = 2 }, false},
	} {
		if got := testPeer(test.change).oneHop(); got != test.want {
			t.Errorf("%s: one hop is %v", name, got)
		}
	}
}

func TestNegotiateRestart(t *testing.T) {
	const staleTime = time.Hour
	theirs := func(notifications bool) *wire.Open {
		return testOpen(func(o *wire.Open) {
			o.Capabilities.GracefulRestart = &wire.GracefulRestart{
				Notifications: notifications, RestartTime: 60,
				Families: []wire.GracefulRestartFamily{{Family: wire.IPv4Unicast, Forwarding: true}, {Family: wire.Family{AFI: 25, SAFI: 70}}},
			}
			o.Capabilities.LongLived = []wire.LongLivedFamily{{Family: wire.IPv6Unicast, StaleTime: staleTime}}
		})
	}
	with := func(gr *GracefulRestart) *Peer { return testPeer(func(p *Peer) { p.GracefulRestart = gr }) }
	for name, test := range map[string]struct {
		peer *Peer
		open *wire.Open
		want func(Negotiated) bool
	}{
		"not offered by us": {with(nil), theirs(true), func(n Negotiated) bool {
			return !n.GracefulRestart && !n.Notifications && n.LongLived == nil && n.PeerPreserves == nil
		}},
		"families of the session alone": {with(&GracefulRestart{}), theirs(true), func(n Negotiated) bool {
			return n.GracefulRestart && n.PeerRestartTime == time.Minute && len(n.PeerPreserves) == 1 && n.PeerPreserves[0].Forwarding
		}},
		"notifications on their side": {with(&GracefulRestart{}), theirs(true), func(n Negotiated) bool { return !n.Notifications }},
		"notifications on ours": {
			with(&GracefulRestart{Notifications: true}), theirs(false), func(n Negotiated) bool { return !n.Notifications },
		},
		"notifications on both": {
			with(&GracefulRestart{Notifications: true}), theirs(true), func(n Negotiated) bool { return n.Notifications },
		},
		"long-lived on theirs": {with(&GracefulRestart{}), theirs(false), func(n Negotiated) bool { return n.LongLived == nil }},
		"long-lived on both": {with(&GracefulRestart{LongLivedStaleTime: time.Minute}), theirs(false), func(n Negotiated) bool {
			return len(n.LongLived) == 1 && n.LongLived[0].StaleTime == staleTime
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if n := negotiated(t, test.peer, test.open); !test.want(n) {
				t.Errorf("%+v", n)
			}
		})
	}
}

// Each capability is used where both offer it, and the OPEN offers what is configured.
func TestNegotiateCapabilities(t *testing.T) {
	everything := Capabilities{
		ExtendedMessage: true, ExtendedNextHop: true, LinkLocalNextHop: true,
		FQDN: &wire.FQDN{HostName: "a", DomainName: "b"}, SoftwareVersion: "herald/1",
	}
	nothing := Capabilities{NoFourOctetAS: true, NoRouteRefresh: true}
	all := func(n Negotiated) bool {
		return n.ExtendedMessage && n.LinkLocalNextHop && n.AS4 && n.RouteRefresh && n.EnhancedRefresh &&
			slices.Equal(n.ExtendedNextHop, []wire.Family{wire.IPv4Unicast})
	}
	none := func(n Negotiated) bool {
		return !n.ExtendedMessage && !n.LinkLocalNextHop && !n.AS4 && !n.RouteRefresh && !n.EnhancedRefresh && n.ExtendedNextHop == nil
	}
	for name, test := range map[string]struct {
		ours, theirs Capabilities
		want         func(Negotiated) bool
	}{
		"both":                  {everything, everything, all},
		"we alone":              {everything, nothing, none},
		"the peer alone":        {nothing, everything, none},
		"neither":               {nothing, nothing, none},
		"refresh, not enhanced": {Capabilities{NoEnhancedRefresh: true}, everything, func(n Negotiated) bool { return n.RouteRefresh && !n.EnhancedRefresh }},
	} {
		t.Run(name, func(t *testing.T) {
			p := testPeer(func(p *Peer) { p.Capabilities = test.ours })
			them := testPeer(func(p *Peer) { p.Capabilities, p.LocalASN, p.PeerASN = test.theirs, 64500, 64512 })
			body := localOpen(them, netip.MustParseAddr("192.0.2.1"), restartState{}, true).Append(nil)[wire.HeaderLen:]
			o, err := wire.ParseOpen(body)
			if err != nil {
				t.Fatal(err)
			}
			n := negotiated(t, p, o)
			if !test.want(n) {
				t.Errorf("%+v", n)
			}
			if !reflect.DeepEqual(n.PeerFQDN, test.theirs.FQDN) || n.PeerSoftwareVersion != test.theirs.SoftwareVersion {
				t.Errorf("the peer says %v, %q", n.PeerFQDN, n.PeerSoftwareVersion)
			}
		})
	}
}

// RFC 6793 §4.2.1: without the capability an ASN of 4 octets is AS_TRANS.
func TestWithoutFourOctetAS(t *testing.T) {
	p := testPeer(func(p *Peer) { p.LocalASN, p.Capabilities.NoFourOctetAS = 4200000000, true })
	o, err := wire.ParseOpen(localOpen(p, netip.MustParseAddr("192.0.2.10"), restartState{}, true).Append(nil)[wire.HeaderLen:])
	if err != nil || o.ASN != wire.ASTrans || o.Capabilities.FourOctetAS != 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

// Every field of Capabilities counts: a change of any is seen, a copy is not.
func TestCapabilitiesEqual(t *testing.T) {
	role, other := wire.RolePeer, wire.RolePeer
	full := Capabilities{
		AddPath:         []wire.AddPathFamily{{Family: wire.IPv4Unicast, Mode: wire.AddPathSend}},
		ExtendedMessage: true, ExtendedNextHop: true, LinkLocalNextHop: true, Role: &role, RoleStrict: true,
		FQDN: &wire.FQDN{HostName: "a"}, SoftwareVersion: "1",
		NoFourOctetAS: true, NoRouteRefresh: true, NoEnhancedRefresh: true,
	}
	same := full
	same.AddPath, same.Role, same.FQDN = slices.Clone(full.AddPath), &other, &wire.FQDN{HostName: "a"}
	if !full.Equal(&same) {
		t.Error("a copy is not equal")
	}
	for i := range reflect.TypeFor[Capabilities]().NumField() {
		changed := full
		reflect.ValueOf(&changed).Elem().Field(i).SetZero()
		if name := reflect.TypeFor[Capabilities]().Field(i).Name; full.Equal(&changed) {
			t.Errorf("equal without %s", name)
		}
	}
}

func TestTTL(t *testing.T) {
	for name, test := range map[string]struct {
		change      func(*Peer)
		ttl, minTTL int
	}{
		"external":           {func(*Peer) {}, 1, 0},
		"internal":           {func(p *Peer) { p.PeerASN = p.LocalASN }, 255, 0},
		"multihop":           {func(p *Peer) { p.MultihopTTL = 3 }, 3, 0},
		"security, 1 hop":    {func(p *Peer) { p.TTLSecurityHops = 1 }, 255, 255}, // RFC 5082 §3
		"security, 3 hops":   {func(p *Peer) { p.TTLSecurityHops = 3 }, 255, 253},
		"security, 255":      {func(p *Peer) { p.TTLSecurityHops = 255 }, 255, 1},
		"security, internal": {func(p *Peer) { p.PeerASN, p.TTLSecurityHops = p.LocalASN, 1 }, 255, 255},
	} {
		if o := testPeer(test.change).socketOptions(); o.TTL != test.ttl || o.MinTTL != test.minTTL {
			t.Errorf("%s: %+v", name, o)
		}
	}
}
