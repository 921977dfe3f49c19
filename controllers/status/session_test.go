// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
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
