// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"iter"
	"slices"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// Judge decides what sessions with one peer may be sent of some announcements, and judges anew only what a change touches. It is not
// safe for concurrent use.
//
// The limits of a peer are what lets one announcement depend on the others: the oldest have precedence, and one that goes over a limit is
// withheld as a whole. As long as everything that is permitted fits, no limit binds, and no verdict depends on another. Only while one
// binds, everything is counted again after a change, oldest first.
type Judge struct {
	catalog *Catalog
	peer    *Peer
	// tell is called for each verdict that changes: with the verdict before, nil where there was none, and the verdict now, nil
	// where there is none any more.
	tell func(was, is *Verdict)
	// tenancies has the tenancy of each namespace met so far, and selected says of each peer selector met so far whether it selects
	// the peer.
	tenancies map[string]tenancy
	selected  map[string]bool
	// wants counts all prefixes that are permitted, against the session and against the tenant entries. A prefix counts against the
	// first entry that allows it.
	wants room
	// bound has every verdict, in order of precedence, while a limit binds; it is nil while none does.
	bound []*Verdict
	// recount: since count ran last, something changed that counts against a limit.
	recount bool
}

// room is a number of prefixes, of a session and of each of the peer's tenant entries.
type room struct {
	session int
	entries []int
}

// Verdict is what was decided about one announcement. It is immutable.
type Verdict struct {
	permit
	of *Announcement
	// eligible: the peer has a family of the announcement configured.
	eligible bool
	// over: the announcement goes over a limit, and nothing of it is sent.
	over bool
}

// Of is the announcement.
func (v *Verdict) Of() *Announcement { return v.of }

// Eligible reports whether a session with the peer is eligible for it: the peer has one of its families configured.
func (v *Verdict) Eligible() bool { return v.eligible }

// Reason is why not all of it may be sent, empty where all of it may.
func (v *Verdict) Reason() string {
	if v.over {
		return v1alpha1.ReasonOverMaxPrefixes
	}
	return v.reason
}

// Prefixes is how many prefixes of it may be sent, of the families that the peer has configured.
func (v *Verdict) Prefixes() int {
	if v.over {
		return 0
	}
	return v.prefixes
}

// NewJudge returns a Judge for the sessions with a peer. It knows no announcement yet.
func NewJudge(catalog *Catalog, peer *Peer, tell func(was, is *Verdict)) *Judge {
	return &Judge{
		catalog:   catalog,
		peer:      peer,
		tell:      tell,
		tenancies: map[string]tenancy{},
		selected:  map[string]bool{},
		wants:     room{entries: make([]int, len(peer.grants.tenants))},
	}
}

// Change tells the judge what became of one announcement; nil stands for none. Settle must follow.
func (j *Judge) Change(from, to *Announcement) {
	j.replace(j.recall(from), j.consider(to))
}

// Namespace tells the judge that the labels of a namespace changed. all yields the announcements that the judge knows. Settle must
// follow.
func (j *Judge) Namespace(name string, all iter.Seq[*Announcement]) {
	before, met := j.tenancies[name]
	now := j.catalog.tenancy(j.peer, name)
	if !met || before.equal(now) {
		return
	}
	var were []*Verdict
	var concerned []*Announcement
	for a := range all {
		if a.Ref.Namespace == name {
			concerned, were = append(concerned, a), append(were, j.recall(a))
		}
	}
	j.tenancies[name] = now
	for i, a := range concerned {
		j.replace(were[i], j.consider(a))
	}
}

// Forget forgets what the peer grants a namespace that has no announcements any more.
func (j *Judge) Forget(owner string) {
	if j.catalog.owners[owner] == 0 {
		delete(j.tenancies, owner)
	}
}

// Binds reports whether a limit binds. While none does, no verdict would change if the judge knew fewer announcements.
func (j *Judge) Binds() bool { return j.bound != nil }

// Eligible reports whether a session with the peer is eligible for an announcement, wherever it goes out.
func (j *Judge) Eligible(a *Announcement) bool {
	return a.families.has(j.peer.families) && j.concerns(a)
}

// concerns reports whether an announcement selects the peer, and the peer grants its namespace anything.
func (j *Judge) concerns(a *Announcement) bool {
	return memo(j.selected, a.peers.key, func() bool { return a.peers.selects(j.peer) }) && j.tenancy(a.Ref.Namespace).granted()
}

// consider judges an announcement without regard to limits. It returns nil for an announcement that does not concern the peer.
func (j *Judge) consider(a *Announcement) *Verdict {
	if a == nil || !j.concerns(a) {
		return nil
	}
	return &Verdict{of: a, eligible: a.families.has(j.peer.families), permit: j.peer.permit(a, j.tenancy(a.Ref.Namespace), nil)}
}

// recall returns the verdict about an announcement that the judge knows.
func (j *Judge) recall(a *Announcement) *Verdict {
	if a == nil || j.bound == nil {
		return j.consider(a)
	}
	if i, found := j.place(a); found {
		return j.bound[i]
	}
	return nil
}

func (j *Judge) tenancy(namespace string) tenancy {
	t, met := j.tenancies[namespace]
	if !met {
		t = j.catalog.tenancy(j.peer, namespace)
		j.tenancies[namespace] = t
	}
	return t
}

// replace puts one verdict about an object in the place of another; nil is no verdict.
func (j *Judge) replace(was, is *Verdict) {
	if was == nil && is == nil {
		return
	}
	if was != nil {
		j.want(&was.permit, -1)
	}
	if is != nil {
		j.want(&is.permit, 1)
	}
	if j.bound != nil {
		j.replaceBound(was, is)
	}
	j.tell(was, is)
}

func (j *Judge) want(p *permit, times int) {
	j.wants.session += times * p.prefixes
	for _, n := range p.needs {
		j.wants.entries[n.entry] += times * n.prefixes
	}
}

// place finds the verdict about an announcement in bound.
func (j *Judge) place(a *Announcement) (int, bool) {
	return slices.BinarySearchFunc(j.bound, a, func(v *Verdict, a *Announcement) int { return v.of.compare(a) })
}

// replaceBound does in bound what replace does. Where a new version needs as much as the version before, the verdicts about other
// announcements stay, and nothing is counted again.
func (j *Judge) replaceBound(was, is *Verdict) {
	if was != nil && is != nil && was.of.compare(is.of) == 0 {
		i, _ := j.place(is.of)
		j.bound[i] = is
		if is.over = was.over; !was.sameNeeds(&is.permit) {
			j.recount = true
		}
		return
	}
	j.recount = true
	if was != nil {
		i, _ := j.place(was.of)
		j.bound = slices.Delete(j.bound, i, i+1)
	}
	if is != nil {
		i, _ := j.place(is.of)
		j.bound = slices.Insert(j.bound, i, is)
	}
}

// Settle applies the limits after one or more changes. all yields the announcements that the judge knows, in order of precedence.
func (j *Judge) Settle(all iter.Seq[*Announcement]) {
	ForgetAnswers(j.selected, len(j.catalog.Announcements))
	switch binds := j.exceeds(); {
	case !binds && j.bound == nil:
		return
	case !binds:
		for _, v := range j.bound {
			j.setOver(v, false)
		}
		j.bound, j.recount = nil, false
		return
	case j.bound == nil:
		j.bound = []*Verdict{}
		for a := range all {
			if v := j.consider(a); v != nil {
				j.bound = append(j.bound, v)
			}
		}
		j.recount = true
	}
	if j.recount {
		j.recount = false
		j.count()
	}
}

// exceeds reports whether more prefixes are permitted than some limit allows.
func (j *Judge) exceeds() bool {
	for i, wanted := range j.wants.entries {
		if wanted > j.peer.grants.tenants[i].maxPrefixes {
			return true
		}
	}
	return j.wants.session > j.peer.grants.maxPrefixes
}

// count finds which announcements go over a limit: it counts the oldest first.
func (j *Judge) count() {
	left := room{session: j.peer.grants.maxPrefixes, entries: make([]int, len(j.wants.entries))}
	for i := range left.entries {
		left.entries[i] = j.peer.grants.tenants[i].maxPrefixes
	}
	for i, v := range j.bound {
		p := &v.permit
		if p.choice {
			chosen := j.peer.permit(v.of, j.tenancy(v.of.Ref.Namespace), left.entries)
			p = &chosen
		}
		j.bound[i] = j.setOver(v, !left.take(p))
	}
}

// setOver returns the verdict with that value of over, and tells of it where the value is another.
func (j *Judge) setOver(v *Verdict, over bool) *Verdict {
	if v.over == over {
		return v
	}
	is := *v
	is.over = over
	j.tell(v, &is)
	return &is
}

// take takes off what an announcement needs, and reports whether there was room for all of it; otherwise it takes nothing.
func (r *room) take(p *permit) bool {
	if p.prefixes > r.session {
		return false
	}
	for _, n := range p.needs {
		if n.prefixes > r.entries[n.entry] {
			return false
		}
	}
	r.session -= p.prefixes
	for _, n := range p.needs {
		r.entries[n.entry] -= n.prefixes
	}
	return true
}

// Of is the verdict about one of the announcements that the judge knows, nil where it does not concern the sessions.
func (j *Judge) Of(a *Announcement) *Verdict { return j.recall(a) }
