// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
)

// statuses remembers what the statuses said last, for the times of their conditions.
type statuses struct {
	sessions      []v1alpha1.BGPSession
	peers         []v1alpha1.BGPPeer
	announcements []v1alpha1.Announcement
	// confirmations are the roll-up's own memory, by the UID of the Announcement.
	confirmations map[string]*status.Confirmation
}

// update makes the statuses anew from what the speaker says now. The caller holds r.mu.
func (r *Runner) update(now time.Time) {
	if r.output == nil {
		return
	}
	next := statuses{sessions: r.sessions(now), confirmations: map[string]*status.Confirmation{}}
	rollup := status.NewRollup(status.Cluster{
		Catalog:  r.output.Catalog(),
		Nodes:    []compile.NodeFacts{r.node},
		Sessions: next.sessions,
	})
	peers := conditionsOf(r.statuses.peers, func(p *v1alpha1.BGPPeer) []metav1.Condition { return p.Status.Conditions })
	for _, peer := range r.objects.Peers {
		shown := *peer
		shown.TypeMeta = typeMeta("BGPPeer")
		shown.Status.Conditions = peers[string(peer.UID)]
		shown.Status = rollup.Peer(&shown, now)
		next.peers = append(next.peers, shown)
	}
	announcements := conditionsOf(r.statuses.announcements,
		func(a *v1alpha1.Announcement) []metav1.Condition { return a.Status.Conditions })
	for _, announcement := range r.objects.Announcements {
		uid := string(announcement.UID)
		shown := *announcement
		shown.TypeMeta = typeMeta("Announcement")
		shown.Status.Conditions = announcements[uid]
		shown.Status, next.confirmations[uid] = rollup.Announcement(&shown, r.statuses.confirmations[uid], now)
		next.announcements = append(next.announcements, shown)
	}
	r.statuses = next
}

// sessions makes the BGPSessions of the peers that the speaker has taken up.
func (r *Runner) sessions(now time.Time) []v1alpha1.BGPSession {
	before := conditionsOf(r.statuses.sessions, func(s *v1alpha1.BGPSession) []metav1.Condition { return s.Status.Conditions })
	var sessions []v1alpha1.BGPSession
	for i := range r.output.Sessions {
		peer := r.output.Sessions[i].Peer
		snapshot, known := r.speaker.Peer(peer.Ref.Name)
		// The newest version may only just have been handed over: the status is of the one that the speaker speaks of.
		of, told := compile.PeerOf(snapshot.Revision)
		if !known || !told {
			continue
		}
		id := identity{GroupKind: v1alpha1.GroupVersion.WithKind("BGPSession").GroupKind(), Name: compile.SessionName(peer.Ref.Name, r.node.Name)}
		session := v1alpha1.BGPSession{
			TypeMeta:   typeMeta("BGPSession"),
			ObjectMeta: metav1.ObjectMeta{Name: id.Name, UID: uidOf(id), Generation: 1},
			Spec: v1alpha1.BGPSessionSpec{
				PeerName: peer.Ref.Name,
				NodeName: r.node.Name,
				Remote:   peer.Address.Addr().String(),
			},
		}
		session.Status = status.Session(status.SessionInput{
			Snapshot:   snapshot,
			Peer:       of,
			Generation: session.Generation,
			Previous:   before[string(session.UID)],
			Now:        now,
		})
		sessions = append(sessions, session)
	}
	return sessions
}

// conditionsOf are the conditions that objects had, by UID.
func conditionsOf[T any, P interface {
	*T
	metav1.Object
}](objects []T, of func(P) []metav1.Condition) map[string][]metav1.Condition {
	known := make(map[string][]metav1.Condition, len(objects))
	for i := range objects {
		object := P(&objects[i])
		known[string(object.GetUID())] = of(object)
	}
	return known
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind}
}

// Status implements nodeapi.Backend: what is in force with its status, then what is not.
func (r *Runner) Status(context.Context) ([]runtime.Object, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.update(time.Now())
	var list []runtime.Object
	for i := range r.statuses.peers {
		list = append(list, &r.statuses.peers[i])
	}
	for i := range r.statuses.announcements {
		list = append(list, &r.statuses.announcements[i])
	}
	for i := range r.statuses.sessions {
		list = append(list, &r.statuses.sessions[i])
	}
	for i := range r.objects.Problems {
		list = append(list, r.objects.Problems[i].StatusObject())
	}
	return list, nil
}

// Peer implements nodeapi.Backend.
func (r *Runner) Peer(session string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.output == nil {
		return "", false
	}
	for i := range r.output.Sessions {
		if name := r.output.Sessions[i].Peer.Ref.Name; compile.SessionName(name, r.node.Name) == session {
			return name, true
		}
	}
	return "", false
}

// Routes implements nodeapi.Backend.
func (r *Runner) Routes(peer string, yield func(rib.Route) bool) error {
	return r.speaker.Routes(peer, yield)
}

// Received implements nodeapi.Backend.
func (r *Runner) Received(peer string, yield func(adjin.Route) bool) error {
	return r.speaker.Received(peer, yield)
}
