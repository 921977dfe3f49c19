// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"maps"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// Reader turns objects into what they contribute, each version of an object once: of ten thousand of which one changed, one is
// parsed. It also remembers of each object the last valid version, which stays in force in the place of one that cannot be used: see
// ReadPeer and ReadAnnouncement. The zero value remembers nothing yet.
//
// But for that, what it returns is what a new Reader would. A version is known by UID and generation, as everywhere in
// Kubernetes; an object without a generation, which no API server has stored, is read anew each time.
type Reader struct {
	mu            sync.Mutex
	peers         map[string]version[Peer]
	announcements map[string]version[Announcement]
}

// version is what is remembered of an object.
type version[C any] struct {
	// generation was looked at last, and issue is what was found.
	generation int64
	issue      *Issue
	Versions[C]
}

// Read returns what the objects contribute and what is wrong with them, without the surroundings. Labels and a deletion are
// those of today. What is not among the objects is forgotten.
func (r *Reader) Read(peers []v1alpha1.BGPPeer, announcements []v1alpha1.Announcement) Objects {
	r.mu.Lock()
	defer r.mu.Unlock()
	var objects Objects
	objects.Peers, r.peers = readAll(&objects.Issues, peers, r.peers, ReadPeer, (*Peer).relabel,
		func(p *v1alpha1.BGPPeer) *metav1.ObjectMeta { return &p.ObjectMeta })
	objects.LeftOut = leftOut(peers, r.peers)
	objects.Announcements, r.announcements = readAll(&objects.Issues, announcements, r.announcements, ReadAnnouncement, nil,
		func(a *v1alpha1.Announcement) *metav1.ObjectMeta { return &a.ObjectMeta })
	return objects
}

// readAll returns the contributions of a list and what is remembered of it. today, unless nil, takes over what may change
// without a new generation.
func readAll[O, C any](
	issues *[]Issue, list []O, known map[string]version[C], read func(*O, Versions[C]) (Versions[C], *Issue), today func(*C, *O) *C,
	metaOf func(*O) *metav1.ObjectMeta,
) ([]*C, map[string]version[C]) {
	next := make(map[string]version[C], len(list))
	contributions := make([]*C, 0, len(list))
	for i := range list {
		object := &list[i]
		meta := metaOf(object)
		identity := RefOf(meta).Identity()
		v := known[identity]
		if v.generation != meta.Generation || meta.Generation == 0 {
			v.generation = meta.Generation
			v.Versions, v.issue = read(object, v.Versions)
		}
		if v.InForce != nil && today != nil {
			v.InForce = today(v.InForce, object)
		}
		next[identity] = v
		if meta.DeletionTimestamp != nil {
			continue
		}
		if v.issue != nil {
			*issues = append(*issues, *v.issue)
		}
		if v.InForce != nil {
			contributions = append(contributions, v.InForce)
		}
	}
	return contributions, next
}

// leftOut are those of a list of which no version is in force, with their names and labels alone.
func leftOut(list []v1alpha1.BGPPeer, known map[string]version[Peer]) []*Peer {
	var peers []*Peer
	for i := range list {
		meta := &list[i].ObjectMeta
		if ref := RefOf(meta); meta.DeletionTimestamp == nil && known[ref.Identity()].InForce == nil {
			peers = append(peers, &Peer{Ref: ref, labels: labels.Set(meta.Labels)})
		}
	}
	return peers
}

// relabel is the peer with the labels of today, which have no generation.
func (p *Peer) relabel(object *v1alpha1.BGPPeer) *Peer {
	if maps.Equal(p.labels, labels.Set(object.Labels)) {
		return p
	}
	relabelled := *p
	relabelled.labels = labels.Set(object.Labels)
	return &relabelled
}
