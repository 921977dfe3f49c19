// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"iter"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// Issues say which objects are not valid or not supported, sorted.
func (c *Catalog) Issues() []Issue {
	var issues []Issue
	for _, object := range c.refused {
		if object.issue != nil {
			issues = append(issues, *object.issue)
		}
	}
	sortIssues(issues)
	return issues
}

// LeftOut are the BGPPeers of which no version is in force here, by name, with their names and labels alone.
func (c *Catalog) LeftOut() []*Peer {
	var peers []*Peer
	for name, object := range c.refused {
		if name.Kind == KindBGPPeer && c.peers[name.Name] == nil {
			peers = append(peers, &Peer{Ref: object.ref, labels: labels.Set(object.labels)})
		}
	}
	slices.SortFunc(peers, func(a, b *Peer) int { return a.compare(b) })
	return peers
}

// UnusedAnnouncements yields the Announcements of which no version is in force here, as "namespace/name".
func (c *Catalog) UnusedAnnouncements() iter.Seq[string] {
	return func(yield func(string) bool) {
		for name := range c.refused {
			if name.Kind == KindAnnouncement && c.announcements[name.Name] == nil && !yield(name.Name) {
				return
			}
		}
	}
}

// Peer is what is in force of the BGPPeer of that name, nil for nothing.
func (c *Catalog) Peer(name string) *Peer { return c.peers[name] }

// Announcement is what is in force of the Announcement of that name, written "namespace/name", nil for nothing.
func (c *Catalog) Announcement(name string) *Announcement { return c.announcements[name] }

// CheckPeer says what is wrong with a version of a BGPPeer, nil for nothing. Only a version that the Catalog does not know is read.
func (c *Catalog) CheckPeer(object *v1alpha1.BGPPeer) *Issue {
	ref := RefOf(&object.ObjectMeta)
	if known := c.peers[ref.Name]; known != nil && known.Ref == ref {
		return nil
	}
	if object := c.refused[ObjectName{KindBGPPeer, ref.Name}]; object.issue != nil && object.ref == ref {
		return object.issue
	}
	_, issue := ReadPeer(object, Versions[Peer]{})
	return issue
}

// CheckAnnouncement does the same for an Announcement, and says how many prefixes a valid one comes to.
func (c *Catalog) CheckAnnouncement(object *v1alpha1.Announcement) (prefixes int, issue *Issue) {
	ref := RefOf(&object.ObjectMeta)
	if known := c.announcements[ref.String()]; known != nil && known.Ref == ref {
		return known.Prefixes, nil
	}
	if object := c.refused[ObjectName{KindAnnouncement, ref.String()}]; object.issue != nil && object.ref == ref {
		return 0, object.issue
	}
	read, issue := ReadAnnouncement(object, Versions[Announcement]{})
	if issue != nil {
		return 0, issue
	}
	return read.InForce.Prefixes, nil
}

// HasOtherPeer reports whether another version of a BGPPeer is in force because the Catalog has not been given this one yet.
func (c *Catalog) HasOtherPeer(object *v1alpha1.BGPPeer) bool {
	known := c.peers[object.Name]
	return known != nil && c.unread(KindBGPPeer, known.Ref, RefOf(&object.ObjectMeta))
}

// HasOtherAnnouncement does the same for an Announcement.
func (c *Catalog) HasOtherAnnouncement(object *v1alpha1.Announcement) bool {
	ref := RefOf(&object.ObjectMeta)
	known := c.announcements[ref.String()]
	return known != nil && c.unread(KindAnnouncement, known.Ref, ref)
}

// unread reports whether a version is neither in force nor refused.
func (c *Catalog) unread(kind string, inForce, ref Ref) bool {
	object := c.refused[ObjectName{kind, ref.String()}]
	return inForce != ref && (object.issue == nil || object.ref != ref)
}
