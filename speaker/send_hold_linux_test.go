// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// On kernel sockets: what is written for a peer that reads nothing fits into the kernel's buffers, so that no write ever waits.
// The send hold timer closes the session all the same, before the kernel gives the connection up (RFC 9687).
func TestSendHoldTimerOnKernelSockets(t *testing.T) {
	l := listenWithSmallBuffer(t)
	s := speaker.New(speaker.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	const hold, sendHold = 3 * time.Second, 4 * time.Second
	p := peerConfig(active, func(p *given) {
		p.Address = l.Addr().(*net.TCPAddr).AddrPort()
		p.Timers.Hold, p.Timers.SendHold = hold, sendHold
		p.Export.Announcements = []*rib.Announcement{{ID: "some", Name: "some", Attributes: rib.Attributes{NextHop4: us},
			Prefixes: rib.NewPrefixes(rib.PrefixRange{Prefix: netip.MustParsePrefix("10.0.0.0/11"), Length: 24})}}
	})
	if err := s.Apply(config(p)); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	bgptest.NewPeer(t, conn).Handshake(theirOpen(true))
	began := time.Now() // the connection after this one is not answered
	keepalive := time.NewTicker(hold / 3)
	defer keepalive.Stop()
	for {
		select {
		case <-s.Changed():
		case <-keepalive.C:
			_, _ = conn.Write(wire.AppendKeepalive(nil)) // what ends the session shows its error
		}
		snapshot, _ := peerNamed(s, "tor")
		if snapshot.LastError == nil {
			continue
		}
		const want = "send hold timer expired: the peer reads nothing, or less than a message"
		if e := snapshot.LastError; e.Text != want || time.Since(began) < sendHold {
			t.Errorf("after %v: error %+v, want %s", time.Since(began), e, want)
		}
		return
	}
}
