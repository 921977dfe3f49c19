// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"cmp"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// slip is an edit that admission let pass, as it did before there was a rule.
func slip(p *v1alpha1.BGPPeer) {
	p.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchExpressions: []v1alpha1.LabelSelectorRequirement{{Key: "rack", Operator: v1alpha1.LabelIn}}}
}

// before is generation 6 of a BGPPeer and what it announces; after is generation 7.
func heldPeer(t *testing.T, before func(*v1alpha1.BGPPeer), after ...func(*v1alpha1.BGPPeer)) compiled {
	t.Helper()
	var h history
	at := func(generation int64, change ...func(*v1alpha1.BGPPeer)) given {
		return input(func(in *given) {
			in.Peers[0].Generation = generation
			for _, f := range change {
				f(&in.Peers[0])
			}
			in.Announcements = []v1alpha1.Announcement{
				announcement("platform", "net", 0, []string{"198.51.100.0/24", "2001:db8::/48"}),
				announcement("shop", "web", 1, []string{"203.0.113.0/28"}),
			}
		})
	}
	if out := h.compile(at(6, before)); len(out.Issues) > 0 {
		t.Fatalf("issues %v of a valid version", out.Issues)
	}
	return h.compile(at(7, append([]func(*v1alpha1.BGPPeer){before}, after...)...))
}

func TestInvalidEditKeepsTheSession(t *testing.T) {
	granted := func(p *v1alpha1.BGPPeer) {
		p.Spec.Port = new(int32(1790))
		p.Spec.Attributes = &v1alpha1.PathAttributes{MED: new(int64(7))}
		p.Spec.AllowedAnnouncements = allow(webTenant())
	}
	const net, net6, web = "platform/net 198.51.100.0/24", "platform/net 2001:db8::/48", "shop/web 203.0.113.0/28"
	entry := func(change func(*v1alpha1.Tenant)) func(*v1alpha1.BGPPeer) {
		return func(p *v1alpha1.BGPPeer) { change(&p.Spec.AllowedAnnouncements.Tenants[0]) }
	}
	tests := []struct {
		name   string
		edit   func(*v1alpha1.BGPPeer) // what else is in the edit with the slip
		routes []string
		down   bool
		reason string // Invalid unless it says another
	}{
		{name: "a slip", edit: func(*v1alpha1.BGPPeer) {}, routes: []string{net, net6, web}},
		{name: "what can be read waits too", edit: func(p *v1alpha1.BGPPeer) { p.Spec.Port = new(int32(1791)) }, routes: []string{net, net6, web}},
		{name: "down", edit: func(p *v1alpha1.BGPPeer) { p.Spec.AdminState = new(v1alpha1.AdminStateDown) }, routes: []string{net, net6, web}, down: true},
		{name: "an entry removed", edit: func(p *v1alpha1.BGPPeer) { p.Spec.AllowedAnnouncements.Tenants = nil }, routes: []string{net, net6}},
		{name: "all rights removed", edit: func(p *v1alpha1.BGPPeer) { p.Spec.AllowedAnnouncements = nil }, routes: []string{net, net6}},
		{
			name: "an entry that cannot be read", edit: entry(func(e *v1alpha1.Tenant) { e.Prefixes[0].CIDR = "203.0.113.1/24" }),
			routes: []string{net, net6},
		},
		{
			name: "an entry of a later version", edit: entry(func(e *v1alpha1.Tenant) { e.Namespaces.From = "Newer" }),
			routes: []string{net, net6, web}, reason: v1alpha1.ReasonUnsupported,
		},
		{
			name: "a field of a later version beside the entries, which may narrow them", edit: func(p *v1alpha1.BGPPeer) {
				p.Spec.UnknownFields = []string{"allowedAnnouncements.newer"}
				p.Spec.AllowedAnnouncements.Tenants[0].Prefixes[0].CIDR = "192.0.2.0/24"
			}, routes: []string{net, net6, web}, reason: v1alpha1.ReasonUnsupported,
		},
		{
			name: "an entry with a field of a later version", edit: func(p *v1alpha1.BGPPeer) {
				p.Spec.UnknownFields = []string{"allowedAnnouncements.tenants[0].newer"}
				p.Spec.AllowedAnnouncements.Tenants[0].Prefixes[0].CIDR = "192.0.2.0/24"
			}, routes: []string{net, net6, web}, reason: v1alpha1.ReasonUnsupported,
		},
		{
			name: "an entry that can be read", edit: entry(func(e *v1alpha1.Tenant) { e.Prefixes[0].CIDR = "192.0.2.0/24" }),
			routes: []string{net, net6},
		},
		{
			name: "a bound that cannot be read", edit: func(p *v1alpha1.BGPPeer) { p.Spec.AllowedAnnouncements.MaxPrefixes = new(int32(-1)) },
			routes: []string{net, net6, web},
		},
		{
			name: "a bound that can", edit: func(p *v1alpha1.BGPPeer) { p.Spec.AllowedAnnouncements.MaxPrefixes = new(int32(2)) },
			routes: []string{net, net6},
		},
		{
			name: "a family that may be announced no more", edit: func(p *v1alpha1.BGPPeer) {
				p.Spec.AllowedAnnouncements.Families = []v1alpha1.Family{family6()}
			}, routes: []string{net6},
		},
		{
			name: "families of which none is known", edit: func(p *v1alpha1.BGPPeer) {
				p.Spec.Families = []v1alpha1.Family{{AFI: v1alpha1.AFIIPv4, SAFI: "FlowSpec"}}
			}, routes: []string{net, net6, web}, reason: v1alpha1.ReasonUnsupported,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out := heldPeer(t, granted, slip, test.edit)
			got := sessionPeer(t, out)
			wantStrings(t, "routes", routes(got), test.routes...)
			if got.Address.Port() != 1790 || got.Export.Defaults.MED == nil || got.AdminDown != test.down {
				t.Errorf("port %d, MED %v, down %v: not what was in force", got.Address.Port(), got.Export.Defaults.MED, got.AdminDown)
			}
			wantIssue(t, out.Issues, "tor-a", v1alpha1.ConditionAccepted, cmp.Or(test.reason, v1alpha1.ReasonInvalid), "generation 6 is in force")
			if issue := out.Issues[0]; !issue.Held || issue.InForce != 6 || issue.Ref.Generation != 7 {
				t.Errorf("issue %+v, want one of generation 7 with 6 in force", issue)
			}
			if guard := got.Export.Guard; (len(guard.Grants["shop"]) > 0) != (strings.Contains(strings.Join(test.routes, " "), web)) &&
				len(test.routes) == 3 {
				t.Errorf("the guard grants %v", guard.Grants)
			}
		})
	}
}

// TestInvalidEditRemovesFamilies: a family that the peer no longer has is gone, its add-path with it.
func TestInvalidEditRemovesFamilies(t *testing.T) {
	both := func(p *v1alpha1.BGPPeer) {
		for _, f := range []v1alpha1.Family{family4(), family6()} {
			p.Spec.Families = append(p.Spec.Families, f)
			if p.Spec.Capabilities == nil {
				p.Spec.Capabilities = &v1alpha1.Capabilities{}
			}
			p.Spec.Capabilities.AddPath = append(p.Spec.Capabilities.AddPath, v1alpha1.AddPath{AFI: f.AFI, SAFI: f.SAFI, Mode: v1alpha1.AddPathBoth})
		}
	}
	got := sessionPeer(t, heldPeer(t, both, slip, func(p *v1alpha1.BGPPeer) { p.Spec.Families = p.Spec.Families[1:] }))
	if len(got.Families) != 1 || got.Families[0].String() != "ipv6-unicast" || len(got.Capabilities.AddPath) != 1 ||
		got.Capabilities.AddPath[0].Family != got.Families[0] {
		t.Errorf("families %v, add-path %v", got.Families, got.Capabilities.AddPath)
	}
}

func TestInvalidEditOfAnAnnouncement(t *testing.T) {
	const a, b, c = "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/48"
	tests := []struct {
		name   string
		edit   func(*v1alpha1.AnnouncementSpec)
		routes []string
		reason string // the verdict
	}{
		{name: "a slip", edit: func(*v1alpha1.AnnouncementSpec) {}, routes: []string{a, b, c}, reason: "ok"},
		{name: "down", edit: func(s *v1alpha1.AnnouncementSpec) { s.AdminState = new(v1alpha1.AdminStateDown) }, reason: "AdminDown"},
		{name: "prefixes removed", edit: func(s *v1alpha1.AnnouncementSpec) { s.Prefixes = []string{c} }, routes: []string{c}, reason: "ok"},
		{
			name: "a prefix added", edit: func(s *v1alpha1.AnnouncementSpec) { s.Prefixes = append(s.Prefixes, "192.0.2.0/24") },
			routes: []string{a, b, c}, reason: "ok",
		},
		{
			name: "a slip in a prefix", edit: func(s *v1alpha1.AnnouncementSpec) { s.Prefixes = []string{a, "203.0.113.1/24", c} },
			routes: []string{a, b, c}, reason: "ok",
		},
		{name: "all others", edit: func(s *v1alpha1.AnnouncementSpec) { s.Prefixes = []string{"192.0.2.0/24"} }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var h history
			at := func(generation int64, change func(*v1alpha1.AnnouncementSpec)) compiled {
				return h.compile(input(func(in *given) {
					in.Announcements = []v1alpha1.Announcement{announcement("platform", "net", 1, []string{a, b, c})}
					in.Announcements[0].Generation = generation
					change(&in.Announcements[0].Spec)
				}))
			}
			broken := func(s *v1alpha1.AnnouncementSpec) {
				s.Attributes = &v1alpha1.PathAttributes{MED: new(int64(-1))}
				test.edit(s)
			}
			at(6, func(*v1alpha1.AnnouncementSpec) {})
			out := at(7, broken)
			var want []string
			for _, prefix := range test.routes {
				want = append(want, "platform/net "+prefix)
			}
			wantStrings(t, "routes", routes(sessionPeer(t, out)), want...)
			if test.reason == "" {
				if len(out.Issues) != 1 || out.Issues[0].Held {
					t.Errorf("issues %v, want one of an object that is left out", out.Issues)
				}
			} else {
				wantStrings(t, "verdicts", verdicts(sessionPeer(t, out)), "platform/net "+test.reason)
				wantIssue(t, out.Issues, "platform/net", v1alpha1.ConditionAccepted, v1alpha1.ReasonInvalid, "generation 6 is in force")
			}
			if again := at(8, broken); again.Config != out.Config {
				t.Error("one more edit of the kind is another configuration")
			}
			// What is in force depends on no version between the last valid one and the newest.
			out = at(9, func(s *v1alpha1.AnnouncementSpec) { s.Attributes = &v1alpha1.PathAttributes{MED: new(int64(-2))} })
			wantStrings(t, "routes", routes(sessionPeer(t, out)), "platform/net "+a, "platform/net "+b, "platform/net "+c)
		})
	}
}

// TestInvalidEditSplits: what is left of prefixes that are split is split as it was.
func TestInvalidEditSplits(t *testing.T) {
	var h history
	at := func(generation int64, prefixes []string, change ...func(*v1alpha1.Announcement)) compiled {
		return h.compile(input(func(in *given) {
			in.Announcements = []v1alpha1.Announcement{announcement("platform", "net", 1, prefixes, append(change, split(24))...)}
			in.Announcements[0].Generation = generation
		}))
	}
	at(1, []string{"10.0.0.0/20", "10.1.0.0/20"})
	out := at(2, []string{"10.0.8.0/22", "10.1.1.0/24", "10.2.0.0/20"}, func(a *v1alpha1.Announcement) { a.Spec.PathID = new(int64(-1)) })
	wantStrings(t, "routes", routes(sessionPeer(t, out)), "platform/net 10.0.8.0/22→/24", "platform/net 10.1.1.0/24")
}
