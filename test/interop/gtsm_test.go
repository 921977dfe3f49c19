// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"fmt"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

// testGTSM: both ends demand a TTL of 255 (RFC 5082); the capture shows it in Herald's packets.
func testGTSM(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{routerTTLHops: 1, watched: true, spec: []string{"transport: {ttlSecurityHops: 1}"}})
	l.start()
	l.wantWeb()
	l.wantTTL255()
}

// testGTSMTwoHops has a router in between: packets arrive with a TTL of 254, which both ends accept.
func testGTSMTwoHops(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{
		topology: harness.NewMultihop, routerTTLHops: 2, watched: true, spec: []string{"transport: {ttlSecurityHops: 2}"},
	})
	l.start()
	l.wantWeb()
	l.wantTTL255()
}

func (l *lab) wantTTL255() {
	l.Helper()
	messages := l.wire.Messages(l.topo.Node.IPv4)
	if len(messages) == 0 {
		l.Error("nothing on the wire")
	}
	for _, message := range messages {
		if message.TTL != 255 {
			l.Fatalf("a message went with TTL %d, want 255 (RFC 5082 §3): %v", message.TTL, message.Message)
		}
	}
}

// testGTSMWrongTTL: the daemon's packets have the TTL of sessions without GTSM, so Herald's kernel drops them until Herald no
// longer demands more. The daemon is restarted then: it would keep the accepted connection until its hold time ends, since the
// kernel sends a FIN only after the unacknowledged octets, which it sends again and again.
func testGTSMWrongTTL(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{spec: []string{"transport: {ttlSecurityHops: 1}"}})
	l.startPeer()
	l.herald.start(t)
	harness.Eventually(t, patience, "the node drops what comes with a wrong TTL", func() error {
		dropped, err := l.topo.Node.Counter(t.Context(), "TCPMinTTLDrop")
		if err == nil && dropped < 3 {
			err = fmt.Errorf("TCPMinTTLDrop is %d", dropped)
		}
		return err
	})
	if l.session().Established {
		t.Error("established with a wrong TTL")
	}
	l.herald.wantSession(t, "tor-a", "not established", func(s *v1alpha1.BGPSession) bool { return !established(s) })
	l.peer.Kill()
	l.startPeer()
	l.herald.write(t, "peer.yaml", l.peerManifest(l.topo.Router.IPv4))
	l.wantEstablished()
	l.wantWeb()
}
