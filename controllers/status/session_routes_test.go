// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// decided is a report on announcements of two prefixes each, ann-000 and so on: of which all is sent, or what the objects keep back of it,
// "whole" or "part". The peer has families configured, which are both where there are none.
func decided(t *testing.T, families []v1alpha1.Family, kept ...string) (rib.Report, []*rib.Announcement) {
	t.Helper()
	peers := []v1alpha1.BGPPeer{{ObjectMeta: metav1.ObjectMeta{Name: "tor-a", UID: "uid-tor-a", Generation: 1}, Spec: v1alpha1.BGPPeerSpec{
		Address: "192.0.2.1", LocalASN: new(int64(64512)), PeerASN: new(int64(64500)), Families: families,
		AllowedAnnouncements: &v1alpha1.AllowedAnnouncements{Tenants: []v1alpha1.Tenant{{
			Name: "all", Namespaces: v1alpha1.TenantNamespaces{From: v1alpha1.NamespacesFromAll},
			Prefixes: []v1alpha1.TenantPrefix{{CIDR: "203.0.113.0/24", MaxLength: new(int32(32))}, {CIDR: "2001:db8::/32", MaxLength: new(int32(64))}},
		}}},
	}}}
	var list []v1alpha1.Announcement
	for i, keep := range kept {
		of := ref(fmt.Sprintf("ann-%03d", i))
		list = append(list, v1alpha1.Announcement{
			ObjectMeta: metav1.ObjectMeta{Namespace: of.Namespace, Name: of.Name, UID: of.UID, Generation: of.Generation},
			Spec: v1alpha1.AnnouncementSpec{Prefixes: map[string][]string{
				"": {"203.0.113.0/28", "203.0.113.16/28"}, "whole": {"198.51.100.0/28", "198.51.100.16/28"},
				"part": {"203.0.113.0/28", "203.0.113.16/28", "198.51.100.0/28"}, "foreign": {"203.0.113.0/28", "203.0.113.16/28", "2001:db8::/48"},
			}[keep]},
		})
	}
	inputs := (&compile.Reader{}).ReadAll(peers, list)
	out := compile.NewCompiler(compile.Settings{NodeName: "node-1"}).Update(&inputs)
	if len(out.Issues) > 0 || len(out.Config.Exports) != 1 {
		t.Fatalf("%d sessions, issues %+v", len(out.Config.Exports), out.Issues)
	}
	sent := make([]*rib.Announcement, len(kept))
	for a := range out.Config.Exports[0].Announcements.All() {
		i := slices.IndexFunc(list, func(of v1alpha1.Announcement) bool { return of.UID == compile.AnnouncementOf(a).Ref.UID })
		sent[i] = a
	}
	return rib.Report{Token: out.Config.Exports[0].Token}, sent
}

// digestOf is the digest of a session that has decided on these versions.
func digestOf(refs ...compile.Ref) string {
	var sums compile.Sums
	for _, ref := range refs {
		sums.Add(compile.TermOf(ref))
	}
	return status.Digest(&sums)
}

func ref(name string) compile.Ref {
	return compile.Ref{Namespace: "shop", Name: name, UID: uid("shop", name), Generation: 1}
}

func TestSessionAnnouncements(t *testing.T) {
	report, sent := decided(t, nil, "", "whole", "part", "")
	report.Withheld = []rib.Withheld{
		{Announcement: sent[2], Reason: rib.ReasonConflict, Prefixes: 1, Winner: "shop/ann-000"},
		{Announcement: sent[3], Reason: rib.ReasonNoNextHop, Prefixes: 1},
		{Announcement: sent[3], Reason: rib.ReasonConflict, Prefixes: 1, Winner: "shop/ann-000"},
	}
	got := session(up(func(s *speaker.PeerSnapshot) { s.Routes = report })).Announcements
	want := &v1alpha1.AnnouncementsStatus{
		Digest: digestOf(ref("ann-003"), ref("ann-001"), ref("ann-002"), ref("ann-000")),
		Sent:   2, // the third has a prefix left, the fourth has none
		Withheld: []v1alpha1.WithheldAnnouncement{
			// The list leaves out the second, which the objects keep back, and the part of the third that the objects keep back.
			{Namespace: "shop", Name: "ann-002", Generation: 1, Reason: v1alpha1.ReasonConflict, Sent: 1, Winner: "shop/ann-000"},
			{Namespace: "shop", Name: "ann-003", Generation: 1, Reason: v1alpha1.ReasonConflict, Winner: "shop/ann-000"},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

// TestBriefStatus: a brief status has the exceptions, and no counts.
func TestBriefStatus(t *testing.T) {
	report, sent := decided(t, nil, make([]string, v1alpha1.MaxWithheld+1)...)
	for _, a := range sent {
		report.Withheld = append(report.Withheld, rib.Withheld{Announcement: a, Reason: rib.ReasonTooLong, Prefixes: 2})
	}
	report.Announced = []rib.FamilyCount{{Family: wire.IPv4Unicast, Routes: 3}}
	snapshot := up(func(s *speaker.PeerSnapshot) { s.Routes = report })
	full, brief := session(snapshot), status.Session(status.SessionInput{Snapshot: snapshot, Now: now, Brief: true})
	want := &v1alpha1.AnnouncementsStatus{Withheld: full.Announcements.Withheld}
	if len(want.Withheld) != v1alpha1.MaxWithheld || !reflect.DeepEqual(brief.Announcements, want) || brief.Prefixes != nil {
		t.Errorf("%d exceptions, announcements %+v, prefixes %+v", len(want.Withheld), brief.Announcements, brief.Prefixes)
	}
}

// A family without a name in the API is not shown as another one.
func TestFamilyWithoutName(t *testing.T) {
	flow := wire.Family{AFI: wire.AFIIPv4, SAFI: 133}
	got := session(up(func(s *speaker.PeerSnapshot) {
		s.Negotiated = &speaker.Negotiated{Families: []wire.Family{flow, wire.IPv6Unicast}, AddPathSend: []wire.Family{flow}}
		s.Routes.Announced = []rib.FamilyCount{{Family: flow, Routes: 3}, {Family: wire.IPv6Unicast, Routes: 2}}
		s.Received = &adjin.Report{Families: []adjin.Count{{Family: flow, Routes: 9}}}
	}))
	six := v1alpha1.Family{AFI: v1alpha1.AFIIPv6, SAFI: v1alpha1.SAFIUnicast}
	if n := got.Negotiated; !slices.Equal(n.Families, []v1alpha1.Family{six}) || len(n.AddPath) > 0 {
		t.Errorf("negotiated %+v", n)
	}
	if want := []v1alpha1.FamilyPrefixes{{Family: six, Announced: 2}}; !reflect.DeepEqual(got.Prefixes, want) {
		t.Errorf("prefixes %+v, want %+v", got.Prefixes, want)
	}
}

// Received routes are counted if they are kept: a family without routes has 0, a family that is not kept has no number.
func TestReceivedPrefixes(t *testing.T) {
	snapshot := up(func(s *speaker.PeerSnapshot) {
		s.Routes.Announced = []rib.FamilyCount{{Family: wire.IPv6Unicast, Routes: 2}}
		s.Received = &adjin.Report{Families: []adjin.Count{
			{Family: wire.IPv4Unicast, Routes: 7}, {Family: wire.IPv6Unicast},
		}}
	})
	want := []v1alpha1.FamilyPrefixes{
		{Family: v1alpha1.Family{AFI: v1alpha1.AFIIPv4, SAFI: v1alpha1.SAFIUnicast}, Received: new(int32(7))},
		{Family: v1alpha1.Family{AFI: v1alpha1.AFIIPv6, SAFI: v1alpha1.SAFIUnicast}, Announced: 2, Received: new(int32(0))},
	}
	if got := session(snapshot).Prefixes; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	snapshot.Received = nil
	if got := session(snapshot).Prefixes; len(got) != 1 || got[0].Received != nil {
		t.Errorf("ignored routes are counted: %+v", got)
	}
}

// Prefixes of a family that the peer does not have configured are not for the session, so leaving them out is no verdict.
func TestForeignPrefixesAreNoVerdict(t *testing.T) {
	report, sent := decided(t, []v1alpha1.Family{{AFI: v1alpha1.AFIIPv4, SAFI: v1alpha1.SAFIUnicast}}, "foreign", "foreign")
	report.Withheld = []rib.Withheld{
		{Announcement: sent[0], Reason: rib.ReasonFamilyNotNegotiated, Prefixes: 1},
		{Announcement: sent[1], Reason: rib.ReasonFamilyNotNegotiated, Prefixes: 3}, // and its own two
	}
	got := session(up(func(s *speaker.PeerSnapshot) { s.Routes = report })).Announcements
	want := []v1alpha1.WithheldAnnouncement{{Namespace: "shop", Name: "ann-001", Generation: 1, Reason: v1alpha1.ReasonFamilyNotNegotiated}}
	if got.Sent != 1 || !reflect.DeepEqual(got.Withheld, want) {
		t.Errorf("sent %d, withheld %+v, want 1 and %+v", got.Sent, got.Withheld, want)
	}
}

func TestSessionListsTheOldestWithheld(t *testing.T) {
	report, sent := decided(t, nil, make([]string, 259)...)
	for i := range 259 {
		reason := rib.ReasonTooLong
		if i == 256 || i == 258 {
			reason = rib.ReasonNoNextHop
		}
		report.Withheld = append(report.Withheld, rib.Withheld{
			Announcement: sent[i], Reason: reason, Prefixes: 2,
		})
	}
	got := session(up(func(s *speaker.PeerSnapshot) { s.Routes = report })).Announcements
	if len(got.Withheld) != 256 || got.Withheld[0].Name != "ann-000" || got.Withheld[255].Name != "ann-255" {
		t.Errorf("%d entries, from %v to %v", len(got.Withheld), got.Withheld[0], got.Withheld[len(got.Withheld)-1])
	}
	want := []v1alpha1.TruncatedReason{
		{Reason: v1alpha1.ReasonNoNextHop, Count: 2}, {Reason: v1alpha1.ReasonTooLong, Count: 1},
	}
	if !reflect.DeepEqual(got.Truncated, want) {
		t.Errorf("truncated %v, want %v", got.Truncated, want)
	}
}
