// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/herald-bgp/herald/test/harness"
)

// ASNs of the samples.
const (
	heraldASN = 64512
	routerASN = 64500
)

var (
	web4 = netip.MustParsePrefix("203.0.113.0/24")
	web6 = netip.MustParsePrefix("2001:db8:1::/48")
)

// webManifest is the file of the announcement that most cases make.
const webManifest = "web.yaml"

func web(attributes string) string {
	return announcement("web", "203.0.113.0/24, 2001:db8:1::/48", attributes)
}

// setup says how a lab differs from an external session over IPv4 that Herald dials.
type setup struct {
	topology         func(testing.TB) *harness.Topology
	heraldASN        uint32
	routerASN        uint32
	daemonExpects    uint32 // the ASN that the daemon expects of Herald, where that is another
	overIPv6         bool
	heraldKey        string
	routerKey        string
	routerPassive    bool
	heraldListens    bool
	routerMultihop   uint8
	routerTTLHops    uint8 // GTSM (RFC 5082)
	routerRole       harness.Role
	longLived        int      // seconds: long-lived graceful restart (RFC 9494)
	overNotification bool     // graceful restart over a NOTIFICATION (RFC 8538)
	watched          bool     // Herald's packets are captured
	spec             []string // further lines of the BGPPeer's spec
	manifests        map[string]string
	withoutGraceful  bool
	routerHold       int
	routerOriginates bool
	originate        []netip.Prefix // by the router, besides
}

// lab is a Herald and a daemon, which are neighbours. Neither runs yet.
type lab struct {
	*testing.T
	setup  setup
	topo   *harness.Topology
	herald *herald
	peer   harness.Peer
	wire   *harness.Capture // of a lab that is watched
}

func newLab(t *testing.T, daemon harness.Daemon, s setup) *lab {
	t.Helper()
	daemon.Require(t)
	s.complete()
	l := &lab{T: t, setup: s, topo: s.topology(t)}
	node, router := l.topo.Node.IPv4, l.topo.Router.IPv4
	if s.overIPv6 {
		node, router = l.topo.Node.IPv6, l.topo.Router.IPv6
	}
	config := harness.Config{
		Netns: l.topo.Router, RouterID: l.topo.Router.IPv4, ASN: s.routerASN,
		Neighbor: harness.Neighbor{
			Address: node, ASN: s.daemonExpects, LocalAddress: router, Passive: s.routerPassive, Password: s.routerKey,
			MultihopTTL: s.routerMultihop, TTLSecurityHops: s.routerTTLHops, Role: s.routerRole, HoldSeconds: s.routerHold, GracefulRestart: !s.withoutGraceful,
			LongLivedSeconds: s.longLived, KeepsOverNotifications: s.overNotification,
		},
	}
	if s.routerOriginates {
		config.Originate = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8:f::/48")}
	}
	config.Originate = append(config.Originate, s.originate...)
	if s.watched {
		l.wire = harness.NewCapture(t, l.topo.Node)
	}
	l.peer = daemon.NewPeer(t, config)
	manifests := map[string]string{
		"node.yaml": nodeManifest(l.topo.Node.IPv4, l.topo.Node.IPv6),
		"peer.yaml": l.peerManifest(router, s.spec...),
	}
	for name, content := range s.manifests {
		manifests[name] = content
	}
	if s.heraldKey != "" {
		manifests["secret.yaml"] = secretManifest("tor-a", s.heraldKey)
	}
	var args []string
	if s.heraldListens {
		args = []string{"--listen", "0.0.0.0:179", "--listen", "[::]:179"}
	}
	l.herald = newHerald(t, l.topo.Node, l.topo.Node.IPv4, manifests, args...)
	return l
}

func (s *setup) complete() {
	if s.topology == nil {
		s.topology = harness.NewLink
	}
	if s.heraldASN == 0 {
		s.heraldASN = heraldASN
	}
	if s.routerASN == 0 {
		s.routerASN = routerASN
	}
	if s.daemonExpects == 0 {
		s.daemonExpects = s.heraldASN
	}
	if s.manifests == nil {
		s.manifests = map[string]string{webManifest: web("")}
	}
}

func (l *lab) peerManifest(router netip.Addr, spec ...string) string {
	md5 := ""
	if l.setup.heraldKey != "" {
		md5 = tcpMD5
	}
	return peerManifest{
		Address: router, LocalASN: l.setup.heraldASN, PeerASN: l.setup.routerASN,
		Spec: append([]string{"timers: {connectRetrySeconds: 1}", md5}, spec...),
	}.String()
}

// start runs both, the daemon first, and waits for the session.
func (l *lab) start() {
	l.Helper()
	l.startPeer()
	l.herald.start(l.T)
	l.wantEstablished()
}

func (l *lab) startPeer() {
	l.Helper()
	if err := l.peer.Start(l.Context()); err != nil {
		l.Fatal(err)
	}
}

func (l *lab) session() harness.Session {
	l.Helper()
	session, err := l.peer.Session(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	return session
}

// wantPeer waits until the daemon shows the session in the wanted state.
func (l *lab) wantPeer(what string, is func(harness.Session) bool) {
	l.Helper()
	harness.Eventually(l.T, patience, l.peer.Name()+" says: "+what, func() error {
		session, err := l.peer.Session(l.Context())
		if err == nil && !is(session) {
			err = fmt.Errorf("%+v", session)
		}
		return err
	})
}

// wantEstablished waits until both ends show the session as Established.
func (l *lab) wantEstablished() {
	l.Helper()
	l.wantPeer("established", func(s harness.Session) bool { return s.Established })
	l.herald.wantSession(l.T, "tor-a", "established", established)
}

// wantSameSession fails if the session has been replaced by a new one.
func (l *lab) wantSameSession(before harness.Session) {
	l.Helper()
	if now := l.session(); !now.Established || now.Since != before.Since {
		l.Errorf("the session was reset: %+v, before %+v", now, before)
	}
}

// wantRoute waits until the daemon's table has exactly the wanted route for the prefix.
func (l *lab) wantRoute(prefix netip.Prefix, want harness.Route) {
	l.Helper()
	l.wantRoutes(prefix, want)
}

// wantRoutes waits until the daemon's table has exactly these routes for a prefix.
func (l *lab) wantRoutes(prefix netip.Prefix, want ...harness.Route) {
	l.Helper()
	harness.Eventually(l.T, patience, fmt.Sprintf("%s has %s", l.peer.Name(), prefix), func() error {
		routes, err := l.peer.Routes(l.Context(), prefix)
		if err != nil || len(routes) != len(want) {
			return errors.Join(err, fmt.Errorf("it has %d routes: %+v", len(routes), routes))
		}
		slices.SortFunc(routes, func(a, b harness.Route) int { return cmp.Compare(medOf(a), medOf(b)) })
		for i := range routes {
			l.evenOut(&routes[i], want[i])
		}
		if diff := gocmp.Diff(want, routes, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			return errors.New("want -, got +\n" + diff)
		}
		return nil
	})
}

// evenOut removes the differences between daemons' outputs: a link-local next hop and a path identifier count only if one is wanted,
// and some daemons show a LOCAL_PREF of their own in an external session.
func (l *lab) evenOut(got *harness.Route, want harness.Route) {
	if !want.LinkLocal.IsValid() {
		got.LinkLocal = netip.Addr{}
	}
	if want.PathID == 0 {
		got.PathID = 0
	}
	if want.LocalPref == nil && slices.Contains([]string{"BIRD", "OpenBGPD"}, l.peer.Name()) {
		got.LocalPref = nil
	}
}

func medOf(route harness.Route) uint32 {
	if route.MED == nil {
		return 0
	}
	return *route.MED
}

// wantNoRoute waits until the daemon's table has none.
func (l *lab) wantNoRoute(prefix netip.Prefix) {
	l.Helper()
	harness.Eventually(l.T, patience, fmt.Sprintf("%s has no %s", l.peer.Name(), prefix), func() error {
		route, err := l.peer.Route(l.Context(), prefix)
		if err == nil && route != nil {
			err = fmt.Errorf("it has %+v", *route)
		}
		return err
	})
}

// wantWeb waits for both routes of web with no attribute but the mandatory ones.
func (l *lab) wantWeb() {
	l.Helper()
	l.wantRoute(web4, l.plain(web4))
	l.wantRoute(web6, l.plain(web6))
}

// plain is the route of a prefix without attributes of its own.
func (l *lab) plain(prefix netip.Prefix) harness.Route {
	route := harness.Route{Origin: "IGP", NextHop: l.topo.Node.IPv4}
	if prefix.Addr().Is6() {
		route.NextHop = l.topo.Node.IPv6
	}
	if l.internal() {
		route.LocalPref = new(uint32(100))
	} else {
		route.ASPath = []uint32{l.setup.heraldASN}
	}
	return route
}

func (l *lab) internal() bool { return l.setup.heraldASN == l.setup.routerASN }

const checkInterval = 50 * time.Millisecond

// throughout calls check again and again while during runs, and fails with its first error.
func (l *lab) throughout(what string, check func(context.Context) error, during func()) {
	l.Helper()
	ctx, cancel := context.WithCancel(l.Context())
	failed := make(chan error, 1)
	go func() {
		var err error
		paced(ctx, checkInterval, func() bool {
			if err = check(ctx); ctx.Err() != nil {
				err = nil // during has ended, and cut the check short
			}
			return err == nil
		})
		failed <- err
	}()
	during()
	cancel()
	if err := <-failed; err != nil {
		l.Errorf("not throughout: %s: %v", what, err)
	}
}

// hasRoute is for throughout: the daemon has a route.
func (l *lab) hasRoute(prefix netip.Prefix) func(context.Context) error {
	return func(ctx context.Context) error {
		route, err := l.peer.Route(ctx, prefix)
		if err == nil && route == nil {
			err = errors.New("no route")
		}
		return err
	}
}

func hasBothEndOfRIB(s harness.Session) bool {
	return s.Established && slices.Contains(s.EndOfRIB, harness.IPv4) && slices.Contains(s.EndOfRIB, harness.IPv6)
}

func prefixOf(text string) netip.Prefix { return netip.MustParsePrefix(text) }
