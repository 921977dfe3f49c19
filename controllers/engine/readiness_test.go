// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
)

func downPeer(name string) speaker.PeerSnapshot {
	return speaker.PeerSnapshot{ID: speaker.SessionID{Peer: name}}
}

func failedPeer(name string) speaker.PeerSnapshot {
	return speaker.PeerSnapshot{ID: speaker.SessionID{Peer: name}, LastError: &speaker.SessionError{Text: "connection refused"}}
}

func upPeer(name string, token any) speaker.PeerSnapshot {
	return speaker.PeerSnapshot{ID: speaker.SessionID{Peer: name}, State: speaker.StateEstablished, Routes: rib.Report{Token: token}}
}

// readinessStep is one look at the peers, perhaps after a configuration. waiting is a part of what check says, "" for ready.
type readinessStep struct {
	name    string
	apply   []*speaker.Peer
	at      time.Duration
	peers   []speaker.PeerSnapshot
	waiting string
}

func checkReadiness(t *testing.T, had func(speaker.SessionID) bool, steps []readinessStep) {
	t.Helper()
	start := time.Now()
	var r readiness
	r.recall(had)
	for _, step := range steps {
		now := start.Add(step.at)
		if step.apply != nil {
			r.applied(now, &speaker.Config{Peers: step.apply})
		}
		err := r.check(now, step.peers)
		if step.waiting == "" && err != nil || step.waiting != "" && (err == nil || !strings.HasSuffix(err.Error(), step.waiting)) {
			t.Errorf("%s: %v, want %q", step.name, err, step.waiting)
		}
	}
}

func TestReadinessIsReachedOnce(t *testing.T) {
	peers := []*speaker.Peer{{Name: "a"}, {Name: "b"}, {Name: "off", AdminDown: true}, {Name: "keyless", Blocked: speaker.Blocked{Reason: speaker.BlockedKeyMissing}}}
	checkReadiness(t, nil, []readinessStep{
		{name: "before the configuration", waiting: "no complete configuration was applied yet"},
		{name: "the speaker has not taken it up", apply: peers, waiting: "End-of-RIB to a, b"},
		{name: "b established, without its End-of-RIB", at: 1 * time.Second, peers: []speaker.PeerSnapshot{downPeer("a"), upPeer("b", nil)}, waiting: "to a, b"},
		{name: "b's End-of-RIB", at: 2 * time.Second, peers: []speaker.PeerSnapshot{downPeer("a"), upPeer("b", 1)}, waiting: "to a"},
		{name: "b lost: it had its End-of-RIB", at: 3 * time.Second, peers: []speaker.PeerSnapshot{downPeer("a"), downPeer("b")}, waiting: "to a"},
		{name: "an attempt at a failed", at: 4 * time.Second, peers: []speaker.PeerSnapshot{failedPeer("a"), downPeer("b")}},
		{name: "another peer comes", apply: []*speaker.Peer{{Name: "c"}}, at: 5 * time.Second},
	})
}

// TestReadinessWaitsForKeys: a peer whose key is being read may start soon, unless something is wrong.
func TestReadinessWaitsForKeys(t *testing.T) {
	unread, unreadable := speaker.Blocked{Reason: speaker.BlockedKeyUnread}, speaker.Blocked{Reason: speaker.BlockedKeyUnread, Text: "no answer"}
	checkReadiness(t, nil, []readinessStep{
		{name: "both keys are unread", apply: []*speaker.Peer{{Name: "a", Blocked: unread}, {Name: "b", Blocked: unread}}, waiting: "to a, b"},
		{name: "b has its key", at: 1 * time.Second, apply: []*speaker.Peer{{Name: "a", Blocked: unread}, {Name: "b"}}, waiting: "to a, b"},
		{name: "a cannot have its key", at: 2 * time.Second, apply: []*speaker.Peer{{Name: "a", Blocked: unreadable}, {Name: "b"}}, waiting: "to b"},
	})
}

// TestReadinessNamesAPeerOnce: though it waits for several sessions of the peer.
func TestReadinessNamesAPeerOnce(t *testing.T) {
	one := &speaker.Peer{Name: "a", Address: netip.MustParseAddrPort("192.0.2.1:179")}
	two := &speaker.Peer{Name: "a", Address: netip.MustParseAddrPort("192.0.2.2:179")}
	up := upPeer("a", 1)
	up.ID = one.ID()
	checkReadiness(t, nil, []readinessStep{
		{name: "both are down", apply: []*speaker.Peer{one, two}, waiting: "End-of-RIB to a"},
		{name: "one is up", peers: []speaker.PeerSnapshot{up}, waiting: "End-of-RIB to a"},
		{name: "the other failed", peers: []speaker.PeerSnapshot{{ID: two.ID(), LastError: &speaker.SessionError{}}}},
	})
}

// TestReadinessWaitsTenSeconds: whatever a peer does, no longer.
func TestReadinessWaitsTenSeconds(t *testing.T) {
	peers := []*speaker.Peer{{Name: "away"}}
	checkReadiness(t, nil, []readinessStep{
		{name: "no answer yet", apply: peers, peers: []speaker.PeerSnapshot{downPeer("away")}, waiting: "to away"},
		{name: "an edit", apply: peers, at: 9 * time.Second, peers: []speaker.PeerSnapshot{downPeer("away")}, waiting: "to away"},
		{name: "after ten seconds", at: 10 * time.Second, peers: []speaker.PeerSnapshot{downPeer("away")}},
	})
}

// TestReadinessWaitsForWhatWas: a peer that had no session loses nothing while this process starts.
func TestReadinessWaitsForWhatWas(t *testing.T) {
	had := func(id speaker.SessionID) bool { return id.Peer == "good" || id.Peer == "removed" }
	peers := []*speaker.Peer{{Name: "good"}, {Name: "never"}, {Name: "removed"}}
	checkReadiness(t, had, []readinessStep{
		{name: "both are down", apply: peers, peers: []speaker.PeerSnapshot{downPeer("good"), downPeer("never")}, waiting: "to good, removed"},
		{name: "a peer is removed", apply: peers[:2], peers: []speaker.PeerSnapshot{downPeer("good"), downPeer("never")}, waiting: "to good"},
		{name: "the good one", peers: []speaker.PeerSnapshot{upPeer("good", 1), downPeer("never")}},
	})
}

func TestReadinessWithoutPeers(t *testing.T) {
	checkReadiness(t, nil, []readinessStep{{name: "nothing to wait for", apply: []*speaker.Peer{}}})
}

// TestReadinessNamesTheObstacle: it is news once, and forgotten with the first configuration.
func TestReadinessNamesTheObstacle(t *testing.T) {
	var r readiness
	for i, want := range []bool{true, false} {
		if got := r.obstructed(errors.New("there is no Node node-1")); got != want {
			t.Errorf("news for the %d. time: %v, want %v", i+1, got, want)
		}
	}
	if err := r.check(time.Now(), nil); err == nil || err.Error() != "there is no Node node-1" {
		t.Errorf("not ready for %v, want the obstacle", err)
	}
	r.applied(time.Now(), &speaker.Config{})
	if err := r.check(time.Now(), nil); err != nil {
		t.Errorf("not ready though there is a configuration: %v", err)
	}
}

func TestReadinessNamesAFewPeers(t *testing.T) {
	var peers []*speaker.Peer
	for _, name := range strings.Split("abcdefgh", "") {
		peers = append(peers, &speaker.Peer{Name: name})
	}
	checkReadiness(t, nil, []readinessStep{
		{name: "eight peers", apply: peers, waiting: "waiting for the End-of-RIB to a, b, c, d, e and 3 more"},
	})
}
