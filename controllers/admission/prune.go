// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"slices"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// prune removes the fields that the schema does not know, and returns them as errors:
// a misspelt field must not look as if it were obeyed. It also removes nulls that
// stand for an omitted field. Type and metadata, which every object has, are no part
// of the schema, and are checked separately.
func (r *customResource) prune(u *unstructured.Unstructured) error {
	gvk := u.GroupVersionKind()
	metadata, found, unknown, err := objectmeta.GetObjectMetaWithOptions(u.Object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return r.malformed(err)
	}
	unknown = append(unknown, pruning.PruneWithOptions(u.Object, r.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(u.Object, r.structural)
	if len(unknown) > 0 {
		slices.Sort(unknown)
		errs := make([]error, 0, len(unknown))
		for _, path := range unknown {
			errs = append(errs, fmt.Errorf("unknown field %q", path))
		}
		return r.malformed(runtime.NewStrictDecodingError(errs))
	}
	u.SetGroupVersionKind(gvk)
	if !found {
		return nil
	}
	return objectmeta.SetObjectMeta(u.Object, metadata)
}

// malformed is the API server's error for an object that cannot be decoded.
func (r *customResource) malformed(err error) error {
	return malformed(r.gvk, err)
}
