// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
)

// addPath offers several paths in both families, in an order that means nothing.
func addPath(ipv4, ipv6 v1alpha1.AddPathMode) []v1alpha1.AddPath {
	return []v1alpha1.AddPath{
		{AFI: v1alpha1.AFIIPv6, SAFI: v1alpha1.SAFIUnicast, Mode: ipv6},
		{AFI: v1alpha1.AFIIPv4, SAFI: v1alpha1.SAFIUnicast, Mode: ipv4},
	}
}

func TestSessionOptions(t *testing.T) {
	type spec = v1alpha1.BGPPeerSpec
	capabilities := func(c v1alpha1.Capabilities) func(*spec) { return func(s *spec) { s.Capabilities = &c } }
	tests := []struct {
		name string
		spec func(*spec)
		want func(*sessionOf)
	}{
		{name: "none", spec: capabilities(v1alpha1.Capabilities{})},
		{
			name: "all",
			spec: capabilities(v1alpha1.Capabilities{
				AddPath:         addPath(v1alpha1.AddPathSend, v1alpha1.AddPathBoth),
				ExtendedMessage: new(true), ExtendedNextHop: new(true), LinkLocalNextHop: new(true), SoftwareVersion: new(true),
				Role: new(v1alpha1.RoleCustomer), RoleMode: new(v1alpha1.RoleStrict),
				FQDN: &v1alpha1.FQDN{HostName: new("edge"), DomainName: new("example.com")},
			}),
			want: func(p *sessionOf) {
				p.Capabilities = speaker.Capabilities{
					AddPath: []wire.AddPathFamily{
						{Family: wire.IPv4Unicast, Mode: wire.AddPathSend}, {Family: wire.IPv6Unicast, Mode: wire.AddPathBoth},
					},
					ExtendedMessage: true, ExtendedNextHop: true, LinkLocalNextHop: true, SoftwareVersion: "Herald/v1",
					Role: new(wire.RoleCustomer), RoleStrict: true,
					FQDN: &wire.FQDN{HostName: "edge", DomainName: "example.com"},
				}
			},
		},
		{
			name: "what is offered unless it is left out",
			spec: capabilities(v1alpha1.Capabilities{FourOctetASN: new(true), RouteRefresh: new(true), EnhancedRouteRefresh: new(true)}),
		},
		{
			name: "enhanced refresh goes with refresh",
			spec: capabilities(v1alpha1.Capabilities{FourOctetASN: new(false), RouteRefresh: new(false)}),
			want: func(p *sessionOf) {
				p.Capabilities.NoFourOctetAS, p.Capabilities.NoRouteRefresh, p.Capabilities.NoEnhancedRefresh = true, true, true
			},
		},
		{
			name: "refresh without the enhanced one",
			spec: capabilities(v1alpha1.Capabilities{EnhancedRouteRefresh: new(false)}),
			want: func(p *sessionOf) { p.Capabilities.NoEnhancedRefresh = true },
		},
		{
			name: "the node's name",
			spec: capabilities(v1alpha1.Capabilities{FQDN: &v1alpha1.FQDN{}}),
			want: func(p *sessionOf) { p.Capabilities.FQDN = &wire.FQDN{HostName: "node-1"} },
		},
		{
			name: "TTL security",
			spec: func(s *spec) { s.Transport = &v1alpha1.Transport{TTLSecurityHops: new(int32(254))} },
			want: func(p *sessionOf) { p.TTLSecurityHops = 254 },
		},
		{
			name: "graceful restart over more",
			spec: func(s *spec) {
				s.GracefulRestart = &v1alpha1.GracefulRestart{Notifications: new(true), LongLivedStaleSeconds: new(int32(1<<24 - 1))}
			},
			want: func(p *sessionOf) {
				p.GracefulRestart.Notifications, p.GracefulRestart.LongLivedStaleTime = true, (1<<24-1)*time.Second
			},
		},
		{
			name: "received routes kept",
			spec: func(s *spec) { s.Receive = &v1alpha1.Receive{Mode: new(v1alpha1.ReceiveReport)} },
			want: func(p *sessionOf) {
				p.Receive = speaker.Receive{Mode: speaker.ReceiveReport, MaxPrefixes: 1000}
			},
		},
		{
			name: "received routes kept up to a limit",
			spec: func(s *spec) {
				s.Receive = &v1alpha1.Receive{
					Mode: new(v1alpha1.ReceiveReport), MaxPrefixes: new(int32(5)), OnLimit: new(v1alpha1.ReceiveTeardown),
				}
			},
			want: func(p *sessionOf) {
				p.Receive = speaker.Receive{Mode: speaker.ReceiveReport, MaxPrefixes: 5, OnLimit: speaker.ReceiveTeardown}
			},
		},
		{
			name: "received routes ignored",
			spec: func(s *spec) { s.Receive = &v1alpha1.Receive{Mode: new(v1alpha1.ReceiveIgnore)} },
		},
		{
			name: "rate limit",
			spec: func(s *spec) { s.Updates = &v1alpha1.Updates{RatePerSecond: new(int32(50))} },
			want: func(p *sessionOf) { p.Export.RatePerSecond = 50 },
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := input(func(in *given) { in.SoftwareVersion = "Herald/v1" })
			test.spec(&in.Peers[0].Spec)
			want := plainPeer()
			if test.want != nil {
				test.want(&want)
			}
			got := sessionPeer(t, compileGiven(in))
			got.Export.Token, got.Export.Guard, got.Revision, got.Export.Export.Announcements = nil, nil, nil, nil
			got.of = nil
			if !reflect.DeepEqual(got, want) {
				t.Errorf("\n got %+v\nwant %+v", got, want)
			}
		})
	}
}

// TestHostNameOfTheNode: a node's name may be longer than what is told, and one object speaks for many nodes.
func TestHostNameOfTheNode(t *testing.T) {
	in := input(func(in *given) {
		in.Node.Name, in.NodeName = strings.Repeat("n", 65), strings.Repeat("n", 65)
		in.Peers[0].Spec.Capabilities = &v1alpha1.Capabilities{FQDN: &v1alpha1.FQDN{DomainName: new("example.com")}}
	})
	want := wire.FQDN{HostName: strings.Repeat("n", 64), DomainName: "example.com"}
	if got := sessionPeer(t, compileGiven(in)).Capabilities.FQDN; got == nil || *got != want {
		t.Errorf("name %v, want %v", got, want)
	}
}

func TestSessionOptionsRefused(t *testing.T) {
	type spec = v1alpha1.BGPPeerSpec
	capabilities := func(c v1alpha1.Capabilities) func(*spec) { return func(s *spec) { s.Capabilities = &c } }
	restart := func(r v1alpha1.GracefulRestart) func(*spec) { return func(s *spec) { s.GracefulRestart = &r } }
	receive := func(r v1alpha1.Receive) func(*spec) { return func(s *spec) { s.Receive = &r } }
	const invalid, unsupported = v1alpha1.ReasonInvalid, v1alpha1.ReasonUnsupported
	disabled := v1alpha1.GracefulRestartDisabled
	tests := []struct {
		name   string
		change func(*spec)
		reason string
		field  string
	}{
		{"add-path mode", capabilities(v1alpha1.Capabilities{AddPath: addPath("Sometimes", v1alpha1.AddPathBoth)}), unsupported, "addPath[1].mode"},
		{
			"add-path family", func(s *spec) {
				s.Families = []v1alpha1.Family{family4()}
				s.Capabilities = &v1alpha1.Capabilities{AddPath: addPath(v1alpha1.AddPathSend, v1alpha1.AddPathSend)}
			}, invalid, "addPath[0]",
		},
		{
			"add-path twice", capabilities(v1alpha1.Capabilities{AddPath: append(
				addPath(v1alpha1.AddPathSend, v1alpha1.AddPathSend), addPath(v1alpha1.AddPathSend, v1alpha1.AddPathSend)...)}),
			invalid, "addPath[2]",
		},
		{"role", capabilities(v1alpha1.Capabilities{Role: new(v1alpha1.Role("Sibling"))}), unsupported, "spec.capabilities.role"},
		{"role mode", capabilities(v1alpha1.Capabilities{RoleMode: new(v1alpha1.RoleMode("Loose"))}), unsupported, "spec.capabilities.roleMode"},
		{"role mode alone", capabilities(v1alpha1.Capabilities{RoleMode: new(v1alpha1.RoleStrict)}), invalid, "spec.capabilities.roleMode"},
		{
			"role in iBGP", func(s *spec) {
				s.LocalASN, s.Capabilities = s.PeerASN, &v1alpha1.Capabilities{Role: new(v1alpha1.RolePeer)}
			}, invalid, "spec.capabilities.role",
		},
		{
			"role with peerType Internal", func(s *spec) {
				s.PeerASN, s.PeerType = nil, new(v1alpha1.PeerTypeInternal)
				s.Capabilities = &v1alpha1.Capabilities{Role: new(v1alpha1.RolePeer)}
			}, invalid, "spec.capabilities.role",
		},
		{"host name", capabilities(v1alpha1.Capabilities{FQDN: &v1alpha1.FQDN{HostName: new("")}}), invalid, "fqdn.hostName"},
		{"domain name", capabilities(v1alpha1.Capabilities{FQDN: &v1alpha1.FQDN{DomainName: new("a_b")}}), invalid, "fqdn.domainName"},
		{"enhanced refresh alone", capabilities(v1alpha1.Capabilities{RouteRefresh: new(false), EnhancedRouteRefresh: new(true)}), invalid, "enhancedRouteRefresh"},
		{
			"peer's ASN of 4 octets", func(s *spec) {
				s.PeerASN, s.Capabilities = new(int64(65536)), &v1alpha1.Capabilities{FourOctetASN: new(false)}
			}, invalid, "fourOctetASN",
		},
		{"hops", func(s *spec) { s.Transport = &v1alpha1.Transport{TTLSecurityHops: new(int32(255))} }, invalid, "ttlSecurityHops"},
		{
			"hops and TTL", func(s *spec) {
				s.Transport = &v1alpha1.Transport{TTLSecurityHops: new(int32(1)), MultihopTTL: new(int32(1))}
			}, invalid, "ttlSecurityHops",
		},
		{"long-lived stale time", restart(v1alpha1.GracefulRestart{LongLivedStaleSeconds: new(int32(1 << 24))}), invalid, "longLivedStaleSeconds"},
		{"long-lived alone", restart(v1alpha1.GracefulRestart{Mode: &disabled, LongLivedStaleSeconds: new(int32(1))}), invalid, "spec.gracefulRestart"},
		{"notifications alone", restart(v1alpha1.GracefulRestart{Mode: &disabled, Notifications: new(true)}), invalid, "spec.gracefulRestart"},
		{"rate", func(s *spec) { s.Updates = &v1alpha1.Updates{RatePerSecond: new(int32(0))} }, invalid, "spec.updates.ratePerSecond"},
		{"receive mode", receive(v1alpha1.Receive{Mode: new(v1alpha1.ReceiveMode("Install"))}), unsupported, "spec.receive.mode"},
		{"receive limit", receive(v1alpha1.Receive{OnLimit: new(v1alpha1.ReceiveLimit("Ask"))}), unsupported, "spec.receive.onLimit"},
		{"limit of nothing", receive(v1alpha1.Receive{MaxPrefixes: new(int32(1))}), invalid, "spec.receive"},
		{"no prefixes", receive(v1alpha1.Receive{MaxPrefixes: new(int32(0))}), invalid, "spec.receive.maxPrefixes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bad := peer("bad", "192.0.2.9", 0, func(p *v1alpha1.BGPPeer) { test.change(&p.Spec) })
			out := compileGiven(input(func(in *given) { in.Peers = append(in.Peers, bad) }))
			if got := sessionPeer(t, out); got.Name != "tor-a" {
				t.Errorf("the peer %s is in use", got.Name)
			}
			wantIssue(t, out.Issues, "bad", v1alpha1.ConditionAccepted, test.reason, test.field)
		})
	}
}

// TestTwoOctetNode: an ASN that only one node has keeps that node alone from a session.
func TestTwoOctetNode(t *testing.T) {
	out := compileGiven(input(func(in *given) {
		in.Node.Annotations = map[string]string{v1alpha1.AnnotationASN: "4200000000"}
		in.Peers[0].Spec.Capabilities = &v1alpha1.Capabilities{FourOctetASN: new(false)}
	}))
	if len(out.Config.Peers) > 0 {
		t.Errorf("peers %+v, want none", out.Config.Peers)
	}
	wantIssue(t, out.Issues, "tor-a", v1alpha1.ConditionEstablished, v1alpha1.ReasonNoLocalASN, "4200000000 does not fit")
}
