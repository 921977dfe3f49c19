// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"maps"
	"math/bits"
	"slices"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// group holds the sessions of a peer whose nodes send the same announcements, in order of the nodes' names. A group counts in
// advance how many sessions agree, so that tally looks at each session only if they disagree.
type group struct {
	view     *peerView
	sessions []*sessionView
	// selectors are the node selectors that choose the nodes, in canonical form.
	selectors []string
	// judge says what the objects say of what these sessions may be sent, nil where that is what they say of all sessions of the peer.
	judge *compile.Judge
	// sums and digest are what the sessions are to report.
	sums   compile.Sums
	digest string
	// key is a hash of the sessions without their state.
	key uint64
	// stand counts the sessions by standing. Of the sessions that are up, agree counts those that agree in each sum, behind those
	// that speak of an older BGPPeer, hide those that may withhold announcements which they do not list, and list those that list
	// an announcement, by its name.
	stand  [standings]int
	agree  [v1alpha1.DigestSums]int
	behind int
	hide   int
	list   map[string]int
	// first holds the first session of each standing. It is filled when it is needed.
	first   [standings]*sessionView
	touched bool
	// touchedSums has a bit for each sum in which some session began or ceased to agree.
	touchedSums uint64
}

// judge takes over what the objects say of announcements for a peer.
func (r *Rollup) judge(v *peerView, changes *compile.Changes) {
	all := slices.Values(r.cluster.Catalog.Announcements)
	for _, change := range changes.Announcements {
		v.judge.Change(change.From, change.To)
	}
	for _, namespace := range changes.Namespaces {
		v.judge.Namespace(namespace, all)
	}
	v.judge.Settle(all)
	for _, owner := range changes.Owners {
		v.judge.Forget(owner)
	}
}

// change takes over what that comes to for the sessions of a peer, which are the same as before, and on the same nodes.
func (r *Rollup) change(v *peerView, changes *compile.Changes) {
	var changed []*selected
	regroup := false
	for selector := range v.eligible.changed {
		s := v.eligible.of[selector]
		regroup = regroup || s.n == 0 || !s.grouped
		changed = append(changed, s)
	}
	clear(v.eligible.changed)
	if regroup {
		r.regroup(v)
		return
	}
	r.judgeGroups(v, changes)
	for _, s := range changed {
		for _, g := range v.groups[s.selector] {
			g.expect()
		}
	}
	if len(changes.Announcements)+len(changes.Namespaces) > 0 {
		for g := range v.everyGroup() {
			g.findLast()
		}
	}
}

// regroup puts the sessions of a peer into groups.
func (r *Rollup) regroup(v *peerView) {
	maps.DeleteFunc(v.eligible.of, func(_ string, s *selected) bool { return s.n == 0 })
	selectors := slices.Sorted(maps.Keys(v.eligible.of))
	chosen := make([]nodeSet, len(selectors))
	for i, selector := range selectors {
		s := v.eligible.of[selector]
		s.grouped = true
		chosen[i] = r.nodesOf(s.example)
	}
	byProfile := map[string]*group{}
	v.groups = make(map[string][]*group, len(selectors))
	for _, session := range v.sessions {
		profile := make([]byte, (len(selectors)+7)/8)
		for i := range chosen {
			if chosen[i].has(session.place) {
				profile[i/8] |= 1 << (i % 8)
			}
		}
		g := byProfile[string(profile)]
		if g == nil {
			g = &group{view: v, touched: true, list: map[string]int{}}
			byProfile[string(profile)] = g
			for i, selector := range selectors {
				if chosen[i].has(session.place) {
					g.selectors = append(g.selectors, selector)
					v.groups[selector] = append(v.groups[selector], g)
				}
			}
			g.sums = v.sumsOf(g.selectors)
			g.digest = Digest(&g.sums)
		}
		g.sessions = append(g.sessions, session)
		g.key += session.key
		session.group = g
		session.compare()
		g.count(session, 1)
	}
	clear(v.eligible.changed)
	v.bound = false
	r.judgeGroups(v, nil)
}

// everyGroup yields each group that gets an announcement, once.
func (v *peerView) everyGroup() func(yield func(*group) bool) {
	return func(yield func(*group) bool) {
		for selector, groups := range v.groups {
			for _, g := range groups {
				if g.selectors[0] == selector && !yield(g) {
					return
				}
			}
		}
	}
}

func (v *peerView) sumsOf(selectors []string) (sums compile.Sums) {
	for _, selector := range selectors {
		for i, sum := range v.eligible.of[selector].sums {
			sums[i] = sums[i].Plus(sum)
		}
	}
	return sums
}

// expect takes over what the sessions of a group are to report, and compares those sums alone that changed.
func (g *group) expect() {
	sums := g.view.sumsOf(g.selectors)
	if sums == g.sums {
		return
	}
	// A session that does not list all that it withholds may hide another announcement now, or none any more.
	g.touched = g.touched || g.hide > 0
	var changed uint64
	for i := range sums {
		if sums[i] != g.sums[i] {
			changed |= 1 << i
		}
	}
	g.sums, g.digest = sums, Digest(&sums)
	for _, session := range g.sessions {
		before := session.matches
		session.matches = before&^changed | matchingSums(g.digest, session.digest(), changed)
		if session.standing != up {
			continue
		}
		for flipped := before ^ session.matches; flipped != 0; flipped &= flipped - 1 {
			i := bits.TrailingZeros64(flipped)
			if session.matches&(1<<i) != 0 {
				g.agree[i]++
			} else {
				g.agree[i]--
			}
		}
	}
	g.touchedSums |= changed
}

// findLast finds anew where the lists of sessions end that do not list all: what they list may have changed.
func (g *group) findLast() {
	if g.hide == 0 {
		return
	}
	for _, session := range g.sessions {
		before := session.last
		session.findLast()
		if (before == nil) != (session.last == nil) || before != nil && before.Compare(session.last) != 0 {
			g.touched = true
		}
	}
}

// refresh reads a session anew.
func (r *Rollup) refresh(s *sessionView) {
	s.view.touched = true
	g := s.group
	before := *s
	if g != nil {
		g.count(s, -1)
	}
	s.read(r.objects[s.id], r.cluster.hasSpeaker(s.node.Name))
	if s.state != before.state {
		s.changed = r.round
	}
	if g == nil {
		return // no announcement goes to it
	}
	s.compare()
	g.count(s, 1)
	if s.state != before.state || s.behind != before.behind {
		g.touched = true
		return
	}
	g.touchedSums |= before.matches ^ s.matches
	// Whether the session's digest matches the objects decides on all announcements that it does not list.
	g.touched = g.touched || before.last != s.last || s.hides() && (before.matches == allSums) != (s.matches == allSums)
	for _, list := range [][]*v1alpha1.WithheldAnnouncement{before.withheld, s.withheld} {
		for _, w := range list {
			if a, b := before.listed(nameOf(w)), s.listed(nameOf(w)); a == nil || b == nil || *a != *b {
				r.touched[nameOf(w)] = true
			}
		}
	}
}

// count adds a session to the counts with n = 1, and takes it away with n = -1.
func (g *group) count(s *sessionView, n int) {
	g.stand[s.standing] += n
	g.first = [standings]*sessionView{}
	if s.standing != up {
		return
	}
	for matches := s.matches; matches != 0; matches &= matches - 1 {
		g.agree[bits.TrailingZeros64(matches)] += n
	}
	if s.behind {
		g.behind += n
	}
	if s.hides() {
		g.hide += n
	}
	for _, w := range s.withheld {
		name := nameOf(w)
		if g.list[name] += n; g.list[name] == 0 {
			delete(g.list, name)
		}
	}
}

// firstThat returns the first session of a standing; there is at least one.
func (g *group) firstThat(stands standing) *sessionView {
	if g.first[stands] == nil {
		i := slices.IndexFunc(g.sessions, func(s *sessionView) bool { return s.standing == stands })
		g.first[stands] = g.sessions[i]
	}
	return g.first[stands]
}

// unanimous reports whether all sessions that are up have decided on this version, list no exception, and hide none.
func (g *group) unanimous(a *compile.Announcement, name string) bool {
	return g.agree[a.Term().Bucket()] == g.stand[up] && g.behind == 0 && g.hide == 0 && g.list[name] == 0
}

// tally adds the verdicts of the sessions on an announcement.
func (g *group) tally(t *tally, a *compile.Announcement, name string, confirmed *Confirmation) {
	judged := g.judged(a)
	t.sessions += g.key * (1 + judged.hash()) // a sum over the sessions, however they are grouped
	unanimous := g.unanimous(a, name)
	for stands, n := range g.stand {
		if n == 0 || standing(stands) == up && !unanimous {
			continue
		}
		first := g.firstThat(standing(stands))
		t.add(first.verdict(a, name, judged, confirmed), n, first.where)
	}
	if unanimous || g.stand[up] == 0 {
		return
	}
	for _, session := range g.sessions {
		if session.standing == up {
			t.add(session.verdict(a, name, judged, confirmed), 1, session.where)
		}
	}
}

// nodeSet has a bit for each place in Cluster.Nodes.
type nodeSet []uint64

func (s nodeSet) has(place int) bool { return s[place/64]&(1<<(place%64)) != 0 }

// nodesOf returns the nodes that the selector of an announcement chooses. It evaluates each selector once.
func (r *Rollup) nodesOf(a *compile.Announcement) nodeSet {
	if known := r.chosen[a.NodeSelector()]; known != nil {
		return known
	}
	chosen := make(nodeSet, (len(r.cluster.Nodes)+63)/64)
	for i := range r.cluster.Nodes {
		if a.SelectsNode(r.cluster.Nodes[i].Labels) {
			chosen[i/64] |= 1 << (i % 64)
		}
	}
	r.chosen[a.NodeSelector()] = chosen
	return chosen
}
