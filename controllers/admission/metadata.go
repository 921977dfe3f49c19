// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// defaultNamespace is where a namespaced object goes that names none, as with
// kubectl.
const defaultNamespace = metav1.NamespaceDefault

// validateMetadata is the API server's check of metadata. A name is not generated
// here: the same file must mean the same object.
func validateMetadata(obj metav1.Object, namespaced bool, name apivalidation.ValidateNameFunc) field.ErrorList {
	path := field.NewPath("metadata")
	if obj.GetName() == "" {
		return field.ErrorList{field.Required(path.Child("name"), "write a name; generateName is not supported here")}
	}
	return apivalidation.ValidateObjectMetaAccessor(obj, namespaced, name, path)
}

// setGeneration counts the changes of an object as the API server does: whatever
// is neither metadata nor status moves it on.
func setGeneration(obj, old *unstructured.Unstructured) {
	switch {
	case old == nil:
		obj.SetGeneration(1)
	case equality.Semantic.DeepEqual(content(obj), content(old)):
		obj.SetGeneration(old.GetGeneration())
	default:
		obj.SetGeneration(old.GetGeneration() + 1)
	}
}

// content is everything of an object but its metadata.
func content(u *unstructured.Unstructured) map[string]any {
	c := maps.Clone(u.Object)
	delete(c, "metadata")
	return c
}

// malformed is the API server's error for an object that cannot be decoded.
func malformed(gvk schema.GroupVersionKind, err error) error {
	return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", gvk.Kind, gvk.Version, gvk.Kind, err))
}
