// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package crd_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/herald-bgp/herald/config/crd"
	"github.com/herald-bgp/herald/test/controlplane"
)

const (
	rulesInForce = 30 * time.Second // until the API server uses a changed CRD
	pollInterval = 50 * time.Millisecond
)

// An object that was stored before a rule existed still takes status writes: the rules look at
// what a write changes. Without that the status of such an object could not even
// say Accepted=False.
func TestStoredBeforeTheRules(t *testing.T) {
	t.Parallel()
	cp := controlplane.ForTest(t, controlplane.Options{})
	if err := cp.InstallCRDs(t.Context(), writeWithoutRules(t)); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, cp)
	stored := storeBroken(t, c)
	if err := cp.InstallCRDs(t.Context(), crdFolder); err != nil {
		t.Fatal(err)
	}
	for _, object := range stored {
		awaitRules(t, c, object)
		t.Run(object.GetKind()+"/"+object.GetName(), func(t *testing.T) {
			if err := applyNotAccepted(t.Context(), c, object); err != nil {
				t.Error(err)
			}
		})
	}
}

// writeWithoutRules writes the CRDs as they were before they had any rule, and
// returns the folder.
func writeWithoutRules(t *testing.T) string {
	t.Helper()
	definitions, err := crd.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, definition := range definitions {
		for i := range definition.Spec.Versions {
			removeRules(definition.Spec.Versions[i].Schema.OpenAPIV3Schema)
		}
		data, err := yaml.Marshal(definition)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, definition.Name+".yaml"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func removeRules(schema *apiextensionsv1.JSONSchemaProps) {
	if schema == nil {
		return
	}
	schema.XValidations = nil
	for name, property := range schema.Properties {
		removeRules(&property)
		schema.Properties[name] = property
	}
	if schema.Items != nil {
		removeRules(schema.Items.Schema)
	}
	if schema.AdditionalProperties != nil {
		removeRules(schema.AdditionalProperties.Schema)
	}
}

// storeBroken creates every example that only a rule refuses, each under a name of
// its own unless the name is the fault.
func storeBroken(t *testing.T, c client.Client) []*unstructured.Unstructured {
	t.Helper()
	var stored []*unstructured.Unstructured
	for _, e := range readExamples(t) {
		if len(e.refused) == 0 || len(e.objects) > 1 {
			continue
		}
		object := e.judged().DeepCopy()
		if !nameIsWrong(e) {
			object.SetName(filepath.Base(e.name))
		}
		err := c.Create(t.Context(), object)
		switch {
		case err == nil:
			stored = append(stored, object)
		case !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err):
			t.Fatalf("%s: %v", e.name, err)
		}
	}
	if len(stored) < len(readRules(t)) {
		t.Fatalf("%d objects are stored that break a rule, fewer than there are rules", len(stored))
	}
	return stored
}

func nameIsWrong(e example) bool {
	return e.kind == "BGPPeer" && strings.HasPrefix(filepath.Base(e.name), "name-")
}

// awaitRules returns when a new object like this one is refused.
func awaitRules(t *testing.T, c client.Client, stored *unstructured.Unstructured) {
	t.Helper()
	again := stored.DeepCopy()
	again.SetResourceVersion("")
	again.SetName("again." + stored.GetName())
	err := wait.PollUntilContextTimeout(t.Context(), pollInterval, rulesInForce, true, func(ctx context.Context) (bool, error) {
		err := c.Create(ctx, again.DeepCopy(), client.DryRunAll)
		if apierrors.IsInvalid(err) {
			return true, nil
		}
		return false, err
	})
	if err != nil {
		t.Fatalf("%s %s is not refused: %v", stored.GetKind(), stored.GetName(), err)
	}
}

// applyNotAccepted writes a status as the roll-up does.
func applyNotAccepted(ctx context.Context, c client.Client, stored *unstructured.Unstructured) error {
	status := &unstructured.Unstructured{Object: map[string]any{
		"status": map[string]any{
			"conditions": []any{map[string]any{
				"type":               "Accepted",
				"status":             "False",
				"reason":             "Invalid",
				"message":            "stored before the rule",
				"observedGeneration": stored.GetGeneration(),
				"lastTransitionTime": stored.GetCreationTimestamp().UTC().Format(time.RFC3339),
			}},
		},
	}}
	status.SetGroupVersionKind(stored.GroupVersionKind())
	status.SetNamespace(stored.GetNamespace())
	status.SetName(stored.GetName())
	return c.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(status),
		client.FieldOwner("herald-rollup"), client.ForceOwnership)
}
