// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/harness"
)

const (
	localASN  = 64512
	routerASN = 64500
	// holdSeconds gives a KEEPALIVE every 3 seconds, so that a minute has many.
	holdSeconds = 9
)

// router is a BIRD behind a proxy that records the messages. Each router of a test has a number, and so its own loopback
// addresses: a node has one session with an address.
type router struct {
	*harness.BIRD
	proxy *harness.Proxy
	name  string
	asn   int64
	// address is the router's address for Herald, and source Herald's own address; the zero Addr leaves the source open.
	address netip.AddrPort
	source  netip.Addr
}

// newRouter starts a router that waits for a session through its proxy.
func newRouter(t *testing.T, number byte) *router {
	t.Helper()
	r, back, client := startRouter(t, number, "")
	r.proxy = harness.StartProxy(t, harness.ProxyOptions{
		Listen:    netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, number, 1}), 0),
		Target:    back,
		Source:    client,
		RecordBGP: true,
	})
	r.address = r.proxy.Addr()
	return r
}

// newSignedRouter starts a router that accepts only signed segments. It has no proxy, since a proxy would have to sign.
func newSignedRouter(t *testing.T, number byte, key string) *router {
	t.Helper()
	r, back, client := startRouter(t, number, key)
	r.address, r.source = back, client
	return r
}

// startRouter returns a router, its listening address, and the address that it expects of its neighbour.
func startRouter(t *testing.T, number byte, key string) (r *router, back netip.AddrPort, client netip.Addr) {
	t.Helper()
	back = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, number, 2}), 0)
	back = netip.AddrPortFrom(back.Addr(), freePort(t, back.Addr()))
	client = netip.AddrFrom4([4]byte{127, 0, number, 3})
	peer := harness.Daemons()[0].NewPeer(t, harness.Config{
		RouterID: netip.AddrFrom4([4]byte{192, 0, 2, number}),
		ASN:      routerASN,
		Port:     back.Port(),
		Neighbor: harness.Neighbor{
			Address:      client,
			ASN:          localASN,
			LocalAddress: back.Addr(),
			Passive:      true,
			Password:     key,
			MultihopTTL:  2, // BIRD takes no neighbour on loopback for directly connected
			HoldSeconds:  holdSeconds,
		},
	})
	bird, ok := peer.(*harness.BIRD)
	if !ok {
		t.Fatalf("%s is not the daemon that these tests ask", peer.Name())
	}
	if err := bird.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &router{BIRD: bird, name: fmt.Sprintf("tor-%d", number), asn: routerASN}, back, client
}

// freePort is a TCP port that nobody listens on.
func freePort(t *testing.T, address netip.Addr) uint16 {
	t.Helper()
	listener, err := net.Listen("tcp", netip.AddrPortFrom(address, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).AddrPort().Port()
}

// peer is the BGPPeer for the router.
func (r *router) peer() *v1alpha1.BGPPeer {
	return &v1alpha1.BGPPeer{
		ObjectMeta: metav1.ObjectMeta{Name: r.name, Labels: map[string]string{"router": r.name}},
		Spec: v1alpha1.BGPPeerSpec{
			Address:  r.address.Addr().String(),
			Port:     new(int32(r.address.Port())),
			LocalASN: new(int64(localASN)),
			PeerASN:  new(r.asn),
			Timers:   &v1alpha1.Timers{HoldSeconds: new(int32(holdSeconds)), ConnectRetrySeconds: new(int32(1))},
		},
	}
}

// signedPeer is the BGPPeer for a router of newSignedRouter.
func (r *router) signedPeer(secret string) *v1alpha1.BGPPeer {
	peer := r.peer()
	peer.Spec.Transport = &v1alpha1.Transport{Source: &v1alpha1.TransportSource{Address: r.source.String()}}
	peer.Spec.Authentication = &v1alpha1.Authentication{
		Type:   v1alpha1.AuthenticationTCPMD5,
		TCPMD5: &v1alpha1.TCPMD5{SecretRef: v1alpha1.SecretKeyReference{Name: secret}},
	}
	return peer
}

// expectRoute waits until the router has a route for prefix that check agrees with.
func (r *router) expectRoute(t *testing.T, prefix string, check func(*harness.Route) error) {
	t.Helper()
	harness.Eventually(t, patience, prefix+" at "+r.name, func() error {
		route, err := r.Route(t.Context(), netip.MustParsePrefix(prefix))
		if err != nil {
			return err
		}
		if route == nil {
			return fmt.Errorf("no route")
		}
		return check(route)
	})
}

// expectNoRoute waits until the router has no route for prefix.
func (r *router) expectNoRoute(t *testing.T, prefix string) {
	t.Helper()
	harness.Eventually(t, patience, "no "+prefix+" at "+r.name, func() error {
		route, err := r.Route(t.Context(), netip.MustParsePrefix(prefix))
		if err == nil && route != nil {
			return fmt.Errorf("it has %+v", *route)
		}
		return err
	})
}

// since is the router's own time of the session.
func (r *router) since(t *testing.T) string {
	t.Helper()
	session, err := r.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !session.Established {
		t.Fatalf("session of %s is %s: %s", r.name, session.State, session.LastError)
	}
	return session.Since
}

// mark is how many messages have passed. It first waits until only KEEPALIVEs have passed for a second, so that a message that is
// still on its way is not taken for an answer to the next change.
func (r *router) mark(t *testing.T) int {
	t.Helper()
	first := len(r.proxy.Messages(0))
	quiet := time.Now()
	harness.Eventually(t, patience, "quiet on the wire to "+r.name, func() error {
		if others := notKeepalive(r.proxy.Messages(first)); len(others) > 0 {
			first, quiet = len(r.proxy.Messages(0)), time.Now()
		}
		if time.Since(quiet) < time.Second {
			return fmt.Errorf("last message %v ago", time.Since(quiet))
		}
		return nil
	})
	return len(r.proxy.Messages(0))
}

// expectUpdates waits until the wire is quiet, and fails unless exactly that many UPDATEs from Herald have passed since mark, and
// no other messages but KEEPALIVEs.
func (r *router) expectUpdates(t *testing.T, mark, updates int) []harness.Message {
	t.Helper()
	harness.Eventually(t, patience, "UPDATE to "+r.name, func() error {
		if got := len(notKeepalive(r.proxy.Messages(mark))); got < updates {
			return fmt.Errorf("%d messages", got)
		}
		return nil
	})
	end := r.mark(t)
	messages := notKeepalive(r.proxy.Messages(mark)[:end-mark])
	if len(messages) != updates {
		t.Fatalf("%d messages to %s, want %d:\n%s", len(messages), r.name, updates, list(messages))
	}
	for _, m := range messages {
		if m.Type() != wire.TypeUpdate || m.Direction != harness.ToTarget {
			t.Fatalf("not an UPDATE from Herald: %s", m)
		}
	}
	return messages
}

// onlyKeepalives fails when anything else has passed since mark.
func (r *router) onlyKeepalives(mark int) error {
	if messages := notKeepalive(r.proxy.Messages(mark)); len(messages) > 0 {
		return fmt.Errorf("on the wire to %s:\n%s", r.name, list(messages))
	}
	return nil
}

func notKeepalive(messages []harness.Message) []harness.Message {
	var others []harness.Message
	for _, m := range messages {
		if m.Type() != wire.TypeKeepalive {
			others = append(others, m)
		}
	}
	return others
}

func list(messages []harness.Message) string {
	var text strings.Builder
	for _, m := range messages {
		fmt.Fprintln(&text, m)
	}
	return text.String()
}
