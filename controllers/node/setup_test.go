// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"os"
	"reflect"
	"regexp"
	"strings"
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

// TestKinds: each kind is cached by a row of its own, stripped of what nobody reads, and granted to the role.
func TestKinds(t *testing.T) {
	grants, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	for _, kind := range kinds("node-1") {
		if of := reflect.TypeOf(kind.object); seen[of] {
			t.Errorf("%s has two rows", of)
		} else {
			seen[of] = true
		}
		if kind.cached.Transform == nil || kind.changed == nil || kind.read == nil {
			t.Errorf("%s: its row is not complete", kind.name)
		}
		resource := regexp.MustCompile(`resources=[a-z;]*\b` + strings.ToLower(kind.name) + `\b[a-z;]*,verbs=list;watch`)
		if !resource.Match(grants) {
			t.Errorf("doc.go grants nobody to list and watch %s", kind.name)
		}
	}
	if len(seen) == 0 {
		t.Fatal("there are no kinds")
	}
}
