// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// oneOfEach has one peer, one announcement, and a session that is down on each node where the node role is to run.
func oneOfEach(placed map[string]bool, nodes ...corev1.Node) *world {
	w := newWorld("herald-system")
	w.peers["tor-a"] = &v1alpha1.BGPPeer{
		ObjectMeta: metav1.ObjectMeta{Name: "tor-a", UID: "uid-tor-a", Generation: 1},
		Spec:       v1alpha1.BGPPeerSpec{Address: "192.0.2.1", LocalASN: new(int64(64512)), PeerASN: new(int64(64500))},
	}
	w.announcements[webKey] = &v1alpha1.Announcement{
		ObjectMeta: metav1.ObjectMeta{Namespace: "herald-system", Name: "web", UID: "uid-web", Generation: 1},
		Spec:       v1alpha1.AnnouncementSpec{Prefixes: []string{"203.0.113.0/24"}},
	}
	w.addNodes(nodes, &fleet{placed: placed})
	for _, node := range nodes {
		w.sessions["tor-a."+node.Name] = &v1alpha1.BGPSession{
			ObjectMeta: metav1.ObjectMeta{Name: "tor-a." + node.Name, UID: types.UID("uid-" + node.Name)},
			Spec:       v1alpha1.BGPSessionSpec{PeerName: "tor-a", NodeName: node.Name, Remote: "192.0.2.1"},
			Status: v1alpha1.BGPSessionStatus{
				LastError: &v1alpha1.SessionError{Time: metav1.NewTime(now), Text: "connection refused"},
				Conditions: []metav1.Condition{{
					Type: v1alpha1.ConditionEstablished, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonConnectionFailed,
				}},
			},
		}
	}
	w.rollUp(nil)
	return &w
}

var webKey = types.NamespacedName{Namespace: "herald-system", Name: "web"}

func (w *world) peer() *v1alpha1.BGPPeer     { return w.peers["tor-a"] }
func (w *world) web() *v1alpha1.Announcement { return w.announcements[webKey] }

// rollUp reads the world anew.
func (w *world) rollUp(speakers map[string]bool) {
	w.rollUpBy(&compile.Reader{}, speakers)
}

// rollUpBy does the same with a reader that may remember the last valid versions.
func (w *world) rollUpBy(reader *compile.Reader, speakers map[string]bool) {
	peers, announcements := w.peers, w.announcements
	fresh := newWorld("herald-system")
	w.catalog, w.peers, w.announcements, w.rollup = fresh.catalog, fresh.peers, fresh.announcements, fresh.rollup
	w.readObjects(&changes{peers: peers, announcements: announcements}, reader)
	w.rollup.Update(status.Cluster{Catalog: w.catalog, Nodes: w.nodes, Speakers: speakers}, slices.Collect(maps.Values(w.sessions)), nil)
}

// settle stores every status as it should be.
func (w *world) settle() {
	w.peer().Status = w.rollup.Peer(w.peer(), now)
	w.web().Status, _ = w.rollup.Announcement(w.web(), nil, now)
}

func node(name, system string) corev1.Node {
	return corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelOSStable: system}}}
}

// everythingOf are changes that make a survey look at everything.
func everythingOf(w *world) *changes {
	return &changes{peers: w.peers, announcements: w.announcements, nodes: true}
}

// dueOf are the tasks that are due after a look at everything.
func dueOf(w *world, now time.Time) map[request]*task {
	due := newTestReconciler().compare(w, everythingOf(w), now)
	maps.DeleteFunc(due, func(_ request, t *task) bool { return t == nil })
	return due
}

func newTestReconciler() *Reconciler { return newReconciler(nil, nil, Options{}) }

func TestCompareFindsWhatDiffers(t *testing.T) {
	peerKey := func(w *world) request { return requestFor(peer, w.peer()) }
	announcementKey := func(w *world) request { return requestFor(announcement, w.web()) }
	for _, test := range []struct {
		name   string
		change func(*world)
		key    func(*world) request // nil: nothing is due
		urgent bool
	}{
		{name: "nothing", change: func(*world) {}},
		{name: "somebody else's condition", change: func(w *world) {
			foreign := metav1.Condition{Type: "Audited", Status: metav1.ConditionTrue, Reason: "Audited"}
			w.peer().Status.Conditions = slices.Insert(w.peer().Status.Conditions, 0, foreign)
			w.web().Status.Conditions = append(w.web().Status.Conditions, foreign)
		}},
		{name: "the order of conditions", change: func(w *world) { slices.Reverse(w.peer().Status.Conditions) }},
		{name: "a condition", key: peerKey, urgent: true, change: func(w *world) {
			w.peer().Status.Conditions[1].Reason = "ByHand"
		}},
		{name: "a condition of an Announcement", key: announcementKey, urgent: true, change: func(w *world) {
			w.web().Status.Conditions[2].Status = metav1.ConditionTrue
		}},
		{name: "a count", key: announcementKey, change: func(w *world) { w.web().Status.Sessions.Eligible = 9 }},
		{name: "another last error", key: peerKey, change: func(w *world) {
			w.sessions["tor-a.node-1"].Status.LastError = &v1alpha1.SessionError{Time: metav1.NewTime(now.Add(time.Minute)), Text: "no route to host"}
			w.rollUp(nil)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := oneOfEach(nil, node("node-1", "linux"))
			w.settle()
			test.change(w)
			due := dueOf(w, now.Add(time.Hour))
			if test.key == nil {
				if len(due) != 0 {
					t.Errorf("due: %v, want nothing", due)
				}
				return
			}
			got, ok := due[test.key(w)]
			if !ok || len(due) != 1 {
				t.Fatalf("due: %v, want %v alone", due, test.key(w))
			}
			if got.urgent != test.urgent {
				t.Errorf("urgent: %v, want %v", got.urgent, test.urgent)
			}
		})
	}
}

// TestNodesWithoutTheNodeRoleDoNotCount: neither in the counts, nor as a reason to delete BGPSessions of their name.
func TestNodesWithoutTheNodeRoleDoNotCount(t *testing.T) {
	w := oneOfEach(map[string]bool{"node-1": true}, node("node-1", "linux"), node("node-2", "windows"))
	if got := w.rollup.Peer(w.peer(), now).Sessions.Summary; got != "0/1" {
		t.Errorf("sessions %s, want 0/1", got)
	}
	w.settle()
	if due := dueOf(w, now); len(due) != 0 {
		t.Errorf("due: %v, want nothing: it is not known where speakers run", due)
	}
	w.rollUp(map[string]bool{"node-1": true})
	w.settle()
	removed := requestFor(session, w.sessions["tor-a.node-2"])
	due := dueOf(w, now)
	if done, ok := due[removed]; !ok || done.conditions != nil {
		t.Errorf("due: %v, want the deletion of what a speaker left on node-2", due)
	}
	if kept, ok := due[requestFor(session, w.sessions["tor-a.node-1"])]; !ok || kept.conditions == nil {
		t.Errorf("due: %v, want Reporting of node-1", due)
	}
}

// TestWhatCanWaitIsPaced: every attempt to connect is a new error, for ever.
func TestWhatCanWaitIsPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, key, writes := newTestReconciler(), request{kind: peer}, 0
		found := func(urgent bool) {
			r.due = map[request]*task{key: {
				uid: "uid-tor-a", urgent: urgent, conditions: []metav1.Condition{},
				do: func(context.Context) error { writes++; return nil },
			}}
		}
		reconcile := func() time.Duration {
			result, err := r.Reconcile(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			return result.RequeueAfter
		}
		found(true)
		reconcile()
		found(false)
		if wait := reconcile(); wait != 0 || writes != 2 {
			t.Fatalf("%d writes and a wait of %v, want the first error at once", writes, wait)
		}
		const minute = 60
		for range minute {
			<-time.After(time.Second)
			found(false)
			reconcile()
		}
		if got := writes - 2; got < minute/13 || got > minute/7 {
			t.Errorf("%d writes of an error in a minute, want one in about 10 s", got)
		}
		found(true)
		if before := writes; reconcile() != 0 || writes != before+1 {
			t.Error("a condition waits for the time of a count")
		}
	})
}

// TestFlapsArePaced: a peer comes and goes every second for two minutes. The status shows the first change at once, later ones now
// and then, and the last state without a further change.
func TestFlapsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, key := newTestReconciler(), request{kind: peer}
		r.queue = workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[request]())
		var worker sync.WaitGroup
		worker.Go(func() { work(t, r) })
		defer worker.Wait()
		defer r.queue.ShutDown()

		const flaps = 120
		var written []metav1.ConditionStatus
		var times []time.Time
		// found does the work of a survey that finds a status to differ from the last one written.
		found := func(status metav1.ConditionStatus) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.due = nil
			if len(written) > 0 && written[len(written)-1] == status {
				return
			}
			r.due = map[request]*task{key: {
				uid: "uid-tor-a", urgent: true, conditions: []metav1.Condition{{Type: v1alpha1.ConditionEstablished, Status: status}},
				do: func(context.Context) error {
					written, times = append(written, status), append(times, time.Now())
					return nil
				},
			}}
			r.queue.Add(key)
		}
		start := time.Now()
		status := map[bool]metav1.ConditionStatus{true: metav1.ConditionTrue, false: metav1.ConditionFalse}
		for i := range flaps {
			found(status[i%2 == 0])
			<-time.After(time.Second)
			synctest.Wait()
		}
		// The last change is the opposite of the last write, and nothing happens after it.
		last := status[written[len(written)-1] != metav1.ConditionTrue]
		found(last)
		<-time.After(time.Minute)
		synctest.Wait()

		if got := written[len(written)-1]; got != last {
			t.Errorf("the last state is %s, and the last write is %s", last, got)
		}
		if wait := times[len(times)-1].Sub(start) - flaps*time.Second; wait > 10*time.Second {
			t.Errorf("the last state was written after %v, want at most 10 s", wait)
		}
		for i, at := range times {
			if want := start.Add(time.Duration(i) * time.Second); i < 5 && !at.Equal(want) {
				t.Errorf("change %d was written at %v, want at once", i, at.Sub(start))
			}
			if i >= 5 && at.Sub(times[i-1]) < 5*time.Second {
				t.Errorf("change %d was written %v after the one before", i, at.Sub(times[i-1]))
			}
		}
		if most := 5 + flaps/10 + 1; len(written) > most {
			t.Errorf("%d writes, want at most %d", len(written), most)
		}
	})
}

// TestCountsFoundDuringAWriteAreWritten: a survey during a write finds other counts, with the conditions that are being written.
func TestCountsFoundDuringAWriteAreWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, key := newTestReconciler(), request{kind: announcement}
		r.queue = workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[request]())
		var worker sync.WaitGroup
		worker.Go(func() { work(t, r) })
		defer worker.Wait()
		defer r.queue.ShutDown()
		var written []string
		find := func(counts string, during func()) {
			r.enqueueDue(map[request]*task{key: {
				kind: announcement, uid: "uid-web", summary: "Advertised=True/Partial", conditions: []metav1.Condition{},
				do: func(context.Context) error {
					during()
					written = append(written, counts)
					return nil
				},
			}}, time.Now())
		}
		find("50/100", func() { find("60/100", func() {}) })
		<-time.After(time.Minute)
		synctest.Wait()
		find("70/100", func() {})
		<-time.After(time.Minute)
		synctest.Wait()
		if want := []string{"50/100", "60/100", "70/100"}; !slices.Equal(written, want) {
			t.Errorf("written: %v, want %v", written, want)
		}
	})
}

// TestASuccessorIsWritten: an object is deleted while its status is being written, and its successor of the same name has the same status.
func TestASuccessorIsWritten(t *testing.T) {
	r, key, written := newTestReconciler(), request{kind: peer}, false
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[request]())
	defer queue.ShutDown()
	r.queue = queue
	gone := func(context.Context) error { return apierrors.NewNotFound(schema.GroupResource{}, "tor-a") }
	there := func(context.Context) error { written = true; return nil }
	for _, found := range []*task{
		{uid: "one", summary: "Accepted=True", do: gone},
		{uid: "another", summary: "Accepted=True", do: there},
	} {
		r.enqueueDue(map[request]*task{key: found}, time.Now())
		if queue.Len() == 0 {
			t.Fatalf("the task for %s is not in the queue", found.uid)
		}
		next, _ := queue.Get()
		if _, err := r.Reconcile(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		queue.Done(next)
	}
	if !written {
		t.Error("the successor is not written")
	}
}

// work does the tasks in the queue until the queue is shut down, as a controller does.
func work(t *testing.T, r *Reconciler) {
	for {
		key, shutdown := r.queue.Get()
		if shutdown {
			return
		}
		result, err := r.Reconcile(t.Context(), key)
		if err != nil {
			t.Error(err)
		}
		if result.RequeueAfter > 0 {
			r.queue.AddAfter(key, result.RequeueAfter)
		}
		r.queue.Done(key)
	}
}

// TestADeletionIsNotPaced: only this role removes a left-over BGPSession, and each deletion comes once.
func TestADeletionIsNotPaced(t *testing.T) {
	r, key, deleted := newTestReconciler(), request{kind: session}, false
	for range 5 {
		r.pace.written.NoteUrgent("uid", time.Now(), nil)
	}
	r.due = map[request]*task{key: {uid: "uid", urgent: true, do: func(context.Context) error { deleted = true; return nil }}}
	if result, err := r.Reconcile(t.Context(), key); err != nil || !deleted || result.RequeueAfter != 0 {
		t.Errorf("deleted: %v, %+v, %v, want at once", deleted, result, err)
	}
}
