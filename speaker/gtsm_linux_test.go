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
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/test/bgptest"
)

// gtsmSpeaker runs one on the kernel's sockets that talks to a neighbour one hop away.
func gtsmSpeaker(t *testing.T, local, remote netip.Addr, port uint16, asns [2]uint32, change ...func(*given)) *speaker.Speaker {
	t.Helper()
	s := speaker.New(speaker.Options{Listen: []netip.AddrPort{netip.AddrPortFrom(local, port)}})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	p := peerConfig(append([]func(*given){func(p *given) {
		p.Address, p.LocalAddress, p.TTLSecurityHops = netip.AddrPortFrom(remote, port), local, 1
		p.LocalASN, p.PeerASN = asns[0], asns[1]
		p.Timers.ConnectRetry = time.Second
	}}, change...)...)
	cfg := config(p)
	cfg.RouterID = local
	if err := s.Apply(cfg); err != nil {
		t.Fatal(err)
	}
	return s
}

// RFC 5082 §3: with GTSM on both sides a session comes up, whichever side accepts.
func TestGTSMSession(t *testing.T) {
	here, there := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")
	port := freePort(t)
	a := gtsmSpeaker(t, here, there, port, [2]uint32{64512, 64500}, active)
	b := gtsmSpeaker(t, there, here, port, [2]uint32{64500, 64512}, passive)
	for _, s := range []*speaker.Speaker{a, b} {
		waitFor(t, s, func(p speaker.PeerSnapshot) bool { return p.State == speaker.StateEstablished })
	}
}

// What comes from further away than the configuration says never becomes a session: its segments are dropped.
func TestGTSMKeepsOthersOut(t *testing.T) {
	here, there := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")
	port := freePort(t)
	s := gtsmSpeaker(t, here, there, port, [2]uint32{64512, 64500}, passive)
	waitFor(t, s, func(p speaker.PeerSnapshot) bool { return p.State == speaker.StateActive && p.ListenerError == "" })
	dial := func() (net.Conn, error) {
		return transport.System{}.Dial(t.Context(), there, netip.AddrPortFrom(here, port), transport.SocketOptions{TTL: 64})
	}
	far, err := dial()
	for deadline := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(deadline); far, err = dial() {
		<-time.After(10 * time.Millisecond) // the listener is about to be there
	}
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	p := bgptest.NewPeer(t, far)
	p.ExpectOpen() // it answers whoever completes the handshake, and hears nothing from afar
	p.Send(theirOpen(true).Append(nil))
	if err := far.SetReadDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := far.Read(make([]byte, 1)); n > 0 {
		t.Errorf("an answer: %d octets, %v", n, err)
	}
	if snapshot, _ := peerNamed(s, "tor"); snapshot.State != speaker.StateOpenSent {
		t.Errorf("state %v", snapshot.State)
	}
}
