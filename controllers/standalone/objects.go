// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/engine"
)

// Objects is what is in force, each kind sorted by namespace and name, and what is not. It is never modified.
type Objects struct {
	Peers         []*v1alpha1.BGPPeer
	Announcements []*Announcement
	Secrets       []*corev1.Secret
	Namespaces    []*corev1.Namespace
	Nodes         []*corev1.Node
	Problems      []Problem
	// read is what the peers and announcements contribute.
	read compile.Inputs
	// nodeName and authNamespace are those that matter here.
	nodeName, authNamespace string

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
		read: compile.Inputs{
			Peers:         map[string]compile.Reading[compile.Peer]{},
			Announcements: make(map[string]compile.Reading[compile.Announcement], len(s.inForce)),
		},
	}
	s.told = s.inForce
	for _, e := range s.inForce {
		meta := e.content.meta()
		if e.content.dated() {
			objects.memory.dated[meta.UID] = true
		}
		ref := compile.RefOf(&meta)
		switch c := e.content.(type) {
		case *peer:
			objects.Peers = append(objects.Peers, c.admitted.(*v1alpha1.BGPPeer))
			objects.read.Peers[ref.Name] = compile.Reading[compile.Peer]{
				Ref: ref, Labels: c.admitted.GetLabels(), InForce: c.versions.InForce, Issue: c.issue,
			}
		case *Announcement:
			objects.Announcements = append(objects.Announcements, c)
			objects.read.Announcements[ref.String()] = compile.Reading[compile.Announcement]{
				Ref: ref, Renewed: meta.Annotations[v1alpha1.AnnotationRenewedAt], InForce: c.versions.InForce, Issue: c.issue,
			}
		case *plain:
			objects.add(c, e.place.file)
		}
	}
	return objects
}

var _ engine.Source = (*Objects)(nil)

// ReadAll implements engine.Source.
func (o *Objects) ReadAll(_ context.Context, into *engine.Input) error {
	into.Inputs = o.read // whose maps are not changed
	into.Node = o.node()
	into.Namespaces = make(map[string]compile.Namespace, len(o.Namespaces))
	for _, namespace := range o.Namespaces {
		into.Namespaces[namespace.Name] = compile.Namespace{Exists: true, Labels: namespace.Labels}
	}
	into.Secrets = map[string]compile.Secret{}
	for _, secret := range o.Secrets {
		if secret.Namespace == o.authNamespace {
			into.Secrets[secret.Name] = compile.Secret{Exists: true, Data: secret.Data}
		}
	}
	return nil
}

// Read implements engine.Source. No key is ever touched: whatever changes in the directory, there are other Objects.
func (o *Objects) Read(ctx context.Context, _ engine.Key, into *engine.Input) error {
	return o.ReadAll(ctx, into)
}

// node is the Node of this process, or one of which nothing is known but the name.
func (o *Objects) node() *corev1.Node {
	for _, node := range o.Nodes {
		if node.Name == o.nodeName {
			return node
		}
	}
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: o.nodeName}}
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
