// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// shutDown is the configuration with the peer tor-a at that generation, which connects to nobody.
func shutDown(generation int64) *compile.Output {
	peer := v1alpha1.BGPPeer{
		ObjectMeta: metav1.ObjectMeta{Name: "tor-a", UID: "1", Generation: generation},
		Spec: v1alpha1.BGPPeerSpec{
			AdminState: new(v1alpha1.AdminStateDown),
			Address:    "192.0.2.100",
			LocalASN:   new(int64(64512)),
			PeerASN:    new(int64(64500)),
		},
	}
	var reader compile.Reader
	return compile.Compile(compile.Input{
		Objects: reader.Read([]v1alpha1.BGPPeer{peer}, nil),
		Node:    compile.NodeFacts{Name: "node-1"},
	}, nil)
}

// told is an agent whose speaker has taken up a configuration and takes up no other.
func told(t *testing.T, out *compile.Output) *Agent {
	t.Helper()
	a := newAgent()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.speaker.Run(ctx) }()
	if err := a.configure(out); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(20 * time.Second)
	for {
		if _, known := a.statusOf(&out.Sessions[0], nil); known {
			break
		}
		select {
		case <-a.speaker.Changed():
		case <-deadline:
			t.Fatal("the speaker has not taken up the peer")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	return a
}

// TestStatusSpeaksOfWhatTheSpeakerTookUp: a configuration that was only handed over is nothing to report.
func TestStatusSpeaksOfWhatTheSpeakerTookUp(t *testing.T) {
	a := told(t, shutDown(1))
	newest := shutDown(2)
	if err := a.configure(newest); err != nil {
		t.Fatal(err)
	}
	got, known := a.statusOf(&newest.Sessions[0], nil)
	if !known {
		t.Fatal("nothing is known of a peer that the speaker has taken up")
	}
	if got.Peer == nil || got.Peer.UID != "1" || got.Peer.Generation != 1 {
		t.Errorf("the status speaks of %+v, want generation 1", got.Peer)
	}
	never := newAgent()
	if err := never.configure(newest); err != nil {
		t.Fatal(err)
	}
	if got, known := never.statusOf(&newest.Sessions[0], nil); known {
		t.Errorf("status %+v of a peer that the speaker has not taken up", got)
	}
}

// TestTransitionsAreThoseOfTheChange: whoever asks does not move a time, before or after the API server is told.
func TestTransitionsAreThoseOfTheChange(t *testing.T) {
	out := shutDown(1)
	a := told(t, out)
	ask := func() metav1.Time {
		t.Helper()
		objects, err := a.Status(t.Context())
		if err != nil || len(objects) != 1 {
			t.Fatalf("status: %v, %v", objects, err)
		}
		return objects[0].(*v1alpha1.BGPSession).Status.Conditions[0].LastTransitionTime
	}
	const name = "tor-a.node-1"
	first := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	asked := a.said.last[name]
	asked.conditions = slices.Clone(asked.conditions)
	for i := range asked.conditions {
		asked.conditions[i].LastTransitionTime = first
	}
	a.said.note(name, asked)
	if got := ask(); !got.Equal(&first) {
		t.Errorf("asked again it says %v, want %v", got, first)
	}

	// What a process before this one wrote is older, and the same.
	written := metav1.NewTime(first.Add(-time.Hour))
	stored := &v1alpha1.BGPSession{ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 1}}
	for _, condition := range asked.conditions {
		condition.LastTransitionTime = written
		stored.Status.Conditions = append(stored.Status.Conditions, condition)
	}
	want, _ := a.statusOf(&out.Sessions[0], stored)
	if got := want.Conditions[0]; !got.LastTransitionTime.Equal(&written) || got.ObservedGeneration != 1 {
		t.Errorf("what is written says %v of generation %d, want %v of 1", got.LastTransitionTime, got.ObservedGeneration, written)
	}
	if got := ask(); !got.Equal(&written) {
		t.Errorf("asked afterwards it says %v, want %v", got, written)
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

// TestConditionsOfOthers: what another manager says of a BGPSession is no difference that a write could mend.
func TestConditionsOfOthers(t *testing.T) {
	want := v1alpha1.BGPSessionStatus{Conditions: []metav1.Condition{
		{Type: v1alpha1.ConditionEstablished}, {Type: v1alpha1.ConditionUpToDate},
	}}
	stored := v1alpha1.BGPSessionStatus{Conditions: []metav1.Condition{
		{Type: v1alpha1.ConditionReporting}, {Type: v1alpha1.ConditionEstablished}, {Type: "example.com/Seen"}, {Type: v1alpha1.ConditionUpToDate},
	}}
	var kinds []string
	for _, condition := range ownStatus(stored, want).Conditions {
		kinds = append(kinds, condition.Type)
	}
	if want := []string{v1alpha1.ConditionEstablished, v1alpha1.ConditionUpToDate}; !slices.Equal(kinds, want) {
		t.Errorf("own conditions %v, want %v", kinds, want)
	}
}
