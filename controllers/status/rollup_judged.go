// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"slices"

	"github.com/herald-bgp/herald/controllers/compile"
)

// eligible are the announcements for a peer, by their node selectors in canonical form.
type eligible struct {
	of map[string]*selected
	// changed are the selectors of those that changed.
	changed map[string]bool
}

// selected are the announcements for a peer that have one node selector.
type selected struct {
	selector string
	sums     compile.Sums
	n        int
	// example is one of them, or was.
	example *compile.Announcement
	// grouped: the sessions of the peer were put into groups since there are any.
	grouped bool
}

// newView is the view of a peer without its sessions. What the objects say of announcements is taken from before, which may be nil, where
// that is of the same version of the peer.
func (r *Rollup) newView(peer *compile.Peer, before *peerView) *peerView {
	v := &peerView{catalog: r.cluster.Catalog, peer: peer, version: peer.Version(), touched: true}
	if before != nil && before.peer == peer {
		v.judge, v.eligible = before.judge, before.eligible
		return v
	}
	e := &eligible{of: map[string]*selected{}, changed: map[string]bool{}}
	v.judge = compile.NewJudge(r.cluster.Catalog, peer, func(was, is *compile.Verdict) {
		r.touchVerdict(was)
		r.touchVerdict(is)
		e.replace(was, is)
	})
	v.eligible = e
	for _, a := range r.cluster.Catalog.Announcements {
		v.judge.Change(nil, a)
	}
	v.judge.Settle(slices.Values(r.cluster.Catalog.Announcements))
	return v
}

func (r *Rollup) touchVerdict(v *compile.Verdict) {
	if v != nil {
		r.touch(v.Of())
	}
}

// replace puts one verdict in the place of another; nil is none.
func (e *eligible) replace(was, is *compile.Verdict) {
	if was != nil && was.Eligible() {
		s := e.of[was.Of().NodeSelector()]
		s.sums.Subtract(was.Of().Term())
		s.n--
		e.changed[s.selector] = true
	}
	if is != nil && is.Eligible() {
		selector := is.Of().NodeSelector()
		s := e.of[selector]
		if s == nil {
			s = &selected{selector: selector, example: is.Of()}
			e.of[selector] = s
		}
		s.sums.Add(is.Of().Term())
		s.n++
		e.changed[selector] = true
	}
}

// judgeGroups takes over what the objects say of each group. As long as no limit binds, that is what they say of the peer; where one
// binds, it matters what else goes out from the nodes of a group. Changes are nil where the groups are new.
func (r *Rollup) judgeGroups(v *peerView, changes *compile.Changes) {
	if !v.judge.Binds() && !v.bound {
		return
	}
	for g := range v.everyGroup() {
		switch {
		case !v.judge.Binds():
			g.judge, g.touched = nil, true
		case g.judge == nil:
			g.judge, g.touched = r.newGroupJudge(g), true
		default:
			r.changeGroup(g, changes)
		}
	}
	v.bound = v.judge.Binds()
}

func (r *Rollup) newGroupJudge(g *group) *compile.Judge {
	judge := compile.NewJudge(r.cluster.Catalog, g.view.peer, func(was, is *compile.Verdict) {
		r.touchVerdict(was)
		r.touchVerdict(is)
	})
	for a := range r.announcementsOf(g) {
		judge.Change(nil, a)
	}
	judge.Settle(r.announcementsOf(g))
	return judge
}

func (r *Rollup) changeGroup(g *group, changes *compile.Changes) {
	for _, change := range changes.Announcements {
		if change.From != nil && !g.chosenBy(change.From) {
			change.From = nil
		}
		if change.To != nil && !g.chosenBy(change.To) {
			change.To = nil
		}
		g.judge.Change(change.From, change.To)
	}
	for _, namespace := range changes.Namespaces {
		g.judge.Namespace(namespace, r.announcementsOf(g))
	}
	g.judge.Settle(r.announcementsOf(g))
	for _, owner := range changes.Owners {
		g.judge.Forget(owner)
	}
}

// chosenBy reports whether an announcement goes out from the nodes of the group's sessions.
func (g *group) chosenBy(a *compile.Announcement) bool {
	_, found := slices.BinarySearch(g.selectors, a.NodeSelector())
	return found
}

// announcementsOf are those that go out from the nodes of a group's sessions, oldest first.
func (r *Rollup) announcementsOf(g *group) func(yield func(*compile.Announcement) bool) {
	return func(yield func(*compile.Announcement) bool) {
		for _, a := range r.cluster.Catalog.Announcements {
			if g.chosenBy(a) && !yield(a) {
				return
			}
		}
	}
}

// judged is what the objects say of what a session may be sent of an announcement.
type judged struct {
	// reason is why it is not everything, empty when it is.
	reason   string
	prefixes int
}

// judged is what the objects say of an announcement that the sessions are eligible for.
func (g *group) judged(a *compile.Announcement) judged {
	judge := g.judge
	if judge == nil {
		judge = g.view.judge
	}
	v := judge.Of(a)
	if v.Reason() == "" {
		return judged{prefixes: a.Prefixes}
	}
	return judged{reason: v.Reason(), prefixes: v.Prefixes()}
}

// hash is 0 where everything may be sent.
func (j judged) hash() uint64 {
	if j.reason == "" {
		return 0
	}
	return mix(textHash(j.reason), uint64(j.prefixes))
}
