// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

func conditionMessage(session *v1alpha1.BGPSession, condition string) string {
	if found := meta.FindStatusCondition(session.Status.Conditions, condition); found != nil {
		return found.Message
	}
	return ""
}

// wantShutdown waits until the daemon shows, in its own words, that an Administrative Shutdown (RFC 4486) ended the session, with
// the text of RFC 9003 if the daemon shows it.
func (l *lab) wantShutdown(text string) {
	l.Helper()
	words := map[string][]string{
		"BIRD":     {"Administrative shutdown"},
		"FRR":      {"Cease/Administrative Shutdown"},
		"GoBGP":    {"administrative shutdown"},
		"OpenBGPD": {"administratively down"},
		// ExaBGP 4.2.21 fails to decode a shutdown communication (RFC 9003), and says that a NOTIFICATION came.
		"ExaBGP": {`message of type "3"`},
	}
	l.wantPeer("an administrative shutdown", func(s harness.Session) bool {
		for _, word := range words[l.peer.Name()] {
			if !strings.Contains(s.LastError, word) {
				return false
			}
		}
		return !s.Established
	})
	shown := map[string]string{"BIRD": l.peer.Log(), "FRR": l.session().LastError, "OpenBGPD": l.session().LastError}[l.peer.Name()]
	if shown != "" && !strings.Contains(shown, text) {
		l.Errorf("%s does not show the text %q: %s", l.peer.Name(), text, shown)
	}
	l.wantNoRoute(web4)
	l.wantNoRoute(web6)
}

func testAdminState(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{})
	l.start()
	l.wantWeb()
	l.herald.write(t, "peer.yaml", l.peerManifest(l.topo.Router.IPv4, "adminState: Down"))
	l.wantShutdown("administratively down")
	l.herald.wantSession(t, "tor-a", "AdminDown", func(s *v1alpha1.BGPSession) bool {
		return hasReason(s, v1alpha1.ConditionEstablished, v1alpha1.ReasonAdminDown)
	})
	l.herald.write(t, "peer.yaml", l.peerManifest(l.topo.Router.IPv4))
	l.wantEstablished()
	l.wantWeb()
	l.herald.remove(t, "peer.yaml")
	l.wantShutdown("removed")
}

func testDecommission(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{})
	l.start()
	l.wantWeb()
	if err := l.herald.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	l.wantShutdown("decommissioned") // before the daemon tries again, and shows that instead
	l.herald.wantEnd(t)
}

func testGracefulRestart(t *testing.T, daemon harness.Daemon) {
	restartKeepsRoutes(t, daemon, func(l *lab) { l.herald.stop(t, syscall.SIGTERM) })
}

func testCrash(t *testing.T, daemon harness.Daemon) {
	restartKeepsRoutes(t, daemon, func(l *lab) { l.herald.Kill() })
}

// restartKeepsRoutes ends Herald, and checks that the daemon keeps the routes as stale ones (RFC 4724 §4.2) until Herald is back
// and has sent End-of-RIB: the routes are there throughout. The End-of-RIB removes a route that was deleted meanwhile.
func restartKeepsRoutes(t *testing.T, daemon harness.Daemon, end func(*lab)) {
	gone := "198.51.100.0/24"
	l := newLab(t, daemon, setup{manifests: map[string]string{
		webManifest: web(""), "gone.yaml": announcement("gone", gone, ""),
	}})
	l.start()
	l.wantWeb()
	l.wantRoute(prefixOf(gone), l.plain(prefixOf(gone)))
	l.wantPeer("End-of-RIB of both families", hasBothEndOfRIB)
	present := func(ctx context.Context) error {
		for _, prefix := range []string{web4.String(), web6.String()} {
			route, err := l.peer.Route(ctx, prefixOf(prefix))
			if err != nil || route == nil {
				return errors.Join(err, errors.New("no route for "+prefix))
			}
		}
		return nil
	}
	l.throughout("the routes are there", present, func() {
		end(l)
		l.wantPeer("the routes are kept", func(s harness.Session) bool { return !s.Established && l.keeps(s) })
		l.herald.remove(t, "gone.yaml")
		l.herald.start(t)
		l.wantEstablished()
		l.wantPeer("End-of-RIB of both families", hasBothEndOfRIB)
		l.wantWeb()
	})
	l.wantNoRoute(prefixOf(gone))
}

// keeps says whether the daemon keeps stale routes: BIRD shows it for the session, the others for each route.
func (l *lab) keeps(s harness.Session) bool {
	if l.peer.Name() == "BIRD" {
		return s.Restarting
	}
	route, err := l.peer.Route(l.Context(), web4)
	return err == nil && route != nil && route.Stale
}
