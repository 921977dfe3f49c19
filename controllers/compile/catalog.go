// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
)

// Catalog holds what is in force of all objects, whatever the node. Update keeps it up to date at the cost of what changes. It is
// not safe for concurrent use.
type Catalog struct {
	// Peers and Announcements are those with a version in force, in order of precedence: oldest first. They are read only. The
	// announcements are as they are resolved, as far as no node matters to that.
	Peers         []*Peer
	Announcements []*Announcement

	operatorNamespace string
	trustAll          bool
	peers             map[string]*Peer
	announcements     map[string]*Announcement
	// refused are the objects whose newest version is not in force.
	refused    map[ObjectName]refused
	namespaces map[string]labels.Set
	// owners counts the announcements of each namespace.
	owners map[string]int
	// lifetimes say when announcements expire.
	lifetimes lifetimes
}

// ObjectName finds an object whatever its version. Name is "namespace/name" where there is a namespace.
type ObjectName struct{ Kind, Name string }

// refused is an object whose newest version is not in force.
type refused struct {
	ref    Ref
	labels map[string]string
	issue  *Issue
}

// Change is what became of one object: the version that was in force and the version that is; nil for none.
type Change[C any] struct{ From, To *C }

// Changes are what an update did to a Catalog, in no particular order.
type Changes struct {
	Peers         []Change[Peer]
	Announcements []Change[Announcement]
	// Namespaces are the names of the Namespaces that came, went or have other labels.
	Namespaces []string
	// Owners are the namespaces that got their first announcement or lost their last one.
	Owners []string
	// Renewed are the names of announcements that expire at another time than before, or of which there is something else to say.
	Renewed []string
	// Issues: an issue came, went or changed, or a BGPPeer of which no version is in force came, went or has other labels.
	Issues bool
}

// NewCatalog returns an empty Catalog. The operator's namespace belongs to the platform team, and needs no tenant entry; with
// trustAll no namespace needs one.
func NewCatalog(operatorNamespace string, trustAll bool) *Catalog {
	return &Catalog{
		operatorNamespace: operatorNamespace,
		trustAll:          trustAll,
		peers:             map[string]*Peer{},
		announcements:     map[string]*Announcement{},
		refused:           map[ObjectName]refused{},
		namespaces:        map[string]labels.Set{},
		owners:            map[string]int{},
		lifetimes:         newLifetimes(),
	}
}

// Update puts inputs into force and returns what changed. A Catalog has no use for the Node and the Secrets.
func (c *Catalog) Update(in *Inputs) Changes {
	var changes Changes
	c.lifetimes.tell(in.Now)
	for name, reading := range in.Peers {
		changes.Issues = c.refuse(ObjectName{KindBGPPeer, name}, refusedPeer(reading)) || changes.Issues
		if change, changed := replace(c.peers, name, reading.InForce); changed {
			changes.Peers = append(changes.Peers, change)
		}
	}
	for name, reading := range in.Announcements {
		changes.Issues = c.refuse(ObjectName{KindAnnouncement, name}, refusedAnnouncement(reading)) || changes.Issues
		c.resolve(name, reading.InForce, reading.Renewed, &changes)
	}
	for _, name := range c.lifetimes.due() {
		l := c.lifetimes.known[name]
		c.resolve(name, l.inForce, l.renewed, &changes)
	}
	for name, namespace := range in.Namespaces {
		if c.setNamespace(name, namespace) {
			changes.Namespaces = append(changes.Namespaces, name)
		}
	}
	c.Peers = reorder(c.Peers, changes.Peers)
	c.Announcements = reorder(c.Announcements, changes.Announcements)
	changes.Owners = c.countOwners(changes.Announcements)
	return changes
}

// Complete is for inputs that name every object there is. It adds that all other objects that the Catalog knows do not exist any
// more. It makes new maps, and changes none that it was given.
func (c *Catalog) Complete(in *Inputs) {
	in.Peers, in.Announcements, in.Namespaces = maps.Clone(in.Peers), maps.Clone(in.Announcements), maps.Clone(in.Namespaces)
	merge(&in.Peers, absent(c.peers, in.Peers))
	merge(&in.Announcements, absent(c.announcements, in.Announcements))
	merge(&in.Namespaces, absent(c.namespaces, in.Namespaces))
	for object := range c.refused {
		switch object.Kind {
		case KindBGPPeer:
			if _, there := in.Peers[object.Name]; !there {
				in.Peers[object.Name] = Reading[Peer]{}
			}
		case KindAnnouncement:
			if _, there := in.Announcements[object.Name]; !there {
				in.Announcements[object.Name] = Reading[Announcement]{}
			}
		}
	}
}

// absent returns a zero value for each name that is in known and not in others.
func absent[K, V any](known map[string]K, others map[string]V) map[string]V {
	gone := map[string]V{}
	for name := range known {
		if _, there := others[name]; !there {
			var zero V
			gone[name] = zero
		}
	}
	return gone
}

// replace puts the version in force of an object in the place of the one before; nil is none.
func replace[C any](known map[string]*C, name string, inForce *C) (change Change[C], changed bool) {
	before := known[name]
	if before == inForce {
		return change, false
	}
	if inForce == nil {
		delete(known, name)
	} else {
		known[name] = inForce
	}
	return Change[C]{From: before, To: inForce}, true
}

// refuse notes what is wrong with the newest version of an object, or that no version of it is in force. It reports whether the note
// changed.
func (c *Catalog) refuse(name ObjectName, now *refused) bool {
	if c.refusedBefore(name, now) {
		return false
	}
	if now == nil {
		delete(c.refused, name)
	} else {
		c.refused[name] = *now
	}
	return true
}

// refusedBefore reports whether that was noted of an object already.
func (c *Catalog) refusedBefore(name ObjectName, now *refused) bool {
	before, known := c.refused[name]
	if now == nil || !known {
		return !known && now == nil
	}
	return before.ref == now.ref && maps.Equal(before.labels, now.labels) &&
		(before.issue == nil) == (now.issue == nil) && (now.issue == nil || *before.issue == *now.issue)
}

// refusedPeer is what is to be noted of a BGPPeer, nil for nothing.
func refusedPeer(r Reading[Peer]) *refused {
	if r.Ref == (Ref{}) || r.Issue == nil && r.InForce != nil {
		return nil
	}
	return &refused{ref: r.Ref, labels: r.Labels, issue: r.Issue}
}

// refusedAnnouncement is what is to be noted of an Announcement, nil for nothing.
func refusedAnnouncement(r Reading[Announcement]) *refused {
	if r.Ref == (Ref{}) || r.Issue == nil {
		return nil
	}
	return &refused{ref: r.Ref, issue: r.Issue}
}

// setNamespace notes the labels of a Namespace.
func (c *Catalog) setNamespace(name string, namespace Namespace) (changed bool) {
	before, known := c.namespaces[name]
	if !namespace.Exists {
		delete(c.namespaces, name)
		return known
	}
	now := labels.Merge(namespace.Labels, nil) // never nil: a namespace without labels is known too
	c.namespaces[name] = now
	return !known || !maps.Equal(before, now)
}

// countOwners counts the announcements of each namespace, and returns the namespaces that got their first or lost their last one.
func (c *Catalog) countOwners(changes []Change[Announcement]) []string {
	had := map[string]bool{}
	for _, change := range changes {
		for _, a := range []*Announcement{change.From, change.To} {
			if a != nil {
				had[a.Ref.Namespace] = c.owners[a.Ref.Namespace] > 0
			}
		}
	}
	for _, change := range changes {
		if change.From != nil {
			c.owners[change.From.Ref.Namespace]--
		}
		if change.To != nil {
			c.owners[change.To.Ref.Namespace]++
		}
	}
	var changed []string
	for owner, before := range had {
		if now := c.owners[owner] > 0; now != before {
			changed = append(changed, owner)
		}
		if c.owners[owner] == 0 {
			delete(c.owners, owner)
		}
	}
	return changed
}

// ordered is a kind of object that has an order of precedence.
type ordered[C any] interface {
	*C
	compare(*C) int
}

// reorder makes changes to a list in order of precedence and returns it. The list that it was given is not valid any more.
func reorder[C any, P ordered[C]](list []*C, changes []Change[C]) []*C {
	switch len(changes) {
	case 0:
		return list
	case 1:
		from, to := changes[0].From, changes[0].To
		if from != nil {
			i, _ := slices.BinarySearchFunc(list, from, func(a, b *C) int { return P(a).compare(b) })
			if to != nil && P(from).compare(to) == 0 {
				list[i] = to
				return list
			}
			list = slices.Delete(list, i, i+1)
		}
		if to != nil {
			i, _ := slices.BinarySearchFunc(list, to, func(a, b *C) int { return P(a).compare(b) })
			list = slices.Insert(list, i, to)
		}
		return list
	}
	gone := make(map[*C]bool, len(changes))
	come := make([]*C, 0, len(changes))
	for _, change := range changes {
		if change.From != nil {
			gone[change.From] = true
		}
		if change.To != nil {
			come = append(come, change.To)
		}
	}
	slices.SortFunc(come, func(a, b *C) int { return P(a).compare(b) })
	list = slices.DeleteFunc(list, func(c *C) bool { return gone[c] })
	merged := make([]*C, 0, len(list)+len(come))
	for _, next := range come {
		i, _ := slices.BinarySearchFunc(list, next, func(a, b *C) int { return P(a).compare(b) })
		merged = append(append(merged, list[:i]...), next)
		list = list[i:]
	}
	return append(merged, list...)
}
