// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
)

// TestAnotherSourceKeepsTouchedSecrets: no source has the Secrets, so that one that changed is read though all else is read anew.
func TestAnotherSourceKeepsTouchedSecrets(t *testing.T) {
	reads := 0
	e := newEngine(Options{Secrets: func(map[string]bool) map[string]compile.Secret {
		reads++
		return nil
	}})
	e.take(input())
	e.Touch(Key{Kind: KindSecret})
	e.take(input())
	if reads != 1 {
		t.Errorf("the Secrets are read %d times, want once", reads)
	}
}

// TestUnreadSecretHoldsUpNobody: what changes beside a peer whose key is unread takes effect at once, and the peer itself has its key
// once somebody tells of it. There is no status of it before that.
func TestUnreadSecretHoldsUpNobody(t *testing.T) {
	keys := map[string]compile.Secret{"tor-b": {Unread: true}}
	e := newEngine(Options{Secrets: func(map[string]bool) map[string]compile.Secret { return keys }})
	signed := shutDown("tor-b", 1)
	signed.Spec.AdminState = nil
	signed.Spec.Authentication = &v1alpha1.Authentication{
		Type: v1alpha1.AuthenticationTCPMD5, TCPMD5: &v1alpha1.TCPMD5{SecretRef: v1alpha1.SecretKeyReference{Name: "tor-b"}},
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.speaker.Run(ctx) }()
	e.take(input(shutDown("tor-a", 1), signed, shutDown("tor-c", 1)))
	sessions := e.State().Sessions
	if len(sessions) != 3 || len(e.State().Issues) > 0 {
		t.Fatalf("%d sessions, issues %v", len(sessions), e.State().Issues)
	}
	expectTakenUp(t, e, &sessions[0])
	expectTakenUp(t, e, &sessions[2])
	if e.TakenUp(&sessions[1]) {
		t.Error("there is a status of a session whose key is unread")
	}
	keys = map[string]compile.Secret{"tor-b": {Exists: true, Data: map[string][]byte{"password": []byte("secret")}}}
	e.Touch(Key{Kind: KindSecret})
	if err := e.work(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := e.State().Config.Peers[1]; got.Auth == (speaker.Peer{}).Auth || got.Blocked != (speaker.Blocked{}) {
		t.Errorf("blocked by %v with its key", got.Blocked)
	}
	expectTakenUp(t, e, &sessions[1])
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// TestSecretsThatNobodyNeedsAreForgotten: no key stays in memory once no session needs it.
func TestSecretsThatNobodyNeedsAreForgotten(t *testing.T) {
	e := newEngine(Options{Secrets: func(names map[string]bool) map[string]compile.Secret {
		found := map[string]compile.Secret{}
		for name := range names {
			found[name] = compile.Secret{Exists: true, Data: map[string][]byte{"password": []byte("secret")}}
		}
		return found
	}})
	peer := shutDown("tor-a", 1)
	peer.Spec.Authentication = &v1alpha1.Authentication{
		Type: v1alpha1.AuthenticationTCPMD5, TCPMD5: &v1alpha1.TCPMD5{SecretRef: v1alpha1.SecretKeyReference{Name: "tor-a"}},
	}
	known := func() []string {
		in := compile.Inputs{Secrets: map[string]compile.Secret{}}
		e.compiler.Complete(&in)
		return slices.Sorted(maps.Keys(in.Secrets))
	}
	e.take(input(peer))
	if got := known(); !slices.Equal(got, []string{"tor-a"}) {
		t.Errorf("it knows the Secrets %q, want that of tor-a", got)
	}
	e.take(input())
	if got := known(); len(got) != 0 {
		t.Errorf("it knows the Secrets %q without a peer", got)
	}
}
