// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package crd_test

import (
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"

	"github.com/herald-bgp/herald/config/crd"
)

// The API server refuses a CRD whose schema is not structural, whose rules do not
// compile, or whose rules could cost too much. So does this test, in a moment.
func TestDefinitionsAreValid(t *testing.T) {
	t.Parallel()
	definitions, err := crd.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	if len(definitions) != 3 {
		t.Errorf("%d definitions are embedded, want BGPPeer, Announcement and BGPSession", len(definitions))
	}
	for _, definition := range definitions {
		t.Run(definition.Name, func(t *testing.T) {
			t.Parallel()
			apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&definition.Spec)
			var internal apiextensions.CustomResourceDefinition
			if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(definition, &internal, nil); err != nil {
				t.Fatal(err)
			}
			internal.Status.StoredVersions = []string{"v1alpha1"}
			for _, err := range validation.ValidateCustomResourceDefinition(t.Context(), &internal) {
				t.Error(err)
			}
		})
	}
}
