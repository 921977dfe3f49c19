// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// plainPeer is what the least BGPPeer comes to.
func plainPeer() sessionOf {
	return sessionOf{Peer: speaker.Peer{
		Name:            "tor-a",
		Address:         netip.MustParseAddrPort("192.0.2.1:179"),
		LocalASN:        64512,
		PeerASN:         64500,
		ConnectMode:     speaker.ConnectActive,
		Families:        []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast},
		Timers:          speaker.Timers{Hold: 90 * time.Second, ConnectRetry: 5 * time.Second},
		GracefulRestart: &speaker.GracefulRestart{RestartTime: 120 * time.Second},
	}}
}

func TestPeer(t *testing.T) {
	tests := []struct {
		name  string
		spec  func(*v1alpha1.BGPPeerSpec)
		input func(*given)
		want  func(*sessionOf)
	}{
		{name: "defaults"},
		{
			name:  "connectMode where the process listens",
			input: func(in *given) { in.Listening = true },
			want:  func(p *sessionOf) { p.ConnectMode = speaker.ConnectBoth },
		},
		{
			name: "connectMode Active where the process listens",
			spec: func(s *v1alpha1.BGPPeerSpec) {
				s.Transport = &v1alpha1.Transport{ConnectMode: new(v1alpha1.ConnectActive)}
			},
			input: func(in *given) { in.Listening = true },
		},
		{
			name: "connectMode Passive",
			spec: func(s *v1alpha1.BGPPeerSpec) {
				s.Transport = &v1alpha1.Transport{ConnectMode: new(v1alpha1.ConnectPassive)}
			},
			want: func(p *sessionOf) { p.ConnectMode = speaker.ConnectPassive },
		},
		{
			name: "connectMode Both where the process does not listen",
			spec: func(s *v1alpha1.BGPPeerSpec) {
				s.Transport = &v1alpha1.Transport{ConnectMode: new(v1alpha1.ConnectBoth)}
			},
			want: func(p *sessionOf) { p.ConnectMode = speaker.ConnectBoth },
		},
		{
			name: "IPv6 address, port, source and TTL",
			spec: func(s *v1alpha1.BGPPeerSpec) {
				s.Address, s.Port = "2001:db8::1", new(int32(1790))
				s.Transport = &v1alpha1.Transport{
					Source: &v1alpha1.TransportSource{Address: "2001:db8::10"}, MultihopTTL: new(int32(7)),
				}
			},
			want: func(p *sessionOf) {
				p.Address = netip.MustParseAddrPort("[2001:db8::1]:1790")
				p.LocalAddress = netip.MustParseAddr("2001:db8::10")
				p.MultihopTTL = 7
			},
		},
		{
			name: "peerType External",
			spec: func(s *v1alpha1.BGPPeerSpec) { s.PeerASN, s.PeerType = nil, new(v1alpha1.PeerTypeExternal) },
			want: func(p *sessionOf) { p.PeerASN, p.PeerType = 0, speaker.PeerTypeExternal },
		},
		{
			name: "peerType Internal",
			spec: func(s *v1alpha1.BGPPeerSpec) { s.PeerASN, s.PeerType = nil, new(v1alpha1.PeerTypeInternal) },
			want: func(p *sessionOf) { p.PeerASN, p.PeerType = 0, speaker.PeerTypeInternal },
		},
		{
			name: "adminState Down",
			spec: func(s *v1alpha1.BGPPeerSpec) { s.AdminState = new(v1alpha1.AdminStateDown) },
			want: func(p *sessionOf) { p.AdminDown, p.DownText = true, "administratively down" },
		},
		{
			name: "families in whatever order",
			spec: func(s *v1alpha1.BGPPeerSpec) { s.Families = []v1alpha1.Family{family6(), family4()} },
		},
		{
			name: "one family",
			spec: func(s *v1alpha1.BGPPeerSpec) { s.Families = []v1alpha1.Family{family6()} },
			want: func(p *sessionOf) { p.Families = []wire.Family{wire.IPv6Unicast} },
		},
		{
			name: "timers",
			spec: func(s *v1alpha1.BGPPeerSpec) {
				s.Timers = &v1alpha1.Timers{
					HoldSeconds: new(int32(9)), KeepaliveSeconds: new(int32(2)),
					ConnectRetrySeconds: new(int32(120)), SendHoldSeconds: new(int32(600)),
				}
			},
			want: func(p *sessionOf) {
				p.Timers = speaker.Timers{
					Hold: 9 * time.Second, Keepalive: 2 * time.Second,
					ConnectRetry: 120 * time.Second, SendHold: 600 * time.Second,
				}
			},
		},
		{
			name: "no hold timer",
			spec: func(s *v1alpha1.BGPPeerSpec) { s.Timers = &v1alpha1.Timers{HoldSeconds: new(int32(0))} },
			want: func(p *sessionOf) { p.Timers = speaker.Timers{NoHold: true, ConnectRetry: 5 * time.Second} },
		},
		{
			name: "restart time",
			spec: func(s *v1alpha1.BGPPeerSpec) {
				s.GracefulRestart = &v1alpha1.GracefulRestart{RestartSeconds: new(int32(30))}
			},
			want: func(p *sessionOf) { p.GracefulRestart.RestartTime = 30 * time.Second },
		},
		{
			name: "no graceful restart",
			spec: func(s *v1alpha1.BGPPeerSpec) {
				s.GracefulRestart = &v1alpha1.GracefulRestart{Mode: new(v1alpha1.GracefulRestartDisabled)}
			},
			want: func(p *sessionOf) { p.GracefulRestart = nil },
		},
		{
			name: "applyMode Immediate",
			spec: func(s *v1alpha1.BGPPeerSpec) { s.ApplyMode = new(v1alpha1.ApplyImmediate) },
			want: func(p *sessionOf) { p.ApplyImmediate = true },
		},
		{
			name: "attributes",
			spec: func(s *v1alpha1.BGPPeerSpec) {
				s.Attributes = &v1alpha1.PathAttributes{MED: new(int64(4294967295)), Communities: []string{"NO_EXPORT"}}
			},
			want: func(p *sessionOf) {
				p.Export.Defaults = rib.Attributes{
					MED: new(uint32(4294967295)), Communities: []wire.Community{wire.CommunityNoExport},
				}
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := input()
			if test.spec != nil {
				test.spec(&in.Peers[0].Spec)
			}
			if test.input != nil {
				test.input(&in)
			}
			want := plainPeer()
			if test.want != nil {
				test.want(&want)
			}
			got := sessionPeer(t, compileGiven(in))
			if of, ok := compile.PeerOf(got.Revision); !ok || of.Ref != compile.RefOf(&in.Peers[0].ObjectMeta) {
				t.Errorf("revision %v, want that of the BGPPeer", got.Revision)
			}
			got.Export.Token, got.Export.Guard, got.Revision, got.Export.Export.Announcements = nil, nil, nil, nil
			got.of = nil
			if !reflect.DeepEqual(got, want) {
				t.Errorf("\n got %+v\nwant %+v", got, want)
			}
		})
	}
}

func family4() v1alpha1.Family {
	return v1alpha1.Family{AFI: v1alpha1.AFIIPv4, SAFI: v1alpha1.SAFIUnicast}
}
func family6() v1alpha1.Family {
	return v1alpha1.Family{AFI: v1alpha1.AFIIPv6, SAFI: v1alpha1.SAFIUnicast}
}

func TestNodeSelector(t *testing.T) {
	in := input(func(in *given) {
		in.Peers[0].Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"rack": "a"}}
	})
	if out := compileGiven(in); len(out.Config.Peers) != 0 || len(out.Issues) != 0 {
		t.Errorf("a node that is not selected has %+v, issues %v", out.Config.Peers, out.Issues)
	}
	in.Node.Labels = map[string]string{"rack": "a"}
	sessionPeer(t, compileGiven(in))
	in.Peers[0].Spec.NodeSelector = &v1alpha1.LabelSelector{}
	in.Node.Labels = nil
	sessionPeer(t, compileGiven(in)) // an empty selector selects every node
}

func TestPeersInConflict(t *testing.T) {
	source := func(address string) func(*v1alpha1.BGPPeer) {
		return func(p *v1alpha1.BGPPeer) {
			p.Spec.Transport = &v1alpha1.Transport{Source: &v1alpha1.TransportSource{Address: address}}
		}
	}
	tests := []struct {
		name  string
		peers []v1alpha1.BGPPeer
		want  []string
		loser string
		// winner is named to the loser.
		winner string
	}{
		{
			name:  "the older is kept",
			peers: []v1alpha1.BGPPeer{peer("a", "192.0.2.1", 9), peer("z", "192.0.2.1", 1)},
			want:  []string{"z"}, loser: "a", winner: "z",
		},
		{
			name:  "of one age the first by name is kept",
			peers: []v1alpha1.BGPPeer{peer("z", "192.0.2.1", 1), peer("a", "192.0.2.1", 1)},
			want:  []string{"a"}, loser: "z", winner: "a",
		},
		{
			name: "without a creationTimestamp it is the oldest",
			peers: []v1alpha1.BGPPeer{peer("a", "192.0.2.1", 0), peer("z", "192.0.2.1", 5, func(p *v1alpha1.BGPPeer) {
				p.CreationTimestamp = metav1.Time{}
			})},
			want: []string{"z"}, loser: "a", winner: "z",
		},
		{
			name:  "from two addresses of ours",
			peers: []v1alpha1.BGPPeer{peer("a", "192.0.2.1", 1, source("192.0.2.10")), peer("b", "192.0.2.1", 2, source("192.0.2.11"))},
			want:  []string{"a", "b"},
		},
		{
			name: "an object that is left out keeps nobody away",
			peers: []v1alpha1.BGPPeer{
				peer("a", "192.0.2.1", 1, func(p *v1alpha1.BGPPeer) { p.Spec.PeerASN = nil }), peer("b", "192.0.2.1", 2),
			},
			want: []string{"b"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out := compileGiven(input(func(in *given) { in.Peers = test.peers }))
			var names []string
			for _, p := range out.Config.Peers {
				names = append(names, p.Name)
			}
			wantStrings(t, "peers", names, test.want...)
			if test.loser != "" {
				wantIssue(t, out.Issues, test.loser, v1alpha1.ConditionAccepted, v1alpha1.ReasonConflict, "BGPPeer "+test.winner)
			}
		})
	}
}

func TestPeerRefused(t *testing.T) {
	type spec = v1alpha1.BGPPeerSpec
	allowed := func(a v1alpha1.AllowedAnnouncements) func(*spec) {
		return func(s *spec) { s.AllowedAnnouncements = &a }
	}
	tenant := func(change func(*v1alpha1.Tenant)) func(*spec) {
		entry := v1alpha1.Tenant{
			Name:       "web",
			Namespaces: v1alpha1.TenantNamespaces{From: v1alpha1.NamespacesFromAll},
			Prefixes:   []v1alpha1.TenantPrefix{{CIDR: "203.0.113.0/24"}},
		}
		change(&entry)
		return allowed(v1alpha1.AllowedAnnouncements{Tenants: []v1alpha1.Tenant{entry}})
	}
	timers := func(t v1alpha1.Timers) func(*spec) { return func(s *spec) { s.Timers = &t } }
	transport := func(t v1alpha1.Transport) func(*spec) { return func(s *spec) { s.Transport = &t } }
	const invalid, unsupported = v1alpha1.ReasonInvalid, v1alpha1.ReasonUnsupported
	tests := []struct {
		name   string
		change func(*spec)
		reason string
		field  string
	}{
		{"no address", func(s *spec) { s.Address = "" }, unsupported, "spec.address"},
		{"a name", func(s *spec) { s.Address = "tor-a.example" }, invalid, "spec.address"},
		{"multicast", func(s *spec) { s.Address = "224.0.0.5" }, invalid, "spec.address"},
		{"broadcast", func(s *spec) { s.Address = "255.255.255.255" }, invalid, "spec.address"},
		{"reserved", func(s *spec) { s.Address = "240.0.0.1" }, invalid, "spec.address"},
		{"this network", func(s *spec) { s.Address = "0.0.0.5" }, invalid, "spec.address"},
		{"unspecified", func(s *spec) { s.Address = "::" }, invalid, "spec.address"},
		{"zone", func(s *spec) { s.Address = "fe80::1%eth0" }, invalid, "spec.address"},
		{"link-local", func(s *spec) { s.Address = "fe80::1" }, invalid, "spec.address"},
		{"IPv4-mapped", func(s *spec) { s.Address = "::ffff:192.0.2.1" }, invalid, "spec.address"},
		{"port", func(s *spec) { s.Port = new(int32(65536)) }, invalid, "spec.port"},
		{"local ASN", func(s *spec) { s.LocalASN = new(int64(0)) }, invalid, "spec.localASN"},
		{"peer ASN", func(s *spec) { s.PeerASN = new(int64(1 << 32)) }, invalid, "spec.peerASN"},
		{"AS_TRANS", func(s *spec) { s.PeerASN = new(int64(23456)) }, invalid, "spec.peerASN"},
		{"neither ASN nor type", func(s *spec) { s.PeerASN = nil }, unsupported, "exactly one of peerASN and peerType"},
		{"both ASN and type", func(s *spec) { s.PeerType = new(v1alpha1.PeerTypeExternal) }, invalid, "exactly one of peerASN and peerType"},
		{"type", func(s *spec) { s.PeerASN, s.PeerType = nil, new(v1alpha1.PeerType("Sibling")) }, unsupported, "spec.peerType"},
		{"admin state", func(s *spec) { s.AdminState = new(v1alpha1.AdminState("Drained")) }, unsupported, "spec.adminState"},
		{"apply mode", func(s *spec) { s.ApplyMode = new(v1alpha1.ApplyMode("Later")) }, unsupported, "spec.applyMode"},
		{"family", func(s *spec) { s.Families = []v1alpha1.Family{{AFI: "IPv4", SAFI: "FlowSpec"}} }, unsupported, "spec.families"},
		{
			"node selector",
			func(s *spec) {
				s.NodeSelector = &v1alpha1.LabelSelector{MatchExpressions: []v1alpha1.LabelSelectorRequirement{{Key: "rack", Operator: v1alpha1.LabelIn}}}
			},
			invalid, "spec.nodeSelector",
		},
		{"source", transport(v1alpha1.Transport{Source: &v1alpha1.TransportSource{Address: "eth0"}}), invalid, "spec.transport.source.address"},
		{"broadcast source", transport(v1alpha1.Transport{Source: &v1alpha1.TransportSource{Address: "255.255.255.255"}}), invalid, "spec.transport.source.address"},
		{"source's family", transport(v1alpha1.Transport{Source: &v1alpha1.TransportSource{Address: "2001:db8::1"}}), invalid, "spec.transport.source.address"},
		{"TTL", transport(v1alpha1.Transport{MultihopTTL: new(int32(256))}), invalid, "spec.transport.multihopTTL"},
		{"connect mode", transport(v1alpha1.Transport{ConnectMode: new(v1alpha1.ConnectMode("Never"))}), unsupported, "spec.transport.connectMode"},
		{"authentication", func(s *spec) { s.Authentication = &v1alpha1.Authentication{Type: "TCPAO"} }, unsupported, "spec.authentication.type"},
		{"no Secret", func(s *spec) { s.Authentication = &v1alpha1.Authentication{Type: "TCPMD5"} }, invalid, "spec.authentication"},
		{"hold", timers(v1alpha1.Timers{HoldSeconds: new(int32(2))}), invalid, "spec.timers.holdSeconds"},
		{"negative hold", timers(v1alpha1.Timers{HoldSeconds: new(int32(-1))}), invalid, "spec.timers.holdSeconds"},
		{"keepalive above hold", timers(v1alpha1.Timers{KeepaliveSeconds: new(int32(91))}), invalid, "spec.timers.keepaliveSeconds"},
		{
			"keepalive without hold", timers(v1alpha1.Timers{HoldSeconds: new(int32(0)), KeepaliveSeconds: new(int32(1))}),
			invalid, "spec.timers.keepaliveSeconds",
		},
		{"connect retry", timers(v1alpha1.Timers{ConnectRetrySeconds: new(int32(0))}), invalid, "spec.timers.connectRetrySeconds"},
		{"send hold below hold", timers(v1alpha1.Timers{SendHoldSeconds: new(int32(90))}), invalid, "spec.timers.sendHoldSeconds"},
		{
			"restart time", func(s *spec) { s.GracefulRestart = &v1alpha1.GracefulRestart{RestartSeconds: new(int32(4096))} },
			invalid, "spec.gracefulRestart.restartSeconds",
		},
		{
			"restart mode", func(s *spec) {
				s.GracefulRestart = &v1alpha1.GracefulRestart{Mode: new(v1alpha1.GracefulRestartMode("Helper"))}
			},
			unsupported, "spec.gracefulRestart.mode",
		},
		{"attributes", func(s *spec) { s.Attributes = &v1alpha1.PathAttributes{MED: new(int64(-1))} }, invalid, "spec.attributes.med"},
		{"maxPrefixes", allowed(v1alpha1.AllowedAnnouncements{MaxPrefixes: new(int32(10_000_001))}), invalid, "maxPrefixes"},
		{"allowed family", allowed(v1alpha1.AllowedAnnouncements{Families: []v1alpha1.Family{{AFI: "L2VPN", SAFI: "EVPN"}}}), unsupported, "allowedAnnouncements.families"},
		{"infrastructure", allowed(v1alpha1.AllowedAnnouncements{Infrastructure: []v1alpha1.Infrastructure{"Pods"}}), unsupported, "infrastructure[0]"},
		{"tenant without prefixes", tenant(func(t *v1alpha1.Tenant) { t.Prefixes = nil }), invalid, "tenants[0].prefixes"},
		{"tenant's host bits", tenant(func(t *v1alpha1.Tenant) { t.Prefixes[0].CIDR = "203.0.113.1/24" }), invalid, "prefixes[0].cidr"},
		{"tenant's maxLength", tenant(func(t *v1alpha1.Tenant) { t.Prefixes[0].MaxLength = new(int32(23)) }), invalid, "prefixes[0].maxLength"},
		{"tenant's long maxLength", tenant(func(t *v1alpha1.Tenant) { t.Prefixes[0].MaxLength = new(int32(33)) }), invalid, "prefixes[0].maxLength"},
		{"tenant's maxPrefixes", tenant(func(t *v1alpha1.Tenant) { t.MaxPrefixes = new(int32(-1)) }), invalid, "tenants[0].maxPrefixes"},
		{"tenant's namespaces", tenant(func(t *v1alpha1.Tenant) { t.Namespaces.From = "Same" }), unsupported, "namespaces.from"},
		{"tenant without selector", tenant(func(t *v1alpha1.Tenant) { t.Namespaces.From = "Selector" }), invalid, "tenants[0].namespaces"},
		{"All with a selector", tenant(func(t *v1alpha1.Tenant) { t.Namespaces.Selector = &v1alpha1.LabelSelector{} }), invalid, "tenants[0].namespaces"},
		{
			"tenant's next hop", tenant(func(t *v1alpha1.Tenant) {
				t.Attributes = &v1alpha1.TenantAttributes{NextHop: new(v1alpha1.NextHopGrant("Gateway"))}
			}), unsupported, "attributes.nextHop",
		},
		{
			"tenant's grant", tenant(func(t *v1alpha1.Tenant) {
				t.Attributes = &v1alpha1.TenantAttributes{Raw: new(v1alpha1.Grant("Ask"))}
			}), unsupported, "attributes.raw",
		},
		{
			"tenant's pattern", tenant(func(t *v1alpha1.Tenant) {
				t.Attributes = &v1alpha1.TenantAttributes{Communities: []string{"1:2:3:4"}}
			}), invalid, "attributes.communities[0]",
		},
		{
			"tenant's empty list", tenant(func(t *v1alpha1.Tenant) {
				t.Attributes = &v1alpha1.TenantAttributes{Communities: []string{}}
			}), invalid, "attributes.communities",
		},
		{
			"tenant's large number", tenant(func(t *v1alpha1.Tenant) {
				t.Attributes = &v1alpha1.TenantAttributes{Communities: []string{"64512:*", "65536:*"}}
			}), invalid, "attributes.communities[1]",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bad := peer("bad", "192.0.2.9", 0, func(p *v1alpha1.BGPPeer) { test.change(&p.Spec) })
			out := compileGiven(input(func(in *given) { in.Peers = append(in.Peers, bad) }))
			if got := sessionPeer(t, out); got.Name != "tor-a" {
				t.Errorf("the peer %s is in use", got.Name)
			}
			wantIssue(t, out.Issues, "bad", v1alpha1.ConditionAccepted, test.reason, test.field)
			if issue := out.compiler.Catalog().CheckPeer(&bad); issue == nil || *issue != out.Issues[0] {
				t.Errorf("CheckPeer says %v, Compile %v", issue, out.Issues[0])
			}
		})
	}
}
