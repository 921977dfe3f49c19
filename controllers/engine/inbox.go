// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/herald-bgp/herald/controllers/compile"
)

// Key names an object. Its Kind is KindSecret or one of package compile.
type Key struct{ Kind, Namespace, Name string }

func (k Key) object() compile.ObjectName {
	return compile.ObjectName{Kind: k.Kind, Name: compile.Ref{Namespace: k.Namespace, Name: k.Name}.String()}
}

// KindSecret is the Kind of Secrets with session keys, which Options.Secrets reads.
const KindSecret = "Secret"

// Source is where objects are read from: caches, or a directory. Nobody changes an object that was read.
type Source interface {
	// ReadAll adds to an input what every object contributes, but Secrets, which Options.Secrets reads.
	ReadAll(ctx context.Context, into *Input) error
	// Read adds what one object contributes now, or that it does not exist.
	Read(ctx context.Context, key Key, into *Input) error
}

// Input is what a Source has read: the inputs of the compiler, and the Node.
type Input struct {
	compile.Inputs
	// Node is the node's own object. NodeGone says that it does not exist.
	Node     *corev1.Node
	NodeGone bool
}

// NewInput returns an Input that says nothing yet.
func NewInput() *Input {
	return &Input{Inputs: compile.Inputs{
		Peers:         map[string]compile.Reading[compile.Peer]{},
		Announcements: map[string]compile.Reading[compile.Announcement]{},
		Namespaces:    map[string]compile.Namespace{},
	}}
}

// inbox holds the work that Run has not done yet. It has keys, not objects, so their number bounds it.
type inbox struct {
	mu   sync.Mutex
	work work
}

// work names what Run is to read.
type work struct {
	// source is a Source that was never read, nil for none.
	source Source
	keys   map[Key]bool
}

// use puts a new source into the inbox, which will be read as a whole. The keys stay: no source has the Secrets.
func (b *inbox) use(s Source) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.work.source = s
}

func (b *inbox) touch(keys ...Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.work.keys == nil {
		b.work.keys = make(map[Key]bool, len(keys))
	}
	for _, key := range keys {
		b.work.keys[key] = true
	}
}

func (b *inbox) take() work {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.work
	b.work = work{}
	return taken
}

// putBack puts back work that failed. A source that came since then is newer, and stays.
func (b *inbox) putBack(w work) {
	b.mu.Lock()
	if b.work.source == nil {
		b.work.source = w.source
	}
	b.mu.Unlock()
	b.touch(slices.Collect(maps.Keys(w.keys))...)
}
