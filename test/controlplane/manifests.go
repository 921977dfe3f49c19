// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"
)

// FieldManager is the field manager of ApplyManifests.
const FieldManager = "herald-controlplane"

const (
	installTimeout = 30 * time.Second // until a new kind is in discovery
	yamlBuffer     = 4096
)

// InstallCRDs creates or updates the CRDs of the YAML files in dir and returns when their kinds are served.
func (cp *ControlPlane) InstallCRDs(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	crds, err := envtest.InstallCRDs(cp.AdminConfig(), envtest.CRDInstallOptions{
		Paths:              []string{dir},
		ErrorIfPathMissing: true,
		MaxTime:            installTimeout,
		PollInterval:       pollInterval,
	})
	if err != nil {
		return fmt.Errorf("CRDs of %s: %w", dir, err)
	}
	if len(crds) == 0 {
		return fmt.Errorf("CRDs of %s: there are none", dir)
	}
	return nil
}

// ApplyManifests applies each document of a YAML stream as the administrator, in its order, by server-side
// apply. A namespaced object without a namespace goes to "default". If the kind of an object is not served yet,
// because its CRD came just before it, ApplyManifests waits.
func (cp *ControlPlane) ApplyManifests(ctx context.Context, manifests []byte) error {
	objects, err := decode(manifests)
	if err != nil {
		return err
	}
	if len(objects) == 0 {
		return errors.New("manifests: no object in them")
	}
	a, err := newApplier(cp)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := a.apply(ctx, object); err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// decode reads every document that is not empty.
func decode(manifests []byte) ([]*unstructured.Unstructured, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReaderSize(bytes.NewReader(manifests), yamlBuffer))
	var objects []*unstructured.Unstructured
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("manifests: %w", err)
		}
		json, err := yaml.YAMLToJSON(document)
		if err != nil {
			return nil, fmt.Errorf("manifests: %w", err)
		}
		if bytes.Equal(json, []byte("null")) {
			continue
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(json); err != nil {
			return nil, fmt.Errorf("manifests: %w", err)
		}
		objects = append(objects, object)
	}
}

type applier struct {
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

func newApplier(cp *ControlPlane) (*applier, error) {
	client, err := dynamic.NewForConfig(cp.admin)
	if err != nil {
		return nil, fmt.Errorf("client for manifests: %w", err)
	}
	kinds, err := discovery.NewDiscoveryClientForConfig(cp.admin)
	if err != nil {
		return nil, fmt.Errorf("client for manifests: %w", err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(kinds))
	return &applier{client: client, mapper: mapper}, nil
}

func (a *applier) apply(ctx context.Context, object *unstructured.Unstructured) error {
	mapping, err := a.mapping(ctx, object)
	if err != nil {
		return err
	}
	var resource dynamic.ResourceInterface = a.client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		namespace := object.GetNamespace()
		if namespace == "" {
			namespace = metav1.NamespaceDefault
		}
		resource = a.client.Resource(mapping.Resource).Namespace(namespace)
	}
	_, err = resource.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: FieldManager, Force: true})
	return err
}

func (a *applier) mapping(ctx context.Context, object *unstructured.Unstructured) (*meta.RESTMapping, error) {
	kind := object.GroupVersionKind()
	var mapping *meta.RESTMapping
	var last error
	err := wait.PollUntilContextTimeout(ctx, pollInterval, installTimeout, true, func(context.Context) (bool, error) {
		mapping, last = a.mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if meta.IsNoMatchError(last) {
			a.mapper.Reset()
			return false, nil
		}
		return last == nil, last
	})
	if err != nil {
		return nil, fmt.Errorf("kind %s: %w", kind, errors.Join(err, last))
	}
	return mapping, nil
}
