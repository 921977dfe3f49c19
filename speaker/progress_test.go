// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/funcr"

	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/wire"
)

// TestWorkThatEndsIsProgress: however often it is looked at, and however much of it there is.
func TestWorkThatEndsIsProgress(t *testing.T) {
	var p progress
	w := p.add("the table")
	seen := map[*work]looks{}
	for range 10 * watchTicks {
		w.begin()
		w.begin() // a part of it
		w.end()
		if what := p.look(seen); what != "" {
			t.Fatalf("%s made no progress", what)
		}
		w.end()
	}
	w.begin()
	for range watchTicks {
		if what := p.look(seen); what != "" {
			t.Fatalf("%s made no progress too soon", what)
		}
	}
	if what := p.look(seen); what != "the table" {
		t.Errorf("%q made no progress, want the table", what)
	}
	p.remove(w)
	if what := p.look(seen); what != "" || len(seen) != 0 {
		t.Errorf("%q made no progress, and %d works are remembered", what, len(seen))
	}
}

// TestWatchNamesThePeer: a peer that hangs in the middle of its work is seen, one that waits for its neighbour is not.
func TestWatchNamesThePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		log := funcr.New(func(_, args string) {
			if strings.Contains(args, `"session state changed"`) && strings.Contains(args, `"peer"="stuck"`) {
				<-release // nobody reads the log
			}
		}, funcr.Options{})
		s := New(Options{Logger: log, Transport: faketest.New().Host(netip.MustParseAddr("192.0.2.10"))})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		watched := make(chan error, 1)
		go func() { watched <- s.Watch(ctx, time.Minute) }()
		peers := []*Peer{progressPeer("fine", 1)}
		if err := s.Apply(&Config{RouterID: netip.MustParseAddr("192.0.2.10"), Peers: peers}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		select {
		case err := <-watched:
			t.Fatalf("a peer whose neighbour is away: %v", err)
		default:
		}
		began := time.Now()
		if err := s.Apply(&Config{RouterID: netip.MustParseAddr("192.0.2.10"), Peers: append(peers, progressPeer("stuck", 2))}); err != nil {
			t.Fatal(err)
		}
		err := <-watched
		if err == nil || err.Error() != "peer stuck made no progress for 1m0s" {
			t.Errorf("Watch: %v, want that the peer stuck made no progress", err)
		}
		if took := time.Since(began); took < 55*time.Second || took > 70*time.Second {
			t.Errorf("it was seen after %v, want about a minute", took)
		}
		close(release)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestWatchNamesTheTable: whoever holds what all need.
func TestWatchNamesTheTable(t *testing.T) {
	s := New(Options{Transport: faketest.New().Host(netip.MustParseAddr("192.0.2.10"))})
	s.store.mu.Lock()
	err := s.Watch(t.Context(), 12*time.Millisecond)
	s.store.mu.Unlock()
	if err == nil || !strings.Contains(err.Error(), "the table made no progress") {
		t.Errorf("Watch: %v, want that the table made no progress", err)
	}
}

func progressPeer(name string, number byte) *Peer {
	return &Peer{
		Name: name, Address: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 100 + number}), 179),
		LocalASN: 64512, PeerASN: 64500, Families: []wire.Family{wire.IPv4Unicast},
	}
}
