// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestExpiry: an announcement goes when its time has come, though no object changes.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := input(shutDown("tor-a", 1))
		in.announcements = []v1alpha1.Announcement{{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "shop", Name: "web", UID: "web", Generation: 1, CreationTimestamp: metav1.NewTime(time.Now().Add(-5 * time.Second)),
			},
			Spec: v1alpha1.AnnouncementSpec{Prefixes: []string{"203.0.113.0/24"}, ExpireAfterSeconds: new(int32(60))},
		}}
		published := make(chan int, 100)
		e := newEngine(Options{TrustAll: true, Published: func(s *State) { published <- s.Config.Announcements.Len() }})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = e.Run(ctx) }()
		e.Use(in)
		began := time.Now()
		if n := <-published; n != 1 {
			t.Fatalf("%d announcements, want 1", n)
		}
		for n := -1; n != 0; n = <-published {
		}
		if took := time.Since(began).Round(time.Second); took != 55*time.Second {
			t.Errorf("it went after %v, want 55 s", took)
		}
		cancel()
	})
}

// TestExpiryOfWhatWasOverlooked: an announcement that only a check finds expires in time too.
func TestExpiryOfWhatWasOverlooked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		in := input(shutDown("tor-a", 1))
		published := make(chan int, 100)
		e := newEngine(Options{Namespace: "platform", Published: func(s *State) { published <- s.Config.Announcements.Len() }})
		go func() { _ = e.Run(ctx) }()
		e.Use(in)
		<-published
		in.mu.Lock()
		in.announcements = []v1alpha1.Announcement{{ // nobody tells of it
			ObjectMeta: metav1.ObjectMeta{Namespace: "platform", Name: "web", UID: "web", Generation: 1, CreationTimestamp: metav1.NewTime(time.Now())},
			Spec:       v1alpha1.AnnouncementSpec{Prefixes: []string{"203.0.113.0/24"}, ExpireAfterSeconds: new(int32(1000))},
		}}
		in.mu.Unlock()
		began := time.Now()
		for want := range 2 {
			if n := <-published; n != 1-want {
				t.Fatalf("%d announcements, want %d", n, 1-want)
			}
		}
		if took := time.Since(began).Round(time.Second); took != 1000*time.Second {
			t.Errorf("it went after %v, want 1000 s", took)
		}
		cancel()
	})
}

// TestFarRenewalHangsNobody: a year that does not fit into nanoseconds is a time like any other.
func TestFarRenewalHangsNobody(t *testing.T) {
	e := newEngine(Options{Namespace: "platform"})
	in := input(shutDown("tor-a", 1))
	in.announcements = []v1alpha1.Announcement{{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "platform", Name: "web", UID: "web", Generation: 1, CreationTimestamp: metav1.NewTime(time.Now().Add(-time.Hour)),
			Annotations: map[string]string{v1alpha1.AnnotationRenewedAt: "9999-12-31T00:00:00Z"},
		},
		Spec: v1alpha1.AnnouncementSpec{Prefixes: []string{"203.0.113.0/24"}, ExpireAfterSeconds: new(int32(1))},
	}}
	e.take(in)
	if n := e.State().Config.Announcements.Len(); n != 0 {
		t.Errorf("%d announcements, want none", n)
	}
}

// TestSecondOutageIsLogged: an obstacle that comes again after it was gone is news.
func TestSecondOutageIsLogged(t *testing.T) {
	logger, lines := recorded()
	e := newEngine(Options{Namespace: "platform", Logger: logger})
	in := input(shutDown("tor-a", 1))
	e.take(in)
	for range 2 {
		e.obstruct(errors.New("Announcements: the cache is stopped"))
		e.obstruct(errors.New("Announcements: the cache is stopped"))
		e.take(in)
	}
	if n := strings.Count(strings.Join(*lines, "\n"), "the cache is stopped"); n != 2 {
		t.Errorf("2 outages are logged %d times: %q", n, *lines)
	}
}

// TestStalledEngineIsSeen: an engine that hangs in the middle of its work is no less a reason to start anew than a peer that does.
func TestStalledEngineIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(Options{Published: func(*State) { <-release }})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx) }()
		watched := make(chan error, 1)
		go func() { watched <- e.speaker.Watch(ctx, time.Minute) }()
		synctest.Wait()
		e.Use(input(shutDown("tor-a", 1)))
		if err := <-watched; err == nil || !strings.Contains(err.Error(), "the engine made no progress for 1m0s") {
			t.Errorf("the watch says %v", err)
		}
		close(release)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
