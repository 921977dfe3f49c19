// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)

// torID is the ID of up and down.
var torID = speaker.SessionID{Peer: "tor-a", Remote: netip.MustParseAddr("192.0.2.1")}

// up is a session that is Established.
func up(change ...func(*speaker.PeerSnapshot)) speaker.PeerSnapshot {
	s := speaker.PeerSnapshot{
		ID: torID, State: speaker.StateEstablished, Since: now,
		LocalASN: 64512, PeerASN: 64500,
		LocalAddress:   netip.MustParseAddrPort("192.0.2.10:40000"),
		PeerAddress:    netip.MustParseAddrPort("192.0.2.1:179"),
		RouterID:       netip.MustParseAddr("192.0.2.10"),
		RemoteRouterID: netip.MustParseAddr("192.0.2.1"),
		Negotiated: &speaker.Negotiated{
			HoldTime: 90 * time.Second, Keepalive: 30 * time.Second,
			Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast},
			AS4:      true, RouteRefresh: true, GracefulRestart: true,
		},
	}
	for _, f := range change {
		f(&s)
	}
	return s
}

// down is a session that is not.
func down(change ...func(*speaker.PeerSnapshot)) speaker.PeerSnapshot {
	s := speaker.PeerSnapshot{
		ID: torID, State: speaker.StateActive, Since: now, LocalASN: 64512, PeerASN: 64500,
		PeerAddress: netip.MustParseAddrPort("192.0.2.1:179"), RouterID: netip.MustParseAddr("192.0.2.10"),
	}
	for _, f := range change {
		f(&s)
	}
	return s
}

func session(snapshot speaker.PeerSnapshot, previous ...metav1.Condition) v1alpha1.BGPSessionStatus {
	return status.Session(status.SessionInput{
		Snapshot: snapshot, Peer: compile.PeerVersion{Ref: compile.Ref{Name: "tor-a", UID: "uid-tor-a", Generation: 4}},
		Generation: 1, Previous: previous, Now: now,
	})
}

func TestSessionConditions(t *testing.T) {
	badAS := &speaker.SessionError{
		Time: now, Direction: speaker.DirectionSent, Code: 2, Subcode: 2,
		Text: "Bad Peer AS: configured is 64500, the OPEN says 64999",
	}
	tests := []struct {
		name        string
		snapshot    speaker.PeerSnapshot
		established string // "status reason", then texts of the message
		current     string
		texts       []string
	}{
		{name: "up", snapshot: up(), established: "True Established", current: "True UpToDate", texts: []string{"AS 64500", "192.0.2.1"}},
		{name: "connecting", snapshot: down(), established: "False Connecting", current: "True UpToDate"},
		{
			name: "bad peer AS", snapshot: down(func(s *speaker.PeerSnapshot) { s.LastError = badAS }),
			established: "False NotificationSent", current: "True UpToDate", texts: []string{"2/2", "64500", "64999"},
		},
		{
			name: "the peer says no", snapshot: down(func(s *speaker.PeerSnapshot) {
				s.LastError = &speaker.SessionError{Time: now, Direction: speaker.DirectionReceived, Code: 6, Subcode: 5, Text: "received 6/5, Connection Rejected"}
			}),
			established: "False NotificationReceived", current: "True UpToDate", texts: []string{"received 6/5, Connection Rejected"},
		},
		{
			name: "no connection", snapshot: down(func(s *speaker.PeerSnapshot) {
				s.LastError = &speaker.SessionError{Time: now, Text: "connection refused"}
			}),
			established: "False ConnectionFailed", current: "True UpToDate", texts: []string{"connection refused"},
		},
		{
			name: "an old error of a session that is up", snapshot: up(func(s *speaker.PeerSnapshot) { s.LastError = badAS }),
			established: "True Established", current: "True UpToDate",
		},
		{
			name: "shut down", snapshot: down(func(s *speaker.PeerSnapshot) { s.AdminDown, s.LastError = true, badAS }),
			established: "False AdminDown", current: "True UpToDate", texts: []string{"spec.adminState"},
		},
		{
			name: "no Secret", snapshot: down(func(s *speaker.PeerSnapshot) {
				s.Blocked, s.LastError = speaker.Blocked{Reason: speaker.BlockedKeyMissing, Text: "Secret herald/tor-a does not exist"}, badAS
			}),
			established: "False SecretNotFound", current: "True UpToDate", texts: []string{"Secret herald/tor-a does not exist"},
		},
		{
			name: "no Secret any more", snapshot: up(func(s *speaker.PeerSnapshot) {
				s.Blocked, s.PendingReset = speaker.Blocked{Reason: speaker.BlockedKeyMissing, Text: "Secret herald/tor-a does not exist"}, []speaker.Parameter{speaker.ParameterFamilies}
			}),
			established: "True Established", current: "False SecretNotFound", texts: []string{"Secret herald/tor-a does not exist"},
		},
		{
			name: "a deferred change",
			snapshot: up(func(s *speaker.PeerSnapshot) {
				s.PendingReset = []speaker.Parameter{speaker.ParameterFamilies, speaker.ParameterHoldTime}
			}),
			established: "True Established", current: "False PendingReset", texts: []string{"families, timers.holdSeconds"},
		},
		{
			name: "another router ID that is derived",
			snapshot: up(func(s *speaker.PeerSnapshot) {
				s.RouterID, s.PendingRouterID = netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.11")
			}),
			established: "True Established", current: "False PendingReset", texts: []string{"192.0.2.10", "192.0.2.11", "started again"},
		},
		{
			name:        "more routes than are kept",
			snapshot:    up(func(s *speaker.PeerSnapshot) { s.Received = &adjin.Report{Limit: 500, Excess: true} }),
			established: "True Established", current: "False ReceiveLimitReached", texts: []string{"spec.receive.maxPrefixes, 500"},
		},
		{
			name:        "more path attributes than are kept",
			snapshot:    up(func(s *speaker.PeerSnapshot) { s.Received = &adjin.Report{Limit: 500, Excess: true, OctetLimit: 1234} }),
			established: "True Established", current: "False ReceiveLimitReached",
			texts: []string{"more octets of path attributes than 1234, which go with spec.receive.maxPrefixes, 500"},
		},
		{
			name:        "as many routes as are kept",
			snapshot:    up(func(s *speaker.PeerSnapshot) { s.Received = &adjin.Report{Limit: 500} }),
			established: "True Established", current: "True UpToDate",
		},
		{
			name: "no listener", snapshot: down(func(s *speaker.PeerSnapshot) { s.ListenerError = "bind: address already in use" }),
			established: "False Connecting", current: "False ListenerUnavailable", texts: []string{"address already in use"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := session(test.snapshot)
			if len(got.Conditions) != 2 {
				t.Fatalf("conditions %+v, want two", got.Conditions)
			}
			wantCondition(t, got.Conditions, v1alpha1.ConditionEstablished, test.established)
			wantCondition(t, got.Conditions, v1alpha1.ConditionUpToDate, test.current)
			all := got.Conditions[0].Message + "\n" + got.Conditions[1].Message
			for _, text := range test.texts {
				if !strings.Contains(all, text) {
					t.Errorf("messages %q, want %q in them", all, text)
				}
			}
			for _, c := range got.Conditions {
				if c.ObservedGeneration != 1 || c.Message == "" {
					t.Errorf("condition %+v, want the BGPSession's own generation and a message", c)
				}
			}
		})
	}
}

// wantCondition asserts a condition's "status reason".
func wantCondition(t *testing.T, list []metav1.Condition, kind, want string) metav1.Condition {
	t.Helper()
	for _, c := range list {
		if c.Type == kind {
			if got := string(c.Status) + " " + c.Reason; got != want {
				t.Errorf("%s is %s (%s), want %s", kind, got, c.Message, want)
			}
			return c
		}
	}
	t.Errorf("no condition %s in %+v", kind, list)
	return metav1.Condition{}
}

func TestSessionStatus(t *testing.T) {
	got := session(up(func(s *speaker.PeerSnapshot) {
		s.Flaps = 3
		s.LastError = &speaker.SessionError{Time: now, Direction: speaker.DirectionReceived, Code: 4, Text: "hold timer expired"}
		s.Routes.Announced = []rib.FamilyCount{{Family: wire.IPv6Unicast, Routes: 2}, {Family: wire.IPv4Unicast, Routes: 1_000_000}}
	}))
	got.Conditions = nil
	at := metav1.NewTime(now.Truncate(time.Second))
	want := v1alpha1.BGPSessionStatus{
		Peer:  &v1alpha1.SessionPeer{UID: "uid-tor-a", Generation: 4},
		State: v1alpha1.SessionEstablished, Since: &at, LocalASN: 64512, PeerASN: 64500,
		LocalAddress: "192.0.2.10", PeerAddress: "192.0.2.1", RouterID: "192.0.2.10", RemoteRouterID: "192.0.2.1",
		Negotiated: &v1alpha1.NegotiatedSession{
			HoldSeconds: 90, KeepaliveSeconds: 30,
			Families: []v1alpha1.Family{{AFI: "IPv4", SAFI: "Unicast"}, {AFI: "IPv6", SAFI: "Unicast"}},
			Capabilities: []v1alpha1.Capability{
				v1alpha1.CapabilityFourOctetASN, v1alpha1.CapabilityGracefulRestart,
				v1alpha1.CapabilityMultiprotocol, v1alpha1.CapabilityRouteRefresh,
			},
		},
		Prefixes: []v1alpha1.FamilyPrefixes{
			{Family: v1alpha1.Family{AFI: "IPv4", SAFI: "Unicast"}, Announced: 1_000_000},
			{Family: v1alpha1.Family{AFI: "IPv6", SAFI: "Unicast"}, Announced: 2},
		},
		Flaps: 3,
		LastError: &v1alpha1.SessionError{
			Time: at, Direction: v1alpha1.NotificationReceived, Code: new(int32(4)), Subcode: new(int32(0)), Text: "hold timer expired",
		},
		Announcements: &v1alpha1.AnnouncementsStatus{},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func TestNegotiatedCapabilities(t *testing.T) {
	both := []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}
	got := session(up(func(s *speaker.PeerSnapshot) {
		s.Negotiated = &speaker.Negotiated{
			Families: both, EnhancedRefresh: true, ExtendedMessage: true, LinkLocalNextHop: true,
			AddPathSend: both, AddPathReceive: []wire.Family{wire.IPv6Unicast},
			ExtendedNextHop: []wire.Family{wire.IPv4Unicast},
			Role:            new(wire.RoleCustomer), PeerRole: new(wire.RoleProvider),
			LongLived: []wire.LongLivedFamily{{Family: wire.IPv4Unicast}},
		}
	})).Negotiated
	want := &v1alpha1.NegotiatedSession{
		Families: []v1alpha1.Family{{AFI: "IPv4", SAFI: "Unicast"}, {AFI: "IPv6", SAFI: "Unicast"}},
		Capabilities: []v1alpha1.Capability{
			"AddPath", "EnhancedRouteRefresh", "ExtendedMessage", "ExtendedNextHop", "LinkLocalNextHop",
			"LongLivedGracefulRestart", "Multiprotocol", "Role",
		},
		AddPath: []v1alpha1.AddPath{
			{AFI: "IPv4", SAFI: "Unicast", Mode: v1alpha1.AddPathSend}, {AFI: "IPv6", SAFI: "Unicast", Mode: v1alpha1.AddPathBoth},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	alone := session(up(func(s *speaker.PeerSnapshot) {
		s.Negotiated = &speaker.Negotiated{
			Families: both[:1], AddPathReceive: both[:1], Role: new(wire.RoleCustomer), // a peer that tells no role
		}
	})).Negotiated
	want = &v1alpha1.NegotiatedSession{
		Families:     want.Families[:1],
		Capabilities: []v1alpha1.Capability{"AddPath"},
		AddPath:      []v1alpha1.AddPath{{AFI: "IPv4", SAFI: "Unicast", Mode: v1alpha1.AddPathReceive}},
	}
	if !reflect.DeepEqual(alone, want) {
		t.Errorf("\n got %+v\nwant %+v", alone, want)
	}
}

func TestSessionStatusWhileDown(t *testing.T) {
	got := session(down(func(s *speaker.PeerSnapshot) {
		s.LastError = &speaker.SessionError{Time: now, Text: strings.Repeat("ü", 2000)}
		s.Since = time.Time{}
	}))
	if got.Since != nil || got.Negotiated != nil || got.Prefixes != nil || got.Announcements != nil || got.LocalAddress != "" {
		t.Errorf("a session that is down says %+v", got)
	}
	if e := got.LastError; e.Code != nil || e.Subcode != nil || e.Direction != "" || e.Text != strings.Repeat("ü", 1024) {
		t.Errorf("last error %+v", e)
	}
}

func TestNoMessageIsTooLong(t *testing.T) {
	long := strings.Repeat("ü", 40_000)
	for name, status := range map[string]v1alpha1.BGPSessionStatus{
		"error": session(down(func(s *speaker.PeerSnapshot) {
			s.LastError = &speaker.SessionError{Time: now, Direction: speaker.DirectionSent, Code: 6, Text: long}
		})),
		"block": session(down(func(s *speaker.PeerSnapshot) {
			s.Blocked = speaker.Blocked{Reason: speaker.BlockedKeyInvalid, Text: long}
		})),
		"pending": session(up(func(s *speaker.PeerSnapshot) {
			s.PendingReset = slices.Repeat([]speaker.Parameter{speaker.ParameterTTLSecurity}, 2000)
		})),
		"listener": session(down(func(s *speaker.PeerSnapshot) { s.ListenerError = long })),
	} {
		longest := 0
		for _, c := range status.Conditions {
			if !utf8.ValidString(c.Message) {
				t.Errorf("%s: the message of %s is cut within a character", name, c.Type)
			}
			longest = max(longest, utf8.RuneCountInString(c.Message))
		}
		if longest != 1024 {
			t.Errorf("%s: a message of %d characters, want 1024", name, longest)
		}
	}
}

func TestTransitionTime(t *testing.T) {
	before := session(down())
	later := func(snapshot speaker.PeerSnapshot) v1alpha1.BGPSessionStatus {
		return status.Session(status.SessionInput{Snapshot: snapshot, Previous: before.Conditions, Now: now.Add(time.Hour)})
	}
	same := later(down(func(s *speaker.PeerSnapshot) { s.LastError = &speaker.SessionError{Text: "connection refused"} }))
	if c := same.Conditions[0]; c.Reason != v1alpha1.ReasonConnectionFailed || !c.LastTransitionTime.Equal(&before.Conditions[0].LastTransitionTime) {
		t.Errorf("the time moved with the reason: %+v", c)
	}
	since := now.Add(time.Minute).Truncate(time.Second)
	is := up(func(s *speaker.PeerSnapshot) { s.Since = since })
	if c := later(is).Conditions[0]; !c.LastTransitionTime.Time.Equal(since) {
		t.Errorf("the time is not that since which the session is up: %+v", c)
	}
	before = later(is)
	if c := later(down()).Conditions[0]; !c.LastTransitionTime.Time.Equal(now.Add(time.Hour).Truncate(time.Second)) {
		t.Errorf("the time did not move with the status: %+v", c)
	}
	is.Since = since.Add(time.Minute)
	if c := later(is).Conditions[0]; !c.LastTransitionTime.Time.Equal(is.Since) {
		t.Errorf("it was lost and is back, and the time is that of the session before: %+v", c)
	}
}

func TestSessionEmitsItsOwnConditionsAlone(t *testing.T) {
	reporting := metav1.Condition{Type: v1alpha1.ConditionReporting, Status: metav1.ConditionTrue, Reason: "Reporting"}
	for _, c := range session(up(), reporting).Conditions {
		if c.Type == v1alpha1.ConditionReporting {
			t.Error("a condition of the roll-up is echoed")
		}
	}
}

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
