// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// ApplyStatus writes the status of object by server-side apply as owner, and takes over fields that another manager
// holds. Owner gives up the fields that the status leaves out. The object must exist: an apply on a subresource cannot create.
// Afterwards object is as the API server stored it.
func ApplyStatus(ctx context.Context, c client.Client, owner client.FieldOwner, object client.Object) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return fmt.Errorf("apply status of %s: %w", object.GetName(), err)
	}
	applied, err := apply(ctx, c, owner, object, content["status"], "")
	if err != nil {
		return err
	}
	reflect.ValueOf(object).Elem().SetZero()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(applied.Object, object); err != nil {
		return fmt.Errorf("answer to the status of %s: %w", applied.GetName(), err)
	}
	return nil
}

// ApplyPart is ApplyStatus for a part of a status whose rest belongs to another writer. It fails with a conflict if the object
// changed since it was read: the owners of fields may have changed.
func ApplyPart(ctx context.Context, c client.Client, owner client.FieldOwner, object client.Object, part any) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(part)
	if err != nil {
		return fmt.Errorf("apply part of the status of %s: %w", object.GetName(), err)
	}
	_, err = apply(ctx, c, owner, object, content, object.GetResourceVersion())
	return err
}

func apply(
	ctx context.Context, c client.Client, owner client.FieldOwner, object client.Object, status any, version string,
) (*unstructured.Unstructured, error) {
	kind, err := apiutil.GVKForObject(object, c.Scheme())
	if err != nil {
		return nil, fmt.Errorf("apply status of %s: %w", object.GetName(), err)
	}
	patch := &unstructured.Unstructured{Object: map[string]any{"status": status}}
	patch.SetGroupVersionKind(kind)
	patch.SetName(object.GetName())
	patch.SetNamespace(object.GetNamespace())
	// The UID turns a write to a successor of the same name into a conflict, instead of a lie.
	patch.SetUID(object.GetUID())
	patch.SetResourceVersion(version)
	err = c.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(patch), owner, client.ForceOwnership)
	if err != nil {
		return nil, fmt.Errorf("apply status of %s %s: %w", kind.Kind, object.GetName(), err)
	}
	// The object is kept without managed fields: a status is compared by its fields.
	patch.SetManagedFields(nil)
	return patch, nil
}

// SameStatus reports whether two statuses are the same once they are read from the API server, where a time has no fraction of a
// second and an empty list may be absent.
func SameStatus[T any](a, b T) bool {
	first, err := json.Marshal(a)
	if err != nil {
		return false
	}
	second, err := json.Marshal(b)
	return err == nil && bytes.Equal(first, second)
}

// OwnConditions are the stored conditions whose type is in own, in the order of own. The others belong to another writer, and an
// apply leaves them as they are.
func OwnConditions(stored, own []metav1.Condition) []metav1.Condition {
	var list []metav1.Condition
	for i := range own {
		if condition := meta.FindStatusCondition(stored, own[i].Type); condition != nil {
			list = append(list, *condition)
		}
	}
	return list
}

// Delete deletes exactly that object, not a successor of the same name. An object that is gone already is no error.
func Delete(ctx context.Context, c client.Client, object client.Object) error {
	uid := object.GetUID()
	err := c.Delete(ctx, object, client.Preconditions{UID: &uid})
	if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
		return fmt.Errorf("delete %s: %w", object.GetName(), err)
	}
	return nil
}
