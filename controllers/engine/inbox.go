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

// Key names an object.
type Key struct{ Kind, Namespace, Name string }

// KindSecret is the Kind of Secrets with session keys, which Options.Secrets reads. All other kinds are the Source's own.
const KindSecret = "Secret"

// Source is where objects are read: caches, or a directory. What was read is changed by nobody any more.
type Source interface {
	// ReadAll adds to an input what every object contributes, and Secrets unless Options.Secrets reads them.
	ReadAll(ctx context.Context, into *Input) error
	// Read adds what one object contributes now, or that it does not exist.
	Read(ctx context.Context, key Key, into *Input) error
}

// Input is what objects contribute whatever the others say, each by its name. An object that is not in it is as it was.
type Input struct {
	compile.Inputs
	// Node is the node's own object. NodeGone says that it does not exist.
	Node     *corev1.Node
	NodeGone bool
}

func newInput() *Input {
	return &Input{Inputs: compile.Inputs{
		Peers:         map[string]compile.Reading[compile.Peer]{},
		Announcements: map[string]compile.Reading[compile.Announcement]{},
		Namespaces:    map[string]compile.Namespace{},
	}}
}

// inbox holds what Run is to look at: the keys of objects, so that it is bounded by their number.
type inbox struct {
	mu   sync.Mutex
	work work
}

// work is what there is to look at.
type work struct {
	// source is one that was never read, nil for none.
	source Source
	keys   map[Key]bool
}

// use makes a source the one that is read. The keys stay: the source does not have the Secrets.
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

// putBack returns what could not be read. What came since is newer.
func (b *inbox) putBack(w work) {
	b.mu.Lock()
	if b.work.source == nil {
		b.work.source = w.source
	}
	b.mu.Unlock()
	b.touch(slices.Collect(maps.Keys(w.keys))...)
}
