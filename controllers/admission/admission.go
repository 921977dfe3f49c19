// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/config/crd"
)

// Admitter admits objects. It is safe for concurrent use.
type Admitter struct {
	scheme *runtime.Scheme
	custom map[schema.GroupVersionKind]*customResource
	core   *coreDecoder
}

// New builds an Admitter from the embedded CRDs. CEL rules are compiled when the
// first object of their kind comes.
func New() (*Admitter, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("register %s: %w", v1alpha1.GroupName, err)
	}
	if err := corev1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("register core/v1: %w", err)
	}
	definitions, err := crd.Definitions()
	if err != nil {
		return nil, err
	}
	a := &Admitter{
		scheme: scheme,
		custom: map[schema.GroupVersionKind]*customResource{},
		core:   newCoreDecoder(scheme),
	}
	for _, definition := range definitions {
		for i := range definition.Spec.Versions {
			resource, err := newCustomResource(definition, &definition.Spec.Versions[i])
			if err != nil {
				return nil, fmt.Errorf("CRD %s: %w", definition.Name, err)
			}
			a.custom[resource.gvk] = resource
		}
	}
	return a, nil
}

// Admit returns obj as its Go type, with defaults, without status and with a
// generation, or the error that the API server would give. old is what Admit
// returned for the object before this change, nil for a new object: rules that
// compare both see it, and a rule that old already breaks does not refuse obj if the
// field did not change. Admit modifies neither.
//
// The types are those of api/v1alpha1, and Secret, Namespace and Node of core/v1;
// for any other type the error is a *meta.NoKindMatchError.
func (a *Admitter) Admit(ctx context.Context, obj *unstructured.Unstructured, old client.Object) (client.Object, error) {
	gvk := obj.GroupVersionKind()
	resource := a.custom[gvk]
	if resource == nil && !a.core.knows(gvk) {
		return nil, &meta.NoKindMatchError{GroupKind: gvk.GroupKind(), SearchedVersions: []string{gvk.Version}}
	}
	if errs := checkMetadataTypes(obj.Object); len(errs) > 0 {
		return nil, apierrors.NewInvalid(gvk.GroupKind(), obj.GetName(), errs)
	}
	if resource == nil {
		return a.core.admit(obj)
	}
	admitted, err := resource.admit(ctx, obj, old)
	if err != nil {
		return nil, err
	}
	return a.typed(admitted)
}

// typed converts an admitted object to its Go type.
func (a *Admitter) typed(u *unstructured.Unstructured) (client.Object, error) {
	gvk := u.GroupVersionKind()
	into, err := a.scheme.New(gvk)
	if err != nil {
		return nil, fmt.Errorf("create a %s: %w", gvk.Kind, err)
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, into); err != nil {
		return nil, fmt.Errorf("convert to a %s: %w", gvk.Kind, err)
	}
	object, ok := into.(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T is no object", into)
	}
	return object, nil
}
