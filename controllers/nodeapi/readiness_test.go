// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package nodeapi

import (
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
)

func TestReadinessIsReachedOnce(t *testing.T) {
	start := time.Now()
	at := func(d time.Duration) time.Time { return start.Add(d) }
	down := func(name string) speaker.PeerSnapshot { return speaker.PeerSnapshot{Name: name, Since: start} }
	up := func(name string, token any) speaker.PeerSnapshot {
		return speaker.PeerSnapshot{Name: name, State: speaker.StateEstablished, Since: start, Routes: rib.Report{Token: token}}
	}
	config := &speaker.Config{Peers: []speaker.Peer{
		{Name: "a", GracefulRestart: &speaker.GracefulRestart{RestartTime: 30 * time.Second}},
		{Name: "b"},
		{Name: "off", AdminDown: true},
	}}

	var r Readiness
	for _, step := range []struct {
		name    string
		apply   *speaker.Config
		at      time.Duration
		peers   []speaker.PeerSnapshot
		waiting string // "" is ready
	}{
		{name: "before the configuration", waiting: "no complete configuration"},
		{name: "the speaker has not taken it up", apply: config, waiting: "End-of-RIB to a, b"},
		{name: "down", at: time.Second, peers: []speaker.PeerSnapshot{down("a"), down("b"), down("off")}, waiting: "to a, b"},
		{name: "b established, without its End-of-RIB", at: 2 * time.Second, peers: []speaker.PeerSnapshot{down("a"), up("b", nil)}, waiting: "to a, b"},
		{name: "b's End-of-RIB", at: 3 * time.Second, peers: []speaker.PeerSnapshot{down("a"), up("b", 1)}, waiting: "to a"},
		{name: "b lost: it had its End-of-RIB", at: 29 * time.Second, peers: []speaker.PeerSnapshot{down("a"), down("b")}, waiting: "to a"},
		{name: "a down for its restart time", at: 30 * time.Second, peers: []speaker.PeerSnapshot{down("a"), down("b")}},
		{name: "another peer comes", apply: &speaker.Config{Peers: []speaker.Peer{{Name: "c"}}}, at: 31 * time.Second},
	} {
		if step.apply != nil {
			r.Applied(step.apply)
		}
		err := r.Check(at(step.at), step.peers)
		switch {
		case step.waiting == "" && err != nil:
			t.Errorf("%s: %v, want ready", step.name, err)
		case step.waiting != "" && (err == nil || !strings.HasSuffix(err.Error(), step.waiting) && !strings.Contains(err.Error(), step.waiting)):
			t.Errorf("%s: %v, want %q", step.name, err, step.waiting)
		}
	}
}

func TestReadinessWithoutPeers(t *testing.T) {
	var r Readiness
	r.Applied(&speaker.Config{})
	if err := r.Check(time.Now(), nil); err != nil {
		t.Errorf("nothing to wait for, and yet: %v", err)
	}
}

func TestReadinessNamesAFewPeers(t *testing.T) {
	config := &speaker.Config{}
	for _, name := range strings.Split("abcdefgh", "") {
		config.Peers = append(config.Peers, speaker.Peer{Name: name})
	}
	var r Readiness
	r.Applied(config)
	err := r.Check(time.Now(), nil)
	if err == nil || err.Error() != "waiting for the End-of-RIB to a, b, c, d, e and 3 more" {
		t.Errorf("eight peers: %v", err)
	}
}
