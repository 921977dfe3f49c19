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

// sessionView is what the roll-up knows of one session that a node is to have.
type sessionView struct {
	node *compile.NodeFacts
	// where is "peer/node".
	where string
	// object is nil while the node has reported nothing.
	object *v1alpha1.BGPSession
	// speaker: one runs on the node, as far as that is known.
	speaker bool
	// matches has a bit for each sum of the digest that is as the objects demand.
	matches uint64
	// withheld are the announcements that the session lists, by name.
	withheld map[string]*v1alpha1.WithheldAnnouncement
	// state stands for everything that says whether it is still the same session, in the same state.
	state uint64
}

func newSessionView(peer *compile.Peer, node *compile.NodeFacts, object *v1alpha1.BGPSession, speaker bool) *sessionView {
	s := &sessionView{node: node, where: peer.Ref.Name + "/" + node.Name, object: object, speaker: speaker}
	s.state = textHash(fmt.Sprintln(s.where, s.silent(), s.established(), s.decided(), s.since().Unix(), s.truncated()))
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

// established reports whether the session is up, as its own speaker says.
func (s *sessionView) established() bool {
	return s.speaker && s.object != nil && isTrue(s.object.Status.Conditions, v1alpha1.ConditionEstablished)
}

// silent reports whether a speaker that could say what the session is has not said it yet.
func (s *sessionView) silent() bool {
	return s.speaker && (s.object == nil ||
		meta.FindStatusCondition(s.object.Status.Conditions, v1alpha1.ConditionEstablished) == nil)
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
