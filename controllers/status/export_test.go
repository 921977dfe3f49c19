// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// Disagreement says where the counts of the groups differ from the answers of the single sessions on an announcement, each
// judged and compared for its node alone. It returns "" if they agree.
func (r *Rollup) Disagreement(name string, confirmed *Confirmation) string {
	a := r.cluster.Catalog.Announcement(name)
	if a == nil {
		return "" // nothing is counted
	}
	if confirmed == nil {
		confirmed = &Confirmation{}
	}
	each := tally{prefixes: a.Prefixes, sent: a.Prefixes}
	for _, view := range r.order {
		for _, session := range view.sessions {
			if !a.SelectsNode(session.node.Labels) || !slices.Contains(eligibleFor(r.cluster.Catalog, view.peer), a) {
				continue
			}
			selects := func(a *compile.Announcement) bool { return a.SelectsNode(session.node.Labels) }
			var sums compile.Sums
			for _, other := range eligibleFor(r.cluster.Catalog, view.peer) {
				if selects(other) {
					sums.Add(other.Term())
				}
			}
			if want := matchingSums(Digest(&sums), session.digest(), allSums); session.matches != want {
				return fmt.Sprintf("%s agrees in %064b, and should in %064b", session.where, session.matches, want)
			}
			read := *session
			if read.findLast(); session.standing == up && session.last != read.last {
				return fmt.Sprintf("the youngest that %s lists is %+v, and should be %+v", session.where, session.last, read.last)
			}
			each.add(session.verdict(a, name, judgeAlone(r.cluster.Catalog, view.peer, selects, a), confirmed), 1, session.where)
		}
	}
	for _, peer := range r.cluster.Catalog.LeftOut() {
		for key, object := range r.objects {
			i := slices.IndexFunc(r.cluster.Nodes, func(n compile.NodeFacts) bool { return n.Name == key.node })
			of := object.Status.Peer
			if key.peer != peer.Ref.Name || i < 0 || of == nil || of.UID != string(peer.Ref.UID) ||
				!a.SelectsPeer(peer) || !a.SelectsNode(r.cluster.Nodes[i].Labels) {
				continue
			}
			v := verdict{standing: pending, unseen: true}
			established := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionEstablished)
			switch {
			case !r.cluster.hasSpeaker(key.node):
				v = verdict{standing: unavailable}
			case established.Status == metav1.ConditionFalse && a.AdminDown:
				v = verdict{standing: down, reason: v1alpha1.ReasonAdminDown}
			case established.Status == metav1.ConditionFalse && a.Expired:
				v = verdict{standing: down, reason: v1alpha1.ReasonExpired}
			case established.Status == metav1.ConditionFalse:
				v = verdict{standing: down, reason: v1alpha1.ReasonSessionDown}
			}
			each.add(v, 1, key.peer+"/"+key.node)
		}
	}
	counted := r.count(a, confirmed)
	counted.sessions = 0
	counted.reasons, each.reasons = counted.reasons.byCount(), each.reasons.byCount()
	if !reflect.DeepEqual(counted, each) {
		return fmt.Sprintf("counted %+v, and session by session %+v", counted, each)
	}
	return ""
}

// judgeAlone judges an announcement among those that are selected, from nothing.
func judgeAlone(catalog *compile.Catalog, peer *compile.Peer, selects func(*compile.Announcement) bool, a *compile.Announcement) judged {
	some := slices.DeleteFunc(slices.Clone(catalog.Announcements), func(a *compile.Announcement) bool { return !selects(a) })
	judge := compile.NewJudge(catalog, peer, func(_, _ *compile.Verdict) {})
	for _, other := range some {
		judge.Change(nil, other)
	}
	judge.Settle(slices.Values(some))
	if v := judge.Of(a); v.Reason() != "" {
		return judged{reason: v.Reason(), prefixes: v.Prefixes()}
	}
	return judged{prefixes: a.Prefixes}
}

// eligibleFor are the announcements that sessions with a peer are eligible for, found from nothing.
func eligibleFor(catalog *compile.Catalog, peer *compile.Peer) []*compile.Announcement {
	judge := compile.NewJudge(catalog, peer, func(_, _ *compile.Verdict) {})
	return slices.DeleteFunc(slices.Clone(catalog.Announcements), func(a *compile.Announcement) bool { return !judge.Eligible(a) })
}

// TouchedAnnouncement reports whether the status of one Announcement may differ for what the last update brought.
func (r *Rollup) TouchedAnnouncement(name string, before *Confirmation) bool {
	for touched := range r.TouchedAnnouncements(func(types.UID) *Confirmation { return before }) {
		if touched == name {
			return true
		}
	}
	return r.cluster.Catalog.Announcement(name) == nil
}

// Read is Update for a caller that has all BGPSessions and does not know which of them changed.
func (r *Rollup) Read(cluster Cluster, sessions []v1alpha1.BGPSession) {
	there := make(map[sessionKey]bool, len(sessions))
	changed := make([]*v1alpha1.BGPSession, 0, len(sessions))
	for i := range sessions {
		there[keyOf(&sessions[i].Spec)] = true
		changed = append(changed, &sessions[i])
	}
	var gone []*v1alpha1.BGPSession
	for key, object := range r.objects {
		if !there[key] {
			gone = append(gone, object)
		}
	}
	r.Update(cluster, changed, gone)
}
