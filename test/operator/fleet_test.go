// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/controllers/status"
	"github.com/herald-bgp/herald/test/harness"
)

// fleet is a cluster of many nodes. The test plays their speakers: it writes the BGPSessions.
type fleet struct {
	*cluster
	nodes         []*corev1.Node
	peers         []*v1alpha1.BGPPeer
	announcements []*v1alpha1.Announcement
	// sessions are the sessions of the first node, then those of the second, and so on.
	sessions []*v1alpha1.BGPSession
	// digest is the digest of a session that has decided on every Announcement.
	digest string
	// versions are the BGPPeers, by name.
	versions map[string]*v1alpha1.SessionPeer
}

// writers is how many write at a time to set up a fleet.
const writers = 16

// inParallel calls a function for each number below n.
func inParallel(t *testing.T, n int, do func(ctx context.Context, i int) error) {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(writers)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// newFleet makes the objects. No BGPSession has a status yet.
func (c *cluster) newFleet(t *testing.T, nodes, peers, announcements int) *fleet {
	t.Helper()
	f := &fleet{
		cluster:       c,
		nodes:         make([]*corev1.Node, nodes),
		peers:         make([]*v1alpha1.BGPPeer, peers),
		announcements: make([]*v1alpha1.Announcement, announcements),
		sessions:      make([]*v1alpha1.BGPSession, nodes*peers),
	}
	inParallel(t, nodes, func(ctx context.Context, i int) error {
		f.nodes[i] = &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%04d", i)}}
		return c.Create(ctx, f.nodes[i])
	})
	inParallel(t, peers, func(ctx context.Context, i int) error {
		f.peers[i] = &v1alpha1.BGPPeer{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("tor-%02d", i)},
			Spec: v1alpha1.BGPPeerSpec{
				Address: fmt.Sprintf("192.0.2.%d", i+1), LocalASN: new(int64(localASN)), PeerASN: new(int64(routerASN)),
			},
		}
		return c.Create(ctx, f.peers[i])
	})
	base := netip.MustParseAddr("203.0.113.0").As4()
	inParallel(t, announcements, func(ctx context.Context, i int) error {
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{base[0], base[1], byte(i >> 8), byte(i)}), 32)
		f.announcements[i] = announcement(operatorNamespace, fmt.Sprintf("web-%04d", i), prefix.String())
		return c.Create(ctx, f.announcements[i])
	})
	inParallel(t, nodes*peers, func(ctx context.Context, i int) error {
		node, peer := f.nodes[i/peers], f.peers[i%peers]
		f.sessions[i] = &v1alpha1.BGPSession{
			ObjectMeta: metav1.ObjectMeta{Name: compile.SessionName(peer.Name, node.Name)},
			Spec:       v1alpha1.BGPSessionSpec{PeerName: peer.Name, NodeName: node.Name, Remote: peer.Spec.Address},
		}
		return c.Create(ctx, f.sessions[i])
	})
	f.digest, f.versions = f.digestNow(), map[string]*v1alpha1.SessionPeer{}
	for _, peer := range f.peers {
		f.versions[peer.Name] = &v1alpha1.SessionPeer{UID: string(peer.UID), Generation: peer.Generation}
	}
	return f
}

func (f *fleet) digestNow() string {
	var sums compile.Sums
	for _, a := range f.announcements {
		sums.Add(compile.TermOf(compile.RefOf(&a.ObjectMeta)))
	}
	return status.Digest(&sums)
}

// report writes the status of a BGPSession as its node does.
func (f *fleet) report(t *testing.T, session *v1alpha1.BGPSession, says v1alpha1.BGPSessionStatus) {
	t.Helper()
	if err := f.tryReport(t.Context(), session, says); err != nil {
		t.Fatal(err)
	}
}

func (f *fleet) tryReport(ctx context.Context, session *v1alpha1.BGPSession, says v1alpha1.BGPSessionStatus) error {
	return kube.ApplyStatus(ctx, f.Client, "herald-node", &v1alpha1.BGPSession{
		ObjectMeta: metav1.ObjectMeta{Name: session.Name, UID: session.UID}, Status: says,
	})
}

// up is the status of a session that has sent every Announcement.
func (f *fleet) up(session *v1alpha1.BGPSession) v1alpha1.BGPSessionStatus {
	says := f.says(session, v1alpha1.SessionEstablished, metav1.ConditionTrue, v1alpha1.ReasonEstablished)
	says.Since = new(metav1.Now().Rfc3339Copy())
	says.PeerAddress, says.LocalAddress = session.Spec.Remote, "192.0.2.200"
	says.Negotiated = &v1alpha1.NegotiatedSession{
		HoldSeconds: 90, KeepaliveSeconds: 30,
		Families: []v1alpha1.Family{{AFI: v1alpha1.AFIIPv4, SAFI: v1alpha1.SAFIUnicast}},
		Capabilities: []v1alpha1.Capability{
			v1alpha1.CapabilityFourOctetASN, v1alpha1.CapabilityGracefulRestart, v1alpha1.CapabilityRouteRefresh,
		},
	}
	says.Prefixes = []v1alpha1.FamilyPrefixes{{Family: says.Negotiated.Families[0], Announced: int32(len(f.announcements))}}
	says.Announcements = &v1alpha1.AnnouncementsStatus{Digest: f.digest, Sent: int32(len(f.announcements))}
	return says
}

// down is the status of a lost session.
func (f *fleet) down(session *v1alpha1.BGPSession) v1alpha1.BGPSessionStatus {
	says := f.says(session, v1alpha1.SessionIdle, metav1.ConditionFalse, v1alpha1.ReasonConnectionFailed)
	says.LastError = &v1alpha1.SessionError{Time: metav1.Now().Rfc3339Copy(), Text: "connection reset by peer"}
	return says
}

func (f *fleet) says(
	session *v1alpha1.BGPSession, state v1alpha1.SessionState, established metav1.ConditionStatus, reason string,
) v1alpha1.BGPSessionStatus {
	return v1alpha1.BGPSessionStatus{
		Peer:  f.versions[session.Spec.PeerName],
		State: state, LocalASN: localASN, PeerASN: routerASN, RouterID: "192.0.2.200",
		Conditions: []metav1.Condition{
			{
				Type: v1alpha1.ConditionEstablished, Status: established, Reason: reason, Message: "as the test says",
				ObservedGeneration: 1, LastTransitionTime: metav1.Now().Rfc3339Copy(),
			},
			{
				Type: v1alpha1.ConditionUpToDate, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonUpToDate,
				ObservedGeneration: 1, LastTransitionTime: metav1.Now().Rfc3339Copy(),
			},
		},
	}
}

// expectAll waits for a condition of every Announcement.
func (f *fleet) expectAll(t *testing.T, within time.Duration, w want) {
	t.Helper()
	harness.Eventually(t, within, "every Announcement", func() error {
		var list v1alpha1.AnnouncementList
		if err := f.List(t.Context(), &list, client.UnsafeDisableDeepCopy); err != nil {
			return err
		}
		missing, last := 0, error(nil)
		for i := range list.Items {
			if err := w.check(list.Items[i].Status.Conditions, list.Items[i].Generation); err != nil {
				missing, last = missing+1, err
			}
		}
		if missing > 0 || len(list.Items) != len(f.announcements) {
			return fmt.Errorf("%d of %d are not as they should be: %w", missing, len(list.Items), last)
		}
		return nil
	})
}
