// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// standing is how a session is, as far as that is known.
type standing uint8

const (
	// unavailable: its node is lost or runs no speaker.
	unavailable standing = iota
	// pending: its speaker has not said how it stands with the newest BGPPeer.
	pending
	down
	up
)

// sessionView is what the roll-up knows of one session that a node is to have.
type sessionView struct {
	node *compile.NodeFacts
	// where is "peer/node".
	where string
	// object is nil while the node has reported nothing.
	object   *v1alpha1.BGPSession
	standing standing
	// matches has a bit for each sum of the digest that is as the objects demand.
	matches uint64
	// withheld are the announcements that the session lists, by name.
	withheld map[string]*v1alpha1.WithheldAnnouncement
	// key stands for the session, whatever its state.
	key uint64
	// state stands for everything that says whether it is still the same session, in the same state, and changed is the round
	// that first found it so.
	state, changed uint64
}

func newSessionView(peer *compile.Peer, node *compile.NodeFacts, object *v1alpha1.BGPSession, speaker bool) *sessionView {
	s := &sessionView{node: node, where: peer.Ref.Name + "/" + node.Name, object: object}
	s.standing = s.stands(peer.Version(), speaker)
	s.key = textHash(s.where)
	s.state = textHash(fmt.Sprintln(s.where, s.standing, s.decided(), s.since().Unix(), s.truncated()))
	if report := s.report(); report != nil && len(report.Withheld) > 0 {
		s.withheld = make(map[string]*v1alpha1.WithheldAnnouncement, len(report.Withheld))
		for i := range report.Withheld {
			w := &report.Withheld[i]
			s.withheld[w.Namespace+"/"+w.Name] = w
		}
	}
	return s
}

// report is what the session says of announcements, nil while it says nothing.
func (s *sessionView) report() *v1alpha1.AnnouncementsStatus {
	if s.object == nil {
		return nil
	}
	return s.object.Status.Announcements
}

// decided reports whether the session has written anything that was decided for it, with its End-of-RIB.
func (s *sessionView) decided() bool {
	report := s.report()
	return report != nil && report.Digest != ""
}

func (s *sessionView) stands(newest compile.PeerVersion, speaker bool) standing {
	switch {
	case !speaker:
		return unavailable
	case s.object == nil || !s.speaksOf(newest):
		return pending
	}
	established := s.condition(v1alpha1.ConditionEstablished)
	switch {
	case established == nil || established.Status == metav1.ConditionUnknown:
		return pending // what the roll-up itself wrote while nobody reported is no report
	case established.Status == metav1.ConditionTrue:
		return up
	}
	return down
}

// speaksOf reports whether what the session says holds for the newest version of its BGPPeer too: it has taken it up, or
// nothing in it ends the session.
func (s *sessionView) speaksOf(newest compile.PeerVersion) bool {
	of := s.object.Status.Peer
	return of != nil && of.UID == string(newest.UID) && (of.Generation == newest.Generation || of.ResetKey == newest.ResetKey)
}

// condition is one of the session's, nil where it has none of that type.
func (s *sessionView) condition(kind string) *metav1.Condition {
	if s.object == nil {
		return nil
	}
	return meta.FindStatusCondition(s.object.Status.Conditions, kind)
}

// since is when the session became Established.
func (s *sessionView) since() metav1.Time {
	if s.object == nil || s.object.Status.Since == nil {
		return metav1.Time{}
	}
	return *s.object.Status.Since
}

// truncated is how many announcements the session withholds without listing them.
func (s *sessionView) truncated() int {
	report, n := s.report(), 0
	if report != nil {
		for _, reason := range report.Truncated {
			n += int(reason.Count)
		}
	}
	return n
}

// compareDigests compares each session's digest with what the objects demand of it. Nodes from which the same
// announcements go out share one computation.
func (v *peerView) compareDigests() {
	selectors := map[string]*compile.Announcement{}
	var order []string
	for _, announcement := range v.eligible {
		key := announcement.NodeSelector()
		if selectors[key] == nil {
			selectors[key] = announcement
			order = append(order, key)
		}
	}
	digests := map[string]string{}
	for _, session := range v.sessions {
		report := session.report()
		if report == nil {
			continue
		}
		selected := map[string]bool{}
		profile := make([]byte, len(order))
		for i, key := range order {
			if selectors[key].SelectsNode(session.node.Labels) {
				selected[key], profile[i] = true, 1
			}
		}
		digest, ok := digests[string(profile)]
		if !ok {
			digest = v.digest(selected)
			digests[string(profile)] = digest
		}
		session.matches = matchingSums(digest, report.Digest)
	}
}

// digest is that of the announcements with the selected node selectors.
func (v *peerView) digest(selected map[string]bool) string {
	var sums compile.Sums
	for _, announcement := range v.eligible {
		if selected[announcement.NodeSelector()] {
			sums.Add(announcement.Term())
		}
	}
	return Digest(&sums)
}

// mayHide reports whether the session may withhold an announcement without listing it. Sessions list the oldest: what is
// older than one that is listed would be listed too, as long as both sides know the same announcements.
func (v *peerView) mayHide(s *sessionView, announcement string) bool {
	report := s.report()
	if report == nil || len(report.Truncated) == 0 {
		return false
	}
	if s.matches != allSums {
		return true
	}
	last := -1
	for name := range s.withheld {
		if place, ok := v.places[name]; ok {
			last = max(last, place)
		}
	}
	return v.places[announcement] > last
}
