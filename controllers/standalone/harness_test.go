// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/testr"
	corev1 "k8s.io/api/core/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/admission"
)

// deadline is when a test gives up on something that should come at once.
const deadline = 20 * time.Second

// testInterval is the time from one look at a directory to the next, and from one attempt to write a state.
const testInterval = 300 * time.Millisecond

var newAdmitter = sync.OnceValues(admission.New)

func testAdmitter(t *testing.T) *admission.Admitter {
	t.Helper()
	a, err := newAdmitter()
	if err != nil {
		t.Fatalf("build the admitter: %v", err)
	}
	return a
}

func testLog(t *testing.T) logr.Logger { return testr.New(t) }

// sourceHarness runs a Source on a directory.
type sourceHarness struct {
	t       *testing.T
	dir     string
	updates chan snapshot
	stop    func()
}

// snapshot is what was in force at a time, each kind sorted by namespace and name, and what was not.
type snapshot struct {
	Peers         []*v1alpha1.BGPPeer
	Announcements []*Announcement
	Secrets       []*corev1.Secret
	Namespaces    []*corev1.Namespace
	Nodes         []*corev1.Node
	Problems      []Problem
	changes       changes
}

// snapshotOf is called between two loads of a Source.
func snapshotOf(s *Source, n news) snapshot {
	o := snapshot{Problems: n.problems, changes: n.changes}
	for _, e := range slices.SortedFunc(maps.Values(s.objects.entries), entry.compare) {
		if a, ok := e.content.(*Announcement); ok {
			o.Announcements = append(o.Announcements, a)
			continue
		}
		switch object := e.content.object().(type) {
		case *v1alpha1.BGPPeer:
			o.Peers = append(o.Peers, object)
		case *corev1.Secret:
			o.Secrets = append(o.Secrets, object)
		case *corev1.Namespace:
			o.Namespaces = append(o.Namespaces, object)
		case *corev1.Node:
			o.Nodes = append(o.Nodes, object)
		}
	}
	return o
}

func runSource(t *testing.T, dir string) *sourceHarness {
	t.Helper()
	h := startSource(t, dir, "", testLog(t))
	t.Cleanup(h.stop)
	return h
}

// startSource runs a Source until stop.
func startSource(t *testing.T, dir, stateDir string, log logr.Logger) *sourceHarness {
	t.Helper()
	source, err := Open(dir, stateDir, testAdmitter(t), log)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	source.interval = testInterval
	if source.store != nil {
		source.store.retry = testInterval
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	h := &sourceHarness{t: t, dir: dir, updates: make(chan snapshot)}
	h.stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	go func() {
		done <- source.Run(ctx, func(n news) {
			select {
			case h.updates <- snapshotOf(source, n):
			case <-ctx.Done():
			}
		})
	}()
	return h
}

// await returns the first objects that satisfy want.
func (h *sourceHarness) await(what string, want func(snapshot) bool) snapshot {
	h.t.Helper()
	timeout := time.NewTimer(deadline)
	defer timeout.Stop()
	var last *snapshot
	for {
		select {
		case o := <-h.updates:
			if want(o) {
				return o
			}
			last = &o
		case <-timeout.C:
			h.t.Fatalf("%s: not seen within %v; last %s", what, deadline, describe(last))
		}
	}
}

func describe(o *snapshot) string {
	if o == nil {
		return "nothing at all"
	}
	var b strings.Builder
	for _, p := range o.Peers {
		b.WriteString("peer " + p.Name + " " + p.Spec.Address + "; ")
	}
	for _, a := range o.Announcements {
		b.WriteString("announcement " + a.Ref().String() + " " + strings.Join(a.Object().Spec.Prefixes, ",") + "; ")
	}
	for i := range o.Problems {
		b.WriteString("problem " + o.Problems[i].String() + "; ")
	}
	return b.String()
}

// write puts a file in place in one step, as careful editors do.
func write(t *testing.T, dir, name, content string) {
	t.Helper()
	temporary := filepath.Join(dir, "."+name+".new")
	if err := os.WriteFile(temporary, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func peerManifest(name, address string) string {
	return `apiVersion: herald.network/v1alpha1
kind: BGPPeer
metadata: {name: ` + name + `}
spec: {address: ` + address + `, localASN: 64512, peerASN: 64500}
`
}

func announcementManifest(name string, prefixes ...string) string {
	return `apiVersion: herald.network/v1alpha1
kind: Announcement
metadata: {name: ` + name + `}
spec: {prefixes: [` + strings.Join(prefixes, ", ") + `]}
`
}

// settle has the engine of a Runner that does not run take what it was handed.
func settle(t *testing.T, r *Runner) {
	t.Helper()
	former := r.engine.State()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.engine.Run(ctx) }()
	for {
		select {
		case <-r.news:
		case <-time.After(deadline):
			t.Fatal("the engine takes nothing")
		}
		if r.engine.State() != former {
			break
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
