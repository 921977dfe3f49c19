// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/herald-bgp/herald/test/harness"
)

const patience = 30 * time.Second

// TestDaemonsTalk has every daemon peer with BIRD and read the routes that BIRD originates out of its own table:
// what the interoperability tests ask of a daemon is known to work before a speaker of ours is asked anything.
func TestDaemonsTalk(t *testing.T) {
	for _, daemon := range harness.Daemons() {
		t.Run(daemon.Name, func(t *testing.T) {
			t.Parallel()
			origin, peer := pairWithBIRD(t, daemon)
			for _, p := range []harness.Peer{origin, peer} {
				if err := p.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for _, prefix := range originated {
				checkOriginated(t, peer, prefix)
			}
			checkSession(t, origin, peer)
			version, err := peer.Version(t.Context())
			if err != nil || version == "" {
				t.Errorf("version %q: %v", version, err)
			}
		})
	}
}

var originated = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8:1::/48")}

func pairWithBIRD(t *testing.T, daemon harness.Daemon) (origin, peer harness.Peer) {
	link := harness.NewLink(t)
	bird := harness.Daemons()[0]
	origin = bird.NewPeer(t, harness.Config{
		Netns: link.Node, RouterID: link.Node.IPv4, ASN: 64512, Originate: originated,
		Neighbor: harness.Neighbor{
			Address: link.Router.IPv4, ASN: 64500, LocalAddress: link.Node.IPv4, GracefulRestart: true, Password: "secret",
		},
	})
	peer = daemon.NewPeer(t, harness.Config{
		Netns: link.Router, RouterID: link.Router.IPv4, ASN: 64500,
		Neighbor: harness.Neighbor{
			Address: link.Node.IPv4, ASN: 64512, LocalAddress: link.Router.IPv4, GracefulRestart: true, Password: "secret",
		},
	})
	return origin, peer
}

func checkOriginated(t *testing.T, peer harness.Peer, prefix netip.Prefix) {
	t.Helper()
	harness.Eventually(t, patience, peer.Name()+" has "+prefix.String(), func() error {
		route, err := peer.Route(t.Context(), prefix)
		if err != nil || route == nil {
			return errors.Join(err, errors.New("no route"))
		}
		if route.Origin != "IGP" || !slices.Equal(route.ASPath, []uint32{64512}) || !route.NextHop.IsValid() {
			return fmt.Errorf("route %+v", route)
		}
		return nil
	})
	longer := netip.PrefixFrom(prefix.Addr(), prefix.Bits()+1)
	if route, err := peer.Route(t.Context(), longer); err != nil || route != nil {
		t.Errorf("%s, which nobody announced: %+v, %v", longer, route, err)
	}
}

// checkSession sees the session up with every End-of-RIB, and then down with its neighbor.
func checkSession(t *testing.T, origin, peer harness.Peer) {
	t.Helper()
	session := func(want string, is func(harness.Session) bool) {
		t.Helper()
		harness.Eventually(t, patience, want, func() error {
			session, err := peer.Session(context.WithoutCancel(t.Context()))
			if err == nil && !is(session) {
				err = fmt.Errorf("session %+v", session)
			}
			return err
		})
	}
	session("up, with End-of-RIB", func(s harness.Session) bool {
		return s.Established && s.Since != "" && slices.Contains(s.EndOfRIB, harness.IPv4) && slices.Contains(s.EndOfRIB, harness.IPv6)
	})
	for _, family := range []harness.Family{harness.IPv4, harness.IPv6} {
		if err := peer.Refresh(t.Context(), family); err != nil && !errors.Is(err, harness.ErrUnsupported) {
			t.Errorf("refresh of %s: %v", family, err)
		}
	}
	origin.Kill()
	session("down", func(s harness.Session) bool { return !s.Established })
}
