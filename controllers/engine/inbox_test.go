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
)

// TestAnotherSourceKeepsTouchedSecrets: no source has the Secrets, so that one that changed is read though all else is read anew.
func TestAnotherSourceKeepsTouchedSecrets(t *testing.T) {
	reads := 0
	e := newEngine(Options{Secrets: func(context.Context, map[string]bool) map[string]compile.Secret {
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

// TestSecretsThatNobodyNeedsAreForgotten: no key stays in memory once no session needs it.
func TestSecretsThatNobodyNeedsAreForgotten(t *testing.T) {
	e := newEngine(Options{Secrets: func(_ context.Context, names map[string]bool) map[string]compile.Secret {
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
