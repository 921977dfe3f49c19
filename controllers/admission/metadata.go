// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// defaultNamespace is the namespace of a namespaced object that names none, as with
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

const aString = "a string"

// wrongType says which type a field has and which it should have. It does not quote the value, which may belong to a Secret.
func wrongType(path, want string, value any) error {
	return fmt.Errorf("%s: %s", path, wrongTypeDetail(want, value))
}

func wrongTypeDetail(want string, value any) string {
	detail := fmt.Sprintf("want %s, have %s", want, typeOf(value))
	switch value.(type) {
	case bool, int64, float64:
		if want == aString {
			detail += ": write it in quotes"
		}
	}
	return detail
}

// typeOf is the JSON name of a decoded value's type.
func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return aString
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	default:
		return "a number"
	}
}

var (
	// stringFields of metadata hold a string each, stringMaps hold strings by their keys.
	stringFields = []string{"creationTimestamp", "deletionTimestamp", "generateName", "name", "namespace", "resourceVersion", "uid"}
	stringMaps   = []string{"annotations", "labels"}
)

// checkMetadataTypes names each field of metadata that should be a string and is not. The decoder would not name the key of a map,
// and would name types of Go.
func checkMetadataTypes(object map[string]any) field.ErrorList {
	metadata, _ := object["metadata"].(map[string]any)
	path := field.NewPath("metadata")
	var errs field.ErrorList
	check := func(path *field.Path, value any) {
		if _, isString := value.(string); !isString && value != nil {
			errs = append(errs, field.TypeInvalid(path, field.OmitValueType{}, wrongTypeDetail(aString, value)))
		}
	}
	for _, name := range stringFields {
		check(path.Child(name), metadata[name])
	}
	for _, name := range stringMaps {
		values, isObject := metadata[name].(map[string]any)
		if !isObject && metadata[name] != nil {
			errs = append(errs, field.TypeInvalid(path.Child(name), field.OmitValueType{}, wrongTypeDetail("an object", metadata[name])))
		}
		for _, key := range slices.Sorted(maps.Keys(values)) {
			check(path.Child(name).Key(key), values[key])
		}
	}
	return errs
}

// setGeneration counts the changes of an object as the API server does: a change
// outside of metadata and status increases the generation.
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
