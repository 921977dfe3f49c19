// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// coreDecoder admits the kinds of core/v1 that a configuration may depend on.
type coreDecoder struct {
	decoder runtime.Decoder
	kinds   map[schema.GroupVersionKind]coreKind
}

type coreKind struct {
	namespaced bool
	name       apivalidation.ValidateNameFunc
}

func newCoreDecoder(scheme *runtime.Scheme) *coreDecoder {
	return &coreDecoder{
		decoder: serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer(),
		kinds: map[schema.GroupVersionKind]coreKind{
			corev1.SchemeGroupVersion.WithKind("Secret"):    {namespaced: true, name: apivalidation.NameIsDNSSubdomain},
			corev1.SchemeGroupVersion.WithKind("Namespace"): {name: apivalidation.ValidateNamespaceName},
			corev1.SchemeGroupVersion.WithKind("Node"):      {name: apivalidation.NameIsDNSSubdomain},
		},
	}
}

func (d *coreDecoder) knows(gvk schema.GroupVersionKind) bool {
	_, ok := d.kinds[gvk]
	return ok
}

// admit decodes an object strictly and checks its metadata. It keeps a Node's status:
// the file states the Node's addresses there.
func (d *coreDecoder) admit(obj *unstructured.Unstructured) (client.Object, error) {
	gvk := obj.GroupVersionKind()
	data, err := obj.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode a %s: %w", gvk.Kind, err)
	}
	decoded, _, err := d.decoder.Decode(data, &gvk, nil)
	if err != nil {
		return nil, malformed(gvk, err)
	}
	object, ok := decoded.(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T is no object", decoded)
	}
	kind := d.kinds[gvk]
	if kind.namespaced && object.GetNamespace() == "" {
		object.SetNamespace(defaultNamespace)
	}
	if errs := validateMetadata(object, kind.namespaced, kind.name); len(errs) > 0 {
		return nil, apierrors.NewInvalid(gvk.GroupKind(), object.GetName(), errs)
	}
	if secret, ok := object.(*corev1.Secret); ok {
		mergeStringData(secret)
	}
	return object, nil
}

// mergeStringData moves stringData to data, as a write to the API server does.
func mergeStringData(secret *corev1.Secret) {
	if secret.Data == nil && len(secret.StringData) > 0 {
		secret.Data = make(map[string][]byte, len(secret.StringData))
	}
	for key, value := range secret.StringData {
		secret.Data[key] = []byte(value)
	}
	secret.StringData = nil
}
