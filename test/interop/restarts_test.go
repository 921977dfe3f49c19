// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

// llgrStale is the community of RFC 9494 §3.2.
const llgrStale = "65535:6"

// daemonRoute is the route that the daemon announces. FRR also sends our routes back.
const daemonRoute = "10.20.0.0/24"

// testLongLived ends Herald without a NOTIFICATION for longer than its restart time, and checks that the daemon keeps the routes as
// long-lived stale ones (RFC 9494 §4.2) until Herald is back. Then the daemon ends in the same way.
func testLongLived(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{
		longLived: 60, routerHold: 9, originate: []netip.Prefix{prefixOf(daemonRoute)},
		spec: []string{
			"gracefulRestart: {restartSeconds: 2, longLivedStaleSeconds: 60}", "receive: {mode: Report}",
		},
	})
	l.start()
	l.wantWeb()
	l.wantPeer("End-of-RIB of both families", hasBothEndOfRIB)
	fresh := func(stale, longLived bool) bool { return !stale && !longLived }
	l.herald.wantReceivedRoute(t, "fresh", fresh)
	l.throughout("the route is there", l.hasRoute(web4), func() {
		l.herald.Kill()
		for _, prefix := range []netip.Prefix{web4, web6} {
			harness.Eventually(t, patience, fmt.Sprintf("%s has %s as long-lived stale", l.peer.Name(), prefix), func() error {
				route, err := l.peer.Route(t.Context(), prefix)
				if err != nil || route == nil || !slices.Contains(route.Communities, llgrStale) {
					return errors.Join(err, fmt.Errorf("%+v", route))
				}
				return nil
			})
		}
		l.herald.start(t)
		l.wantEstablished()
		l.wantWeb() // without LLGR_STALE
	})
	l.herald.wantReceivedRoute(t, "fresh", fresh)
	l.peer.Kill()
	l.herald.wantReceivedRoute(t, "as long-lived stale", func(stale, longLived bool) bool { return stale && longLived })
	l.startPeer()
	l.wantEstablished()
	l.herald.wantReceivedRoute(t, "fresh", fresh)
}

// wantReceivedRoute waits until daemonRoute is in the wanted state.
func (h *herald) wantReceivedRoute(t *testing.T, what string, is func(stale, longLived bool) bool) {
	t.Helper()
	harness.Eventually(t, patience, "herald shows the daemon's route "+what, func() error {
		routes, err := h.received(t, "&prefix="+daemonRoute)
		if err != nil || len(routes) != 1 || !is(routes[0].Stale, slices.Contains(routes[0].Attributes.Communities, "LLGR_STALE")) {
			return errors.Join(err, fmt.Errorf("%+v", routes))
		}
		return nil
	})
}

// testOverNotification ends the session with a Cease, after which the daemon keeps the routes as stale ones, and then with a Hard
// Reset, after which the daemon drops them (RFC 8538 §4). In both cases Herald stays away.
func testOverNotification(t *testing.T, daemon harness.Daemon) {
	const offer = "gracefulRestart: {restartSeconds: 60, notifications: true}"
	l := newLab(t, daemon, setup{overNotification: true, spec: []string{offer}, routerOriginates: true})
	rewrite := func(spec ...string) {
		l.herald.write(t, "peer.yaml", l.peerManifest(l.topo.Router.IPv4, append(spec, offer)...))
	}
	l.start()
	l.wantWeb()
	l.wantPeer("End-of-RIB of both families", hasBothEndOfRIB)
	rewrite("transport: {connectMode: Passive}") // and it does not listen: Cease/6
	l.wantPeer("the routes are kept", func(s harness.Session) bool { return !s.Established && l.keeps(s) })
	rewrite("transport: {connectMode: Active}")
	l.wantEstablished()
	l.wantWeb()
	l.wantPeer("the routes are not stale", func(s harness.Session) bool { return !l.keeps(s) })
	l.wantReceived()
	rewrite("transport: {connectMode: Active}", "receive: {mode: Report, maxPrefixes: 1, onLimit: Teardown}") // a Hard Reset of Cease/1
	l.herald.wantSession(t, "tor-a", "the limit is told", func(s *v1alpha1.BGPSession) bool { return !established(s) })
	l.wantNoRoute(web4)
	l.wantNoRoute(web6)
}
