// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"fmt"
	"math"
	"net/netip"
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

	// AdminDown: nothing of it goes out.
	AdminDown bool
	// Expired: nothing of it goes out any more. A version that was read has not expired; resolve makes the one that has.
	Expired bool

	created int64 // in nanoseconds of Unix time, the least for never
	// lifetime is how many seconds after created or a renewal it expires, 0 for never.
	lifetime int32
	peers    *peerSelector
	nodes    *selector
	families families
	// ipv6 is how many of Prefixes are of IPv6, and defaultRoute whether a default route is among them all.
	ipv6         int
	defaultRoute bool
	// whole is all of it; a session that may have only a part is sent a part.
	whole *rib.Announcement
	// term is what it adds to a digest.
	term Term
}

// ReadAnnouncement reads the newest version of an Announcement. Where it cannot be used, the Issue says why, and what is in force is
// what hold leaves of the last valid one. Otherwise before, which is zero for an object that is new, has no effect, but that what was
// in force is returned where nothing differs from it.
func ReadAnnouncement(object *v1alpha1.Announcement, before Versions[Announcement]) (Versions[Announcement], *Issue) {
	announcement, err := readAnnouncement(object)
	if err != nil {
		before.InForce = before.Valid.hold(&object.Spec, err).share(before.InForce)
		issue := issueOf(KindAnnouncement, &object.ObjectMeta, err)
		if before.InForce != nil {
			issue.hold(before.InForce.Ref.Generation)
		}
		return before, issue
	}
	announcement = announcement.share(before.InForce)
	return Versions[Announcement]{announcement, announcement}, nil
}

// share returns before where nothing differs. Both may be nil.
func (a *Announcement) share(before *Announcement) *Announcement {
	if a != nil && before != nil && a.equal(before) {
		return before
	}
	return a
}

func readAnnouncement(object *v1alpha1.Announcement) (*Announcement, error) {
	spec := &object.Spec
	if err := unknownFields(spec.UnknownFields, ""); err != nil {
		return nil, err
	}
	down, errDown := readDown(spec.AdminState)
	peers, errPeers := readPeerSelector(spec)
	nodes, errNodes := readSelector("spec.nodeSelector", spec.NodeSelector)
	prefixes, errPrefixes := prefixesOf(spec)
	attributes, errAttributes := attributesOf("spec.attributes", spec.Attributes)
	errPathID := inRange("spec.pathID", spec.PathID, 0, math.MaxUint32)
	lifetime, errLifetime := readLifetime(spec)
	if err := firstFault(errDown, errLifetime, errPeers, errNodes, errPrefixes, errAttributes, errPathID); err != nil {
		return nil, err
	}
	ref := RefOf(&object.ObjectMeta)
	name := ref.String()
	// One text holds all names: there may be a great many announcements.
	ref.Namespace, ref.Name = name[:len(ref.Namespace)], name[len(name)-len(ref.Name):]
	announcement := &Announcement{
		Ref:       ref,
		AdminDown: down,
		created:   nanoseconds(object.CreationTimestamp.Time),
		lifetime:  lifetime,
		term:      TermOf(ref),
		peers:     peers,
		nodes:     nodes,
		whole: &rib.Announcement{
			ID: name, Name: name, Owner: ref.Namespace, Age: nanoseconds(object.CreationTimestamp.Time), Prefixes: rib.NewPrefixes(prefixes...),
			PathID: uint32(valueOr(spec.PathID, 0)), Attributes: attributes,
		},
	}
	announcement.whole.Age, announcement.whole.Note = announcement.created, announcement
	announcement.countPrefixes(prefixes)
	return announcement, nil
}

func (a *Announcement) equal(b *Announcement) bool {
	return a.Ref == b.Ref && a.AdminDown == b.AdminDown && a.created == b.created && a.lifetime == b.lifetime && a.peers.key == b.peers.key &&
		a.nodes.key == b.nodes.key && a.whole.PathID == b.whole.PathID &&
		a.whole.Prefixes.Equal(b.whole.Prefixes) && a.whole.Attributes.Equal(&b.whole.Attributes)
}

// countPrefixes sums up.
func (a *Announcement) countPrefixes(ranges []rib.PrefixRange) {
	a.families, a.Prefixes, a.ipv6, a.defaultRoute = 0, 0, 0, false
	for _, r := range ranges {
		family := familyOf(r.Prefix)
		a.families |= family
		a.Prefixes += count(r)
		if family == ipv6Unicast {
			a.ipv6 += count(r)
		}
		a.defaultRoute = a.defaultRoute || isDefaultRoute(r)
	}
}

// prefixesOf is how many prefixes are of a family.
func (a *Announcement) prefixesOf(family families) int {
	switch family {
	case ipv4Unicast:
		return a.Prefixes - a.ipv6
	case ipv6Unicast:
		return a.ipv6
	}
	return 0
}

// PrefixTexts are the prefixes as spec.prefixes may have them: sorted, and without those that are part of another one.
func (a *Announcement) PrefixTexts() []string {
	texts := make([]string, 0, a.whole.Prefixes.Len())
	for r := range a.whole.Prefixes.All() {
		texts = append(texts, r.Prefix.String())
	}
	return texts
}

// Name is that of the object, written "namespace/name".
func (a *Announcement) Name() string { return a.whole.Name }

// Summary names the first prefix and says how many there are besides, such as "203.0.113.0/24 +3".
func (a *Announcement) Summary() string {
	for r := range a.whole.Prefixes.All() {
		first := netip.PrefixFrom(r.Prefix.Addr(), r.Length).String()
		if a.Prefixes > 1 {
			return fmt.Sprintf("%s +%d", first, a.Prefixes-1)
		}
		return first
	}
	return ""
}

// Created is when the object was, the zero Time where nobody knows.
func (a *Announcement) Created() time.Time {
	if a.created == never {
		return time.Time{}
	}
	return time.Unix(0, a.created)
}

// SelectsNode reports whether the announcement goes out from a node with these labels.
func (a *Announcement) SelectsNode(node map[string]string) bool {
	return a.nodes.matches(labels.Set(node))
}

// NodeSelector is the canonical form of what SelectsNode asks: of two announcements with one NodeSelector it is the same.
func (a *Announcement) NodeSelector() string { return a.nodes.key }
