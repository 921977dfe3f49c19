// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/herald-bgp/herald/speaker"
)

// TestNoSecretIsCached: a cache would hold all of a namespace, registry credentials and releases of Helm among them.
func TestNoSecretIsCached(t *testing.T) {
	a := NewAgent(speaker.New(speaker.Options{}), Options{NodeName: "node-1", AuthNamespace: "herald-system"})
	cached := a.CacheOptions().ByObject
	if len(cached) == 0 {
		t.Fatal("nothing is cached")
	}
	for object := range cached {
		if _, isSecret := object.(*corev1.Secret); isSecret {
			t.Error("Secrets are cached")
		}
	}
}
