// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"slices"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// Objects are what people wrote. They are read, never changed.
type Objects struct {
	// Peers and Announcements, in any order.
	Peers         []v1alpha1.BGPPeer
	Announcements []v1alpha1.Announcement
	// Replaced are the Issues of the versions that are not among them, since an older one is: see LastSupported.
	Replaced []Issue
	// Namespaces holds the labels of every namespace, by name.
	Namespaces map[string]map[string]string
	// OperatorNamespace belongs to the platform team: it needs no tenant entry.
	OperatorNamespace string
	// TrustAll: every namespace is the operator's own.
	TrustAll bool
}

// Catalog is what the objects say whatever the node: every valid BGPPeer and Announcement, parsed once, in order of
// precedence. It is immutable.
type Catalog struct {
	// Peers and Announcements that are valid, oldest first.
	Peers         []*Peer
	Announcements []*Announcement
	// Issues say which objects are not valid or not supported, sorted.
	Issues []Issue

	peers             map[string]*Peer
	announcements     map[string]*Announcement
	owners            map[string]bool // the namespaces that have announcements
	namespaces        map[string]map[string]string
	operatorNamespace string
	trustAll          bool
}

// NewCatalog reads the objects. One that is being deleted counts as gone, whatever its finalizers wait for. What did not
// change since prev, which may be nil, is shared with it.
func NewCatalog(objects Objects, prev *Catalog) *Catalog {
	c := &Catalog{
		peers:             make(map[string]*Peer, len(objects.Peers)),
		announcements:     make(map[string]*Announcement, len(objects.Announcements)),
		owners:            map[string]bool{},
		namespaces:        objects.Namespaces,
		operatorNamespace: objects.OperatorNamespace,
		trustAll:          objects.TrustAll,
	}
	c.Issues = append(c.Issues, objects.Replaced...)
	for i := range objects.Peers {
		if objects.Peers[i].DeletionTimestamp != nil {
			continue
		}
		peer, issue := newPeer(&objects.Peers[i])
		if issue != nil {
			c.Issues = append(c.Issues, *issue)
			continue
		}
		c.Peers = append(c.Peers, peer)
		c.peers[peer.Ref.Name] = peer
	}
	for i := range objects.Announcements {
		if objects.Announcements[i].DeletionTimestamp != nil {
			continue
		}
		announcement, issue := newAnnouncement(&objects.Announcements[i])
		if issue != nil {
			c.Issues = append(c.Issues, *issue)
			continue
		}
		announcement.share(prev)
		c.Announcements = append(c.Announcements, announcement)
		c.announcements[announcement.whole.Name] = announcement
		c.owners[announcement.Ref.Namespace] = true
	}
	slices.SortFunc(c.Peers, func(a, b *Peer) int { return older(a.created, b.created, a.Ref, b.Ref) })
	slices.SortFunc(c.Announcements, func(a, b *Announcement) int { return older(a.created, b.created, a.Ref, b.Ref) })
	sortIssues(c.Issues)
	return c
}

// Peer is the valid BGPPeer of that name, nil when there is none.
func (c *Catalog) Peer(name string) *Peer { return c.peers[name] }

// Announcement is the valid Announcement of that name, written "namespace/name", nil when there is none.
func (c *Catalog) Announcement(name string) *Announcement { return c.announcements[name] }
