// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

func testMD5(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{heraldKey: "a-good-key", routerKey: "a-good-key", heraldListens: true})
	l.start()
	l.wantWeb()
}

// testMD5Passive: the listener has the key of the dialling side.
func testMD5Passive(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{
		heraldKey: "a-good-key", routerKey: "a-good-key", heraldListens: true, spec: []string{"transport: {connectMode: Passive}"},
	})
	l.start()
	l.wantWeb()
}

func testMD5IPv6(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{heraldKey: "a-good-key", routerKey: "a-good-key", heraldListens: true, overIPv6: true})
	l.start()
	l.wantWeb()
}

// testMD5WrongKey checks that the kernels refuse segments, and that the session comes up once the key is right. OpenBGPD's listener
// has no key: with OpenBGPD only the node's kernel refuses.
func testMD5WrongKey(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{heraldKey: "a-wrong-key", routerKey: "a-good-key", heraldListens: true})
	l.startPeer()
	l.herald.start(t)
	harness.Eventually(t, patience, "segments of several attempts are refused", func() error {
		refused := 0
		for _, end := range []*harness.Netns{l.topo.Router, l.topo.Node} {
			count, err := end.Counter(t.Context(), "TCPMD5Failure")
			if err != nil {
				return err
			}
			refused += count
		}
		if refused < 3 {
			return fmt.Errorf("TCPMD5Failure is %d", refused)
		}
		return nil
	})
	if l.session().Established {
		t.Error("established with a-wrong-key")
	}
	l.herald.wantSession(t, "tor-a", "not established", func(s *v1alpha1.BGPSession) bool { return !established(s) })
	l.herald.write(t, "secret.yaml", secretManifest("tor-a", "a-good-key"))
	l.wantEstablished()
	l.wantWeb()
}

func testHeraldPassive(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{heraldListens: true, spec: []string{"transport: {connectMode: Passive}"}})
	l.start()
	l.wantWeb()
}

func testPeerPassive(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{routerPassive: true})
	l.start()
	l.wantWeb()
}

// testBothDial has both ends dial and accept, several times, and counts the connections that remain: RFC 4271 §6.8.
func testBothDial(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{heraldListens: true, spec: []string{"transport: {connectMode: Both}"}})
	l.herald.start(t)
	for range 3 {
		l.startPeer()
		l.wantEstablished()
		l.wantWeb()
		harness.Eventually(t, patience, "exactly one connection", func() error {
			connections, err := l.connections(t.Context())
			if err == nil && connections != 1 {
				err = fmt.Errorf("%d connections", connections)
			}
			return err
		})
		before := l.session()
		harness.Steadily(t, 2*time.Second, "one session", func() error {
			if session := l.session(); session.Since != before.Since {
				return fmt.Errorf("%+v, before %+v", session, before)
			}
			return nil
		})
		l.peer.Kill()
	}
}

// connections counts the established BGP connections of the node.
func (l *lab) connections(ctx context.Context) (int, error) {
	out, err := l.topo.Node.Command(ctx, "ss", "-Htn", "state", "established", "( sport = :179 or dport = :179 )").Output()
	return len(strings.Split(strings.TrimSpace(string(out)), "\n")), err
}

// testMultihop has a router in between that a TTL of 1 does not pass.
func testMultihop(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{
		topology: harness.NewMultihop, routerMultihop: 64, spec: []string{"transport: {multihopTTL: 64}"},
	})
	l.start()
	l.wantWeb()
}

// testIPv6Transport: one session over IPv6 carries both families, both ways. IPv4 routes have the node's IPv4 address as next hop.
func testIPv6Transport(t *testing.T, daemon harness.Daemon) {
	s := setup{overIPv6: true, routerOriginates: true}
	extended := daemon.Name == "GoBGP"
	if extended {
		// It sends IPv4 routes with an IPv6 next hop whether that was negotiated or not, which is a malformed next hop
		// (RFC 7606 §7.11) where it was not. Where it was, ours are like that too.
		s.spec = []string{"capabilities: {extendedNextHop: true}"}
	}
	l := newLab(t, daemon, s)
	l.start()
	want4 := l.plain(web4)
	if extended {
		want4.NextHop = l.topo.Node.IPv6
	}
	l.wantRoute(web4, want4)
	l.wantRoute(web6, l.plain(web6))
	l.wantReceived()
	if slices.Contains([]string{"GoBGP", "OpenBGPD"}, l.peer.Name()) {
		return // it shows one next hop
	}
	route, err := l.peer.Route(t.Context(), web6)
	if err != nil || route == nil {
		t.Fatalf("%+v, %v", route, err)
	}
	if want := l.linkLocal(); route.LinkLocal != want {
		t.Errorf("link-local next hop %s, want %s (RFC 2545 §3)", route.LinkLocal, want)
	}
}

// linkLocal is the node's own address on the link.
func (l *lab) linkLocal() netip.Addr {
	l.Helper()
	out, err := l.topo.Node.Command(l.Context(), "ip", "-6", "-brief", "addr", "show", "dev", "eth0", "scope", "link").Output()
	if err != nil {
		l.Fatal(err)
	}
	for _, field := range strings.Fields(string(out)) {
		if prefix, err := netip.ParsePrefix(field); err == nil {
			return prefix.Addr()
		}
	}
	l.Fatalf("no link-local address: %s", out)
	return netip.Addr{}
}

// testWrongASN checks that both ends report 2/2 with both ASNs.
func testWrongASN(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{})
	l.herald.write(t, "peer.yaml", peerManifest{
		Address: l.topo.Router.IPv4, LocalASN: heraldASN, PeerASN: 64501, Spec: []string{"timers: {connectRetrySeconds: 1}"},
	}.String())
	l.startPeer()
	l.herald.start(t)
	l.herald.wantSession(t, "tor-a", "2/2 with both ASNs", func(s *v1alpha1.BGPSession) bool {
		message := conditionMessage(s, v1alpha1.ConditionEstablished)
		return !established(s) && strings.Contains(message, "2/2") &&
			strings.Contains(message, "64500") && strings.Contains(message, "64501")
	})
	l.herald.write(t, "peer.yaml", l.peerManifest(l.topo.Router.IPv4))
	l.wantEstablished()
	l.wantWeb()
}
