// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestStatusSpeaksOfWhatTheSpeakerTookUp: a configuration that was only handed over is nothing to report.
func TestStatusSpeaksOfWhatTheSpeakerTookUp(t *testing.T) {
	e := told(t, input(shutDown("tor-a", 1)))
	e.take(input(shutDown("tor-a", 2)))
	got, known := e.Status(&e.State().Sessions[0], nil, Full)
	if !known {
		t.Fatal("nothing is known of a peer that the speaker has taken up")
	}
	if got.Peer == nil || got.Peer.UID != "tor-a" || got.Peer.Generation != 1 {
		t.Errorf("the status speaks of %+v, want generation 1", got.Peer)
	}
	never := newEngine(Options{})
	never.take(input(shutDown("tor-a", 2)))
	if got, known := never.Status(&never.State().Sessions[0], nil, Full); known {
		t.Errorf("status %+v of a peer that the speaker has not taken up", got)
	}
}

// age makes what was last said of the session of an engine be of a time.
func age(e *Engine, at metav1.Time) {
	id := e.State().Sessions[0].ID()
	aged := e.memory.before(id, nil)
	aged.conditions = slices.Clone(aged.conditions)
	for i := range aged.conditions {
		aged.conditions[i].LastTransitionTime = at
	}
	e.memory.note(id, aged)
}

// transition is when the session of an engine came to how it is, as whoever asks is told.
func transition(t *testing.T, e *Engine) metav1.Time {
	t.Helper()
	session := e.BGPSession(&e.State().Sessions[0], nil)
	if session == nil {
		t.Fatal("there is no BGPSession")
	}
	return session.Status.Conditions[0].LastTransitionTime
}

// TestTransitionsAreThoseOfTheChange: whoever asks does not move a time, before or after the API server is told.
func TestTransitionsAreThoseOfTheChange(t *testing.T) {
	e := told(t, input(shutDown("tor-a", 1)))
	first := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	age(e, first)
	if got := transition(t, e); !got.Equal(&first) {
		t.Errorf("asked again it says %v, want %v", got, first)
	}
	e.take(input(shutDown("tor-a", 1)))
	if got := transition(t, e); !got.Equal(&first) {
		t.Errorf("asked after an equal configuration it says %v, want %v", got, first)
	}

	// What a process before this one wrote is older, and the same.
	written := metav1.NewTime(first.Add(-time.Hour))
	session := &e.State().Sessions[0]
	stored := &v1alpha1.BGPSession{ObjectMeta: metav1.ObjectMeta{Name: "tor-a.node-1", Generation: 1}}
	now, _ := e.Status(session, nil, Full)
	for _, condition := range now.Conditions {
		condition.LastTransitionTime = written
		stored.Status.Conditions = append(stored.Status.Conditions, condition)
	}
	want, _ := e.Status(session, stored, Full)
	if got := want.Conditions[0]; !got.LastTransitionTime.Equal(&written) || got.ObservedGeneration != 1 {
		t.Errorf("what is written says %v of generation %d, want %v of 1", got.LastTransitionTime, got.ObservedGeneration, written)
	}
	if got := transition(t, e); !got.Equal(&written) {
		t.Errorf("asked afterwards it says %v, want %v", got, written)
	}
}

// TestSessionThatComesBackIsNew: it does not go on from when the one before it was said to be down, and neither does one with
// another address.
func TestSessionThatComesBackIsNew(t *testing.T) {
	for name, between := range map[string]*given{
		"the peer was away":            input(),
		"the peer had another address": input(shutDown("tor-b", 1), shutDown("tor-a", 2)),
	} {
		t.Run(name, func(t *testing.T) {
			e := told(t, input(shutDown("tor-a", 1)))
			old := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
			age(e, old)
			e.take(between)
			e.take(input(shutDown("tor-a", 3)))
			if got := transition(t, e); got.Equal(&old) {
				t.Errorf("it is said to be down since %v, as the session before it", got)
			}
		})
	}
}

// TestLateStatusIsNotRemembered: what was said of a session that ended meanwhile is not held for ever.
func TestLateStatusIsNotRemembered(t *testing.T) {
	e := told(t, input(shutDown("tor-a", 1)))
	session := e.State().Sessions[0]
	e.take(input())
	if _, known := e.Status(&session, nil, Full); !known {
		t.Fatal("the speaker has forgotten the peer, which it was not told to")
	}
	if n := len(e.memory.last); n != 0 {
		t.Errorf("%d sessions are remembered, want none", n)
	}
}

// TestRepeatedErrorKeepsItsTime: an unreachable neighbour is no news with every attempt.
func TestRepeatedErrorKeepsItsTime(t *testing.T) {
	at := func(seconds int) metav1.Time {
		return metav1.NewTime(time.Date(2026, 1, 2, 3, 4, seconds, 0, time.UTC))
	}
	failure := func(seconds int, text string) *v1alpha1.SessionError {
		return &v1alpha1.SessionError{Time: at(seconds), Text: text}
	}
	refused := func(seconds int, subcode int32) *v1alpha1.SessionError {
		return &v1alpha1.SessionError{
			Time: at(seconds), Direction: v1alpha1.NotificationSent, Code: new(int32(2)), Subcode: &subcode, Text: "no",
		}
	}
	for _, test := range []struct {
		name        string
		before, now *v1alpha1.SessionError
		since       int
		want        int
	}{
		{name: "the first", now: failure(7, "connection refused"), want: 7},
		{name: "the same again", before: failure(5, "connection refused"), now: failure(7, "connection refused"), want: 5},
		{name: "the same NOTIFICATION", before: refused(5, 2), now: refused(7, 2), want: 5},
		{name: "another text", before: failure(5, "no answer"), now: failure(7, "connection refused"), want: 7},
		{name: "another NOTIFICATION", before: refused(5, 2), now: refused(7, 6), want: 7},
		{name: "a session in between", before: failure(5, "hold timer expired"), now: failure(7, "hold timer expired"), since: 6, want: 7},
	} {
		t.Run(test.name, func(t *testing.T) {
			since := at(test.since)
			got := sinceFirst(test.before, test.now, &since)
			if want := at(test.want); !got.Time.Equal(&want) || got.Text != test.now.Text {
				t.Errorf("%+v, want the newest error at %v", got, want)
			}
		})
	}
}
