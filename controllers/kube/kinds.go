// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// NewScheme returns a scheme with the kinds that Herald reads and writes, and no others: registering all of
// Kubernetes would cost each node megabytes.
func NewScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(appsv1.AddToScheme(scheme))
	utilruntime.Must(corev1.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

// NewRESTMapper maps the kinds of NewScheme without asking the API server. Discovery would be one more thing that can
// fail or hang at start, and would bring nothing new.
func NewRESTMapper() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{
		corev1.SchemeGroupVersion, appsv1.SchemeGroupVersion, coordinationv1.SchemeGroupVersion, v1alpha1.GroupVersion,
	})
	for kind, scope := range map[schema.GroupVersionKind]meta.RESTScope{
		corev1.SchemeGroupVersion.WithKind("Node"):          meta.RESTScopeRoot,
		corev1.SchemeGroupVersion.WithKind("Namespace"):     meta.RESTScopeRoot,
		corev1.SchemeGroupVersion.WithKind("Secret"):        meta.RESTScopeNamespace,
		corev1.SchemeGroupVersion.WithKind("Pod"):           meta.RESTScopeNamespace,
		appsv1.SchemeGroupVersion.WithKind("DaemonSet"):     meta.RESTScopeNamespace,
		coordinationv1.SchemeGroupVersion.WithKind("Lease"): meta.RESTScopeNamespace,
		v1alpha1.GroupVersion.WithKind("BGPPeer"):           meta.RESTScopeRoot,
		v1alpha1.GroupVersion.WithKind("Announcement"):      meta.RESTScopeNamespace,
		v1alpha1.GroupVersion.WithKind("BGPSession"):        meta.RESTScopeRoot,
	} {
		mapper.Add(kind, scope)
		// A cache that is limited to some namespaces asks for the scope of the list kind.
		kind.Kind += "List"
		mapper.Add(kind, scope)
	}
	return mapper
}
