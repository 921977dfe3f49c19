// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/engine"
	"github.com/herald-bgp/herald/speaker"
)

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

func newQueue(t *testing.T) queue {
	t.Helper()
	q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	t.Cleanup(q.ShutDown)
	return q
}

// drain takes what is in a queue, sorted.
func drain(q queue) []string {
	var names []string
	for q.Len() > 0 {
		item, _ := q.Get()
		q.Done(item)
		names = append(names, item.Name)
	}
	slices.Sort(names)
	return names
}

// input is what the engine is told of these peers on node-1. Nobody is at their addresses.
func input(peers ...string) engine.Source {
	var objects []v1alpha1.BGPPeer
	for i, name := range peers {
		objects = append(objects, v1alpha1.BGPPeer{
			ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 1},
			Spec: v1alpha1.BGPPeerSpec{
				Address:    netip.AddrFrom4([4]byte{192, 0, 2, byte(100 + i)}).String(),
				AdminState: new(v1alpha1.AdminStateDown),
				LocalASN:   new(int64(64512)),
				PeerASN:    new(int64(64500)),
			},
		})
	}
	return peersOfNode(objects)
}

// peersOfNode are a source of BGPPeers on node-1.
type peersOfNode []v1alpha1.BGPPeer

func (p peersOfNode) ReadAll(_ context.Context, into *engine.Input) error {
	var reader compile.Reader
	into.Inputs = reader.ReadAll(p, nil)
	into.Node = &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}}
	return nil
}

func (p peersOfNode) Read(ctx context.Context, _ engine.Key, into *engine.Input) error {
	return p.ReadAll(ctx, into)
}

// run runs the engine of an agent until done returns nil.
func run(t *testing.T, a *Agent, done func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- a.engine.Run(ctx) }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		err := done()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// configure has the engine of an agent take an input.
func configure(t *testing.T, a *Agent, in engine.Source) {
	t.Helper()
	former := a.engine.State()
	a.engine.Use(in)
	run(t, a, func() error {
		if a.engine.State() == former {
			return errors.New("the engine has not taken what it was told")
		}
		return nil
	})
}

func newAgent() *Agent { return NewAgent(speaker.New(speaker.Options{}), Options{NodeName: "node-1"}) }

// TestAgentLosesNoNews: what was told while there was no manager, or to the queue of one that ended, the next queue has.
func TestAgentLosesNoNews(t *testing.T) {
	a := newAgent()
	configure(t, a, input("tor-a", "tor-b"))
	all := []string{everySession.Name, "tor-a.node-1", "tor-b.node-1"}
	first := newQueue(t)
	a.useQueue(first)
	if got := drain(first); !slices.Equal(got, all) {
		t.Errorf("the first queue has %v, want %v", got, all)
	}
	second := newQueue(t)
	a.useQueue(second)
	if got := drain(second); !slices.Equal(got, all) {
		t.Errorf("the second queue has %v, want %v", got, all)
	}
	a.enqueue(a.engine.State().IDs()[1:])
	if got := drain(second); !slices.Equal(got, all[2:]) {
		t.Errorf("the second queue was told %v, want %v", got, all[2:])
	}
	if got := drain(first); len(got) > 0 {
		t.Errorf("the first queue was told %v after it was replaced", got)
	}
}

// TestAgentTellsOfWhatIsGone: the BGPSession of a peer that is deselected is looked at, so that it is deleted.
func TestAgentTellsOfWhatIsGone(t *testing.T) {
	a := newAgent()
	configure(t, a, input("tor-a", "tor-b"))
	q := newQueue(t)
	a.useQueue(q)
	drain(q)
	configure(t, a, input("tor-a", "tor-b"))
	if got := drain(q); len(got) > 0 {
		t.Errorf("an equal configuration made it look at %v", got)
	}
	configure(t, a, input("tor-a"))
	if got := drain(q); !slices.Contains(got, "tor-b.node-1") {
		t.Errorf("it looks at %v, want tor-b.node-1 among them", got)
	}
	if a.engine.State().Session("tor-b.node-1") != nil {
		t.Error("the session of a peer that is gone is still wanted")
	}
}
