// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package bgptest_test

import (
	"net"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// pair connects two peers.
func pair(t *testing.T) (one, two *bgptest.Peer) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	one, two = bgptest.NewPeer(t, conn), bgptest.Accept(t, l)
	for _, p := range []*bgptest.Peer{one, two} {
		p.Patience = 30 * time.Second
		t.Cleanup(func() { _ = p.Close() })
	}
	return one, two
}

func TestHandshake(t *testing.T) {
	one, two := pair(t)
	ours := bgptest.Open(64500, "192.0.2.1", 90, wire.IPv4Unicast, wire.IPv6Unicast)
	theirs := bgptest.Open(4200000000, "192.0.2.2", 30, wire.IPv6Unicast)
	for open, mode := range map[*wire.Open]wire.AddPathMode{ours: wire.AddPathReceive, theirs: wire.AddPathSend} {
		open.Capabilities.ExtendedMessage = true
		open.Capabilities.AddPath = []wire.AddPathFamily{{Family: wire.IPv6Unicast, Mode: mode}}
	}
	done := make(chan error)
	go func() { done <- two.Session.Handshake(theirs) }()
	one.Handshake(ours)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if one.Opened.PeerASN() != 4200000000 || one.HoldTime() != 30*time.Second || two.HoldTime() != 30*time.Second {
		t.Errorf("OPEN %+v, hold times %v and %v", one.Opened, one.HoldTime(), two.HoldTime())
	}
	families := []wire.Family{wire.IPv6Unicast}
	want := wire.UpdateOptions{AS4: true, EBGP: true, Families: families, AddPath: families}
	if got := one.UpdateOptions(); !reflect.DeepEqual(got, want) {
		t.Errorf("options %+v, want %+v", got, want)
	}
	want.AddPath = nil
	if got := two.UpdateOptions(); !reflect.DeepEqual(got, want) {
		t.Errorf("options of the other end %+v, want %+v", got, want)
	}

	path := wire.Path{ID: 7, Prefix: netip.MustParsePrefix("2001:db8::/32")}
	two.Send(wire.AppendUnreach(nil, wire.IPv6Unicast, wire.AppendPath(nil, path)))
	two.Send(wire.AppendEndOfRIB(nil, wire.IPv6Unicast))
	m, err := one.Next()
	if err != nil {
		t.Fatal(err)
	}
	routes, err := bgptest.ParseUpdate(m, one.UpdateOptions())
	if err != nil || len(routes.Withdrawn) != 1 || routes.Withdrawn[0] != path || len(routes.Announced) > 0 || routes.EndOfRIB {
		t.Errorf("%v is %+v, %v", m, routes, err)
	}
	if m, err = one.Next(); err != nil {
		t.Fatal(err)
	}
	if routes, err = bgptest.ParseUpdate(m, one.UpdateOptions()); err != nil || !routes.EndOfRIB {
		t.Errorf("%v is %+v, %v", m, routes, err)
	}
	two.Send(wire.FinishMessage(append(wire.AppendHeader(nil, wire.TypeNotification), append([]byte{6, 2}, make([]byte, 5000)...)...), 0))
	_ = two.Close()
	one.ExpectNotification(wire.CodeCease, wire.CeaseAdminShutdown)
}

func TestQuiet(t *testing.T) {
	one, two := pair(t)
	two.Keepalive(time.Millisecond)
	if err := one.Quiet(20 * time.Millisecond); err != nil {
		t.Errorf("KEEPALIVEs alone: %v", err)
	}
	two.Send(wire.AppendEndOfRIB(nil, wire.IPv4Unicast))
	if err := one.Quiet(30 * time.Second); err == nil {
		t.Error("an UPDATE went unseen")
	}
	two.Send(wire.AppendEndOfRIB(nil, wire.IPv6Unicast))
	if m, err := one.NextButKeepalive(); err != nil || m.Type() != wire.TypeUpdate {
		t.Errorf("%v, %v, want the second UPDATE", m, err)
	}
	_ = two.Close()
	if err := one.Quiet(30 * time.Second); err == nil {
		t.Error("the end went unseen")
	}
}
