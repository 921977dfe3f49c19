// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"fmt"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

// testGTSM has both ends ask for a TTL of 255 (RFC 5082), which the wire shows of what Herald sends.
func testGTSM(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{routerTTLHops: 1, watched: true, spec: []string{"transport: {ttlSecurityHops: 1}"}})
	l.start()
	l.wantWeb()
	l.wantTTL255()
}

// testGTSMTwoHops has a router in between: what arrives has a TTL of 254, which both ends take.
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

// testGTSMWrongTTL: what the daemon sends has the TTL of sessions without GTSM, so Herald's kernel drops it, until Herald
// no longer asks for more. The daemon restarts for that: the connection that it accepted never ends for it before its hold
// time, since with nothing acknowledged the kernel sends no FIN after the octets that it sends again and again.
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
