// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// Objects is what is in force, each kind sorted by namespace and name, and what is not. It is never modified.
type Objects struct {
	Peers         []*v1alpha1.BGPPeer
	Announcements []*v1alpha1.Announcement
	Secrets       []*corev1.Secret
	Namespaces    []*corev1.Namespace
	Nodes         []*corev1.Node
	Problems      []Problem
}

// objects sorts what is in force by kind.
func (s *Source) objects() Objects {
	ids := make([]identity, 0, len(s.inForce))
	for id := range s.inForce {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b identity) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	objects := Objects{Problems: s.problems}
	for _, id := range ids {
		switch object := s.inForce[id].object.(type) {
		case *v1alpha1.BGPPeer:
			objects.Peers = append(objects.Peers, object)
		case *v1alpha1.Announcement:
			objects.Announcements = append(objects.Announcements, object)
		case *corev1.Secret:
			objects.Secrets = append(objects.Secrets, object)
		case *corev1.Namespace:
			objects.Namespaces = append(objects.Namespaces, object)
		case *corev1.Node:
			objects.Nodes = append(objects.Nodes, object)
		}
	}
	return objects
}
