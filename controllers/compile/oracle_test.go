// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
)

// The oracle decides what each session of a node is sent as a person would: it sorts, goes through everything, and remembers nothing. It
// shares no code with Judge.

// OracleSession is what the oracle finds of one session.
type OracleSession struct {
	Peer string
	// Sent are the IDs and prefixes of what the session is sent, oldest first; Reasons are of each announcement that it is eligible for.
	Sent    []OracleSent
	Reasons []string
	Sums    Sums
	Going   int
}

// OracleSent is what a session is sent of an announcement.
type OracleSent struct {
	ID       string
	Prefixes []rib.PrefixRange
}

// Oracle decides everything anew from what the objects contribute.
func Oracle(in *Inputs, settings Settings) []OracleSession {
	var announcements []*Announcement
	for _, reading := range in.Announcements {
		if reading.InForce != nil {
			announcements = append(announcements, oracleResolved(reading.InForce, reading.Renewed, in.Now))
		}
	}
	slices.SortFunc(announcements, func(a, b *Announcement) int {
		return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.Ref.Namespace, b.Ref.Namespace), cmp.Compare(a.Ref.Name, b.Ref.Name))
	})
	catalog := NewCatalog(settings.OperatorNamespace, settings.TrustAll)
	catalog.Update(&Inputs{Peers: in.Peers})
	sessions, _ := catalog.Sessions(in.Node)
	var found []OracleSession
	for _, session := range sessions {
		o := &oracle{in: in, settings: settings, peer: session.Peer, left: session.Peer.grants.maxPrefixes, leftOf: map[string]int{}}
		o.found.Peer = session.Peer.Ref.Name
		for i := range o.peer.grants.tenants {
			o.leftOf[o.peer.grants.tenants[i].name] = o.peer.grants.tenants[i].maxPrefixes
		}
		for _, a := range announcements {
			if a.SelectsNode(in.Node.Labels) && a.peers.selects(o.peer) {
				o.decide(a)
			}
		}
		found = append(found, o.found)
	}
	return found
}

// oracle goes through the announcements for one session.
type oracle struct {
	in       *Inputs
	settings Settings
	peer     *Peer
	left     int
	leftOf   map[string]int // by the name of the tenant entry
	found    OracleSession
}

func (o *oracle) decide(a *Announcement) {
	own := o.settings.TrustAll || a.Ref.Namespace == o.settings.OperatorNamespace
	var entries []*tenant
	for i := range o.peer.grants.tenants {
		entry := &o.peer.grants.tenants[i]
		namespace := o.in.Namespaces[a.Ref.Namespace]
		if entry.all || namespace.Exists && entry.namespaces.Matches(labels.Set(namespace.Labels)) {
			entries = append(entries, entry)
		}
	}
	if !own && len(entries) == 0 {
		return
	}
	var kept []rib.PrefixRange
	var reasons []string
	counted, needs := 0, map[string]int{}
	for r := range a.whole.Prefixes.All() {
		configured := o.peer.families.has(familyOf(r.Prefix))
		entry, reason := o.grant(a, r, own, entries, needs)
		switch {
		case a.AdminDown:
			reasons = append(reasons, v1alpha1.ReasonAdminDown)
		case a.Expired:
			reasons = append(reasons, v1alpha1.ReasonExpired)
		case reason != "" && configured:
			reasons = append(reasons, reason)
		case reason == "":
			kept = append(kept, r)
			if configured {
				counted += count(r)
				if entry != nil {
					needs[entry.name] += count(r)
				}
			}
		}
	}
	over := counted > o.left
	for name, n := range needs {
		over = over || n > o.leftOf[name]
	}
	if over {
		kept, reasons, counted = nil, []string{v1alpha1.ReasonOverMaxPrefixes}, 0
	} else {
		o.left -= counted
		for name, n := range needs {
			o.leftOf[name] -= n
		}
	}
	if a.families.has(o.peer.families) {
		slices.SortFunc(reasons, CompareReasons)
		reason := "ok"
		if len(reasons) > 0 {
			reason = reasons[0]
		}
		o.found.Reasons = append(o.found.Reasons, a.Ref.String()+" "+reason)
		o.found.Sums.Add(a.term)
		if counted > 0 {
			o.found.Going++
		}
	}
	if len(kept) > 0 {
		id := a.whole.ID
		if len(kept) < a.whole.Prefixes.Len() {
			id += "#" + partName(a, kept)
		}
		o.found.Sent = append(o.found.Sent, OracleSent{ID: id, Prefixes: kept})
	}
}

// grant finds the entry that a prefix counts against: the first with room, else the first.
func (o *oracle) grant(a *Announcement, r rib.PrefixRange, own bool, entries []*tenant, needs map[string]int) (*tenant, string) {
	switch {
	case a.AdminDown:
		return nil, v1alpha1.ReasonAdminDown
	case a.Expired:
		return nil, v1alpha1.ReasonExpired
	case isDefaultRoute(r) && !o.peer.grants.defaultRoute:
		return nil, v1alpha1.ReasonInfrastructureRefused
	case !o.peer.grants.families.has(familyOf(r.Prefix)):
		return nil, v1alpha1.ReasonPrefixNotAllowed
	case own:
		return nil, ""
	}
	reason := v1alpha1.ReasonPrefixNotAllowed
	var may []*tenant
	for _, entry := range entries {
		if !entry.coversPrefix(r) {
			continue
		}
		if !entry.attributes.allows(&a.whole.Attributes) {
			reason = v1alpha1.ReasonAttributeNotAllowed
			continue
		}
		may = append(may, entry)
	}
	if len(may) == 0 {
		return nil, reason
	}
	i := slices.IndexFunc(may, func(entry *tenant) bool { return needs[entry.name]+count(r) <= o.leftOf[entry.name] })
	return may[max(i, 0)], ""
}

// oracleResolved is an announcement as it is at a time.
func oracleResolved(a *Announcement, renewed Renewal, now time.Time) *Announcement {
	alive := time.Duration(a.lifetime) * time.Second
	runs := now.Sub(time.Unix(0, a.created)) < alive
	if at, err := time.Parse(time.RFC3339, renewed.Text); err == nil && !at.After(now.Add(time.Minute)) {
		runs = runs || now.Sub(at) < alive
	}
	if runs || a.lifetime == 0 {
		return a
	}
	expired := *a
	expired.Expired, expired.term = true, termOf(a.Ref, " expired")
	return &expired
}
