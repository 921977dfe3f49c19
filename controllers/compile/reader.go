// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// Reading is what an object contributes, whatever other objects say. The zero Reading is that of an object that does not exist, or
// is being deleted.
type Reading[C any] struct {
	// Ref names the newest version of the object.
	Ref Ref
	// Labels are those of a BGPPeer.
	Labels map[string]string
	// Renewed is that of an Announcement.
	Renewed Renewal
	// InForce is the version in force, nil where none can be used.
	InForce *C
	// Issue says what is wrong with the newest version, nil for nothing.
	Issue *Issue
}

// Reader reads objects, each version of an object once. It also remembers the last valid version of each object, which stays in force
// in the place of one that cannot be used: see ReadPeer and ReadAnnouncement. The zero value remembers nothing yet. It is not safe
// for concurrent use.
//
// Apart from these last valid versions, a Reader returns what a new one would. A version is known by UID and generation, as
// everywhere in Kubernetes; an object without a generation, which no API server has stored, is read anew each time.
type Reader struct {
	peers         map[string]version[Peer]
	announcements map[string]version[Announcement]
}

// version is what a Reader remembers of an object.
type version[C any] struct {
	identity   string
	generation int64 // of the version that was read last, in which issue was found
	issue      *Issue
	Versions[C]
}

// Peer reads a BGPPeer. Its labels, and whether it is being deleted, are read each time: they change without a new generation.
func (r *Reader) Peer(object *v1alpha1.BGPPeer) Reading[Peer] {
	v := read(&r.peers, object.Name, &object.ObjectMeta, object, ReadPeer)
	if object.DeletionTimestamp != nil {
		return Reading[Peer]{}
	}
	if v.InForce != nil {
		if relabelled := v.InForce.relabel(object); relabelled != v.InForce {
			v.InForce = relabelled
			r.peers[object.Name] = v
		}
	}
	return Reading[Peer]{Ref: RefOf(&object.ObjectMeta), Labels: object.Labels, InForce: v.InForce, Issue: v.issue}
}

// Announcement reads an Announcement. When it was renewed, and whether it is being deleted, are read each time.
func (r *Reader) Announcement(object *v1alpha1.Announcement) Reading[Announcement] {
	ref := RefOf(&object.ObjectMeta)
	v := read(&r.announcements, ref.String(), &object.ObjectMeta, object, ReadAnnouncement)
	if object.DeletionTimestamp != nil {
		return Reading[Announcement]{}
	}
	return Reading[Announcement]{Ref: ref, Renewed: RenewalOf(&object.ObjectMeta), InForce: v.InForce, Issue: v.issue}
}

// ForgetPeer forgets a BGPPeer that does not exist any more.
func (r *Reader) ForgetPeer(name string) {
	delete(r.peers, name)
}

// ForgetAnnouncement forgets an Announcement that does not exist any more, named "namespace/name".
func (r *Reader) ForgetAnnouncement(name string) {
	delete(r.announcements, name)
}

// ReadAll reads all BGPPeers and Announcements, and forgets all others.
func (r *Reader) ReadAll(peers []v1alpha1.BGPPeer, announcements []v1alpha1.Announcement) Inputs {
	in := Inputs{
		Peers:         make(map[string]Reading[Peer], len(peers)),
		Announcements: make(map[string]Reading[Announcement], len(announcements)),
	}
	for i := range peers {
		in.Peers[peers[i].Name] = r.Peer(&peers[i])
	}
	for i := range announcements {
		in.Announcements[RefOf(&announcements[i].ObjectMeta).String()] = r.Announcement(&announcements[i])
	}
	r.ForgetOthers(&in)
	return in
}

// ForgetOthers forgets every object that is not in inputs, which have all that there are.
func (r *Reader) ForgetOthers(in *Inputs) {
	maps.DeleteFunc(r.peers, func(name string, _ version[Peer]) bool { _, there := in.Peers[name]; return !there })
	maps.DeleteFunc(r.announcements, func(name string, _ version[Announcement]) bool { _, there := in.Announcements[name]; return !there })
}

// read reads the newest version of an object, unless that was done before, and returns what is remembered of the object.
func read[O, C any](
	known *map[string]version[C], name string, meta *metav1.ObjectMeta, object *O, read func(*O, Versions[C]) (Versions[C], *Issue),
) version[C] {
	if *known == nil {
		*known = map[string]version[C]{}
	}
	v := (*known)[name]
	if identity := RefOf(meta).Identity(); v.identity != identity {
		v = version[C]{identity: identity}
	}
	if v.generation != meta.Generation || meta.Generation == 0 {
		v.generation = meta.Generation
		v.Versions, v.issue = read(object, v.Versions)
		(*known)[name] = v
	}
	return v
}

// relabel returns the peer with the labels that its object has now. They change without a new generation.
func (p *Peer) relabel(object *v1alpha1.BGPPeer) *Peer {
	if maps.Equal(p.labels, labels.Set(object.Labels)) {
		return p
	}
	relabelled := *p
	relabelled.labels = labels.Set(object.Labels)
	return &relabelled
}
