// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/engine"
)

// Objects is what is in force. The Source alone changes it, and reads it without the mutex; the engine and the statuses read it
// meanwhile.
type Objects struct {
	// nodeName and authNamespace are those that matter here.
	nodeName, authNamespace string

	mu      sync.Mutex
	entries map[identity]entry
	// counts are the numbers of objects by kind.
	counts map[string]int
}

func newObjects() *Objects {
	return &Objects{entries: map[identity]entry{}, counts: map[string]int{}}
}

// changes are what came, changed and went of the objects in force. An object has changed where another version of it is in force,
// or the same that was admitted anew.
type changes struct{ added, changed, removed []identity }

func (c *changes) all() []identity { return slices.Concat(c.added, c.changed, c.removed) }

func (c *changes) add(later changes) {
	c.added = append(c.added, later.added...)
	c.changed = append(c.changed, later.changed...)
	c.removed = append(c.removed, later.removed...)
}

// replace puts what is in force now of some objects in the place of what was.
func (o *Objects) replace(ids map[identity]bool, next []entry) (c changes) {
	o.mu.Lock()
	defer o.mu.Unlock()
	stays := make(map[identity]bool, len(next))
	for _, e := range next {
		id := e.content.identity()
		stays[id] = true
		switch was, existed := o.entries[id]; {
		case !existed:
			c.added = append(c.added, id)
			o.counts[id.Kind]++
		case was.content != e.content:
			c.changed = append(c.changed, id)
		}
		o.entries[id] = e
	}
	for id := range ids {
		if _, existed := o.entries[id]; existed && !stays[id] {
			c.removed = append(c.removed, id)
			o.counts[id.Kind]--
			delete(o.entries, id)
		}
	}
	return c
}

// contents are the versions in force of objects, in their order; nil of an object that is not there.
func (o *Objects) contents(ids ...identity) []content {
	o.mu.Lock()
	defer o.mu.Unlock()
	found := make([]content, 0, len(ids))
	for _, id := range ids {
		found = append(found, o.entries[id].content)
	}
	return found
}

// all are the names of all objects.
func (o *Objects) all() []identity {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.AppendSeq(make([]identity, 0, len(o.entries)), maps.Keys(o.entries))
}

// count is the number of objects of a kind.
func (o *Objects) count(kind string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.counts[kind]
}

// fileOf is the file that an object came from.
func (o *Objects) fileOf(id identity) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.entries[id].place.file
}

var _ engine.Source = (*Objects)(nil)

// ReadAll implements engine.Source.
func (o *Objects) ReadAll(_ context.Context, into *engine.Input) error {
	into.Announcements = make(map[string]compile.Reading[compile.Announcement], o.count(announcementKind.Kind))
	into.Node = o.noNode() // unless there is one
	o.read(o.all(), into)
	return nil
}

// Read implements engine.Source.
func (o *Objects) Read(_ context.Context, key engine.Key, into *engine.Input) error {
	o.read([]identity{identityOfKind(key.Kind, key.Namespace, key.Name)}, into)
	return nil
}

// read adds to an input what objects contribute, and returns their versions in force, as contents does.
func (o *Objects) read(ids []identity, into *engine.Input) []content {
	contents := o.contents(ids...)
	for i, id := range ids {
		name := compile.Ref{Namespace: id.Namespace, Name: id.Name}.String()
		switch c := contents[i]; id.Kind {
		case "BGPPeer":
			into.Peers[name] = readPeer(c)
		case announcementKind.Kind:
			into.Announcements[name] = readAnnouncement(c)
		case "Namespace":
			into.Namespaces[name] = readNamespace(c)
		case "Node":
			if id.Name == o.nodeName {
				into.Node = o.readNode(c)
			}
		}
	}
	return contents
}

func readPeer(c content) compile.Reading[compile.Peer] {
	p, inForce := c.(*peer)
	if !inForce {
		return compile.Reading[compile.Peer]{}
	}
	meta := p.meta()
	return compile.Reading[compile.Peer]{Ref: compile.RefOf(&meta), Labels: p.admitted.GetLabels(), InForce: p.versions.InForce, Issue: p.issue}
}

func readAnnouncement(c content) compile.Reading[compile.Announcement] {
	a, inForce := c.(*Announcement)
	if !inForce {
		return compile.Reading[compile.Announcement]{}
	}
	return compile.Reading[compile.Announcement]{
		Ref: a.Ref(), Renewed: compile.RenewalOf(&a.kept.ObjectMeta), InForce: a.versions.InForce, Issue: a.issue,
	}
}

func readNamespace(c content) compile.Namespace {
	if c == nil {
		return compile.Namespace{}
	}
	return compile.Namespace{Exists: true, Labels: c.object().GetLabels()}
}

func (o *Objects) readNode(c content) *corev1.Node {
	if c != nil {
		if node, ok := c.object().(*corev1.Node); ok {
			return node
		}
	}
	return o.noNode()
}

// noNode is the Node of this process where no manifest has one: nothing is known of it but the name.
func (o *Objects) noNode() *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: o.nodeName}}
}

// secrets are the Secrets that have these names, for engine.Options.
func (o *Objects) secrets(names map[string]bool) map[string]compile.Secret {
	found := make(map[string]compile.Secret, len(names))
	for name := range names {
		id := identityOfKind(kindSecret, o.authNamespace, name)
		found[name] = compile.Secret{}
		if c := o.contents(id)[0]; c != nil {
			if secret, ok := c.object().(*corev1.Secret); ok {
				found[name] = compile.Secret{Exists: true, Data: secret.Data}
			}
		}
	}
	return found
}
