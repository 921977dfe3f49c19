// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"slices"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// Objects are what people wrote, each read once: see Reader. They are immutable.
type Objects struct {
	// Peers and Announcements that are valid, in any order.
	Peers         []*Peer
	Announcements []*Announcement
	// Issues say which others are not valid, and which are not the newest version since that is not supported.
	Issues []Issue
	// LeftOut are the BGPPeers of which no version is in force here, with their names and labels alone.
	LeftOut []*Peer
	// Namespaces holds the labels of every namespace, by name.
	Namespaces map[string]map[string]string
	// OperatorNamespace belongs to the platform team: it needs no tenant entry.
	OperatorNamespace string
	// TrustAll: every namespace is the operator's own.
	TrustAll bool
}

// Catalog is what the objects say whatever the node, in order of precedence. It is immutable.
type Catalog struct {
	// Peers and Announcements that are valid, oldest first.
	Peers         []*Peer
	Announcements []*Announcement
	// Issues say which objects are not valid or not supported, sorted.
	Issues []Issue
	// LeftOut are the BGPPeers of which no version is in force here, with their names and labels alone.
	LeftOut []*Peer

	peers             map[string]*Peer
	announcements     map[string]*Announcement
	refused           map[objectVersion]*Issue
	owners            map[string]bool // the namespaces that have announcements
	namespaces        map[string]map[string]string
	operatorNamespace string
	trustAll          bool
}

// objectVersion is one version of an object.
type objectVersion struct {
	kind string
	ref  Ref
}

// NewCatalog puts the objects in order.
func NewCatalog(objects Objects) *Catalog {
	c := &Catalog{
		Peers:             slices.Clone(objects.Peers),
		Announcements:     slices.Clone(objects.Announcements),
		Issues:            slices.Clone(objects.Issues),
		LeftOut:           objects.LeftOut,
		peers:             make(map[string]*Peer, len(objects.Peers)),
		announcements:     make(map[string]*Announcement, len(objects.Announcements)),
		refused:           make(map[objectVersion]*Issue, len(objects.Issues)),
		owners:            map[string]bool{},
		namespaces:        objects.Namespaces,
		operatorNamespace: objects.OperatorNamespace,
		trustAll:          objects.TrustAll,
	}
	for _, peer := range c.Peers {
		c.peers[peer.Ref.Name] = peer
	}
	for _, announcement := range c.Announcements {
		c.announcements[announcement.whole.Name] = announcement
		c.owners[announcement.Ref.Namespace] = true
	}
	slices.SortFunc(c.Peers, func(a, b *Peer) int { return older(a.created, b.created, a.Ref, b.Ref) })
	slices.SortFunc(c.Announcements, func(a, b *Announcement) int { return older(a.created, b.created, a.Ref, b.Ref) })
	sortIssues(c.Issues)
	for i := range c.Issues {
		issue := &c.Issues[i]
		c.refused[objectVersion{issue.Kind, issue.Ref}] = issue
	}
	return c
}

// CheckPeer says what is wrong with a version of a BGPPeer, nil for nothing. Only one that the Catalog was not made from is read.
func (c *Catalog) CheckPeer(object *v1alpha1.BGPPeer) *Issue {
	ref := RefOf(&object.ObjectMeta)
	if known := c.peers[ref.Name]; known != nil && known.Ref == ref {
		return nil
	}
	if issue := c.refused[objectVersion{KindBGPPeer, ref}]; issue != nil {
		return issue
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
	if issue := c.refused[objectVersion{KindAnnouncement, ref}]; issue != nil {
		return 0, issue
	}
	read, issue := ReadAnnouncement(object, Versions[Announcement]{})
	if issue != nil {
		return 0, issue
	}
	return read.InForce.Prefixes, nil
}

// HasOtherPeer reports whether the Catalog has a BGPPeer of the object's name and was not made from that version of it. One
// that it was made from may be refused, with an older version in force.
func (c *Catalog) HasOtherPeer(object *v1alpha1.BGPPeer) bool {
	ref := RefOf(&object.ObjectMeta)
	known := c.peers[ref.Name]
	return known != nil && known.Ref != ref && c.refused[objectVersion{KindBGPPeer, ref}] == nil
}

// HasOtherAnnouncement does the same for an Announcement.
func (c *Catalog) HasOtherAnnouncement(object *v1alpha1.Announcement) bool {
	ref := RefOf(&object.ObjectMeta)
	known := c.announcements[ref.String()]
	return known != nil && known.Ref != ref && c.refused[objectVersion{KindAnnouncement, ref}] == nil
}

// Peer is the valid BGPPeer of that name, nil when there is none.
func (c *Catalog) Peer(name string) *Peer { return c.peers[name] }

// Announcement is the valid Announcement of that name, written "namespace/name", nil when there is none.
func (c *Catalog) Announcement(name string) *Announcement { return c.announcements[name] }
