// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
)

// Announcement is a valid Announcement, parsed once: what it contributes whatever the peer and the node. It is immutable.
type Announcement struct {
	// Ref names the object.
	Ref Ref
	// Prefixes is how many prefixes it comes to, each split into its subnets.
	Prefixes int

	created  time.Time
	peers    labels.Selector
	nodes    labels.Selector
	peersKey string
	nodesKey string
	families families
	// whole is all of it; a session that may have only a part is sent a part.
	whole *rib.Announcement
}

// CheckAnnouncement validates an Announcement, and says how many prefixes it comes to. The Issue is nil for a valid one.
func CheckAnnouncement(object *v1alpha1.Announcement) (prefixes int, issue *Issue) {
	announcement, issue := newAnnouncement(object)
	if issue != nil {
		return 0, issue
	}
	return announcement.Prefixes, nil
}

// newAnnouncement parses an Announcement, or says why it cannot be used.
func newAnnouncement(object *v1alpha1.Announcement) (*Announcement, *Issue) {
	spec := &object.Spec
	peers, errPeers := selectorOf("spec.peerSelector", spec.PeerSelector)
	nodes, errNodes := selectorOf("spec.nodeSelector", spec.NodeSelector)
	prefixes, errPrefixes := prefixesOf(spec)
	attributes, errAttributes := attributesOf("spec.attributes", spec.Attributes)
	errPathID := inRange("spec.pathID", spec.PathID, 0, math.MaxUint32)
	if err := cmp.Or(errPeers, errNodes, errPrefixes, errAttributes, errPathID); err != nil {
		return nil, issueOf(KindAnnouncement, &object.ObjectMeta, err)
	}
	ref := RefOf(&object.ObjectMeta)
	announcement := &Announcement{
		Ref:      ref,
		Prefixes: countAll(prefixes),
		created:  object.CreationTimestamp.Time,
		peers:    peers,
		nodes:    nodes,
		peersKey: peers.String(),
		nodesKey: nodes.String(),
		whole: &rib.Announcement{
			ID: ref.String(), Name: ref.String(), Owner: ref.Namespace, Prefixes: rib.NewPrefixes(prefixes...),
			PathID: uint32(valueOr(spec.PathID, 0)), Attributes: attributes,
		},
	}
	for _, r := range prefixes {
		announcement.families |= familyOf(r.Prefix)
	}
	return announcement, nil
}

// share takes over from prev, which may be nil, what is equal in it.
func (a *Announcement) share(prev *Catalog) {
	if prev == nil {
		return
	}
	if known := prev.announcements[a.whole.Name]; known != nil && known.whole.Equal(a.whole) {
		a.whole = known.whole
	}
}

// SelectsNode reports whether the announcement goes out from a node with these labels.
func (a *Announcement) SelectsNode(node map[string]string) bool {
	return a.nodes.Matches(labels.Set(node))
}

// NodeSelector is the canonical form of what SelectsNode asks: of two announcements with one NodeSelector it is the same.
func (a *Announcement) NodeSelector() string { return a.nodesKey }
