// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package changeclass_test

import (
	"github.com/herald-bgp/herald/api/v1alpha1"
)

func rack(name v1alpha1.LabelValue) *v1alpha1.LabelSelector {
	return &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"rack": name}}
}

// ofPeer is a change of the edited BGPPeer's spec.
func ofPeer(change func(*v1alpha1.BGPPeerSpec)) func(*objects) {
	return func(o *objects) { change(&o.peer.Spec) }
}

func transportOf(change func(*v1alpha1.Transport)) func(*objects) {
	return ofPeer(func(s *v1alpha1.BGPPeerSpec) { change(s.Transport) })
}

func timersOf(change func(*v1alpha1.Timers)) func(*objects) {
	return ofPeer(func(s *v1alpha1.BGPPeerSpec) { change(s.Timers) })
}

func restartOf(change func(*v1alpha1.GracefulRestart)) func(*objects) {
	return ofPeer(func(s *v1alpha1.BGPPeerSpec) { change(s.GracefulRestart) })
}

// keyed authenticates the session with an entry of a Secret.
func keyed(secret string, key *string) func(*objects) {
	return ofPeer(func(s *v1alpha1.BGPPeerSpec) {
		s.Authentication = &v1alpha1.Authentication{
			Type:   v1alpha1.AuthenticationTCPMD5,
			TCPMD5: &v1alpha1.TCPMD5{SecretRef: v1alpha1.SecretKeyReference{Name: secret, Key: key}},
		}
	})
}

// sessionRows edit the fields that make a session.
func sessionRows() []row {
	type spec = v1alpha1.BGPPeerSpec
	const of = "BGPPeer spec."
	disabled := v1alpha1.GracefulRestartDisabled
	return []row{
		{field: "BGPPeer metadata.labels", class: inPlace, edit: func(o *objects) { o.peer.Labels = map[string]string{"rack": "b"} }},
		{field: "BGPPeer metadata.deletionTimestamp", class: end, edit: func(o *objects) { o.peerGone = true }},
		{field: of + "description", class: inPlace, edit: ofPeer(func(s *spec) { s.Description = new("left") })},
		{field: of + "adminState", class: end, edit: ofPeer(func(s *spec) { s.AdminState = new(v1alpha1.AdminStateDown) })},
		{field: of + "address", class: reset, moves: true, edit: func(o *objects) {
			o.peer.Spec.Address, o.peer.Spec.Port = otherAddress, new(int32(o.otherAddressPort))
		}},
		{field: of + "port", class: reset, edit: func(o *objects) { o.peer.Spec.Port = new(int32(o.otherPort)) }},
		{field: of + "localASN", class: reset, edit: ofPeer(func(s *spec) { s.LocalASN = new(int64(64513)) })},
		{field: of + "peerASN", class: reset, edit: ofPeer(func(s *spec) { s.PeerASN = new(int64(64502)) })},
		{
			field: of + "peerType", class: reset,
			given: ofPeer(func(s *spec) { s.PeerASN, s.PeerType = nil, new(v1alpha1.PeerTypeExternal) }),
			edit:  ofPeer(func(s *spec) { s.PeerType = new(v1alpha1.PeerTypeInternal) }),
		},
		{field: of + "nodeSelector", class: inPlace, edit: ofPeer(func(s *spec) { s.NodeSelector = rack("a") })},
		{field: of + "nodeSelector", class: end, edit: ofPeer(func(s *spec) { s.NodeSelector = rack("b") })},
		{field: of + "families", class: deferred, pending: "families", edit: ofPeer(func(s *spec) {
			s.Families = []v1alpha1.Family{{AFI: v1alpha1.AFIIPv4, SAFI: v1alpha1.SAFIUnicast}}
		})},
		{field: of + "transport.connectMode", class: inPlace, edit: transportOf(func(t *v1alpha1.Transport) {
			t.ConnectMode = new(v1alpha1.ConnectBoth)
		})},
		{field: of + "transport.connectMode", class: reset, away: true, edit: transportOf(func(t *v1alpha1.Transport) {
			t.ConnectMode = new(v1alpha1.ConnectPassive)
		})},
		{field: of + "transport.source.address", class: reset, moves: true, edit: transportOf(func(t *v1alpha1.Transport) {
			t.Source = &v1alpha1.TransportSource{Address: "127.0.0.9"}
		})},
		{field: of + "transport.multihopTTL", class: deferred, pending: "transport.multihopTTL", edit: transportOf(func(t *v1alpha1.Transport) {
			t.MultihopTTL = new(int32(2))
		})},
		{field: of + "transport.ttlSecurityHops", class: deferred, pending: "transport.ttlSecurityHops", edit: transportOf(func(t *v1alpha1.Transport) {
			t.TTLSecurityHops = new(int32(1))
		})},
		{field: of + "authentication.type", class: reset, edit: keyed("one", nil)},
		{
			field: of + "authentication.tcpMD5.secretRef.name", class: deferred, pending: "authentication.tcpMD5",
			given: keyed("one", nil), edit: keyed("two", nil),
		},
		{
			field: of + "authentication.tcpMD5.secretRef.key", class: deferred, pending: "authentication.tcpMD5",
			given: keyed("one", nil), edit: keyed("one", new("other")),
		},
		{field: of + "timers.holdSeconds", class: deferred, pending: "timers.holdSeconds", edit: timersOf(func(t *v1alpha1.Timers) {
			t.HoldSeconds = new(int32(60))
		})},
		{field: of + "timers.keepaliveSeconds", class: inPlace, edit: timersOf(func(t *v1alpha1.Timers) { t.KeepaliveSeconds = new(int32(1)) })},
		{field: of + "timers.connectRetrySeconds", class: inPlace, edit: timersOf(func(t *v1alpha1.Timers) { t.ConnectRetrySeconds = new(int32(2)) })},
		{field: of + "timers.sendHoldSeconds", class: inPlace, edit: timersOf(func(t *v1alpha1.Timers) { t.SendHoldSeconds = new(int32(120)) })},
		{field: of + "gracefulRestart.mode", class: deferred, pending: "gracefulRestart", edit: restartOf(func(g *v1alpha1.GracefulRestart) { g.Mode = &disabled })},
		{field: of + "gracefulRestart.restartSeconds", class: deferred, pending: "gracefulRestart", edit: restartOf(func(g *v1alpha1.GracefulRestart) {
			g.RestartSeconds = new(int32(60))
		})},
		{field: of + "gracefulRestart.notifications", class: deferred, pending: "gracefulRestart", edit: restartOf(func(g *v1alpha1.GracefulRestart) {
			g.Notifications = new(true)
		})},
		{field: of + "gracefulRestart.longLivedStaleSeconds", class: deferred, pending: "gracefulRestart", edit: restartOf(func(g *v1alpha1.GracefulRestart) {
			g.LongLivedStaleSeconds = new(int32(3600))
		})},
		{field: of + "applyMode", class: inPlace, edit: ofPeer(func(s *spec) { s.ApplyMode = new(v1alpha1.ApplyImmediate) })},
	}
}

// capabilityRows edit the capabilities that the OPEN offers.
func capabilityRows() []row {
	type capabilities = v1alpha1.Capabilities
	var list []row
	add := func(field string, given, edit func(*capabilities)) {
		r := row{
			field: "BGPPeer spec.capabilities." + field, class: deferred, pending: "capabilities",
			edit: ofPeer(func(s *v1alpha1.BGPPeerSpec) { edit(s.Capabilities) }),
		}
		if given != nil {
			r.given = ofPeer(func(s *v1alpha1.BGPPeerSpec) { given(s.Capabilities) })
		}
		list = append(list, r)
	}
	paths := func(mode v1alpha1.AddPathMode) func(*capabilities) {
		return func(c *capabilities) {
			c.AddPath = []v1alpha1.AddPath{{AFI: v1alpha1.AFIIPv4, SAFI: v1alpha1.SAFIUnicast, Mode: mode}}
		}
	}
	add("addPath", nil, paths(v1alpha1.AddPathBoth))
	add("addPath[].mode", paths(v1alpha1.AddPathReceive), paths(v1alpha1.AddPathBoth))
	add("extendedMessage", nil, func(c *capabilities) { c.ExtendedMessage = new(true) })
	add("extendedNextHop", nil, func(c *capabilities) { c.ExtendedNextHop = new(true) })
	add("linkLocalNextHop", nil, func(c *capabilities) { c.LinkLocalNextHop = new(true) })
	add("role", nil, func(c *capabilities) { c.Role = new(v1alpha1.RoleCustomer) })
	add("roleMode", func(c *capabilities) { c.Role = new(v1alpha1.RoleCustomer) }, func(c *capabilities) { c.RoleMode = new(v1alpha1.RoleStrict) })
	add("fqdn.hostName", func(c *capabilities) { c.FQDN = &v1alpha1.FQDN{} }, func(c *capabilities) { c.FQDN.HostName = new("edge") })
	add("fqdn.domainName", func(c *capabilities) { c.FQDN = &v1alpha1.FQDN{} }, func(c *capabilities) { c.FQDN.DomainName = new("example.com") })
	add("softwareVersion", nil, func(c *capabilities) { c.SoftwareVersion = new(true) })
	add("fourOctetASN", nil, func(c *capabilities) { c.FourOctetASN = new(false) })
	add("routeRefresh", nil, func(c *capabilities) { c.RouteRefresh = new(false) })
	add("enhancedRouteRefresh", nil, func(c *capabilities) { c.EnhancedRouteRefresh = new(false) })
	return list
}
