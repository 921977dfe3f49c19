// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestStoredBeforeARule: an object that was stored before a rule existed takes status writes, shows its fault in the status, and
// harms no other object.
func TestStoredBeforeARule(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	tor := newRouter(t, 71)
	c.create(t, tor.peer())
	good, bad := announcement(operatorNamespace, "good", "203.0.113.0/24"), announcement(operatorNamespace, "bad", "203.0.113.1/24")
	badPeer := tor.peer()
	badPeer.Name, badPeer.Spec.PeerType = "bad", new(v1alpha1.PeerTypeExternal)

	if err := c.Create(t.Context(), bad.DeepCopy()); err == nil {
		t.Fatal("an Announcement with host bits was admitted")
	}
	c.applyCRDs(t, withoutRules)
	c.create(t, bad)
	c.create(t, badPeer)
	c.applyCRDs(t, func(any) {})
	c.create(t, good)
	c.startNode(t, node.Name, nil)
	c.startCluster(t)

	refused := want{v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonInvalid}
	said := c.expectAnnouncement(t, patience, bad, refused)
	if _, text := conditionOf(said.Status.Conditions, v1alpha1.ConditionAccepted); !strings.Contains(text, "spec.prefixes") {
		t.Errorf("it says %q, want the field", text)
	}
	c.expectPeer(t, patience, badPeer.Name, refused)
	c.expectAnnouncement(t, patience, good, advertised)
	tor.since(t)
}

// applyCRDs applies the CRDs after edit changed them.
func (c *cluster) applyCRDs(t *testing.T, edit func(any)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no CRDs: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var crd any
		if err := yaml.Unmarshal(text, &crd); err != nil {
			t.Fatal(err)
		}
		edit(crd)
		if text, err = yaml.Marshal(crd); err != nil {
			t.Fatal(err)
		}
		if err := c.ApplyManifests(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
}

// withoutRules removes every CEL rule.
func withoutRules(schema any) {
	switch schema := schema.(type) {
	case map[string]any:
		delete(schema, "x-kubernetes-validations")
		for _, value := range schema {
			withoutRules(value)
		}
	case []any:
		for _, value := range schema {
			withoutRules(value)
		}
	}
}
