// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// TestCheck: what was overlooked is counted and made right. A change whose event is on its way was not overlooked, though a cache has it.
func TestCheck(t *testing.T) {
	for _, told := range []bool{false, true} {
		logger, lines := recorded()
		e := newEngine(Options{Logger: logger, Namespace: "platform"})
		in := input(shutDown("tor-a", 1))
		e.take(in)
		in.announcements = append(in.announcements, v1alpha1.Announcement{
			ObjectMeta: metav1.ObjectMeta{Namespace: "platform", Name: "web", UID: "web", Generation: 1},
			Spec:       v1alpha1.AnnouncementSpec{Prefixes: []string{"203.0.113.0/24"}},
		})
		if err := e.check(context.Background()); err != nil || e.Drift() != 0 {
			t.Errorf("it does not wait for the event: %d, %v", e.Drift(), err)
		}
		if told {
			e.Touch(Key{Kind: compile.KindAnnouncement, Namespace: "platform", Name: "web"})
		}
		if err := e.settle(context.Background()); err != nil {
			t.Error(err)
		}
		if n := e.State().Config.Announcements.Len(); n != 1 {
			t.Errorf("%d announcements are sent, want 1", n)
		}
		if overlooked := e.Drift() == 1; overlooked == told {
			t.Errorf("told of it: %v; it counts %d", told, e.Drift())
		}
		if logged := strings.Contains(strings.Join(*lines, "\n"), "platform/web"); logged == told {
			t.Errorf("told of it: %v; it logs %q", told, *lines)
		}
		if err := e.check(context.Background()); err != nil || len(e.doubts) != 0 {
			t.Errorf("it still doubts %v: %v", e.doubts, err)
		}
	}
}

// TestCheckSeesEveryKind: a change of each kind of input is in doubt until its event comes.
func TestCheckSeesEveryKind(t *testing.T) {
	for want, change := range map[compile.ObjectName]func(*given){
		{Kind: compile.KindBGPPeer, Name: "tor-a"}:             func(g *given) { g.peers[0].Labels = map[string]string{"rack": "a"} },
		{Kind: compile.KindBGPPeer, Name: "tor-b"}:             func(g *given) { g.peers = g.peers[:1] },
		{Kind: compile.KindAnnouncement, Name: "platform/web"}: func(g *given) { g.announcements = nil },
		{Kind: compile.KindNode, Name: "node-1"}:               func(g *given) { g.Node.Labels = map[string]string{"rack": "a"} },
		{Kind: compile.KindNamespace, Name: "shop"}:            func(g *given) { g.namespaces = map[string]map[string]string{"shop": nil} },
	} {
		e := newEngine(Options{Namespace: "platform"})
		in := input(shutDown("tor-a", 1), shutDown("tor-b", 1))
		in.announcements = []v1alpha1.Announcement{{
			ObjectMeta: metav1.ObjectMeta{Namespace: "platform", Name: "web", UID: "web", Generation: 1},
			Spec:       v1alpha1.AnnouncementSpec{Prefixes: []string{"203.0.113.0/24"}},
		}}
		e.take(in)
		change(in)
		if err := e.check(context.Background()); err != nil || len(e.doubts) != 1 || !e.doubts[want] {
			t.Errorf("it doubts %v, want %s alone: %v", e.doubts, want, err)
		}
		e.take(in)
		if len(e.doubts) != 0 {
			t.Errorf("all is read, and it doubts %v", e.doubts)
		}
	}
}

// TestDoubtsAreOfOneKind: an event of another object of that name settles no doubt.
func TestDoubtsAreOfOneKind(t *testing.T) {
	e := newEngine(Options{Namespace: "platform"})
	in := input(shutDown("shop", 1))
	in.namespaces = map[string]map[string]string{"shop": nil}
	e.take(in)
	in.peers[0].Labels = map[string]string{"rack": "a"}
	if err := e.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{compile.KindNamespace, compile.KindAnnouncement} {
		e.Touch(Key{Kind: kind, Name: "shop"})
	}
	if err := e.work(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !e.doubts[compile.ObjectName{Kind: compile.KindBGPPeer, Name: "shop"}] {
		t.Errorf("it doubts %v, want the BGPPeer shop", e.doubts)
	}
}
