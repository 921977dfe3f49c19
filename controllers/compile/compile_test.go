// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"net/netip"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

func TestNodeAddresses(t *testing.T) {
	config := compileGiven(input()).Config
	if config.NodeAddress4 != netip.MustParseAddr("192.0.2.10") || config.NodeAddress6 != netip.MustParseAddr("2001:db8::10") {
		t.Errorf("node addresses %v and %v", config.NodeAddress4, config.NodeAddress6)
	}
}

func TestSelectors(t *testing.T) {
	in := input(func(in *given) {
		in.Peers = []v1alpha1.BGPPeer{
			peer("left", "192.0.2.1", 0, func(p *v1alpha1.BGPPeer) { p.Labels = map[string]string{"side": "left"} }),
			peer("right", "192.0.2.2", 0),
		}
		in.Node.Labels = map[string]string{"rack": "a"}
		in.Announcements = []v1alpha1.Announcement{
			announcement("platform", "everywhere", 1, []string{"203.0.113.0/24"}),
			announcement("platform", "left", 2, []string{"203.0.113.0/24"}, func(a *v1alpha1.Announcement) {
				a.Spec.PeerSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"side": "left"}}
			}),
			announcement("platform", "rack-a", 3, []string{"203.0.113.0/24"}, func(a *v1alpha1.Announcement) {
				a.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"rack": "a"}}
			}),
			announcement("platform", "rack-b", 4, []string{"203.0.113.0/24"}, func(a *v1alpha1.Announcement) {
				a.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"rack": "b"}}
			}),
		}
	})
	out := compileGiven(in)
	// Conflicts are judged by the session, after eligibility: each is handed over, the oldest first.
	wantStrings(t, "left", verdicts(peerNamed(t, out, "left")), "platform/everywhere ok", "platform/left ok", "platform/rack-a ok")
	wantStrings(t, "right", verdicts(peerNamed(t, out, "right")), "platform/everywhere ok", "platform/rack-a ok")
}

func TestOrderOfPrecedence(t *testing.T) {
	out := compileGiven(input(func(in *given) {
		in.TrustAll = true
		in.Announcements = []v1alpha1.Announcement{
			announcement("b", "x", 1, []string{"203.0.113.0/24"}),
			announcement("a", "z", 1, []string{"203.0.113.0/24"}),
			announcement("a", "y", 1, []string{"203.0.113.0/24"}),
			announcement("z", "old", 0, []string{"203.0.113.0/24"}),
			announcement("z", "stored-by-nobody", 0, []string{"203.0.113.0/24"}, func(a *v1alpha1.Announcement) {
				a.CreationTimestamp = metav1.Time{}
			}),
		}
	}))
	wantStrings(t, "order", verdicts(sessionPeer(t, out)), "z/stored-by-nobody ok", "z/old ok", "a/y ok", "a/z ok", "b/x ok")
}

func TestPartsAreShared(t *testing.T) {
	in := input(func(in *given) {
		only4 := func(p *v1alpha1.BGPPeer) {
			p.Spec.AllowedAnnouncements = &v1alpha1.AllowedAnnouncements{Families: []v1alpha1.Family{family4()}}
		}
		in.Peers = []v1alpha1.BGPPeer{
			peer("dual-1", "192.0.2.1", 0), peer("dual-2", "192.0.2.2", 0),
			peer("four-1", "192.0.2.3", 0, only4), peer("four-2", "192.0.2.4", 0, only4),
		}
		in.Announcements = []v1alpha1.Announcement{announcement("platform", "net", 0, []string{"203.0.113.0/24", "2001:db8::/48"})}
	})
	var h history
	out := h.compile(in)
	sent := func(name string) string { return strings.Join(routes(peerNamed(t, out, name)), ", ") }
	if got := sent("four-1"); got != "platform/net 203.0.113.0/24" {
		t.Errorf("four-1 is sent %s", got)
	}
	dual, four := peerNamed(t, out, "dual-1").Export.Announcements[0], peerNamed(t, out, "four-1").Export.Announcements[0]
	if dual != peerNamed(t, out, "dual-2").Export.Announcements[0] || four != peerNamed(t, out, "four-2").Export.Announcements[0] {
		t.Error("peers that are sent the same do not share it")
	}
	if dual.ID != "platform/net" || four.ID != "platform/net#IPv4" || four.Name != dual.Name {
		t.Errorf("IDs %q and %q, names %q and %q", dual.ID, four.ID, dual.Name, four.Name)
	}

	// A prefix more changes the content of the part, not what it is known by.
	in.Announcements[0].Spec.Prefixes = append(in.Announcements[0].Spec.Prefixes, "198.51.100.0/24")
	in.Announcements[0].Generation++
	out = h.compile(in)
	if got := peerNamed(t, out, "four-1").Export.Announcements[0]; got == four || got.ID != four.ID {
		t.Errorf("the part %+v became %+v", four, got)
	}
}

func TestDecisions(t *testing.T) {
	out := compileGiven(input(func(in *given) {
		in.Peers[0].Generation = 7
		in.Peers[0].Spec.Families = []v1alpha1.Family{family4()}
		in.Announcements = []v1alpha1.Announcement{
			announcement("platform", "net", 0, []string{"10.0.0.0/16", "2001:db8::/48"}, split(20), func(a *v1alpha1.Announcement) { a.Generation = 3 }),
			announcement("platform", "default", 1, []string{"0.0.0.0/0"}),
			announcement("platform", "foreign", 2, []string{"2001:db8:1::/48"}),
		}
	}))
	peer := sessionPeer(t, out)
	got := compile.DecisionsOf(peer.Export.Token)
	if got == nil || got.Peer.Generation != 7 || got.Peer.Name != "tor-a" || got.Sent != 1 {
		t.Fatalf("decisions %+v", got)
	}
	var sums compile.Sums
	net := compile.Ref{Namespace: "platform", Name: "net", UID: "uid-platform-net", Generation: 3}
	sums.Add(compile.TermOf(net))
	sums.Add(compile.TermOf(compile.Ref{UID: "uid-platform-default", Generation: 1}))
	if got.Sums != sums {
		t.Error("the sums are not those of the two announcements that the session is eligible for")
	}
	sent := peer.Export.Announcements
	if len(sent) != 2 || sent[0].ID != "platform/net" || sent[1].ID != "platform/foreign" || compile.AnnouncementOf(sent[0]).Ref != net {
		t.Fatalf("sent %+v", sent)
	}
	if configured, foreign := got.Prefixes(sent[0]); configured != 16 || foreign != 1 {
		t.Errorf("%d prefixes and %d foreign ones, want 16 and 1", configured, foreign)
	}
	wantStrings(t, "verdicts", verdicts(peer), "platform/net ok", "platform/default InfrastructureRefused")
	if compile.DecisionsOf(nil) != nil || compile.DecisionsOf("something else") != nil {
		t.Error("a token that is none of ours has decisions")
	}
}

func TestWhyNoPeer(t *testing.T) {
	tests := []struct {
		name   string
		change func(*given)
		want   string // a part of the sentence; empty where a peer is eligible
	}{
		{name: "eligible", change: func(in *given) { in.TrustAll = true }},
		{name: "no peer", change: func(in *given) { in.Peers = nil }, want: "no BGPPeer in use"},
		{name: "not selected", change: func(in *given) {
			in.Announcements[0].Spec.PeerSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"side": "left"}}
		}, want: "peerSelector"},
		{name: "no such name", change: func(in *given) {
			in.Announcements[0].Spec.Peers = []string{"tor-y", "tor-x"}
		}, want: "no BGPPeer tor-x, and no BGPPeer tor-y"},
		{name: "not in use by that name", change: func(in *given) {
			in.Announcements[0].Spec.Peers = []string{"bad"}
			in.Peers = append(in.Peers, peer("bad", "192.0.2.9", 1, func(p *v1alpha1.BGPPeer) { p.Spec.Port = new(int32(0)) }))
		}, want: "BGPPeer bad is not in use"},
		{name: "by name", change: func(in *given) {
			in.TrustAll = true
			in.Announcements[0].Spec.Peers = []string{"tor-x", "tor-a"}
		}},
		{name: "family", change: func(in *given) { in.Peers[0].Spec.Families = []v1alpha1.Family{family6()} }, want: "family"},
		{name: "namespace", change: func(*given) {}, want: "the namespace shop"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := input(func(in *given) {
				in.Announcements = []v1alpha1.Announcement{announcement("shop", "net", 0, []string{"203.0.113.0/24"})}
			}, test.change)
			catalog := in.catalog()
			got := catalog.WhyNoPeer(catalog.Announcement("shop/net"))
			if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("%q, want %q in it", got, test.want)
			}
			found := len(catalog.Peers) > 0 && len(eligible(catalog, catalog.Peers[0])) == 1
			if found != (got == "") {
				t.Errorf("eligible: %v, but %q", found, got)
			}
		})
	}
}

// TestMissingPeers: a name that stands for nothing is told, though another of the list has a peer.
func TestMissingPeers(t *testing.T) {
	for _, test := range []struct {
		names []string
		want  string
	}{
		{nil, ""},
		{[]string{"tor-a"}, ""},
		{[]string{"tor-a", "tor-x"}, "no BGPPeer in use is named tor-x"},
		{[]string{"tor-y", "tor-x"}, "no BGPPeer in use is named tor-x or tor-y"},
	} {
		in := input(func(in *given) {
			in.Announcements = []v1alpha1.Announcement{announcement("shop", "net", 0, []string{"203.0.113.0/24"})}
			in.Announcements[0].Spec.Peers = test.names
		})
		catalog := in.catalog()
		got := catalog.MissingPeers(catalog.Announcement("shop/net"))
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%v: %q, want %q in it", test.names, got, test.want)
		}
	}
}

// TestSessionNamesDiffer: two sessions never share an object.
func TestSessionNamesDiffer(t *testing.T) {
	node := strings.Repeat("n.", 126) + "n"
	of := map[string][2]string{}
	for _, pair := range [][2]string{
		{"tor", "a.b"}, {"tor.a", "b"}, {"tor", "a.b.c"}, {"tor.a", "b.c"}, {"tor.a.b", "c"}, {"n", node}, {"n.n", node[2:]},
	} {
		name := compile.SessionName(pair[0], pair[1])
		if other, taken := of[name]; taken {
			t.Errorf("%q and %q have the name %s", pair, other, name)
		}
		of[name] = pair
		if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestSessionName(t *testing.T) {
	if got := compile.SessionName("tor-a", "node-1.example"); got != "tor-a.node-1.example" {
		t.Errorf("name %q", got)
	}
	longest := strings.Repeat("n", 253-len("tor-a."))
	if got := compile.SessionName("tor-a", longest); got != "tor-a."+longest {
		t.Errorf("a name of 253 characters became %q", got)
	}
	seen := map[string]bool{}
	for _, node := range []string{longest + "a", longest + "b", strings.Repeat("n.", 126) + "n", strings.Repeat("n.", 125) + "nnn"} {
		name := compile.SessionName("tor-a", node)
		if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
			t.Errorf("name %q: %v", name, problems)
		}
		if seen[name] {
			t.Errorf("two nodes have the session name %q", name)
		}
		seen[name] = true
	}
}
