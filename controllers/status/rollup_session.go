// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// standing is the state of a session as far as the roll-up knows it.
type standing uint8

const (
	// unavailable: its node is lost or runs no speaker.
	unavailable standing = iota
	// pending: its speaker has not reported the session's state under the newest BGPPeer.
	pending
	down
	up
	standings = iota
)

// sessionView is the roll-up's knowledge of one session that a node shall have.
type sessionView struct {
	id   sessionKey
	view *peerView
	// group is nil until the sessions of the peer are put into groups.
	group *group
	// node is the node at that place in Cluster.Nodes.
	node  *compile.NodeFacts
	place int
	// where is "peer/node".
	where string
	// key is a hash of the session without its state.
	key uint64

	// object is nil while the node has reported nothing.
	object   *v1alpha1.BGPSession
	standing standing
	// behind: the session speaks of an older version of its BGPPeer, but no change since then resets it.
	behind bool
	// matches has a bit for each sum of the digest that agrees with the objects.
	matches uint64
	// withheld are the announcements that the session lists, by name. Where it does not list all, last is the youngest of them that is for
	// the peer, nil for none.
	withheld []*v1alpha1.WithheldAnnouncement
	last     *compile.Announcement
	// state stands for everything that says whether it is still the same session, in the same state, and changed is the round
	// that first found it so.
	state, changed uint64
}

func newSessionView(view *peerView, node *compile.NodeFacts, place int, id sessionKey) *sessionView {
	where := view.peer.Ref.Name + "/" + node.Name
	return &sessionView{id: id, view: view, node: node, place: place, where: where, key: textHash(where)}
}

// read takes over the session's object, nil if there is none.
func (s *sessionView) read(object *v1alpha1.BGPSession, speaker bool) {
	newest := &s.view.version
	s.object = object
	s.standing = s.stands(newest, speaker)
	s.behind = s.standing == up && object.Status.Peer.Generation != newest.Generation
	s.state = textHash(fmt.Sprintln(s.where, s.standing, s.decided(), s.since().Unix(), s.truncated()))
	s.withheld = nil
	if report := s.report(); report != nil && len(report.Withheld) > 0 {
		s.withheld = make([]*v1alpha1.WithheldAnnouncement, 0, len(report.Withheld))
		for i := range report.Withheld {
			s.withheld = append(s.withheld, &report.Withheld[i])
		}
		slices.SortFunc(s.withheld, func(a, b *v1alpha1.WithheldAnnouncement) int {
			return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
		})
	}
}

// compare compares the session's digest with the digest that its group shall report.
func (s *sessionView) compare() {
	s.matches = matchingSums(s.group.digest, s.digest(), allSums)
	s.findLast()
}

// findLast finds the youngest announcement in the list of a session that does not list everything.
func (s *sessionView) findLast() {
	s.last = nil
	if !s.hides() {
		return
	}
	for _, w := range s.withheld {
		a := s.view.catalog.Announcement(nameOf(w))
		if a != nil && s.view.judge.Eligible(a) && (s.last == nil || a.Compare(s.last) > 0) {
			s.last = a
		}
	}
}

// report is the session's status of announcements, nil while it reports none.
func (s *sessionView) report() *v1alpha1.AnnouncementsStatus {
	if s.object == nil {
		return nil
	}
	return s.object.Status.Announcements
}

// decided reports whether the session has written the announcements that were decided for it, with its End-of-RIB.
func (s *sessionView) decided() bool {
	report := s.report()
	return report != nil && report.Digest != ""
}

func (s *sessionView) stands(newest *compile.PeerVersion, speaker bool) standing {
	switch {
	case !speaker:
		return unavailable
	case s.object == nil || !s.speaksOf(newest):
		return pending
	}
	established := s.condition(v1alpha1.ConditionEstablished)
	switch {
	case established == nil || established.Status == metav1.ConditionUnknown:
		return pending // the roll-up itself wrote this condition while no speaker reported
	case established.Status == metav1.ConditionTrue:
		return up
	}
	return down
}

// speaksOf reports whether the session's report holds for the newest version of its BGPPeer too: the session has taken up that
// version, or nothing in that version resets the session.
func (s *sessionView) speaksOf(newest *compile.PeerVersion) bool {
	of := s.object.Status.Peer
	return of != nil && of.UID == string(newest.UID) && (of.Generation == newest.Generation || of.ResetKey == newest.ResetKey)
}

// runs reports whether the session has taken up exactly that version of its BGPPeer.
func (s *sessionView) runs(version compile.Ref) bool {
	if s.object == nil || s.object.Status.Peer == nil {
		return false
	}
	of := s.object.Status.Peer
	return of.UID == string(version.UID) && of.Generation == version.Generation
}

// condition is the session's condition of a type, nil if it has none.
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

// truncated counts the announcements that the session withholds without listing them.
func (s *sessionView) truncated() int {
	report, n := s.report(), 0
	if report != nil {
		for _, reason := range report.Truncated {
			n += int(reason.Count)
		}
	}
	return n
}

// digest is the session's reported digest, empty if it reports none.
func (s *sessionView) digest() string {
	if report := s.report(); report != nil {
		return report.Digest
	}
	return ""
}

// hides reports whether the session withholds announcements that it does not list.
func (s *sessionView) hides() bool {
	report := s.report()
	return report != nil && len(report.Truncated) > 0
}

// mayHide reports whether the session may withhold an announcement without listing it. Sessions list the oldest: what is
// older than one that is listed would be listed too, as long as both sides know the same announcements.
func (s *sessionView) mayHide(a *compile.Announcement) bool {
	return s.hides() && (s.matches != allSums || s.last == nil || a.Compare(s.last) > 0)
}

// listed is the session's entry for an announcement, nil if there is none.
func (s *sessionView) listed(announcement string) *v1alpha1.WithheldAnnouncement {
	if len(s.withheld) == 0 {
		return nil
	}
	namespace, name, _ := strings.Cut(announcement, "/")
	i, found := slices.BinarySearchFunc(s.withheld, announcement, func(w *v1alpha1.WithheldAnnouncement, _ string) int {
		return cmp.Or(cmp.Compare(w.Namespace, namespace), cmp.Compare(w.Name, name))
	})
	if !found {
		return nil
	}
	return s.withheld[i]
}

// nameOf is the name of an entry's announcement, written "namespace/name".
func nameOf(w *v1alpha1.WithheldAnnouncement) string { return w.Namespace + "/" + w.Name }
