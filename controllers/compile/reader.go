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
// parsed. It also remembers of each object the last version that this program knows all of, which stays in use in the place of
// one with a member or value of a later version. The zero value remembers nothing yet.
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
	// use is what the last version contributes that is supported and valid, nil when there is none to go on with.
	use *C
}

// Read returns what the objects contribute and what is wrong with them, without the surroundings. Labels and a deletion are
// those of today. What is not among the objects is forgotten.
func (r *Reader) Read(peers []v1alpha1.BGPPeer, announcements []v1alpha1.Announcement) Objects {
	r.mu.Lock()
	defer r.mu.Unlock()
	var objects Objects
	objects.Peers, r.peers = readAll(&objects.Issues, peers, r.peers, ReadPeer, (*Peer).relabel,
		func(p *v1alpha1.BGPPeer) *metav1.ObjectMeta { return &p.ObjectMeta })
	objects.Announcements, r.announcements = readAll(&objects.Issues, announcements, r.announcements, ReadAnnouncement, nil,
		func(a *v1alpha1.Announcement) *metav1.ObjectMeta { return &a.ObjectMeta })
	return objects
}

// readAll returns the contributions of a list and what is remembered of it. today, unless nil, takes over what may change
// without a new generation.
func readAll[O, C any](
	issues *[]Issue, list []O, known map[string]version[C], read func(object *O, before *C) (*C, *Issue), today func(*C, *O) *C,
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
			contribution, issue := read(object, v.use)
			v = v.follow(meta.Generation, contribution, issue)
		}
		if v.use != nil && today != nil {
			v.use = today(v.use, object)
		}
		next[identity] = v
		gone := meta.DeletionTimestamp != nil
		if v.issue != nil && (v.use != nil || !gone) {
			*issues = append(*issues, *v.issue)
		}
		if v.use != nil && !gone {
			contributions = append(contributions, v.use)
		}
	}
	return contributions, next
}

// follow is what is remembered once the next version was read.
func (v version[C]) follow(generation int64, contribution *C, issue *Issue) version[C] {
	v.generation, v.issue = generation, issue
	if issue == nil || issue.Reason != v1alpha1.ReasonUnsupported {
		// What was wrong was left out, and stays so.
		v.use = contribution
	}
	return v
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
