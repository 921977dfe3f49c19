// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// Admitter admits an object as the API server would: see admission.Admitter. It is called by several goroutines at once.
type Admitter interface {
	Admit(ctx context.Context, obj *unstructured.Unstructured, old client.Object) (client.Object, error)
}

// admit gives the verdict on an object: its content, or why it was refused. former is the version in force, nil for none, and seen
// is the creationTimestamp for an object without a former version and without one in its manifest.
func admit(
	ctx context.Context, admitter Admitter, u *unstructured.Unstructured, id identity, former content, seen metav1.Time,
) (content, *refusal) {
	if _, known := kinds[u.GroupVersionKind()]; !known {
		return nil, &refusal{causes: unknownKind(u)}
	}
	object, err := admitter.Admit(ctx, u, oldOf(former, u))
	if err != nil {
		return nil, &refusal{content: presentable(u, id), causes: causesOf(err)}
	}
	stamp(object, id)
	created := object.GetCreationTimestamp()
	dated := !created.IsZero()
	if !dated {
		if former != nil {
			seen = former.meta().CreationTimestamp
		}
		object.SetCreationTimestamp(seen)
	}
	return newContent(object, id, former, dated), nil
}

// oldOf is the version in force, for admission to compare with the new one. Its prefixes are in the order of the new version, since
// another order is no change.
func oldOf(former content, successor *unstructured.Unstructured) client.Object {
	switch former := former.(type) {
	case nil:
		return nil
	case *Announcement:
		texts, _, err := unstructured.NestedStringSlice(successor.Object, "spec", "prefixes")
		if err != nil || !former.contributes(texts) {
			return former.object()
		}
		old := *former.Object()
		old.Spec.Prefixes = texts
		return &old
	default:
		return former.object()
	}
}

func unknownKind(u *unstructured.Unstructured) []metav1.StatusCause {
	return []metav1.StatusCause{{
		Type:  metav1.CauseTypeFieldValueNotSupported,
		Field: "kind",
		Message: fmt.Sprintf("%s %s is not read here: write a BGPPeer or an Announcement of %s, or a Secret, Namespace or Node of v1",
			u.GetAPIVersion(), u.GetKind(), v1alpha1.GroupVersion),
	}}
}

// uidOf is the same for the same name for ever, so that what is computed from it survives a restart.
func uidOf(id identity) types.UID {
	name := fmt.Sprintf("%s/%s/%s/%s", id.Group, id.Kind, id.Namespace, id.Name)
	return types.UID(uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String())
}

// stamp gives an admitted object the metadata that an API server would.
func stamp(object client.Object, id identity) {
	object.SetUID(uidOf(id))
	if object.GetGeneration() == 0 {
		object.SetGeneration(1)
	}
	object.SetResourceVersion("")
	object.SetManagedFields(nil)
	object.SetDeletionTimestamp(nil)
}

// presentable is a refused object as the endpoint may show it, nil for a kind other than ours.
func presentable(u *unstructured.Unstructured, id identity) *unstructured.Unstructured {
	if id.Group != v1alpha1.GroupName {
		return nil
	}
	shown := u.DeepCopy()
	shown.SetNamespace(id.Namespace)
	// Without a UID it cannot be taken for what is in force.
	shown.SetUID("")
	shown.SetResourceVersion("")
	shown.SetManagedFields(nil)
	unstructured.RemoveNestedField(shown.Object, "status")
	return shown
}

// causesOf takes an error of admission apart.
func causesOf(err error) []metav1.StatusCause {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		if details := status.Status().Details; details != nil && len(details.Causes) > 0 {
			return withoutNoise(details.Causes)
		}
	}
	return []metav1.StatusCause{{Message: err.Error()}}
}

const (
	// noField is what the API server's code writes for the object as a whole.
	noField = "<nil>"
	// rulesSkipped begins the cause that only says that other causes came first.
	rulesSkipped = "some validation rules were not checked"
)

// withoutNoise leaves out of causes what is of no use to the person who reads them.
func withoutNoise(causes []metav1.StatusCause) []metav1.StatusCause {
	kept := make([]metav1.StatusCause, 0, len(causes))
	for _, c := range causes {
		if c.Field == noField {
			c.Field = ""
			c.Message = strings.TrimPrefix(strings.TrimPrefix(c.Message, "Invalid value: "), "null: ")
		}
		if !strings.HasPrefix(c.Message, rulesSkipped) || len(causes) == 1 {
			kept = append(kept, c)
		}
	}
	return kept
}
