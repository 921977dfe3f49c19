// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/test/harness"
)

// TestFlapsArePaced: a session comes and goes many times a second. The status of its BGPPeer shows a few changes at once, then one
// now and then, and the last state.
func TestFlapsArePaced(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	peer := &v1alpha1.BGPPeer{
		ObjectMeta: metav1.ObjectMeta{Name: "tor-a"},
		Spec:       v1alpha1.BGPPeerSpec{Address: "192.0.2.1", LocalASN: new(int64(localASN)), PeerASN: new(int64(routerASN))},
	}
	c.create(t, peer)
	c.startCluster(t)
	c.expectPeer(t, patience, peer.Name, want{v1alpha1.ConditionEstablished, metav1.ConditionUnknown, v1alpha1.ReasonPending})
	session := &v1alpha1.BGPSession{
		ObjectMeta: metav1.ObjectMeta{Name: compile.SessionName(peer.Name, node.Name)},
		Spec:       v1alpha1.BGPSessionSpec{PeerName: peer.Name, NodeName: node.Name, Remote: peer.Spec.Address},
	}
	c.create(t, session)

	says := c.watchEstablished(t, peer.Name)
	began, flaps := time.Now(), 0
	set := func(state v1alpha1.SessionState, condition metav1.ConditionStatus, reason string) {
		c.writeStatus(t, session, func() {
			session.Status.State = state
			session.Status.Peer = &v1alpha1.SessionPeer{UID: string(peer.UID), Generation: peer.Generation}
			session.Status.Conditions = []metav1.Condition{{
				Type: v1alpha1.ConditionEstablished, Status: condition, Reason: reason, LastTransitionTime: metav1.Now(),
			}}
		})
	}
	harness.Steadily(t, 8*time.Second, "a session that comes and goes", func() error {
		set(v1alpha1.SessionEstablished, metav1.ConditionTrue, v1alpha1.ReasonEstablished)
		set(v1alpha1.SessionIdle, metav1.ConditionFalse, v1alpha1.ReasonSessionDown)
		flaps++
		return nil
	})
	if flaps < 10 {
		t.Fatalf("it came and went %d times: too few to tell", flaps)
	}
	set(v1alpha1.SessionEstablished, metav1.ConditionTrue, v1alpha1.ReasonEstablished)
	c.expectPeer(t, patience, peer.Name, peerEstablished)
	changes, lasted := says(), time.Since(began)
	t.Logf("%d times up and down: %d changes of the BGPPeer's condition in %v", flaps, changes, lasted)
	if most := 5 + int(lasted/(10*time.Second)) + 1; changes > most {
		t.Errorf("its condition changed %d times within %v, want at most %d", changes, lasted, most)
	}
}

// watchEstablished returns a function that ends the watch and says how often Established of a BGPPeer changed its status.
func (c *cluster) watchEstablished(t *testing.T, name string) (changes func() int) {
	t.Helper()
	events, stop := c.watch(t, &v1alpha1.BGPPeerList{}, name)
	counted := make(chan int, 1)
	go func() { counted <- countEstablished(events) }()
	return func() int {
		stop()
		return <-counted
	}
}

// watch watches objects of one name, until stop.
func (c *cluster) watch(t *testing.T, kind client.ObjectList, name string) (events <-chan watch.Event, stop func()) {
	t.Helper()
	watcher, err := client.NewWithWatch(c.AdminConfig(), client.Options{Scheme: kube.NewScheme(), Mapper: kube.NewRESTMapper()})
	if err != nil {
		t.Fatal(err)
	}
	w, err := watcher.Watch(t.Context(), kind, &client.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", name)})
	if err != nil {
		t.Fatal(err)
	}
	return w.ResultChan(), w.Stop
}

// countEstablished counts the changes until there are no more events.
func countEstablished(events <-chan watch.Event) (changes int) {
	last := "none yet"
	for event := range events {
		peer, ok := event.Object.(*v1alpha1.BGPPeer)
		if !ok {
			continue
		}
		found, _ := conditionOf(peer.Status.Conditions, v1alpha1.ConditionEstablished)
		if now := string(found.Status); now != last {
			changes, last = changes+1, now
		}
	}
	return changes - 1 // the first event is the state before
}
