// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/nodeapi"
	"github.com/herald-bgp/herald/test/harness"
)

// routerRoutes are how many static routes the router of these cases has, all of IPv4.
const routerRoutes = 1000

// newReceivingLab is a lab with BIRD and its routes.
func newReceivingLab(t *testing.T, receive string) *lab {
	t.Helper()
	for _, daemon := range harness.Daemons() {
		if daemon.Name != "BIRD" {
			continue
		}
		s := setup{spec: []string{"receive: " + receive}}
		for i := range routerRoutes {
			s.originate = append(s.originate, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 20, byte(i >> 6), byte(i << 2)}), 30))
		}
		return newLab(t, daemon, s)
	}
	t.Fatal("the harness has no BIRD")
	return nil
}

// received asks for the received routes that match a query.
func (h *herald) received(t *testing.T, query string) ([]nodeapi.Route, error) {
	t.Helper()
	response, err := h.get(t.Context(), h.health, "/routes?direction=received&session=tor-a."+nodeName+query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var routes []nodeapi.Route
	for decoder := json.NewDecoder(response.Body); decoder.More(); {
		var route nodeapi.Route
		if err := decoder.Decode(&route); err != nil {
			return nil, fmt.Errorf("/routes: %w", err)
		}
		routes = append(routes, route)
	}
	return routes, nil
}

// wantListed waits until the status counts, and /routes lists, that many received IPv4 routes.
func (l *lab) wantListed(want int) {
	l.Helper()
	l.herald.wantSession(l.T, "tor-a", fmt.Sprintf("%d received", want), func(session *v1alpha1.BGPSession) bool {
		for _, p := range session.Status.Prefixes {
			if p.Family.AFI == v1alpha1.AFIIPv4 {
				return p.Received != nil && *p.Received == int32(want)
			}
		}
		return false
	})
	routes, err := l.herald.received(l.T, "")
	if err != nil || len(routes) != want {
		l.Errorf("%d routes listed, %v; want %d", len(routes), err, want)
	}
}

func current(reason string) func(*v1alpha1.BGPSession) bool {
	return func(session *v1alpha1.BGPSession) bool { return hasReason(session, v1alpha1.ConditionUpToDate, reason) }
}

// BIRD's routes are shown, follow BIRD's changes, and stay as stale routes while BIRD restarts.
func TestReceivedFromBIRD(t *testing.T) {
	t.Parallel()
	l := newReceivingLab(t, "{mode: Report}")
	l.start()
	l.wantListed(routerRoutes)
	l.herald.wantSession(t, "tor-a", "as many as are kept", current(v1alpha1.ReasonUpToDate))
	routes, err := l.herald.received(t, "&prefix=10.20.1.4/30")
	if err != nil || len(routes) != 1 {
		t.Fatalf("%+v, %v", routes, err)
	}
	want := nodeapi.Route{
		Family: "IPv4/Unicast", NLRI: "10.20.1.4/30",
		Attributes: nodeapi.RouteAttributes{Origin: v1alpha1.OriginIGP, ASPath: []uint32{routerASN}, NextHop: l.topo.Router.IPv4.String()},
	}
	if got := routes[0]; fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	l.herald.write(t, "peer.yaml", l.peerManifest(l.topo.Router.IPv4, "receive: {mode: Ignore}"))
	l.herald.wantSession(t, "tor-a", "nothing counted", func(session *v1alpha1.BGPSession) bool {
		return len(session.Status.Prefixes) > 0 && session.Status.Prefixes[0].Received == nil
	})
	l.herald.write(t, "peer.yaml", l.peerManifest(l.topo.Router.IPv4, "receive: {mode: Report}"))
	l.wantListed(routerRoutes) // by ROUTE-REFRESH
	l.herald.wantSession(t, "tor-a", "no flap", func(session *v1alpha1.BGPSession) bool { return session.Status.Flaps == 0 })
	l.peer.Kill()
	harness.Eventually(t, patience, "stale routes", func() error {
		routes, err := l.herald.received(t, "&prefix=10.20.1.4/30")
		if err == nil && (len(routes) != 1 || !routes[0].Stale) {
			err = fmt.Errorf("%+v", routes)
		}
		return err
	})
	l.startPeer()
	l.wantEstablished()
	harness.Eventually(t, patience, "fresh routes", func() error {
		routes, err := l.herald.received(t, "")
		if err == nil && len(routes) != routerRoutes {
			err = fmt.Errorf("%d routes", len(routes))
		}
		for _, route := range routes {
			if route.Stale {
				return errors.New(route.NLRI + " is stale")
			}
		}
		return err
	})
}

// Routes over the limit are dropped, and the session goes on. With a higher limit they come back.
func TestDiscardFromBIRD(t *testing.T) {
	t.Parallel()
	l := newReceivingLab(t, "{mode: Report, maxPrefixes: 500}")
	l.start()
	l.wantListed(500)
	l.herald.wantSession(t, "tor-a", "over the limit", current(v1alpha1.ReasonReceiveLimitReached))
	l.wantRoute(web4, l.plain(web4))
	l.herald.write(t, "peer.yaml", l.peerManifest(l.topo.Router.IPv4, "receive: {mode: Report, maxPrefixes: 2000}"))
	l.wantListed(routerRoutes)
	l.herald.wantSession(t, "tor-a", "below the limit, without a flap", func(session *v1alpha1.BGPSession) bool {
		return hasReason(session, v1alpha1.ConditionUpToDate, v1alpha1.ReasonUpToDate) && session.Status.Flaps == 0
	})
}

// The session ends with Cease/1, which BIRD understands, and stays down until the limit is raised.
func TestTeardownFromBIRD(t *testing.T) {
	t.Parallel()
	l := newReceivingLab(t, "{mode: Report, maxPrefixes: 500, onLimit: Teardown}")
	l.startPeer()
	l.herald.start(t)
	l.herald.wantSession(t, "tor-a", "torn down", func(session *v1alpha1.BGPSession) bool {
		e := session.Status.LastError
		return session.Status.State == v1alpha1.SessionIdle && e != nil && e.Direction == v1alpha1.NotificationSent &&
			*e.Code == 6 && *e.Subcode == 1 && session.Status.Flaps == 1
	})
	harness.Eventually(t, patience, "BIRD has the reason", func() error {
		answer, err := l.peer.(*harness.BIRD).Ask(t.Context(), "show", "protocols", "all", "herald")
		if err == nil && !strings.Contains(answer, "Maximum number of prefixes reached") {
			err = errors.New(answer)
		}
		return err
	})
	l.herald.write(t, "peer.yaml", l.peerManifest(l.topo.Router.IPv4, "receive: {mode: Report, maxPrefixes: 1000, onLimit: Teardown}"))
	l.wantEstablished()
	l.wantListed(routerRoutes)
}
