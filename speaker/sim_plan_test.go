// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// plan is what the next configuration is made from.
type plan struct {
	routerID     netip.Addr
	origin       speaker.RouterIDOrigin
	node4, node6 netip.Addr
	blocks       []string
	bulky        bool // few prefixes fit into a message
	// announcements are in any order. Their values are never changed, only replaced.
	announcements []*rib.Announcement
	deleted       []*rib.Announcement
	withheld      map[string]bool // "peer/announcement"
	peers         []*plannedPeer
	token         int
	former        *speaker.Config
}

type plannedPeer struct {
	given
	absent bool
	passes bool // the peer dials, so that the speaker need not
}

// Prefixes, alone and as ranges that are taken apart, which overlap so that conflicts abound.
var (
	smallBlocks = strings.Split("10.0.0.0/24 10.0.0.0/8 10.0.1.0/28-32 10.0.1.8/29-32 10.0.1.4/32 10.0.2.0/26-32 0.0.0.0/0 "+
		"198.51.100.0/25 198.51.100.0/25-27 2001:db8::/32 2001:db8:1::/124-128 2001:db8:1::8/128 2001:db8:2::/58-64 ::/0", " ")
	largeBlocks = strings.Split("10.8.0.0/16-28 10.8.128.0/17-28 10.8.240.0/20-32 2001:db8:8000::/48-60 2001:db8:8000::/50-60", " ")
)

// block reads "prefix" or "prefix-length".
func block(s string) rib.PrefixRange {
	s, length, ranged := strings.Cut(s, "-")
	r := rib.PrefixRange{Prefix: netip.MustParsePrefix(s)}
	r.Length = r.Prefix.Bits()
	if ranged {
		if _, err := fmt.Sscan(length, &r.Length); err != nil {
			panic(err)
		}
	}
	return r
}

// config makes a configuration. It shares with those before it what did not change, as the compiler's do.
func (p *plan) config() *speaker.Config {
	p.token++
	cfg := &speaker.Config{RouterID: p.routerID, RouterIDOrigin: p.origin, NodeAddress4: p.node4, NodeAddress6: p.node6}
	former := cmp.Or(p.former, &speaker.Config{})
	p.former = cfg
	cfg.Announcements = former.Announcements.Replace(p.announcements...)
	for _, planned := range p.peers {
		if planned.absent {
			continue
		}
		peer := planned.given
		peer.Revision, peer.Export.Token = p.token, p.token
		peer.Export.Announcements = slices.DeleteFunc(slices.Clone(p.announcements), func(a *rib.Announcement) bool {
			return p.withheld[peer.Name+"/"+a.ID]
		})
		before := exportTo(former, peer.Name).Announcements
		cfg.Exports = append(cfg.Exports, peer.Export.from(before))
		cfg.Peers = append(cfg.Peers, p.shared(former, &peer.Peer))
	}
	if slices.Equal(cfg.Peers, former.Peers) {
		cfg.Peers = former.Peers
	}
	return cfg
}

// shared is a peer as the former configuration has it, where nothing but its revision is different. Now and then that counts.
func (p *plan) shared(former *speaker.Config, peer *speaker.Peer) *speaker.Peer {
	const often = 4
	i := slices.IndexFunc(former.Peers, func(o *speaker.Peer) bool { return o.Name == peer.Name })
	if i < 0 || p.token%often == 0 {
		return peer
	}
	same := *peer
	same.Revision = former.Peers[i].Revision
	if reflect.DeepEqual(same, *former.Peers[i]) {
		return former.Peers[i]
	}
	return peer
}

// copies replaces all announcements by others that are equal.
func (p *plan) copies() {
	p.announcements = slices.Clone(p.announcements)
	for i, a := range p.announcements {
		same := *a
		same.Prefixes = rib.NewPrefixes(slices.Collect(a.Prefixes.All())...)
		same.Attributes.Communities = slices.Clone(a.Attributes.Communities)
		p.announcements[i] = &same
	}
}

// edit makes one change to the announcements and says which.
func (p *plan) edit(rnd *rand.Rand) string {
	n := len(p.announcements)
	if n == 0 || n < 8 && rnd.IntN(4) == 0 {
		return p.add(rnd)
	}
	i := rnd.IntN(n)
	old := p.announcements[i]
	changed := *old
	switch rnd.IntN(9) {
	case 0, 1:
		p.announcements = slices.Delete(slices.Clone(p.announcements), i, i+1)
		p.deleted = append(p.deleted, old)
		return "delete " + old.ID
	case 2:
		changed.Prefixes = p.prefixes(rnd)
	case 3:
		changed.Attributes = p.attributes(rnd)
	case 4:
		changed.Prefixes, changed.Attributes = p.prefixes(rnd), p.attributes(rnd)
	case 5:
		changed.Name += "'"
	case 6:
		changed.Age = rnd.Int64N(8)
	case 7:
		if n > 1 { // equal attributes of two
			changed.Attributes = p.announcements[(i+1)%n].Attributes
		}
	case 8:
		changed.PathID = rnd.Uint32N(3)
	}
	p.announcements = slices.Clone(p.announcements)
	p.announcements[i] = &changed
	return "change " + changed.ID + ": " + summary(&changed)
}

// add announces something, often what was deleted before or something else with its identity.
func (p *plan) add(rnd *rand.Rand) string {
	a := &rib.Announcement{ID: fmt.Sprintf("a%d", rnd.IntN(30)), Prefixes: p.prefixes(rnd), Attributes: p.attributes(rnd)}
	a.Name, a.PathID, a.Age = a.ID, rnd.Uint32N(3), rnd.Int64N(8)
	if n := len(p.deleted); n > 0 && rnd.IntN(3) > 0 {
		deleted := *p.deleted[rnd.IntN(n)]
		if rnd.IntN(4) == 0 {
			deleted.Attributes = p.attributes(rnd)
		}
		a = &deleted
	}
	if slices.ContainsFunc(p.announcements, func(o *rib.Announcement) bool { return o.ID == a.ID }) {
		return "nothing"
	}
	p.announcements = append(slices.Clip(p.announcements), a)
	return fmt.Sprintf("add %s: %s", a.ID, summary(a))
}

func summary(a *rib.Announcement) string {
	var list []string
	for r := range a.Prefixes.All() {
		s := r.Prefix.String()
		if r.Length != r.Prefix.Bits() {
			s += fmt.Sprintf("-%d", r.Length)
		}
		list = append(list, s)
	}
	med := "none"
	if a.Attributes.MED != nil {
		med = fmt.Sprint(*a.Attributes.MED)
	}
	return fmt.Sprintf("%v path %d MED %s, %d communities", list, a.PathID, med, len(a.Attributes.Communities))
}

// prefixes are a few of the blocks, now and then one twice.
func (p *plan) prefixes(rnd *rand.Rand) rib.Prefixes {
	var list []rib.PrefixRange
	for range 1 + rnd.IntN(4) {
		list = append(list, block(p.blocks[rnd.IntN(len(p.blocks))]))
	}
	return rib.NewPrefixes(list...)
}

// attributes are those of an announcement.
func (p *plan) attributes(rnd *rand.Rand) rib.Attributes {
	a := attributes(rnd)
	if p.bulky && len(a.Communities) < 3 {
		for i := range 940 {
			a.Communities = append(a.Communities, wire.Community(i))
		}
	}
	return a
}

// attributes are a few of each kind, so that different announcements have the same at times.
func attributes(rnd *rand.Rand) rib.Attributes {
	a := rib.Attributes{MED: maybe(rnd, rnd.Uint32N(3)), LocalPref: maybe(rnd, 200+rnd.Uint32N(2))}
	for range rnd.IntN(3) {
		a.Communities = append(a.Communities, wire.Community(64512<<16+rnd.Uint32N(3)))
	}
	switch rnd.IntN(20) {
	case 0:
		a.NextHop4, a.NextHop6 = netip.MustParseAddr("203.0.113.77"), netip.MustParseAddr("2001:db8:ffff::77")
	case 1:
		a.NextHop4, a.NextHop6 = routerAddress(0), routerAddress(1) // which they are not sent
	case 2:
		a.NextHop6 = netip.MustParseAddr("ff02::1") // which nobody is sent
	case 3, 4:
		a.ASPath = []uint32{4200000000, 64999}[rnd.IntN(2):]
	case 5, 6:
		a.Prepend = new(1 + rnd.IntN(3))
	case 7:
		a.Origin = new(wire.OriginIncomplete)
	case 8:
		a.LargeCommunities = []wire.LargeCommunity{{Global: 4200000000, Local1: 1, Local2: rnd.Uint32N(2)}}
		a.ExtendedCommunities = []wire.ExtendedCommunity{{0, 2, 0xfb, 0xf0, 0, 0, 0, byte(rnd.IntN(2))}}
	case 10:
		a.AtomicAggregate, a.Aggregator = new(true), wire.Aggregator{ASN: 4200000000, Addr: speakerAddress(true)}
	case 11:
		a.OriginatorID, a.ClusterList = speakerAddress(true), []netip.Addr{netip.MustParseAddr("10.9.9.9")}
	case 12:
		a.Raw = []wire.RawAttribute{{Flags: wire.FlagOptional | wire.FlagTransitive, Type: 200, Value: []byte{byte(rnd.IntN(2))}}}
	case 13:
		a.NextHop4 = netip.MustParseAddr("2001:db8:ffff::77") // for those who understand it
	case 9: // so long that few prefixes fit beside them, or none
		n := []int{900, 960, 2000}[rnd.IntN(3)]
		for i := range n {
			a.Communities = append(a.Communities, wire.Community(i))
		}
	}
	return a
}

func maybe[T any](rnd *rand.Rand, v T) *T {
	if rnd.IntN(2) == 0 {
		return nil
	}
	return &v
}

// editPeer makes one change to a peer and says which.
func (p *plannedPeer) edit(rnd *rand.Rand) string {
	switch rnd.IntN(15) {
	case 0:
		p.AdminDown = !p.AdminDown
		return fmt.Sprintf("admin down %t", p.AdminDown)
	case 1, 2:
		p.Families = someFamilies(rnd)
		return fmt.Sprintf("families %v", p.Families)
	case 3:
		p.LocalASN = localASNs[rnd.IntN(len(localASNs))]
		return fmt.Sprintf("local AS %d", p.LocalASN)
	case 4:
		p.Timers.Hold = time.Duration(9+rnd.IntN(90)) * time.Second
		return fmt.Sprintf("hold time %v", p.Timers.Hold)
	case 5:
		p.Timers.Keepalive = time.Duration(1+rnd.IntN(30)) * time.Second
		return fmt.Sprintf("keepalive %v", p.Timers.Keepalive)
	case 6:
		p.GracefulRestart = maybe(rnd, speaker.GracefulRestart{RestartTime: 2 * time.Minute, Notifications: rnd.IntN(2) == 0})
		return fmt.Sprintf("graceful restart %t", p.GracefulRestart != nil)
	case 7:
		p.ConnectMode = []speaker.ConnectMode{speaker.ConnectBoth, speaker.ConnectActive, speaker.ConnectPassive}[rnd.IntN(3)]
		if p.ConnectMode == speaker.ConnectPassive && !p.passes {
			p.ConnectMode = speaker.ConnectBoth
		}
		return fmt.Sprintf("connect mode %d", p.ConnectMode)
	case 8:
		p.ApplyImmediate = !p.ApplyImmediate
		return fmt.Sprintf("apply immediately %t", p.ApplyImmediate)
	case 9:
		p.LocalAddress = netip.Addr{}
		if rnd.IntN(2) == 0 {
			p.LocalAddress = speakerAddress(p.Address.Addr().Is4())
		}
		return fmt.Sprintf("local address %v", p.LocalAddress)
	case 10:
		p.absent = !p.absent
		return fmt.Sprintf("absent %t", p.absent)
	case 11, 12:
		p.Capabilities = someCapabilities(rnd)
		return fmt.Sprintf("capabilities %+v", p.Capabilities)
	case 13:
		p.Export.RatePerSecond = someRate(rnd)
		return fmt.Sprintf("%d UPDATEs a second", p.Export.RatePerSecond)
	default:
		p.Timers.ConnectRetry = time.Duration(1+rnd.IntN(10)) * time.Second
		return fmt.Sprintf("connect retry %v", p.Timers.ConnectRetry)
	}
}

var localASNs = []uint32{64512, 64512, 4200000001}

// someFamilies are one or both, in any order.
func someFamilies(rnd *rand.Rand) []wire.Family {
	f := []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}
	rnd.Shuffle(2, func(i, j int) { f[i], f[j] = f[j], f[i] })
	return f[:1+min(1, rnd.IntN(4))]
}

// someCapabilities are what most have, and often something more or less.
func someCapabilities(rnd *rand.Rand) speaker.Capabilities {
	c := speaker.Capabilities{
		ExtendedMessage: rnd.IntN(2) == 0, ExtendedNextHop: rnd.IntN(2) == 0,
		NoFourOctetAS: rnd.IntN(8) == 0, NoRouteRefresh: rnd.IntN(8) == 0, NoEnhancedRefresh: rnd.IntN(3) == 0,
		AddPath: someAddPath(rnd),
	}
	if rnd.IntN(4) == 0 {
		c.Role = new(wire.Role(rnd.IntN(5)))
	}
	return c
}

func someAddPath(rnd *rand.Rand) []wire.AddPathFamily {
	var list []wire.AddPathFamily
	for _, f := range []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast} {
		if mode := wire.AddPathMode(rnd.IntN(4)); mode > 0 {
			list = append(list, wire.AddPathFamily{Family: f, Mode: mode})
		}
	}
	return list
}

func someRate(rnd *rand.Rand) int { return []int{0, 0, 2, 5, 40}[rnd.IntN(5)] }

// editNode changes what all peers have in common.
func (p *plan) editNode(rnd *rand.Rand) string {
	switch rnd.IntN(3) {
	case 0:
		p.routerID = netip.AddrFrom4([4]byte{192, 0, 2, byte(100 + rnd.IntN(2))})
		p.origin = []speaker.RouterIDOrigin{speaker.RouterIDChosen, speaker.RouterIDDerived, speaker.RouterIDDerived}[rnd.IntN(3)]
	case 1:
		p.node4 = *cmp.Or(maybe(rnd, netip.MustParseAddr("203.0.113.10")), new(netip.Addr))
	case 2:
		p.node6 = *cmp.Or(maybe(rnd, netip.MustParseAddr("2001:db8:ffff::10")), new(netip.Addr))
	}
	return fmt.Sprintf("router ID %v (%d), node %v %v", p.routerID, p.origin, p.node4, p.node6)
}

// speakerAddress is where the speaker listens, of each family.
func speakerAddress(is4 bool) netip.Addr {
	if is4 {
		return netip.MustParseAddr("192.0.2.10")
	}
	return netip.MustParseAddr("2001:db8:aaaa::10")
}

// routerAddress is that of a peer: IPv4 for the even ones, IPv6 for the odd.
func routerAddress(i int) netip.Addr {
	if i%2 == 0 {
		return netip.AddrFrom4([4]byte{192, 0, 2, byte(20 + i)})
	}
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0xaa, 0xaa, 15: byte(20 + i)})
}
