// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package adjin

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Policy says which routes are kept. The zero value keeps none.
type Policy struct {
	Keep bool
	// MaxPrefixes bounds the routes that are kept, over all families; paths of one prefix count one each.
	MaxPrefixes int
	// MaxOctets bounds the path attributes that are kept with them, counted as octetsOfSet says. 0 stands for the larger of
	// 64 MiB and 256 octets a route of MaxPrefixes.
	MaxOctets int
	// Teardown makes a route beyond the limit an error; without it the route is dropped.
	Teardown bool
}

// Session holds the parameters of a session that concern its received routes.
type Session struct {
	// Families are the negotiated families; AddPath are those in which the peer sends path identifiers (RFC 7911).
	Families, AddPath []wire.Family
	// Role is our role towards an external peer (RFC 9234), nil for none, and PeerASN the peer's ASN.
	Role    *wire.Role
	PeerASN uint32
}

// Outcome holds the facts about an UPDATE that are worth a log line.
type Outcome struct {
	Martians int  // NLRI left out because they cannot be routes
	Oversize bool // NLRI left out because their attributes cannot be kept
	Dropped  int  // NLRI left out because of the limit
	Near     bool // the limit has been reached to 80 %
	Full     bool // routes are missing that were not before
}

// Table holds the routes of one peer, over the end of a session too. Its methods may be called from any goroutine.
type Table struct {
	changed chan struct{} // capacity 1
	report  atomic.Pointer[Report]

	mu      sync.Mutex // a leaf; what changes a table ends with unlock
	policy  Policy
	session Session
	sets    sets
	// families are those that can be kept, in order.
	families []routes
	total    int
	// generation is the newest of any family.
	generation uint32
	// missing: the table may lack routes that the peer would send again if asked.
	missing bool
	warned  bool  // of the limit
	heavy   bool  // routes are missing because of MaxOctets
	tally   tally // what report was made of
	scratch []byte
}

// New returns an empty table.
func New(policy Policy) *Table {
	t := &Table{changed: make(chan struct{}, 1), policy: policy, generation: 1}
	t.families = []routes{
		&family[key4]{table: t, family: wire.IPv4Unicast, newKey: newKey4, generation: 1},
		&family[key6]{table: t, family: wire.IPv6Unicast, newKey: newKey6, generation: 1},
	}
	t.publish()
	return t
}

// Changed is poked when Report has changed. It has a capacity of one.
func (t *Table) Changed() <-chan struct{} { return t.changed }

// of is the family, nil for one that is not kept.
func (t *Table) of(f wire.Family) routes {
	for _, in := range t.families {
		if in.count().Family == f {
			return in
		}
	}
	return nil
}

func (t *Table) nextGeneration() uint32 {
	t.generation++
	return t.generation
}

func (t *Table) droppedRoutes() (n int) {
	for _, f := range t.families {
		n += f.count().Dropped
	}
	return n
}

func (t *Table) excess() bool { return slices.ContainsFunc(t.families, routes.excess) }

// Begin is called before the first UPDATE of a session.
func (t *Table) Begin(s Session) {
	t.mu.Lock()
	defer t.unlock()
	t.session, t.missing, t.warned, t.heavy = s, false, false, false
	for _, f := range t.families {
		f.begin(slices.Contains(s.AddPath, f.count().Family))
	}
}

// Configure changes the policy. Routes over a lower limit are dropped.
func (t *Table) Configure(p Policy) {
	t.mu.Lock()
	defer t.unlock()
	old := t.policy
	if p == old {
		return
	}
	t.policy = p
	t.warned = t.warned && p.MaxPrefixes == old.MaxPrefixes
	switch {
	case !p.Keep:
		t.clear()
		t.missing = false
	case !old.Keep, (p.MaxPrefixes > old.MaxPrefixes || p.maxOctets() > old.maxOctets()) && t.excess():
		t.missing = true
	}
	if p.Keep && !p.Teardown && t.over() {
		t.makeRoom()
		t.heavy = t.heavy || t.sets.size > p.maxOctets()
		for _, f := range t.families {
			f.evict()
		}
	}
}

// TakeMissing reports, once, whether the peer has routes that would be kept if it sent them again.
func (t *Table) TakeMissing() bool {
	t.mu.Lock()
	defer t.unlock()
	if !t.missing {
		return false
	}
	t.missing, t.heavy = false, false
	for _, f := range t.families {
		f.resent()
	}
	return true
}

// Take applies an UPDATE; with withdraw all its NLRI are treated as withdrawn (RFC 7606 §2). The error is a *LimitError.
func (t *Table) Take(u *wire.Update, withdraw bool) (Outcome, error) {
	t.mu.Lock()
	defer t.unlock()
	if !t.policy.Keep {
		return Outcome{}, nil
	}
	full := t.excess()
	// RFC 4271 §4.3: a prefix that is withdrawn and announced in one message is announced.
	t.withdraw(wire.IPv4Unicast, u.PathIDs, u.Withdrawn)
	if m := u.MPUnreach; m != nil {
		t.withdraw(m.Family, m.PathIDs, m.NLRI)
	}
	var o Outcome
	var err error
	if withdraw {
		t.withdraw(wire.IPv4Unicast, u.PathIDs, u.NLRI)
		if m := u.MPReach; m != nil {
			t.withdraw(m.Family, m.PathIDs, m.NLRI)
		}
	} else {
		err = t.reach(u, &o)
	}
	o.Full = !full && t.excess()
	o.Near = t.near()
	return o, err
}

func (t *Table) withdraw(f wire.Family, pathIDs bool, nlri []byte) {
	in := t.of(f)
	if in == nil {
		return
	}
	for path, err := range wire.Paths(f, pathIDs, nlri) {
		if err != nil {
			return // never of what ParseUpdate accepted
		}
		in.withdraw(path)
	}
}

// reach takes the announced routes of an UPDATE.
func (t *Table) reach(u *wire.Update, o *Outcome) error {
	if len(u.NLRI) > 0 {
		r := wire.MPReach{Family: wire.IPv4Unicast, NextHop: u.Attributes.NextHop, NLRI: u.NLRI, PathIDs: u.PathIDs}
		if err := t.announce(&r, &u.Attributes, o); err != nil {
			return err
		}
	}
	if u.MPReach == nil || len(u.MPReach.NLRI) == 0 {
		return nil
	}
	return t.announce(u.MPReach, &u.Attributes, o)
}

func (t *Table) announce(r *wire.MPReach, a *wire.Attributes, o *Outcome) error {
	in := t.of(r.Family)
	if in == nil {
		return nil
	}
	octets, ok := appendSet(t.scratch[:0], t.flags(a), a, r.NextHop, r.LinkLocal)
	t.scratch = octets
	if !ok {
		t.withdraw(r.Family, r.PathIDs, r.NLRI) // what they replace is not true any more
		o.Oversize = true
		return nil
	}
	if !t.fits(octets) {
		t.withdraw(r.Family, r.PathIDs, r.NLRI) // perhaps it makes room
		if !t.fits(octets) && !(t.makeRoom() && t.fits(octets)) {
			return t.tooHeavy(in, r, o)
		}
	}
	set := t.sets.hold(octets)
	defer t.sets.release(set)
	for path, err := range wire.Paths(r.Family, r.PathIDs, r.NLRI) {
		switch {
		case err != nil:
			return nil // never of what ParseUpdate accepted
		case wire.Martian(path.Prefix):
			// RFC 4271 §6.3: a prefix that is semantically incorrect SHOULD be ignored.
			o.Martians++
		case in.announce(path, set), t.makeRoom() && in.announce(path, set):
		case t.policy.Teardown:
			return t.limitError(r.Family)
		default:
			in.drop(path)
			o.Dropped++
		}
	}
	return nil
}

// flags of an attribute set. RFC 9234 §5: a route with ONLY_TO_CUSTOMER that this peer must not have is ineligible. Rule 3
// of the ingress procedure, which adds the attribute, is for routes that go on to others: none does.
func (t *Table) flags(a *wire.Attributes) byte {
	var flags byte
	if r := t.session.Role; r != nil && r.Leak(a, t.session.PeerASN) {
		flags |= flagLeaked
	}
	if slices.Contains(a.Communities, wire.CommunityNoLLGR) {
		flags |= flagNoLLGR
	}
	return flags
}
