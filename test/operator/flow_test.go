// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/harness"
)

var (
	peerEstablished    = want{v1alpha1.ConditionEstablished, metav1.ConditionTrue, v1alpha1.ReasonEstablished}
	sessionEstablished = peerEstablished
	advertised         = want{v1alpha1.ConditionAdvertised, metav1.ConditionTrue, v1alpha1.ReasonAdvertised}
	complete           = want{v1alpha1.ConditionComplete, metav1.ConditionTrue, v1alpha1.ReasonComplete}
	objectReady        = want{v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady}
)

func announcement(namespace, name string, prefixes ...string) *v1alpha1.Announcement {
	return &v1alpha1.Announcement{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.AnnouncementSpec{Prefixes: prefixes},
	}
}

// TestPeerAndAnnouncement is the life of a peer and its announcements from the first kubectl apply to the last delete.
func TestPeerAndAnnouncement(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	c.startNode(t, node.Name, nil)
	c.startCluster(t)
	tor := newRouter(t, 11)
	peer := tor.peer()
	web := announcement(operatorNamespace, "web", "203.0.113.0/24", "2001:db8:1::/48")
	web.Spec.Attributes = &v1alpha1.PathAttributes{
		MED: new(int64(50)), Communities: []string{"64512:100", "NO_EXPORT"}, LargeCommunities: []string{"64512:1:100"},
		NextHop: &v1alpha1.NextHop{IPv6: new("2001:db8::10")},
	}
	c.create(t, peer)
	c.create(t, web)

	step := func(name string, run func(*testing.T)) {
		if !t.Failed() { // each begins where the one before it ended
			t.Run(name, run)
		}
	}
	step("statuses tell", func(t *testing.T) {
		session := c.expectSession(t, patience, peer.Name, node.Name, sessionEstablished)
		if owners := session.OwnerReferences; len(owners) != 1 || owners[0].UID != node.UID {
			t.Errorf("owners of the BGPSession: %v, want node %s", owners, node.UID)
		}
		got := c.expectPeer(t, patience, peer.Name, peerEstablished)
		if of := session.Status.Peer; of == nil || of.UID != string(got.UID) || of.Generation != got.Generation {
			t.Errorf("the BGPSession is of the BGPPeer %+v, want %s at generation %d", of, got.UID, got.Generation)
		}
		if c, _ := conditionOf(session.Status.Conditions, v1alpha1.ConditionUpToDate); c.ObservedGeneration != session.Generation {
			t.Errorf("UpToDate is of generation %d, want the BGPSession's own, %d", c.ObservedGeneration, session.Generation)
		}
		if got.Status.Sessions == nil || got.Status.Sessions.Summary != "1/1" {
			t.Errorf("sessions of the BGPPeer: %+v, want 1/1", got.Status.Sessions)
		}
		c.expectPeer(t, patience, peer.Name, want{v1alpha1.ConditionUpToDate, metav1.ConditionTrue, ""})
		c.expectPeer(t, patience, peer.Name, objectReady)
		c.expectAnnouncement(t, patience, web, objectReady)
		c.expectAnnouncement(t, patience, web, complete)
		said := c.expectAnnouncement(t, patience, web, advertised)
		if got.Status.ObservedGeneration != got.Generation || said.Status.ObservedGeneration != said.Generation {
			t.Errorf("the statuses are of generation %d and %d, want %d and %d",
				got.Status.ObservedGeneration, said.Status.ObservedGeneration, got.Generation, said.Generation)
		}
		if said.Status.Prefixes != 2 || said.Status.Sessions == nil || said.Status.Sessions.Summary != "1/1" {
			t.Errorf("status of the Announcement: %+v, want 2 prefixes to 1/1 sessions", said.Status)
		}
		tor.expectRoute(t, "203.0.113.0/24", func(r *harness.Route) error {
			if want := []string{"64512:100", "65535:65281"}; !slices.Equal(r.Communities, want) {
				return fmt.Errorf("communities %v, want %v", r.Communities, want)
			}
			return nil
		})
	})
	step("a KEEPALIVE writes no status", func(t *testing.T) { c.quiet(t, peer, node, web) })
	step("what changes nothing sends nothing", func(t *testing.T) { changesNothing(t, c, tor, peer, web) })
	step("a MED is one UPDATE", func(t *testing.T) {
		mark := tor.mark(t)
		change(t, c, web, func(a *v1alpha1.Announcement) {
			a.Spec.Attributes.MED = new(int64(60))
			a.Spec.Prefixes = []string{"203.0.113.0/24"}
		})
		// One UPDATE for the IPv4 prefix with its new MED, one that withdraws the IPv6 prefix.
		tor.expectUpdates(t, mark, 2)
		mark = tor.mark(t)
		change(t, c, web, func(a *v1alpha1.Announcement) { a.Spec.Attributes.MED = new(int64(70)) })
		tor.expectUpdates(t, mark, 1)
		tor.expectRoute(t, "203.0.113.0/24", func(r *harness.Route) error {
			if r.MED == nil || *r.MED != 70 {
				return fmt.Errorf("MED %v, want 70", r.MED)
			}
			return nil
		})
		c.expectAnnouncement(t, patience, web, advertised)
	})
	step("a prefix is one UPDATE", func(t *testing.T) {
		mark := tor.mark(t)
		change(t, c, web, func(a *v1alpha1.Announcement) { a.Spec.Prefixes = append(a.Spec.Prefixes, "198.51.100.0/24") })
		tor.expectUpdates(t, mark, 1)
		c.expectAnnouncement(t, patience, web, advertised)
	})
	step("the younger of two conflicts", func(t *testing.T) {
		mark := tor.mark(t)
		younger := announcement(operatorNamespace, "younger", "203.0.113.0/24")
		c.create(t, younger)
		said := c.expectAnnouncement(t, patience, younger,
			want{v1alpha1.ConditionAdvertised, metav1.ConditionFalse, v1alpha1.ReasonConflict})
		lost := v1alpha1.Verdict{
			Reason: v1alpha1.ReasonConflict, Sessions: 1, Example: peer.Name + "/" + node.Name, Winner: keyOf(web).String(),
		}
		if len(said.Status.Verdicts) != 1 || said.Status.Verdicts[0] != lost {
			t.Errorf("verdicts %+v, want %+v", said.Status.Verdicts, lost)
		}
		if _, text := conditionOf(said.Status.Conditions, v1alpha1.ConditionAdvertised); !strings.Contains(text, lost.Winner) {
			t.Errorf("it says %q, want %s in it", text, lost.Winner)
		}
		c.expectAnnouncement(t, patience, web, advertised)
		tor.expectUpdates(t, mark, 0)
		c.remove(t, younger)
	})
	step("an announcement that no peer grants has no session", func(t *testing.T) {
		c.create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}})
		stranger := announcement("shop", "stranger", "192.0.2.128/25")
		c.create(t, stranger)
		c.expectAnnouncement(t, patience, stranger,
			want{v1alpha1.ConditionAdvertised, metav1.ConditionFalse, v1alpha1.ReasonNoSession})
		c.remove(t, stranger)
	})
	step("an announcement that is down is withdrawn, and ready", func(t *testing.T) {
		set := func(state *v1alpha1.AdminState) {
			t.Helper()
			change(t, c, web, func(a *v1alpha1.Announcement) { a.Spec.AdminState = state })
		}
		set(new(v1alpha1.AdminStateDown))
		c.expectAnnouncement(t, patience, web, want{v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonAdminDown})
		if route, err := tor.Route(t.Context(), tor.prefix("203.0.113.0/24")); err != nil || route != nil {
			t.Errorf("it is ready, and the router has %+v, %v", route, err)
		}
		c.expectAnnouncement(t, patience, web, want{v1alpha1.ConditionAdvertised, metav1.ConditionFalse, v1alpha1.ReasonAdminDown})
		c.expectAnnouncement(t, patience, web, want{v1alpha1.ConditionComplete, metav1.ConditionTrue, v1alpha1.ReasonAdminDown})
		set(nil)
		c.expectAnnouncement(t, patience, web, objectReady)
		tor.expectRoute(t, "203.0.113.0/24", anyRoute)
	})
	step("an announcement is withdrawn when its time is over, and comes back when it is renewed", func(t *testing.T) {
		brief := announcement(operatorNamespace, "brief", "203.0.113.64/26")
		brief.Spec.ExpireAfterSeconds = new(int32(3600))
		c.create(t, brief)
		c.expectAnnouncement(t, patience, brief, objectReady)
		tor.expectRoute(t, "203.0.113.64/26", anyRoute)
		change(t, c, brief, func(a *v1alpha1.Announcement) {
			a.Spec.ExpireAfterSeconds = new(int32(time.Since(a.CreationTimestamp.Time).Seconds()) + 3)
		})
		said := c.expectAnnouncement(t, patience, brief, want{v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonExpired})
		if route, err := tor.Route(t.Context(), tor.prefix("203.0.113.64/26")); err != nil || route != nil {
			t.Errorf("it has expired, and the router has %+v, %v", route, err)
		}
		expires := metav1.NewTime(brief.CreationTimestamp.Add(time.Duration(*brief.Spec.ExpireAfterSeconds) * time.Second))
		if said.Status.Expires == nil || !said.Status.Expires.Equal(&expires) || time.Now().Before(expires.Time) {
			t.Errorf("it is expired at %v, and status.expires is %v, want %v", time.Now(), said.Status.Expires, expires)
		}
		change(t, c, brief, func(a *v1alpha1.Announcement) {
			a.Annotations = map[string]string{v1alpha1.AnnotationRenewedAt: time.Now().Add(30 * time.Second).Format(time.RFC3339)}
		})
		c.expectAnnouncement(t, patience, brief, objectReady)
		tor.expectRoute(t, "203.0.113.64/26", anyRoute)
		c.remove(t, brief)
		tor.expectNoRoute(t, "203.0.113.64/26")
	})
	step("a deleted announcement is withdrawn", func(t *testing.T) {
		mark := tor.mark(t)
		c.remove(t, web)
		tor.expectUpdates(t, mark, 1)
		tor.expectNoRoute(t, "203.0.113.0/24")
		tor.since(t)
	})
	step("a deleted peer ends with Cease and takes its BGPSession along", func(t *testing.T) {
		c.remove(t, peer)
		c.expectGone(t, patience, &v1alpha1.BGPSession{ObjectMeta: metav1.ObjectMeta{Name: peer.Name + "." + node.Name}})
		harness.Eventually(t, patience, "NOTIFICATION", func() error {
			messages := notKeepalive(tor.proxy.Messages(0))
			last := messages[len(messages)-1]
			if last.Type() != wire.TypeNotification || last.Body()[0] != wire.CodeCease {
				return fmt.Errorf("last message: %s", last)
			}
			return nil
		})
	})
}

// quiet waits for longer than the time between two KEEPALIVEs. No object may be written in that time.
func (c *cluster) quiet(t *testing.T, peer *v1alpha1.BGPPeer, node *corev1.Node, web *v1alpha1.Announcement) {
	objects := []client.Object{
		&v1alpha1.BGPSession{ObjectMeta: metav1.ObjectMeta{Name: peer.Name + "." + node.Name}},
		&v1alpha1.BGPPeer{ObjectMeta: metav1.ObjectMeta{Name: peer.Name}},
		&v1alpha1.Announcement{ObjectMeta: metav1.ObjectMeta{Namespace: web.Namespace, Name: web.Name}},
	}
	versions := map[client.Object]string{}
	harness.Steadily(t, holdSeconds/2*time.Second, "nothing is written", func() error {
		for _, object := range objects {
			if err := c.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
				return err
			}
			version := object.GetResourceVersion()
			if known, ok := versions[object]; ok && known != version {
				return fmt.Errorf("%T went from version %s to %s", object, known, version)
			}
			versions[object] = version
		}
		return nil
	})
}

// changesNothing writes objects anew without changing their meaning.
func changesNothing(t *testing.T, c *cluster, tor *router, peer *v1alpha1.BGPPeer, web *v1alpha1.Announcement) {
	since, mark := tor.since(t), tor.mark(t)
	change(t, c, web, func(a *v1alpha1.Announcement) {
		slices.Reverse(a.Spec.Prefixes)
		slices.Reverse(a.Spec.Attributes.Communities)
		a.Labels = map[string]string{"reviewed": "yes"}
	})
	change(t, c, peer, func(p *v1alpha1.BGPPeer) { p.Spec.Description = new("the left one") })
	// The digest of the session shows that both were taken up.
	c.expectAnnouncement(t, patience, web, advertised)
	c.expectPeer(t, patience, peer.Name, want{v1alpha1.ConditionUpToDate, metav1.ConditionTrue, ""})
	tor.expectUpdates(t, mark, 0)
	if now := tor.since(t); now != since {
		t.Errorf("the session began anew: %s, was %s", now, since)
	}
}

// TestTwoPeers: changes of one peer do not affect another, and one prefix can go to two peers with different attributes.
func TestTwoPeers(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	c.startNode(t, node.Name, nil)
	c.startCluster(t)
	left, right := newRouter(t, 21), newRouter(t, 22)
	for i, r := range []*router{left, right} {
		c.create(t, r.peer())
		a := announcement(operatorNamespace, "to-"+r.name, "203.0.113.0/24")
		a.Spec.PeerSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"router": v1alpha1.LabelValue(r.name)}}
		a.Spec.Attributes = &v1alpha1.PathAttributes{MED: new(int64(100 + i))}
		c.create(t, a)
	}
	for i, r := range []*router{left, right} {
		c.expectAnnouncement(t, patience, announcement(operatorNamespace, "to-"+r.name), advertised)
		r.expectRoute(t, "203.0.113.0/24", func(route *harness.Route) error {
			if want := uint32(100 + i); route.MED == nil || *route.MED != want {
				return fmt.Errorf("MED %v, want %d", route.MED, want)
			}
			return nil
		})
	}

	since, mark := right.since(t), right.mark(t)
	left.expectReset(t, func() {
		change(t, c, left.peer(), func(p *v1alpha1.BGPPeer) { p.Spec.LocalASN = new(int64(localASN + 1)) })
	})
	if err := right.onlyKeepalives(mark); err != nil {
		t.Error(err)
	}
	if now := right.since(t); now != since {
		t.Errorf("the other peer's session began anew: %s, was %s", now, since)
	}
}

// expectReset runs a function that must reset the session.
func (r *router) expectReset(t *testing.T, do func()) {
	t.Helper()
	connections := r.proxy.Connections()
	do()
	harness.Eventually(t, patience, "new connection to "+r.name, func() error {
		if r.proxy.Connections() == connections {
			return fmt.Errorf("none yet")
		}
		return nil
	})
}

// TestWrongASN: after a typo in the neighbour's ASN the status soon shows the fault.
func TestWrongASN(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	c.startNode(t, node.Name, nil)
	c.startCluster(t)
	warmUp := newRouter(t, 31)
	c.create(t, warmUp.peer())
	c.expectPeer(t, patience, warmUp.name, peerEstablished)

	tor := newRouter(t, 32)
	tor.asn = 64999
	down := want{v1alpha1.ConditionEstablished, metav1.ConditionFalse, v1alpha1.ReasonNotificationSent}
	began := time.Now()
	c.create(t, tor.peer())
	session := c.expectSession(t, 2*time.Second, tor.name, node.Name, down)
	var peer v1alpha1.BGPPeer
	harness.Eventually(t, 5*time.Second-time.Since(began), "the BGPPeer says why", func() error {
		if err := c.Get(t.Context(), client.ObjectKey{Name: tor.name}, &peer); err != nil {
			return err
		}
		if peer.Status.LastError == nil {
			return fmt.Errorf("it has no last error")
		}
		return want{v1alpha1.ConditionEstablished, metav1.ConditionFalse, v1alpha1.ReasonNotificationSent}.check(peer.Status.Conditions, peer.Generation)
	})
	for kind, conditions := range map[string][]metav1.Condition{
		"BGPSession": session.Status.Conditions, "BGPPeer": peer.Status.Conditions,
	} {
		_, text := conditionOf(conditions, v1alpha1.ConditionEstablished)
		for _, part := range []string{"2/2", "64500", "64999"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s says %q, want %s in it", kind, text, part)
			}
		}
	}
	if peer.Status.Sessions == nil || peer.Status.Sessions.Summary != "0/1" {
		t.Errorf("status of the BGPPeer: %+v, want 0/1 sessions", peer.Status)
	}
}

// TestSecret: no session starts without its key, and it starts without a restart once the key is there.
func TestSecret(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	process := c.startNode(t, node.Name, nil)
	c.startCluster(t)
	const key = "correct horse battery staple"
	tor := newSignedRouter(t, 41, key)
	peer := tor.signedPeer("tor-key")
	c.create(t, peer)
	missing := want{v1alpha1.ConditionEstablished, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound}
	c.expectSession(t, patience, peer.Name, node.Name, missing)

	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "tor-key"},
		StringData: map[string]string{v1alpha1.DefaultSecretKey: key + "\n"},
	}
	c.create(t, secret)
	c.expectSession(t, patience, peer.Name, node.Name,
		want{v1alpha1.ConditionEstablished, metav1.ConditionFalse, v1alpha1.ReasonSecretInvalid})
	change(t, c, secret, func(s *corev1.Secret) { s.StringData = map[string]string{v1alpha1.DefaultSecretKey: key} })
	c.expectSession(t, patience, peer.Name, node.Name, sessionEstablished)
	c.expectPeer(t, patience, peer.Name, peerEstablished)

	since := tor.since(t)
	c.remove(t, secret)
	c.expectSession(t, patience, peer.Name, node.Name,
		want{v1alpha1.ConditionUpToDate, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound})
	if now := tor.since(t); now != since {
		t.Errorf("the session did not outlive its Secret: %s, was %s", now, since)
	}
	if strings.Contains(process.Log(), key) {
		t.Error("the key is in the log")
	}
}
