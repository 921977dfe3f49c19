// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// LastSupported remembers of each object the last version that this program knows all of, so that Compile, which remembers
// nothing, can be given it in the place of one with a member or value of a later version. The zero value remembers nothing
// yet.
type LastSupported struct {
	mu            sync.Mutex
	peers         versions[v1alpha1.BGPPeerSpec]
	announcements versions[v1alpha1.AnnouncementSpec]
}

// versions are the specs remembered, by the Identity of their objects.
type versions[Spec any] map[string]version[Spec]

type version[Spec any] struct {
	// judged is the generation that was last looked at, and issue what was found.
	judged int64
	issue  *Issue
	// spec and generation are those of the last version that is supported and valid; usable says that there is one.
	spec       Spec
	generation int64
	usable     bool
}

// Replace returns the objects with the last supported spec in the place of each that is not, and the Issues of those in
// Replaced. Labels, annotations and a deletion are those of today. What is not among the objects is forgotten.
func (l *LastSupported) Replace(objects Objects) Objects {
	l.mu.Lock()
	defer l.mu.Unlock()
	objects.Peers, l.peers = replace(&objects, objects.Peers, l.peers, peerFields)
	objects.Announcements, l.announcements = replace(&objects, objects.Announcements, l.announcements, announcementFields)
	return objects
}

// fields are the parts of an object that versions differ in, and the judgement of it.
type fields[Object, Spec any] func(object *Object) (meta *metav1.ObjectMeta, spec *Spec, check func() *Issue)

func peerFields(object *v1alpha1.BGPPeer) (*metav1.ObjectMeta, *v1alpha1.BGPPeerSpec, func() *Issue) {
	return &object.ObjectMeta, &object.Spec, func() *Issue { return CheckPeer(object) }
}

func announcementFields(object *v1alpha1.Announcement) (*metav1.ObjectMeta, *v1alpha1.AnnouncementSpec, func() *Issue) {
	return &object.ObjectMeta, &object.Spec, func() *Issue {
		_, issue := CheckAnnouncement(object)
		return issue
	}
}

// replace returns the list that is to be compiled and what is remembered of it. The list given is not changed.
func replace[Object, Spec any](
	objects *Objects, list []Object, known versions[Spec], of fields[Object, Spec],
) ([]Object, versions[Spec]) {
	next := make(versions[Spec], len(list))
	var replaced []Object
	for i := range list {
		meta, spec, check := of(&list[i])
		v := known[RefOf(meta).Identity()].judge(meta.Generation, spec, check)
		next[RefOf(meta).Identity()] = v
		if !v.usable || v.issue == nil {
			continue
		}
		if replaced == nil {
			replaced = append(replaced, list...)
		}
		meta, spec, _ = of(&replaced[i])
		meta.Generation, *spec = v.generation, v.spec
		objects.Replaced = append(objects.Replaced, *v.issue)
	}
	if replaced != nil {
		list = replaced
	}
	return list, next
}

// judge is what is remembered once an object was seen. A generation is looked at once.
func (v version[Spec]) judge(generation int64, spec *Spec, check func() *Issue) version[Spec] {
	if v.judged != generation || generation == 0 {
		v.judged, v.issue = generation, check()
	}
	switch {
	case v.issue == nil:
		v.spec, v.generation, v.usable = *spec, generation, true
	case v.issue.Reason != v1alpha1.ReasonUnsupported:
		// What was wrong was left out, and stays so.
		v.usable = false
	}
	return v
}
