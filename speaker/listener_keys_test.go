// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// ours are two addresses of ours, to each of which the same router connects.
var ours = [2]netip.Addr{us, us.Next()}

// twoPeers are two passive peers at one address.
func twoPeers(keys ...string) *speaker.Config {
	var peers []given
	for i, key := range keys {
		peers = append(peers, peerConfig(passive, func(p *given) {
			p.Name, p.LocalAddress, p.Auth = []string{"elder", "younger"}[i], ours[i], authOf(key)
		}))
	}
	return config(peers...)
}

// A listening socket has one key for each address of a peer: of two peers that share it with different keys the first is
// accepted, and the other says why it is not. What is signed for the one is never taken for the other.
func TestPeersThatShareAListenerKey(t *testing.T) {
	for name, test := range map[string]struct {
		keys    [2]string
		refused bool
	}{
		"different keys":     {[2]string{"one", "two"}, true},
		"the first has one":  {[2]string{"one", ""}, true},
		"the second has one": {[2]string{"", "two"}, true},
		"the same key":       {[2]string{"both", "both"}, false},
		"none":               {[2]string{"", ""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			runAny(t, func(w *world) {
				w.apply(twoPeers(test.keys[:]...))
				for i, peer := range []string{"elder", "younger"} {
					refused := test.refused && peer == "younger"
					s, _ := peerNamed(w.speaker, peer)
					if got := strings.Contains(s.ListenerError, `peer "elder"`); got != refused {
						t.Errorf("%s: listener error %q", peer, s.ListenerError)
					}
					conn, err := w.peer.Dial(t.Context(), netip.Addr{}, netip.AddrPortFrom(ours[i], 179),
						transport.SocketOptions{Auth: authOf(test.keys[0])}) // that of the socket
					if err != nil {
						t.Fatal(err)
					}
					m, err := bgptest.NewPeer(t, conn).Next()
					if opened := err == nil && m.Type() == wire.TypeOpen; opened == refused {
						t.Errorf("%s: got %v, %v", peer, m, err)
					}
				}
				// Once the first is gone its place is free.
				w.apply(&speaker.Config{RouterID: us, Peers: twoPeers(test.keys[:]...).Peers[1:]})
				if s, _ := peerNamed(w.speaker, "younger"); s.ListenerError != "" {
					t.Errorf("listener error %q", s.ListenerError)
				}
				p := w.dial(netip.AddrPortFrom(ours[1], 179), test.keys[1])
				p.Handshake(theirOpen(true))
				synctest.Wait()
				if s, _ := peerNamed(w.speaker, "younger"); s.State != speaker.StateEstablished {
					t.Errorf("state %v", s.State)
				}
			})
		})
	}
}

// A session of the younger ends when the elder comes: its socket's key is about to be another's.
func TestElderPeerTakesTheListenerKey(t *testing.T) {
	runAny(t, func(w *world) {
		both := twoPeers("one", "two")
		w.apply(&speaker.Config{RouterID: us, Peers: both.Peers[1:]})
		p := w.dial(netip.AddrPortFrom(ours[1], 179), "two")
		p.Handshake(theirOpen(true))
		synctest.Wait()
		w.apply(both)
		p.ExpectNotification(wire.CodeCease, wire.CeaseConfigChange)
	})
}

// Where the process listens at each local address apart, both are accepted with keys of their own.
func TestListenersApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldAt(t, netip.AddrPortFrom(ours[0], 179), netip.AddrPortFrom(ours[1], 179))
		w.apply(twoPeers("one", "two"))
		for i, key := range []string{"one", "two"} {
			w.dial(netip.AddrPortFrom(ours[i], 179), key).Handshake(theirOpen(true))
		}
		synctest.Wait()
		for _, s := range w.speaker.Snapshot() {
			if s.State != speaker.StateEstablished || s.ListenerError != "" {
				t.Errorf("%s: %v, %q", s.ID, s.State, s.ListenerError)
			}
		}
		w.stop(context.Canceled)
	})
}

// runAny is run with a speaker that listens at all addresses.
func runAny(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorldAt(t, netip.AddrPortFrom(netip.IPv4Unspecified(), 179))
		f(w)
		w.stop(context.Canceled)
		synctest.Wait()
	})
}
