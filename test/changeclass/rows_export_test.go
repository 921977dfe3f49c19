// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package changeclass_test

import (
	"slices"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// internalPeer makes the edited neighbour one of our own AS.
var internalPeer = ofPeer(func(s *v1alpha1.BGPPeerSpec) { s.PeerASN = new(int64(localASN)) })

// attributeRows edit the path attributes of a BGPPeer or an Announcement, which go with the prefixes.
func attributeRows(kind string, attributes func(*objects) *v1alpha1.PathAttributes, ipv4, ipv6 []string, atWitness bool) []row {
	var list []row
	add := func(field string, prefixes []string, given func(*objects), change func(*v1alpha1.PathAttributes)) *row {
		list = append(list, row{
			field: kind + " spec.attributes." + field, class: inPlace, given: given,
			edit:      func(o *objects) { change(attributes(o)) },
			announced: prefixes, atWitness: atWitness,
		})
		return &list[len(list)-1]
	}
	// with changes the value of an attribute before the edit.
	with := func(change func(*v1alpha1.PathAttributes)) func(*objects) {
		return func(o *objects) { change(attributes(o)) }
	}
	all := slices.Concat(ipv4, ipv6)
	add("nextHop.ipv4", ipv4, nil, func(a *v1alpha1.PathAttributes) { a.NextHop = &v1alpha1.NextHop{IPv4: new("192.0.2.77")} })
	add("nextHop.ipv6", ipv6, nil, func(a *v1alpha1.PathAttributes) { a.NextHop = &v1alpha1.NextHop{IPv6: new("2001:db8::77")} })
	explicit := with(func(a *v1alpha1.PathAttributes) { a.NextHop = &v1alpha1.NextHop{IPv6: new("2001:db8::77")} })
	add("nextHop.ipv6LinkLocal", ipv6, explicit, func(a *v1alpha1.PathAttributes) { a.NextHop.IPv6LinkLocal = new("fe80::77") })
	add("origin", all, nil, func(a *v1alpha1.PathAttributes) { a.Origin = new(v1alpha1.OriginIncomplete) })
	add("asPath", all, nil, func(a *v1alpha1.PathAttributes) { a.ASPath = []int64{64999} })
	add("prepend", all, nil, func(a *v1alpha1.PathAttributes) { a.Prepend = new(int32(2)) })
	add("med", all, nil, func(a *v1alpha1.PathAttributes) { a.MED = new(int64(7)) })
	add("communities", all, nil, func(a *v1alpha1.PathAttributes) { a.Communities = []string{"64512:1"} })
	add("largeCommunities", all, nil, func(a *v1alpha1.PathAttributes) { a.LargeCommunities = []string{"64512:1:2"} })
	add("extendedCommunities", all, nil, func(a *v1alpha1.PathAttributes) { a.ExtendedCommunities = []string{"rt:64512:1"} })
	add("atomicAggregate", all, nil, func(a *v1alpha1.PathAttributes) { a.AtomicAggregate = new(true) })
	aggregator := with(func(a *v1alpha1.PathAttributes) {
		a.Aggregator = &v1alpha1.Aggregator{ASN: 64512, Address: "192.0.2.1"}
	})
	add("aggregator.asn", all, aggregator, func(a *v1alpha1.PathAttributes) { a.Aggregator.ASN = 64513 })
	add("aggregator.address", all, aggregator, func(a *v1alpha1.PathAttributes) { a.Aggregator.Address = "192.0.2.2" })
	raw := with(func(a *v1alpha1.PathAttributes) { a.Raw = []v1alpha1.RawAttribute{{Code: 153, Value: new("00")}} })
	add("raw[].code", all, raw, func(a *v1alpha1.PathAttributes) { a.Raw[0].Code = 154 })
	add("raw[].flags", all, raw, func(a *v1alpha1.PathAttributes) { a.Raw[0].Flags = new(int32(224)) })
	add("raw[].value", all, raw, func(a *v1alpha1.PathAttributes) { a.Raw[0].Value = new("0001") })
	// The witness is in another AS, so it is not sent these attributes.
	add("localPref", all, internalPeer, func(a *v1alpha1.PathAttributes) { a.LocalPref = new(int64(200)) }).atWitness = false
	add("originatorID", all, internalPeer, func(a *v1alpha1.PathAttributes) { a.OriginatorID = new("192.0.2.1") }).atWitness = false
	add("clusterList", all, internalPeer, func(a *v1alpha1.PathAttributes) { a.ClusterList = []string{"192.0.2.1"} }).atWitness = false
	external := add("localPref", nil, nil, func(a *v1alpha1.PathAttributes) { a.LocalPref = new(int64(200)) })
	external.note = "in-eBGP"
	return list
}

// exportRows edit how a BGPPeer is sent its routes, and what is done with the routes that it sends.
func exportRows() []row {
	type spec = v1alpha1.BGPPeerSpec
	report := ofPeer(func(s *spec) { s.Receive = &v1alpha1.Receive{Mode: new(v1alpha1.ReceiveReport)} })
	return []row{
		{field: "BGPPeer spec.updates.ratePerSecond", class: inPlace, edit: ofPeer(func(s *spec) {
			s.Updates = &v1alpha1.Updates{RatePerSecond: new(int32(10))}
		})},
		{field: "BGPPeer spec.receive.mode", class: inPlace, given: report, edit: ofPeer(func(s *spec) { s.Receive.Mode = new(v1alpha1.ReceiveIgnore) })},
		{field: "BGPPeer spec.receive.maxPrefixes", class: inPlace, given: report, edit: ofPeer(func(s *spec) { s.Receive.MaxPrefixes = new(int32(10)) })},
		{field: "BGPPeer spec.receive.onLimit", class: inPlace, given: report, edit: ofPeer(func(s *spec) {
			s.Receive.OnLimit = new(v1alpha1.ReceiveTeardown)
		})},
	}
}

// ofNet is a change of the spec of the Announcement in the operator's own namespace.
func ofNet(change func(*v1alpha1.AnnouncementSpec)) func(*objects) {
	return func(o *objects) { change(&o.net.Spec) }
}

// announcementRows edit the prefixes of an Announcement and the choice of its peers.
func announcementRows() []row {
	type spec = v1alpha1.AnnouncementSpec
	const of = "Announcement spec."
	return []row{
		{field: "Announcement metadata.deletionTimestamp", class: inPlace, edit: func(o *objects) { o.netGone = true }, withdrawn: []string{net4, net6}, atWitness: true},
		{
			field: of + "adminState", class: inPlace, edit: ofNet(func(s *spec) { s.AdminState = new(v1alpha1.AdminStateDown) }),
			withdrawn: []string{net4, net6}, atWitness: true,
		},
		{
			field: of + "adminState", class: inPlace, note: "up-again", given: ofNet(func(s *spec) { s.AdminState = new(v1alpha1.AdminStateDown) }),
			edit: ofNet(func(s *spec) { s.AdminState = nil }), announced: []string{net4, net6}, atWitness: true,
		},
		{
			field: of + "expireAfterSeconds", class: inPlace, edit: ofNet(func(s *spec) { s.ExpireAfterSeconds = new(int32(60)) }),
			withdrawn: []string{net4, net6}, atWitness: true,
		},
		{
			field: of + "expireAfterSeconds", class: inPlace, note: "longer", given: ofNet(func(s *spec) { s.ExpireAfterSeconds = new(int32(60)) }),
			edit: ofNet(func(s *spec) { s.ExpireAfterSeconds = new(int32(7200)) }), announced: []string{net4, net6}, atWitness: true,
		},
		{
			field: "Announcement metadata.annotations", class: inPlace, note: "renewed-at",
			given: ofNet(func(s *spec) { s.ExpireAfterSeconds = new(int32(60)) }),
			edit: func(o *objects) {
				o.net.Annotations = map[string]string{v1alpha1.AnnotationRenewedAt: clock.Format(time.RFC3339)}
			},
			announced: []string{net4, net6}, atWitness: true,
		},
		{field: of + "peers", class: inPlace, edit: ofNet(func(s *spec) { s.Peers = []string{witnessPeer} }), withdrawn: []string{net4, net6}},
		{
			field: of + "peerSelector", class: inPlace, given: func(o *objects) { o.witness.Labels = map[string]string{"rack": "b"} },
			edit: ofNet(func(s *spec) { s.PeerSelector = rack("b") }), withdrawn: []string{net4, net6},
		},
		{
			field: of + "peerSelector", class: inPlace, note: "labels-of-the-peer",
			given: ofNet(func(s *spec) { s.PeerSelector = rack("a") }),
			edit:  func(o *objects) { o.peer.Labels = nil }, withdrawn: []string{net4, net6},
		},
		{field: of + "nodeSelector", class: inPlace, edit: ofNet(func(s *spec) { s.NodeSelector = rack("b") }), withdrawn: []string{net4, net6}, atWitness: true},
		{
			field: of + "prefixes", class: inPlace, edit: ofNet(func(s *spec) { s.Prefixes = []string{"198.51.101.0/24", net6} }),
			announced: []string{"198.51.101.0/24"}, withdrawn: []string{net4}, atWitness: true,
		},
		{
			field: of + "deaggregate.ipv4", class: inPlace, edit: ofNet(func(s *spec) { s.Deaggregate = &v1alpha1.Deaggregate{IPv4: new(int32(25))} }),
			announced: []string{"198.51.100.0/25", "198.51.100.128/25"}, withdrawn: []string{net4}, atWitness: true,
		},
		{
			field: of + "deaggregate.ipv6", class: inPlace, edit: ofNet(func(s *spec) { s.Deaggregate = &v1alpha1.Deaggregate{IPv6: new(int32(49))} }),
			announced: []string{"2001:db8:1:8000::/49", "2001:db8:1::/49"}, withdrawn: []string{net6}, atWitness: true,
		},
		{
			field: of + "pathID", class: inPlace, note: "with-add-path",
			given: ofPeer(func(s *v1alpha1.BGPPeerSpec) {
				s.Capabilities.AddPath = []v1alpha1.AddPath{{AFI: v1alpha1.AFIIPv4, SAFI: v1alpha1.SAFIUnicast, Mode: v1alpha1.AddPathSend}}
			}),
			edit:      ofNet(func(s *spec) { s.PathID = new(int64(7)) }),
			announced: []string{net4 + "#7"}, withdrawn: []string{net4 + "#0"},
		},
		{field: of + "pathID", class: inPlace, note: "without-add-path", edit: ofNet(func(s *spec) { s.PathID = new(int64(7)) })},
	}
}
