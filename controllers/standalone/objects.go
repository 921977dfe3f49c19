// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// Objects is what is in force, each kind sorted by namespace and name, and what is not. It is never modified.
type Objects struct {
	Peers         []*v1alpha1.BGPPeer
	Announcements []*Announcement
	Secrets       []*corev1.Secret
	Namespaces    []*corev1.Namespace
	Nodes         []*corev1.Node
	Problems      []Problem
	// Read is what the peers and announcements contribute, without the surroundings.
	Read compile.Objects

	// changes are what is in force now and was not in the Objects before these, and the reverse.
	changes changes
	memory  memory
	// nodeFiles are the files of the Nodes, by name.
	nodeFiles map[string]string
}

// objects sorts what is in force by kind, and says what has changed since it was called last.
func (s *Source) objects() Objects {
	objects := Objects{
		Problems: s.allProblems(), changes: changesOf(s.told, s.inForce),
		memory: memory{lost: s.forgets(), dated: map[types.UID]bool{}}, nodeFiles: map[string]string{},
	}
	s.told = s.inForce
	for _, e := range s.inForce {
		if e.content.dated() {
			objects.memory.dated[e.content.meta().UID] = true
		}
		switch c := e.content.(type) {
		case *peer:
			objects.Peers = append(objects.Peers, c.admitted.(*v1alpha1.BGPPeer))
			objects.Read.Peers = appendRead(objects.Read.Peers, c.versions.InForce, c.issue, &objects)
		case *Announcement:
			objects.Announcements = append(objects.Announcements, c)
			objects.Read.Announcements = appendRead(objects.Read.Announcements, c.versions.InForce, c.issue, &objects)
		case *plain:
			objects.add(c, e.place.file)
		}
	}
	return objects
}

// appendRead adds what is in force of an object to a list, and the issue where that is not its newest version.
func appendRead[C any](list []*C, inForce *C, issue *compile.Issue, objects *Objects) []*C {
	if issue != nil {
		objects.Read.Issues = append(objects.Read.Issues, *issue)
	}
	if inForce == nil {
		return list
	}
	return append(list, inForce)
}

// add adds an object of a kind of Kubernetes.
func (o *Objects) add(p *plain, file string) {
	switch object := p.admitted.(type) {
	case *corev1.Secret:
		o.Secrets = append(o.Secrets, object)
	case *corev1.Namespace:
		o.Namespaces = append(o.Namespaces, object)
	case *corev1.Node:
		o.Nodes = append(o.Nodes, object)
		o.nodeFiles[object.Name] = file
	}
}
