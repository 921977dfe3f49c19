// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestSlipsAndNewerVersions: an edit that passes admission and cannot be used, and an edit by a later version of the schema, end no
// session and withdraw only what they remove; the object's status says which generation is in force.
func TestSlipsAndNewerVersions(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	c.startNode(t, node.Name, nil)
	c.startCluster(t)
	tor := newRouter(t, 72)
	peer := tor.peer()
	c.create(t, peer)
	web, db := announcement(operatorNamespace, "web", "203.0.113.0/24", "198.51.100.0/24"), announcement(operatorNamespace, "db", "192.0.2.0/25")
	for _, a := range []*v1alpha1.Announcement{web, db} {
		c.create(t, a)
		c.expectAnnouncement(t, patience, a, advertised)
	}
	up := tor.since(t)

	// A later version of the schema, whose rules have not come yet.
	c.applyCRDs(t, func(crd any) {
		withoutRules(crd)
		withNewerField(crd)
	})
	mark := tor.mark(t)
	invalid := want{v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonInvalid}
	unsupported := want{v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonUnsupported}
	c.patchSpec(t, peer, `{"nodeSelector": {"matchExpressions": [{"key": "rack", "operator": "In"}]}}`)
	wantInForce(t, c.expectPeer(t, patience, peer.Name, invalid).Status.Conditions)
	c.patchSpec(t, db, `{"newer": {"a": 1}, "prefixes": null}`)
	wantInForce(t, c.expectAnnouncement(t, patience, db, unsupported).Status.Conditions)
	tor.mark(t)
	if err := tor.onlyKeepalives(mark); err != nil {
		t.Error(err)
	}
	c.patchSpec(t, web, `{"pathID": 7, "peers": ["tor-72"], "peerSelector": {}, "prefixes": ["203.0.113.0/24"]}`)
	wantInForce(t, c.expectAnnouncement(t, patience, web, invalid).Status.Conditions)
	tor.expectUpdates(t, mark, 1)
	tor.expectNoRoute(t, "198.51.100.0/24")
	tor.expectRoute(t, "203.0.113.0/24", anyRoute)
	tor.expectRoute(t, "192.0.2.0/25", anyRoute)
	c.patchSpec(t, db, `{"adminState": "Down"}`)
	tor.expectNoRoute(t, "192.0.2.0/25")
	if got := tor.since(t); got != up {
		t.Errorf("the session is up since %s, and was since %s", got, up)
	}
	c.patchSpec(t, peer, `{"nodeSelector": null, "adminState": "Down"}`)
	tor.expectNoRoute(t, "203.0.113.0/24")
}

// patchSpec merges fields into a spec, also fields that our types do not have.
func (c *cluster) patchSpec(t *testing.T, object client.Object, spec string) {
	t.Helper()
	if err := c.Patch(t.Context(), object, client.RawPatch(types.MergePatchType, []byte(`{"spec": `+spec+`}`))); err != nil {
		t.Fatalf("patch %s: %v", object.GetName(), err)
	}
}

func wantInForce(t *testing.T, conditions []metav1.Condition) {
	t.Helper()
	if _, text := conditionOf(conditions, v1alpha1.ConditionAccepted); !strings.Contains(text, "generation 1 is in force") {
		t.Errorf("it says %q, want which generation is in force", text)
	}
}

// withNewerField adds a field to the spec of a CRD.
func withNewerField(crd any) {
	for _, version := range crd.(map[string]any)["spec"].(map[string]any)["versions"].([]any) {
		schema := version.(map[string]any)["schema"].(map[string]any)["openAPIV3Schema"].(map[string]any)
		spec := schema["properties"].(map[string]any)["spec"].(map[string]any)["properties"].(map[string]any)
		spec["newer"] = map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	}
}
